/* test_decimal.c - decimals: exact where they can be, ordered and summed without rounding.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/decimal.h"
#include "support/test.h"

#include <float.h>
#include <string.h>

static decimal read(const char *text)
{
    decimal number;

    CHECK_OK(decimal_parse(str_of(text), &number));
    return number;
}

static decimal_sum sum_of(const char *const *texts, size_t count)
{
    decimal_sum sum = {0};

    for (size_t i = 0; i < count; i++)
        decimal_sum_add(&sum, read(texts[i]));
    return sum;
}

static void check_sum(const decimal_sum *sum, const char *want)
{
    struct buf out = {0};

    decimal_sum_write(&out, sum);
    CHECK_STR(buf_str(&out), want);
    buf_done(&out);
}

TEST(decimal_reads_exactly_and_writes_plainly)
{
    static const struct {
        const char *text;
        const char *want;
        bool is_double;
        double nearest;
    } cases[] = {
        {"0", "0", false, 0},
        {"-0.00", "0", false, 0},
        {"0e400", "0", false, 0},
        {"1", "1", false, 1},
        {"1.0", "1", false, 1},
        {"10e-1", "1", false, 1},
        {"-19.90", "-19.9", false, -19.9},
        {"0.000000000000000001", "0.000000000000000001", false, 1e-18},
        {"999999999999999999", "999999999999999999", false, 999999999999999999.0},
        {"-0.999999999999999999", "-0.999999999999999999", false, -0.999999999999999999},
        {"123456789.987654321", "123456789.987654321", false, 123456789.987654321},
        {"1e20", "100000000000000000000", false, 1e20},
        {"999999999999999999e18", "999999999999999999000000000000000000", false, 1e36},
        {"1e36", "1e+36", true, 1e36},
        {"1e-19", "1e-19", true, 1e-19},
        {"1234567890123456789", "1234567890123456768", true, 1234567890123456789.0},
        {"1e-400", "0", false, 0},
    };

    EACH_CASE(c, cases)
    {
        decimal number = read(c->text);
        struct buf out = {0};
        decimal_write(&out, number);
        CHECK_STR(buf_str(&out), c->want);
        CHECK_INT(number.is_double, c->is_double);
        CHECK(decimal_to_double(number) == c->nearest);
        buf_done(&out);
    }
}

TEST(decimal_of_equal_numbers_is_equal)
{
    static const char *const cases[][2] = {
        {"1", "1.0"},
        {"1", "10e-1"},
        {"1e3", "1000"},
        {"0", "-0.0e7"},
        {"1e20", "10e19"},
        {"0.50", "5E-1"},
        {"100000000000000000000", "1e20"},
    };

    EACH_CASE(c, cases)
    {
        decimal a = read((*c)[0]), b = read((*c)[1]);
        CHECK(memcmp(&a, &b, sizeof a) == 0);
        CHECK_INT(decimal_compare(a, b), 0);
    }
}

TEST(decimal_refuses_what_is_no_number)
{
    static const char *const cases[] = {"",    "-",   "+1", "01", "1.",  ".5",    "1e",
                                        "1e+", "0x1", " 1", "1 ", "NaN", "1e400", "1,5"};
    decimal number;

    EACH_CASE(c, cases)
    CHECK_ERR(ERR_INVALID, decimal_parse(str_of(*c), &number));
}

TEST(decimal_orders_exactly)
{
    static const char *const rising[] = {
        "-1e300",
        "-1e36",
        "-999999999999999999e18",
        "-2",
        "-1.000000000000000001e0", /* 19 digits: the double -1 */
        "-0.999999999999999999",
        "-1e-18",
        "-1e-19",
        "0",
        "5e-324",
        "9e-19",
        "1e-18",
        "0.1",
        "0.1000000000000000055511151231257827", /* the double 0.1 is above 1/10 */
        "0.100000000000000006",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.5",
        "1e18",
        "999999999999999999e18",
        "1e36",
        "1e37",
        "1.5e300",
    };
    size_t count = sizeof rising / sizeof rising[0];

    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) {
            int order = decimal_compare(read(rising[a]), read(rising[b]));
            CHECK_INT((order > 0) - (order < 0), (a > b) - (a < b));
        }
}

TEST(decimal_sums_are_exact_over_mixed_scales)
{
    static const struct {
        const char *addends[4];
        size_t count;
        const char *want;
        double mean;
    } cases[] = {
        {{0}, 0, "0", 0},
        {{"0.1", "0.2"}, 2, "0.3", 0.15},
        {{"1e20", "0.000000000000000001", "-1e20"}, 3, "0.000000000000000001", 1e-18 / 3},
        {{"-1.25", "0.25"}, 2, "-1", -0.5},
        {{"-0.05", "0.02"}, 2, "-0.03", -0.015},
        {{"999999999999999999e18", "999999999999999999e18", "1"},
         3,
         "1999999999999999998000000000000000001",
         1999999999999999998000000000000000001.0 / 3},
        {{"1", "1", "0"}, 3, "2", 2.0 / 3},
        {{"1e300", "1e300"}, 2, NULL, 1e300}, /* doubles: in plain notation all the same */
    };

    EACH_CASE(c, cases)
    {
        decimal_sum sum = sum_of(c->addends, c->count);
        CHECK_INT(sum.count, c->count);
        if (c->want)
            check_sum(&sum, c->want);
        if (c->count)
            CHECK(decimal_sum_mean(&sum, sum.count) == c->mean);
    }
}

TEST(decimal_sum_of_many_is_the_sum_of_its_parts)
{
    decimal_sum all = {0}, odd = {0}, even = {0};
    decimal number = read("-0.000000000000000007");

    for (int i = 0; i < 100000; i++) {
        decimal_sum_add(&all, number);
        decimal_sum_add(i % 2 ? &odd : &even, number);
    }
    CHECK_INT(decimal_sum_compare(&odd, &even), 0);
    CHECK(decimal_sum_compare(&all, &odd) < 0);
    decimal_sum_merge(&odd, &even);
    CHECK_INT(decimal_sum_compare(&odd, &all), 0);
    CHECK_INT(odd.count, 100000);
    check_sum(&odd, "-0.0000000000007");
    /* Doubled 33 times: beyond 10^14 addends. */
    for (int i = 0; i < 33; i++)
        decimal_sum_merge(&odd, &odd);
    check_sum(&odd, "-0.0060129542144");
}

TEST(decimal_sum_with_doubles_says_so_and_stays_finite)
{
    static const char *const some[] = {"1e-30", "2.5"}, *const large[] = {"1.7e308", "1.7e308"};
    decimal_sum sum = sum_of(some, 2), most = sum_of(large, 2);

    CHECK(sum.has_inexact);
    check_sum(&sum, "2.5");
    CHECK(decimal_sum_mean(&sum, 2) == 1.25);
    CHECK(decimal_sum_to_double(&most) == DBL_MAX);
    CHECK(decimal_sum_compare(&most, &sum) > 0);
}

TEST(decimal_means_round_once)
{
    /* 2^53 + 1 halfway between two doubles, and a trifle above it. */
    static const char *const tie[] = {"9007199254740993"}, *const above[] = {
                                                               "9007199254740993",
                                                               "0.000000000000000001"};
    decimal_sum sum = sum_of(tie, 1);

    CHECK(decimal_sum_mean(&sum, 1) == 9007199254740992.0);
    sum = sum_of(above, 2);
    CHECK(decimal_sum_mean(&sum, 1) == 9007199254740994.0);
}
