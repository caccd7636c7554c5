/* import_table.h - rows of columns made messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Columns event, timestamp, userId, anonymousId, messageId, type, previousId and groupId have that
 * meaning, context.* and traits.* are those (dots nest), every other column is a property, also as
 * properties.NAME; `seq`, of our own export, and one without a name are left out. The file is read
 * twice: import_table_scan decides the types over all of it.
 */
#pragma once
#include "collect/import_codec.h"
#include "collect/import_map.h"

struct import_table;

enum import_table_kind {
    IMPORT_EVENTS,
    IMPORT_PEOPLE, /* identify calls: every other column is a trait */
    IMPORT_ORDERS, /* line items: see import_orders.h */
};

/* `head` is the start of the content with the whole first row, all of it when `is_whole`. The map
 * is borrowed. ERR_INVALID: its columns make no messages. */
fallible import_table_open(enum import_table_kind kind, const struct import_map *map, str head,
                           bool is_whole, struct import_table **out_table);
void import_table_close(struct import_table *table); /* NULL is fine */
struct import_codec import_table_codec(struct import_table *table);
/* Looks at the row that came last for what its columns may be. */
void import_table_scan(struct import_table *table);
/* All rows were looked at: decides, and starts again at the first. */
void import_table_decide(struct import_table *table);
/* Appends {"name","as","type"} of each column as an array. */
struct json_writer;
void import_table_describe(const struct import_table *table, struct json_writer *w);
