/* import_orders.h - line items grouped into orders: one "Order Completed" for each order_id.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Columns event, timestamp, userId, anonymousId, messageId, traits.* and context.* have their
 * meaning. product_id, sku, category, name, brand, variant, price, quantity, position, url,
 * image_url and products.NAME are the line item's; order_id, checkout_id, affiliation, subtotal,
 * total, revenue, shipping, tax, discount, currency and properties.NAME the order's, and so is any
 * other column that does not differ within an order. Prices and sums must be numbers.
 *
 * Rows of an order need not stand together: the first pass counts them, the second keeps them until
 * the last has come. An order with a row that cannot be taken is rejected whole, each of its rows
 * with a reason. The messageId follows from order_id: an order is imported once, from whichever
 * file. Memory is bounded: so many orders in a file, and so many bytes of rows kept at a time.
 */
#pragma once
#include "collect/import_table.h"

struct import_orders;

/* The table, of IMPORT_ORDERS, is borrowed. */
fallible import_orders_open(struct import_table *table, struct import_orders **out_orders);
void import_orders_close(struct import_orders *orders); /* NULL is fine */
/* For both passes. */
struct import_codec import_orders_codec(struct import_orders *orders);
/* In the first: counts the row that came last. ERR_LIMIT: the file holds too many orders. */
fallible import_orders_scan(struct import_orders *orders);
/* Begins the second pass. */
void import_orders_decide(struct import_orders *orders);
/* Test hook: the bytes of rows that may be kept at a time. */
void import_orders_bound(struct import_orders *orders, size_t bytes);
