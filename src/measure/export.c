/* export.c - stored events as lines of JSON, in the order of the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/export.h"

#include "base/json.h"
#include "base/mem.h"
#include "measure/machines.h"
#include "store/deletions.h"
#include "store/log.h"

#include <inttypes.h>

enum { LINE_MEMORY = 64 << 20, RECORDS_AT_ONCE = 16384 };

struct export
{
    struct log_reader *log;
    struct deletions *deletions; /* NULL: nothing is left out */
    struct verdicts *verdicts;   /* NULL: none was revised */
    bool is_human;               /* machines are left out */
    struct json_reader *reader;
    struct arena *mem; /* of one line */
    uint64_t from;
    uint64_t until;
    uint64_t place;
    struct record_events it; /* of the record under way */
    bool is_inside;          /* there is one */
};

fallible export_open(struct log *log, uint64_t from, uint64_t until, struct export **out_export)
{
    struct export *export = mem_alloc(sizeof *export);
    enum err err;

    if (!export)
        return mem_exhausted();
    export->from = export->place = from ? from : 1;
    export->until = until;
    export->reader = json_reader_open();
    export->mem = arena_open(LINE_MEMORY);
    err = export->reader && export->mem
              ? log_reader_open(log, export->from, LOG_PLAIN, &export->log)
              : mem_exhausted();
    if (err) {
        export_close(export);
        return err;
    }
    *out_export = export;
    return OK;
}

void export_close(struct export *export)
{
    if (!export)
        return;
    log_reader_close(export->log);
    json_reader_close(export->reader);
    arena_close(export->mem);
    mem_free(export);
}

void export_without(struct export *export, struct deletions *deletions)
{
    export->deletions = deletions;
}

void export_verdicts(struct export *export, struct verdicts *verdicts, bool is_human)
{
    export->verdicts = verdicts;
    export->is_human = is_human;
}

uint64_t export_place(const struct export *export)
{
    return export->place;
}

/* One line */

static str name_of(enum event_type type)
{
    switch (type) {
    case EVENT_TRACK:
        return S("track");
    case EVENT_PAGE:
        return S("page");
    case EVENT_SCREEN:
        return S("screen");
    case EVENT_IDENTIFY:
        return S("identify");
    case EVENT_GROUP:
        return S("group");
    case EVENT_ALIAS:
        return S("alias");
    }
    return S("track");
}

