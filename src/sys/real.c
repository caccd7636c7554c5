/* real.c - clock and entropy of the operating system.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/real_int.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

millis real_now(struct sys *sys)
{
    struct timespec at;

    (void)sys;
    clock_gettime(CLOCK_REALTIME, &at);
    return at.tv_sec * MILLIS_SECOND + at.tv_nsec / 1000000;
}

int64_t real_mono_ns(struct sys *sys)
{
    struct timespec at;

    (void)sys;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

void real_pause(struct sys *sys, int64_t ns)
{
    struct timespec span = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

    (void)sys;
    (void)nanosleep(&span, NULL); /* a signal may cut it short */
}

void real_sleep(struct sys *sys, millis span)
{
    struct timespec until;

    (void)sys;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += span / MILLIS_SECOND;
    until.tv_nsec += span % MILLIS_SECOND * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

/* No buffer of our own: nothing to repeat after a fork, nothing to find in a core. */
void real_fill(struct sys *sys, void *out, size_t len)
{
    unsigned char *at = out;

    (void)sys;
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}
