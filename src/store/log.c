/* log.c - the writer's side of the log: open and recover, group commit, segments ahead of need.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "store/log_int.h"
#include "store/log_later.h"
#include "sys/clock.h"

#include <assert.h>
#include <string.h>

enum {
    DEFAULT_SEGMENT = 64 << 20,
    DEFAULT_RECENT = 32 << 20,
    FILL_AT_ONCE = 1 << 20, /* whole pages, and of every segment a part */
    PAGES_SLAB = 2 << 20,
    LIST_ARENA = 16 << 20
};

/* Opening */

/* Makes the segment hold [0, end) and zeros behind it. After a failed sync the page cache alone may
 * hold the last group, from `last` on, or the zeros of an earlier trimming, and look whole to us:
 * both are written once more, as far as any group can have reached. */
static fallible settle_tail(struct log_segment *segment, uint64_t last, uint64_t end, size_t torn)
{
    uint64_t reach = torn > LOG_MOST_GROUP ? torn : LOG_MOST_GROUP;
    uint64_t to = segment->size - end < reach ? segment->size : end + reach;

    memset(segment->bytes + end, 0, to - end);
    if (to > last)
        TRY(file_write(segment->file, last, segment->bytes + last, to - last));
    return file_sync(segment->file);
}

static fallible damaged(const struct log_segment *segment, uint64_t offset)
{
    return fail(ERR_CORRUPT,
                "log segment %08u is damaged at byte %llu: run `myriad check --salvage` to save "
                "what can be read",
                segment->index, (unsigned long long)offset);
}

/* Walks the groups of the segment that the writer goes on with; `start` is its first place. */
static fallible find_end(struct log *log, struct log_segment *segment, struct log_place start,
                         struct log_recovery *recovery)
{
    struct log_place at = start;
    uint64_t last = 0; /* where the last whole group starts, with the segment's head before it */
    size_t size;

    log_places_begin(&log->places, segment->index, start.seq);
    for (;;) {
        str rest = str_from(segment->bytes + at.offset, segment->size - at.offset);
        struct log_group_head head;

        switch (log_group_find(rest, at, &size)) {
        case LOG_GROUP:
            memcpy(&head, rest.data, sizeof head);
            last = at.offset == start.offset ? 0 : at.offset;
            log_places_note_group(&log->places, rest.data, at.offset);
            at = (struct log_place){at.offset + size, head.next_seq, head.checksum};
            continue;
        case LOG_DAMAGED:
            return damaged(segment, at.offset);
        case LOG_TORN:
        case LOG_END:
            break;
        }
        break;
    }
    log_places_keep(&log->places, segment->index, at.seq);
    log->place = at;
    /* A head without a group: the first group was torn off it. The segment begins anew. */
    log->needs_head = at.offset == start.offset;
    if (log->needs_head)
        at.offset = 0;
    recovery->bytes += at.offset;
    recovery->torn_bytes += size;
    return settle_tail(segment, last, at.offset, size);
}

static fallible use_segment(struct log *log, struct log_segment *segment,
                            struct log_recovery *recovery)
{
    struct log_place start = {sizeof segment->head, segment->head.first_seq,
                              segment->head.previous};

    TRY(find_end(log, segment, start, recovery));
    memcpy(log->page, segment->bytes + log->place.offset / FILE_PAGE * FILE_PAGE,
           log->place.offset % FILE_PAGE);
    file_write_direct(segment->file);
    log->file = segment->file;
    log->file_bytes = segment->size;
    log->index = segment->index;
    segment->file = NULL;
    return OK;
}

/* A file behind the last segment in use: prepared, or its very first group was torn. Without room
 * to make it whole it goes. */
static fallible take_spare(struct log *log, struct log_segment *segment,
                           struct log_recovery *recovery)
{
    size_t size = log_live_bytes(str_from(segment->bytes, segment->size));
    enum err err;

    recovery->torn_bytes += size;
    file_close(log->spare);
    log->spare = NULL;
    err = file_allocate(segment->file, log->config.segment_bytes);
    if (err == ERR_FULL) {
        TRY(file_remove(log->config.sys, segment->path));
        return folder_sync(log->config.sys, log->config.folder);
    }
    if (!err)
        err = settle_tail(segment, 0, 0, size);
    if (!err) {
        file_write_direct(segment->file);
        log->spare = segment->file;
        segment->file = NULL;
    }
    return err;
}

