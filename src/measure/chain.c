/* chain.c - all chains of a person at once, in one pass over her hits.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Chains never overtake: of two starts the later one reaches every step at the same event or at a
 * later one. So at any moment the starts that have taken a step are all up to some start, and it is
 * enough to know the last of them. When an event takes step k, every start that has taken step
 * k - 1 only moves on. The first event that takes a step within the window of any start is where
 * the first chain of that depth ends, and of the starts that move on there the earliest still in
 * its window is the earliest with a chain so deep.
 */
#include "measure/chain.h"

#include <assert.h>

void chain_rule_add(struct chain_rule *rule, scan_marks mark)
{
    assert(rule->step_count < QUERY_STEPS);
    for (scan_marks rest = mark; rest; rest &= rest - 1)
        rule->steps_of[__builtin_ctzll(rest)] |= UINT32_C(1) << rule->step_count;
    rule->marks[rule->step_count++] = mark;
    rule->any |= mark;
}

/* Of the chains found: how deep, where it ends, and a hit before which it does not start. */
struct found {
    uint32_t depth;
    uint32_t from;
    uint32_t to;
};

/* Walks the earliest chain from `from` on that reaches `to` within the window. */
static void trace(const struct chain_rule *rule, const millis *times, const scan_marks *marks,
                  const struct found *found, struct chain *out_chain)
{
    uint32_t hit = found->from;

    while (!(marks[hit] & rule->marks[0]) || times[found->to] - times[hit] > rule->window)
        hit++;
    out_chain->hits[0] = hit;
    for (uint32_t step = 1; step < found->depth; step++) {
        do
            hit++;
        while (!(marks[hit] & rule->marks[step]));
        out_chain->hits[step] = hit;
    }
}

static inline uint32_t steps_of(const struct chain_rule *rule, scan_marks marks)
{
    uint32_t steps = 0;

    for (; marks; marks &= marks - 1)
        steps |= rule->steps_of[__builtin_ctzll(marks)];
    return steps;
}

void chain_find(const struct chain_rule *rule, const millis *times, const scan_marks *marks,
                uint32_t count, struct chain *out_chain)
{
    uint32_t last[QUERY_STEPS + 1]; /* [n]: the last start that has taken n steps, + 1; 0: none */
    struct found found = {0};

    for (uint32_t i = 0; i <= rule->step_count; i++)
        last[i] = 0;
    for (uint32_t hit = 0; hit < count && found.depth < rule->step_count; hit++) {
        uint32_t steps = steps_of(rule, marks[hit] & rule->any);

        last[0] = hit + 1; /* who starts here has taken none */
        /* From the last step down: an event serves one step of a chain. */
        while (steps) {
            uint32_t step = 31 - (uint32_t)__builtin_clz(steps);
            uint32_t start = last[step];
            uint32_t before = last[step + 1];

            steps ^= UINT32_C(1) << step;
            last[step + 1] = start;
            if (step >= found.depth && start && times[hit] - times[start - 1] <= rule->window)
                found = (struct found){step + 1, before, hit};
        }
    }
    out_chain->depth = found.depth;
    if (found.depth)
        trace(rule, times, marks, &found, out_chain);
}
