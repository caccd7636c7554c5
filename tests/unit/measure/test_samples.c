/* test_samples.c - middles of many numbers, against sorting them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/samples.h"

#include "base/random.h"
#include "support/test.h"

#include <stdlib.h>

enum { MOST = 20000 };

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* Adds `count` random numbers below `bound` to both and lists them behind `numbers`. */
static void add_numbers(random_state *random, struct samples *samples, size_t count, uint64_t bound,
                        uint64_t *out_numbers)
{
    for (size_t i = 0; i < count; i++) {
        out_numbers[i] = random_below(random, bound);
        CHECK_OK(samples_add(samples, test_mem, out_numbers[i]));
    }
}

static void check_middle(const struct samples *samples, uint64_t *numbers, size_t count)
{
    uint64_t low, high;

    qsort(numbers, count, sizeof *numbers, by_number);
    samples_middle(samples, &low, &high);
    CHECK_INT(samples->count, count);
    CHECK(low == numbers[(count - 1) / 2]);
    CHECK(high == numbers[count / 2]);
}

TEST(samples_have_the_middle_of_the_sorted_numbers)
{
    static const struct {
        size_t count;
        uint64_t bound;
        bool is_wide;
    } cases[] = {
        {1, 10, false},
        {2, 10, false},
        {3, 2, false},
        {4, 1000, false},
        {5, UINT64_C(1) << 32, false},
        {4097, 300, false},
        {MOST, UINT64_C(1) << 32, false},
        {2, UINT64_C(1) << 40, true},
        {5, UINT64_MAX, true},
        {MOST - 1, UINT64_C(1) << 45, true},
        {MOST, 70000, true},
    };
    uint64_t *numbers = arena_array(test_mem, MOST, sizeof *numbers);
    random_state random = {7};

    EACH_CASE(c, cases)
    {
        struct samples samples = {.is_wide = c->is_wide};

        add_numbers(&random, &samples, c->count, c->bound, numbers);
        check_middle(&samples, numbers, c->count);
    }
}

TEST(samples_merge_into_one)
{
    uint64_t *numbers = arena_array(test_mem, MOST, sizeof *numbers);
    random_state random = {8};

    for (int is_wide = 0; is_wide < 2; is_wide++) {
        uint64_t bound = is_wide ? UINT64_C(1) << 40 : UINT64_C(1) << 31;
        struct samples one = {.is_wide = is_wide}, other = one;

        CHECK_OK(samples_merge(&one, test_mem, &other));
        CHECK_INT(one.count, 0);
        add_numbers(&random, &one, 77, bound, numbers);
        add_numbers(&random, &other, 5000, bound, numbers + 77);
        CHECK_OK(samples_merge(&one, test_mem, &other));
        check_middle(&one, numbers, 5077);
    }
}

TEST(samples_stop_where_the_memory_ends)
{
    struct arena *mem = arena_open(64 << 10);
    struct samples samples = {0};
    enum err err = OK;
    uint64_t low, high;

    for (uint32_t i = 0; i < MOST * 2 && !err; i++)
        err = samples_add(&samples, mem, 5);
    CHECK_ERR(ERR_LIMIT, err);
    CHECK(samples.count > 1000);
    samples_middle(&samples, &low, &high);
    CHECK(low == 5 && high == 5);
    arena_close(mem);
}
