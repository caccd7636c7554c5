/* log_reader.c - records in order: from memory when close behind the writer, else from disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "store/log_int.h"

#include <string.h>

enum { WINDOW = 2 << 20, AHEAD = 8 << 20, LIST_ARENA = 16 << 20, CACHE_LINE = 64, WARM_LINES = 6 };

struct log_reader {
    struct log *log;
    enum log_payloads payloads;
    uint64_t seq; /* of the next record to give */
    bool leads;

    struct log_plain *plain; /* in memory: the group being given, held */
    size_t plain_at;

    struct file *file; /* on disk: NULL until needed */
    uint32_t index;
    struct log_place place; /* of the next group */
    str group_rest;         /* records of the current group not given yet, within window */
    char *window;
    size_t window_room;
    uint64_t window_from;
    size_t window_len;
    uint64_t window_seq; /* what was durable when the window was read: all below it */
    char *scratch;       /* the unsealed payload */
    size_t scratch_room;
};

fallible log_reader_open(struct log *log, uint64_t from_seq, enum log_payloads payloads,
                         struct log_reader **out_reader)
{
    struct log_reader *reader = mem_alloc(sizeof *reader);

    if (!reader)
        return mem_exhausted();
    reader->log = log;
    reader->payloads = payloads;
    reader->seq = from_seq ? from_seq : 1;
    *out_reader = reader;
    return OK;
}

void log_reader_lead(struct log_reader *reader)
{
    reader->leads = true;
}

void log_reader_close(struct log_reader *reader)
{
    if (!reader)
        return;
    log_plain_unlead(reader->log, reader);
    log_plain_release(reader->plain);
    file_close(reader->file);
    mem_free(reader->window);
    mem_free(reader->scratch);
    mem_free(reader);
}

/* From memory */

static bool hold_plain(struct log_reader *reader)
{
    reader->plain = log_plain_hold(reader->log, reader, reader->seq, reader->plain);
    reader->plain_at = 0;
    return reader->plain;
}

/* The next record is not far: its first bytes are on their way while this one is read. */
static void warm(const struct log_plain *plain, size_t at)
{
    const struct log_entry *entry = &plain->records[at].entry;

    if (at >= plain->count)
        return;
    __builtin_prefetch(entry->clear.data);
    for (size_t i = 0; i < WARM_LINES && i * CACHE_LINE < entry->payload.len; i++)
        __builtin_prefetch(entry->payload.data + i * CACHE_LINE);
}

static bool give_plain(struct log_reader *reader, struct log_record *out)
{
    while (reader->plain && reader->plain_at < reader->plain->count) {
        const struct log_plain_record *record = &reader->plain->records[reader->plain_at++];
        const struct log_entry *entry = &record->entry;

        if (record->seq + entry->count <= reader->seq)
            continue;
        warm(reader->plain, reader->plain_at);
        *out = (struct log_record){record->seq,  entry->count,   entry->kind, entry->node,
                                   entry->clear, entry->payload, false};
        reader->seq = record->seq + entry->count;
        return true;
    }
    return false;
}

/* From disk */

/* What follows is fetched while this is looked at; not where the writer still writes. */
static void fetch_ahead(struct log_reader *reader)
{
    uint64_t end = reader->window_from + reader->window_len;
    struct log_stats stats;

    log_stats_read(reader->log, &stats);
    if (reader->index < stats.segments)
        file_will_read(reader->file, end, AHEAD);
}

/* Makes `need` bytes at place.offset readable in the window if the file has them. */
static fallible fill_window(struct log_reader *reader, size_t need, str *out_bytes)
{
    uint64_t offset = reader->place.offset;
    size_t ready = 0;

    if (offset >= reader->window_from && offset <= reader->window_from + reader->window_len)
        ready = (size_t)(reader->window_from + reader->window_len - offset);
    if (ready < need) {
        size_t room = need > WINDOW ? need : WINDOW;
        uint64_t durable = log_durable_seq(reader->log);
        size_t len;

        if (room > reader->window_room) {
            char *grown = mem_grow(reader->window, room);
            if (!grown)
                return mem_exhausted();
            reader->window = grown;
            reader->window_room = room;
        }
        if (ready) /* the first part of a group that was durable then */
            memmove(reader->window, reader->window + (offset - reader->window_from), ready);
        reader->window_seq = durable;
        reader->window_len = ready;
        reader->window_from = offset;
        TRY(file_read(reader->file, offset + ready, reader->window + ready,
                      reader->window_room - ready, &len));
        reader->window_len += len;
        ready = reader->window_len;
        fetch_ahead(reader);
    }
    *out_bytes = str_from(reader->window + (offset - reader->window_from), ready);
    return OK;
}

