/* log_later.c - closed groups sealed and written by threads of their own, in their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One group is written and synced before the next is begun, as always: of two that were torn at
 * once the first would look damaged. Meanwhile another thread seals the next one, so that neither
 * the disk nor a core waits for the other, and makes ready what later groups will need: the segment
 * behind this one, and keys.
 */
#include "store/log_later.h"

#include "base/mem.h"

#include <assert.h>

enum {
    MOST_WAITING = 4,
    PREPARE_SHARE = 4, /* of a segment in use: then the next one is made */
};

struct waiting {
    struct log_closed closed;
    char *pages; /* of the group, later to be used again */
    size_t room;
};

struct log_later {
    struct log *log;
    struct thread *sealer;
    struct thread *writer;
    struct mutex *lock;
    struct condition *moved;
    /* Under the lock: */
    struct waiting waiting[MOST_WAITING]; /* a ring */
    size_t first;                         /* it is being written */
    size_t sealed;                        /* of these so many are, from the first on */
    size_t count;
    bool is_last; /* the threads end when nothing waits for them */
};

/* On the thread that seals */

/* What fails here is tried again, and told, by who needs it. */
static void prepare(struct log *log, uint64_t used)
{
    enum err err = vault_prepare(log->config.vault);

    if (used > log->config.segment_bytes / PREPARE_SHARE)
        err = log_prepare(log);
    (void)err;
}

/* The first that is not sealed; it stays. NULL: there will be none. */
static const struct log_closed *to_seal(struct log_later *later)
{
    const struct log_closed *closed = NULL;

    mutex_lock(later->lock);
    while (later->sealed == later->count && !later->is_last)
        condition_wait(later->moved, later->lock);
    if (later->sealed < later->count)
        closed = &later->waiting[(later->first + later->sealed) % MOST_WAITING].closed;
    mutex_unlock(later->lock);
    return closed;
}

static void pass_sealed(struct log_later *later)
{
    mutex_lock(later->lock);
    later->sealed++;
    condition_broadcast(later->moved);
    mutex_unlock(later->lock);
}

static void seal_all(void *argument)
{
    struct log_later *later = argument;
    const struct log_closed *closed;

    while ((closed = to_seal(later))) {
        uint64_t end = closed->end; /* what is passed on is another's */
        enum err err = log_write_seal(later->log, closed);

        pass_sealed(later);
        if (!err)
            prepare(later->log, end);
    }
}

/* On the thread that writes */

/* The first; it stays. NULL: there will be none. */
static const struct log_closed *to_write(struct log_later *later)
{
    const struct log_closed *closed = NULL;

    mutex_lock(later->lock);
    while (!later->sealed && (later->count || !later->is_last))
        condition_wait(later->moved, later->lock);
    if (later->sealed)
        closed = &later->waiting[later->first].closed;
    mutex_unlock(later->lock);
    return closed;
}

static void drop_first(struct log_later *later)
{
    mutex_lock(later->lock);
    later->first = (later->first + 1) % MOST_WAITING;
    later->sealed--;
    later->count--;
    condition_broadcast(later->moved);
    mutex_unlock(later->lock);
}

static void write_all(void *argument)
{
    struct log_later *later = argument;
    const struct log_closed *closed;

    while ((closed = to_write(later))) {
        enum err err = log_write_sealed(later->log, closed);

        (void)err; /* the log is broken then, and log_wait says so */
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
    err = later->lock && later->moved ? thread_start("seal", seal_all, later, &later->sealer)
                                      : mem_exhausted();
    if (!err)
        err = thread_start("log", write_all, later, &later->writer);
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
    if (later->sealer) {
        mutex_lock(later->lock);
        later->is_last = true;
        condition_broadcast(later->moved);
        mutex_unlock(later->lock);
        thread_join(later->sealer);
        thread_join(later->writer);
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
