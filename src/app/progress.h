/* progress.h - a bar on standard error, on a terminal only; Ctrl-C is noticed here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct signals;
struct sys;

struct progress {
    struct sys *sys;
    const char *what;
    struct signals *signals;
    int64_t started_ns;
    int64_t shown_ns;
    bool is_shown;
};

void progress_start(struct progress *progress, struct sys *sys, const char *what);
/* The same for who has signals open already: they are not noticed here. */
void progress_show(struct progress *progress, struct sys *sys, const char *what);
/* How far the work is; false once it was asked to stop (Ctrl-C, SIGTERM). `argument` is the
 * progress. */
bool progress_step(void *argument, uint64_t done, uint64_t of);
void progress_end(struct progress *progress);
