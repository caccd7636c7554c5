/* newest.c - counts by the heads of records, then opens those that hold the newest events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/newest.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "measure/export.h"
#include "store/deletions.h"
#include "store/log.h"

enum { LINE_MEMORY = 64 << 20 };

/* A record of events. Each holds one at least: the newest events are in the newest of these. */
struct span {
    uint64_t seq;
    uint32_t count;
};

struct entry {
    uint64_t seq;
    struct buf line;
};

struct newest {
    struct log *log;
    struct deletions *deletions;
    struct json_reader *json;
    struct arena *mem; /* of one event */
    uint64_t place;    /* 0: it rests */
    uint64_t count;
    struct span spans[NEWEST_EVENTS]; /* of this look; spans[n % NEWEST_EVENTS] */
    uint64_t span_count;
    struct entry entries[NEWEST_EVENTS]; /* entries[n % NEWEST_EVENTS] */
    uint64_t entry_count;
};

fallible newest_open(struct log *log, struct deletions *deletions, struct newest **out_newest)
{
    struct newest *newest = mem_alloc(sizeof *newest);

    if (!newest)
        return mem_exhausted();
    newest->log = log;
    newest->deletions = deletions;
    newest->json = json_reader_open();
    newest->mem = arena_open(LINE_MEMORY);
    if (!newest->json || !newest->mem) {
        newest_close(newest);
        return mem_exhausted();
    }
    *out_newest = newest;
    return OK;
}

void newest_rest(struct newest *newest)
{
    for (size_t i = 0; i < NEWEST_EVENTS; i++)
        buf_done(&newest->entries[i].line);
    newest->entry_count = 0;
    newest->place = 0;
}

void newest_close(struct newest *newest)
{
    if (!newest)
        return;
    newest_rest(newest);
    json_reader_close(newest->json);
    arena_close(newest->mem);
    mem_free(newest);
}

/* Counting */

static void count_record(struct newest *newest, const struct log_record *record)
{
    newest->place = record->seq + record->count;
    if (record->kind != RECORD_EVENTS)
        return;
    newest->count += record->count;
    newest->spans[newest->span_count++ % NEWEST_EVENTS] = (struct span){record->seq, record->count};
}

static fallible count_until(struct newest *newest, uint64_t end)
{
    struct log_reader *reader;
    struct log_record record;
    enum err err = OK;

    TRY(log_reader_open(newest->log, newest->place, LOG_CLEAR, &reader));
    while (!err && newest->place < end) {
        err = log_reader_next(reader, &record);
        if (!err)
            count_record(newest, &record);
    }
    log_reader_close(reader);
    if (err != ERR_ABSENT)
        return err;
    newest->place = end; /* the log lacks what was damaged and mended */
    return OK;
}

/* Opening */

/* The first of the newest events of this look, of which there is one. */
static uint64_t first_to_open(const struct newest *newest)
{
    uint64_t events = 0, first = 0;

    for (uint64_t i = newest->span_count;
         i > 0 && newest->span_count - i < NEWEST_EVENTS && events < NEWEST_EVENTS; i--) {
        const struct span *span = &newest->spans[(i - 1) % NEWEST_EVENTS];

        events += span->count;
        first = span->seq;
        if (events > NEWEST_EVENTS)
            first += events - NEWEST_EVENTS;
    }
    return first;
}

static fallible write_entry(struct newest *newest, uint64_t seq, const struct record_event *event)
{
    struct entry *entry = &newest->entries[newest->entry_count % NEWEST_EVENTS];

    arena_reset(newest->mem);
    buf_clear(&entry->line);
    TRY(export_line(newest->json, newest->mem, seq, event, &entry->line));
    entry->line.len--; /* without the line's end */
    entry->seq = seq;
    newest->entry_count++;
    return OK;
}

static fallible write_record(struct newest *newest, uint64_t from, const struct log_record *record)
{
    struct record_events it;
    struct record_event event;
    uint64_t seq = record->seq;

    TRY(record_events_start(&it, record->clear, record->payload));
    while (record_events_next(&it, &event)) {
        if (seq >= from && !deletions_has(newest->deletions, seq))
            TRY(write_entry(newest, seq, &event));
        seq++;
    }
    return record_events_finish(&it);
}

static fallible write_from(struct newest *newest, uint64_t from)
{
    struct log_reader *reader;
    uint64_t place = from;
    enum err err = OK;

    TRY(log_reader_open(newest->log, from, LOG_PLAIN, &reader));
    while (!err && place < newest->place) {
        struct log_record record;

        err = log_reader_next(reader, &record);
        if (err)
            break;
        place = record.seq + record.count;
        if (record.kind == RECORD_EVENTS && !record.is_erased)
            err = write_record(newest, from, &record);
    }
    log_reader_close(reader);
    return err == ERR_ABSENT ? OK : err;
}

/* Both */

static fallible look(struct newest *newest, uint64_t end)
{
    newest->span_count = 0;
    TRY(count_until(newest, end));
    return newest->span_count ? write_from(newest, first_to_open(newest)) : OK;
}

fallible newest_look(struct newest *newest)
{
    uint64_t end = log_durable_seq(newest->log);
    enum err err;

    if (!newest->place)
        newest->place = end;
    if (newest->place >= end)
        return OK;
    err = look(newest, end);
    if (err)
        newest_rest(newest);
    return err;
}

uint64_t newest_count(const struct newest *newest)
{
    return newest->count;
}

uint64_t newest_place(const struct newest *newest)
{
    return newest->place;
}

static const struct entry *entry_at(const struct newest *newest, uint64_t at)
{
    return &newest->entries[at % NEWEST_EVENTS];
}

size_t newest_read(const struct newest *newest, uint64_t place, uint64_t most,
                   struct newest_event *out_events)
{
    uint64_t end = newest->entry_count, oldest = end > NEWEST_EVENTS ? end - NEWEST_EVENTS : 0;
    uint64_t from = end;
    size_t bytes = 0, wanted = 0, count = 0;

    while (from > oldest && wanted < most && bytes < NEWEST_BYTES &&
           entry_at(newest, from - 1)->seq >= place) {
        const struct entry *entry = entry_at(newest, --from);

        if (deletions_has(newest->deletions, entry->seq))
            continue;
        bytes += entry->line.len;
        wanted++;
    }
    for (; from < end; from++) {
        const struct entry *entry = entry_at(newest, from);

        if (!deletions_has(newest->deletions, entry->seq))
            out_events[count++] = (struct newest_event){entry->seq, buf_str(&entry->line)};
    }
    return count;
}
