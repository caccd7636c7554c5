/* chain.c - the deepest chain of a person, from step to step.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Chains never overtake: of two starts the later one reaches every step at the same event or at a
 * later one. So a chain of n steps can be made deeper by an event of step n + 1 if the latest start
 * with a chain of n steps before it has it within its window. That start is found backwards: by the
 * last event of step n, the last one of step n - 1 before that, and so on. The first event that
 * makes it so deep is where the earliest chain ends, and that starts as early as its window allows:
 * had it ended before, it would have been found there.
 *
 * Events that are asked for only come later and later, so what was found for n steps holds until
 * there is another event of step n, and none is looked at twice.
 */
#include "measure/chain.h"

#include <assert.h>

enum { TIMES_A_LINE = 8, WARM_LINES = 4 };

void chain_rule_add(struct chain_rule *rule, scan_marks mark)
{
    uint32_t step = rule->step_count++, same = 0;

    assert(step < QUERY_STEPS);
    rule->marks[step] = mark;
    while (rule->marks[same] != mark)
        same++;
    rule->same[step] = same;
}

fallible chain_begin(struct chain_finder *finder, const struct scan_batch *batch)
{
    const struct chain_rule *rule = finder->rule;
    uint32_t from, to;

    finder->batch = batch;
    hit_bits_span(batch, &from, &to);
    for (uint32_t step = 0; step < rule->step_count; step++)
        if (rule->same[step] == step)
            TRY(hit_bits_find(&finder->bits[step], finder->mem, batch, rule->marks[step], from,
                              to));
    return OK;
}

void chain_warm(const struct chain_finder *finder, size_t person)
{
    const struct scan_batch *batch = finder->batch;

    if (person >= batch->persons)
        return;
    for (uint32_t hit = batch->first[person], i = 0; hit < batch->end[person] && i < WARM_LINES;
         hit += TIMES_A_LINE, i++)
        __builtin_prefetch(&batch->times[hit]);
}

static inline const struct hit_bits *bits_of(const struct chain_finder *finder, uint32_t step)
{
    return &finder->bits[finder->rule->same[step]];
}

/* The latest start of a chain that has taken so many steps before the hit; there is one. */
static inline uint32_t latest_start(struct chain_finder *finder, uint32_t steps, uint32_t hit)
{
    uint32_t level = steps, start;

    while (level) {
        uint32_t last = hit_bits_last(bits_of(finder, level - 1), finder->near[level - 1], hit);

        if (last == hit)
            break; /* none that is new */
        finder->near[level - 1] = last + 1;
        hit = last;
        level--;
    }
    start = level ? finder->starts[level - 1] : hit;
    for (; level < steps; level++)
        finder->starts[level] = start;
    return start;
}

/* The first of the hits [from, end) in the window that ends with the hit `end`. */
static uint32_t first_within(const struct chain_finder *finder, uint32_t from, uint32_t end)
{
    const millis *times = finder->batch->times;
    uint32_t count = end - from;

    while (count) {
        uint32_t half = count / 2;

        if (times[end] - times[from + half] > finder->rule->window) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}

void chain_find(struct chain_finder *finder, size_t person, struct chain *out_chain)
{
    const struct scan_batch *batch = finder->batch;
    uint32_t first = batch->kinds_of ? batch->since[person] : batch->first[person];
    uint32_t end = batch->end[person], count = finder->rule->step_count, depth = 0, hit, last;

    out_chain->depth = 0;
    first = last = hit = hit_bits_next(bits_of(finder, 0), first, end);
    while (hit < end) {
        if (!depth || batch->times[hit] - batch->times[latest_start(finder, depth, hit)] <=
                          finder->rule->window) {
            finder->near[depth++] = first;
            last = hit;
        }
        if (depth == count)
            break;
        hit = hit_bits_next(bits_of(finder, depth), hit + 1, end);
    }
    if (!depth)
        return;
    out_chain->depth = depth;
    hit = depth > 1 ? first_within(finder, first, last) : first;
    for (uint32_t step = 0; step < depth; step++) {
        hit = hit_bits_next(bits_of(finder, step), hit, last + 1);
        out_chain->hits[step] = hit++;
    }
}
