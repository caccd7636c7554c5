/* time.c - instants to and from text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"

#include <math.h>

enum {
    MICROS_DIGITS = 6,
    DAYS_BEFORE_1970 = 719468, /* since 0000-03-01, where a year starts for the reckoning */
    DAYS_IN_400_YEARS = 146097,
    LAST_YEAR = 9999,
};

/* What is left of a text that is being read. */
struct scan {
    str whole;
    str rest;
};

static enum err wrong(const struct scan *scan, const char *what)
{
    return fail(ERR_INVALID, "\"%.*s\" is not a time: %s", STR_ARG(str_slice(scan->whole, 0, 40)),
                what);
}

static bool take_byte(struct scan *scan, char byte)
{
    if (scan->rest.len == 0 || scan->rest.data[0] != byte)
        return false;
    scan->rest = str_slice(scan->rest, 1, scan->rest.len);
    return true;
}

/* Takes exactly `count` digits. */
static bool take_digits(struct scan *scan, size_t count, int *out_number)
{
    uint64_t number;

    if (scan->rest.len < count || !str_to_u64(str_slice(scan->rest, 0, count), &number))
        return false;
    *out_number = (int)number;
    scan->rest = str_slice(scan->rest, count, scan->rest.len);
    return true;
}

/* By Howard Hinnant's "chrono-compatible low-level date algorithms". */
int64_t time_days(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_IN_400_YEARS + day_of_era - DAYS_BEFORE_1970;
}

void time_civil(int64_t days, int *out_year, int *out_month, int *out_day)
{
    int64_t shifted = days + DAYS_BEFORE_1970;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_IN_400_YEARS - 1)) / DAYS_IN_400_YEARS;
    int64_t day = shifted - era * DAYS_IN_400_YEARS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */

    *out_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *out_month = (int)(month < 10 ? month + 3 : month - 9);
    *out_year = (int)(year + era * 400 + (*out_month <= 2));
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap);
}

static fallible take_date(struct scan *scan, int64_t *out_days)
{
    int year, month, day;

    if (!take_digits(scan, 4, &year) || !take_byte(scan, '-'))
        return wrong(scan, "it should start with a year of four digits and a hyphen");
    if (!take_digits(scan, 2, &month) || !take_byte(scan, '-'))
        return wrong(scan, "the month should have two digits and a hyphen behind them");
    if (!take_digits(scan, 2, &day))
        return wrong(scan, "the day should have two digits");
    if (year == 0)
        return wrong(scan, "there is no year 0000");
    if (month < 1 || month > 12)
        return wrong(scan, "there is no such month");
    if (day < 1 || day > days_in_month(year, month))
        return wrong(scan, "that month has no such day");
    *out_days = time_days(year, month, day);
    return OK;
}

fallible time_parse_date(str text, int64_t *out_days)
{
    struct scan scan = {text, text};
    int64_t days;

    TRY(take_date(&scan, &days));
    if (scan.rest.len)
        return wrong(&scan, "a date should end behind the day");
    *out_days = days;
    return OK;
}

/* Takes the digits behind the point as microseconds; those behind the sixth are dropped. */
static fallible take_fraction(struct scan *scan, int64_t *out_micros)
{
    int64_t micros = 0;
    int count = 0, digit;

    for (; take_digits(scan, 1, &digit); count++)
        if (count < MICROS_DIGITS)
            micros = micros * 10 + digit;
    if (count == 0)
        return wrong(scan, "a point should have digits behind it");
    for (; count < MICROS_DIGITS; count++)
        micros *= 10;
    *out_micros = micros;
    return OK;
}

struct clock {
    int seconds; /* since midnight */
    int64_t micros;
    bool is_leap; /* a 61st second */
};

