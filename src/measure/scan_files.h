/* scan_files.h - carries out a plan over column files and the events in memory together.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each file, its strays (measure/strays.h) and the events in memory add what they have of a range
 * of persons; where several have something of a person it is merged in order.
 */
#pragma once
#include "measure/mask.h"
#include "measure/scan_piece.h"
#include "measure/scan_view.h"
#include "measure/strays.h"

enum { SCAN_MOST_FILES = 64 }; /* with the strays of each and memory SCAN_MERGE_MOST */

/* Of one question; immutable once made. */
struct scan_files {
    const struct scan_plan *plan;
    struct scan_view *views;
    const struct mask_rows **masks; /* of the views' files */
    uint32_t count;
    struct view_filed *values;         /* [slot] */
    const struct strays_rows **strays; /* of each file */
    const uint64_t *in_memory;         /* by person: she has events in memory */
    node_id end;
};

static inline bool scan_files_has(const uint64_t *bits, node_id node)
{
    return bits && bits[node / 64] >> node % 64 & 1;
}

/* The rows of a stripe that do not count; NULL: all do. */
static inline const uint64_t *scan_files_masked(const struct scan_files *files, uint32_t file,
                                                uint32_t stripe)
{
    return files->masks[file]->masked ? files->masks[file]->stripes[stripe] : NULL;
}

/* Compiles the plan for every file of its source. */
fallible scan_files_prepare(const struct scan_plan *plan, const struct scan_files **out_files);

struct scan_files_reader;
struct scan_met;
struct scan_sets;

/* `scope`, `met` and `rows` (the events in memory) must outlive it. */
fallible scan_files_open(const struct scan_files *files, struct matcher_scope *scope,
                         struct scan_met *met, struct scan_rows *rows,
                         struct scan_files_reader **out_reader);
void scan_files_close(struct scan_files_reader *reader); /* NULL is fine */
fallible scan_files_range(struct scan_files_reader *reader, node_id from, node_id to,
                          scan_taker taker, void *argument);
/* What is known of the persons given last. */
const struct scan_sets *scan_files_sets(const struct scan_files_reader *reader);
uint64_t scan_files_read(const struct scan_files_reader *reader);
