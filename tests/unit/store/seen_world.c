/* seen_world.c - ids added to a deduplication and to a naive judge of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "seen_world.h"

#include "base/random.h"
#include "support/test.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/syncer.h"

#include <stdlib.h>

enum { MOST_ADDED = 30000 };
static const char folder[] = "seen";

hash128 id_of(uint64_t number)
{
    random_state random = {number * 2 + 1};
    uint64_t low = random_next(&random);

    return (hash128){.low = low, .high = random_next(&random)};
}

static struct world world_of(struct sys *sys, uint32_t table_ids)
{
    struct world w = {.sys = sys, .next_seq = 1, .now = 100 * MILLIS_DAY};

    CHECK(w.sys);
    w.config = (struct seen_config){
        .sys = w.sys, .folder = folder, .window = 7 * MILLIS_DAY, .table_ids = table_ids};
    w.latest = w.now;
    w.added = arena_array(test_mem, MOST_ADDED, sizeof *w.added);
    CHECK(w.added);
    return w;
}

struct world world_with(uint64_t seed, uint32_t table_ids)
{
    return world_of(sim_open(seed), table_ids);
}

struct world world_behind(uint64_t seed, uint32_t table_ids, unsigned tends_per_sync)
{
    struct world w = world_with(seed, table_ids);

    w.tends_per_sync = tends_per_sync;
    if (tends_per_sync)
        CHECK_OK(syncer_open(w.sys, SYNCER_STEPPED, &w.syncer));
    w.config.syncer = w.syncer;
    return w;
}

struct world world_with_thread(uint32_t table_ids)
{
    const char *base = getenv("TMPDIR");
    struct world w = world_of(sys_real(), table_ids);
    uint64_t id;

    entropy_fill(w.sys, &id, sizeof id);
    w.config.folder = arena_print(test_mem, "%s/myriad-seen-%016llx", base ? base : "/tmp",
                                  (unsigned long long)id)
                          .data;
    w.is_real = true;
    CHECK_OK(syncer_open(w.sys, SYNCER_THREADED, &w.syncer));
    w.config.syncer = w.syncer;
    return w;
}

static void remove_folder(const struct world *w)
{
    size_t count;
    str *names;

    CHECK_OK(folder_list(w->sys, w->config.folder, test_mem, &names, &count));
    for (size_t i = 0; i < count; i++)
        CHECK_OK(file_remove(
            w->sys, arena_print(test_mem, "%s/%.*s", w->config.folder, STR_ARG(names[i])).data));
    CHECK_OK(folder_remove(w->sys, w->config.folder));
}

void world_close(struct world *w)
{
    seen_close(w->seen);
    syncer_close(w->syncer);
    if (w->is_real)
        remove_folder(w);
    else
        sim_close(w->sys);
}

enum err world_tend(struct world *w)
{
    if (w->tends_per_sync && ++w->tends % w->tends_per_sync == 0)
        syncer_step(w->syncer);
    return seen_tend(w->seen, w->now);
}

void world_start(struct world *w)
{
    uint64_t covered;

    CHECK_OK(seen_open(&w->config, &w->seen));
    covered = seen_covered_seq(w->seen);
    CHECK(covered >= 1 && covered <= w->next_seq);
    for (size_t i = 0; i < w->count; i++)
        if (w->added[i].seq >= covered) {
            CHECK_OK(seen_reserve(w->seen, 1));
            seen_add(w->seen, w->added[i].id, w->added[i].body, w->added[i].seq,
                     w->added[i].received);
        }
}

void world_restart(struct world *w)
{
    seen_close(w->seen);
    w->seen = NULL;
    world_start(w);
}

void world_set_clock(struct world *w, millis now)
{
    w->now = now;
    w->latest = now > w->latest ? now : w->latest;
}

static enum seen_answer judge(const struct world *w, hash128 id, uint64_t body, millis now)
{
    for (size_t i = w->count; i > 0; i--) {
        const struct added *one = &w->added[i - 1];

        if (hash_equals(one->id, id) && one->received > now - w->config.window)
            return one->body == body ? SEEN_SAME : SEEN_OTHER;
    }
    return SEEN_NEW;
}

enum seen_answer check_find(struct world *w, hash128 id, uint64_t body)
{
    enum seen_answer got;

    CHECK_OK(seen_find(w->seen, id, body, w->now, &got));
    if (got != judge(w, id, body, w->now))
        CHECK_INT(got, judge(w, id, body, w->latest));
    return got;
}

void world_add(struct world *w, hash128 id, uint64_t body)
{
    CHECK(w->count < MOST_ADDED);
    CHECK_OK(seen_reserve(w->seen, 1));
    seen_add(w->seen, id, body, w->next_seq, w->now);
    w->added[w->count++] = (struct added){id, body, w->next_seq, w->now};
    w->next_seq++;
}

void tend_times(struct world *w, int times)
{
    for (int i = 0; i < times; i++)
        CHECK_OK(world_tend(w));
}

struct seen_stats stats_of(const struct world *w)
{
    struct seen_stats stats;

    seen_stats_read(w->seen, w->now, &stats);
    return stats;
}

void check_all(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        check_find(w, w->added[i].id, w->added[i].body);
        check_find(w, w->added[i].id, w->added[i].body + 1);
    }
    for (uint64_t i = 0; i < 200; i++)
        CHECK_INT(check_find(w, id_of(1u << 30 | i), 0), SEEN_NEW);
}

/* A group of events as the log-writer takes it; now and then it cannot be written. */
static void take_group(struct world *w, random_state *random, uint64_t ids)
{
    size_t count_before = w->count;
    uint64_t seq_before = w->next_seq;

    for (uint64_t events = 1 + random_below(random, 20); events; events--) {
        hash128 id = id_of(random_below(random, ids));
        uint64_t body = random_below(random, 2);

        w->next_seq += random_below(random, 3);
        if (check_find(w, id, body) == SEEN_NEW)
            world_add(w, id, body);
    }
    if (random_chance(random, 0.1)) {
        seen_forget_from(w->seen, seq_before);
        w->count = count_before;
        w->next_seq = seq_before;
    }
}

void run_random_steps(struct world *w, uint64_t seed, uint64_t ids, int steps)
{
    random_state random = {seed};
    uint64_t most_files = 0;

    world_start(w);
    for (int step = 0; step < steps; step++) {
        take_group(w, &random, ids);
        if (random_chance(&random, 0.8))
            tend_times(w, 1);
        if (random_chance(&random, 0.02))
            world_set_clock(w, w->now + (millis)random_below(&random, (uint64_t)MILLIS_DAY));
        if (random_chance(&random, 0.01))
            world_set_clock(w, w->now - (millis)random_below(&random, (uint64_t)MILLIS_DAY));
        world_set_clock(w, w->now + (millis)random_below(&random, 2000));
        if (random_chance(&random, 0.01))
            world_restart(w);
        if (stats_of(w).files > most_files)
            most_files = stats_of(w).files;
    }
    check_all(w);
    world_restart(w);
    check_all(w);
    CHECK(most_files > 1 && most_files < 40);
    world_close(w);
    arena_reset(test_mem);
}
