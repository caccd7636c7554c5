/* time_format.h - times written by a format such as %d.%m.%Y %H:%M, as strptime reads them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Known: %Y %y %m %d %e %H %I %p %M %S %f %j %b %B %h %a %A %z %s %D %F %T %R %n %t %%. Names are
 * English. White space in the format stands for any, also none. Years 0001 to 9999.
 */
#pragma once
#include "base/time.h"

struct time_format_parts {
    millis local;    /* what the calendar and the clock show, as if it were UTC */
    bool has_offset; /* %z or %s said how far from UTC */
    millis offset;   /* local minus UTC */
};

/* ERR_INVALID names what the format has that is not known. */
fallible time_format_check(str format);
/* False when all of `text` is not such a time. The format must have passed time_format_check. */
bool time_format_read(str format, str text, struct time_format_parts *out_parts);