/* Finds the newest segment with a head; those behind it hold nothing. */
static fallible open_newest(struct log *log, const uint32_t *indexes, size_t count,
                            struct log_recovery *recovery)
{
    struct log_segment segment;
    enum err err = OK;

    for (size_t i = count; i-- > 0;) {
        err = log_segment_load(&log->config, indexes[i], FILE_READ | FILE_WRITE, &segment);
        if (!err && segment.has_head) {
            err = use_segment(log, &segment, recovery);
        } else if (!err) {
            err = take_spare(log, &segment, recovery);
        }
        log_segment_unload(&segment);
        if (err || log->file)
            return err;
    }
    return OK;
}

static fallible recover(struct log *log, struct log_recovery *recovery)
{
    struct arena *mem = arena_open(LIST_ARENA);
    uint32_t *indexes;
    size_t count;
    enum err err = mem ? folder_make(log->config.sys, log->config.folder) : mem_exhausted();

    if (!err)
        err = log_segments_list(&log->config, mem, &indexes, &count);
    if (!err)
        err = folder_sync(log->config.sys, log->config.folder);
    if (!err) {
        log->place = (struct log_place){.seq = 1};
        recovery->segments = count;
        err = open_newest(log, indexes, count, recovery);
    }
    if (!err && !log->file) { /* nothing was ever committed */
        log->index = 1;
        log->file = log->spare;
        log->spare = NULL;
        if (!log->file)
            err = log_segment_make(&log->config, log->index, &log->file);
        log->file_bytes = log->config.segment_bytes;
        log->needs_head = true;
    }
    if (!err && log->needs_head)
        log->place.offset = 0;
    arena_close(mem);
    return err;
}

fallible log_open(const struct log_config *config, struct log **out_log,
                  struct log_recovery *out_recovery)
{
    struct log_recovery recovery = {0};
    struct log *log = mem_alloc(sizeof *log);
    enum err err;

    if (!log)
        return mem_exhausted();
    log->config = *config;
    log->config.folder = log->folder = mem_text(config->folder);
    if (!log->config.segment_bytes)
        log->config.segment_bytes = DEFAULT_SEGMENT;
    if (!log->config.recent_bytes)
        log->config.recent_bytes = DEFAULT_RECENT;
    log->lock = mutex_open();
    log->prepare_lock = mutex_open();
    log->grown = condition_open();
    log->called = condition_open();
    log->paced = condition_open();
    err = log->folder && log->lock && log->prepare_lock && log->grown && log->called && log->paced
              ? log_places_init(&log->places)
              : mem_exhausted();
    if (!err)
        err = recover(log, &recovery);
    if (err) {
        log_close(log);
        return err;
    }
    atomic_store(&log->next_seq, log->place.seq);
    atomic_store(&log->durable_seq, log->place.seq);
    log->newest_index = log->index;
    log->stats.segments = log->index - log->needs_head; /* those with something in them */
    log->stats.bytes_live = (log->index - 1) * log->config.segment_bytes + log->place.offset;
    log->newest_bytes = log->place.offset;
    *out_log = log;
    if (out_recovery)
        *out_recovery = recovery;
    return OK;
}

void log_close(struct log *log)
{
    if (!log)
        return;
    if (!log->is_broken && !log->later) /* an import has no time for it */
        log_places_store(log);
    log_later_close(log->later);
    log_places_done(&log->places);
    log_plain_done(log);
    file_close(log->former);
    file_close(log->file);
    file_close(log->spare);
    condition_close(log->grown);
    condition_close(log->called);
    condition_close(log->paced);
    mutex_close(log->prepare_lock);
    mutex_close(log->lock);
    mem_free(log->pages);
    mem_free(log->zeros);
    mem_free(log->folder);
    mem_free(log->marks);
    mem_free(log);
}

/* Writing */

fallible log_broken(void)
{
    return fail(ERR_IO, "the log stopped after a failed write: restart to recover");
}

fallible log_prepare(struct log *log)
{
    enum err err = OK;

    mutex_lock(log->prepare_lock);
    log_plain_trim(log);
    if (log->is_broken)
        err = log_broken();
    else if (!log->spare)
        err = log_segment_make(&log->config, log->index + 1, &log->spare);
    if (err == ERR_IO)
        log->is_broken = true; /* a sync that failed is not tried again */
    mutex_unlock(log->prepare_lock);
    return err;
}

