/* zone.c - calendar periods by the rules of a time zone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/zone.h"

#include "base/mem.h"
#include "base/zone_int.h"

#include <string.h>

enum { LONGEST_NAME = 64, DAYS_TO_MONDAY = 3, DAYS_IN_WEEK = 7 };

struct zone {
    struct zone_rules *rules;
};

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_word(str word)
{
    if (word.len == 0 || !is_letter(word.data[0]))
        return false;
    for (size_t i = 1; i < word.len; i++) {
        char c = word.data[i];
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '+')
            return false;
    }
    return true;
}

/* Could `name` be one of IANA's? Only such a name may become the name of a file in tzdata; the
 * other files that lie there are refused too. */
static bool is_name(str name)
{
    str rest = name;

    if (name.len > LONGEST_NAME || str_starts(name, S("posix/")) || str_starts(name, S("right/")) ||
        str_equals(name, S("localtime")) || str_equals(name, S("posixrules")))
        return false;
    do {
        if (!is_word(str_cut(&rest, '/')))
            return false;
    } while (rest.data);
    return true;
}

fallible zone_open(str name, struct zone **out_zone)
{
    char text[LONGEST_NAME + 1] = {0};
    struct zone_rules *rules = NULL;
    struct zone *zone;

    if (is_name(name)) {
        memcpy(text, name.data, name.len);
        if (!zone_rules_open(text, &rules))
            return mem_exhausted();
    }
    if (!rules)
        return fail(ERR_INVALID,
                    "\"%.*s\" is not a time zone such as Europe/Berlin (of the package tzdata)",
                    STR_ARG(str_slice(name, 0, LONGEST_NAME)));
    zone = mem_alloc(sizeof *zone);
    if (!zone) {
        zone_rules_close(rules);
        return mem_exhausted();
    }
    zone->rules = rules;
    *out_zone = zone;
    return OK;
}

void zone_close(struct zone *zone)
{
    if (!zone)
        return;
    zone_rules_close(zone->rules);
    mem_free(zone);
}

static int64_t floor_divide(int64_t number, int64_t divisor)
{
    return number / divisor - (number % divisor < 0);
}

millis zone_offset(const struct zone *zone, millis at)
{
    return zone_rules_offset_s(zone->rules, at) * MILLIS_SECOND;
}

millis zone_midnight(const struct zone *zone, int64_t days)
{
    return zone_rules_midnight_ms(zone->rules, days);
}

int64_t zone_day(const struct zone *zone, millis at)
{
    return floor_divide(at + zone_offset(zone, at), MILLIS_DAY);
}

static int64_t monday_of(int64_t day)
{
    return floor_divide(day + DAYS_TO_MONDAY, DAYS_IN_WEEK) * DAYS_IN_WEEK - DAYS_TO_MONDAY;
}

static int64_t first_of_month(int64_t day, int months_later)
{
    int year, month, unused;

    time_civil(day, &year, &month, &unused);
    month += months_later;
    return month > 12 ? time_days(year + 1, month - 12, 1) : time_days(year, month, 1);
}

millis zone_period(const struct zone *zone, millis at, enum zone_interval interval)
{
    millis offset;

    switch (interval) {
    case ZONE_MINUTE:
        return floor_divide(at, MILLIS_MINUTE) * MILLIS_MINUTE;
    case ZONE_HOUR:
        offset = zone_offset(zone, at);
        return floor_divide(at + offset, MILLIS_HOUR) * MILLIS_HOUR - offset;
    case ZONE_DAY:
        return zone_midnight(zone, zone_day(zone, at));
    case ZONE_WEEK:
        return zone_midnight(zone, monday_of(zone_day(zone, at)));
    case ZONE_MONTH:
        break;
    }
    return zone_midnight(zone, first_of_month(zone_day(zone, at), 0));
}

millis zone_next(const struct zone *zone, millis start, enum zone_interval interval)
{
    switch (interval) {
    case ZONE_MINUTE:
        return start + MILLIS_MINUTE;
    case ZONE_HOUR:
        return start + MILLIS_HOUR;
    case ZONE_DAY:
        return zone_midnight(zone, zone_day(zone, start) + 1);
    case ZONE_WEEK:
        return zone_midnight(zone, zone_day(zone, start) + DAYS_IN_WEEK);
    case ZONE_MONTH:
        break;
    }
    return zone_midnight(zone, first_of_month(zone_day(zone, start), 1));
}
