/* test_watchdog.c - when the service manager has to be told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/watchdog.h"

#include "support/test.h"
#include "sys/process.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECOND_NS = 1000 * 1000 * 1000 };

static void asked(struct watchdog *out_watchdog, const char *span, const char *process)
{
    if (span)
        setenv("WATCHDOG_USEC", span, 1);
    if (process)
        setenv("WATCHDOG_PID", process, 1);
    watchdog_init(out_watchdog);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

TEST(watchdog_hears_twice_within_each_span)
{
    struct watchdog watchdog;
    int told = 0;

    asked(&watchdog, "1000000", NULL);
    for (int64_t at = 5 * (int64_t)SECOND_NS; at < 15 * (int64_t)SECOND_NS; at += SECOND_NS / 100)
        told += watchdog_is_due(&watchdog, at);
    CHECK_INT(told, 20);
}

TEST(watchdog_that_nobody_asked_for_is_never_due)
{
    static const struct {
        const char *span, *process;
        bool is_due;
    } cases[] = {
        {"1000000", NULL, true},
        {NULL, NULL, false},
        {"0", NULL, false},
        {"soon", NULL, false},
        {"99999999999999999999", NULL, false},
        {"18446744073709551615", NULL, false},
        {"1000000", "1", false}, /* for another process */
        {"1000000", "me", false},
    };
    struct watchdog watchdog;

    EACH_CASE(c, cases)
    {
        asked(&watchdog, c->span, c->process);
        CHECK_INT(watchdog_is_due(&watchdog, SECOND_NS), c->is_due);
    }
}

TEST(watchdog_is_for_this_process)
{
    struct watchdog watchdog;
    char self[32];

    snprintf(self, sizeof self, "%d", process_id());
    asked(&watchdog, "1000000", self);
    CHECK(watchdog_is_due(&watchdog, SECOND_NS));
}
