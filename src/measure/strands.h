/* strands.h - stored events in the order of the log, for many who follow it from any place.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A strand is a window over the log: the lines of some events, written once for all who are near,
 * and a reader at its end. There are a few of them, of bounded size, whoever follows. A follower
 * is nothing but a place, the next sequence number to look at: so there is no seam between what is
 * old and what arrives. One thread at a time.
 */
#pragma once
#include "base/time.h"
#include "store/record.h"

struct deletions;
struct log;
struct strands;

struct strand_event {
    uint64_t seq;
    millis time;
    enum event_type type;
    str name; /* as questions call it: of a track call its event, of others the call */
    str line; /* the message as export.h writes it, without the line's end */
};

struct strand_view {
    const struct strands *strands;
    const void *strand;
    size_t at;
    uint64_t next; /* all events below were looked at once the view is at its end */
};

/* Deleted and erased events are left out. */
fallible strands_open(struct log *log, struct deletions *deletions, struct strands **out_strands);
void strands_close(struct strands *strands); /* NULL is fine */
void strands_rest(struct strands *strands);  /* nobody follows now: holds nothing */

/* The events from `place` on that are at hand; none, with `next` == `place`, when nothing is
 * durable there yet. Good until the next call. ERR_CORRUPT, ERR_IO, ERR_LIMIT. */
fallible strands_view(struct strands *strands, uint64_t place, struct strand_view *out_view);
/* False at the end of the view. */
bool strands_next(struct strand_view *view, struct strand_event *out_event);
