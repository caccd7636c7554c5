/* chain.h - the deepest chain of steps in what one person did.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A chain starts at an event of step 1 and takes greedily the earliest later event of step 2, the
 * earliest after that one of step 3 and so on, all within the window from its start. An event
 * serves one step of a chain; it may serve several chains, and an event may match several steps.
 */
#pragma once
#include "measure/scan.h"

struct chain_rule {
    uint32_t step_count;
    millis window;                      /* of a whole chain, inclusive */
    scan_marks marks[QUERY_STEPS];      /* [step] */
    scan_marks any;                     /* of all steps */
    uint32_t steps_of[SCAN_MOST_MARKS]; /* [mark]: the steps it stands for, a bit each */
};

struct chain {
    uint32_t depth;             /* steps reached; 0: no start */
    uint32_t hits[QUERY_STEPS]; /* [step]: the hit that it took */
};

/* Adds a step, QUERY_STEPS at most, to a rule that begins as {0}. */
void chain_rule_add(struct chain_rule *rule, scan_marks mark);
/* The deepest chain, of equals the one that starts earliest. Costs a few ns for each hit that
 * matters and no more than the number of its steps in the worst case. */
void chain_find(const struct chain_rule *rule, const millis *times, const scan_marks *marks,
                uint32_t count, struct chain *out_chain);
