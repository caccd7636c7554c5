/* scan_segment.c - segments: compiled into marks and slots, decided on a person's hits.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Recursion follows the nesting of the question, which query_parse bounds.
 */
#include "measure/scan_sets.h"

enum { COUNTS = 64 };

/* Bounds. */

static bool is_within(const struct query_bound *bound, int order)
{
    switch (bound->test) {
    case BOUND_GTE:
        return order >= 0;
    case BOUND_LTE:
        return order <= 0;
    case BOUND_GT:
        return order > 0;
    case BOUND_LT:
        return order < 0;
    case BOUND_EQ:
        return order == 0;
    }
    return false;
}

static bool is_amount_within(const struct scan_segment *segment, const decimal_sum *amount)
{
    for (size_t i = 0; i < segment->bound_count; i++) {
        decimal_sum bound = {0};

        decimal_sum_add(&bound, segment->bounds[i].number);
        if (!is_within(&segment->bounds[i], decimal_sum_compare(amount, &bound)))
            return false;
    }
    return true;
}

static bool is_count_within(const struct scan_segment *segment, int64_t count)
{
    decimal_sum amount = {0};

    decimal_sum_add(&amount, (decimal){.digits = count});
    return is_amount_within(segment, &amount);
}

/* Compiling. */

static fallible compile_trait(struct scan_plan *plan, const struct query_condition *test,
                              struct scan_segment *out)
{
    TRY(matcher_trait(plan->matchers, test, &out->trait));
    out->trait_number = SCAN_NO_TRAIT;
    if (plan->trait_count == SCAN_MOST_TRAITS)
        return OK;
    out->trait_number = plan->trait_count;
    plan->traits[plan->trait_count++] = out->trait;
    return OK;
}

static fallible compile_events(struct scan_plan *plan, const struct query_segment *tree,
                               struct scan_segment *out)
{
    millis since = out->after == INT64_MIN ? INT64_MIN : out->after + 1;
    scan_marks *steps = arena_array(plan->mem, tree->event_count + 1, sizeof *steps);

    if (!steps)
        return arena_exhausted();
    for (size_t i = 0; i < tree->event_count; i++)
        TRY(scan_plan_mark_since(plan, &tree->events[i], 1, since, &steps[i]));
    out->steps = steps;
    out->step_count = tree->event_count;
    out->has_sum = tree->sum.data;
    for (int64_t count = 0; count < COUNTS; count++)
        out->counts |= (uint64_t)is_count_within(out, count) << count;
    return out->has_sum ? scan_plan_slot(plan, tree->sum, *steps, &out->sum) : OK;
}

fallible scan_segment_compile(struct scan_plan *plan, const struct query_segment *tree,
                              struct scan_segment *out)
{
    struct scan_segment *children = arena_array(plan->mem, tree->child_count + 1, sizeof *children);

    if (!children)
        return arena_exhausted();
    *out = (struct scan_segment){.kind = tree->kind,
                                 .children = children,
                                 .child_count = tree->child_count,
                                 .bounds = tree->bounds,
                                 .bound_count = tree->bound_count,
                                 .window = tree->window};
    if (tree->within < 0 || __builtin_sub_overflow(plan->bounds.as_of, tree->within, &out->after))
        out->after = INT64_MIN;
    if (tree->kind == SEGMENT_TRAIT)
        TRY(compile_trait(plan, tree->trait, out));
    if (tree->event_count)
        TRY(compile_events(plan, tree, out));
    for (size_t i = 0; i < tree->child_count; i++)
        TRY(scan_segment_compile(plan, &tree->children[i], &children[i]));
    return OK;
}

/* Deciding. */

static bool has_counted(const struct scan_segment *segment, const struct scan_batch *batch,
                        size_t person)
{
    scan_marks mark = *segment->steps;
    millis after = segment->after;
    uint32_t count = 0;

    for (uint32_t hit = batch->first[person]; hit < batch->end[person]; hit++)
        count += (batch->marks[hit] & mark) && batch->times[hit] > after;
    return count < COUNTS ? segment->counts >> count & 1 : is_count_within(segment, count);
}

static bool has_done(const struct scan_segment *segment, const struct scan_batch *batch,
                     size_t person)
{
    decimal_sum amount = {0};

    if (!segment->has_sum)
        return has_counted(segment, batch, person);
    for (uint32_t hit = batch->first[person]; hit < batch->end[person]; hit++)
        if (batch->marks[hit] & *segment->steps && batch->times[hit] > segment->after &&
            scan_value(batch, segment->sum, hit)->type == VALUE_NUMBER)
            decimal_sum_add(&amount, scan_value(batch, segment->sum, hit)->number);
    return is_amount_within(segment, &amount);
}

/* Keeps for every step the latest start from which a chain has come that far: if any chain ends
 * within the window of its start, one with the latest start does. Steps are tried from the last to
 * the first, so that an event serves one step of a chain. */
static bool has_sequence(const struct scan_segment *segment, const struct scan_batch *batch,
                         size_t person)
{
    millis starts[QUERY_STEPS];
    size_t reached = 0; /* steps that some chain has come to */

    for (uint32_t hit = batch->first[person]; hit < batch->end[person]; hit++) {
        millis time = batch->times[hit];

        if (time <= segment->after)
            continue;
        for (size_t step = reached < segment->step_count ? reached + 1 : reached; step-- > 0;) {
            millis start = step ? starts[step - 1] : time;

            if (!(batch->marks[hit] & segment->steps[step]) || time - start > segment->window)
                continue;
            if (step == reached)
                starts[reached++] = start;
            else if (start > starts[step])
                starts[step] = start;
            if (step + 1 == segment->step_count)
                return true;
        }
    }
    return false;
}

static bool passes(const struct scan_segment *segment, const struct scan_judge *judge,
                   node_id person)
{
    if (!judge->sets || segment->trait_number == SCAN_NO_TRAIT)
        return matcher_passes(judge->scope, segment->trait, NULL);
    return scan_sets_has(judge->sets, segment->trait_number, person);
}

bool scan_segment_holds(const struct scan_segment *segment, const struct scan_judge *judge,
                        const struct scan_batch *batch, size_t person)
{
    switch (segment->kind) {
    case SEGMENT_ALL:
        for (size_t i = 0; i < segment->child_count; i++)
            if (!scan_segment_holds(&segment->children[i], judge, batch, person))
                return false;
        return true;
    case SEGMENT_ANY:
        for (size_t i = 0; i < segment->child_count; i++)
            if (scan_segment_holds(&segment->children[i], judge, batch, person))
                return true;
        return false;
    case SEGMENT_NOT:
        return !scan_segment_holds(segment->children, judge, batch, person);
    case SEGMENT_TRAIT:
        return passes(segment, judge, batch->ids[person]);
    case SEGMENT_DID:
        return has_done(segment, batch, person);
    case SEGMENT_SEQUENCE:
        return has_sequence(segment, batch, person);
    }
    return false;
}