static fallible corrupt_at(const struct log_reader *reader)
{
    return fail(ERR_CORRUPT,
                "log segment %08u is damaged at byte %llu (record %llu): run `myriad check "
                "--salvage` to save what can be read",
                reader->index, (unsigned long long)reader->place.offset,
                (unsigned long long)reader->place.seq);
}

static fallible read_head(struct log_reader *reader, uint32_t index,
                          struct log_segment_head *out_head)
{
    char path[LOG_PATH];
    struct file *file;
    size_t len;
    enum err err;

    log_segment_path(&reader->log->config, index, path);
    TRY(file_open(reader->log->config.sys, path, FILE_READ, &file));
    err = file_read(file, 0, out_head, sizeof *out_head, &len);
    if (!err && (len < sizeof *out_head || !log_segment_head_is_sound(out_head) ||
                 out_head->index != index))
        err = fail(ERR_CORRUPT, "the head of log segment %08u is damaged", index);
    if (err) {
        file_close(file);
        return err;
    }
    file_close(reader->file);
    reader->file = file;
    reader->index = index;
    reader->window_len = 0;
    reader->window_from = 0;
    return OK;
}

static fallible next_segment(struct log_reader *reader)
{
    struct log_segment_head head;

    TRY(read_head(reader, reader->index + 1, &head));
    reader->place.offset = 0;
    if (head.first_seq != reader->place.seq || head.previous != reader->place.chain)
        return corrupt_at(reader);
    reader->place.offset = sizeof head;
    return OK;
}

/* Steps over one group; `*out_body` is its records. */
static fallible next_group(struct log_reader *reader, str *out_body)
{
    struct log_group_head head;
    size_t size;
    str bytes;

    if (reader->place.seq >= reader->window_seq)
        reader->window_len = 0; /* it was not yet written when the window was read */
    for (;;) {
        TRY(fill_window(reader, sizeof head, &bytes));
        if (bytes.len >= sizeof head && !log_is_zero(bytes.data, sizeof head))
            break;
        if (!log_is_zero(bytes.data, bytes.len))
            return corrupt_at(reader);
        TRY(next_segment(reader));
    }
    memcpy(&head, bytes.data, sizeof head);
    if (!log_group_head_is_sound(&head))
        return corrupt_at(reader);
    TRY(fill_window(reader, log_group_size(head.body_bytes), &bytes));
    if (log_group_find(bytes, reader->place, &size) != LOG_GROUP)
        return corrupt_at(reader);
    *out_body = str_slice(bytes, sizeof head, sizeof head + head.body_bytes);
    log_mark_note(reader->log, reader->index, reader->place);
    reader->place = (struct log_place){reader->place.offset + size, head.next_seq, head.checksum};
    return OK;
}

/* The newest segment that begins at or before `seq`; it stays open. */
static fallible seek_segment(struct log_reader *reader, uint64_t seq)
{
    struct arena *mem = arena_open(LIST_ARENA);
    struct log_segment_head head;
    struct log_stats stats;
    uint32_t *indexes;
    size_t count;
    enum err err =
        mem ? log_segments_list(&reader->log->config, mem, &indexes, &count) : mem_exhausted();

    log_stats_read(reader->log, &stats);
    for (size_t i = err ? 0 : count; i-- > 0;) {
        if (indexes[i] > stats.segments)
            continue; /* prepared, not used */
        err = read_head(reader, indexes[i], &head);
        if (err || head.first_seq <= seq || i == 0)
            break;
    }
    arena_close(mem);
    if (!err)
        reader->place = (struct log_place){sizeof head, head.first_seq, head.previous};
    return err;
}

