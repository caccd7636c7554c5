/* clock.c - time from whichever world it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/clock.h"

#include "sys/sys_int.h"

millis clock_now(struct sys *sys)
{
    return sys->verbs->now(sys);
}

int64_t clock_mono_ns(struct sys *sys)
{
    return sys->verbs->mono_ns(sys);
}

void clock_sleep(struct sys *sys, millis span)
{
    if (span > 0)
        sys->verbs->sleep(sys, span);
}

void clock_pause(struct sys *sys, int64_t ns)
{
    if (ns > 0)
        sys->verbs->pause(sys, ns);
}
