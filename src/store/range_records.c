/* range_records.c - cuts a set into records that each fit a group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/range_records.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/log.h"

/* Appends ranges from `*seq` on, as many as go into one record. */
static void add_ranges(const struct deleted *found, size_t bytes, uint64_t *seq, struct buf *out)
{
    uint64_t place = 0, from;

    while (out->len < bytes && deleted_next(found, *seq, &from, seq))
        record_write_range(out, &place, from, *seq);
}

static fallible write_part(struct log *log, enum record_kind kind, const struct buf *clear)
{
    struct log_entry entry = {kind, 0, 1, buf_str(clear), {NULL, 0}};

    if (buf_is_broken(clear))
        return mem_exhausted();
    TRY(log_begin(log, clear->len, 1, 1));
    (void)log_add(log, &entry);
    return log_commit(log);
}

fallible range_records_write(const struct range_records *how, struct log *log,
                             const struct deleted *found)
{
    struct record_deletion head = {.is_first = true, .is_machine = how->is_machine, .at = how->at};
    struct buf ranges = {0}, clear = {0};
    uint64_t seq = 0, from, to;
    enum err err = OK;

    for (; !err && !head.is_last; head.is_first = false) {
        buf_clear(&ranges);
        buf_clear(&clear);
        add_ranges(found, how->part_bytes, &seq, &ranges);
        head.is_last = !deleted_next(found, seq, &from, &to);
        record_start_deletion(&clear, &head);
        buf_add(&clear, buf_str(&ranges));
        err = buf_is_broken(&ranges) ? mem_exhausted() : write_part(log, how->kind, &clear);
    }
    buf_done(&ranges);
    buf_done(&clear);
    return err;
}
