/* import_fold.h - what an import stores is folded and settled meanwhile, by a thread of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * So that the next start finds it in column files. The log is the truth here too: what was stored
 * and not settled when the process ends is folded by whoever opens the folder next.
 */
#pragma once
#include "app/workspace.h"

struct import_fold;

/* The workspace is borrowed; its fold and its events belong to the thread until the close. */
fallible import_fold_open(struct workspace *workspace, struct import_fold **out_fold);
/* For who stores: waits while what was stored is far ahead of what was folded, so that it is still
 * in memory when its turn comes. */
void import_fold_pace(struct import_fold *fold);
/* Lets go whoever waits in import_fold_pace; any thread; NULL is fine. */
void import_fold_stop(struct import_fold *fold);
/* Nothing will be stored any more: what was settles when it is folded. */
void import_fold_last(struct import_fold *fold);
/* Folds and settles all that was stored. `progress` may be NULL; false stops (ERR_EXPIRED). Else
 * fails as folding failed. After import_fold_last. */
fallible import_fold_finish(struct import_fold *fold, workspace_progress *progress, void *argument);
/* Ends folding where it is and settles that much, if it can; NULL is fine. */
void import_fold_close(struct import_fold *fold);
