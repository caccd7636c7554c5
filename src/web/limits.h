/* limits.h - how often something may happen: token buckets by name, in memory of a fixed size.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bucket is one instant, at which it will be full again (GCRA), so nothing has to tick. The table
 * never grows: where its place is taken, a name takes that of the bucket which is full soonest, and
 * a full bucket is as good as none. Each call costs the same. Names are hashed under a key of the
 * start, so nobody aims at another's place. Any thread.
 */
#pragma once
#include "base/err.h"
#include "base/hash.h"

struct limits;

/* `count` in `span_ms`, evenly, and up to `burst` at once. A burst of 0: no limit. */
struct limits_rate {
    uint64_t count;
    int64_t span_ms;
    uint64_t burst;
};

struct limits_state {
    bool is_over;    /* nothing was taken */
    uint64_t left;   /* that could be taken at once */
    int64_t wait_ms; /* until one can be taken; 0: now */
    int64_t full_ms; /* until all of the burst can */
};

/* Room for about `names`. */
fallible limits_open(const hash_key *key, size_t names, struct limits **out_limits);
void limits_close(struct limits *limits); /* NULL is fine */
size_t limits_bytes(const struct limits *limits);

/* Takes one for `name`, if there is one. `now_ns` never goes back. */
void limits_take(struct limits *limits, const struct limits_rate *rate, str name, int64_t now_ns,
                 struct limits_state *out_state);
