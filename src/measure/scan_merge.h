/* scan_merge.h - several pieces of one range of persons, given as if they were one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/scan_piece.h"

enum { SCAN_MERGE_MOST = 129 };

/* Makes one batch of whole persons in ascending order of what several pieces have. Of events at the
 * same time, those of an earlier piece are earlier in the log. The batch borrows from `persons` and
 * from the piece with most hits, to which the hits of persons that stand in another one, too, are
 * added; or from the only piece that has persons. ERR_LIMIT. */
fallible scan_merge(struct scan_piece *pieces, uint32_t count, struct scan_piece *persons,
                    const struct scan_values *values, struct scan_batch *out_batch);
