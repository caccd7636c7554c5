/* scan_files_reader.c - one thread's way through the files, the strays and the events in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A range of persons is taken in chunks of some thousand rows, which stay in the caches of the
 * processor from the first look to the merged batch.
 */
#include "base/mem.h"
#include "measure/scan_files.h"
#include "measure/scan_hits.h"
#include "measure/scan_merge.h"
#include "measure/scan_met.h"

enum { CHUNK_ROWS = 8192, WARM_AT_ONCE = 128 };

struct scan_files_reader {
    const struct scan_files *files;
    const struct scan_plan *plan;
    struct matcher_scope *scope;
    struct scan_rows *rows;
    const struct scan_values *values;
    struct scan_hits hits;
    struct scan_hand *hands;   /* of each file */
    struct scan_piece *pieces; /* of each file, then of the strays, then of memory */
    struct scan_piece persons; /* of a merged batch */
    struct scan_sets sets;     /* of the persons in hand */
};

/* Traits: asked for person by person, from wherever her newest one is. */

/* The time is fetched only when there are several. */
struct newest {
    const struct value *value; /* NULL: none yet */
    const struct scan_hand *hand;
    uint32_t row;
    millis time; /* without a hand */
};

static millis time_of(const struct scan_hand *hand, uint32_t row)
{
    return ((const millis *)hand->times.data)[row];
}

static millis time_of_newest(const struct newest *newest)
{
    return newest->hand ? time_of(newest->hand, newest->row) : newest->time;
}

/* Of the rows [from, to), from the last to the first, those that have the property: the next one
 * before `row`, or `from` - 1. */
static int64_t find_before(const struct columns_block *block, uint32_t from, int64_t row)
{
    while (row > from) {
        uint32_t last = (uint32_t)row - 1, shift = 63 - last % 64;
        uint64_t word = block->bits ? block->bits[last / 64] << shift : ~UINT64_C(0);

        if (word) {
            int64_t found = (int64_t)last - __builtin_clzll(word);

            return found >= from ? found : (int64_t)from - 1;
        }
        row = (int64_t)last - last % 64;
    }
    return (int64_t)from - 1;
}

/* Rows of a person stand in the order of time: the last one up to as_of is the newest. */
static void see_trait_of_person(const struct scan_hand *hand, const struct view_trait *trait,
                                uint32_t person, millis as_of, struct newest *newest)
{
    bool has_later = scan_hand_stripe(hand, (uint32_t)hand->stripe)->last_time > as_of;
    const struct columns_block *block = &hand->blocks[trait->block];
    const uint32_t *first = hand->first.data;
    int64_t row = find_before(block, first[person], first[person + 1]);

    while (row >= first[person] &&
           (!columns_code(block, (uint32_t)row) || mask_has(hand->deleted, (uint32_t)row) ||
            (has_later && time_of(hand, (uint32_t)row) > as_of)))
        row = find_before(block, first[person], row);
    if (row < first[person] ||
        (newest->value && time_of(hand, (uint32_t)row) < time_of_newest(newest)))
        return;
    *newest = (struct newest){.value = &trait->values[columns_code(block, (uint32_t)row)],
                              .hand = hand,
                              .row = (uint32_t)row};
}

static fallible see_traits_of_file(struct scan_files_reader *reader, struct scan_hand *hand,
                                   uint32_t slot, node_id person, struct newest *newest)
{
    const struct view_trait *trait = &hand->view->traits[slot];
    uint32_t stripe, at;

    if (trait->block == COLUMNS_NONE)
        return OK;
    stripe = scan_hand_find_stripe(hand, person);
    if (stripe == scan_hand_stripes(hand) || scan_hand_stripe(hand, stripe)->first_person > person)
        return OK;
    TRY(scan_hand_turn(hand, stripe));
    at = scan_hand_find_person(hand, person);
    if (((const node_id *)hand->persons.data)[at] == person && hand->blocks[trait->block].data)
        see_trait_of_person(hand, trait, at, reader->plan->bounds.as_of, newest);
    return OK;
}

