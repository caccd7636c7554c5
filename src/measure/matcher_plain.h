/* matcher_plain.h - conditions on values as column files keep them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What matcher.h does event by event is done here once for each distinct value of a property.
 */
#pragma once
#include "measure/query.h"
#include "store/columns.h"

/* Tells whether the person at hand passes a test of a trait; NULL where there is none to ask. */
struct matcher_plain_person {
    bool (*passes)(void *argument, const struct query_condition *test);
    void *argument;
};

/* CONDITION_TEST of a property's value; NULL: the event has none. */
bool matcher_plain_test(const struct query_condition *test, const struct columns_value *value);
/* CONDITION_EACH over the list that `value` is, or is not. */
bool matcher_plain_each(const struct query_condition *each, const struct columns_value *value,
                        const struct matcher_plain_person *person);
/* Is a trait of the person asked for in the condition, however deep? */
bool matcher_plain_asks_person(const struct query_condition *condition);
