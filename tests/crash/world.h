/* world.h - a workspace on a simulated disk, without threads: what tests of the store work in.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   struct world w = {.sys = sim_open(1)}; CHECK_OK(world_create(&w)); CHECK_OK(world_open(&w));
 *   ... world_shut(&w); world_open(&w) ...  world_done(&w);
 */
#pragma once
#include "collect/intake.h"
#include "collect/segment.h"
#include "people/roster.h"
#include "store/log.h"
#include "store/seen.h"
#include "store/vault.h"
#include "sys/sim.h"

#define WORLD_FOLDER "data"
#define WORLD_LOG "data/log"
#define WORLD_KEYS "data/keys"
#define WORLD_SEEN "data/seen"
#define WORLD_COLUMNS "data/columns"

struct world {
    struct sys *sys;        /* owned */
    uint64_t segment_bytes; /* 0: 64 KiB */
    uint64_t recent_bytes;  /* 0: the log's default */
    size_t group_bytes;     /* 0: 16 KiB */
    size_t queue_bytes;
    uint32_t table_ids;     /* 0: the default of seen */
    uint32_t settle_events; /* in memory before they settle; 0: nothing is folded for questions */
    struct vault *vault;
    struct log *log;
    struct log_recovery recovery;
    struct seen *seen;
    struct identity *identity;
    struct deletions *deletions;
    struct verdicts *verdicts;
    struct intake *intake;
    struct json_reader *json;
    struct history *history;
    struct roster *roster;
    char roster_reason[ROSTER_REASON]; /* why it was made anew; empty: it was not */
    struct identity *settled;          /* what the roster tells, until the fold takes it */
    struct events *events;
    struct log_reader *reader; /* of the fold; NULL: to be opened at fold_seq */
    uint64_t fold_seq;
};

fallible world_create(const struct world *world); /* makes the folder; durable */
fallible world_open_log(struct world *world);     /* vault and log only */
fallible world_open(struct world *world);         /* everything; what failed is shut */
void world_shut(struct world *world);             /* fine when not open */
/* Folds and settles what the log has gained. A full disk and a lack of memory are for later. */
fallible world_fold(struct world *world);
/* Combines column files once, if it is worth while. What goes wrong leaves all as it was. */
void world_combine(struct world *world);
/* A fold of the whole log that settles nothing. */
struct world_fold {
    struct roster *roster;
    struct events *events;
};
/* ERR_CORRUPT where the log does not give it. world_fold_done is right after a failure, too. */
fallible world_fold_anew(struct world *world, struct world_fold *out_fold);
void world_fold_done(struct world_fold *fold);
void world_done(struct world *world);
struct log_config world_log_config(const struct world *world);
struct seen_config world_seen_config(const struct world *world);

/* A job on its way through the intake. */
struct world_job {
    struct intake_job job;
    struct arena *mem;
    bool is_done;
};
fallible world_job_open(struct world_job *job);
void world_job_close(struct world_job *job);
/* Reads a request body as POST /v1/TYPE, or /v1/batch where `type` is absent. */
fallible world_read(struct world *world, str type, str body, struct world_job *job);
/* Posts the job and takes one step: what intake_step returned. The answer is in job->job.err. */
fallible world_do(struct world *world, struct world_job *job);

/* Verifies log, keys and ids of a world that is shut, with no code of theirs kept open. Returns
 * the number of damages; each sentence goes to `report`. ERR_* when that itself is impossible. */
fallible world_check(struct world *world, void (*report)(void *, const char *), void *argument,
                     uint64_t *out_damages);