/* Takes HH:MM[:SS[.fraction]]. */
static fallible take_clock(struct scan *scan, struct clock *out_clock)
{
    int hour, minute, second = 0;
    int64_t micros = 0;

    if (!take_digits(scan, 2, &hour) || !take_byte(scan, ':') || !take_digits(scan, 2, &minute))
        return wrong(scan, "hours and minutes should have two digits each and a colon between");
    if (take_byte(scan, ':')) {
        if (!take_digits(scan, 2, &second))
            return wrong(scan, "the seconds should have two digits");
        if (take_byte(scan, '.') || take_byte(scan, ','))
            TRY(take_fraction(scan, &micros));
    }
    if (hour > 23 || minute > 59 || second > 60)
        return wrong(scan, "there is no such time of day");
    *out_clock = (struct clock){(hour * 60 + minute) * 60 + second, micros, second == 60};
    return OK;
}

/* Takes what tells the distance from UTC, in seconds. */
static fallible take_offset(struct scan *scan, int *out_seconds)
{
    bool is_behind = scan->rest.len && scan->rest.data[0] == '-';
    int hours, minutes = 0;

    *out_seconds = 0;
    if (scan->rest.len == 0 || take_byte(scan, 'Z') || take_byte(scan, 'z'))
        return OK;
    if (!take_byte(scan, '+') && !take_byte(scan, '-'))
        return wrong(scan, "Z or an offset such as +02:00 should follow the time of day");
    if (!take_digits(scan, 2, &hours))
        return wrong(scan, "the offset should have two digits for its hours");
    if ((take_byte(scan, ':') || scan->rest.len) && !take_digits(scan, 2, &minutes))
        return wrong(scan, "the offset should have two digits for its minutes");
    if (hours > 23 || minutes > 59)
        return wrong(scan, "there is no such offset");
    *out_seconds = (hours * 60 + minutes) * 60 * (is_behind ? -1 : 1);
    return OK;
}

/* Python's way, which goes through the double nearest to the seconds: halves fall as its last bit
 * says. The microseconds of far years need more than a double holds. */
static millis round_to_millis(int64_t micros)
{
    double seconds = (double)((long double)micros / 1e6L);

    return (millis)rint(seconds * 1e3);
}

static int two_digits(const char *at, unsigned *wrong)
{
    unsigned high = (unsigned char)at[0] - (unsigned)'0',
             low = (unsigned char)at[1] - (unsigned)'0';

    *wrong |= (unsigned)(high > 9) | (unsigned)(low > 9);
    return (int)(high * 10 + low);
}

/* 2026-11-21T09:30:00.125Z: what nearly all senders write. Whatever else it is, also a time that
 * does not exist, is for the long way. */
static bool parse_common(str text, millis *out_at)
{
    const char *at = text.data;
    unsigned wrong = 0;
    int year, month, day, hour, minute, second, thousandths;

    if (text.len != sizeof "2026-11-21T09:30:00.125Z" - 1 || at[4] != '-' || at[7] != '-' ||
        at[10] != 'T' || at[13] != ':' || at[16] != ':' || at[19] != '.' || at[23] != 'Z')
        return false;
    year = two_digits(at, &wrong) * 100 + two_digits(at + 2, &wrong);
    month = two_digits(at + 5, &wrong);
    day = two_digits(at + 8, &wrong);
    hour = two_digits(at + 11, &wrong);
    minute = two_digits(at + 14, &wrong);
    second = two_digits(at + 17, &wrong);
    thousandths = two_digits(at + 20, &wrong) * 10;
    wrong |= (unsigned)(at[22] < '0') | (unsigned)(at[22] > '9');
    thousandths += at[22] - '0';
    if (wrong || year == 0 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59)
        return false;
    *out_at = time_days(year, month, day) * MILLIS_DAY +
              ((hour * 60 + minute) * 60 + second) * MILLIS_SECOND + thousandths;
    return true;
}

