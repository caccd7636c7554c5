/* seen_writer.h - a run in the making. For seen*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/seen_run.h"

struct syncer;
struct seen_writer;

/* Where runs are written, and who syncs them. Outlives every writer. */
struct seen_place {
    struct sys *sys;
    struct syncer *syncer;
    const char *folder;
};

/* Makes room on the disk for `most` entries. ERR_FULL. */
fallible seen_writer_open(const struct seen_place *place, const struct seen_head *head,
                          uint64_t most, struct seen_writer **out_writer);
/* So much waits to be synced that nothing should be added now. Fails when a sync did. */
fallible seen_writer_is_behind(const struct seen_writer *writer, bool *out_is_behind);
fallible seen_writer_add(struct seen_writer *writer, const struct seen_entry *entry);
/* Writes some of what follows the entries; done when there is no more. */
fallible seen_writer_finish(struct seen_writer *writer, uint64_t pages, bool *out_is_done);
/* Syncs, renames and syncs the folder; then the run is there for good. Goes as far as it can
 * without waiting for a sync: NULL means call again. The writer stays. */
fallible seen_writer_commit(struct seen_writer *writer, struct seen_run **out_run);
/* Waits for the sync that is under way; how it ends is told by the next call of the others. */
void seen_writer_wait(const struct seen_writer *writer);
void seen_writer_close(struct seen_writer *writer); /* removes what was not committed */
