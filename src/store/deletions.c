/* deletions.c - DELETION records written and folded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/deletions.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/log.h"
#include "sys/thread.h"

enum { PART_BYTES = 1 << 20 };

struct deletions {
    struct mutex *lock; /* of `set` */
    struct deleted *set;
    struct deleted *pending; /* the parts so far of one that is not whole */
    size_t part_bytes;
};

fallible deletions_open(size_t part_bytes, struct deletions **out_deletions)
{
    struct deletions *deletions = mem_alloc(sizeof *deletions);
    enum err err;

    if (!deletions)
        return mem_exhausted();
    deletions->part_bytes = part_bytes ? part_bytes : PART_BYTES;
    deletions->lock = mutex_open();
    err = deletions->lock ? deleted_open(&deletions->set) : mem_exhausted();
    if (!err)
        err = deleted_open(&deletions->pending);
    if (err)
        deletions_close(deletions);
    else
        *out_deletions = deletions;
    return err;
}

void deletions_close(struct deletions *deletions)
{
    if (!deletions)
        return;
    deleted_close(deletions->pending);
    deleted_close(deletions->set);
    mutex_close(deletions->lock);
    mem_free(deletions);
}

static fallible take(struct deletions *deletions, struct deleted *found, uint64_t *out_count)
{
    enum err err;

    mutex_lock(deletions->lock);
    err = deleted_reserve(deletions->set, found);
    if (!err)
        *out_count = deleted_take(deletions->set, found);
    mutex_unlock(deletions->lock);
    return err;
}

fallible deletions_apply(struct deletions *deletions, const struct log_record *record)
{
    struct record_deletion deletion;
    struct record_ranges it;
    uint64_t from, to, count;

    TRY(record_ranges_start(&it, record->clear, record->seq, &deletion));
    if (deletion.is_first)
        deleted_clear(deletions->pending); /* of one that was never finished */
    while (record_ranges_next(&it, &from, &to))
        TRY(deleted_add(deletions->pending, from, to));
    TRY(record_ranges_finish(&it));
    return deletion.is_last ? take(deletions, deletions->pending, &count) : OK;
}

/* Writing */

/* Appends ranges from `*seq` on, as many as go into one record. */
static void add_ranges(const struct deleted *found, size_t bytes, uint64_t *seq, struct buf *out)
{
    uint64_t place = 0, from;

    while (out->len < bytes && deleted_next(found, *seq, &from, seq))
        record_write_range(out, &place, from, *seq);
}

static fallible write_part(struct log *log, const struct buf *clear)
{
    struct log_entry entry = {RECORD_DELETION, 0, 1, buf_str(clear), {NULL, 0}};

    if (buf_is_broken(clear))
        return mem_exhausted();
    TRY(log_begin(log, clear->len, 1, 1));
    (void)log_add(log, &entry);
    return log_commit(log);
}

/* What was written of one that failed half-way is passed over by who reads it: no last part. */
static fallible write_all(const struct deletions *deletions, struct log *log, millis at,
                          const struct deleted *found)
{
    struct record_deletion deletion = {.is_first = true, .at = at};
    struct buf ranges = {0}, clear = {0};
    uint64_t seq = 0, from, to;
    enum err err = OK;

    for (; !err && !deletion.is_last; deletion.is_first = false) {
        buf_clear(&ranges);
        buf_clear(&clear);
        add_ranges(found, deletions->part_bytes, &seq, &ranges);
        deletion.is_last = !deleted_next(found, seq, &from, &to);
        record_start_deletion(&clear, &deletion);
        buf_add(&clear, buf_str(&ranges));
        err = buf_is_broken(&ranges) ? mem_exhausted() : write_part(log, &clear);
    }
    buf_done(&ranges);
    buf_done(&clear);
    return err;
}

fallible deletions_write(struct deletions *deletions, struct log *log, millis at,
                         struct deleted *found, uint64_t *out_count)
{
    enum err err;

    mutex_lock(deletions->lock);
    err = deleted_reserve(deletions->set, found);
    mutex_unlock(deletions->lock);
    TRY(err);
    TRY(write_all(deletions, log, at, found));
    return take(deletions, found, out_count);
}

/* Asking */

bool deletions_has(struct deletions *deletions, uint64_t seq)
{
    bool has;

    if (!deletions)
        return false;
    mutex_lock(deletions->lock);
    has = deleted_has(deletions->set, seq);
    mutex_unlock(deletions->lock);
    return has;
}

uint64_t deletions_count(struct deletions *deletions, uint64_t from, uint64_t to)
{
    uint64_t count;

    if (!deletions)
        return 0;
    mutex_lock(deletions->lock);
    count = deleted_count(deletions->set, from, to);
    mutex_unlock(deletions->lock);
    return count;
}

const struct deleted *deletions_set(const struct deletions *deletions)
{
    return deletions->set;
}
