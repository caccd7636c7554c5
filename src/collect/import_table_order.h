/* import_table_order.h - the rows of one order made one message.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The message is "Order Completed" with a list `products`, a row each. What is the order's may
 * stand in one row or in all of them alike. Without `revenue` it is the sum of price times quantity
 * where every row has a price. traits.* of an order make an identify call of its customer besides.
 */
#pragma once
#include "collect/import_table.h"

struct import_table_order;

/* A row of an order, kept until all of them were read. */
struct import_table_order_row {
    struct import_table_order_row *next;
    uint64_t line;
    bool is_cut; /* it was longer than IMPORT_LONGEST_ROW */
    size_t len;
    char text[];
};

/* The table, of IMPORT_ORDERS, is borrowed. */
fallible import_table_order_open(struct import_table *table, struct import_table_order **out_order);
void import_table_order_close(struct import_table_order *order); /* NULL is fine */
/* Which order the table's latest row is of; absent when it does not say. A view of the row. */
str import_table_order_id(const struct import_table_order *order);
/* Looks at the table's latest row in the first pass: what differs within an order is its items'. */
void import_table_order_scan(struct import_table_order *order);
void import_table_order_decide(struct import_table_order *order);
/* Makes messages of an order's rows; they live until the next. Without traits `out_customer` has no
 * JSON. ERR_INVALID: no row of it can be taken, because of the one at `*out_bad_line`. */
fallible import_table_order_read(struct import_table_order *order,
                                 const struct import_table_order_row *rows, millis received,
                                 struct message *out_order, struct message *out_customer,
                                 uint64_t *out_bad_line);
