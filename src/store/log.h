/* log.h - the append-only log: the truth of what happened.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One writer thread, any number of readers. The writer builds a *group* of records and commits it
 * with one write and one sync; only then do readers see it and may its senders be answered.
 * See docs/adr/0001-formats.md for the bytes and how damage is told from a torn tail.
 *
 *   TRY(log_begin(log, bytes, nodes)); seq = log_add(log, &entry); ... TRY(log_commit(log));
 *
 * log_begin reserves everything a group can need, so that what follows cannot fail for lack of
 * room. A failed log_commit is final: the log refuses from then on and must be opened anew.
 */
#pragma once
#include "base/arena.h"
#include "store/record.h"
#include "store/vault.h"

struct log;
struct log_reader;

struct log_config {
    struct sys *sys;
    const char *folder;
    struct vault *vault;
    uint64_t segment_bytes; /* preallocated size of a segment; 0: 64 MiB */
    /* Of the newest groups in memory: a quarter of it always, up to three times as much while a
     * leading reader has not read them; 0: 32 MiB. */
    uint64_t recent_bytes;
};

struct log_recovery {
    uint64_t segments;
    uint64_t bytes;      /* live bytes read */
    uint64_t torn_bytes; /* of an unfinished group that was trimmed */
};

struct log_entry {
    enum record_kind kind;
    node_id node;   /* whose key seals the payload */
    uint32_t count; /* sequence numbers it takes, at least 1 */
    str clear;
    str payload; /* absent: nothing is sealed */
};

struct log_record {
    uint64_t seq; /* the first it takes; the log's first is 1 */
    uint32_t count;
    enum record_kind kind;
    node_id node;
    str clear;
    str payload;    /* plain; absent if there is none or its key was destroyed */
    bool is_erased; /* the key was destroyed */
};

/* Opens or creates. Trims a torn tail and says so in `out_recovery` (may be NULL). ERR_CORRUPT
 * for damage: nothing was changed, the sentence names segment and place. */
fallible log_open(const struct log_config *config, struct log **out_log,
                  struct log_recovery *out_recovery);
void log_close(struct log *log); /* no reader may be left; NULL is fine */

/* Room for a group of at most `bytes` of clear parts and payloads in at most `records` records
 * that uses node ids below `nodes`. ERR_FULL or ERR_LIMIT: nothing has changed, try again later. */
fallible log_begin(struct log *log, size_t bytes, size_t records, node_id nodes);
size_t log_most_group(const struct log *log); /* bytes, with those of the format */
uint64_t log_add(struct log *log, const struct log_entry *entry); /* its first sequence number */
fallible log_commit(struct log *log);                             /* an empty group costs nothing */
/* The same for who need not answer for each group at once: the group is written by another thread,
 * in its turn, while the next one is made; a few may wait. ERR_IO: one before it failed. */
fallible log_commit_later(struct log *log);
/* Waits until what was handed over is durable. ERR_IO: it is not, and the log has stopped. Any
 * thread. */
fallible log_wait(struct log *log);
/* Where the next record's payload may be written: then log_add need not copy it. */
struct buf *log_payload(struct log *log);
void log_abandon(struct log *log); /* forgets the group that was begun */
/* Makes the next segment ready ahead of need; called now and then off the writer thread. */
fallible log_prepare(struct log *log);

/* Writes zeros into the segment made ahead, a MiB a call, so that a sync of what is written there
 * later need not note blocks as written first: it takes half as long. Off the writer thread. */
fallible log_fill(struct log *log, bool *out_is_done);

/* A step of seeing to full segments: that their records are found quickly, and that the system has
 * the last `most_bytes` of the log in memory, from where a crash or another program left it. Now
 * and then, off the writer thread; false: nothing is left to be done. `*out_damaged`: the segment
 * whose places were damaged, which are made anew, or 0. */
bool log_tend(struct log *log, uint64_t most_bytes, uint32_t *out_damaged);

uint64_t log_next_seq(const struct log *log);    /* of the writer: what the next record gets */
uint64_t log_durable_seq(const struct log *log); /* all below it are synced; for any thread */

/* For the writer, before a group: waits while the leading reader moves but is far behind, so that
 * it need not read and unseal from the disk what was in memory a moment ago. */
void log_pace(struct log *log);

struct log_stats {
    uint64_t bytes_live; /* groups in all segments */
    uint64_t groups;     /* committed since opening */
    uint64_t records;
    uint64_t sync_ns; /* time spent in syncs */
    uint64_t segments;
    uint64_t recent_bytes; /* of groups in memory */
    uint64_t recent_seq;   /* the first of them; 0: there is none */
};
void log_stats_read(struct log *log, struct log_stats *out_stats);

/* Reading: from a sequence number on, each record once, in order. One thread a reader. With
 * LOG_CLEAR no payload is opened: they are absent, and it is faster; with LOG_NAMES only those of
 * nodes are. */
enum log_payloads { LOG_PLAIN, LOG_CLEAR, LOG_NAMES };
fallible log_reader_open(struct log *log, uint64_t from_seq, enum log_payloads payloads,
                         struct log_reader **out_reader);
void log_reader_close(struct log_reader *reader);
/* Once this reader has caught up, groups that it has not read stay in memory, and log_pace waits
 * for it. One reader at a time. */
void log_reader_lead(struct log_reader *reader);
/* ERR_ABSENT: nothing durable behind the last one, yet. The record is borrowed until the next
 * call. ERR_CORRUPT never yields a wrong record. */
fallible log_reader_next(struct log_reader *reader, struct log_record *out_record);
/* Waits until there is a next record; false when `timeout_ms` went by first. */
bool log_reader_wait(struct log_reader *reader, int64_t timeout_ms);

/* Verifies every byte of a log that nobody has open, and reports each damage in a sentence with
 * its place and the sequence numbers it touches. With `salvage` moves damaged ranges into files
 * `damaged-SEGMENT-OFFSET` and closes the gap with a record of what is missing, so that the log
 * opens again. */
struct log_check {
    uint64_t bytes;
    uint64_t groups;
    uint64_t records;
    uint64_t damages;
    uint64_t torn_bytes;
    node_id nodes; /* those below it have held something */
};
fallible log_check(const struct log_config *config, bool salvage,
                   void (*report)(void *, const char *), void *argument,
                   struct log_check *out_check);

/* How far each segment is in use, oldest first: what a backup copies. Never changes again, but
 * for the newest, which grows. */
struct log_extent {
    uint32_t index;
    uint64_t bytes;
};
fallible log_extents(struct log *log, struct arena *mem, struct log_extent **out_extents,
                     size_t *out_count);
