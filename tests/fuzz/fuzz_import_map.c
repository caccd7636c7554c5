/* fuzz_import_map.c - any bytes as a map, a NUL, and the file that it describes.
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

static void run(struct import_rows *rows, const struct import_map *map, str text)
{
    struct import_table *table;

    if (import_table_open(IMPORT_EVENTS, map, text, true, &table)) {
        assert(err_text()[0]);
        return;
    }
    import_rows_cut(import_table_codec(table), text, scan, table);
    import_table_decide(table);
    import_rows_run(rows, import_table_codec(table), text);
    import_table_close(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct import_rows rows;
    str text = str_from(data, size), map_text = str_cut(&text, '\0');
    struct import_map map;

    if (!rows.mem) {
        rows.mem = arena_open(64u << 20);
        rows.reader = json_reader_open();
        assert(rows.mem && rows.reader);
    }
    arena_reset(rows.mem);
    buf_clear(&rows.out);
    if (import_map_read(rows.mem, map_text, &map))
        return 0;
    run(&rows, &map, text);
    import_map_done(&map);
    return 0;
}
