/* import_sink.h - where imported events go: a thread that stores or sends while files are read.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A few lots go round: taken empty, filled, put, done in order, taken again. One thread takes and
 * puts.
 */
#pragma once
#include "app/import.h"
#include "collect/intake.h"

struct import_sink;
struct workspace;

struct import_lot {
    struct intake_job job; /* its events and how many; they point into `text` */
    char *text;
    size_t len;
    size_t room;
    size_t json_bytes; /* of the events */
    bool is_full;      /* of events, or of bytes that may be sent at a time */
    /* What came of it */
    uint64_t imported;
    uint64_t duplicates;
};

/* With a folder, `workspace` is it, opened. Both are borrowed. */
fallible import_sink_open(const struct import_options *options, struct workspace *workspace,
                          struct import_sink **out_sink);
void import_sink_close(struct import_sink *sink); /* does what was put first; NULL is fine */
/* An empty lot; NULL when there is none for `timeout_ms`. Fails as import_sink_wait does. */
fallible import_sink_take(struct import_sink *sink, int64_t timeout_ms,
                          struct import_totals *totals, struct import_lot **out_lot);
/* Waits for lots to come back and adds what came of them to the totals. Fails as the first of them
 * failed: then nothing behind it was done. */
fallible import_sink_wait(struct import_sink *sink, int64_t timeout_ms,
                          struct import_totals *totals);
void import_sink_put(struct import_sink *sink, struct import_lot *lot);
/* Does another event go into the lot? The last one was just added. */
void import_sink_measure(const struct import_sink *sink, struct import_lot *lot);
/* Is a lot still on its way? */
bool import_sink_is_busy(const struct import_sink *sink);
/* When none is: waits until what was stored is durable. */
fallible import_sink_last(struct import_sink *sink);
/* Gives up what was put and is not under way, and no more waiting for a server. */
void import_sink_stop(struct import_sink *sink);
/* When all is done: what was stored here is made ready for questions. `progress` may be NULL; false
 * stops (ERR_EXPIRED). */
fallible import_sink_finish(struct import_sink *sink, bool (*progress)(void *, uint64_t, uint64_t),
                            void *argument);
