/* intake_revise.h - what the watch finds out about stored events, written to the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"
#include "base/time.h"

struct intake_revise; /* the log-writer thread's */
struct log;
struct traffic_watch;
struct verdicts;

/* All of them outlive it. ERR_LIMIT. */
fallible intake_revise_open(struct traffic_watch *watch, struct verdicts *verdicts, struct log *log,
                            struct intake_revise **out_revise);
void intake_revise_close(struct intake_revise *revise); /* NULL is fine */
/* Outside a group: marks the events of who was found to be a machine, once a second at the most,
 * for each time is a sync. Without memory or room on the disk they wait. ERR_IO, ERR_CORRUPT: the
 * log can promise nothing any more. */
fallible intake_revise_step(struct intake_revise *revise, millis now);
