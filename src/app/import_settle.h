/* import_settle.h - what an import has folded is written to column files by a thread of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One lot of events is written while the next is folded: so memory holds two at the most. One
 * thread puts and waits, the one that folds.
 */
#pragma once
#include "app/workspace.h"

struct import_settle;

/* The workspace is borrowed. */
fallible import_settle_open(struct workspace *workspace, struct import_settle **out_settle);
/* Waits until the lot before is written, then sets apart what was folded and returns while that is
 * being written. Fails as the lot before failed: then nothing may settle any more. */
fallible import_settle_put(struct import_settle *settle);
/* Waits until nothing is being written. Fails as the latest lot failed. */
fallible import_settle_wait(struct import_settle *settle);
bool import_settle_is_idle(struct import_settle *settle);
/* Waits, too; NULL is fine. */
void import_settle_close(struct import_settle *settle);
