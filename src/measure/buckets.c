/* buckets.c - the calendar periods of an answer, found by halving.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/buckets.h"

#include "measure/operator.h"

#include <string.h>

enum { MOST_BUCKETS = 100000, FIRST_ROOM = 64 };

static fallible add(struct buckets *buckets, struct arena *mem, millis start, uint32_t *room)
{
    if (buckets->count == MOST_BUCKETS)
        return fail(ERR_LIMIT, "over %d columns: ask for a shorter range or a longer \"interval\"",
                    MOST_BUCKETS);
    if (buckets->count == *room) {
        uint32_t more = *room ? *room * 2 : FIRST_ROOM;
        millis *starts = arena_array(mem, more, sizeof *starts);

        if (!starts)
            return operator_exhausted();
        if (buckets->count)
            memcpy(starts, buckets->starts, buckets->count * sizeof *starts);
        buckets->starts = starts;
        *room = more;
    }
    buckets->starts[buckets->count++] = start;
    return OK;
}

fallible buckets_make(const struct query *query, millis from, millis to, struct arena *mem,
                      struct buckets *out_buckets)
{
    struct buckets buckets = {0};
    uint32_t room = 0;

    if (query->is_all_time)
        TRY(add(&buckets, mem, from, &room));
    else
        for (millis at = zone_period(query->zone, from, query->interval); at < to;
             at = zone_next(query->zone, at, query->interval))
            TRY(add(&buckets, mem, at, &room));
    if (buckets.count > 1)
        buckets.each = (double)(buckets.count - 1) /
                       (double)(buckets.starts[buckets.count - 1] - *buckets.starts);
    *out_buckets = buckets;
    return OK;
}

static bool holds(const struct buckets *buckets, uint32_t bucket, millis time)
{
    return bucket < buckets->count && buckets->starts[bucket] <= time &&
           (bucket + 1 == buckets->count || time < buckets->starts[bucket + 1]);
}

uint32_t buckets_find(const struct buckets *buckets, millis time, uint32_t hint)
{
    uint32_t low = 0, count = buckets->count;

    if (holds(buckets, hint, time))
        return hint;
    /* Periods differ little in length, so the guess is right or next to it. */
    low = (uint32_t)((double)(time - *buckets->starts) * buckets->each);
    if (holds(buckets, low, time))
        return low;
    if (low && holds(buckets, low - 1, time))
        return low - 1;
    low = 0;
    while (count > 1) {
        uint32_t half = count / 2;

        if (buckets->starts[low + half] <= time) {
            low += half;
            count -= half;
        } else {
            count = half;
        }
    }
    return low;
}
