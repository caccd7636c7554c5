/* test_visit_table.c - counting visits, taking them back, sums of time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/visit_table.h"

#include "support/test.h"

static decimal number(const char *text)
{
    decimal found;

    CHECK_OK(decimal_parse(str_of(text), &found));
    return found;
}

static str told(const struct visit_time *time)
{
    struct buf text = {0};
    str found;

    visit_table_time_write(&text, time);
    found = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return found;
}

static struct visit_sums visit_of(node_id person, uint32_t bucket, uint64_t views, const char *ms)
{
    struct visit_sums visit = {.person = person, .bucket = bucket, .views = views};

    visit_table_time_add(&visit.engaged, number(ms));
    return visit;
}

static void add(struct visit_table *table, uint32_t row, struct visit_sums visit, bool is_back)
{
    CHECK_OK(visit_table_add(table, &row, 1, &visit, is_back));
}

TEST(time_is_summed_exactly_whatever_its_size)
{
    static const struct {
        const char *first, *second, *sum;
        int times; /* the second */
    } cases[] = {
        {"1", "2", "3", 1},
        {"0.1", "0.2", "0.3", 1},
        {"5000", "-7", "4993", 1},
        {"9999.5", "0.5", "10000", 1},
        {"99999999999999999", "99999999999999999", "399999999999999996", 3},
        {"-99999999999999999", "-99999999999999999", "-399999999999999996", 3},
        {"123456789012345678", "1", "123456789012345679", 1},
        {"100000000000000000000", "0.000000000000000001",
         "100000000000000000000.000000000000000001", 1},
    };

    EACH_CASE(c, cases)
    {
        struct visit_time sum = {0}, other = {0};

        visit_table_time_add(&sum, number(c->first));
        for (int i = 0; i < c->times; i++)
            visit_table_time_add(&other, number(c->second));
        visit_table_time_merge(&sum, &other);
        CHECK_STR(told(&sum), c->sum);
    }
}

TEST(a_visitor_counts_once_in_a_bucket_and_once_in_all)
{
    struct visit_table table;

    visit_table_init(&table, test_mem);
    add(&table, 0, visit_of(7, 0, 2, "0"), false);
    add(&table, 0, visit_of(7, 1, 1, "0"), false);
    add(&table, 0, visit_of(7, 1, 1, "0"), false);
    add(&table, 0, visit_of(8, 1, 1, "0"), false);
    CHECK_INT(visit_table_find(&table, 0, 0)->visitors, 1);
    CHECK_INT(visit_table_find(&table, 0, 1)->visitors, 2);
    CHECK_INT(visit_table_find(&table, 0, 1)->visits, 3);
    CHECK_INT(visit_table_find(&table, 0, VISIT_TABLE_TOTAL)->visitors, 2);
    CHECK_INT(visit_table_find(&table, 0, VISIT_TABLE_TOTAL)->views, 5);
    CHECK(!visit_table_find(&table, 0, 2));
    CHECK(!visit_table_find(&table, 1, VISIT_TABLE_TOTAL));
}

TEST(a_bounce_has_one_view_and_less_than_ten_seconds)
{
    static const struct {
        uint64_t views;
        const char *ms;
        uint64_t bounces;
    } cases[] = {
        {1, "0", 1},       {1, "9999", 1}, {1, "9999.999", 1},
        {1, "10000", 0},   {0, "0", 0},    {2, "0", 0},
        {1, "10000.5", 0}, {1, "-1", 1},   {1, "1000000000000000000000", 0},
    };

    EACH_CASE(c, cases)
    {
        struct visit_table table;

        visit_table_init(&table, test_mem);
        add(&table, 0, visit_of(1, VISIT_TABLE_TOTAL, c->views, c->ms), false);
        CHECK_INT(visit_table_find(&table, 0, VISIT_TABLE_TOTAL)->bounces, c->bounces);
    }
}

TEST(what_is_taken_back_leaves_no_trace)
{
    static const char *const times[] = {"5", "0.25", "99999999999999999", "123456789012345678.5",
                                        "-3"};
    struct visit_table table;
    const struct visit_figures *total;

    visit_table_init(&table, test_mem);
    add(&table, 0, visit_of(1, 3, 4, "17.5"), false);
    EACH_CASE(time, times)
    {
        add(&table, 0, visit_of(2, 3, 1, *time), false);
        add(&table, 1, visit_of(2, 4, 1, *time), false);
    }
    visit_table_begin(&table);
    EACH_CASE(time, times)
    {
        add(&table, 0, visit_of(2, 3, 1, *time), true);
        add(&table, 1, visit_of(2, 4, 1, *time), true);
    }
    for (uint32_t row = 0; row < 2; row++) {
        total = visit_table_find(&table, row, VISIT_TABLE_TOTAL);
        CHECK_INT(total->visitors, row ? 0 : 1);
        CHECK_INT(total->visits, row ? 0 : 1);
        CHECK_INT(total->views, row ? 0 : 4);
        CHECK_INT(total->bounces, 0);
        CHECK_STR(told(&total->engaged), row ? "0" : "17.5");
        CHECK_STR(told(&visit_table_find(&table, row, 3 + row)->engaged), row ? "0" : "17.5");
    }
}

TEST(tables_are_merged_row_by_row)
{
    enum { ROWS = 300 };
    uint32_t places[ROWS];
    struct visit_table ours, theirs;

    visit_table_init(&ours, test_mem);
    visit_table_init(&theirs, test_mem);
    for (uint32_t i = 0; i < ROWS; i++) {
        places[i] = ROWS - 1 - i;
        add(&ours, i, visit_of(1, i % 5, 1, "1"), false);
        add(&theirs, i, visit_of(2, i % 5, i, "0.5"), false);
    }
    CHECK_OK(visit_table_merge(&ours, &theirs, places));
    for (uint32_t i = 0; i < ROWS; i++) {
        const struct visit_figures *total = visit_table_find(&ours, i, VISIT_TABLE_TOTAL);
        uint32_t other = (ROWS - 1 - i) % 5;

        CHECK_INT(total->visitors, 2);
        CHECK_INT(total->views, 1 + ROWS - 1 - i);
        CHECK_STR(told(&total->engaged), "1.5");
        CHECK_INT(visit_table_find(&ours, i, other)->visits, other == i % 5 ? 2 : 1);
    }
}

TEST(a_table_without_memory_says_so)
{
    struct arena *little = arena_open(20000);
    struct visit_sums visit = visit_of(1, 0, 1, "0");
    struct visit_table table;
    enum err err = OK;

    visit_table_init(&table, little);
    for (uint32_t row = 0; row < 1000 && !err; row++)
        err = visit_table_add(&table, &row, 1, &visit, false);
    CHECK_INT(err, ERR_LIMIT);
    arena_close(little);
}
