/* trail.h - a page of what one person did, found where it stands, without a scan.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Her rows stand in a file under one of the nodes that were hers when it was written: those that
 * are hers now and, where a join of hers was undone, those it had brought.
 */
#pragma once
#include "measure/source.h"

struct arena;
struct events;

#define TRAIL_UNTOLD INT64_MIN /* the log will tell when it was */

struct trail_event {
    millis time; /* or TRAIL_UNTOLD, of all: then they are in order nevertheless */
    uint64_t seq;
};

struct trail_wish {
    node_id person;
    millis after_time; /* only what comes later: by time, then by number */
    uint64_t after_seq;
    millis as_of;  /* inclusive */
    size_t most;   /* the first so many */
    bool may_wait; /* to unpack columns; else ERR_BUSY where it would have to */
    bool is_alone; /* joined with no other: times may be left out */
};

struct trail {
    struct trail_event *events; /* in order */
    size_t count;
    uint64_t events_read; /* of hers up to as_of, wanted or not */
};

/* ERR_BUSY comes without a sentence. ERR_LIMIT, ERR_IO, ERR_CORRUPT. */
fallible trail_read(const struct source *source, const struct trail_wish *wish, struct arena *mem,
                    struct trail *out_trail);
/* Puts the first `most` of both into `trail`. */
fallible trail_join(struct trail *trail, const struct trail *other, size_t most, struct arena *mem);
bool trail_is_before(millis time, uint64_t seq, millis other_time, uint64_t other_seq);
/* A step of what makes the first question for a person as quick as any other (columns_seqs.h). One
 * thread at a time. False: nothing is left to be done. */
bool trail_prepare(struct events *events);
