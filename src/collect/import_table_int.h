/* import_table_int.h - what reading a row and reading an order's rows share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/import_columns.h"
#include "proto/csv.h"

/* What an order's rows say together. */
struct import_table_products {
    str json;    /* of the list, without its brackets */
    str revenue; /* the sum of price times quantity; absent where the order says it or cannot */
};

struct import_table {
    struct arena *mem;
    enum import_table_kind kind;
    const struct import_map *map;
    struct import_columns plan;
    struct csv_row row; /* that came last */
    bool is_header_ahead;
    uint32_t *guessing; /* columns whose type is still open */
    uint32_t guessing_count;
    const struct import_table_products *products; /* of the order under way */
};

/* What a row says apart from properties, traits and context. */
struct import_table_fields {
    str type;
    str event;
    str user;
    str anonymous;
    str message_id;
    str previous;
    str group;
    enum event_type kind;
    millis time;
    bool has_time;
};

/* The text of a cell; doubled quotes are made single at `*at`. */
str import_table_cell(const struct csv_cell *cell, char **at);
/* Is the row one of the table's? ERR_INVALID says why not. */
fallible import_table_check_row(const struct import_table *table);
/* The fields of the row; texts that stay are written at `*at`. */
fallible import_table_read_fields(const struct import_table *table, char **at,
                                  struct import_table_fields *fields);
/* Writes the message and makes `*out_message` of it. `groups` has a bit for each enum import_group
 * that is wanted; of `out` the file's id, the line and the time of receipt are read. */
fallible import_table_write(const struct import_table *table, struct import_table_fields *fields,
                            unsigned groups, const struct import_out *out, char **at,
                            struct message *out_message);
/* Appends the cell's value behind `key` and a comma; NULL when it is not of its column's type, `at`
 * as it was for an empty cell. */
char *import_table_add_cell(const struct import_column *column, const struct csv_cell *cell,
                            str key, char *at);
fallible import_table_not_its_type(const struct import_column *column, const struct csv_cell *cell);
