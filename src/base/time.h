/* time.h - instants as milliseconds since 1970 in UTC, and their text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

typedef int64_t millis; /* an instant since 1970-01-01T00:00Z, or a span */

#define MILLIS_SECOND ((millis)1000)
#define MILLIS_MINUTE (60 * MILLIS_SECOND)
#define MILLIS_HOUR (60 * MILLIS_MINUTE)
#define MILLIS_DAY (24 * MILLIS_HOUR)

/* Reads RFC 3339 and what ISO 8601 users send besides: "T", "t" or a space between; seconds may
 * be left out; "." or "," and any fraction; "Z", "z", +HH:MM, +HHMM, +HH or nothing (UTC). A leap
 * second (23:59:60 in UTC) counts as the next second. Of the fraction six digits count; they are
 * rounded to the nearest millisecond as Python's round(datetime.timestamp() * 1000) does.
 * ERR_INVALID names what is wrong. Years 0001 to 9999, also in UTC. */
fallible time_parse(str text, millis *out_at);
/* Reads YYYY-MM-DD as days since 1970-01-01 (proleptic Gregorian). ERR_INVALID. */
fallible time_parse_date(str text, int64_t *out_days);
/* Appends 2026-11-21T09:30:00.125Z, always with three digits. Years 0001 to 9999. */
void time_write_utc(struct buf *out, millis at);
/* Appends the local time and +HH:MM[:SS] as Python's isoformat: 2026-11-21T10:30:00+01:00, no
 * fraction when it is zero, microseconds otherwise. `offset_ms` is a whole number of seconds. */
void time_write_local(struct buf *out, millis at, millis offset_ms);
/* Days since 1970-01-01 of a civil date, and back. Months 1-12, days 1-31. */
int64_t time_days(int year, int month, int day);
void time_civil(int64_t days, int *out_year, int *out_month, int *out_day);
/* "90s", "5m", "36h", "14d", "2w" as milliseconds. ERR_INVALID. */
fallible time_parse_span(str text, millis *out_span);

/* The first of the ascending times [from, to) that is not before `time`, or `to`. */
uint32_t time_find(const millis *times, uint32_t from, uint32_t to, millis time);
