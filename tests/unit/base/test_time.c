/* test_time.c - instants to and from text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"
#include "support/test.h"

TEST(time_reads_what_people_send)
{
    static const struct {
        const char *text;
        millis want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2012-12-02T00:30:08.276Z", 1354408208276},
        {"2012-12-02t00:30:08.276z", 1354408208276},
        {"2012-12-02 00:30:08,276Z", 1354408208276},
        {"2012-12-02T00:30:08", 1354408208000}, /* no offset: UTC */
        {"2012-12-02T00:30", 1354408200000},
        {"2012-12-02T00:30Z", 1354408200000},
        {"2012-12-02T02:30:08+02:00", 1354408208000},
        {"2012-12-02T02:30:08+0200", 1354408208000},
        {"2012-12-02T02:30:08+02", 1354408208000},
        {"2012-12-01T19:00:08-05:30", 1354408208000},
        {"2012-12-02T00:30:08-00:00", 1354408208000},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0001-01-01T00:00:00Z", -62135596800000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second */
        {"2017-01-01T00:59:60.5+01:00", 1483228800500},
        {"2020-01-01T00:00:00.1Z", 1577836800100},
        {"2020-01-01T00:00:00.1234Z", 1577836800123},
        {"2020-01-01T00:00:00.1236Z", 1577836800124},
        {"2020-01-01T00:00:00.123456789Z", 1577836800123},
        {"2020-01-01T00:00:00.9996Z", 1577836801000},
        {"1970-01-01T00:00:00.0005Z", 0}, /* half to even */
        {"1970-01-01T00:00:00.0015Z", 2},
        {"1970-01-01T00:00:00.000501Z", 1},
        {"1970-01-01T00:00:00.00050099Z", 0}, /* six digits count */
    };

    EACH_CASE(c, cases)
    {
        millis at;
        CHECK_OK(time_parse(str_of(c->text), &at));
        CHECK_INT(at, c->want);
    }
}

TEST(time_of_the_common_form_is_read_as_any_other)
{
    static const struct {
        const char *with_z, *with_offset;
    } cases[] = {
        {"2026-11-21T09:30:00.125Z", "2026-11-21T09:30:00.125+00:00"},
        {"0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000+00:00"},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999+00:00"},
        {"1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001+00:00"},
        {"2024-02-29T12:00:00.500Z", "2024-02-29T12:00:00.500+00:00"},
        {"2016-12-31T23:59:60.250Z", "2016-12-31T23:59:60.250+00:00"},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999+00:00"},
    };
    static const char *const refused[] = {
        "0000-01-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "2026-13-01T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z", "2026-01-01T00:00:61.000Z",
        "2026-01-01T00:00:00.00:Z", "2026-01-01T00:00:0/.000Z", "2026-01-01T00:00:00.000X",
    };

    EACH_CASE(c, cases)
    {
        millis z, offset;

        CHECK_OK(time_parse(str_of(c->with_z), &z));
        CHECK_OK(time_parse(str_of(c->with_offset), &offset));
        CHECK_INT(z, offset);
    }
    EACH_CASE(c, refused)
    {
        millis at;

        CHECK_ERR(ERR_INVALID, time_parse(str_of(*c), &at));
    }
}

TEST(time_refuses_with_a_reason)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "a year"},
        {"yesterday", "a year"},
        {"1354408208", "a year"},
        {"20121202T003008Z", "a year"},
        {"2015-2-02T00:30:12.984Z", "the month should have two digits"},
        {"2015-02-2T00:30:12.984Z", "the day should have two digits"},
        {"2015-13-02T00:30:12Z", "no such month"},
        {"2015-00-02T00:30:12Z", "no such month"},
        {"2015-02-29T00:30:12Z", "no such day"},
        {"1900-02-29T00:30:12Z", "no such day"},
        {"2015-02-00T00:30:12Z", "no such day"},
        {"0000-01-01T00:00:00Z", "no year 0000"},
        {"2015-02-02", "T and a time of day"},
        {"2015-02-02Z", "T and a time of day"},
        {"2015-02-02T", "hours and minutes"},
        {"2015-02-02T1:30:12Z", "hours and minutes"},
        {"2015-02-02T24:00:00Z", "no such time of day"},
        {"2015-02-02T00:60:00Z", "no such time of day"},
        {"2015-02-02T00:00:61Z", "no such time of day"},
        {"2015-02-02T00:00:60Z", "only the last minute"},
        {"2015-02-02T00:00:1Z", "seconds should have two digits"},
        {"2015-02-02T00:00:01.Z", "digits behind it"},
        {"2015-02-02T00:00:01 Z", "Z or an offset"},
        {"2015-02-02T00:00:01+2:00", "offset"},
        {"2015-02-02T00:00:01+02:", "offset"},
        {"2015-02-02T00:00:01+24:00", "no such offset"},
        {"2015-02-02T00:00:01+02:60", "no such offset"},
        {"2015-02-02T00:00:01Zulu", "something stands behind"},
        {"2015-02-02T00:00:01+02:000", "something stands behind"},
        {"0001-01-01T00:00:00+00:01", "years 0001 to 9999"},
        {"9999-12-31T23:59:59.9999Z", "years 0001 to 9999"},
    };

    EACH_CASE(c, cases)
    {
        millis at = 77;
        CHECK_ERR(ERR_INVALID, time_parse(str_of(c->text), &at));
        CHECK_INT(at, 77);
        if (!str_contains(str_of(err_text()), str_of(c->reason)))
            CHECK_STR(str_of(err_text()), c->reason);
    }
}

