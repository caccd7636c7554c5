/* strands.c - windows over the log, used by the nearest follower and given to the neediest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/strands.h"

#include "base/json.h"
#include "base/mem.h"
#include "measure/export.h"
#include "measure/source.h"
#include "store/deletions.h"
#include "store/log.h"

#include <string.h>

enum {
    STRANDS = 16,
    WINDOW = 256 << 10,  /* bytes of lines in a strand, and one event more */
    FILL = 64 << 10,     /* bytes of lines written at once */
    FILL_RECORDS = 4096, /* records looked at for that */
    LINE_MEMORY = 64 << 20,
};

/* One event's name and line in the bytes of its strand. */
struct entry {
    uint64_t seq;
    millis time;
    size_t at;
    uint32_t name_len;
    uint32_t line_len;
    enum event_type type;
};

struct strand {
    struct log_reader *reader; /* NULL: the strand is not in use */
    struct record_events it;   /* of the record under way */
    bool is_inside;            /* there is one */
    uint64_t from, end;        /* the sequence numbers whose events are here */
    uint64_t used;             /* when; the least is the one that nobody misses */
    struct buf bytes;
    struct entry *entries;
    size_t count, room;
};

struct strands {
    struct log *log;
    struct deletions *deletions;
    struct json_reader *json;
    struct arena *mem; /* of one event */
    uint64_t uses;
    struct strand strands[STRANDS];
};

fallible strands_open(struct log *log, struct deletions *deletions, struct strands **out_strands)
{
    struct strands *strands = mem_alloc(sizeof *strands);

    if (!strands)
        return mem_exhausted();
    strands->log = log;
    strands->deletions = deletions;
    strands->json = json_reader_open();
    strands->mem = arena_open(LINE_MEMORY);
    if (!strands->json || !strands->mem) {
        strands_close(strands);
        return mem_exhausted();
    }
    *out_strands = strands;
    return OK;
}

static void give_up(struct strand *strand)
{
    log_reader_close(strand->reader);
    buf_done(&strand->bytes);
    mem_free(strand->entries);
    *strand = (struct strand){0};
}

void strands_rest(struct strands *strands)
{
    for (size_t i = 0; i < STRANDS; i++)
        give_up(&strands->strands[i]);
}

void strands_close(struct strands *strands)
{
    if (!strands)
        return;
    strands_rest(strands);
    json_reader_close(strands->json);
    arena_close(strands->mem);
    mem_free(strands);
}

/* Filling */

static struct entry *add_entry(struct strand *strand)
{
    if (strand->count == strand->room) {
        size_t room = strand->room ? 2 * strand->room : 256;
        struct entry *grown = mem_grow(strand->entries, room * sizeof *grown);

        if (!grown)
            return NULL;
        strand->entries = grown;
        strand->room = room;
    }
    return &strand->entries[strand->count];
}

static str name_of(const struct record_event *event, const struct json *doc, struct arena *mem)
{
    return event->type == EVENT_TRACK ? json_string(doc, json_find(doc, 0, S("event")), mem)
                                      : source_type_name(event->type);
}

static fallible write_entry(struct strands *strands, struct strand *strand, uint64_t seq,
                            const struct record_event *event)
{
    struct entry *entry = add_entry(strand);
    struct buf *bytes = &strand->bytes;
    struct json doc;
    enum err err;
    str name;

    if (!entry)
        return mem_exhausted();
    arena_reset(strands->mem);
    err = json_parse_copy(strands->json, strands->mem, event->json, &doc);
    if (err == ERR_INVALID || (!err && json_type_of(&doc, 0) != JSON_OBJECT))
        return fail(ERR_CORRUPT, "event %llu in the log is no JSON object",
                    (unsigned long long)seq);
    TRY(err);
    name = name_of(event, &doc, strands->mem);
    *entry = (struct entry){.seq = seq,
                            .time = event->time,
                            .type = event->type,
                            .at = bytes->len,
                            .name_len = (uint32_t)name.len};
    buf_add(bytes, name);
    TRY(export_write(&doc, seq, event, bytes));
    bytes->len--; /* without the line's end */
    entry->line_len = (uint32_t)(bytes->len - entry->at - name.len);
    strand->count++;
    return OK;
}

/* Room for more, by forgetting the older half. */
static void forget(struct strand *strand)
{
    size_t first = 0, from;

    while (first < strand->count && strand->entries[first].at < WINDOW / 2)
        first++;
    if (first == strand->count) {
        strand->from = strand->end;
        strand->count = 0;
        buf_clear(&strand->bytes);
        return;
    }
    from = strand->entries[first].at;
    strand->from = strand->entries[first].seq;
    strand->count -= first;
    memmove(strand->entries, strand->entries + first, strand->count * sizeof *strand->entries);
    for (size_t i = 0; i < strand->count; i++)
        strand->entries[i].at -= from;
    strand->bytes.len -= from;
    memmove(strand->bytes.data, strand->bytes.data + from, strand->bytes.len);
}

