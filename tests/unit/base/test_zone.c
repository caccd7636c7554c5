/* test_zone.c - calendar periods, as Python's zoneinfo has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/zone.h"
#include "support/test.h"

static struct zone *opened(const char *name)
{
    struct zone *zone = NULL;

    CHECK_OK(zone_open(str_of(name), &zone));
    return zone;
}

static millis instant(const char *text)
{
    millis at = 0;

    CHECK_OK(time_parse(str_of(text), &at));
    return at;
}

static void check_told(const struct zone *zone, millis at, const char *want)
{
    struct buf out = {0};

    time_write_local(&out, at, zone_offset(zone, at));
    CHECK_STR(buf_str(&out), want);
    buf_done(&out);
}

static const struct {
    const char *zone;
    const char *at;
    enum zone_interval interval;
    const char *start, *next;
} periods[] = {
    {"UTC", "2026-11-21T09:30:59.999Z", ZONE_MINUTE, "2026-11-21T09:30:00+00:00",
     "2026-11-21T09:31:00+00:00"},
    {"America/New_York", "2024-03-10T06:59:59.999Z", ZONE_HOUR, "2024-03-10T01:00:00-05:00",
     "2024-03-10T03:00:00-04:00"},
    {"America/New_York", "2024-03-10T07:00:00Z", ZONE_DAY, "2024-03-10T00:00:00-05:00",
     "2024-03-11T00:00:00-04:00"},
    {"America/New_York", "2024-11-03T05:30:00Z", ZONE_HOUR, "2024-11-03T01:00:00-04:00",
     "2024-11-03T01:00:00-05:00"},
    {"America/New_York", "2024-11-03T06:30:00Z", ZONE_HOUR, "2024-11-03T01:00:00-05:00",
     "2024-11-03T02:00:00-05:00"},
    {"America/New_York", "2024-11-03T23:00:00-05:00", ZONE_DAY, "2024-11-03T00:00:00-04:00",
     "2024-11-04T00:00:00-05:00"},
    {"America/New_York", "2024-11-03T12:00:00Z", ZONE_WEEK, "2024-10-28T00:00:00-04:00",
     "2024-11-04T00:00:00-05:00"},
    {"America/New_York", "2024-03-31T23:59:59-04:00", ZONE_MONTH, "2024-03-01T00:00:00-05:00",
     "2024-04-01T00:00:00-04:00"},
    {"Europe/Berlin", "2024-10-27T00:59:00Z", ZONE_DAY, "2024-10-27T00:00:00+02:00",
     "2024-10-28T00:00:00+01:00"},
    {"Europe/Berlin", "2024-12-31T23:00:00Z", ZONE_WEEK, "2024-12-30T00:00:00+01:00",
     "2025-01-06T00:00:00+01:00"},
    {"Europe/Berlin", "2024-12-31T22:59:59Z", ZONE_MONTH, "2024-12-01T00:00:00+01:00",
     "2025-01-01T00:00:00+01:00"},
    {"Europe/Berlin", "1945-05-24T00:30:00Z", ZONE_DAY, "1945-05-24T00:00:00+02:00",
     "1945-05-25T00:00:00+03:00"},
    {"Europe/Berlin", "1892-06-01T00:00:00Z", ZONE_HOUR, "1892-06-01T00:00:00+00:53:28",
     "1892-06-01T01:00:00+00:53:28"},
    {"Asia/Kathmandu", "2024-06-01T18:20:00Z", ZONE_HOUR, "2024-06-02T00:00:00+05:45",
     "2024-06-02T01:00:00+05:45"},
    {"Asia/Kathmandu", "2024-06-01T18:14:59Z", ZONE_DAY, "2024-06-01T00:00:00+05:45",
     "2024-06-02T00:00:00+05:45"},
    {"Asia/Kathmandu", "1985-12-31T18:31:00Z", ZONE_DAY, "1986-01-01T00:15:00+05:45",
     "1986-01-02T00:00:00+05:45"},
    {"America/Sao_Paulo", "2018-11-04T02:59:59Z", ZONE_DAY, "2018-11-03T00:00:00-03:00",
     "2018-11-04T01:00:00-02:00"},
    {"America/Sao_Paulo", "2018-11-04T03:00:00Z", ZONE_DAY, "2018-11-04T01:00:00-02:00",
     "2018-11-05T00:00:00-02:00"},
    {"America/Sao_Paulo", "2018-02-18T01:30:00Z", ZONE_DAY, "2018-02-17T00:00:00-02:00",
     "2018-02-18T00:00:00-03:00"},
    {"America/Sao_Paulo", "2018-02-18T02:30:00Z", ZONE_DAY, "2018-02-17T00:00:00-02:00",
     "2018-02-18T00:00:00-03:00"},
    {"America/Sao_Paulo", "2018-11-05T00:00:00Z", ZONE_WEEK, "2018-10-29T00:00:00-03:00",
     "2018-11-05T00:00:00-02:00"},
    {"Africa/Cairo", "2024-04-25T22:30:00Z", ZONE_DAY, "2024-04-26T01:00:00+03:00",
     "2024-04-27T00:00:00+03:00"},
    {"Africa/Cairo", "2023-04-28T12:00:00Z", ZONE_DAY, "2023-04-28T01:00:00+03:00",
     "2023-04-29T00:00:00+03:00"},
    {"Africa/Cairo", "2023-10-26T20:30:00Z", ZONE_DAY, "2023-10-26T00:00:00+03:00",
     "2023-10-27T00:00:00+02:00"},
    {"Africa/Cairo", "2024-10-31T21:30:00Z", ZONE_DAY, "2024-10-31T00:00:00+03:00",
     "2024-11-01T00:00:00+02:00"},
    {"Pacific/Apia", "2011-12-30T09:59:59Z", ZONE_DAY, "2011-12-29T00:00:00-10:00",
     "2011-12-31T00:00:00+14:00"},
    {"Pacific/Apia", "2011-12-30T10:00:00Z", ZONE_DAY, "2011-12-31T00:00:00+14:00",
     "2012-01-01T00:00:00+14:00"},
    {"Pacific/Apia", "2011-12-30T10:00:00Z", ZONE_WEEK, "2011-12-26T00:00:00-10:00",
     "2012-01-02T00:00:00+14:00"},
    {"Pacific/Apia", "2011-12-30T10:00:00Z", ZONE_MONTH, "2011-12-01T00:00:00-10:00",
     "2012-01-01T00:00:00+14:00"},
    {"Australia/Lord_Howe", "2024-04-06T14:45:00Z", ZONE_DAY, "2024-04-07T00:00:00+11:00",
     "2024-04-08T00:00:00+10:30"},
    {"Australia/Lord_Howe", "2024-10-05T15:30:00Z", ZONE_DAY, "2024-10-06T00:00:00+10:30",
     "2024-10-07T00:00:00+11:00"},
    {"Australia/Lord_Howe", "2024-10-06T02:00:00Z", ZONE_MONTH, "2024-10-01T00:00:00+10:30",
     "2024-11-01T00:00:00+11:00"},
    {"America/Mexico_City", "2024-07-01T05:30:00Z", ZONE_DAY, "2024-06-30T00:00:00-06:00",
     "2024-07-01T00:00:00-06:00"},
    {"Asia/Almaty", "2024-06-01T19:30:00Z", ZONE_DAY, "2024-06-02T00:00:00+05:00",
     "2024-06-03T00:00:00+05:00"},
    {"Europe/Berlin", "2150-07-01T12:00:00Z", ZONE_DAY, "2150-07-01T00:00:00+02:00",
     "2150-07-02T00:00:00+02:00"},
    {"Europe/Berlin", "9000-01-15T23:30:00Z", ZONE_MONTH, "9000-01-01T00:00:00+01:00",
     "9000-02-01T00:00:00+01:00"},
    {"America/New_York", "0500-03-01T12:00:00Z", ZONE_MONTH, "0500-03-01T00:00:00-04:56:02",
     "0500-04-01T00:00:00-04:56:02"},
    {"Africa/Monrovia", "1970-01-01T00:00:00Z", ZONE_MINUTE, "1969-12-31T23:15:30-00:44:30",
     "1969-12-31T23:16:30-00:44:30"},
    {"Asia/Tehran", "2020-03-20T20:45:00Z", ZONE_DAY, "2020-03-21T01:00:00+04:30",
     "2020-03-22T00:00:00+04:30"},
};

TEST(zone_periods_are_those_of_the_calendar)
{
    EACH_CASE(c, periods)
    {
        struct zone *zone = opened(c->zone);
        millis start = zone_period(zone, instant(c->at), c->interval);
        check_told(zone, start, c->start);
        check_told(zone, zone_next(zone, start, c->interval), c->next);
        CHECK(start <= instant(c->at));
        zone_close(zone);
    }
}

TEST(zone_day_and_midnight_belong_together)
{
    static const char *const zones[] = {"Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo",
                                        "Australia/Lord_Howe", "Asia/Kathmandu"};

    EACH_CASE(name, zones)
    {
        struct zone *zone = opened(*name);
        for (int64_t day = 3650; day < 30000; day++) {
            CHECK_INT(zone_day(zone, zone_midnight(zone, day)), day);
            CHECK(zone_midnight(zone, day) < zone_midnight(zone, day + 1));
        }
        zone_close(zone);
    }
}

TEST(zone_knows_a_day_that_never_was)
{
    struct zone *apia = opened("Pacific/Apia");
    int64_t skipped = time_days(2011, 12, 30);

    CHECK_INT(zone_midnight(apia, skipped), zone_midnight(apia, skipped + 1));
    CHECK_INT(zone_day(apia, zone_midnight(apia, skipped)), skipped + 1);
    CHECK_INT(zone_day(apia, zone_midnight(apia, skipped) - 1), skipped - 1);
    zone_close(apia);
}

TEST(zone_takes_the_names_of_iana_only)
{
    static const char *const good[] = {
        "UTC",     "Europe/Kyiv",  "US/Eastern", "Etc/GMT+5", "America/Indiana/Indianapolis",
        "EST5EDT", "Asia/Calcutta"};
    static const char *const bad[] = {
        "",
        "Europe",
        "Europe/",
        "/Europe/Berlin",
        "Europe//Berlin",
        "europe/berlin",
        "Europe/Atlantis",
        "+02:00",
        "GMT+2:00",
        "PST",
        "../../../etc/passwd",
        "Europe/../Europe/Berlin",
        "Fixed/UTC+05:00:00",
        "libc:localtime",
        "file:/etc/localtime",
        "localtime",
        "posix/Europe/Berlin",
        "zone.tab",
        "leapseconds",
        "A/very/long/name/that/no/zone/has/and/that/fits/no/buffer/at/all"};
    struct zone *zone;

    EACH_CASE(name, good)
    zone_close(opened(*name));
    EACH_CASE(name, bad)
    CHECK_ERR(ERR_INVALID, zone_open(str_of(*name), &zone));
    CHECK_ERR(ERR_INVALID, zone_open(str_from("UTC\0", 4), &zone));
    zone_close(NULL);
}
