/* watchdog.h - when the service manager wants to hear that the program still moves.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * systemd asks by WATCHDOG_USEC for "WATCHDOG=1" within each such span and ends whoever is silent.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct watchdog {
    int64_t every_ns; /* half of the span; 0: nobody asked */
    int64_t next_ns;
};

void watchdog_init(struct watchdog *out_watchdog); /* from the environment */
/* True at most once in half of the span: then say it. */
bool watchdog_is_due(struct watchdog *watchdog, int64_t now_ns);
