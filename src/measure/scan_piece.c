/* scan_piece.c - arrays of persons and hits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_piece.h"

#include "base/mem.h"
#include "base/pick.h"

#include <string.h>

void scan_piece_init(struct scan_piece *piece, const struct scan_plan *plan)
{
    *piece = (struct scan_piece){.slot_count = plan->slot_count,
                                 .has_seqs = plan->gives_seqs,
                                 .has_names = plan->gives_names,
                                 .has_devices = plan->gives_devices};
}

void scan_piece_done(struct scan_piece *piece)
{
    mem_free(piece->ids);
    mem_free(piece->first);
    mem_free(piece->end);
    mem_free(piece->times);
    mem_free(piece->marks);
    mem_free(piece->names);
    mem_free(piece->seqs);
    mem_free(piece->devices);
    for (uint32_t i = 0; i < piece->slot_count; i++)
        mem_free(piece->slots[i]);
    *piece = (struct scan_piece){0};
}

void scan_piece_clear(struct scan_piece *piece)
{
    piece->persons = 0;
    piece->hits = 0;
}

#define GROW(array, room) grow((void **)&(array), ((room) + (size_t)PICK_SLACK) * sizeof *(array))

static bool grow(void **array, size_t size)
{
    void *larger = mem_grow(*array, size);

    if (larger)
        *array = larger;
    return larger;
}

static size_t doubled(size_t room, size_t wanted)
{
    room = room ? room : SCAN_BATCH_HITS;
    while (room < wanted)
        room *= 2;
    return room;
}

fallible scan_piece_reserve(struct scan_piece *piece, size_t persons, size_t hits)
{
    size_t room = doubled(piece->person_room, piece->persons + persons);
    bool has_room = true;

    if (room > UINT32_MAX / 2 || piece->hits + hits > UINT32_MAX / 2)
        return fail(ERR_LIMIT, "a person has over two thousand million events");
    if (room > piece->person_room) {
        if (!GROW(piece->ids, room) || !GROW(piece->first, room) || !GROW(piece->end, room))
            return mem_exhausted();
        piece->person_room = (uint32_t)room;
    }
    room = doubled(piece->hit_room, piece->hits + hits);
    if (room <= piece->hit_room)
        return OK;
    has_room = GROW(piece->times, room) && GROW(piece->marks, room) &&
               (!piece->has_names || GROW(piece->names, room)) &&
               (!piece->has_seqs || GROW(piece->seqs, room)) &&
               (!piece->has_devices || GROW(piece->devices, room));
    for (uint32_t i = 0; has_room && i < piece->slot_count; i++)
        has_room = GROW(piece->slots[i], room);
    if (!has_room)
        return mem_exhausted();
    piece->hit_room = (uint32_t)room;
    return OK;
}

void scan_piece_begin(struct scan_piece *piece, node_id id)
{
    piece->ids[piece->persons] = id;
    piece->first[piece->persons] = piece->hits;
    piece->end[piece->persons++] = piece->hits;
}

void scan_piece_copy(struct scan_piece *piece, const struct scan_batch *batch, uint32_t from,
                     uint32_t to)
{
    uint32_t at = piece->hits, count = to - from;

    memcpy(piece->times + at, batch->times + from, count * sizeof *piece->times);
    memcpy(piece->marks + at, batch->marks + from, count * sizeof *piece->marks);
    if (piece->has_names)
        memcpy(piece->names + at, batch->names + from, count * sizeof *piece->names);
    if (piece->has_seqs)
        memcpy(piece->seqs + at, batch->seqs + from, count * sizeof *piece->seqs);
    if (piece->has_devices)
        memcpy(piece->devices + at, batch->devices + from, count * sizeof *piece->devices);
    for (uint32_t i = 0; i < piece->slot_count; i++)
        memcpy(piece->slots[i] + at, batch->slots[i] + from, count * sizeof *piece->slots[i]);
    piece->hits += count;
}

void scan_piece_batch(const struct scan_piece *piece, const struct scan_values *values,
                      struct scan_batch *out_batch)
{
    *out_batch = (struct scan_batch){
        .persons = piece->persons,
        .ids = piece->ids,
        .first = piece->first,
        .end = piece->end,
        .times = piece->times,
        .marks = piece->marks,
        .names = piece->names,
        .seqs = piece->seqs,
        .devices = piece->devices,
        .slots = piece->slots,
        .values = values,
    };
}
