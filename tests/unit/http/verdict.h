/* verdict.h - what the request reader makes of a stream of bytes, as text that tests compare.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   POST /path
 *   Host: a
 *   body 5 hello
 *   end            or "more" (the last request is incomplete), "refused 400", or "closed" (behind
 *                  a request that wants no further one)
 */
#pragma once
#include "base/buf.h"
#include "base/random.h"

enum verdict_split { SPLIT_NONE, SPLIT_BYTES, SPLIT_RANDOM };

struct verdict_limits {
    size_t head;
    size_t body;
};

/* Reads requests until `in` ends, one is refused or one closes the connection. The bytes given to
 * the reader are copies of exact size, so that a sanitizer sees any step outside. */
void verdict_write(str in, enum verdict_split split, random_state *dice,
                   struct verdict_limits limits, struct buf *out);
