/* matcher_segment.c - decides whether a person belongs to a segment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/matcher_int.h"

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

static bool has_done(struct matcher_scope *scope, const struct matcher_segment *segment)
{
    const struct source_person *person = scope->person;
    decimal_sum amount = {0};

    for (size_t i = 0; i < person->count; i++) {
        const struct source_event *event = &person->events[i];
        struct value value = {.type = VALUE_NUMBER, .number = {.digits = 1}};

        if (event->time <= segment->after || !matcher_matches(scope, segment->events, event))
            continue;
        if (segment->has_sum)
            matcher_value(scope, &segment->sum, event, &value);
        if (value.type == VALUE_NUMBER)
            decimal_sum_add(&amount, value.number);
    }
    for (size_t i = 0; i < segment->bound_count; i++) {
        decimal_sum bound = {0};

        decimal_sum_add(&bound, segment->bounds[i].number);
        if (!is_within(&segment->bounds[i], decimal_sum_compare(&amount, &bound)))
            return false;
    }
    return true;
}

/* Keeps for every step the latest start from which a chain has come that far: if any chain ends
 * within the window of its start, one with the latest start does. Steps are tried from the last to
 * the first, so that an event serves one step of a chain. */
static bool has_sequence(struct matcher_scope *scope, const struct matcher_segment *segment)
{
    const struct source_person *person = scope->person;
    millis starts[QUERY_STEPS];
    size_t reached = 0; /* steps that some chain has come to */

    for (size_t i = 0; i < person->count; i++) {
        const struct source_event *event = &person->events[i];

        if (event->time <= segment->after)
            continue;
        for (size_t step = reached < segment->event_count ? reached + 1 : reached; step-- > 0;) {
            millis start = step ? starts[step - 1] : event->time;

            if (event->time - start > segment->window)
                continue;
            if (!matcher_matches(scope, &segment->events[step], event))
                continue;
            if (step == reached)
                starts[reached++] = start;
            else if (start > starts[step])
                starts[step] = start;
            if (step + 1 == segment->event_count)
                return true;
        }
    }
    return false;
}

bool matcher_is_member(struct matcher_scope *scope, const struct matcher_segment *segment)
{
    struct value value;

    switch (segment->kind) {
    case SEGMENT_ALL:
        for (size_t i = 0; i < segment->child_count; i++)
            if (!matcher_is_member(scope, &segment->children[i]))
                return false;
        return true;
    case SEGMENT_ANY:
        for (size_t i = 0; i < segment->child_count; i++)
            if (matcher_is_member(scope, &segment->children[i]))
                return true;
        return false;
    case SEGMENT_NOT:
        return !matcher_is_member(scope, segment->children);
    case SEGMENT_TRAIT:
        matcher_trait_value(scope, segment->trait.property.trait, &value);
        return matcher_test(scope, &segment->trait, &value);
    case SEGMENT_DID:
        return has_done(scope, segment);
    case SEGMENT_SEQUENCE:
        return has_sequence(scope, segment);
    }
    return false;
}
