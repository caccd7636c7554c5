/* traffic_world.h - a day of a site: people, scanners, crawlers and the like, who is who known.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same seed makes the same day. There are two halves that share no browser, no library and no
 * crawler's name: weights are fitted to one and tried on the other.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"
#include "collect/traffic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum world_half { WORLD_FITTED, WORLD_HELD_OUT };

struct world_actor {
    size_t cast;
    const char *headers; /* lines "Name: value" */
    const char *ahead;   /* the same for what is fetched ahead */
    const char *address;
    const char *visitor; /* "": without id */
    uint64_t asn;        /* 0: a home's, an office's, a telephone's */
    bool is_secure, is_old;
};

struct world_hit {
    millis at;
    uint32_t actor;
    uint32_t order; /* of making: hits at the same time stay in it */
    const char *page;
    enum traffic_act act;
    bool is_machine; /* by the truth */
    bool is_ahead;
};

struct world {
    struct arena *mem;
    struct world_actor *actors;
    struct world_hit *hits; /* by time */
    size_t actor_count, hit_count, actor_room, hit_room;
};

size_t world_casts(void);
const char *world_cast_name(size_t cast);
bool world_cast_is_machine(size_t cast);
double world_cast_share(size_t cast); /* of all who come */

/* `visits` of all casts. False: no memory. */
bool world_make(uint64_t seed, size_t visits, enum world_half half, struct world *out_world);
void world_done(struct world *world);
