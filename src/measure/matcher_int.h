/* matcher_int.h - what conditions look like once compiled, for matcher*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/matcher.h"

/* A wanted value. Unlike types never match, so a text that no event has matches nothing. */
struct matcher_wanted {
    enum value_type type;
    uint32_t code; /* bool: 0 or 1; text: its code or SOURCE_UNKNOWN */
    str text;
    decimal number;
};

struct matcher_condition {
    enum query_condition_kind kind;
    enum query_test test;
    bool is_negated;
    struct matcher_property property;
    const struct matcher_wanted *wanted;
    size_t wanted_count;
    const struct matcher_condition *children;
    size_t child_count;
};

struct matcher_trait {
    str path;
    property_id name; /* in memory, or SOURCE_UNKNOWN */
    struct matcher_trait *next;
};

struct matcher_plan {
    struct arena *mem;
    const struct source *source;
    millis as_of;
    struct matcher_trait *traits; /* by slot from the last to the first */
    uint32_t trait_count;
};

struct matcher_slot {
    property_id name;
    node_id person; /* whose value it is; 0: nobody's yet */
    struct value value;
};

struct matcher_scope {
    const struct matcher_plan *plan;
    const struct source *source;
    node_id person;
    struct matcher_slot *slots;
    matcher_finder find; /* NULL: traits are those in memory */
    void *argument;
    enum err err; /* the first failure of `find` */
};
