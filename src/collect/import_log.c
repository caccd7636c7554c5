/* import_log.c - a log line made a message.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_log.h"

#include "collect/import_text.h"
#include "collect/visitor.h"
#include "proto/weblog.h"

enum { LINES_LOOKED_AT = 64 };

static char *add_visitor(char *at, const struct import_log *log, const struct weblog_line *line,
                         str *out_id)
{
    char *text, *end;

    at = import_text_add(at, S(",\"anonymousId\":\""));
    text = at + VISITOR_BYTES;
    end = import_text_add(text, line->address);
    *end++ = ' ';
    end = import_text_add(end, line->agent);
    visitor_write(log->key, str_from(text, (size_t)(end - text)), at);
    *out_id = str_from(at, VISITOR_BYTES);
    *text++ = '"';
    return text;
}

/* For the server, which knows the key. The text is made behind where its JSON ends at the most. */
static char *add_who(char *at, const struct weblog_line *line)
{
    char *text, *end;

    at = import_text_add(at, S(",\"visitor\":"));
    text = at + 6 * (line->address.len + 1 + line->agent.len) + 2;
    end = import_text_add(text, line->address);
    *end++ = ' ';
    end = import_text_add(end, line->agent);
    return import_text_quoted(at, str_from(text, (size_t)(end - text)));
}

static char *add_properties(char *at, const struct weblog_line *line)
{
    at = import_text_add(at, S(",\"properties\":{\"method\":"));
    at = import_text_quoted(at, line->method);
    at = import_text_add(at, S(",\"path\":"));
    at = import_text_quoted(at, line->path);
    at = import_text_add(at, S(",\"status\":"));
    at = import_text_u64(at, line->status);
    if (line->bytes.data) {
        at = import_text_add(at, S(",\"bytes\":"));
        at = import_text_add(at, line->bytes);
    }
    if (line->referrer.data) {
        at = import_text_add(at, S(",\"referrer\":"));
        at = import_text_quoted(at, line->referrer);
    }
    *at++ = '}';
    return at;
}

static fallible read_line(void *state, const struct import_row *row, struct import_out *out)
{
    const struct import_log *log = state;
    struct message message = {.type = EVENT_TRACK};
    struct weblog_line line;
    const char *defect = weblog_read(row->text, &line);
    char *at = out->at, *start = at;

    if (defect)
        return fail(ERR_INVALID, "%s", defect);
    if (!import_text_is_utf8(row->text))
        return fail(ERR_INVALID, "it is not UTF-8");
    if (!out->file_id.data)
        return fail(ERR_ABSENT, "the row needs an id");
    at = import_text_add(at, S("{\"type\":\"track\",\"event\":\"Request\""));
    at = log->key ? add_visitor(at, log, &line, &message.anonymous) : add_who(at, &line);
    at = import_text_add(at, S(",\"messageId\":"));
    at = import_text_id(at, out->file_id, out->line, &message.message_id);
    at = import_text_add(at, S(",\"timestamp\":\""));
    at = import_text_time(at, line.time);
    *at++ = '"';
    at = add_properties(at, &line);
    if (line.agent.len && !str_equals(line.agent, S("-"))) {
        at = import_text_add(at, S(",\"context\":{\"userAgent\":"));
        at = import_text_quoted(at, line.agent);
        *at++ = '}';
    }
    *at++ = '}';
    message.time = line.time;
    message.json = str_from(start, (size_t)(at - start));
    if (message.json.len > MESSAGE_MOST_BYTES)
        return fail(ERR_INVALID, "the event is larger than 32 KB");
    *out->message = message;
    out->at = at;
    return OK;
}

struct import_codec import_log_codec(struct import_log *log)
{
    return (struct import_codec){log, import_codec_next_line, read_line, NULL, 0};
}

bool import_log_recognise(str head)
{
    struct weblog_line line;

    for (int i = 0; i < LINES_LOOKED_AT && head.len; i++) {
        str text = str_cut(&head, '\n');

        if (str_ends(text, S("\r")))
            text.len--;
        if (!weblog_read(text, &line))
            return true;
    }
    return false;
}
