/* fuzz_export.c - any message leaves as one line that says the same when it is stored again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/sheet.h"
#include "base/json.h"
#include "measure/export.h"
#include "store/record.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err swallow(void *argument, str bytes)
{
    *(size_t *)argument += bytes.len;
    return OK;
}

static void write_sheet(str line, enum sheet_format format)
{
    size_t size = 0;
    struct sheet_config config = {.format = format, .write = swallow, .argument = &size};
    struct sheet *sheet;

    assert(!table_open(TABLE_EVENTS, &config.table));
    if (!table_take(config.table, line)) {
        assert(!table_settle(config.table, &config.columns, &config.count));
        assert(!sheet_open(&config, &sheet));
        assert(!table_take(config.table, line));
        assert(!sheet_row(sheet));
        assert(!sheet_finish(sheet));
        assert(size > 0 && table_left_out(config.table) == 0);
        sheet_close(sheet);
    }
    table_close(config.table);
}

static enum err export(struct arena *mem, enum event_type type, str json, struct buf *out) {
    struct record_event event = {.type = type, .json = json, .time = 1, .body_hash = 2};
    struct json_reader *reader = json_reader_open();
    enum err err;

    assert(reader);
    err = export_line(reader, mem, 3, &event, out);
    json_reader_close(reader);
    return err;
}

/* What the collection would have stored: whole, and within its bounds. */
static bool is_fit(struct arena *mem, str text)
{
    struct json_reader *reader = json_reader_open();
    struct json doc;
    bool is_fit;

    assert(reader);
    is_fit = !json_parse_copy(reader, mem, text, &doc) && !doc.defect_count;
    json_reader_close(reader);
    return is_fit;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum event_type type = size ? EVENT_TRACK + data[0] % EVENT_ALIAS : EVENT_TRACK;
    struct arena *mem = arena_open(64 << 20);
    struct buf first = {0}, second = {0};
    str text = str_from(data, size);

    assert(mem);
    text = size ? str_slice(text, 1, size) : text;
    if (size <= 32 << 10 && is_fit(mem, text) && !export(mem, type, text, &first)) {
        str line = str_slice(buf_str(&first), 0, first.len - 1);

        assert(str_find(line, '\n') < 0 && str_find(line, '\r') < 0);
        assert(!export(mem, type, line, &second));
        assert(str_equals(buf_str(&first), buf_str(&second)));
        write_sheet(line, SHEET_CSV);
        write_sheet(line, SHEET_PARQUET);
    }
    buf_done(&first);
    buf_done(&second);
    arena_close(mem);
    return 0;
}
