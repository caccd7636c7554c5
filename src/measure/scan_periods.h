/* scan_periods.h - which period of an answer each tick of a file's times lies in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/pick.h"
#include "measure/scan_int.h"
#include "store/columns_ticks.h"

/* What is not in the range of the question has a period of its own. */
enum { SCAN_OUTSIDE = PICK_UNSURE - 1, SCAN_MOST_PERIODS = SCAN_OUTSIDE };

/* Tells it for the ticks of a file, as the plan's periods are. A tick that one begins or ends in is
 * unsure: there a row's time decides. */
void scan_periods_make(const struct scan_plan *plan, const struct columns_about *about,
                       const struct columns_ticks *ticks, struct pick_periods *out_periods);
/* The period of a time, or SCAN_OUTSIDE. */
uint8_t scan_periods_of(const struct scan_plan *plan, millis time);
