/* matcher.c - evaluates compiled conditions.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Recursion follows the nesting of the question, which query_parse bounds, or of a list in a list
 * of an event, which flatten.c bounds.
 */
#include "measure/matcher_int.h"

#include <string.h>

/* Traits: looked up when first asked for. */

void matcher_enter(struct matcher_scope *scope, node_id person)
{
    scope->person = person;
}

void matcher_scope_ask(struct matcher_scope *scope, matcher_finder find, void *argument)
{
    scope->find = find;
    scope->argument = argument;
}

fallible matcher_scope_err(const struct matcher_scope *scope)
{
    return scope->err;
}

static void note(struct matcher_scope *scope, enum err err)
{
    if (!scope->err)
        scope->err = err;
}

static void look_up(const struct matcher_scope *scope, struct matcher_slot *slot)
{
    struct source_trait trait;

    source_trait(scope->source, scope->person, slot->name, scope->plan->as_of, &trait);
    slot->value = trait.value;
}

bool matcher_has_in_memory(const struct matcher_scope *scope, uint32_t slot)
{
    struct source_trait trait = {0};

    if (scope->slots[slot].name != SOURCE_UNKNOWN)
        source_trait(scope->source, scope->person, scope->slots[slot].name, scope->plan->as_of,
                     &trait);
    return trait.is_found;
}

static void trait_value(struct matcher_scope *scope, uint32_t slot, struct value *out_value)
{
    struct matcher_slot *known = &scope->slots[slot];

    if (known->person != scope->person) {
        known->value = (struct value){.type = VALUE_NULL};
        if (scope->find)
            note(scope,
                 scope->find(scope->argument, slot, known->name, scope->person, &known->value));
        else if (known->name != SOURCE_UNKNOWN)
            look_up(scope, known);
        known->person = scope->person;
    }
    *out_value = known->value;
}

void matcher_warm(struct matcher_scope *scope)
{
    struct value value;

    for (uint32_t slot = 0; slot < scope->plan->trait_count; slot++)
        trait_value(scope, slot, &value);
}

void matcher_value(struct matcher_scope *scope, const struct matcher_property *property,
                   const struct source_event *event, struct value *out_value)
{
    if (property->is_trait)
        trait_value(scope, property->trait, out_value);
    else if (property->id == SOURCE_UNKNOWN)
        *out_value = (struct value){.type = VALUE_NULL};
    else
        source_value(scope->source, event, property->id, out_value);
}

/* Tests of one value that is no list. */

static bool contains(str text, str part)
{
    return !part.len || memmem(text.data, text.len, part.data, part.len);
}

static bool equals(const struct value *value, const struct matcher_wanted *wanted)
{
    if (value->type != wanted->type)
        return false;
    switch (value->type) {
    case VALUE_BOOL:
    case VALUE_TEXT:
        return value->code == wanted->code;
    case VALUE_NUMBER:
        return decimal_compare(value->number, wanted->number) == 0;
    case VALUE_NULL:
    case VALUE_LIST:
    case VALUE_OBJECT:
        break;
    }
    return false;
}

static bool is_ordered(const struct matcher_scope *scope, enum query_test test,
                       const struct value *value, const struct matcher_wanted *wanted)
{
    int order;

    if (value->type != wanted->type)
        return false;
    if (value->type == VALUE_NUMBER)
        order = decimal_compare(value->number, wanted->number);
    else if (value->type == VALUE_TEXT)
        order = str_compare(source_text(scope->source, value->code), wanted->text);
    else if (value->type == VALUE_BOOL)
        order = (int)value->code - (int)wanted->code;
    else
        return false;
    if (test == TEST_GT)
        return order > 0;
    if (test == TEST_GTE)
        return order >= 0;
    return test == TEST_LT ? order < 0 : order <= 0;
}