TEST(time_dates_count_days)
{
    static const struct {
        const char *text;
        int64_t days;
        int year, month, day;
    } cases[] = {
        {"1970-01-01", 0, 1970, 1, 1},      {"1969-12-31", -1, 1969, 12, 31},
        {"2000-02-29", 11016, 2000, 2, 29}, {"2000-03-01", 11017, 2000, 3, 1},
        {"0001-01-01", -719162, 1, 1, 1},   {"9999-12-31", 2932896, 9999, 12, 31},
    };
    int64_t days;
    int year, month, day;

    EACH_CASE(c, cases)
    {
        CHECK_OK(time_parse_date(str_of(c->text), &days));
        CHECK_INT(days, c->days);
        time_civil(days, &year, &month, &day);
        CHECK(year == c->year && month == c->month && day == c->day);
    }
    for (days = -719162; days <= 2932896; days++) {
        time_civil(days, &year, &month, &day);
        CHECK(time_days(year, month, day) == days);
    }
    CHECK_ERR(ERR_INVALID, time_parse_date(S("2026-11-21T"), &days));
    CHECK_ERR(ERR_INVALID, time_parse_date(S("2026-11-31"), &days));
}

TEST(time_is_written_in_utc_with_milliseconds)
{
    static const struct {
        millis at;
        const char *want;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1354408208276, "2012-12-02T00:30:08.276Z"},
        {-62135596800000, "0001-01-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};
        millis back;
        time_write_utc(&out, c->at);
        CHECK_STR(buf_str(&out), c->want);
        CHECK_OK(time_parse(buf_str(&out), &back));
        CHECK_INT(back, c->at);
        buf_done(&out);
    }
}

TEST(time_is_written_locally_as_python_does)
{
    static const struct {
        millis at, offset;
        const char *want;
    } cases[] = {
        {0, 0, "1970-01-01T00:00:00+00:00"},
        {125, MILLIS_HOUR, "1970-01-01T01:00:00.125000+01:00"},
        {0, -5 * MILLIS_HOUR - 30 * MILLIS_MINUTE, "1969-12-31T18:30:00-05:30"},
        {0, 53 * MILLIS_MINUTE + 28 * MILLIS_SECOND, "1970-01-01T00:53:28+00:53:28"},
        {-1, -(4 * MILLIS_HOUR + 56 * MILLIS_MINUTE + 2 * MILLIS_SECOND),
         "1969-12-31T19:03:57.999000-04:56:02"},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};
        time_write_local(&out, c->at, c->offset);
        CHECK_STR(buf_str(&out), c->want);
        buf_done(&out);
    }
}

TEST(time_spans_have_a_unit)
{
    static const struct {
        const char *text;
        millis want;
    } good[] = {{"90s", 90000},
                {"5m", 300000},
                {"36h", 129600000},
                {"14d", 1209600000},
                {"2w", 1209600000},
                {"0d", 0},
                {"36500d", 36500 * MILLIS_DAY}};
    static const char *const bad[] = {"",
                                      "5",
                                      "d",
                                      "-1d",
                                      "+1d",
                                      "1.5h",
                                      "1 d",
                                      "1D",
                                      "1y",
                                      "7dd",
                                      "99999999999999w",
                                      "9223372036854775807s"};
    millis span;

    EACH_CASE(c, good)
    {
        CHECK_OK(time_parse_span(str_of(c->text), &span));
        CHECK_INT(span, c->want);
    }
    EACH_CASE(c, bad)
    CHECK_ERR(ERR_INVALID, time_parse_span(str_of(*c), &span));
}

TEST(a_time_is_found_among_ascending_ones)
{
    static const millis times[] = {-5, 3, 3, 3, 8};
    static const struct {
        const char *name;
        millis time;
        uint32_t from, to, found;
    } cases[] = {
        {"before all", -9, 0, 5, 0}, {"the first of equals", 3, 0, 5, 1}, {"between", 4, 0, 5, 4},
        {"behind all", 9, 0, 5, 5},  {"in a part", 3, 2, 4, 2},           {"in none", 3, 2, 2, 2},
    };

    EACH_CASE(c, cases)
    CHECK_INT(time_find(times, c->from, c->to, c->time), c->found);
}
