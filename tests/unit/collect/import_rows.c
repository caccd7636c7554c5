/* import_rows.c - a codec run over a text as an import does, every promise of it checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "import_rows.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

static const millis RECEIVED = INT64_C(1800000000000);

/* As it is to be stored. */
static str check_message(struct import_rows *rows, const struct message *message)
{
    struct message_setting setting = {.received = RECEIVED,
                                      .context = JSON_ABSENT,
                                      .is_history = true,
                                      .visitors = rows->visitors};
    struct message again;
    struct json doc;

    assert(!message->is_misfit && message->json.len <= MESSAGE_MOST_BYTES);
    assert(!json_parse_copy(rows->reader, rows->mem, message->json, &doc));
    assert(!message_read(&doc, 0, &setting, rows->mem, &again));
    assert(!again.is_misfit);
    assert(again.type == message->type && again.flags == message->flags);
    assert(again.time == message->time);
    assert(str_equals(again.user, message->user));
    assert(rows->visitors || str_equals(again.anonymous, message->anonymous));
    assert(str_equals(again.previous, message->previous));
    assert(str_equals(again.message_id, message->message_id));
    assert(message->message_id.len > 0);
    return again.json;
}

static void take(struct import_rows *rows, struct import_codec codec, const struct import_row *row,
                 uint64_t cut_at)
{
    uint64_t line = row->line ? row->line : cut_at;
    size_t room = IMPORT_GROWTH * row->text.len + IMPORT_FIXED + codec.overhead;
    char *text = mem_alloc(room); /* of its own, so that a write behind it is noticed */
    struct message message;
    struct import_out out = {&message, text, rows->mem, S("import-file-"), line, RECEIVED};
    enum err err;

    assert(text);
    rows->rows += row->rows;
    err = codec.read(codec.state, row, &out);
    buf_print(&rows->out, "%llu ", (unsigned long long)line);
    if (err) {
        assert(err == ERR_INVALID && err_text()[0]);
        buf_print(&rows->out, "!%s", err_text());
        rows->rejected++;
    } else {
        assert(out.at >= text && (size_t)(out.at - text) <= room);
        buf_add(&rows->out, check_message(rows, &message));
        rows->taken++;
    }
    buf_add_byte(&rows->out, '\n');
    mem_free(text);
}

static char *padded(str text)
{
    char *copy = mem_alloc(text.len + JSON_PADDING);

    assert(copy);
    if (text.len)
        memcpy(copy, text.data, text.len);
    return copy;
}

void import_rows_run(struct import_rows *rows, struct import_codec codec, str text)
{
    char *copy = padded(text);
    str rest = str_from(copy, text.len);
    struct import_row row;
    uint64_t line = 1;

    while (rest.len) {
        size_t before = rest.len;

        assert(codec.next(codec.state, &rest, true, &row));
        assert(row.line || (rest.len < before && row.lines > 0));
        if (row.text.data && str_trim(row.text).len && row.text.len <= IMPORT_LONGEST_ROW)
            take(rows, codec, &row, line);
        line += row.lines;
    }
    if (codec.finish)
        rows->is_cut_short = codec.finish(codec.state) != OK;
    mem_free(copy);
}

void import_rows_cut(struct import_codec codec, str text, void (*each)(void *), void *argument)
{
    char *copy = padded(text);
    str rest = str_from(copy, text.len);
    struct import_row row;

    while (rest.len) {
        assert(codec.next(codec.state, &rest, true, &row));
        if (row.text.data && str_trim(row.text).len)
            each(argument);
    }
    mem_free(copy);
}
