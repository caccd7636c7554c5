/* newest.h - the newest events of the log, for those who watch it, and how many there were.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * From look to look what arrived is counted by its records' heads, and only the few newest events
 * are opened and written: a busy log costs no more to watch than a quiet one, but for the counting.
 * One thread.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct deletions;
struct log;
struct newest;

enum {
    NEWEST_EVENTS = 50,        /* at hand at the most */
    NEWEST_BYTES = 128 * 1024, /* of lines given at once, and one event more */
};

struct newest_event {
    uint64_t seq;
    str line; /* the message as export.h writes it, without the line's end */
};

/* Deleted and erased events are counted as they arrive, and not given. */
fallible newest_open(struct log *log, struct deletions *deletions, struct newest **out_newest);
void newest_close(struct newest *newest); /* NULL is fine */
void newest_rest(struct newest *newest);  /* nobody watches now: holds nothing */

/* Looks at what became durable since the last look; the first one after a rest or a failure begins
 * at the log's end. ERR_CORRUPT, ERR_IO, ERR_LIMIT: as if it had rested. */
fallible newest_look(struct newest *newest);
uint64_t newest_count(const struct newest *newest); /* events that all looks together have met */
uint64_t newest_place(const struct newest *newest); /* all below this were looked at */
/* Of the events from `place` on the newest, at most `most` of those at hand, oldest first.
 * `out_events` has room for NEWEST_EVENTS; borrowed until the next look. */
size_t newest_read(const struct newest *newest, uint64_t place, uint64_t most,
                   struct newest_event *out_events);
