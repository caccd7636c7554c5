/* export.h - stored events as lines of JSON, in the order of the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line is the message as it was sent, with `seq`, `type`, `timestamp` and `messageId` in front as
 * the log knows them; an event that had no messageId is given one that stays the same from export
 * to export, so that importing the lines twice adds nothing. Imported into an empty folder and
 * exported again the lines are the same but for `seq`.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>

struct deletions;
struct verdicts;
struct export;
struct json_reader;
struct log;
struct record_event;

/* Of the events with sequence numbers in [from, until). */
fallible export_open(struct log *log, uint64_t from, uint64_t until, struct export **out_export);
void export_close(struct export *export); /* NULL is fine */
/* Leaves out what was deleted; may grow meanwhile. */
void export_without(struct export *export, struct deletions *deletions);
/* Lines tell verdicts as they were revised (may change meanwhile); where `is_human`, events of
 * machines are left out. */
void export_verdicts(struct export *export, struct verdicts *verdicts, bool is_human);
/* Appends whole lines until there are `bytes` or more of them; or fewer, even none, after having
 * looked at many records. What was erased is left out. */
fallible export_read(struct export *export, size_t bytes, struct buf *out_lines, bool *out_is_end);
uint64_t export_place(const struct export *export); /* all events below this were looked at */

/* Appends one event's line. Scratch is in `mem`. */
fallible export_line(struct json_reader *reader, struct arena *mem, uint64_t seq,
                     const struct record_event *event, struct buf *out_line);
