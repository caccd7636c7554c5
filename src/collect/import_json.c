/* import_json.c - a line is parsed once; what is kept of it is copied once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_json.h"

#include "base/mem.h"
#include "collect/import_text.h"

struct import_json {
    struct json_reader *reader;
};

fallible import_json_open(struct import_json **out_json)
{
    struct import_json *json = mem_alloc(sizeof *json);

    if (json)
        json->reader = json_reader_open();
    if (!json || !json->reader) {
        mem_free(json);
        return mem_exhausted();
    }
    *out_json = json;
    return OK;
}

void import_json_close(struct import_json *json)
{
    if (!json)
        return;
    json_reader_close(json->reader);
    mem_free(json);
}

/* Copies the object with a messageId of its own: of equal keys the last wins. */
static char *add_with_id(char *at, str object, const struct import_out *out, str *out_id)
{
    str inside = str_slice(object, 0, object.len - 1);

    at = import_text_add(at, inside);
    while (inside.len > 1 && (unsigned char)inside.data[inside.len - 1] <= ' ')
        inside.len--;
    if (inside.len > 1)
        *at++ = ',';
    at = import_text_add(at, S("\"messageId\":"));
    at = import_text_id(at, out->file_id, out->line, out_id);
    *at++ = '}';
    return at;
}

static fallible read_line(void *state, const struct import_row *row, struct import_out *out)
{
    struct import_json *json = state;
    struct message_setting setting = {
        .received = out->received, .context = JSON_ABSENT, .is_history = true};
    struct message *message = out->message;
    char *at = out->at, *start;
    struct json doc;

    TRY(json_parse(json->reader, out->mem, row->text, &doc));
    TRY(message_read(&doc, 0, &setting, out->mem, message));
    if (message->is_misfit)
        return fail(ERR_INVALID, "%.*s", STR_ARG(message->reason));
    if (!message->message_id.data && !out->file_id.data)
        return fail(ERR_ABSENT, "the row needs an id");
    at = import_text_keep(at, &message->user);
    at = import_text_keep(at, &message->anonymous);
    at = import_text_keep(at, &message->previous);
    at = import_text_keep(at, &message->message_id);
    start = at;
    at = message->message_id.data ? import_text_add(at, message->json)
                                  : add_with_id(at, message->json, out, &message->message_id);
    message->json = str_from(start, (size_t)(at - start));
    if (message->json.len > MESSAGE_MOST_BYTES)
        return fail(ERR_INVALID, "the event is larger than 32 KB");
    out->at = at;
    return OK;
}

struct import_codec import_json_codec(struct import_json *json)
{
    return (struct import_codec){json, import_codec_next_line, read_line, NULL, 0};
}
