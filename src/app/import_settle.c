/* import_settle.c - a thread that writes the events that were set apart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/import_settle.h"

#include "base/mem.h"
#include "measure/events.h"
#include "sys/thread.h"

#include <stdio.h>

enum { REASON_BYTES = 512 };

struct import_settle {
    struct workspace *workspace;
    struct thread *thread;
    struct mutex *lock;
    struct condition *moved;
    /* Under the lock: */
    bool is_full; /* a lot waits or is being written */
    bool is_last; /* the thread ends when there is none */
    enum err err; /* of the lot that failed: no other follows */
    char reason[REASON_BYTES];
};

/* On the thread */

/* False: there will be none. */
static bool wait_for_lot(struct import_settle *settle)
{
    bool is_full;

    mutex_lock(settle->lock);
    while (!settle->is_full && !settle->is_last)
        condition_wait(settle->moved, settle->lock);
    is_full = settle->is_full;
    mutex_unlock(settle->lock);
    return is_full;
}

static void run(void *argument)
{
    struct import_settle *settle = argument;

    while (wait_for_lot(settle)) {
        enum err err = events_write_apart(settle->workspace->events, settle->workspace->sys);

        mutex_lock(settle->lock);
        settle->err = err;
        if (err)
            snprintf(settle->reason, sizeof settle->reason, "%s", err_text());
        settle->is_full = false;
        condition_broadcast(settle->moved);
        mutex_unlock(settle->lock);
    }
}

/* On the thread that folds */

fallible import_settle_open(struct workspace *workspace, struct import_settle **out_settle)
{
    struct import_settle *settle = mem_alloc(sizeof *settle);
    enum err err;

    if (!settle)
        return mem_exhausted();
    settle->workspace = workspace;
    settle->lock = mutex_open();
    settle->moved = condition_open();
    err = settle->lock && settle->moved ? thread_start("settle", run, settle, &settle->thread)
                                        : mem_exhausted();
    if (err) {
        import_settle_close(settle);
        return err;
    }
    *out_settle = settle;
    return OK;
}

fallible import_settle_wait(struct import_settle *settle)
{
    enum err err;

    mutex_lock(settle->lock);
    while (settle->is_full)
        condition_wait(settle->moved, settle->lock);
    err = settle->err;
    mutex_unlock(settle->lock);
    return err ? fail(err, "%s", settle->reason) : OK;
}

bool import_settle_is_idle(struct import_settle *settle)
{
    bool is_idle;

    mutex_lock(settle->lock);
    is_idle = !settle->is_full;
    mutex_unlock(settle->lock);
    return is_idle;
}

fallible import_settle_put(struct import_settle *settle)
{
    TRY(import_settle_wait(settle));
    if (!events_in_memory(settle->workspace->events))
        return OK;
    TRY(events_set_apart(settle->workspace->events));
    mutex_lock(settle->lock);
    settle->is_full = true;
    condition_broadcast(settle->moved);
    mutex_unlock(settle->lock);
    return OK;
}

void import_settle_close(struct import_settle *settle)
{
    if (!settle)
        return;
    if (settle->thread) {
        mutex_lock(settle->lock);
        settle->is_last = true;
        condition_broadcast(settle->moved);
        mutex_unlock(settle->lock);
        thread_join(settle->thread);
    }
    condition_close(settle->moved);
    mutex_close(settle->lock);
    mem_free(settle);
}
