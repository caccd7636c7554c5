/* intake_fold.h - reads what storing must know of earlier records, once, at opening.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/intake.h"

struct quarantine;

/* Fills identity, message ids and quarantine from the roster and the log. `progress` may be NULL;
 * false stops (ERR_EXPIRED). ERR_CORRUPT: the log ends before what is known. */
fallible intake_fold(const struct intake_config *config, struct quarantine *quarantine,
                     bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument);
/* Goes on with the files of message ids. */
fallible intake_fold_tend(const struct intake_config *config, millis now);
