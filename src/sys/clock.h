/* clock.h - time, as an argument.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/time.h"

struct sys;

millis clock_now(struct sys *sys);      /* wall clock; may jump either way */
int64_t clock_mono_ns(struct sys *sys); /* never goes back; for deadlines and durations */
void clock_sleep(struct sys *sys, millis span);
/* For a part of a millisecond, about; simulated it takes no time. */
void clock_pause(struct sys *sys, int64_t ns);
