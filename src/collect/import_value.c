/* import_value.c - cells read by type.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_value.h"

#include "base/decimal.h"
#include "base/zone.h"
#include "collect/import_text.h"
#include "proto/time_format.h"

enum { EXACT_DIGITS = 18, DATE_LEN = 10, SECONDS_LEN = 19 };

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

/* By JSON's grammar and exact. What has an exponent is rare and left to decimal_parse. */
static bool is_number(str text)
{
    const char *at = text.data, *end = at + text.len, *digits;
    size_t count;
    decimal number;

    at += *at == '-';
    digits = at;
    while (at < end && is_digit(*at))
        at++;
    count = (size_t)(at - digits);
    if (!count || (*digits == '0' && count > 1))
        return false;
    if (at < end && *at == '.') {
        digits = ++at;
        while (at < end && is_digit(*at))
            at++;
        if (at == digits)
            return false;
        count += (size_t)(at - digits);
    }
    if (at == end)
        return count <= EXACT_DIGITS;
    return (*at | 0x20) == 'e' && decimal_parse(text, &number) == OK && !number.is_double;
}

unsigned import_value_guess(str text)
{
    text = str_trim(text);
    if (!text.len)
        return 0;
    if (is_digit(text.data[0]) || text.data[0] == '-')
        return is_number(text) ? IMPORT_MAYBE_NUMBER : 0;
    if (str_equals_nocase(text, S("true")) || str_equals_nocase(text, S("false")))
        return IMPORT_MAYBE_BOOLEAN;
    return 0;
}

/* Times */

static inline bool two_digits(const char *at, int *out)
{
    *out = (at[0] - '0') * 10 + at[1] - '0';
    return is_digit(at[0]) && is_digit(at[1]);
}

/* The most common way to write a time, YYYY-MM-DD and HH:MM:SS with or without Z: what does not
 * fit is left to time_parse. */
