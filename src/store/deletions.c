/* deletions.c - DELETION records written and folded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/deletions.h"

#include "base/mem.h"
#include "store/log.h"
#include "store/range_records.h"
#include "sys/thread.h"

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
    deletions->part_bytes = part_bytes ? part_bytes : RANGE_RECORDS_BYTES;
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

static fallible write_all(const struct deletions *deletions, struct log *log, millis at,
                          const struct deleted *found)
{
    struct range_records how = {
        .kind = RECORD_DELETION, .at = at, .part_bytes = deletions->part_bytes};

    return range_records_write(&how, log, found);
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
