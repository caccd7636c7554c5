/* syncer.h - syncs of files and folders for a thread that must not wait for the disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tickets are done in order, by a thread of its own or, so that simulations stay deterministic,
 * without one. A ticket is the caller's: a zeroed one counts as done; one that is asked for stays
 * in its place, with its file open, until it is done. A sync that failed is final (file.h): the
 * ticket says so as often as it is looked at.
 */
#pragma once
#include "base/err.h"

#include <stdbool.h>

struct file;
struct sys;
struct syncer;

enum { SYNCER_REASON_ROOM = 256 };

enum syncer_mode {
    SYNCER_AT_ONCE,  /* by who asks, before the call returns */
    SYNCER_THREADED, /* by a thread of its own */
    SYNCER_STEPPED,  /* by syncer_step or who waits: what the thread does, in a simulation */
};

/* To be read by syncer_poll and syncer_wait alone. */
struct syncer_ticket {
    struct syncer *syncer;
    struct syncer_ticket *next;
    struct file *file; /* or */
    const char *folder;
    bool is_pending; /* this and all below: under the syncer's lock */
    enum err err;
    char reason[SYNCER_REASON_ROOM];
};

fallible syncer_open(struct sys *sys, enum syncer_mode mode, struct syncer **out_syncer);
/* Ends what was asked for first; NULL is fine. */
void syncer_close(struct syncer *syncer);

/* Asks for a sync; the ticket must be done. Any thread may ask. `folder` is borrowed until then. */
void syncer_file(struct syncer *syncer, struct file *file, struct syncer_ticket *ticket);
void syncer_folder(struct syncer *syncer, const char *folder, struct syncer_ticket *ticket);
/* Calls `close` for what nobody needs any more, in its turn: to give back a large removed file or
 * much memory takes long, too. */
void syncer_dispose(struct syncer *syncer, void (*close)(void *), void *take_thing);
/* Fails with what the sync failed with. */
fallible syncer_poll(const struct syncer_ticket *ticket, bool *out_is_done);
fallible syncer_wait(const struct syncer_ticket *ticket);
/* Does the next ticket; false when there is none. Of SYNCER_STEPPED alone. */
bool syncer_step(struct syncer *syncer);
