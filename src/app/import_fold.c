/* import_fold.c - a thread that follows the log's writer and hands large lots over to be settled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/import_fold.h"

#include "app/import_settle.h"
#include "base/mem.h"
#include "measure/combine.h"
#include "measure/events.h"
#include "measure/history.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <stdio.h>

enum {
    STEP_MS = 100,
    MOST_AHEAD = 1 << 16,   /* sequence numbers: as much as the log keeps in memory with ease */
    SETTLE_TIMES = 8,       /* as many events settle at once as a server lets settle: the fewer
                               files, the less is to be combined */
    MOST_BYTES = 384 << 20, /* of events in memory: then they settle however few they are; as many
                               are being written */
    MOST_FILES = 32,        /* questions refuse twice as many */
    REASON_BYTES = 512,
};

struct import_fold {
    struct workspace *workspace;
    struct import_settle *settle;
    struct thread *thread;
    struct mutex *lock;
    struct condition *moved;
    /* Under the lock: */
    uint64_t folded; /* all below it is */
    bool is_over;    /* the thread folds no more */
    bool is_last;    /* it ends when nothing is left */
    enum err err;    /* why it ended early */
    char reason[REASON_BYTES];
    atomic_bool is_stopping;
    /* The thread's own: */
    size_t most_files;     /* beyond it they are combined */
    uint64_t most_events;  /* in memory: then they settle */
    uint64_t bytes_before; /* of the fold when nothing was in memory */
};

/* On the thread */

static void move(struct import_fold *fold, uint64_t folded)
{
    mutex_lock(fold->lock);
    fold->folded = folded;
    condition_broadcast(fold->moved);
    mutex_unlock(fold->lock);
}

static bool has_many_files(const struct import_fold *fold)
{
    return history_count(fold->workspace->history) > fold->most_files;
}

static uint64_t bytes_of(const struct import_fold *fold)
{
    struct events_stats stats;

    events_stats_read(fold->workspace->events, &stats);
    return stats.bytes;
}

static bool has_much(struct import_fold *fold)
{
    uint64_t events = events_in_memory(fold->workspace->events);

    if (events)
        return events >= fold->most_events || bytes_of(fold) > fold->bytes_before + MOST_BYTES;
    fold->bytes_before = bytes_of(fold);
    return false;
}

static bool folds_on(void *argument, uint64_t seq, uint64_t of)
{
    struct import_fold *fold = argument;

    (void)of;
    move(fold, seq);
    return !atomic_load(&fold->is_stopping) && !has_much(fold);
}

static bool combines_on(void *argument)
{
    return !atomic_load(&((struct import_fold *)argument)->is_stopping);
}

/* Only so that they stay few: the rest is a server's, which has the time. What fails is tried again
 * with more of them. */
static void combine(struct import_fold *fold)
{
    struct workspace *workspace = fold->workspace;
    enum err err = ERR_ABSENT;
    size_t at, count;

    if (combine_find(workspace->events, true, &at, &count))
        err = combine_room(workspace->events, workspace->sys, at, count);
    if (!err)
        err = combine_run(workspace->events, workspace->sys, at, count, combines_on, fold);
    fold->most_files = err ? history_count(workspace->history) + MOST_FILES / 4 : MOST_FILES;
}

/* What is in memory settles; without anything there, what is being written makes room. */
static fallible make_room(struct import_fold *fold)
{
    bool is_any = events_in_memory(fold->workspace->events);

    TRY(import_settle_wait(fold->settle));
    if (has_many_files(fold))
        combine(fold);
    if (is_any)
        TRY(import_settle_put(fold->settle));
    fold->bytes_before = bytes_of(fold);
    return OK;
}

static fallible fold_some(struct import_fold *fold)
{
    struct workspace *workspace = fold->workspace;
    uint64_t durable = log_durable_seq(workspace->log);
    bool was_idle = import_settle_is_idle(fold->settle);
    enum err err = workspace_fold(workspace, folds_on, fold);

    if (!err)
        move(fold, durable);
    if (err == ERR_LIMIT && was_idle && !events_in_memory(workspace->events))
        return fail(ERR_LIMIT, "neither memory nor disk has room for the events to be folded");
    if (err == ERR_LIMIT || (err == ERR_EXPIRED && has_much(fold)))
        return make_room(fold);
    return err;
}

