/* matcher_plain.c - conditions on plain values.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Recursion follows the nesting of the question, which query_parse bounds, or of a value, which
 * flatten.c bounds.
 */
#include "measure/matcher_plain.h"

#include "measure/matcher.h"

#include <string.h>

static bool equals(const struct columns_value *value, const struct query_value *wanted)
{
    switch (value->type) {
    case COLUMNS_FALSE:
    case COLUMNS_TRUE:
        return wanted->type == QUERY_BOOL && wanted->boolean == (value->type == COLUMNS_TRUE);
    case COLUMNS_NUMBER:
        return wanted->type == QUERY_NUMBER && decimal_compare(value->number, wanted->number) == 0;
    case COLUMNS_TEXT:
        return wanted->type == QUERY_TEXT && str_equals(value->text, wanted->text);
    case COLUMNS_NULL:
    case COLUMNS_LIST:
    case COLUMNS_OBJECT:
        break;
    }
    return false;
}

/* Of like types only: < 0, 0, > 0. */
static bool compare(const struct columns_value *value, const struct query_value *wanted,
                    int *out_order)
{
    bool is_bool = value->type == COLUMNS_FALSE || value->type == COLUMNS_TRUE;

    if (value->type == COLUMNS_NUMBER && wanted->type == QUERY_NUMBER)
        *out_order = decimal_compare(value->number, wanted->number);
    else if (value->type == COLUMNS_TEXT && wanted->type == QUERY_TEXT)
        *out_order = str_compare(value->text, wanted->text);
    else if (is_bool && wanted->type == QUERY_BOOL)
        *out_order = (value->type == COLUMNS_TRUE) - (int)wanted->boolean;
    else
        return false;
    return true;
}

static bool is_ordered(enum query_test test, const struct columns_value *value,
                       const struct query_value *wanted)
{
    int order;

    if (!compare(value, wanted, &order))
        return false;
    if (test == TEST_GT)
        return order > 0;
    if (test == TEST_GTE)
        return order >= 0;
    return test == TEST_LT ? order < 0 : order <= 0;
}

static bool contains(str text, str part)
{
    return !part.len || memmem(text.data, text.len, part.data, part.len);
}

static bool test_one(const struct query_condition *test, const struct columns_value *value)
{
    const struct query_value *wanted = test->values;

    if (value->type == COLUMNS_NULL)
        return false;
    switch (test->test) {
    case TEST_SET:
        return true;
    case TEST_IS:
    case TEST_IN:
        for (size_t i = 0; i < test->value_count; i++)
            if (equals(value, &wanted[i]))
                return true;
        return false;
    case TEST_CONTAINS:
        return value->type == COLUMNS_TEXT && contains(value->text, wanted->text);
    case TEST_STARTS:
        return value->type == COLUMNS_TEXT && str_starts(value->text, wanted->text);
    case TEST_GT:
    case TEST_GTE:
    case TEST_LT:
    case TEST_LTE:
        return is_ordered(test->test, value, wanted);
    }
    return false;
}

static bool test_any(const struct query_condition *test, const struct columns_value *value)
{
    if (value->type != COLUMNS_LIST)
        return test_one(test, value);
    for (uint32_t i = 0; i < value->count; i++)
        if (test_any(test, &value->items[i]))
            return true;
    return false;
}

bool matcher_plain_test(const struct query_condition *test, const struct columns_value *value)
{
    return (value && test_any(test, value)) != test->is_negated;
}

static const struct columns_value *member_of(const struct columns_value *object, str path)
{
    const struct columns_member *at = object->members;
    uint32_t count = object->count;

    while (count > 1) {
        uint32_t half = count / 2;

        if (str_compare(at[half].path, path) <= 0) {
            at += half;
            count -= half;
        } else {
            count = half;
        }
    }
    return count && str_equals(at->path, path) ? &at->value : NULL;
}

/* The properties are those of one object in a list. */
static bool holds(const struct query_condition *condition, const struct columns_value *object,
                  const struct matcher_plain_person *person)
{
    switch (condition->kind) {
    case CONDITION_ALL:
        for (size_t i = 0; i < condition->child_count; i++)
            if (!holds(&condition->children[i], object, person))
                return false;
        return true;
    case CONDITION_ANY:
        for (size_t i = 0; i < condition->child_count; i++)
            if (holds(&condition->children[i], object, person))
                return true;
        return false;
    case CONDITION_NOT:
        return !holds(condition->children, object, person);
    case CONDITION_EACH:
        return matcher_plain_each(condition, member_of(object, condition->property), person);
    case CONDITION_TEST:
        if (str_starts(condition->property, S("person.")))
            return person->passes(person->argument, condition);
        return matcher_plain_test(condition, member_of(object, matcher_path(condition->property)));
    }
    return false;
}

bool matcher_plain_each(const struct query_condition *each, const struct columns_value *value,
                        const struct matcher_plain_person *person)
{
    if (!value || value->type != COLUMNS_LIST)
        return false;
    for (uint32_t i = 0; i < value->count; i++)
        if (value->items[i].type == COLUMNS_OBJECT &&
            holds(each->children, &value->items[i], person))
            return true;
    return false;
}

bool matcher_plain_asks_person(const struct query_condition *condition)
{
    if (condition->kind == CONDITION_TEST && str_starts(condition->property, S("person.")))
        return true;
    for (size_t i = 0; i < condition->child_count; i++)
        if (matcher_plain_asks_person(&condition->children[i]))
            return true;
    return false;
}
