/* deletions.h - which events were deleted, as the log says.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A fold of the log's DELETION records: a deletion of several parts is taken in whole, once its
 * last part is there. Any thread may ask; one at a time changes anything.
 */
#pragma once
#include "base/time.h"
#include "store/deleted.h"

struct deletions;
struct log;
struct log_record;

/* `part_bytes`: a record of ranges is ended there; 0: 1 MiB. */
fallible deletions_open(size_t part_bytes, struct deletions **out_deletions);
void deletions_close(struct deletions *deletions); /* NULL is fine */

/* Folds one record of that kind. ERR_LIMIT: the same may be given again. ERR_CORRUPT. */
fallible deletions_apply(struct deletions *deletions, const struct log_record *record);
/* Writes a deletion of what was found, which must not be empty, to the log and takes it in: on
 * return it is durable, `found` empty. For the log's writer, outside a group. `out_count`: how many
 * of them were not deleted before. ERR_FULL, ERR_LIMIT: nothing has changed. */
fallible deletions_write(struct deletions *deletions, struct log *log, millis at,
                         struct deleted *found, uint64_t *out_count);

/* Was the event deleted? For any thread; of NULL: no. */
bool deletions_has(struct deletions *deletions, uint64_t seq);
/* How many of [from, to) were. */
uint64_t deletions_count(struct deletions *deletions, uint64_t from, uint64_t to);
/* For who keeps changes away: borrowed. */
const struct deleted *deletions_set(const struct deletions *deletions);
