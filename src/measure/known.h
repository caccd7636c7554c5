/* known.h - which things a column file in the making has a code for already.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A thing is told by its place (what it is a value of, and of what sort it is; never 0) and its
 * content: what says all by itself, or a keyed hash.
 */
#pragma once
#include "base/err.h"
#include "base/hash.h"

struct known_thing {
    uint64_t place;
    hash128 content;
    uint32_t code;
};

struct known {
    struct known_thing *slots; /* open addressing */
    uint32_t room;             /* a power of two */
    uint32_t count;
};

fallible known_init(struct known *known);
void known_done(struct known *known); /* a zeroed one is fine */
/* Forgets all things, keeps the memory; makes a zeroed one. */
fallible known_clear(struct known *known);
/* Has the place fetched where a look begins. */
void known_warm(const struct known *known, const struct known_thing *wanted);
/* The thing like `wanted`; where there is none, a slot with place 0, to be filled and told by
 * known_added before the next look. */
fallible known_find(struct known *known, const struct known_thing *wanted,
                    struct known_thing **out_slot);
void known_added(struct known *known);
