/* fuzz_import_log.c - any bytes as a web server's log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../unit/collect/import_rows.c"

#include "collect/import_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct import_rows rows;
    static const hash_key key;
    struct import_log log = {&key};

    if (!rows.mem) {
        rows.mem = arena_open(64u << 20);
        rows.reader = json_reader_open();
        assert(rows.mem && rows.reader);
    }
    arena_reset(rows.mem);
    buf_clear(&rows.out);
    rows.visitors = NULL;
    import_rows_run(&rows, import_log_codec(&log), str_from(data, size));
    /* And as it goes to a server. */
    rows.visitors = &key;
    log.key = NULL;
    import_rows_run(&rows, import_log_codec(&log), str_from(data, size));
    return 0;
}