/* Without the white space between tokens: senders may break lines there. */
static void add_compact(struct buf *out, str json)
{
    size_t from = 0;
    bool is_text = false;

    for (size_t i = 0; i < json.len; i++) {
        char byte = json.data[i];

        if (is_text && byte == '\\') {
            i++;
        } else if (byte == '"') {
            is_text = !is_text;
        } else if (!is_text && (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r')) {
            buf_add_bytes(out, json.data + from, i - from);
            from = i + 1;
        }
    }
    buf_add_bytes(out, json.data + from, json.len - from);
}

/* What came before the year 1 or comes after 9999 is told as that. */
static void write_time(struct json_writer *w, millis at)
{
    static const millis first = -62135596800000, last = 253402300799999;

    json_time(w, at < first ? first : at > last ? last : at);
}

/* The collection takes null and "" for none. */
static bool is_sent(const struct json *doc, uint32_t at)
{
    if (at == JSON_ABSENT || json_type_of(doc, at) == JSON_NULL)
        return false;
    return json_type_of(doc, at) != JSON_STRING || !json_is_string(doc, at, S(""));
}

static void write_message_id(struct json_writer *w, const struct json *doc, uint64_t seq,
                             const struct record_event *event)
{
    uint32_t id = json_find(doc, 0, S("messageId"));

    json_key(w, S("messageId"));
    if (is_sent(doc, id))
        json_verbatim(w, json_raw(doc, id));
    else
        buf_print(w->out, "\"export-%016" PRIx64 "-%" PRIu64 "\"", event->body_hash, seq);
    w->needs_comma = true;
}

/* As it was sent, but for what stands in front and for what only the sender's way here needed. */
static bool is_copied(const struct json *doc, uint32_t key)
{
    static const char *const left_out[] = {"seq",       "type",   "timestamp",
                                           "messageId", "sentAt", "writeKey"};

    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (json_is_string(doc, key, str_of(left_out[i])))
            return false;
    return true;
}

/* What becomes a line. */
struct line {
    uint64_t seq;
    const struct record_event *event;
    enum verdict revised;
    bool is_human; /* none if it is a machine's */
};

static bool is_wanted(const struct line *line, const struct json *doc)
{
    if (!line->is_human)
        return true;
    return line->revised == VERDICT_UNREVISED ? !machines_tell(doc)
                                              : line->revised == VERDICT_HUMAN;
}

static void write_front(struct json_writer *w, const struct line *line, const struct json *doc)
{
    json_key(w, S("seq"));
    json_u64(w, line->seq);
    json_key(w, S("type"));
    json_text(w, name_of(line->event->type));
    json_key(w, S("timestamp"));
    write_time(w, line->event->time);
    write_message_id(w, doc, line->seq, line->event);
}

static void write_revised(const struct json *doc, enum verdict revised, struct buf *out_line)
{
    struct buf context = {0};
    struct json_writer w = {.out = &context};

    machines_write_context(&w, doc, revised);
    buf_add(out_line, S(",\"context\":"));
    add_compact(out_line, buf_str(&context));
    out_line->broken |= buf_is_broken(&context);
    buf_done(&context);
}

static fallible write_line(const struct json *doc, const struct line *line, struct buf *out_line)
{
    bool is_revised = line->revised != VERDICT_UNREVISED;
    struct json_writer w = {.out = out_line};

    json_open(&w, '{');
    write_front(&w, line, doc);
    EACH_MEMBER(doc, 0, key, value)
    {
        if (!is_copied(doc, key) || (is_revised && json_is_string(doc, key, S("context"))))
            continue;
        buf_add_byte(out_line, ',');
        buf_add(out_line, json_raw(doc, key));
        buf_add_byte(out_line, ':');
        add_compact(out_line, json_raw(doc, value));
    }
    if (is_revised)
        write_revised(doc, line->revised, out_line);
    json_shut(&w, '}');
    buf_add_byte(out_line, '\n');
    return buf_is_broken(out_line) ? mem_exhausted() : OK;
}

fallible export_write(const struct json *doc, uint64_t seq, const struct record_event *event,
                      struct buf *out_line)
{
    return write_line(doc, &(struct line){.seq = seq, .event = event}, out_line);
}

/* Parses the message, too; of one that is not wanted nothing is written. */
static fallible read_line(struct json_reader *reader, struct arena *mem, const struct line *line,
                          struct buf *out_line)
{
    struct json doc;
    enum err err = json_parse_copy(reader, mem, line->event->json, &doc);

    if (err == ERR_INVALID || (!err && json_type_of(&doc, 0) != JSON_OBJECT))
        return fail(ERR_CORRUPT, "event %llu in the log is no JSON object",
                    (unsigned long long)line->seq);
    TRY(err);
    return is_wanted(line, &doc) ? write_line(&doc, line, out_line) : OK;
}

fallible export_line(struct json_reader *reader, struct arena *mem, uint64_t seq,
                     const struct record_event *event, struct buf *out_line)
{
    return read_line(reader, mem, &(struct line){.seq = seq, .event = event}, out_line);
}

/* Many */

static fallible enter(struct export *export, bool *out_is_end)
{
    struct log_record record;
    enum err err = log_reader_next(export->log, &record);

    *out_is_end = err == ERR_ABSENT || (!err && record.seq >= export->until);
    if (err)
        return err == ERR_ABSENT ? OK : err;
    export->place = record.seq + record.count;
    if (*out_is_end || record.kind != RECORD_EVENTS || record.is_erased)
        return OK;
    export->place = record.seq;
    export->is_inside = true;
    return record_events_start(&export->it, record.clear, record.payload);
}

static fallible take_record(struct export *export, size_t bytes, struct buf *out_lines)
{
    struct record_event event;

    while (export->place < export->until && out_lines->len < bytes &&
           record_events_next(&export->it, &event)) {
        if (export->place >= export->from && !deletions_has(export->deletions, export->place)) {
            arena_reset(export->mem);
            TRY(read_line(export->reader, export->mem,
                          &(struct line){.seq = export->place,
                                         .event = &event,
                                         .revised = verdicts_find(export->verdicts, export->place),
                                         .is_human = export->is_human},
                          out_lines));
        }
        export->place++;
    }
    export->is_inside = out_lines->len >= bytes && export->place < export->until;
    return export->is_inside ? OK : record_events_finish(&export->it);
}

fallible export_read(struct export *export, size_t bytes, struct buf *out_lines, bool *out_is_end)
{
    bool is_end = export->place >= export->until;
    size_t full = out_lines->len + bytes;

    for (int i = 0; i < RECORDS_AT_ONCE && !is_end && out_lines->len < full; i++) {
        if (!export->is_inside)
            TRY(enter(export, &is_end));
        if (export->is_inside)
            TRY(take_record(export, full, out_lines));
        is_end = is_end || export->place >= export->until;
    }
    *out_is_end = is_end;
    return OK;
}
