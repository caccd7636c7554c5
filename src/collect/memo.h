/* memo.h - what was worked out for a text before: bounded, for any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who finds nothing works it out and puts it here; it is forgotten when others need the room.
 * Texts lie in shards by their hash, so that threads seldom wait for one another.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { MEMO_MOST_BYTES = 4096 }; /* of a key and its value; what is larger is not kept */

struct memo;

struct memo_stats {
    uint64_t hits;
    uint64_t misses;
};

/* Keeps at most `entries`, a power of two from 64 on. ERR_LIMIT. */
fallible memo_open(size_t entries, struct memo **out_memo);
void memo_close(struct memo *memo); /* NULL is fine */
/* A copy of the value in `mem`; false: it is not known, or there is no memory. */
bool memo_find(struct memo *memo, str key, struct arena *mem, str *out_value);
void memo_put(struct memo *memo, str key, str value); /* without memory nothing is kept */
void memo_stats_read(struct memo *memo, struct memo_stats *out_stats);