static bool test_one(const struct matcher_scope *scope, const struct matcher_condition *condition,
                     const struct value *value)
{
    const struct matcher_wanted *wanted = condition->wanted;

    if (value->type == VALUE_NULL)
        return false;
    switch (condition->test) {
    case TEST_SET:
        return true;
    case TEST_IS:
    case TEST_IN:
        for (size_t i = 0; i < condition->wanted_count; i++)
            if (equals(value, &wanted[i]))
                return true;
        return false;
    case TEST_CONTAINS:
        return value->type == VALUE_TEXT &&
               contains(source_text(scope->source, value->code), wanted->text);
    case TEST_STARTS:
        return value->type == VALUE_TEXT &&
               str_starts(source_text(scope->source, value->code), wanted->text);
    case TEST_GT:
    case TEST_GTE:
    case TEST_LT:
    case TEST_LTE:
        return is_ordered(scope, condition->test, value, wanted);
    }
    return false;
}

static bool test_any(const struct matcher_scope *scope, const struct matcher_condition *condition,
                     const struct value *value)
{
    if (value->type != VALUE_LIST)
        return test_one(scope, condition, value);
    for (uint32_t i = 0; i < value->count; i++) {
        struct value element;

        source_element(scope->source, value, i, &element);
        if (test_any(scope, condition, &element))
            return true;
    }
    return false;
}

static bool test(const struct matcher_scope *scope, const struct matcher_condition *condition,
                 const struct value *value)
{
    return test_any(scope, condition, value) != condition->is_negated;
}

bool matcher_trait_passes(const struct matcher_plan *plan, const struct matcher_condition *trait,
                          const struct value *value)
{
    struct matcher_scope scope = {.plan = plan, .source = plan->source};

    return test(&scope, trait, value);
}

/* Conditions. Inside "each" the properties are those of one object in a list. */

static bool holds(struct matcher_scope *scope, const struct matcher_condition *condition,
                  const struct source_event *event, const struct value *object);

static void value_in(struct matcher_scope *scope, const struct matcher_property *property,
                     const struct source_event *event, const struct value *object,
                     struct value *out_value)
{
    if (!object || property->is_trait || property->id == SOURCE_UNKNOWN)
        matcher_value(scope, property, event, out_value);
    else
        source_member(scope->source, object, property->id, out_value);
}

static bool holds_for_one(struct matcher_scope *scope, const struct matcher_condition *condition,
                          const struct source_event *event, const struct value *object)
{
    struct value list, element;

    value_in(scope, &condition->property, event, object, &list);
    if (list.type != VALUE_LIST)
        return false;
    for (uint32_t i = 0; i < list.count; i++) {
        source_element(scope->source, &list, i, &element);
        if (element.type == VALUE_OBJECT && holds(scope, condition->children, event, &element))
            return true;
    }
    return false;
}

static bool holds(struct matcher_scope *scope, const struct matcher_condition *condition,
                  const struct source_event *event, const struct value *object)
{
    struct value value;

    switch (condition->kind) {
    case CONDITION_ALL:
        for (size_t i = 0; i < condition->child_count; i++)
            if (!holds(scope, &condition->children[i], event, object))
                return false;
        return true;
    case CONDITION_ANY:
        for (size_t i = 0; i < condition->child_count; i++)
            if (holds(scope, &condition->children[i], event, object))
                return true;
        return false;
    case CONDITION_NOT:
        return !holds(scope, condition->children, event, object);
    case CONDITION_EACH:
        return holds_for_one(scope, condition, event, object);
    case CONDITION_TEST:
        value_in(scope, &condition->property, event, object, &value);
        return test(scope, condition, &value);
    }
    return false;
}

bool matcher_passes(struct matcher_scope *scope, const struct matcher_condition *condition,
                    const struct source_event *event)
{
    return !condition || holds(scope, condition, event, NULL);
}

bool matcher_matches(struct matcher_scope *scope, const struct matcher_event *matcher,
                     const struct source_event *event)
{
    bool is_named = matcher->is_any ? event->type == EVENT_TRACK || event->type == EVENT_PAGE ||
                                          event->type == EVENT_SCREEN
                                    : event->name == matcher->name;

    return is_named && matcher_passes(scope, matcher->where, event);
}
