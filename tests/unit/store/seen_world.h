/* seen_world.h - ids added to a deduplication and to a naive judge of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The judge is a list of all ids that were added, searched from its end: it stands for the log,
 * from which what was not frozen is added again after every restart.
 */
#pragma once
#include "store/seen.h"

#include <stddef.h>

struct added {
    hash128 id;
    uint64_t body;
    uint64_t seq;
    millis received;
};

struct world {
    struct sys *sys;
    bool is_real; /* no simulation */
    struct syncer *syncer;
    unsigned tends_per_sync; /* of a simulated thread: how far it stays behind; 0: none */
    unsigned tends;
    struct seen *seen;
    struct seen_config config;
    struct added *added; /* of MOST_ADDED, in test_mem */
    size_t count;
    uint64_t next_seq;
    millis now;
    millis latest; /* the clock's highest so far */
};

hash128 id_of(uint64_t number);
struct world world_with(uint64_t seed, uint32_t table_ids);
/* Syncs are done by a simulated thread, each only so many calls of tend after the one before. */
struct world world_behind(uint64_t seed, uint32_t table_ids, unsigned tends_per_sync);
/* Real files in a folder of their own, and a real thread. */
struct world world_with_thread(uint32_t table_ids);
void world_close(struct world *w);
/* Opens and adds again what is not covered, as a start of the program does. */
void world_start(struct world *w);
void world_restart(struct world *w);
void world_set_clock(struct world *w, millis now);
void world_add(struct world *w, hash128 id, uint64_t body);
enum err world_tend(struct world *w);
void tend_times(struct world *w, int times);
struct seen_stats stats_of(const struct world *w);
/* What left the window once may stay forgotten when the clock goes back. */
enum seen_answer check_find(struct world *w, hash128 id, uint64_t body);
/* Everything judged to be known is known, and nothing else. */
void check_all(struct world *w);
/* Groups, restarts and a jumping clock; closes the world. */
void run_random_steps(struct world *w, uint64_t seed, uint64_t ids, int steps);
