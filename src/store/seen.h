/* seen.h - which message ids were stored lately: exact deduplication on disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ids are 128-bit keyed hashes. The newest live in a table in memory; a full table, or one that
 * spans a day, is frozen into an immutable sorted file with a checksum per block and a filter in
 * memory, so that most look-ups of new ids touch no disk. Frozen files are merged to keep them few,
 * and those older than the window are removed. All of this is a fold of the log: what was not
 * frozen is added again from the records after seen_covered_seq(). A damaged or lost file ends
 * what is covered. Belongs to the log-writer thread.
 */
#pragma once
#include "base/hash.h"
#include "base/time.h"

struct sys;
struct syncer;
struct seen;

struct seen_config {
    struct sys *sys;
    const char *folder;
    millis window;         /* 0: 7 days */
    uint64_t most_ids;     /* beyond it the oldest are forgotten: the window shrinks; 0: 10^9 */
    uint32_t table_ids;    /* ids in memory before a freeze; 0: 1,048,576 */
    struct syncer *syncer; /* of its files, outlives it; NULL: the calls sync by themselves */
};

enum seen_answer {
    SEEN_NEW,   /* not within the window */
    SEEN_SAME,  /* the same id with the same body */
    SEEN_OTHER, /* the same id with another body */
};

/* Opens or creates. ERR_CONFLICT when a newer program wrote it: nothing was changed. */
fallible seen_open(const struct seen_config *config, struct seen **out_seen);
void seen_close(struct seen *seen); /* NULL is fine; waits for the syncs under way */
/* Fetches what looking the id up will touch, ahead of need. */
void seen_warm(const struct seen *seen, hash128 id);
/* Looks the id up without adding it. ERR_IO, ERR_CORRUPT (the damaged file is named). */
fallible seen_find(struct seen *seen, hash128 id, uint64_t body_hash, millis now,
                   enum seen_answer *out_answer);
/* Makes sure that `count` more ids fit without failing. ERR_LIMIT; what seen_tend failed with once
 * eight tables of ids wait for the disk. */
fallible seen_reserve(struct seen *seen, uint32_t count);
/* Adds an id that seen_find called new. `seq` is its event's and does not fall from call to call;
 * what is covered already is passed over. The room must be reserved. */
void seen_add(struct seen *seen, hash128 id, uint64_t body_hash, uint64_t seq, millis received);
/* Takes back every id with seq >= `from_seq` that was added since the last freeze (their group
 * was never written). */
void seen_forget_from(struct seen *seen, uint64_t from_seq);
/* Goes on with freezing a full or old table and merging files, and removes an expired one. Call it
 * after every group (in a replay, too), when all that was added is durable in the log. Work per
 * call is bounded by a few times the ids added since the last one and by some 2 ms; it is more, and
 * waits for syncs, only while the disk or the calls fall far behind the ids. ERR_FULL, ERR_IO:
 * tried again by the next call, the table goes on growing. */
fallible seen_tend(struct seen *seen, millis now);
/* Will seen_tend freeze the table, full or old? If not, what was added need not be durable yet. */
bool seen_is_due(const struct seen *seen, millis now);
/* Freezes what is in memory, however full, and waits until it lasts: before a close, so that next
 * to nothing has to be read again. A few ids stay. All that was added is durable in the log. */
fallible seen_settle(struct seen *seen, millis now);
/* All ids of events below this sequence number are frozen (or expired): replay from here. */
uint64_t seen_covered_seq(const struct seen *seen);

struct seen_stats {
    uint64_t ids; /* held */
    uint64_t files;
    millis window; /* what is really covered: shrinks when over most_ids */
};
void seen_stats_read(const struct seen *seen, millis now, struct seen_stats *out_stats);
/* Verifies every page of every file; reports each damage in a sentence, then ERR_CORRUPT. */
fallible seen_check(struct sys *sys, const char *folder, void (*report)(void *, const char *),
                    void *argument);