static bool read_common(str text, millis *out_at, bool *out_has_offset)
{
    int century, year, month, day, hour = 0, minute = 0, second = 0, y, m, d;
    const char *at = text.data;

    if (text.len != DATE_LEN && text.len != SECONDS_LEN && text.len != SECONDS_LEN + 1)
        return false;
    if (!two_digits(at, &century) || !two_digits(at + 2, &year) || at[4] != '-' ||
        !two_digits(at + 5, &month) || at[7] != '-' || !two_digits(at + 8, &day))
        return false;
    if (text.len > DATE_LEN &&
        ((at[10] != ' ' && at[10] != 'T') || !two_digits(at + 11, &hour) || at[13] != ':' ||
         !two_digits(at + 14, &minute) || at[16] != ':' || !two_digits(at + 17, &second)))
        return false;
    *out_has_offset = text.len == SECONDS_LEN + 1;
    year += century * 100;
    if ((*out_has_offset && at[19] != 'Z') || year < 1 || month < 1 || month > 12 || day < 1 ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    *out_at = time_days(year, month, day) * MILLIS_DAY + hour * MILLIS_HOUR +
              minute * MILLIS_MINUTE + second * MILLIS_SECOND;
    if (day <= 28)
        return true;
    time_civil(time_days(year, month, day), &y, &m, &d);
    return d == day;
}

static bool read_any(str text, millis *out_at, bool *out_has_offset)
{
    str of_day = str_slice(text, DATE_LEN, text.len);
    int64_t days;

    if (text.len == DATE_LEN) {
        *out_has_offset = false;
        if (time_parse_date(text, &days) != OK)
            return false;
        *out_at = days * MILLIS_DAY;
        return true;
    }
    *out_has_offset = str_find(of_day, '+') >= 0 || str_find(of_day, '-') >= 0 ||
                      str_find(of_day, 'Z') >= 0 || str_find(of_day, 'z') >= 0;
    return time_parse(text, out_at) == OK;
}

/* The instant at which the zone's clocks show `local`: of two the first; where they skip it, as
 * far behind the skip as `local` is into it. So does Python's zoneinfo with fold=0. */
static millis from_local(const struct zone *zone, millis local)
{
    millis before = zone_offset(zone, local - MILLIS_DAY);
    millis after = zone_offset(zone, local + MILLIS_DAY);

    if (before == after || zone_offset(zone, local - before) == before)
        return local - before;
    return zone_offset(zone, local - after) == after ? local - after : local - before;
}

static bool is_within_years(millis at)
{
    return at >= time_days(1, 1, 2) * MILLIS_DAY && at < time_days(9999, 12, 31) * MILLIS_DAY;
}

bool import_value_time(const struct import_clock *clock, str text, millis *out_at)
{
    struct time_format_parts parts;
    bool has_offset;
    millis at;

    text = str_trim(text);
    if (clock->format.data) {
        if (!time_format_read(clock->format, text, &parts))
            return false;
        at = parts.local - parts.offset;
        has_offset = parts.has_offset;
    } else if (!read_common(text, &at, &has_offset) && !read_any(text, &at, &has_offset)) {
        return false;
    }
    if (!is_within_years(at))
        return false;
    *out_at = has_offset || !clock->zone ? at : from_local(clock->zone, at);
    return true;
}

/* Declared types are generous about how a value is written. */

static char *write_boolean(char *at, str text)
{
    if (str_equals_nocase(text, S("true")) || str_equals(text, S("1")) ||
        str_equals_nocase(text, S("yes")))
        return import_text_add(at, S("true"));
    if (str_equals_nocase(text, S("false")) || str_equals(text, S("0")) ||
        str_equals_nocase(text, S("no")))
        return import_text_add(at, S("false"));
    return NULL;
}

/* "+007", ".5" and "5." as JSON writes them. */
static char *write_decimal(char *at, str text, bool is_integer)
{
    char *start = at;
    size_t i = 0;
    decimal number;

    if (i < text.len && (text.data[i] == '-' || text.data[i] == '+'))
        if (text.data[i++] == '-')
            *at++ = '-';
    while (i + 1 < text.len && text.data[i] == '0' && is_digit(text.data[i + 1]))
        i++;
    if (i == text.len || !(is_digit(text.data[i]) ||
                           (text.data[i] == '.' && i + 1 < text.len && is_digit(text.data[i + 1]))))
        return NULL;
    if (text.data[i] == '.')
        *at++ = '0';
    at = import_text_add(at, str_slice(text, i, text.len));
    if (at[-1] == '.')
        at--;
    for (const char *c = start; is_integer && c < at; c++)
        if (!is_digit(*c) && *c != '-')
            return NULL;
    return decimal_parse(str_from(start, (size_t)(at - start)), &number) == OK ? at : NULL;
}

static char *write_time(char *at, const struct import_clock *clock, str text)
{
    millis time;

    if (!import_value_time(clock, text, &time))
        return NULL;
    *at++ = '"';
    at = import_text_time(at, time);
    *at++ = '"';
    return at;
}

char *import_value_write(char *at, enum import_type type, const struct import_clock *clock,
                         str text)
{
    if (type == IMPORT_TEXT)
        return import_text_quoted(at, text);
    text = str_trim(text);
    if (text.len == 0)
        return NULL;
    switch (type) {
    case IMPORT_NUMBER:
        return is_number(text) ? import_text_add(at, text) : NULL;
    case IMPORT_INTEGER:
        return write_decimal(at, text, true);
    case IMPORT_DECIMAL:
        return write_decimal(at, text, false);
    case IMPORT_BOOLEAN:
        return write_boolean(at, text);
    case IMPORT_TIME:
        return write_time(at, clock, text);
    case IMPORT_GUESSED:
    case IMPORT_TEXT:
        break;
    }
    return NULL;
}

const char *import_value_name(enum import_type type)
{
    switch (type) {
    case IMPORT_INTEGER:
        return "an integer";
    case IMPORT_DECIMAL:
    case IMPORT_NUMBER:
        return "a number";
    case IMPORT_BOOLEAN:
        return "true or false";
    case IMPORT_TIME:
        return "a time";
    case IMPORT_GUESSED:
    case IMPORT_TEXT:
        break;
    }
    return "text";
}
