/* test_proportion.c - intervals of shares: against R's, at their edges, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/proportion.h"

#include "base/json.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>

#define CLOSE 2e-7 /* the reference has seven digits */

static struct proportion estimate(int64_t count, int64_t of, enum proportion_method method)
{
    struct proportion got;

    CHECK_OK(proportion_estimate(count, of, &(struct proportion_interval){method, 0.95}, &got));
    return got;
}

static double number(const struct json *doc, uint32_t at)
{
    double value = NAN;

    CHECK(json_to_double(doc, at, &value));
    return value;
}

static void compare(const struct json *doc, uint32_t one)
{
    static const char *const methods[] = {"wilson", "exact", "agresti-coull"};
    uint32_t all = json_find(doc, one, S("ci"));
    int64_t count, of;

    CHECK(json_to_i64(doc, json_find(doc, one, S("count")), &count));
    CHECK(json_to_i64(doc, json_find(doc, one, S("nobs")), &of));
    CHECK(number(doc, json_find(doc, one, S("conf_level"))) == 0.95);
    EACH_CASE(name, methods)
    {
        uint32_t ends = json_find(doc, all, str_of(*name));
        enum proportion_method method;
        struct proportion got;

        CHECK_OK(proportion_parse_method(str_of(*name), &method));
        got = estimate(count, of, method);
        CHECK(fabs(got.low - number(doc, ends + 1)) < CLOSE);
        CHECK(fabs(got.high - number(doc, ends + 2)) < CLOSE);
        CHECK(got.estimate == (double)count / (double)of);
    }
}

TEST(proportion_intervals_are_those_of_binom_confint)
{
    char path[512], text[1 << 16];
    struct json_reader *reader = json_reader_open();
    struct json doc;
    size_t len, cases = 0;
    FILE *file;

    snprintf(path, sizeof path, "%s/ab_stats/binom_confint_R.json", test_data());
    file = fopen(path, "rb");
    CHECK(file && reader);
    len = fread(text, 1, sizeof text, file);
    fclose(file);
    CHECK_OK(json_parse_copy(reader, test_mem, (str){text, len}, &doc));
    EACH_ELEMENT(&doc, 0, one)
    {
        compare(&doc, one);
        cases++;
    }
    CHECK(cases >= 4);
    json_reader_close(reader);
}

TEST(proportion_intervals_end_at_nothing_and_at_all)
{
    static const int64_t sizes[] = {1, 2, 30, 1000, 1000000000000000};

    EACH_CASE(of, sizes)
    {
        for (int method = PROPORTION_WILSON; method <= PROPORTION_AGRESTI_COULL; method++) {
            struct proportion none = estimate(0, *of, (enum proportion_method)method);
            struct proportion all = estimate(*of, *of, (enum proportion_method)method);

            CHECK(none.low == 0 && none.high > 0 &&
                  (none.high < 1 || method == PROPORTION_AGRESTI_COULL));
            CHECK(all.high == 1 && all.low < 1);
            CHECK(all.low > 0 || method == PROPORTION_AGRESTI_COULL); /* of one or two it is not */
            CHECK(fabs(none.high - (1 - all.low)) < 1e-15);
        }
    }
}

TEST(proportion_intervals_hold_the_estimate_and_mirror_each_other)
{
    static const int64_t counts[] = {1, 5, 49999, 50000, 99999, 99995};

    EACH_CASE(count, counts)
    {
        for (int method = PROPORTION_WILSON; method <= PROPORTION_AGRESTI_COULL; method++) {
            struct proportion got = estimate(*count, 100000, (enum proportion_method)method);
            struct proportion other =
                estimate(100000 - *count, 100000, (enum proportion_method)method);

            CHECK(got.low < got.estimate && got.estimate < got.high);
            CHECK(fabs(got.low - (1 - other.high)) < 1e-14);
        }
    }
}

TEST(proportion_refuses_what_is_none)
{
    static const struct {
        int64_t count, of;
        double confidence;
        enum err want;
    } cases[] = {
        {0, 1, 0.95, OK},
        {0, 0, 0.95, ERR_INVALID},
        {0, -1, 0.95, ERR_INVALID},
        {-1, 5, 0.95, ERR_INVALID},
        {6, 5, 0.95, ERR_INVALID},
        {1, INT64_C(9007199254740992), 0.95, OK},
        {1, INT64_C(9007199254740993), 0.95, ERR_INVALID},
        {1, 2, 0.5, OK},
        {1, 2, 0.49, ERR_INVALID},
        {1, 2, 0.999999, OK},
        {1, 2, 1, ERR_INVALID},
    };
    struct proportion got;
    enum proportion_method method;

    EACH_CASE(c, cases)
    {
        struct proportion_interval interval = {PROPORTION_EXACT, c->confidence};
        enum err err = proportion_estimate(c->count, c->of, &interval, &got);

        CHECK_INT(err, c->want);
    }
    CHECK_ERR(ERR_INVALID, proportion_parse_method(S("Wilson"), &method));
    CHECK_ERR(ERR_INVALID, proportion_parse_method((str){NULL, 0}, &method));
}