/* Goes to a group at or before the one that holds `seq`. */
static fallible seek(struct log_reader *reader, uint64_t seq)
{
    struct log_segment_head head;
    struct log_mark mark;

    reader->group_rest = (str){NULL, 0};
    if (!log_mark_find(reader->log, seq, &mark))
        return seek_segment(reader, seq);
    TRY(read_head(reader, mark.index, &head));
    reader->place = mark.place;
    return OK;
}

static fallible unseal(struct log_reader *reader, const char *bytes,
                       const struct log_record_head *head, struct log_record *out)
{
    struct log_record_head bound = *head;
    str sealed = str_from(bytes + sizeof *head + head->clear_bytes, head->sealed_bytes);
    size_t size = sealed.len - VAULT_OVERHEAD;
    enum err err;

    if (sealed.len < VAULT_OVERHEAD)
        return corrupt_at(reader);
    if (size + 1 > reader->scratch_room) {
        char *grown = mem_grow(reader->scratch, size + 1);
        if (!grown)
            return mem_exhausted();
        reader->scratch = grown;
        reader->scratch_room = size + 1;
    }
    bound.checksum = 0;
    err = vault_unseal(reader->log->config.vault, head->node, str_from(&bound, sizeof bound),
                       sealed, reader->scratch);
    if (err == ERR_EXPIRED) {
        out->is_erased = true;
        return OK;
    }
    if (!err)
        out->payload = str_from(reader->scratch, size);
    return err;
}

static bool opens(const struct log_reader *reader, enum record_kind kind)
{
    return reader->payloads == LOG_PLAIN || (reader->payloads == LOG_NAMES && kind == RECORD_NODE);
}

static fallible give_from_disk(struct log_reader *reader, struct log_record *out)
{
    struct log_record_head head;

    for (;;) {
        struct log_record record;
        const char *bytes;
        str behind;

        while (reader->group_rest.len < sizeof head) { /* salvage may leave less than a record */
            if (reader->place.seq >= log_durable_seq(reader->log)) {
                if (reader->seq < reader->place.seq)
                    reader->seq = reader->place.seq;
                return fail(ERR_ABSENT, "no record yet");
            }
            reader->group_rest.len = 0;
            TRY(next_group(reader, &reader->group_rest));
        }
        bytes = reader->group_rest.data;
        memcpy(&head, bytes, sizeof head); /* the group's checksum vouches for it */
        if (head.bytes > reader->group_rest.len ||
            sizeof head + (uint64_t)head.clear_bytes + head.sealed_bytes > head.bytes)
            return corrupt_at(reader);
        behind = str_slice(reader->group_rest, head.bytes, reader->group_rest.len);
        if (head.kind == LOG_FILLER || head.seq + head.count <= reader->seq) {
            reader->group_rest = behind;
            continue;
        }
        record = (struct log_record){
            .seq = head.seq,
            .count = head.count,
            .kind = (enum record_kind)head.kind,
            .node = head.node,
            .clear = str_from(bytes + sizeof head, head.clear_bytes),
        };
        if (head.sealed_bytes && opens(reader, record.kind))
            TRY(unseal(reader, bytes, &head, &record));
        *out = record;
        reader->group_rest = behind;
        reader->seq = head.seq + head.count;
        return OK;
    }
}

fallible log_reader_next(struct log_reader *reader, struct log_record *out_record)
{
    if (give_plain(reader, out_record))
        return OK;
    if (reader->seq >= log_durable_seq(reader->log)) {
        if (reader->leads)
            log_plain_lead(reader->log, reader, reader->seq);
        return fail(ERR_ABSENT, "no record yet");
    }
    if (reader->group_rest.len < sizeof(struct log_record_head) && hold_plain(reader)) {
        file_close(reader->file);
        reader->file = NULL;
        if (give_plain(reader, out_record))
            return OK;
    }
    if (!reader->file)
        TRY(seek(reader, reader->seq));
    return give_from_disk(reader, out_record);
}

bool log_reader_wait(struct log_reader *reader, int64_t timeout_ms)
{
    struct log *log = reader->log;
    bool in_time = true;

    mutex_lock(log->lock);
    while (in_time && reader->seq >= log_durable_seq(log))
        in_time = condition_wait_for(log->grown, log->lock, timeout_ms);
    mutex_unlock(log->lock);
    return reader->seq < log_durable_seq(log);
}
