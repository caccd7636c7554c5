/* replay.h - many events out of quarantine at once: chosen, mended by a map, and sent again.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One replay at a time, on a thread of its own. Each event leaves quarantine in the group of the
 * log that stores it, so that whatever happens on the way it is stored once or waits still. A
 * replay that was stopped goes on behind the last entry it has looked at; after a restart the same
 * request does what is left.
 */
#pragma once
#include "base/json.h"

struct intake;
struct log_picker;
struct replay;
struct sys;

struct replay_stock {
    struct sys *sys;
    struct log_picker *picker;
    struct intake *intake;
};

fallible replay_open(const struct replay_stock *stock, struct replay **out_replay);
void replay_end(struct replay *replay);   /* asks the one under way to stop; NULL is fine */
void replay_close(struct replay *replay); /* waits for its end; NULL is fine */

/* Begins what the object at `at` asks for:
 *   {"seqs":[N...]} or {"event":NAME,"reason":TEXT} (one of them or both) or {"all":true},
 *   "map":{...} as in mend.h, "dry_run":true: nothing changes, but all is looked at.
 * ERR_INVALID names what is wrong; ERR_CONFLICT: one is under way. */
fallible replay_begin(struct replay *replay, const struct json *doc, uint32_t at);
/* The same without a map: they leave quarantine without an event. */
fallible replay_dismiss(struct replay *replay, const struct json *doc, uint32_t at);
/* Goes on with the one that was stopped or failed. ERR_CONFLICT: there is none such. */
fallible replay_resume(struct replay *replay);
fallible replay_stop(struct replay *replay); /* ERR_ABSENT: none is under way */
/* False when the one under way did not come to its end within `timeout_ms`. */
bool replay_wait(struct replay *replay, int64_t timeout_ms);
/* What became of the latest. ERR_ABSENT: there was none since the start. */
fallible replay_write(struct replay *replay, struct json_writer *w);
