/* crash.h - the ways to put a workspace under stress.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "crash/drive.h"

enum { CRASH_STEPS = 150 };

struct crash_run {
    uint64_t points; /* wanted */
    uint64_t seed;   /* the first */
    uint64_t enough; /* failures after which to stop; 0: none */
    uint64_t passed;
    uint64_t failed;
};

/* Counts a point; of the first that fail it says `about` and the drive's trouble. */
void crash_result(struct crash_run *run, bool is_good, const char *about, uint64_t seed,
                  struct drive *drive);

void crash_sweep(struct crash_run *run);
void crash_faults(struct crash_run *run);
void crash_flips(struct crash_run *run);