static fallible fill_some(struct log *log)
{
    uint64_t left = log->config.segment_bytes - log->spare_filled;
    size_t size = left < FILL_AT_ONCE ? (size_t)left : FILL_AT_ONCE;
    enum err err;

    if (!log->zeros) {
        log->zeros = mem_alloc_slab(FILL_AT_ONCE);
        if (log->zeros)
            memset(log->zeros, 0, FILL_AT_ONCE);
    }
    err =
        log->zeros ? file_write(log->spare, log->spare_filled, log->zeros, size) : mem_exhausted();
    if (!err && file_sync(log->spare) != OK)
        err = fail(ERR_IO, "a log segment made ahead could not be synced");
    if (err == ERR_IO)
        log->is_broken = true;
    if (!err)
        log->spare_filled += size;
    return err;
}

fallible log_fill(struct log *log, bool *out_is_done)
{
    enum err err = OK;

    mutex_lock(log->prepare_lock);
    if (log->is_broken)
        err = log_broken();
    else if (log->spare && log->spare_filled < log->config.segment_bytes)
        err = fill_some(log);
    *out_is_done = err || !log->spare || log->spare_filled >= log->config.segment_bytes;
    mutex_unlock(log->prepare_lock);
    return err;
}

bool log_tend(struct log *log, uint64_t most_bytes, uint32_t *out_damaged)
{
    *out_damaged = 0;
    return !log->is_broken && log_places_tend(log, most_bytes, out_damaged);
}

static fallible roll(struct log *log)
{
    if (log->place.offset == 0) { /* nothing in it yet, but made when segments were smaller */
        TRY(file_allocate(log->file, log->config.segment_bytes));
        log->file_bytes = log->config.segment_bytes;
        return OK;
    }
    TRY(log_prepare(log));
    log_places_end(&log->places, log->index);
    mutex_lock(log->prepare_lock);
    log->former = log->file; /* groups may wait to be written to it */
    log->file = log->spare;
    log->file_bytes = log->config.segment_bytes;
    log->spare = NULL;
    log->spare_filled = 0;
    log->index++;
    mutex_unlock(log->prepare_lock);
    log->place.offset = 0;
    log->needs_head = true;
    return OK;
}

static fallible make_pages(struct log *log, size_t size)
{
    char *pages;

    if (size <= log->pages_room)
        return OK;
    size = (size + PAGES_SLAB - 1) / PAGES_SLAB * PAGES_SLAB;
    pages = mem_alloc_slab(size); /* the fewer the pages, the less a direct write has to look up */
    if (!pages)
        return mem_exhausted();
    mem_free(log->pages);
    log->pages = pages;
    log->pages_room = size;
    return OK;
}

static char *open_group(const struct log *log)
{
    return log->pages + log->group_at;
}

fallible log_begin(struct log *log, size_t bytes, size_t records, node_id nodes)
{
    size_t most = sizeof(struct log_segment_head) + sizeof(struct log_group_head) +
                  sizeof(uint64_t) + bytes +
                  records * (sizeof(struct log_record_head) + VAULT_OVERHEAD + LOG_ALIGN);

    if (log->is_broken)
        return log_broken();
    assert(!log->is_open_group);
    if (most > LOG_MOST_GROUP || most > log->config.segment_bytes)
        return fail(ERR_LIMIT, "a group of %zu bytes is too large for the log", most);
    TRY(make_pages(log, most + 2 * FILE_PAGE));
    TRY(vault_reserve(log->config.vault, nodes));
    if (log->place.offset + most > log->file_bytes)
        TRY(roll(log));
    TRY(log_plain_make(log, bytes, records));
    if (log->needs_head) {
        log->group_at = sizeof(struct log_segment_head);
        log_places_begin(&log->places, log->index, log->place.seq);
    } else {
        log->group_at = log->place.offset % FILE_PAGE;
    }
    log->group_len = 0;
    log->group_most = most;
    log->group_records = 0;
    log->is_open_group = true;
    return OK;
}

struct buf *log_payload(struct log *log)
{
    return &log->plain->text;
}

