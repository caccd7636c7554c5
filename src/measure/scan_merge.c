/* scan_merge.c - puts together what several pieces have of the same persons.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_merge.h"

#include <assert.h>

/* How many of a batch's hits [from, to) come before anything at `time`; ties count where
 * `is_first`. */
static uint32_t count_until(const struct scan_batch *batch, uint32_t from, uint32_t to, millis time,
                            bool is_first)
{
    uint32_t at = from;

    if (batch->times[to - 1] < time || (is_first && batch->times[to - 1] == time))
        return to - from;
    while (batch->times[at] < time || (is_first && batch->times[at] == time))
        at++;
    return at - from;
}

/* Adds a person's hits of several pieces, in order: of equal times, those of the earlier piece go
 * first, which are earlier in the log. Mostly one ends before the next begins. */
static void merge_hits(struct scan_piece *out, const struct scan_batch *batches,
                       const uint32_t *persons, const uint32_t *with, uint32_t count)
{
    uint32_t at[SCAN_MERGE_MOST], end[SCAN_MERGE_MOST];

    for (uint32_t i = 0; i < count; i++) {
        at[i] = batches[with[i]].first[persons[with[i]]];
        end[i] = batches[with[i]].first[persons[with[i]] + 1];
    }
    for (;;) {
        uint32_t best = count, length;

        for (uint32_t i = 0; i < count; i++)
            if (at[i] < end[i] && (best == count || batches[with[i]].times[at[i]] <
                                                        batches[with[best]].times[at[best]]))
                best = i;
        if (best == count)
            return;
        length = end[best] - at[best];
        for (uint32_t i = 0; i < count; i++)
            if (i != best && at[i] < end[i])
                length = count_until(&batches[with[best]], at[best], at[best] + length,
                                     batches[with[i]].times[at[i]], best < i);
        scan_piece_copy(out, &batches[with[best]], at[best], at[best] + length);
        at[best] += length;
    }
}

static fallible merge(const struct scan_batch *batches, uint32_t count, struct scan_piece *out)
{
    uint32_t persons[SCAN_MERGE_MOST] = {0}, with[SCAN_MERGE_MOST];

    scan_piece_clear(out);
    for (;;) {
        node_id least = UINT32_MAX;
        uint32_t found = 0;
        size_t hits = 0;

        for (uint32_t i = 0; i < count; i++)
            if (persons[i] < batches[i].persons && batches[i].ids[persons[i]] < least)
                least = batches[i].ids[persons[i]];
        if (least == UINT32_MAX)
            return OK;
        for (uint32_t i = 0; i < count; i++)
            if (persons[i] < batches[i].persons && batches[i].ids[persons[i]] == least) {
                with[found++] = i;
                hits += batches[i].first[persons[i] + 1] - batches[i].first[persons[i]];
            }
        TRY(scan_piece_reserve(out, 1, hits));
        scan_piece_begin(out, least);
        if (found == 1)
            scan_piece_copy(out, &batches[*with], batches[*with].first[persons[*with]],
                            batches[*with].first[persons[*with] + 1]);
        else
            merge_hits(out, batches, persons, with, found);
        for (uint32_t i = 0; i < found; i++)
            persons[with[i]]++;
    }
}

/* Persons [from, to) of a batch, as they stand. */
static fallible give_part(const struct scan_batch *batch, size_t from, size_t to, scan_taker taker,
                          void *argument)
{
    struct scan_batch part = *batch;

    if (from == to)
        return OK;
    part.persons = to - from;
    part.ids += from;
    part.first += from;
    return taker(argument, &part);
}

/* Persons whom a few others have something of are merged one by one between those of `main` that
 * stand alone, which are not copied. */
static fallible give_between(const struct scan_batch *batches, uint32_t count, uint32_t main,
                             struct scan_piece *merged, scan_taker taker, void *argument)
{
    struct scan_batch parts[SCAN_MERGE_MOST], batch;
    size_t given = 0;

    for (uint32_t i = 0; i < count; i++) {
        parts[i] = batches[i];
        if (i != main)
            parts[i].persons = 0;
    }
    for (;;) {
        node_id least = UINT32_MAX;
        size_t at = given;

        for (uint32_t i = 0; i < count; i++)
            if (i != main && (size_t)(parts[i].ids - batches[i].ids) < batches[i].persons &&
                *parts[i].ids < least)
                least = *parts[i].ids;
        while (at < batches[main].persons && batches[main].ids[at] < least)
            at++;
        TRY(give_part(&batches[main], given, at, taker, argument));
        if (least == UINT32_MAX)
            return OK;
        parts[main] = batches[main];
        parts[main].ids += at;
        parts[main].first += at;
        parts[main].persons = at < batches[main].persons && batches[main].ids[at] == least;
        given = at + parts[main].persons;
        for (uint32_t i = 0; i < count; i++)
            if (i != main)
                parts[i].persons = (size_t)(parts[i].ids - batches[i].ids) < batches[i].persons &&
                                   *parts[i].ids == least;
        TRY(merge(parts, count, merged));
        scan_piece_batch(merged, &batch);
        TRY(taker(argument, &batch));
        for (uint32_t i = 0; i < count; i++)
            if (i != main && parts[i].persons) {
                parts[i].ids++;
                parts[i].first++;
            }
    }
}

fallible scan_merge_give(const struct scan_piece *pieces, uint32_t piece_count,
                         struct scan_piece *merged, scan_taker taker, void *argument)
{
    struct scan_batch batches[SCAN_MERGE_MOST], batch;
    uint32_t count = 0, main = 0;
    size_t persons = 0;

    assert(piece_count <= SCAN_MERGE_MOST);
    for (uint32_t i = 0; i < piece_count; i++) {
        if (!pieces[i].persons)
            continue;
        scan_piece_batch(&pieces[i], &batches[count]);
        persons += batches[count].persons;
        if (batches[count].persons > batches[main].persons)
            main = count;
        count++;
    }
    if (count == 0)
        return OK;
    if (count == 1)
        return taker(argument, &batches[0]);
    if (batches[main].persons * 5 > persons * 4)
        return give_between(batches, count, main, merged, taker, argument);
    TRY(merge(batches, count, merged));
    scan_piece_batch(merged, &batch);
    return taker(argument, &batch);
}
