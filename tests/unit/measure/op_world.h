/* op_world.h - an operator driven by hand: a question compiled against a source without events,
 * and batches that a test makes up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/random.h"
#include "measure/operator.h"
#include "unit/measure/fold.h"

struct op_world {
    struct fold fold;
    struct json_reader *reader;
    struct source source;
    struct query query;
    struct operator_shared shared;
    struct operator_worker worker; /* its memory is test_mem */
};

/* Failures end the test. */
void op_world_open(struct op_world *world, const char *query, millis from, millis to);
void op_world_done(struct op_world *world);
/* The mark of what the question calls by `name`. */
scan_marks op_world_mark(struct op_world *world, const char *name, unsigned flags);

/* People with up to 20 hits at random instants from `from` on, each a random one of the marks or
 * more. Every slot holds one of five keys. */
struct op_people {
    size_t count;
    const scan_marks *marks;
    size_t mark_count;
    millis from;
    millis pace; /* most between two hits */
};
struct scan_batch op_world_people(random_state *random, const struct op_people *people);
/* The persons [from, to) of a batch. */
struct scan_batch op_world_part(const struct scan_batch *batch, size_t from, size_t to);

void *op_world_begin(struct op_world *world);
str op_world_finish(struct op_world *world, void *state);
/* The answer for all of a batch at once, and for its thirds in states of their own, merged. */
str op_world_whole(struct op_world *world, const struct scan_batch *batch);
str op_world_thirds(struct op_world *world, const struct scan_batch *batch);
