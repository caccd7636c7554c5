/* zone.h - calendar time in an IANA time zone, daylight saving included.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rules are those of the system's tzdata (read by Abseil once for each zone), which is kept
 * up to date; ICU's own copy in a stable distribution is not. Immutable after opening; may be
 * shared by threads. Instants and days are those of the years 1 to 9999.
 */
#pragma once
#include "base/time.h"

struct zone;

enum zone_interval {
    ZONE_MINUTE, /* of UTC: every offset is taken for whole minutes */
    ZONE_HOUR,   /* of the local clock */
    ZONE_DAY,
    ZONE_WEEK, /* starts on Monday */
    ZONE_MONTH,
};

/* ERR_INVALID for a name that IANA does not know. */
fallible zone_open(str name, struct zone **out_zone);
void zone_close(struct zone *zone);                     /* NULL is fine */
millis zone_offset(const struct zone *zone, millis at); /* local minus UTC; costs about 25 ns */
/* The instant at which a civil day (days since 1970) starts: its midnight, or of a midnight that
 * is skipped or repeated what Python's zoneinfo takes with fold=0. */
millis zone_midnight(const struct zone *zone, int64_t days);
int64_t zone_day(const struct zone *zone, millis at); /* the civil day that holds `at` */
/* The start of the calendar period that holds `at`, and of the one behind a start. */
millis zone_period(const struct zone *zone, millis at, enum zone_interval interval);
millis zone_next(const struct zone *zone, millis start, enum zone_interval interval);
