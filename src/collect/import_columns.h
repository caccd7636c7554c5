/* import_columns.h - what each column of a file becomes, and in which order a message is written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/import_table.h"

/* The parts of a message that a column can be by its name. */
enum import_field {
    IMPORT_TYPE,
    IMPORT_EVENT,
    IMPORT_USER,
    IMPORT_ANONYMOUS,
    IMPORT_MESSAGE_ID,
    IMPORT_TIMESTAMP,
    IMPORT_PREVIOUS,
    IMPORT_GROUP,
    IMPORT_FIELDS,
};

struct import_column {
    str name; /* absent: left out */
    str key;  /* "name": as JSON, of an item's member */
    enum import_type type;
    struct import_clock clock;
    bool is_value;  /* a property, a trait or part of the context */
    bool is_found;  /* some row has a value */
    bool is_item;   /* of orders: a line item's, in products */
    bool may_be;    /* of orders: an item's, if it differs within one */
    unsigned maybe; /* while it is guessed: IMPORT_MAYBE_... */
};

enum import_group { IMPORT_PROPERTIES, IMPORT_TRAITS, IMPORT_CONTEXT, IMPORT_GROUPS };

/* One part of the text of a row's properties, traits and context, in order. */
struct import_step {
    enum { IMPORT_OPEN, IMPORT_SHUT, IMPORT_CELL, IMPORT_CONSTANT, IMPORT_PRODUCTS } kind;
    enum import_group group;
    str key; /* "name": as JSON */
    uint32_t column;
    str json; /* of a constant */
};

struct import_columns {
    struct import_column *columns;
    uint32_t count;
    int32_t fields[IMPORT_FIELDS]; /* which column it is, or -1 */
    str constants[IMPORT_FIELDS];  /* instead of one */
    /* Of orders, columns or -1: */
    int32_t order_id, revenue, currency, price, quantity;
    bool has_revenue;          /* a constant */
    struct import_clock clock; /* of the timestamp */
    struct import_step *steps;
    uint32_t step_count;
    size_t overhead; /* bytes that keys and constants take in a row at the most */
};

/* Texts are in `mem`. ERR_INVALID: names twice, types of no column, nothing that tells who. */
fallible import_columns_plan(enum import_table_kind kind, const struct import_map *map,
                             const str *names, uint32_t count, struct arena *mem,
                             struct import_columns *out_columns);
/* "event", "property", "trait" ...: what the column becomes. */
const char *import_columns_role(enum import_table_kind kind, const struct import_columns *columns,
                                uint32_t column);
