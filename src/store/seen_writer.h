/* seen_writer.h - a run in the making. For seen*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/seen_run.h"

struct seen_writer;

/* Makes room on the disk for `most` entries. ERR_FULL. */
fallible seen_writer_open(struct sys *sys, const char *folder, const struct seen_head *head,
                          uint64_t most, struct seen_writer **out_writer);
fallible seen_writer_add(struct seen_writer *writer, const struct seen_entry *entry);
/* Writes some of what follows the entries; done when there is no more. */
fallible seen_writer_finish(struct seen_writer *writer, uint64_t pages, bool *out_is_done);
/* Syncs, renames and syncs the folder; then the run is there for good. The writer stays. */
fallible seen_writer_commit(struct seen_writer *writer, struct seen_run **out_run);
void seen_writer_close(struct seen_writer *writer); /* removes what was not committed */
