/* plan_schema.h - what an event's properties must be: a subset of JSON Schema, compiled.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: JSON Schema 2020-12, "Validation". Understood are type, enum, const, required,
 * properties, additionalProperties, items, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
 * minLength, maxLength, pattern, format, minItems and maxItems; docs/plan.md has the limits. Any
 * other keyword is refused by its name: what is not checked must not look as if it were.
 *
 * A compiled schema never changes, but for its counts, and may be shared by threads.
 */
#pragma once
#include "base/decimal.h"
#include "base/json.h"

#include <stdatomic.h>

enum {
    PLAN_SCHEMA_DEPTH = 8,       /* of properties within properties */
    PLAN_SCHEMA_NODES = 1000,    /* properties in all */
    PLAN_SCHEMA_VALUES = 500,    /* of one enum */
    PLAN_SCHEMA_PATTERN = 256,   /* bytes */
    PLAN_SCHEMA_PATTERNS = 100,  /* in one schema */
    PLAN_SCHEMA_PATH = 512,      /* bytes of a path */
    PLAN_SCHEMA_MEMORY = 4 << 20 /* of a compiled schema */
};

enum plan_type {
    PLAN_STRING = 1,
    PLAN_NUMBER = 2,
    PLAN_INTEGER = 4,
    PLAN_BOOLEAN = 8,
    PLAN_ARRAY = 16,
    PLAN_OBJECT = 32,
    PLAN_NULL = 64,
};

/* What can be broken. In the order of plan_schema_rule_name. */
enum plan_rule {
    PLAN_RULE_TYPE,
    PLAN_RULE_REQUIRED,
    PLAN_RULE_ADDITIONAL,
    PLAN_RULE_ENUM,
    PLAN_RULE_CONST,
    PLAN_RULE_MINIMUM,
    PLAN_RULE_MAXIMUM,
    PLAN_RULE_ABOVE, /* exclusiveMinimum */
    PLAN_RULE_BELOW,
    PLAN_RULE_MIN_LENGTH,
    PLAN_RULE_MAX_LENGTH,
    PLAN_RULE_PATTERN,
    PLAN_RULE_FORMAT,
    PLAN_RULE_MIN_ITEMS,
    PLAN_RULE_MAX_ITEMS,
    PLAN_RULE_SIZE, /* not a keyword: there was too much to check */
    PLAN_RULES,
};

/* One that an enum or a const allows. */
struct plan_value {
    enum json_type type; /* neither array nor object */
    str text;            /* of a string */
    decimal number;
};

struct plan_bound {
    bool is_set;
    decimal number;
};

struct plan_size {
    bool is_set;
    uint64_t count;
};

struct plan_member;
struct plan_pattern;

struct plan_node {
    str path;       /* as questions name it: "products.price"; empty for the root */
    unsigned types; /* of enum plan_type; 0: any */
    bool is_required;
    bool is_element;        /* of a list, whose path it has; or what "*" stands for */
    bool allows_more;       /* members without a row of their own */
    struct plan_node *more; /* what those must be; NULL: anything */
    struct plan_node *items;
    struct plan_member *members;
    uint32_t member_count;
    uint32_t *slots; /* 1 + index of a member, 0: none */
    uint32_t slot_mask;
    const struct plan_value *values; /* of the enum; NULL: any */
    uint32_t value_count;
    const struct plan_value *constant;
    struct plan_bound minimum, maximum, above, below;
    struct plan_size min_length, max_length, min_items, max_items;
    struct plan_pattern *pattern;
    str pattern_text;
    const struct plan_format *format;
    atomic_uint_fast64_t counts[PLAN_RULES]; /* events that broke it */
};

struct plan_member {
    str name;
    struct plan_node *node;
};

struct plan_schema {
    struct arena *mem;
    struct plan_node *root;
    struct plan_node **nodes; /* all of them, parents first */
    uint32_t node_count;
    uint32_t pattern_count;
};

/* Compiles the value at `at`. ERR_INVALID names keyword and place; ERR_LIMIT. */
fallible plan_schema_open(const struct json *doc, uint32_t at, struct plan_schema **out_schema);
void plan_schema_close(struct plan_schema *schema); /* NULL is fine */

/* The member of that name, or NULL. */
const struct plan_member *plan_schema_member(const struct plan_node *node, str name);
const char *plan_schema_rule_name(enum plan_rule rule);
/* Appends "string" or "string, null"; nothing where any type is allowed. */
void plan_schema_write_types(struct buf *out, unsigned types);