fallible time_parse(str text, millis *out_at)
{
    struct scan scan = {text, text};
    struct clock clock = {0};
    int64_t days, seconds;
    int offset;
    millis at;

    if (parse_common(text, out_at))
        return OK;
    TRY(take_date(&scan, &days));
    if (!take_byte(&scan, 'T') && !take_byte(&scan, 't') && !take_byte(&scan, ' '))
        return wrong(&scan, "T and a time of day should follow the date");
    TRY(take_clock(&scan, &clock));
    TRY(take_offset(&scan, &offset));
    if (scan.rest.len)
        return wrong(&scan, "something stands behind it");
    seconds = days * 86400 + clock.seconds - offset;
    if (clock.is_leap && seconds % 86400 != 0)
        return wrong(&scan, "only the last minute of a day in UTC can have 61 seconds");
    at = round_to_millis(seconds * 1000000 + clock.micros);
    if (at < time_days(1, 1, 1) * MILLIS_DAY || at >= time_days(LAST_YEAR + 1, 1, 1) * MILLIS_DAY)
        return wrong(&scan, "in UTC it is not within the years 0001 to 9999");
    *out_at = at;
    return OK;
}

static void add_padded(struct buf *out, int64_t number, int width)
{
    char digits[20];

    for (int i = width; i-- > 0; number /= 10)
        digits[i] = (char)('0' + number % 10);
    buf_add_bytes(out, digits, (size_t)width);
}

/* Appends HH:MM, and :SS with seconds. */
static void add_clock(struct buf *out, int64_t seconds, bool has_seconds)
{
    add_padded(out, seconds / 3600, 2);
    buf_add_byte(out, ':');
    add_padded(out, seconds / 60 % 60, 2);
    if (has_seconds) {
        buf_add_byte(out, ':');
        add_padded(out, seconds % 60, 2);
    }
}

/* Appends date and time of day to the second; returns the milliseconds that are left. */
static int64_t add_civil(struct buf *out, millis local)
{
    int64_t days = local / MILLIS_DAY - (local % MILLIS_DAY < 0);
    millis of_day = local - days * MILLIS_DAY;
    int year, month, day;

    time_civil(days, &year, &month, &day);
    add_padded(out, year, 4);
    buf_add_byte(out, '-');
    add_padded(out, month, 2);
    buf_add_byte(out, '-');
    add_padded(out, day, 2);
    buf_add_byte(out, 'T');
    add_clock(out, of_day / MILLIS_SECOND, true);
    return of_day % MILLIS_SECOND;
}

void time_write_utc(struct buf *out, millis at)
{
    int64_t rest = add_civil(out, at);

    buf_add_byte(out, '.');
    add_padded(out, rest, 3);
    buf_add_byte(out, 'Z');
}

void time_write_local(struct buf *out, millis at, millis offset_ms)
{
    int64_t rest = add_civil(out, at + offset_ms);
    int64_t offset_s = (offset_ms < 0 ? -offset_ms : offset_ms) / MILLIS_SECOND;

    if (rest) {
        buf_add_byte(out, '.');
        add_padded(out, rest * 1000, MICROS_DIGITS);
    }
    buf_add_byte(out, offset_ms < 0 ? '-' : '+');
    add_clock(out, offset_s, offset_s % 60 != 0);
}

fallible time_parse_span(str text, millis *out_span)
{
    static const struct {
        char unit;
        millis length;
    } units[] = {{'s', MILLIS_SECOND},
                 {'m', MILLIS_MINUTE},
                 {'h', MILLIS_HOUR},
                 {'d', MILLIS_DAY},
                 {'w', 7 * MILLIS_DAY}};
    uint64_t count;
    millis span;

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text.len && text.data[text.len - 1] == units[i].unit &&
            str_to_u64(str_slice(text, 0, text.len - 1), &count) &&
            !__builtin_mul_overflow(count, (uint64_t)units[i].length, &span)) {
            *out_span = span;
            return OK;
        }
    return fail(ERR_INVALID, "\"%.*s\" is not a span of time such as 90s, 5m, 36h, 14d or 2w",
                STR_ARG(str_slice(text, 0, 40)));
}

uint32_t time_find(const millis *times, uint32_t from, uint32_t to, millis time)
{
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;

        if (times[middle] < time)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}