/* A view of the part in `text`; what was written to its end is there already. */
static str keep(struct buf *text, str part)
{
    char *at = text->data + text->len;

    if (!part.len || part.data + part.len == at)
        return part;
    assert(text->room - text->len >= part.len); /* reserved by log_begin */
    memcpy(at, part.data, part.len);
    text->len += part.len;
    return (str){at, part.len};
}

static void add_plain(struct log *log, const struct log_entry *entry, uint64_t seq)
{
    struct log_plain *plain = log->plain;
    struct log_plain_record *record = &plain->records[plain->count++];

    assert(plain->count <= plain->room && !buf_is_broken(&plain->text));
    record->entry = *entry;
    record->seq = seq;
    record->entry.payload = keep(&plain->text, entry->payload);
    record->entry.clear = keep(&plain->text, entry->clear);
}

/* Of the segment: where the group's records begin. */
static uint64_t group_offset(const struct log *log)
{
    return (log->needs_head ? sizeof(struct log_segment_head) : log->place.offset) +
           sizeof(struct log_group_head);
}

uint64_t log_add(struct log *log, const struct log_entry *entry)
{
    uint64_t seq = atomic_load_explicit(&log->next_seq, memory_order_relaxed);
    char *record = open_group(log) + sizeof(struct log_group_head) + log->group_len;
    struct log_record_head head = {
        .kind = (uint16_t)entry->kind,
        .seq = seq,
        .count = entry->count,
        .node = entry->node,
        .clear_bytes = (uint32_t)entry->clear.len,
        .sealed_bytes = entry->payload.data ? (uint32_t)(entry->payload.len + VAULT_OVERHEAD) : 0,
    };
    size_t content = sizeof head + head.clear_bytes + head.sealed_bytes;

    assert(log->is_open_group && entry->count > 0);
    head.bytes = (uint32_t)((content + LOG_ALIGN - 1) / LOG_ALIGN * LOG_ALIGN);
    assert(log_group_size(log->group_len + head.bytes) + sizeof(struct log_segment_head) <=
           log->group_most);
    memcpy(record, &head, sizeof head);
    if (entry->clear.len)
        memcpy(record + sizeof head, entry->clear.data, entry->clear.len);
    memset(record + content, 0, head.bytes - content);
    add_plain(log, entry, seq);
    log_places_note(&log->places, seq, entry->count, group_offset(log) + log->group_len);
    log->group_len += head.bytes;
    log->group_records++;
    atomic_store_explicit(&log->next_seq, seq + entry->count, memory_order_relaxed);
    return seq;
}

void log_abandon(struct log *log)
{
    assert(log->is_open_group);
    atomic_store(&log->next_seq, log->place.seq);
    log_places_drop(&log->places);
    log_plain_release(log->plain);
    log->plain = NULL;
    log->is_open_group = false;
}

static void write_segment_head(struct log *log)
{
    struct log_segment_head head = {
        .magic = LOG_SEGMENT_MAGIC,
        .format = LOG_FORMAT,
        .index = log->index,
        .first_seq = log->place.seq,
        .previous = log->place.chain,
    };

    memcpy(head.workspace, vault_workspace_id(log->config.vault), VAULT_ID_SIZE);
    log_segment_head_close(&head);
    memcpy(log->pages, &head, sizeof head);
}

/* What the next group needs to know of this one is known now, though it is not written yet. */
static struct log_closed close_group(struct log *log)
{
    uint64_t next_seq = atomic_load(&log->next_seq);
    size_t end = log->group_at + log_group_size(log->group_len);
    struct log_closed closed = {
        .file = log->file,
        .former = log->former,
        .index = log->index,
        .place = log->place,
        .next_seq = next_seq,
        .records = log->group_records,
        .pages = log->pages,
        .size = (end + FILE_PAGE - 1) / FILE_PAGE * FILE_PAGE,
        .group_at = log->group_at,
        .group_len = log->group_len,
        .is_first = log->needs_head,
        .offset = log->place.offset / FILE_PAGE * FILE_PAGE,
    };
    struct log_group_head head;

    log_group_head_write(open_group(log), log->group_len, log->group_records, log->place, next_seq);
    if (log->needs_head) {
        write_segment_head(log);
        closed.place.offset = sizeof(struct log_segment_head);
    }
    memset(log->pages + end, 0, closed.size - end);
    memcpy(&head, open_group(log), sizeof head);
    closed.end = closed.place.offset + log_group_size(log->group_len);
    closed.plain = log_plain_close(log, log->place.seq, next_seq);
    log_places_keep(&log->places, log->index, next_seq);
    log->place = (struct log_place){closed.end, next_seq, head.checksum};
    log->former = NULL;
    log->needs_head = false;
    log->is_open_group = false;
    return closed;
}

