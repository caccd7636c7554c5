/* fuzz_import_csv.c - any bytes as a CSV file: every row is a sound message or says why not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../unit/collect/import_rows.c"

#include "collect/import_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan(void *table)
{
    import_table_scan(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct import_rows rows;
    struct import_table *table;
    struct import_map map;
    str text = str_from(data, size);

    if (!rows.mem) {
        rows.mem = arena_open(64u << 20);
        rows.reader = json_reader_open();
        assert(rows.mem && rows.reader);
    }
    arena_reset(rows.mem);
    buf_clear(&rows.out);
    import_map_default(&map);
    /* The first byte chooses what the others are, besides. */
    map.delimiter = size && data[0] == ';' ? ';' : ',';
    if (!size ||
        import_table_open(data[0] == 'p' ? IMPORT_PEOPLE : IMPORT_EVENTS, &map, text, true, &table))
        return 0;
    import_rows_cut(import_table_codec(table), text, scan, table);
    import_table_decide(table);
    import_rows_run(&rows, import_table_codec(table), text);
    import_table_close(table);
    return 0;
}
