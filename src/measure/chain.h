/* chain.h - the deepest chain of steps in what one person did.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A chain starts at an event of step 1 and takes greedily the earliest later event of step 2, the
 * earliest after that one of step 3 and so on, all within the window from its start. An event
 * serves one step of a chain; it may serve several chains, and an event may match several steps.
 */
#pragma once
#include "measure/hit_bits.h"

struct chain_rule {
    uint32_t step_count;
    millis window;                 /* of a whole chain, inclusive */
    scan_marks marks[QUERY_STEPS]; /* [step] */
    uint32_t same[QUERY_STEPS];    /* [step] the first one with these marks */
};

struct chain {
    uint32_t depth;             /* steps reached; 0: no start */
    uint32_t hits[QUERY_STEPS]; /* [step]: the hit that it took */
};

/* Goes through batches; begins as {.rule, .mem}. */
struct chain_finder {
    const struct chain_rule *rule;
    struct arena *mem;
    const struct scan_batch *batch;
    struct hit_bits bits[QUERY_STEPS]; /* [same step] */
    /* Of the person in hand, by how many steps were taken: */
    uint32_t near[QUERY_STEPS];   /* the last of these hits is before this one */
    uint32_t starts[QUERY_STEPS]; /* the latest start of a chain up to there */
};

/* Adds a step, QUERY_STEPS at most, to a rule that begins as {0}. */
void chain_rule_add(struct chain_rule *rule, scan_marks mark);
/* Begins a batch, which must outlive its persons. All marks are SCAN_IN_RANGE. ERR_LIMIT. */
fallible chain_begin(struct chain_finder *finder, const struct scan_batch *batch);
/* Has the times fetched that a person's chain will mostly ask for; fine for any number. */
void chain_warm(const struct chain_finder *finder, size_t person);
/* The person's deepest chain, of equals the one that starts earliest. */
void chain_find(struct chain_finder *finder, size_t person, struct chain *out_chain);
