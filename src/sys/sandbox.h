/* sandbox.h - what this process may still do: the kernel takes away all that a server never needs.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Both limits hold until the process ends and for all it could become; neither can be taken back.
 * Real world only. ERR_ABSENT: this kernel cannot, or the process is not allowed to; nothing is
 * limited then, and whoever asked says so loudly.
 */
#pragma once
#include "base/err.h"

#include <stddef.h>

enum sandbox_part { SANDBOX_FILES = 1, SANDBOX_CALLS = 2 }; /* bits: which limits hold */

enum sandbox_use {
    SANDBOX_CHANGE, /* all below it: read, write, make, rename, remove; nothing is executed */
    SANDBOX_READ,   /* all below it */
    SANDBOX_BESIDE, /* read, with all in its folder and in the folder of what it links to: a file
                       that is replaced by another of its name */
};

struct sandbox_place {
    const char *path;
    enum sandbox_use use;
};

/* From now on this thread, and each that it starts, reaches these places and what every program
 * needs (libraries, time zones, names of hosts, certificates of authorities), by Landlock. Call it
 * before any other thread is started. What is open stays usable; a place that is not there is
 * passed over. */
fallible sandbox_limit_files(const struct sandbox_place *places, size_t count);

/* From now on all threads make only the calls of sandbox_calls.def, by seccomp. Call it when
 * everything is open: no listener can be made any more, no program started, no data made
 * executable. Cores are off, and other processes of the same user may not look into this one. */
fallible sandbox_limit_calls(void);