static size_t find_stray(const struct scan_files *files, node_id id)
{
    size_t low = 0, count = files->stray_count;

    while (count) {
        size_t half = count / 2;

        if (files->strays[low + half].person < id) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

static fallible see_traits_of_strays(struct scan_files_reader *reader, uint32_t slot,
                                     node_id person, struct newest *newest)
{
    const struct scan_files *files = reader->files;

    for (size_t i = find_stray(files, person);
         i < files->stray_count && files->strays[i].person == person; i++) {
        struct scan_hand *hand = &reader->hands[files->strays[i].file];
        const struct view_trait *trait = &hand->view->traits[slot];

        uint32_t code;

        if (trait->block == COLUMNS_NONE)
            continue;
        TRY(scan_hand_turn(hand, files->strays[i].stripe));
        code = columns_code(&hand->blocks[trait->block], files->strays[i].row);
        if (code) /* strays stand in the order of time */
            *newest = (struct newest){.value = &trait->values[code], .time = files->strays[i].time};
    }
    return OK;
}

/* Called by the matcher's scope. A file follows another in the log, and memory follows the files:
 * of equal times the later one counts. */
static enum err find_trait(void *argument, uint32_t slot, property_id name, node_id person,
                           struct value *out_value)
{
    struct scan_files_reader *reader = argument;
    struct newest newest = {0};
    struct source_trait latest;

    if (scan_files_has(reader->files->dirty, person))
        TRY(see_traits_of_strays(reader, slot, person, &newest));
    else
        for (uint32_t i = 0; i < reader->files->count; i++)
            TRY(see_traits_of_file(reader, &reader->hands[i], slot, person, &newest));
    if (name != SOURCE_UNKNOWN && scan_files_has(reader->files->in_memory, person)) {
        source_trait(reader->plan->source, person, name, reader->plan->bounds.as_of, &latest);
        if (latest.is_found && (!newest.value || latest.time >= time_of_newest(&newest)))
            newest.value = &latest.value;
    }
    *out_value = newest.value ? *newest.value : (struct value){.type = VALUE_NULL};
    return OK;
}

/* Sources. */

static fallible add_strays(struct scan_files_reader *reader, size_t from, size_t to)
{
    const struct scan_files *files = reader->files;
    struct scan_piece *piece = &reader->pieces[files->count];
    node_id last = 0;

    for (size_t i = from; i < to; i++) {
        const struct scan_stray *stray = &files->strays[i];
        struct scan_hand *hand = &reader->hands[stray->file];

        if (!scan_sets_may_be(&reader->sets, stray->person))
            continue;
        if (stray->person != last) {
            TRY(scan_piece_reserve(piece, 1, 0));
            scan_piece_begin(piece, stray->person);
            matcher_enter(reader->scope, stray->person);
            matcher_warm(reader->scope); /* now: it may turn the hands to other stripes */
        }
        last = stray->person;
        TRY(scan_hand_turn(hand, stray->stripe));
        TRY(scan_hits_add_row(&reader->hits, hand, stray->row, piece));
    }
    return OK;
}

static enum err take_memory(void *argument, const struct scan_batch *batch)
{
    struct scan_files_reader *reader = argument;
    struct scan_piece *piece = &reader->pieces[reader->files->count + 1];

    for (size_t i = 0; i < batch->persons; i++) {
        TRY(scan_piece_reserve(piece, 1, batch->end[i] - batch->first[i]));
        scan_piece_begin(piece, batch->ids[i]);
        scan_piece_copy(piece, batch, batch->first[i], batch->end[i]);
        piece->end[piece->persons - 1] = piece->hits;
    }
    return OK;
}

/* The persons among [from, to) with events in memory who may be members, as bits of a word. */
static uint64_t word_of(const struct scan_files_reader *reader, node_id word, node_id from,
                        node_id to)
{
    const struct scan_files *files = reader->files;
    uint64_t bits = files->in_memory[word] & scan_sets_word(&reader->sets, word * 64);

    if (word == from / 64)
        bits &= ~UINT64_C(0) << from % 64;
    if (word == to / 64)
        bits &= (UINT64_C(1) << to % 64) - 1;
    return bits;
}

static bool has_memory(const struct scan_files_reader *reader, node_id from, node_id to)
{
    for (node_id word = from / 64; word <= (to - 1) / 64; word++)
        if (word_of(reader, word, from, to))
            return true;
    return false;
}

static fallible add_memory(struct scan_files_reader *reader, node_id from, node_id to)
{
    node_id ids[WARM_AT_ONCE];
    size_t count = 0;

    for (node_id word = from / 64; word <= (to - 1) / 64; word++) {
        for (uint64_t left = word_of(reader, word, from, to); left; left &= left - 1)
            ids[count++] = word * 64 + (node_id)__builtin_ctzll(left);
        if (count <= WARM_AT_ONCE - 64 && word < (to - 1) / 64)
            continue;
        source_warm(reader->plan->source, ids, count);
        for (size_t i = 0; i < count; i++)
            TRY(scan_rows_range(reader->rows, ids[i], ids[i] + 1, take_memory, reader));
        count = 0;
    }
    return OK;
}

/* Where the chunk that begins at `from` ends: no file has many more than CHUNK_ROWS rows in it, or
 * rows of it in two stripes. */
static fallible find_end(struct scan_files_reader *reader, node_id from, node_id to,
                         node_id *out_end)
{
    *out_end = to;
    for (uint32_t i = 0; i < reader->files->count; i++) {
        struct scan_hand *hand = &reader->hands[i];
        uint32_t stripe = scan_hand_find_stripe(hand, from), at, persons;
        const struct columns_stripe *about;
        const uint32_t *first;

        if (stripe == scan_hand_stripes(hand))
            continue;
        about = scan_hand_stripe(hand, stripe);
        if (about->first_person >= *out_end)
            continue;
        TRY(scan_hand_turn(hand, stripe));
        first = hand->first.data;
        persons = about->persons;
        at = scan_hand_find_person(hand, from);
        for (uint32_t start = first[at]; at < persons && first[at] - start < CHUNK_ROWS;)
            at++;
        if (at < persons && ((const node_id *)hand->persons.data)[at] < *out_end)
            *out_end = ((const node_id *)hand->persons.data)[at];
        else if (at == persons && about->last_person + 1 < *out_end)
            *out_end = about->last_person + 1;
    }
    return OK;
}

static fallible read_file(struct scan_files_reader *reader, uint32_t file, node_id from, node_id to)
{
    struct scan_hand *hand = &reader->hands[file];
    uint32_t stripe = scan_hand_find_stripe(hand, from);

    if (stripe == scan_hand_stripes(hand) || scan_hand_stripe(hand, stripe)->first_person >= to)
        return OK;
    TRY(scan_hand_turn(hand, stripe));
    return scan_hits_add(&reader->hits, hand, scan_hand_find_person(hand, from),
                         scan_hand_find_person(hand, to), &reader->pieces[file]);
}

/* Whole persons from `from` on, as many as fit the caches of a processor. */
static fallible read_chunk(struct scan_files_reader *reader, node_id from, node_id to,
                           struct scan_batch *out_batch)
{
    const struct scan_files *files = reader->files;

    for (uint32_t i = 0; i < files->count + 2; i++)
        scan_piece_clear(&reader->pieces[i]);
    for (uint32_t i = 0; i < files->count; i++)
        TRY(read_file(reader, i, from, to));
    TRY(add_strays(reader, find_stray(files, from), find_stray(files, to)));
    if (has_memory(reader, from, to))
        TRY(add_memory(reader, from, to));
    return scan_merge(reader->pieces, files->count + 2, &reader->persons, reader->values,
                      out_batch);
}

static fallible read_persons(struct scan_files_reader *reader, node_id from, node_id to,
                             scan_taker taker, void *argument)
{
    TRY(scan_sets_find(&reader->sets, from, to));
    while (from < to) {
        struct scan_batch batch;
        node_id end;

        TRY(find_end(reader, from, to, &end));
        TRY(read_chunk(reader, from, end, &batch));
        if (batch.persons)
            TRY(taker(argument, &batch));
        from = end;
    }
    return OK;
}

fallible scan_files_range(struct scan_files_reader *reader, node_id from, node_id to,
                          scan_taker taker, void *argument)
{
    while (from < to) {
        node_id end = scan_sets_end(from) < to ? scan_sets_end(from) : to;

        TRY(read_persons(reader, from, end, taker, argument));
        from = end;
    }
    return OK;
}

const struct scan_sets *scan_files_sets(const struct scan_files_reader *reader)
{
    return &reader->sets;
}

uint64_t scan_files_read(const struct scan_files_reader *reader)
{
    return reader->hits.events_read + scan_rows_read(reader->rows);
}

/* Life. */

fallible scan_files_open(const struct scan_files *files, struct matcher_scope *scope,
                         struct scan_met *met, struct scan_rows *rows,
                         struct scan_files_reader **out_reader)
{
    struct scan_files_reader *reader = mem_alloc(sizeof *reader);
    enum err err = OK;

    if (!reader)
        return mem_exhausted();
    *reader = (struct scan_files_reader){.files = files,
                                         .plan = files->plan,
                                         .scope = scope,
                                         .rows = rows,
                                         .values = scan_met_values(met)};
    scan_hits_init(&reader->hits, files, scope, met, &reader->sets);
    reader->hands = mem_alloc((files->count + 1u) * sizeof *reader->hands);
    reader->pieces = mem_alloc((files->count + 2u) * sizeof *reader->pieces);
    if (!reader->hands || !reader->pieces)
        err = mem_exhausted();
    for (uint32_t i = 0; !err && i < files->count; i++)
        err = scan_hand_open(&reader->hands[i], files, i);
    if (err) {
        scan_files_close(reader);
        return err;
    }
    for (uint32_t i = 0; i < files->count + 2; i++)
        scan_piece_init(&reader->pieces[i], files->plan);
    scan_piece_init(&reader->persons, files->plan);
    scan_sets_init(&reader->sets, files, scope, reader->hands);
    matcher_scope_ask(scope, find_trait, reader);
    *out_reader = reader;
    return OK;
}

void scan_files_close(struct scan_files_reader *reader)
{
    if (!reader)
        return;
    for (uint32_t i = 0; reader->hands && i < reader->files->count; i++)
        scan_hand_close(&reader->hands[i]);
    for (uint32_t i = 0; reader->pieces && i < reader->files->count + 2; i++)
        scan_piece_done(&reader->pieces[i]);
    scan_piece_done(&reader->persons);
    scan_hits_done(&reader->hits);
    mem_free(reader->pieces);
    mem_free(reader->hands);
    mem_free(reader);
}
