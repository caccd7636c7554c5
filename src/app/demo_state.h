/* demo_state.h - what a demo remembers of itself, so that it goes on where it was stopped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "demo/bookshop.h"

struct sys;

struct demo_state {
    struct bookshop_options world;
    uint64_t place; /* events that are stored: the next has this number */
    str write_key, api_key, password;
};

/* In `mem`. ERR_ABSENT: there is no such file. */
fallible demo_state_load(struct sys *sys, const char *path, struct arena *mem,
                         struct demo_state *out_state);
fallible demo_state_save(struct sys *sys, const char *path, const struct demo_state *state);
