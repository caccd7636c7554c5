/* test_limits.c - token buckets on a clock of their own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/limits.h"

#include "base/mem.h"
#include "support/test.h"

#define SECOND ((int64_t)1000000000)

static const struct limits_rate TWO_A_SECOND = {2, 1000, 4};

static struct limits *open_limits(size_t names)
{
    hash_key key = {{1, 2, 3}};
    struct limits *limits;

    CHECK_OK(limits_open(&key, names, &limits));
    return limits;
}

static bool take(struct limits *limits, const char *name, int64_t now_ns)
{
    struct limits_state state;

    limits_take(limits, &TWO_A_SECOND, str_of(name), now_ns, &state);
    return !state.is_over;
}

TEST(limits_give_a_burst_and_then_what_comes_back)
{
    static const struct {
        int64_t at_ms;
        bool is_over;
        uint64_t left;
        int64_t wait_ms, full_ms;
    } steps[] = {
        {0, false, 3, 0, 500},      {0, false, 2, 0, 1000},    {0, false, 1, 0, 1500},
        {0, false, 0, 500, 2000},   {0, true, 0, 500, 2000},   {499, true, 0, 1, 1501},
        {500, false, 0, 500, 2000}, {500, true, 0, 500, 2000}, {1500, false, 1, 0, 1500},
        {9000, false, 3, 0, 500},
    };
    struct limits *limits = open_limits(100);

    EACH_CASE(step, steps)
    {
        struct limits_state state;

        limits_take(limits, &TWO_A_SECOND, S("a"), SECOND + step->at_ms * 1000000, &state);
        CHECK_INT(state.is_over, step->is_over);
        CHECK_INT(state.left, step->left);
        CHECK_INT(state.wait_ms, step->wait_ms);
        CHECK_INT(state.full_ms, step->full_ms);
    }
    limits_close(limits);
}

TEST(limits_give_no_more_than_rate_and_burst_over_any_time)
{
    struct limits *limits = open_limits(100);
    int taken = 0;

    for (int64_t ms = 0; ms < 10000; ms++)
        taken += take(limits, "a", SECOND + ms * 1000000);
    CHECK_INT(taken, 4 + 2 * 10 - 1); /* the last comes back at 10 s */
    limits_close(limits);
}

TEST(limits_count_names_apart)
{
    struct limits *limits = open_limits(100);

    for (int i = 0; i < 4; i++)
        CHECK(take(limits, "a", SECOND));
    CHECK(!take(limits, "a", SECOND));
    CHECK(take(limits, "b", SECOND));
    CHECK(take(limits, "", SECOND));
    limits_close(limits);
}

TEST(limits_of_no_burst_or_no_rate_hold_nobody)
{
    static const struct limits_rate none[] = {{0, 1000, 0}, {5, 1000, 0}, {0, 1000, 5}};
    struct limits *limits = open_limits(100);

    EACH_CASE(rate, none)
    for (int i = 0; i < 100; i++) {
        struct limits_state state;

        limits_take(limits, rate, S("a"), SECOND, &state);
        CHECK(!state.is_over);
    }
    limits_close(limits);
}

TEST(limits_stay_as_large_as_they_are_however_many_names_come)
{
    struct limits *limits = open_limits(1000);
    size_t bytes = limits_bytes(limits);
    long calls = mem_calls();

    CHECK(bytes < 40000);
    for (uint64_t i = 0; i < 100000; i++) {
        struct limits_state state;

        limits_take(limits, &TWO_A_SECOND, str_from(&i, sizeof i), SECOND, &state);
        CHECK(!state.is_over);
    }
    CHECK_INT(mem_calls(), calls);
    CHECK_INT(limits_bytes(limits), bytes);
    limits_close(limits);
}

TEST(limits_keep_who_asks_most_when_others_take_their_places)
{
    struct limits *limits = open_limits(1000);
    struct limits_state state;

    for (int i = 0; i < 4; i++)
        CHECK(take(limits, "greedy", SECOND));
    for (uint64_t i = 0; i < 100000; i++)
        limits_take(limits, &TWO_A_SECOND, str_from(&i, sizeof i), SECOND, &state);
    CHECK(!take(limits, "greedy", SECOND));
    limits_close(limits);
}

TEST(limits_do_not_take_back_what_a_clock_that_stands_still_gave)
{
    static const struct limits_rate fine = {1000000, 1000, 1000000};
    struct limits *limits = open_limits(100);
    struct limits_state state = {0};

    for (int i = 0; i < 1000000; i++)
        limits_take(limits, &fine, S("a"), 0, &state);
    CHECK(!state.is_over);
    CHECK_INT(state.left, 0);
    limits_take(limits, &fine, S("a"), 0, &state);
    CHECK(state.is_over);
    CHECK_INT(state.wait_ms, 1);
    limits_close(limits);
}

TEST(limits_find_no_memory_without_harm)
{
    hash_key key = {{0}};
    struct limits *limits;

    for (long countdown = 1; countdown <= 3; countdown++) {
        mem_fail_after(countdown);
        CHECK_ERR(ERR_LIMIT, limits_open(&key, 100, &limits));
        mem_fail_after(0);
    }
}
