/* deleted.h - a set of events, such as the deleted ones, by sequence number: a bit each, in chunks.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes at most a bit an event of the log; whole chunks take nothing. Not locked: its owner sees to
 * that.
 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct deleted;

fallible deleted_open(struct deleted **out_set);
void deleted_close(struct deleted *set); /* NULL is fine */
void deleted_clear(struct deleted *set);

bool deleted_has(const struct deleted *set, uint64_t seq); /* of NULL: false */
/* How many of [from, to) are in it; of NULL: 0. */
uint64_t deleted_count(const struct deleted *set, uint64_t from, uint64_t to);
/* The first whole run at or behind `from`; false: there is none. */
bool deleted_next(const struct deleted *set, uint64_t from, uint64_t *out_from, uint64_t *out_to);

/* Adds [from, to), which is not empty. ERR_LIMIT: without memory; some may have been added. */
fallible deleted_add(struct deleted *set, uint64_t from, uint64_t to);
/* Room for all of `other`, so that taking them cannot fail. */
fallible deleted_reserve(struct deleted *set, const struct deleted *other);
/* Moves all of `other` here and leaves it empty; returns how many are new. */
uint64_t deleted_take(struct deleted *set, struct deleted *other);
/* Memory, so that removing them cannot fail. */
fallible deleted_reserve_removal(struct deleted *set, const struct deleted *other);
/* Takes all of `other`, which stays, out of the set. */
void deleted_remove(struct deleted *set, const struct deleted *other);