static fallible take_record(struct strands *strands, struct strand *strand, size_t full)
{
    struct record_event event;

    while (strand->bytes.len < full) {
        if (!record_events_next(&strand->it, &event)) {
            strand->is_inside = false;
            return record_events_finish(&strand->it);
        }
        if (strand->end >= strand->from && !deletions_has(strands->deletions, strand->end))
            TRY(write_entry(strands, strand, strand->end, &event));
        strand->end++;
    }
    return OK;
}

/* What the log lacks after damage that was mended is passed over. */
static fallible enter(struct strands *strands, struct strand *strand)
{
    uint64_t durable = log_durable_seq(strands->log);
    struct log_record record;
    enum err err = log_reader_next(strand->reader, &record);

    if (err == ERR_ABSENT && strand->end < durable)
        strand->end = durable;
    TRY(err);
    strand->end = record.seq;
    strand->is_inside = record.kind == RECORD_EVENTS && !record.is_erased;
    if (strand->is_inside)
        return record_events_start(&strand->it, record.clear, record.payload);
    strand->end = record.seq + record.count;
    return OK;
}

/* ERR_ABSENT: nothing more is durable. */
static fallible fill_some(struct strands *strands, struct strand *strand)
{
    size_t full = strand->bytes.len + FILL;

    for (int i = 0; i < FILL_RECORDS && strand->bytes.len < full; i++) {
        if (!strand->is_inside)
            TRY(enter(strands, strand));
        if (strand->is_inside)
            TRY(take_record(strands, strand, full));
    }
    return OK;
}

/* Adds what follows. A strand that failed is given up: its reader is somewhere. */
static fallible fill(struct strands *strands, struct strand *strand)
{
    enum err err;

    if (strand->bytes.len >= WINDOW || strand->count >= WINDOW / sizeof *strand->entries)
        forget(strand);
    err = fill_some(strands, strand);
    if (!err || err == ERR_ABSENT)
        return OK;
    give_up(strand);
    return err;
}

/* Finding */

static struct strand *find(struct strands *strands, uint64_t place)
{
    struct strand *best = NULL;

    for (size_t i = 0; i < STRANDS; i++) {
        struct strand *strand = &strands->strands[i];

        if (!strand->reader || place < strand->from || place > strand->end)
            continue;
        if (!best || place < strand->end)
            best = strand;
    }
    return best;
}

static fallible begin(struct strands *strands, uint64_t place, struct strand **out_strand)
{
    struct strand *strand = &strands->strands[0];

    for (size_t i = 1; i < STRANDS; i++)
        if (strands->strands[i].used < strand->used)
            strand = &strands->strands[i];
    give_up(strand);
    TRY(log_reader_open(strands->log, place, LOG_PLAIN, &strand->reader));
    strand->from = strand->end = place;
    *out_strand = strand;
    return OK;
}

/* The first entry at or behind `place`. */
static size_t entry_at(const struct strand *strand, uint64_t place)
{
    size_t from = 0, to = strand->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (strand->entries[middle].seq < place)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

fallible strands_view(struct strands *strands, uint64_t place, struct strand_view *out_view)
{
    struct strand *strand;

    place = place ? place : 1;
    strand = find(strands, place);
    if (!strand && place < log_durable_seq(strands->log))
        TRY(begin(strands, place, &strand));
    if (strand && place >= strand->end && place < log_durable_seq(strands->log))
        TRY(fill(strands, strand));
    if (!strand || place >= strand->end) {
        *out_view = (struct strand_view){.strands = strands, .next = place};
        return OK;
    }
    strand->used = ++strands->uses;
    *out_view = (struct strand_view){strands, strand, entry_at(strand, place), strand->end};
    return OK;
}

bool strands_next(struct strand_view *view, struct strand_event *out_event)
{
    const struct strand *strand = view->strand;

    while (strand && view->at < strand->count) {
        const struct entry *entry = &strand->entries[view->at++];
        const char *text = strand->bytes.data + entry->at;

        if (deletions_has(view->strands->deletions, entry->seq))
            continue;
        *out_event = (struct strand_event){.seq = entry->seq,
                                           .time = entry->time,
                                           .type = entry->type,
                                           .name = {text, entry->name_len},
                                           .line = {text + entry->name_len, entry->line_len}};
        return true;
    }
    return false;
}
