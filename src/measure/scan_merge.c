/* scan_merge.c - puts together what several pieces have of the same persons.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A person's hits need not lie between those of her neighbours, so whoever stands in the largest
 * piece alone stays where she is.
 */
#include "measure/scan_merge.h"

#include <assert.h>

struct part {
    const struct scan_piece *piece;
    struct scan_batch batch; /* of it: moves with its hits */
    uint32_t person;         /* the next one */
    uint32_t at, end;        /* of her hits */
};

struct merger {
    struct scan_piece *main;
    struct part parts[SCAN_MERGE_MOST];
    uint32_t count;
    struct part *with[SCAN_MERGE_MOST]; /* who have the person in hand */
    uint32_t with_count;
};

/* How many of a part's hits [at, at + length) come before anything at `time`; ties count where
 * `is_first`. */
static uint32_t count_until(const struct part *part, uint32_t length, millis time, bool is_first)
{
    const millis *times = part->batch.times + part->at;
    uint32_t count = 0;

    if (times[length - 1] < time || (is_first && times[length - 1] == time))
        return length;
    while (times[count] < time || (is_first && times[count] == time))
        count++;
    return count;
}

/* Adds a person's hits of several parts, in order: of equal times, those of the earlier part go
 * first, which are earlier in the log. Mostly one ends before the next begins. */
static void merge_hits(struct merger *merger)
{
    for (;;) {
        uint32_t count = merger->with_count, best = count, length;
        struct part *const *with = merger->with;

        for (uint32_t i = 0; i < count; i++)
            if (with[i]->at < with[i]->end &&
                (best == count ||
                 with[i]->batch.times[with[i]->at] < with[best]->batch.times[with[best]->at]))
                best = i;
        if (best == count)
            return;
        length = with[best]->end - with[best]->at;
        for (uint32_t i = 0; i < count; i++)
            if (i != best && with[i]->at < with[i]->end)
                length =
                    count_until(with[best], length, with[i]->batch.times[with[i]->at], best < i);
        scan_piece_copy(merger->main, &with[best]->batch, with[best]->at, with[best]->at + length);
        with[best]->at += length;
    }
}

/* Finds the next person and who has her; 0: nobody is left. */
static node_id find_next(struct merger *merger)
{
    node_id least = 0;

    for (uint32_t i = 0; i < merger->count; i++) {
        struct part *part = &merger->parts[i];
        node_id id = part->person < part->piece->persons ? part->piece->ids[part->person] : 0;

        if (!id || (least && id > least))
            continue;
        if (id != least)
            merger->with_count = 0;
        least = id;
        merger->with[merger->with_count++] = part;
    }
    return least;
}

static void take_next(struct merger *merger, node_id id, struct scan_piece *persons)
{
    uint32_t first = merger->main->hits;
    struct part *only = merger->with[0];

    for (uint32_t i = 0; i < merger->with_count; i++) {
        struct part *part = merger->with[i];

        part->at = part->piece->first[part->person];
        part->end = part->piece->end[part->person++];
    }
    persons->ids[persons->persons] = id;
    if (merger->with_count == 1 && only->piece == merger->main) {
        persons->first[persons->persons] = only->at;
        persons->end[persons->persons++] = only->end;
        return;
    }
    merge_hits(merger);
    persons->first[persons->persons] = first;
    persons->end[persons->persons++] = merger->main->hits;
}

fallible scan_merge(struct scan_piece *pieces, uint32_t count, struct scan_piece *persons,
                    const struct scan_values *values, struct scan_batch *out_batch)
{
    struct merger merger;
    size_t hits = 0, most_persons = 0;
    node_id id;

    assert(count <= SCAN_MERGE_MOST);
    merger.main = pieces;
    merger.count = merger.with_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        hits += pieces[i].hits;
        most_persons += pieces[i].persons;
        if (pieces[i].hits > merger.main->hits)
            merger.main = &pieces[i];
    }
    TRY(scan_piece_reserve(merger.main, 1, hits));
    scan_piece_clear(persons);
    TRY(scan_piece_reserve(persons, most_persons, 0));
    for (uint32_t i = 0; i < count; i++) {
        if (!pieces[i].persons)
            continue;
        merger.parts[merger.count].piece = &pieces[i];
        merger.parts[merger.count].person = 0;
        scan_piece_batch(&pieces[i], values, &merger.parts[merger.count++].batch);
    }
    if (merger.count == 1) {
        scan_piece_batch(merger.parts[0].piece, values, out_batch);
        return OK;
    }
    while ((id = find_next(&merger)) != 0)
        take_next(&merger, id, persons);
    scan_piece_batch(merger.main, values, out_batch);
    out_batch->persons = persons->persons;
    out_batch->ids = persons->ids;
    out_batch->first = persons->first;
    out_batch->end = persons->end;
    return OK;
}
