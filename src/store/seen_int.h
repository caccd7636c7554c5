/* seen_int.h - the parts that seen.c puts together: table, jobs, folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/seen.h"
#include "store/seen_run.h"

/* --- seen_table.c: ids in memory, in order of their sequence numbers ------------------------- */

struct seen_table;

struct seen_table *seen_table_open(void);        /* NULL without memory */
void seen_table_close(struct seen_table *table); /* NULL is fine */
fallible seen_table_reserve(struct seen_table *table, uint32_t more);
uint32_t seen_table_count(const struct seen_table *table);
void seen_table_warm(const struct seen_table *table, hash128 id);
bool seen_table_find(const struct seen_table *table, hash128 id, struct seen_entry *out_entry);
/* The room must be reserved; `seq` must not fall. An older entry of the same id is replaced. */
void seen_table_add(struct seen_table *table, const struct seen_entry *entry, uint64_t seq);
void seen_table_forget_from(struct seen_table *table, uint64_t seq);
uint64_t seen_table_last_seq(const struct seen_table *table);     /* 0 when empty */
millis seen_table_first_received(const struct seen_table *table); /* of one that is not empty */

/* Walks a table that does not change any more in the order of ids; look-ups may go on. */
struct seen_table_cursor {
    struct seen_table *table;
    uint64_t start;
    uint64_t steps;
};
void seen_table_cursor_start(struct seen_table_cursor *cursor, struct seen_table *table);
bool seen_table_cursor_next(struct seen_table_cursor *cursor, struct seen_entry *out_entry);

/* --- seen_job.c: one table or up to SEEN_MOST_INPUTS runs become a run, in steps ------------- */

enum { SEEN_MOST_INPUTS = 4 };

struct seen_place;
struct seen_job;

fallible seen_job_freeze(const struct seen_place *place, const struct seen_head *head,
                         struct seen_table *table, struct seen_job **out_job);
fallible seen_job_merge(const struct seen_place *place, struct seen_run **runs, uint32_t count,
                        struct seen_job **out_job);
/* Makes a run without entries. */
fallible seen_job_empty(const struct seen_place *place, const struct seen_head *head,
                        struct seen_job **out_job);
/* Takes on about `entries` more; those received up to `expired` fall out. The run is given at the
 * end, when it is there for good, and NULL until then. An error ends the job: close it. */
fallible seen_job_step(struct seen_job *job, uint64_t entries, millis expired,
                       struct seen_run **out_run);
/* Waits for the sync that keeps the job from going on, if there is one. */
void seen_job_wait(const struct seen_job *job);
void seen_job_close(struct seen_job *job); /* NULL is fine; inputs stay */

/* --- seen_folder.c: which runs count --------------------------------------------------------- */

/* Opens the runs that cover one unbroken span and removes what is left over, unfinished or cut
 * off by damage. `out_covered` is where the span ends. */
fallible seen_folder_load(struct sys *sys, const char *folder, struct seen_run ***out_runs,
                          uint32_t *out_count, uint64_t *out_covered);
fallible seen_folder_check(struct sys *sys, const char *folder,
                           void (*report)(void *, const char *), void *argument);
