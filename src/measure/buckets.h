/* buckets.h - the calendar periods of an answer as numbered columns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "measure/query.h"

struct json_writer;

struct buckets {
    millis *starts; /* ascending; behind the last one, the end of time */
    uint32_t count;
    double each;     /* buckets a millisecond, on the average */
    unsigned shift;  /* where all are of one length: it is `odd` << shift, */
    uint64_t factor; /* and this is 2^64 / odd, rounded up; 0: they are not */
};

/* The periods that [from, to) touches; one for all time. ERR_LIMIT: too many for an answer. */
fallible buckets_make(const struct query *query, millis from, millis to, struct arena *mem,
                      struct buckets *out_buckets);

/* The bucket that holds `time`, which must lie in [from, to), where all are of one length. */
static inline uint32_t buckets_find_even(const struct buckets *buckets, millis time)
{
    uint64_t passed = (uint64_t)(time - *buckets->starts) >> buckets->shift;

    return (uint32_t)((unsigned __int128)passed * buckets->factor >> 64);
}

/* The same whatever their lengths. */
static inline uint32_t buckets_find(const struct buckets *buckets, millis time)
{
    const millis *starts = buckets->starts;
    uint32_t at;

    if (buckets->factor)
        return buckets_find_even(buckets, time);
    /* Periods differ little in length, so the guess is right or next to it. */
    at = (uint32_t)((double)(time - *starts) * buckets->each);

    while (time < starts[at])
        at--;
    while (time >= starts[at + 1])
        at++;
    return at;
}
