/* test_random.c - reproducible numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/random.h"
#include "support/test.h"

TEST(random_is_splitmix64)
{
    random_state state = {1234567};

    CHECK(random_next(&state) == 6457827717110365317u);
    CHECK(random_next(&state) == 3203168211198807973u);
}

TEST(random_stays_below_its_bound_and_reaches_all_of_it)
{
    random_state state = {1};
    int seen[6] = {0};

    for (int i = 0; i < 6000; i++)
        seen[random_below(&state, 6)]++; /* out of bounds would be found by the sanitizer */
    for (int i = 0; i < 6; i++)
        CHECK(seen[i] > 800 && seen[i] < 1200);
    CHECK_INT(random_below(&state, 1), 0);
}

TEST(random_chances_are_kept)
{
    random_state state = {1};
    int hits = 0;

    for (int i = 0; i < 10000; i++) {
        hits += random_chance(&state, 0.25);
        CHECK(!random_chance(&state, 0) && random_chance(&state, 1));
    }
    CHECK(hits > 2300 && hits < 2700);
}

TEST(random_bytes_repeat_with_the_seed)
{
    random_state a = {9}, b = {9}, c = {10};
    char bytes_a[64], bytes_b[64], bytes_c[64];

    random_bytes(&a, bytes_a, sizeof bytes_a);
    random_bytes(&b, bytes_b, sizeof bytes_b);
    random_bytes(&c, bytes_c, sizeof bytes_c);
    CHECK(str_equals(str_from(bytes_a, 64), str_from(bytes_b, 64)));
    CHECK(!str_equals(str_from(bytes_a, 64), str_from(bytes_c, 64)));
}