/* False: nothing is to be written, `*out_err` says why. */
static bool can_close(struct log *log, enum err *out_err)
{
    assert(log->is_open_group);
    *out_err = OK;
    if (log->group_records == 0) {
        log_abandon(log);
        return false;
    }
    if (log->is_broken)
        *out_err = log_broken();
    return !*out_err;
}

fallible log_commit(struct log *log)
{
    struct log_closed closed;
    enum err err;

    TRY(log_wait(log));
    if (!can_close(log, &err))
        return err;
    closed = close_group(log);
    return log_write_closed(log, &closed);
}

fallible log_commit_later(struct log *log)
{
    struct log_closed closed;
    enum err err;

    if (!can_close(log, &err))
        return err;
    closed = close_group(log);
    return log_later_put(log, &closed);
}

/* Marks */

void log_mark_note(struct log *log, uint32_t index, struct log_place place)
{
    struct log_mark *last;

    mutex_lock(log->lock);
    last = log->mark_count ? &log->marks[log->mark_count - 1] : NULL;
    if (!last || (place.seq > last->place.seq &&
                  (index > last->index || place.offset >= last->place.offset + LOG_MARK_EVERY))) {
        if (log->mark_count == log->mark_room) {
            size_t room = log->mark_room ? log->mark_room * 2 : 64;
            struct log_mark *grown = mem_grow(log->marks, room * sizeof *grown);

            if (grown) {
                log->marks = grown;
                log->mark_room = room;
            }
        }
        if (log->mark_count < log->mark_room) /* without memory it is found more slowly */
            log->marks[log->mark_count++] = (struct log_mark){index, place};
    }
    mutex_unlock(log->lock);
}

bool log_mark_find(struct log *log, uint64_t seq, struct log_mark *out_mark)
{
    size_t low = 0, high;

    mutex_lock(log->lock);
    high = log->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->marks[middle].place.seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low)
        *out_mark = log->marks[low - 1];
    mutex_unlock(log->lock);
    return low > 0;
}

size_t log_most_group(const struct log *log)
{
    return log->config.segment_bytes < LOG_MOST_GROUP ? (size_t)log->config.segment_bytes
                                                      : LOG_MOST_GROUP;
}

uint64_t log_next_seq(const struct log *log)
{
    return atomic_load(&((struct log *)log)->next_seq);
}

uint64_t log_durable_seq(const struct log *log)
{
    return atomic_load_explicit(&((struct log *)log)->durable_seq, memory_order_acquire);
}

void log_stats_read(struct log *log, struct log_stats *out_stats)
{
    mutex_lock(log->lock);
    *out_stats = log->stats;
    out_stats->recent_bytes = log->recent;
    out_stats->recent_seq = log->oldest ? log->oldest->first_seq : 0;
    mutex_unlock(log->lock);
}

fallible log_extents(struct log *log, struct arena *mem, struct log_extent **out_extents,
                     size_t *out_count)
{
    struct log_extent *extents;
    uint32_t *indexes, newest;
    uint64_t newest_bytes;
    size_t count, used = 0;

    mutex_lock(log->lock);
    newest = log->newest_index;
    newest_bytes = log->newest_bytes;
    mutex_unlock(log->lock);
    TRY(log_segments_list(&log->config, mem, &indexes, &count));
    extents = arena_array(mem, count + 1, sizeof *extents);
    if (!extents)
        return arena_exhausted();
    for (size_t i = 0; i < count && indexes[i] <= newest; i++) {
        char path[LOG_PATH];
        struct file *file;
        enum err err;

        extents[used] = (struct log_extent){indexes[i], newest_bytes};
        if (indexes[i] < newest) {
            log_segment_path(&log->config, indexes[i], path);
            TRY(file_open(log->config.sys, path, FILE_READ, &file));
            err = file_size(file, &extents[used].bytes);
            file_close(file);
            TRY(err);
        }
        used++;
    }
    *out_extents = extents;
    *out_count = used;
    return OK;
}
