/* syncer.c - a queue of tickets and the thread that syncs for them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/syncer.h"

#include "base/mem.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <assert.h>
#include <stdio.h>

struct syncer {
    struct sys *sys;
    enum syncer_mode mode;
    struct thread *thread; /* of SYNCER_THREADED */
    struct mutex *lock;
    struct condition *asked;
    struct condition *done;
    struct syncer_ticket *first; /* under the lock, from here on */
    struct syncer_ticket *last;
    bool is_ending;
};

/* A ticket without file and folder, which nobody looks at. */
struct disposal {
    struct syncer_ticket ticket;
    void (*close)(void *);
    void *thing;
};

static void note_result(struct syncer_ticket *ticket, enum err err)
{
    ticket->err = err;
    snprintf(ticket->reason, sizeof ticket->reason, "%s", err ? err_text() : "");
    ticket->is_pending = false; /* its owner may free it as soon as the lock is given back */
}

static void dispose_of(struct disposal *disposal)
{
    disposal->close(disposal->thing);
    mem_free(disposal);
}

/* Does the first ticket; false if there is none. Called with the lock, which is given back while
 * the disk works: what is read then does not change while the ticket is pending. */
static bool do_first(struct syncer *syncer)
{
    struct syncer_ticket *ticket = syncer->first;
    bool is_disposal;
    enum err err = OK;

    if (!ticket)
        return false;
    is_disposal = !ticket->file && !ticket->folder;
    syncer->first = ticket->next;
    mutex_unlock(syncer->lock);
    if (is_disposal)
        dispose_of((struct disposal *)ticket);
    else if (ticket->file)
        err = file_sync(ticket->file);
    else
        err = folder_sync(syncer->sys, ticket->folder);
    mutex_lock(syncer->lock);
    if (is_disposal)
        return true;
    note_result(ticket, err);
    condition_broadcast(syncer->done);
    return true;
}

static void run(void *argument)
{
    struct syncer *syncer = argument;

    mutex_lock(syncer->lock);
    while (do_first(syncer) || !syncer->is_ending)
        if (!syncer->first && !syncer->is_ending)
            condition_wait(syncer->asked, syncer->lock);
    mutex_unlock(syncer->lock);
}

bool syncer_step(struct syncer *syncer)
{
    bool is_any;

    assert(syncer->mode == SYNCER_STEPPED);
    mutex_lock(syncer->lock);
    is_any = do_first(syncer);
    mutex_unlock(syncer->lock);
    return is_any;
}

fallible syncer_open(struct sys *sys, enum syncer_mode mode, struct syncer **out_syncer)
{
    struct syncer *syncer = mem_alloc(sizeof *syncer);
    enum err err;

    if (!syncer)
        return mem_exhausted();
    syncer->sys = sys;
    syncer->mode = mode;
    syncer->lock = mutex_open();
    syncer->asked = condition_open();
    syncer->done = condition_open();
    err = syncer->lock && syncer->asked && syncer->done ? OK : mem_exhausted();
    if (!err && mode == SYNCER_THREADED)
        err = thread_start("syncer", run, syncer, &syncer->thread);
    if (err)
        syncer_close(syncer);
    else
        *out_syncer = syncer;
    return err;
}

void syncer_close(struct syncer *syncer)
{
    if (!syncer)
        return;
    if (syncer->thread) {
        mutex_lock(syncer->lock);
        syncer->is_ending = true;
        condition_signal(syncer->asked);
        mutex_unlock(syncer->lock);
        thread_join(syncer->thread);
    }
    while (syncer->first)
        syncer_step(syncer);
    condition_close(syncer->done);
    condition_close(syncer->asked);
    mutex_close(syncer->lock);
    mem_free(syncer);
}

static void ask(struct syncer *syncer, struct syncer_ticket *ticket)
{
    ticket->syncer = syncer;
    ticket->next = NULL;
    ticket->is_pending = true;
    mutex_lock(syncer->lock);
    if (syncer->first)
        syncer->last->next = ticket;
    else
        syncer->first = ticket;
    syncer->last = ticket;
    if (syncer->mode == SYNCER_AT_ONCE)
        do_first(syncer);
    else
        condition_signal(syncer->asked);
    mutex_unlock(syncer->lock);
}

void syncer_file(struct syncer *syncer, struct file *file, struct syncer_ticket *ticket)
{
    assert(!ticket->is_pending);
    ticket->file = file;
    ticket->folder = NULL;
    ask(syncer, ticket);
}

void syncer_folder(struct syncer *syncer, const char *folder, struct syncer_ticket *ticket)
{
    assert(!ticket->is_pending);
    ticket->file = NULL;
    ticket->folder = folder;
    ask(syncer, ticket);
}

void syncer_dispose(struct syncer *syncer, void (*close)(void *), void *take_thing)
{
    struct disposal *disposal = syncer->mode == SYNCER_AT_ONCE ? NULL : mem_alloc(sizeof *disposal);

    if (!disposal) {
        close(take_thing); /* now rather than never */
        return;
    }
    *disposal = (struct disposal){.close = close, .thing = take_thing};
    ask(syncer, &disposal->ticket);
}

static fallible look(const struct syncer_ticket *ticket, bool has_time, bool *out_is_done)
{
    struct syncer *syncer = ticket->syncer;
    bool is_pending;
    enum err err;

    if (!syncer) {
        *out_is_done = true;
        return OK;
    }
    mutex_lock(syncer->lock);
    while (has_time && ticket->is_pending)
        if (syncer->mode == SYNCER_THREADED)
            condition_wait(syncer->done, syncer->lock);
        else
            do_first(syncer);
    is_pending = ticket->is_pending;
    err = is_pending ? OK : ticket->err;
    mutex_unlock(syncer->lock);
    if (err)
        return fail(err, "%s", ticket->reason);
    *out_is_done = !is_pending;
    return OK;
}

fallible syncer_poll(const struct syncer_ticket *ticket, bool *out_is_done)
{
    return look(ticket, false, out_is_done);
}

fallible syncer_wait(const struct syncer_ticket *ticket)
{
    bool is_done;

    return look(ticket, true, &is_done);
}
