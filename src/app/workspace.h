/* workspace.h - one data folder, opened: its parts wired together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "app/config.h"
#include "people/roster.h"
#include "store/log.h"

struct access;
struct catalog;
struct datadir;
struct deletions;
struct verdicts;
struct events;
struct history;
struct identity;
struct intake;
struct log_picker;
struct log_reader;
struct plan_book;
struct seen;
struct source;
struct syncer;
struct users;
struct vault;

struct workspace {
    struct sys *sys;
    struct datadir *datadir;
    struct catalog *catalog;
    struct access *access;
    struct users *users;
    struct vault *vault;
    struct log *log;
    struct log_picker *picker; /* of the events that are shown */
    struct syncer *syncer;     /* NULL when whoever writes syncs by itself */
    struct seen *seen;
    struct identity *identity;
    struct deletions *deletions; /* of all that the log holds */
    struct verdicts *verdicts;   /* the same */
    struct plan_book *plans;
    struct intake *intake;
    struct history *history;
    struct roster *roster;
    char roster_reason[ROSTER_REASON]; /* why it was made anew; empty: it was not */
    struct events *events;
    uint64_t settle_events; /* in memory before they settle */
    uint64_t settle_at;
    struct log_reader *reader; /* of the fold */
    uint64_t refold_seq;       /* a record that found no memory: it comes next; 0: none */
    struct log_recovery recovery;
};

/* Called now and then with how far the log was read; false stops (ERR_EXPIRED). May be NULL. */
typedef bool workspace_progress(void *argument, uint64_t seq, uint64_t of);

/* Makes a new data folder with its first keys of each scope; their secrets are in `mem`. */
fallible workspace_create(struct sys *sys, const char *path, struct arena *mem, str *out_id,
                          str *out_write_key, str *out_api_key);
/* Takes the folder and reads the log as far as storing needs it. `out_workspace` is zeroed first;
 * workspace_close is right after a failure too. */
fallible workspace_open(struct sys *sys, const char *path, const struct config *config,
                        workspace_progress *progress, void *argument,
                        struct workspace *out_workspace);
/* The same for a server or an import: those who wait for the log do not wait for syncs of other
 * files, which have a thread of their own. */
fallible workspace_open_served(struct sys *sys, const char *path, const struct config *config,
                               workspace_progress *progress, void *argument,
                               struct workspace *out_workspace);
void workspace_close(struct workspace *workspace);
/* Only folder and catalog: for managing keys. */
fallible workspace_open_catalog(struct sys *sys, const char *path, struct workspace *out_workspace);

/* Folds what the log has gained for questions; returns at the log's present end. After ERR_LIMIT
 * it goes on with the record that found no memory. */
fallible workspace_fold(struct workspace *workspace, workspace_progress *progress, void *argument);

/* Settles what memory holds, so that the next start need not fold it. On a full disk it stays. */
fallible workspace_settle(struct workspace *workspace);
/* The same of message ids; on the thread that stores. */
fallible workspace_settle_ids(struct workspace *workspace);

/* Verifies everything; calls `report` with a sentence for each damage. */
struct workspace_check {
    struct log_check log;
    uint64_t damages;
};
fallible workspace_check(struct sys *sys, const char *path, bool salvage,
                         void (*report)(void *, const char *), void *argument,
                         struct workspace_check *out_check);
