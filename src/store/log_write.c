/* log_write.c - a closed group sealed, written, synced and shown to readers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a group needs of the one before, the bytes of the page that both lie in, is known only when
 * that one is sealed: so it is put there here. One thread seals, one at a time writes.
 */
#include "store/log_write.h"

#include "sys/clock.h"

#include <string.h>

enum { AHEAD = 4, CACHE_LINE = 64, WARM_LINES = 16 };

/* A record that comes later: its payload may be in another core's memory, its key anywhere. */
static void warm(const struct log *log, const struct log_plain *plain, size_t at)
{
    const struct log_entry *entry = &plain->records[at].entry;

    if (at >= plain->count)
        return;
    vault_warm(log->config.vault, entry->node);
    for (size_t i = 0; i < WARM_LINES && i * CACHE_LINE < entry->payload.len; i++)
        __builtin_prefetch(entry->payload.data + i * CACHE_LINE);
}

/* `record` has its head, without a checksum, and its clear part. */
static fallible seal_record(struct log *log, char *record, const struct log_entry *entry,
                            uint32_t *out_bytes)
{
    struct log_record_head head;

    memcpy(&head, record, sizeof head);
    if (head.sealed_bytes &&
        vault_seal(log->config.vault, entry->node, str_from(&head, sizeof head), entry->payload,
                   record + sizeof head + head.clear_bytes) != OK)
        return fail(ERR_CORRUPT, "a node's key is gone: nothing can be sealed under it");
    head.checksum = log_record_checksum(record, head.bytes);
    memcpy(record, &head, sizeof head);
    *out_bytes = head.bytes;
    return OK;
}

static fallible seal_group(struct log *log, const struct log_closed *closed)
{
    const struct log_plain *plain = closed->plain;
    char *group = closed->pages + closed->group_at;
    char *record = group + sizeof(struct log_group_head);
    size_t end = closed->group_at + log_group_size(closed->group_len);
    uint32_t bytes = 0;

    if (!closed->is_first)
        memcpy(closed->pages, log->page, closed->group_at);
    for (size_t i = 0; i < plain->count; i++, record += bytes) {
        warm(log, plain, i + AHEAD);
        TRY(seal_record(log, record, &plain->records[i].entry, &bytes));
    }
    log_group_seal_trailer(group, closed->group_len);
    memcpy(log->page, closed->pages + end / FILE_PAGE * FILE_PAGE, end % FILE_PAGE);
    return OK;
}

fallible log_write_seal(struct log *log, const struct log_closed *closed)
{
    enum err err = log->is_broken ? log_broken() : seal_group(log, closed);

    if (err)
        log->is_broken = true;
    return err;
}

static fallible write_group(struct log *log, const struct log_closed *closed, int64_t *out_sync_ns)
{
    int64_t before;

    if (file_write(closed->file, closed->offset, closed->pages, closed->size) != OK)
        return fail(ERR_IO, "a write to log segment %08u failed", closed->index);
    before = clock_mono_ns(log->config.sys);
    if (file_sync(closed->file) != OK)
        return fail(ERR_IO, "a sync of log segment %08u failed", closed->index);
    *out_sync_ns = clock_mono_ns(log->config.sys) - before;
    return OK;
}

fallible log_write_sealed(struct log *log, const struct log_closed *closed)
{
    int64_t sync_ns;
    enum err err = log->is_broken ? log_broken() : write_group(log, closed, &sync_ns);

    file_close(closed->former);
    if (err) {
        log->is_broken = true;
        log_plain_release(closed->plain);
        return err;
    }
    log_mark_note(log, closed->index, closed->place);
    mutex_lock(log->lock);
    log->stats.groups++;
    log->stats.records += closed->records;
    log->stats.sync_ns += (uint64_t)sync_ns;
    log->stats.segments = closed->index;
    log->stats.bytes_live = (closed->index - 1) * log->config.segment_bytes + closed->end;
    log->newest_index = closed->index;
    log->newest_bytes = closed->end;
    mutex_unlock(log->lock);
    log_plain_publish(log, closed->plain);
    return OK;
}

fallible log_write_closed(struct log *log, const struct log_closed *closed)
{
    enum err err = log_write_seal(log, closed);

    if (!err)
        return log_write_sealed(log, closed);
    file_close(closed->former);
    log_plain_release(closed->plain);
    return err;
}
