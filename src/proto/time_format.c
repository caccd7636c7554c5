/* time_format.c - walks a format and a text side by side.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/time_format.h"

#include <string.h>

/* What was read so far. */
struct reading {
    str text; /* what is left */
    int year, month, day, hour, minute, second, micros, day_of_year;
    bool is_twelve; /* the hour is one of %I */
    bool is_afternoon;
    bool is_epoch;
    int64_t epoch_s;
    bool has_offset;
    int offset_s;
};

static const char MONTHS[] = "January\0February\0March\0April\0May\0June\0July\0August\0"
                             "September\0October\0November\0December\0";
static const char DAYS[] = "Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday\0Sunday\0";

/* What a conversion is short for, or an absent str. */
static str expand(char conversion)
{
    switch (conversion) {
    case 'D':
        return S("%m/%d/%y");
    case 'F':
        return S("%Y-%m-%d");
    case 'T':
        return S("%H:%M:%S");
    case 'R':
        return S("%H:%M");
    default:
        return (str){NULL, 0};
    }
}

fallible time_format_check(str format)
{
    for (size_t i = 0; i < format.len; i++) {
        if (format.data[i] != '%')
            continue;
        if (++i == format.len)
            return fail(ERR_INVALID, "the format \"%.*s\" ends with a single %%", STR_ARG(format));
        if (!memchr("YymdeHIpMSfjbBhaAzsDFTRnt%", format.data[i], 26))
            return fail(ERR_INVALID, "the format \"%.*s\" has %%%c, which is not known",
                        STR_ARG(format), format.data[i]);
    }
    return format.len ? OK : fail(ERR_INVALID, "a format of a time is empty");
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip(struct reading *reading, size_t count)
{
    reading->text = str_slice(reading->text, count, reading->text.len);
}

static void skip_blanks(struct reading *reading)
{
    while (reading->text.len && is_blank(reading->text.data[0]))
        skip(reading, 1);
}

/* Takes one to `most` digits whose number lies within the bounds. */
static bool take_number(struct reading *reading, size_t most, int least, int greatest, int *out)
{
    int64_t value = 0;
    size_t count = 0;

    while (count < most && count < reading->text.len) {
        unsigned digit = (unsigned)(unsigned char)reading->text.data[count] - '0';

        if (digit > 9)
            break;
        value = value * 10 + digit;
        count++;
    }
    if (!count || value < least || value > greatest)
        return false;
    skip(reading, count);
    *out = (int)value;
    return true;
}

/* Takes one of the names, whole or its first three letters; which one, from 0. */
static bool take_name(struct reading *reading, const char *names, int *out)
{
    int index = 0;

    for (str name = str_of(names); name.len; name = str_of(name.data + name.len + 1), index++) {
        size_t len = name.len;

        if (!str_equals_nocase(str_slice(reading->text, 0, len), name))
            len = 3;
        if (!str_equals_nocase(str_slice(reading->text, 0, len), str_slice(name, 0, len)))
            continue;
        skip(reading, len);
        *out = index;
        return true;
    }
    return false;
}

static bool take_half(struct reading *reading)
{
    str word = str_slice(reading->text, 0, 2);

    reading->is_afternoon = str_equals_nocase(word, S("PM"));
    if (!reading->is_afternoon && !str_equals_nocase(word, S("AM")))
        return false;
    skip(reading, 2);
    return true;
}

static bool take_fraction(struct reading *reading)
{
    size_t before = reading->text.len, count;

    if (!take_number(reading, 6, 0, 999999, &reading->micros))
        return false;
    for (count = before - reading->text.len; count < 6; count++)
        reading->micros *= 10;
    while (reading->text.len && (unsigned char)(reading->text.data[0] - '0') <= 9)
        skip(reading, 1);
    return true;
}

/* Z, +HH, +HHMM or +HH:MM */
static bool take_offset(struct reading *reading)
{
    int hours, minutes = 0, sign;

    reading->has_offset = true;
    if (str_starts(reading->text, S("Z")) || str_starts(reading->text, S("z"))) {
        skip(reading, 1);
        reading->offset_s = 0;
        return true;
    }
    if (!str_starts(reading->text, S("+")) && !str_starts(reading->text, S("-")))
        return false;
    sign = reading->text.data[0] == '-' ? -1 : 1;
    skip(reading, 1);
    if (!take_number(reading, 2, 0, 23, &hours))
        return false;
    if (str_starts(reading->text, S(":")))
        skip(reading, 1);
    if (reading->text.len && (unsigned char)(reading->text.data[0] - '0') <= 9 &&
        !take_number(reading, 2, 0, 59, &minutes))
        return false;
    reading->offset_s = sign * (hours * 60 + minutes) * 60;
    return true;
}

static bool take_epoch(struct reading *reading)
{
    size_t count = str_starts(reading->text, S("-"));

    while (count < reading->text.len && (unsigned char)(reading->text.data[count] - '0') <= 9)
        count++;
    if (count > 13 || !str_to_i64(str_slice(reading->text, 0, count), &reading->epoch_s))
        return false;
    skip(reading, count);
    reading->is_epoch = true;
    return true;
}

/* %y as POSIX has it: 69 to 99 are of the last century. */
static bool take_short_year(struct reading *reading)
{
    int year;

    if (!take_number(reading, 2, 0, 99, &year))
        return false;
    reading->year = year + (year < 69 ? 2000 : 1900);
    return true;
}

static bool take_month_name(struct reading *reading)
{
    if (!take_name(reading, MONTHS, &reading->month))
        return false;
    reading->month++;
    return true;
}

static bool take_conversion(struct reading *reading, char conversion)
{
    int ignored;

    switch (conversion) {
    case 'Y':
        return take_number(reading, 4, 1, 9999, &reading->year);
    case 'y':
        return take_short_year(reading);
    case 'm':
        return take_number(reading, 2, 1, 12, &reading->month);
    case 'e':
        skip_blanks(reading); /* it is padded with a space */
        return take_number(reading, 2, 1, 31, &reading->day);
    case 'd':
        return take_number(reading, 2, 1, 31, &reading->day);
    case 'j':
        return take_number(reading, 3, 1, 366, &reading->day_of_year);
    case 'I':
        reading->is_twelve = true;
        return take_number(reading, 2, 1, 12, &reading->hour);
    case 'H':
        return take_number(reading, 2, 0, 23, &reading->hour);
    case 'p':
        return take_half(reading);
    case 'M':
        return take_number(reading, 2, 0, 59, &reading->minute);
    case 'S':
        return take_number(reading, 2, 0, 60, &reading->second);
    case 'f':
        return take_fraction(reading);
    case 'b':
    case 'B':
    case 'h':
        return take_month_name(reading);
    case 'a':
    case 'A':
        return take_name(reading, DAYS, &ignored);
    case 'z':
        return take_offset(reading);
    case 's':
        return take_epoch(reading);
    case 'n':
    case 't':
        skip_blanks(reading);
        return true;
    default: /* %% */
        if (!str_starts(reading->text, S("%")))
            return false;
        skip(reading, 1);
        return true;
    }
}

static bool walk(struct reading *reading, str format)
{
    for (size_t i = 0; i < format.len; i++) {
        char c = format.data[i];

        if (is_blank(c)) {
            skip_blanks(reading);
        } else if (c != '%') {
            if (!reading->text.len || reading->text.data[0] != c)
                return false;
            skip(reading, 1);
        } else {
            str longer = expand(format.data[++i]);

            /* What is expanded holds nothing that is expanded again. */
            if (longer.data ? !walk(reading, longer) : !take_conversion(reading, format.data[i]))
                return false;
        }
    }
    return true;
}

/* Days since 1970; false for a day that its month does not have. */
static bool reckon_days(const struct reading *reading, int64_t *out_days)
{
    int year, month, day;

    if (reading->day_of_year) {
        *out_days = time_days(reading->year, 1, 1) + reading->day_of_year - 1;
        time_civil(*out_days, &year, &month, &day);
        return year == reading->year;
    }
    *out_days = time_days(reading->year, reading->month, reading->day);
    time_civil(*out_days, &year, &month, &day);
    return day == reading->day;
}

bool time_format_read(str format, str text, struct time_format_parts *out_parts)
{
    struct reading reading = {.text = text, .year = 1970, .month = 1, .day = 1};
    int64_t days, seconds;

    if (!walk(&reading, format) || reading.text.len)
        return false;
    if (reading.is_epoch) {
        if (reading.epoch_s < time_days(1, 1, 1) * 86400 ||
            reading.epoch_s >= time_days(10000, 1, 1) * 86400)
            return false;
        *out_parts = (struct time_format_parts){
            reading.epoch_s * MILLIS_SECOND + reading.micros / 1000, true, 0};
        return true;
    }
    if (!reckon_days(&reading, &days))
        return false;
    if (reading.is_twelve)
        reading.hour = reading.hour % 12 + (reading.is_afternoon ? 12 : 0);
    seconds = days * 86400 + (reading.hour * 60 + reading.minute) * 60 + reading.second;
    *out_parts = (struct time_format_parts){seconds * MILLIS_SECOND + reading.micros / 1000,
                                            reading.has_offset, reading.offset_s * MILLIS_SECOND};
    return true;
}
