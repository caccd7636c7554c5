/* verdicts.c - VERDICTS records written and folded.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two sets that share no event. Beside them stands for every 65,536 events which revision was the
 * last of some, so that who has made something of others need not make it again.
 */
#include "store/verdicts.h"

#include "base/mem.h"
#include "store/log.h"
#include "store/range_records.h"
#include "sys/thread.h"

#include <assert.h>
#include <string.h>

enum { AREA = 1 << 16 };

struct verdicts {
    struct mutex *lock; /* of what follows, but for `pending` */
    struct deleted *machines;
    struct deleted *humans;
    uint64_t *versions; /* of each AREA events */
    size_t room;
    uint64_t version;
    struct deleted *pending; /* the parts so far of one that is not whole */
    size_t part_bytes;
};

fallible verdicts_open(size_t part_bytes, struct verdicts **out_verdicts)
{
    struct verdicts *verdicts = mem_alloc(sizeof *verdicts);
    enum err err;

    if (!verdicts)
        return mem_exhausted();
    verdicts->part_bytes = part_bytes ? part_bytes : RANGE_RECORDS_BYTES;
    verdicts->lock = mutex_open();
    err = verdicts->lock ? deleted_open(&verdicts->machines) : mem_exhausted();
    if (!err)
        err = deleted_open(&verdicts->humans);
    if (!err)
        err = deleted_open(&verdicts->pending);
    if (err)
        verdicts_close(verdicts);
    else
        *out_verdicts = verdicts;
    return err;
}

void verdicts_close(struct verdicts *verdicts)
{
    if (!verdicts)
        return;
    deleted_close(verdicts->pending);
    deleted_close(verdicts->humans);
    deleted_close(verdicts->machines);
    mem_free(verdicts->versions);
    mutex_close(verdicts->lock);
    mem_free(verdicts);
}

/* Changing */

static fallible make_versions(struct verdicts *verdicts, const struct deleted *found)
{
    uint64_t from, to = 0, end = 0;
    uint64_t *versions;
    size_t room;

    while (deleted_next(found, to, &from, &to))
        end = to;
    room = end / AREA + 1;
    if (room <= verdicts->room)
        return OK;
    versions = mem_grow(verdicts->versions, room * 2 * sizeof *versions);
    if (!versions)
        return mem_exhausted();
    memset(versions + verdicts->room, 0, (room * 2 - verdicts->room) * sizeof *versions);
    verdicts->versions = versions;
    verdicts->room = room * 2;
    return OK;
}

/* Makes room, so that taking them cannot fail. */
static fallible reserve(struct verdicts *verdicts, const struct deleted *found, bool is_machine)
{
    TRY(make_versions(verdicts, found));
    TRY(deleted_reserve(is_machine ? verdicts->machines : verdicts->humans, found));
    return deleted_reserve_removal(is_machine ? verdicts->humans : verdicts->machines, found);
}

static void take(struct verdicts *verdicts, struct deleted *found, bool is_machine)
{
    uint64_t from, to = 0;

    verdicts->version++;
    while (deleted_next(found, to, &from, &to))
        for (uint64_t area = from / AREA; area <= (to - 1) / AREA; area++)
            verdicts->versions[area] = verdicts->version;
    deleted_remove(is_machine ? verdicts->humans : verdicts->machines, found);
    (void)deleted_take(is_machine ? verdicts->machines : verdicts->humans, found);
}

static fallible take_in(struct verdicts *verdicts, struct deleted *found, bool is_machine)
{
    enum err err;

    mutex_lock(verdicts->lock);
    err = reserve(verdicts, found, is_machine);
    if (!err)
        take(verdicts, found, is_machine);
    mutex_unlock(verdicts->lock);
    return err;
}

fallible verdicts_apply(struct verdicts *verdicts, const struct log_record *record)
{
    struct record_deletion revision;
    struct record_ranges it;
    uint64_t from, to;

    TRY(record_verdicts_start(&it, record->clear, record->seq, &revision));
    if (revision.is_first)
        deleted_clear(verdicts->pending); /* of one that was never finished */
    while (record_ranges_next(&it, &from, &to))
        TRY(deleted_add(verdicts->pending, from, to));
    TRY(record_ranges_finish(&it));
    return revision.is_last ? take_in(verdicts, verdicts->pending, revision.is_machine) : OK;
}

fallible verdicts_write(struct verdicts *verdicts, struct log *log,
                        const struct verdicts_revision *revision, struct deleted *found)
{
    bool is_machine = revision->verdict == VERDICT_MACHINE;
    struct range_records how = {.kind = RECORD_VERDICTS,
                                .is_machine = is_machine,
                                .at = revision->at,
                                .part_bytes = verdicts->part_bytes};
    enum err err;

    assert(revision->verdict != VERDICT_UNREVISED);
    mutex_lock(verdicts->lock);
    err = reserve(verdicts, found, is_machine);
    mutex_unlock(verdicts->lock);
    TRY(err);
    TRY(range_records_write(&how, log, found));
    return take_in(verdicts, found, is_machine);
}

/* Asking */

enum verdict verdicts_look(const struct verdicts *verdicts, uint64_t seq)
{
    if (!verdicts || !verdicts->version)
        return VERDICT_UNREVISED;
    if (deleted_has(verdicts->machines, seq))
        return VERDICT_MACHINE;
    return deleted_has(verdicts->humans, seq) ? VERDICT_HUMAN : VERDICT_UNREVISED;
}

enum verdict verdicts_find(struct verdicts *verdicts, uint64_t seq)
{
    enum verdict verdict;

    if (!verdicts)
        return VERDICT_UNREVISED;
    mutex_lock(verdicts->lock);
    verdict = verdicts_look(verdicts, seq);
    mutex_unlock(verdicts->lock);
    return verdict;
}

bool verdicts_has(const struct verdicts *verdicts, uint64_t from, uint64_t to)
{
    return verdicts && verdicts->version &&
           (deleted_count(verdicts->machines, from, to) ||
            deleted_count(verdicts->humans, from, to));
}

uint64_t verdicts_version(const struct verdicts *verdicts, uint64_t from, uint64_t to)
{
    uint64_t version = 0;

    for (uint64_t area = from / AREA; verdicts && from < to && area <= (to - 1) / AREA; area++) {
        if (area >= verdicts->room)
            break;
        version = verdicts->versions[area] > version ? verdicts->versions[area] : version;
    }
    return version;
}
