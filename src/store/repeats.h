/* repeats.h - writes that carried an Idempotency-Key: sent again they are not done again.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A request is noted, durably, before it is done, and its answer before the client can have it. So
 * of a crash between the two nobody knows how it ended, and it is not done a second time. Answers
 * are kept for REPEATS_SPAN; they may hold a new key's secret, so they are sealed under the API key
 * of the request. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"

struct catalog;
struct repeats;
struct sys;

#define REPEATS_SPAN MILLIS_DAY
enum { REPEATS_MOST = 100000, REPEATS_HASH = 32 };

struct repeats_request {
    int64_t key_id;
    str secret; /* of that key */
    str name;   /* of the request: what stands in Idempotency-Key */
    str method, target, body;
};

struct repeats_answer {
    int status; /* 0: there is none */
    str media, body;
};

/* Names a request that was begun, until its end. */
struct repeats_ticket {
    unsigned char name[REPEATS_HASH];
    unsigned char key[REPEATS_HASH];
};

/* `catalog` outlives it. */
fallible repeats_open(struct sys *sys, struct catalog *catalog, struct repeats **out_repeats);
void repeats_close(struct repeats *repeats); /* NULL is fine */

/* Without an answer the request is the first of its name, and is to be done: repeats_end follows.
 * With one it was answered before, so (in `mem`). ERR_INVALID: that name was another request's;
 * ERR_CONFLICT: the first is under way; ERR_EXPIRED: it was cut off, and nobody knows whether it
 * was done; ERR_BUSY: more than REPEATS_MOST in the span. */
fallible repeats_begin(struct repeats *repeats, const struct repeats_request *request, millis now,
                       struct arena *mem, struct repeats_ticket *out_ticket,
                       struct repeats_answer *out_answer);
/* Keeps the answer; of status 0 it forgets the request: nothing was done. */
fallible repeats_end(struct repeats *repeats, const struct repeats_ticket *ticket,
                     const struct repeats_answer *answer);
