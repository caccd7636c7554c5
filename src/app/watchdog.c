/* watchdog.c - when the service manager wants to hear that the program still moves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/watchdog.h"

#include "base/str.h"
#include "sys/process.h"

#include <stdlib.h>

enum { NS_US = 1000 };

void watchdog_init(struct watchdog *out_watchdog)
{
    str process = str_of(getenv("WATCHDOG_PID"));
    uint64_t span_us, asked;

    *out_watchdog = (struct watchdog){0};
    if (!str_to_u64(str_of(getenv("WATCHDOG_USEC")), &span_us) || span_us > INT64_MAX / NS_US)
        return;
    if (process.data && (!str_to_u64(process, &asked) || asked != (uint64_t)process_id()))
        return; /* inherited from somebody who was asked */
    out_watchdog->every_ns = (int64_t)span_us * NS_US / 2;
}

bool watchdog_is_due(struct watchdog *watchdog, int64_t now_ns)
{
    if (!watchdog->every_ns || now_ns < watchdog->next_ns)
        return false;
    watchdog->next_ns = now_ns + watchdog->every_ns;
    return true;
}
