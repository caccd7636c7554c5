/* table.h - messages and people as rows of flat columns, for files that know no nesting.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every line is read twice: the first time to learn which columns there are and what they hold,
 * the second time for its cells. A path such as {"a":{"b":1}} is the column a.b; a list is one
 * cell, its JSON text; null and what is empty have no cell. Of an event, columns are
 *
 *   seq timestamp type event userId anonymousId messageId, in this order, then previousId and
 *   groupId where there are any, then context.*, traits.* and the properties, each by name;
 *
 * of a person `id`, then traits.*. A property that is called as one of the others, properties.* or
 * nothing at all is `properties.NAME`. A page's or screen's own `name` is the property name. Other
 * members of a message have no column.
 */
#pragma once
#include "base/arena.h"
#include "base/decimal.h"

struct table;

enum { TABLE_MOST_COLUMNS = 10000, TABLE_LONGEST_PATH = 1024 };

enum table_subject { TABLE_EVENTS, TABLE_PEOPLE };
enum table_kind { TABLE_TEXT = 1, TABLE_NUMBER = 2, TABLE_BOOLEAN = 4, TABLE_LIST = 8 };

struct table_column {
    str name;
    uint32_t handle; /* for table_cell */
    bool is_fixed;   /* seq to groupId; id */
    unsigned kinds;  /* bits of enum table_kind: what its cells hold */
    /* Of its numbers: */
    bool has_inexact;     /* some are doubles */
    int32_t whole_digits; /* before the point, at most */
    int32_t scale;        /* behind it, at most */
};

struct table_cell {
    enum table_kind kind;
    str text; /* of a number as it was written; "true"; a list's JSON. Until the next line. */
    decimal number;
    bool is_true;
};

fallible table_open(enum table_subject subject, struct table **out_table);
void table_close(struct table *table); /* NULL is fine */

/* Takes a line, one JSON object: learns its columns or, once settled, gives its cells. */
fallible table_take(struct table *table, str line);
/* No more is to be learned: the columns are known, in order. They live as long as the table. */
fallible table_settle(struct table *table, const struct table_column **out_columns,
                      size_t *out_count);
/* The cell of the latest line in that column; NULL where it is empty. */
const struct table_cell *table_cell(const struct table *table, uint32_t handle);
/* Values, since settling, for which there is no column: over TABLE_MOST_COLUMNS, too long a path,
 * or one that had not been learned. */
uint64_t table_left_out(const struct table *table);
/* Counts one more, for what a column cannot hold. */
void table_leave_out(struct table *table);
