/* test_clock.c - clock and entropy of the real world.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/sys.h"
#include "support/test.h"

#include <string.h>

TEST(real_clocks_go_forward)
{
    struct sys *sys = sys_real();
    int64_t before = clock_mono_ns(sys);

    CHECK(clock_now(sys) > 1700000000000); /* 2023: milliseconds, not seconds */
    clock_sleep(sys, 2);
    clock_sleep(sys, 0);
    clock_sleep(sys, -5);
    CHECK(clock_mono_ns(sys) >= before + 2000000);
}

TEST(real_entropy_fills_everything_and_never_repeats)
{
    struct sys *sys = sys_real();
    unsigned char a[1000] = {0}, b[1000] = {0};
    size_t zeros = 0;

    entropy_fill(sys, a, sizeof a);
    entropy_fill(sys, b, sizeof b);
    entropy_fill(sys, b, 0);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK(memcmp(a + 968, b + 968, 32) != 0);
    for (size_t i = 0; i < sizeof a; i++)
        zeros += a[i] == 0;
    CHECK(zeros < 40); /* about 4 are to be expected */
}