static bool is_done(struct import_fold *fold)
{
    bool done;

    mutex_lock(fold->lock);
    done = fold->is_last && fold->folded >= log_durable_seq(fold->workspace->log);
    mutex_unlock(fold->lock);
    return done;
}

/* Keeps why it ended, and lets go who waits. */
static void end(struct import_fold *fold, enum err err)
{
    mutex_lock(fold->lock);
    fold->err = err;
    if (err)
        snprintf(fold->reason, sizeof fold->reason, "%s", err_text());
    fold->is_over = true;
    condition_broadcast(fold->moved);
    mutex_unlock(fold->lock);
}

static fallible settle_last(struct import_fold *fold)
{
    TRY(import_settle_put(fold->settle));
    return import_settle_wait(fold->settle);
}

static void run(void *argument)
{
    struct import_fold *fold = argument;
    enum err err = OK;

    while (!err && !atomic_load(&fold->is_stopping) && !is_done(fold)) {
        log_reader_wait(fold->workspace->reader, STEP_MS);
        err = fold_some(fold);
    }
    if (!err || err == ERR_EXPIRED)
        err = settle_last(fold);
    end(fold, err);
}

/* On other threads */

fallible import_fold_open(struct workspace *workspace, struct import_fold **out_fold)
{
    struct import_fold *fold = mem_alloc(sizeof *fold);
    enum err err;

    if (!fold)
        return mem_exhausted();
    fold->workspace = workspace;
    fold->most_files = MOST_FILES;
    fold->folded = events_first_seq(workspace->events);
    fold->lock = mutex_open();
    fold->moved = condition_open();
    fold->bytes_before = bytes_of(fold);
    fold->most_events = workspace->settle_events * SETTLE_TIMES;
    workspace->settle_at = UINT64_MAX; /* it is done here */
    err =
        fold->lock && fold->moved ? import_settle_open(workspace, &fold->settle) : mem_exhausted();
    if (!err)
        err = thread_start("fold", run, fold, &fold->thread);
    if (err) {
        import_fold_close(fold);
        return err;
    }
    *out_fold = fold;
    return OK;
}

void import_fold_pace(struct import_fold *fold)
{
    uint64_t durable = log_durable_seq(fold->workspace->log);

    mutex_lock(fold->lock);
    while (!fold->is_over && !atomic_load(&fold->is_stopping) &&
           durable > fold->folded + MOST_AHEAD)
        condition_wait_for(fold->moved, fold->lock, STEP_MS);
    mutex_unlock(fold->lock);
}

void import_fold_stop(struct import_fold *fold)
{
    if (fold)
        atomic_store(&fold->is_stopping, true);
}

void import_fold_last(struct import_fold *fold)
{
    mutex_lock(fold->lock);
    fold->is_last = true;
    mutex_unlock(fold->lock);
}

fallible import_fold_finish(struct import_fold *fold, workspace_progress *progress, void *argument)
{
    uint64_t from, durable = log_durable_seq(fold->workspace->log);
    enum err err = OK;

    mutex_lock(fold->lock);
    from = fold->folded;
    while (!err && !fold->is_over) {
        condition_wait_for(fold->moved, fold->lock, STEP_MS);
        if (progress && !progress(argument, fold->folded - from, durable - from))
            err = fail(ERR_EXPIRED,
                       "stopped; what was imported stays: run it again to go on, or let the "
                       "next start fold it");
    }
    /* What was to be stored is: without room for more the next start folds the rest. */
    if (!err && fold->err && fold->err != ERR_LIMIT && fold->err != ERR_FULL)
        err = fail(fold->err, "%s", fold->reason);
    mutex_unlock(fold->lock);
    return err;
}

void import_fold_close(struct import_fold *fold)
{
    if (!fold)
        return;
    atomic_store(&fold->is_stopping, true);
    thread_join(fold->thread);
    import_settle_close(fold->settle);
    condition_close(fold->moved);
    mutex_close(fold->lock);
    mem_free(fold);
}
