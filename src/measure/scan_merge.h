/* scan_merge.h - several pieces of one range of persons, given as if they were one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/scan_piece.h"

enum { SCAN_MERGE_MOST = 66 };

/* Gives batches of whole persons in ascending order. Of events at the same time, those of an
 * earlier piece are earlier in the log. `merged` is room for those who stand in several. Fails as
 * the taker does; ERR_LIMIT. */
fallible scan_merge_give(const struct scan_piece *pieces, uint32_t piece_count,
                         struct scan_piece *merged, scan_taker taker, void *argument);
