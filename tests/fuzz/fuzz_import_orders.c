/* fuzz_import_orders.c - any bytes as line items: every order is a sound message or says why not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../unit/collect/import_rows.c"

#include "collect/import_orders.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan(void *orders)
{
    assert(import_orders_scan(orders) == OK);
}

/* Every row that is not blank is read or rejected once, whatever it is. */
static void count(void *rows)
{
    ++*(uint64_t *)rows;
}

static uint64_t rows_of(struct import_table *table, str text)
{
    uint64_t rows = 0;

    import_rows_cut(import_table_codec(table), text, count, &rows);
    import_table_decide(table);
    return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct import_rows rows;
    struct import_orders *orders;
    struct import_table *table;
    struct import_map map;
    str text = str_from(data, size);
    uint64_t there;

    if (!rows.mem) {
        rows.mem = arena_open(64u << 20);
        rows.reader = json_reader_open();
        assert(rows.mem && rows.reader);
    }
    arena_reset(rows.mem);
    buf_clear(&rows.out);
    rows.rows = 0;
    import_map_default(&map);
    if (!size || import_table_open(IMPORT_ORDERS, &map, text, true, &table))
        return 0;
    there = rows_of(table, text);
    import_table_close(table);
    assert(!import_table_open(IMPORT_ORDERS, &map, text, true, &table));
    assert(!import_orders_open(table, &orders));
    import_rows_cut(import_orders_codec(orders), text, scan, orders);
    import_orders_decide(orders);
    import_rows_run(&rows, import_orders_codec(orders), text);
    assert(!rows.is_cut_short && rows.rows == there);
    import_orders_close(orders);
    import_table_close(table);
    return 0;
}
