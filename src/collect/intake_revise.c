/* intake_revise.c - visitors found out are gathered, and their events marked all at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake_revise.h"

#include "base/mem.h"
#include "collect/traffic_watch.h"
#include "store/deleted.h"
#include "store/log.h"
#include "store/verdicts.h"

enum { MEMORY = 32 << 20 };

static const millis APART = MILLIS_SECOND;

struct intake_revise {
    struct traffic_watch *watch;
    struct verdicts *verdicts;
    struct log *log;
    struct deleted *found; /* to be written */
    struct arena *mem;     /* of one visitor */
    millis written;
};

fallible intake_revise_open(struct traffic_watch *watch, struct verdicts *verdicts, struct log *log,
                            struct intake_revise **out_revise)
{
    struct intake_revise *revise = mem_alloc(sizeof *revise);
    enum err err;

    if (!revise)
        return mem_exhausted();
    revise->watch = watch;
    revise->verdicts = verdicts;
    revise->log = log;
    revise->mem = arena_open(MEMORY);
    err = revise->mem ? deleted_open(&revise->found) : mem_exhausted();
    if (err)
        intake_revise_close(revise);
    else
        *out_revise = revise;
    return err;
}

void intake_revise_close(struct intake_revise *revise)
{
    if (!revise)
        return;
    deleted_close(revise->found);
    arena_close(revise->mem);
    mem_free(revise);
}

static fallible gather(struct intake_revise *revise)
{
    bool found = true;

    while (found) {
        struct traffic_revision revision;

        arena_reset(revise->mem);
        TRY(traffic_watch_revised(revise->watch, revise->mem, &revision, &found));
        for (size_t i = 0; found && i < revision.count; i++)
            TRY(deleted_add(revise->found, revision.runs[i].first,
                            revision.runs[i].first + revision.runs[i].count));
    }
    return OK;
}

fallible intake_revise_step(struct intake_revise *revise, millis now)
{
    struct verdicts_revision machines = {.at = now, .verdict = VERDICT_MACHINE};
    enum err err;
    uint64_t from, to;

    if (now >= revise->written && now - revise->written < APART)
        return OK;
    err = gather(revise);
    if (!deleted_next(revise->found, 0, &from, &to))
        return OK;
    revise->written = now;
    if (!err)
        err = verdicts_write(revise->verdicts, revise->log, &machines, revise->found);
    return err == ERR_IO || err == ERR_CORRUPT ? err : OK;
}
