/* events_tally.h - counts the events in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/tally.h"

struct events;

/* Between events_begin and events_end; strings are borrowed until then. ERR_LIMIT: `tally` holds
 * only a part. */
fallible events_tally(const struct events *events, struct tally *tally);
