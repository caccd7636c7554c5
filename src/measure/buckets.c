/* buckets.c - lays out the calendar periods of an answer.
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
    if (buckets->count + 1 >= *room) {
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
    buckets->starts[buckets->count] = INT64_MAX;
    return OK;
}

/* A time that passed is less than 2^64 / odd of its units, so that multiplying divides exactly; see
 * Granlund and Montgomery, "Division by Invariant Integers using Multiplication", 1994. */
static void find_length(struct buckets *buckets, millis to)
{
    uint64_t length = (uint64_t)(buckets->starts[1] - buckets->starts[0]), odd, passed;
    unsigned shift = (unsigned)__builtin_ctzll(length);

    for (uint32_t i = 1; i + 1 < buckets->count; i++)
        if ((uint64_t)(buckets->starts[i + 1] - buckets->starts[i]) != length)
            return;
    odd = length >> shift;
    passed = (uint64_t)(to - buckets->starts[0]) >> shift;
    /* The last one may be shorter, if clocks change in it, but then nothing follows. */
    if (odd < 2 || passed >= UINT64_MAX / odd ||
        (uint64_t)(to - buckets->starts[buckets->count - 1]) > length)
        return;
    buckets->shift = shift;
    buckets->factor = UINT64_MAX / odd + 1;
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
    if (buckets.count > 1) {
        buckets.each = (double)(buckets.count - 1) /
                       (double)(buckets.starts[buckets.count - 1] - *buckets.starts);
        find_length(&buckets, to);
    }
    *out_buckets = buckets;
    return OK;
}
