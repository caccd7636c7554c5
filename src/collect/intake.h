/* intake.h - the one way into the log: events deduplicated, given to nodes, sealed, synced.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests become *jobs* on any thread and are posted; the log-writer thread takes all that wait,
 * makes one group of them, and answers each only when the group is synced. intake_step is that
 * thread's loop body; a simulation calls it by itself.
 */
#pragma once
#include "collect/intake_counts.h"
#include "collect/message.h"
#include "store/log.h"
#include "store/seen.h"
#include "store/verdicts.h"
#include "sys/mailbox.h"

struct intake;
struct deleted;
struct deletions;
struct identity;
struct plan_book;
struct quarantine;
struct roster;
struct sys;
struct traffic_watch;

enum intake_kind {
    INTAKE_EVENTS,
    INTAKE_MERGE,   /* joins the nodes of identifiers `a` and `b` */
    INTAKE_UNDO,    /* takes join `undone` back */
    INTAKE_DELETE,  /* events `found` are gone from all answers */
    INTAKE_REVISE,  /* the verdict of events `found` is `verdict` from now on */
    INTAKE_DISMISS, /* closes quarantine entry `released` without an event */
};

struct intake_event {
    struct message message;
    hash128 message_id; /* keyed hashes; zero where there is none */
    hash128 user;
    hash128 anonymous;
    hash128 previous_user; /* the previous id may be either */
    hash128 previous_anonymous;
    uint64_t body_hash;
};

/* An identifier of either kind, by its keyed hashes: see intake_name. */
struct intake_name {
    hash128 user;
    hash128 anonymous;
};

struct intake_job {
    struct letter letter;
    enum intake_kind kind;
    struct arena *mem; /* holds what the events point to until `done` */
    struct intake_event *events;
    size_t count;
    millis received;
    uint64_t released; /* quarantine entry that these events mend; 0: none */
    struct intake_name a, b;
    uint64_t undone;
    struct deleted *found; /* not empty; left empty */
    enum verdict verdict;  /* of INTAKE_REVISE */
    /* Called by the writer thread once all is durable, or failed. The job is the caller's again. */
    void (*done)(struct intake_job *job);
    void *owner;
    size_t bytes; /* of its records at the most: intake_post fills it in */
    /* What came of it */
    enum err err;
    char reason[256]; /* the sentence, when it failed */
    uint64_t seq; /* of the merge made, the end of INTAKE_DELETE and _REVISE, or the first event */
    uint64_t deleted; /* how many were not deleted before */
    struct intake_counts counts;
};

struct intake_config {
    struct sys *sys;
    struct log *log;
    struct vault *vault;
    struct seen *seen;
    struct identity *identity;
    struct roster *roster;         /* of the log's older records; NULL: the whole log is read */
    struct identity **out_settled; /* a copy of what the roster alone tells; NULL: not wanted */
    struct deletions *deletions;   /* NULL: none are known and none can be made */
    struct verdicts *verdicts;     /* the same of revisions */
    struct plan_book *plans;       /* what events are held against; NULL: nothing */
    size_t group_bytes; /* jobs are taken into one group up to this, a larger job becomes several
                           groups; 0: 4 MiB */
    size_t queue_bytes; /* waiting jobs beyond it are refused with ERR_BUSY; 0: 64 MiB */
};

/* Folds the log into identity, seen and the list of quarantined events: what the roster covers
 * from there, the rest from the log. `progress` may be NULL; it may stop the fold by returning
 * false (ERR_EXPIRED). */
fallible intake_open(const struct intake_config *config,
                     bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument,
                     struct intake **out_intake);
void intake_close(struct intake *intake); /* refuses what still waits; NULL is fine */

/* Fills in the hashes of an event; any thread. */
void intake_hash(const struct intake *intake, struct intake_event *event);
struct intake_name intake_name(const struct intake *intake, str identifier);
/* The key under which visitors of imported logs are hashed: see visitor.h. */
hash_key intake_visitors(const struct intake *intake);
/* Hands a job to the writer thread; any thread. ERR_BUSY: too much waits already; ERR_IO: the log
 * has stopped. */
fallible intake_post(struct intake *intake, struct intake_job *job);
/* Waits at most `timeout_ms` for jobs and does them. ERR_IO or ERR_CORRUPT: the log can promise
 * nothing any more; every waiting job was answered with it and the process must stop. */
fallible intake_step(struct intake *intake, int64_t timeout_ms);

/* From now on groups are as large as the log takes them, and a job is answered when its records are
 * in the log's hands: they are durable when log_wait says so. For who has nobody to answer before
 * that. */
void intake_hurry(struct intake *intake);

/* Counts events that were read and not posted; any thread. */
void intake_note_refused(struct intake *intake, size_t count);

/* Answers what still waits with ERR_IO, after intake_step failed. */
void intake_refuse(struct intake *intake);

/* For any thread. */
/* So much waits that what comes now had better be refused before it is read. */
bool intake_is_crowded(const struct intake *intake);
void intake_counts_read(struct intake *intake, struct intake_counts *out_counts);
/* The dedup's figures as of the last step. */
void intake_seen_read(struct intake *intake, struct seen_stats *out_stats);
/* True since a group was refused for lack of room, until one went through. */
bool intake_is_full(const struct intake *intake);

/* Before the writer begins: what is stored as persons' is noted there, and revised when the watch
 * finds out otherwise. ERR_LIMIT. */
fallible intake_watch(struct intake *intake, struct traffic_watch *watch);

/* The open quarantine entries. Borrowed. */
struct quarantine *intake_quarantine(struct intake *intake);
/* The plans that it was opened with. Borrowed. */
struct plan_book *intake_plans(const struct intake *intake);
