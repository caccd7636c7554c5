/* random_world.h - random messages, joins and undos for a fold.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same seed makes the same messages and undos. Of an even one nobody is ever joined.
 */
#pragma once
#include "base/random.h"
#include "unit/measure/fold.h"

enum { RANDOM_WORLD_PEOPLE = 12, RANDOM_WORLD_SEQS = 40000 };

struct random_world {
    random_state random;
    bool has_joins;
    bool is_undone[RANDOM_WORLD_SEQS];
};

struct random_world *random_world_of(uint64_t seed); /* in test_mem */
/* Gives the fold that many messages, users u0 ... and devices a0 ..., now and then an undo. */
void random_world_take(struct random_world *world, struct fold *fold, unsigned count);
