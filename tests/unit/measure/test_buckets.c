/* test_buckets.c - which periods a range touches, and which of them holds an instant.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/buckets.h"

#include "support/test.h"

static void open(const char *zone, enum zone_interval interval, struct query *out_query)
{
    *out_query = (struct query){.interval = interval};
    CHECK_OK(zone_open(str_of(zone), &out_query->zone));
}

TEST(buckets_are_the_periods_that_the_range_touches)
{
    static const struct {
        enum zone_interval interval;
        millis from, to;
        uint32_t count;
        millis first;
    } cases[] = {
        {ZONE_DAY, 0, MILLIS_DAY, 1, 0},
        {ZONE_DAY, 0, MILLIS_DAY + 1, 2, 0},
        {ZONE_DAY, MILLIS_DAY - 1, MILLIS_DAY, 1, 0},
        {ZONE_DAY, 5, 5, 1, 0},
        {ZONE_DAY, 0, 0, 0, 0},
        {ZONE_WEEK, 0, 1, 1, -3 * MILLIS_DAY}, /* 1970 began on a Thursday */
        {ZONE_MONTH, 0, 60 * MILLIS_DAY, 3, 0},
        {ZONE_HOUR, 90 * MILLIS_MINUTE, 3 * MILLIS_HOUR, 2, MILLIS_HOUR},
    };

    EACH_CASE(c, cases)
    {
        struct buckets buckets;
        struct query query;

        open("UTC", c->interval, &query);
        CHECK_OK(buckets_make(&query, c->from, c->to, test_mem, &buckets));
        CHECK_INT(buckets.count, c->count);
        if (c->count)
            CHECK_INT(buckets.starts[0], c->first);
        zone_close(query.zone);
    }
}

TEST(all_time_is_one_bucket)
{
    struct query query = {.is_all_time = true};
    struct buckets buckets;

    CHECK_OK(buckets_make(&query, 77, 99, test_mem, &buckets));
    CHECK_INT(buckets.count, 1);
    CHECK_INT(buckets.starts[0], 77);
    CHECK_INT(buckets_find(&buckets, 98), 0);
}

TEST(an_instant_is_found_however_unlike_the_periods_are)
{
    static const enum zone_interval intervals[] = {ZONE_HOUR, ZONE_DAY, ZONE_WEEK, ZONE_MONTH};
    millis from = 1711839600000, to = from + 1000 * MILLIS_DAY; /* over changes of clocks */

    EACH_CASE(interval, intervals)
    {
        struct buckets buckets;
        struct query query;

        open("Europe/Vienna", *interval, &query);
        CHECK_OK(buckets_make(&query, from, to, test_mem, &buckets));
        for (millis time = from; time < to; time += 7 * MILLIS_HOUR - 1) {
            uint32_t bucket = buckets_find(&buckets, time);

            CHECK(bucket < buckets.count);
            CHECK_INT(buckets.starts[bucket], zone_period(query.zone, time, *interval));
        }
        for (uint32_t i = 1; i < buckets.count; i++) {
            CHECK_INT(buckets_find(&buckets, buckets.starts[i]), i);
            CHECK_INT(buckets_find(&buckets, buckets.starts[i] - 1), i - 1);
        }
        zone_close(query.zone);
    }
}

TEST(too_many_buckets_are_refused)
{
    struct query query;
    struct buckets buckets;

    open("UTC", ZONE_MINUTE, &query);
    CHECK_ERR(ERR_LIMIT, buckets_make(&query, 0, 100001 * MILLIS_MINUTE, test_mem, &buckets));
    CHECK_OK(buckets_make(&query, 0, 100000 * MILLIS_MINUTE, test_mem, &buckets));
    CHECK_INT(buckets.count, 100000);
    zone_close(query.zone);
}
