/* log_later.c - closed groups written by a thread of its own, in their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One group is written and synced before the next is begun, as always: of two that were torn at
 * once the first would look damaged. The thread also makes ready what the next groups will need:
 * the segment behind this one, and keys.
 */
#include "store/log_later.h"

#include "base/mem.h"

#include <assert.h>

enum {
    MOST_WAITING = 3,
    PREPARE_SHARE = 4, /* of a segment in use: then the next one is made */
};

struct waiting {
    struct log_closed closed;
    char *pages; /* of the group, later to be used again */
    size_t room;
};

struct log_later {
    struct log *log;
    struct thread *thread;
    struct mutex *lock;
    struct condition *moved;
    /* Under the lock: */
    struct waiting waiting[MOST_WAITING]; /* a ring */
    size_t first;                         /* it is being written */
    size_t count;
    bool is_last; /* the thread ends when nothing waits */
};

/* On the thread */

/* What fails here is tried again, and told, by who needs it. */
static void prepare(struct log *log, const struct log_closed *closed)
{
    enum err err = vault_prepare(log->config.vault);

    if (closed->end > log->config.segment_bytes / PREPARE_SHARE)
        err = log_prepare(log);
    (void)err;
}

/* The first; it stays. NULL: there will be none. */
static const struct log_closed *first(struct log_later *later)
{
    const struct log_closed *closed = NULL;

    mutex_lock(later->lock);
    while (!later->count && !later->is_last)
        condition_wait(later->moved, later->lock);
    if (later->count)
        closed = &later->waiting[later->first].closed;
    mutex_unlock(later->lock);
    return closed;
}

static void drop_first(struct log_later *later)
{
    mutex_lock(later->lock);
    later->first = (later->first + 1) % MOST_WAITING;
    later->count--;
    condition_broadcast(later->moved);
    mutex_unlock(later->lock);
}

static void run(void *argument)
{
    struct log_later *later = argument;
    const struct log_closed *closed;

    while ((closed = first(later))) {
        if (log_write_closed(later->log, closed) == OK)
            prepare(later->log, closed);
        drop_first(later);
    }
}

/* On the writer's thread */

static fallible open_later(struct log *log)
{
    struct log_later *later = mem_alloc(sizeof *later);
    enum err err;

    if (!later)
        return mem_exhausted();
    later->log = log;
    later->lock = mutex_open();
    later->moved = condition_open();
    err = later->lock && later->moved ? thread_start("log", run, later, &later->thread)
                                      : mem_exhausted();
    if (err) {
        log_later_close(later);
        return err;
    }
    log->later = later;
    return OK;
}

void log_later_close(struct log_later *later)
{
    if (!later)
        return;
    if (later->thread) {
        mutex_lock(later->lock);
        later->is_last = true;
        condition_broadcast(later->moved);
        mutex_unlock(later->lock);
        thread_join(later->thread);
    }
    for (size_t i = 0; i < MOST_WAITING; i++)
        mem_free(later->waiting[i].pages);
    condition_close(later->moved);
    mutex_close(later->lock);
    mem_free(later);
}

/* The group's pages change places with some that were written. */
static void add_last(struct log_later *later, const struct log_closed *closed)
{
    struct log *log = later->log;
    struct waiting *last;
    char *pages = log->pages;
    size_t room = log->pages_room;

    mutex_lock(later->lock);
    while (later->count == MOST_WAITING)
        condition_wait(later->moved, later->lock);
    last = &later->waiting[(later->first + later->count++) % MOST_WAITING];
    log->pages = last->pages;
    log->pages_room = last->room;
    *last = (struct waiting){*closed, pages, room};
    condition_broadcast(later->moved);
    mutex_unlock(later->lock);
}

fallible log_later_put(struct log *log, const struct log_closed *closed)
{
    assert(closed->pages == log->pages);
    if (!log->later && open_later(log) != OK)
        return log_write_closed(log, closed);
    add_last(log->later, closed);
    return OK;
}

fallible log_wait(struct log *log)
{
    struct log_later *later = log->later;

    if (!later)
        return OK;
    mutex_lock(later->lock);
    while (later->count)
        condition_wait(later->moved, later->lock);
    mutex_unlock(later->lock);
    return log->is_broken ? log_broken() : OK;
}
