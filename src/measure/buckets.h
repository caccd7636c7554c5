/* buckets.h - the calendar periods of an answer as numbered columns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "measure/query.h"

struct json_writer;

struct buckets {
    millis *starts; /* ascending */
    uint32_t count;
    double each; /* buckets a millisecond, on the average */
};

/* The periods that [from, to) touches; one for all time. ERR_LIMIT: too many for an answer. */
fallible buckets_make(const struct query *query, millis from, millis to, struct arena *mem,
                      struct buckets *out_buckets);
/* The bucket that holds `time`, which must lie in [from, to). `hint` is the one found last, or any.
 */
uint32_t buckets_find(const struct buckets *buckets, millis time, uint32_t hint);
