/* test_seen_syncer.c - deduplication promises nothing before its sync is done, whoever syncs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/seen.h"

#include "base/mem.h"
#include "seen_world.h"
#include "store/seen_run.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/syncer.h"

#include <string.h>

enum { NEVER = 1000000 }; /* calls of tend until the thread does something by itself */

TEST(seen_agrees_with_the_naive_judge_while_a_thread_syncs)
{
    static const struct {
        uint32_t table_ids;
        uint64_t ids;
    } cases[] = {{64, 3000}, {128, 100000}, {300, 3000}};

    EACH_CASE(c, cases)
    {
        struct world w = world_with_thread(c->table_ids);

        run_random_steps(&w, c->table_ids, c->ids, 600);
    }
}

static bool has_file(const struct world *w, uint64_t from, uint64_t to)
{
    char *path = seen_run_path(w->config.folder, from, to, "");
    bool is_there = file_exists(w->sys, path);

    mem_free(path);
    return is_there;
}

static void check_covered_step_by_step(struct world *w, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        world_add(w, id_of(i), i);
    tend_times(w, 20);
    CHECK(!has_file(w, from, to)); /* its content is not synced */
    CHECK(syncer_step(w->syncer));
    CHECK(!syncer_step(w->syncer));
    tend_times(w, 20);
    CHECK(has_file(w, from, to)); /* its name is not */
    CHECK_INT(seen_covered_seq(w->seen), from);
    check_all(w);
    CHECK(syncer_step(w->syncer));
    CHECK_INT(seen_covered_seq(w->seen), from);
    tend_times(w, 1);
    CHECK_INT(seen_covered_seq(w->seen), to);
    check_all(w);
    syncer_step(w->syncer); /* the table is given back */
}

static void sync_all(struct world *w)
{
    while (syncer_step(w->syncer))
        continue;
}

TEST(seen_promises_nothing_before_its_sync_is_done)
{
    struct world w = world_behind(1, 100, NEVER);

    world_start(&w);
    check_covered_step_by_step(&w, 1, 101);
    check_covered_step_by_step(&w, 101, 201);
    world_close(&w);
}

TEST(seen_keeps_the_parts_of_a_merge_until_the_merged_run_lasts)
{
    struct world w = world_behind(1, 10, NEVER);

    world_start(&w);
    for (uint64_t run = 0; run < 5; run++)
        check_covered_step_by_step(&w, 1 + 10 * run, 11 + 10 * run);
    CHECK_INT(stats_of(&w).files, 5);
    tend_times(&w, 20);
    CHECK(!has_file(&w, 1, 41));
    sync_all(&w); /* the content */
    tend_times(&w, 1);
    CHECK(has_file(&w, 1, 41)); /* but it may be lost yet */
    CHECK(has_file(&w, 1, 11) && has_file(&w, 31, 41));
    sync_all(&w); /* the name */
    CHECK(has_file(&w, 1, 11) && has_file(&w, 31, 41));
    tend_times(&w, 1);
    CHECK(has_file(&w, 1, 41) && !has_file(&w, 1, 11) && !has_file(&w, 31, 41));
    CHECK(stats_of(&w).files < 5);
    check_all(&w);
    world_restart(&w);
    check_all(&w);
    world_close(&w);
}

TEST(seen_closes_while_syncs_are_under_way)
{
    for (unsigned syncs = 0; syncs < 3; syncs++) {
        struct world w = world_behind(1, 100, NEVER);

        world_start(&w);
        for (uint64_t i = 0; i < 120; i++)
            world_add(&w, id_of(i), i);
        for (unsigned i = 0; i < syncs; i++) {
            tend_times(&w, 20);
            CHECK(syncer_step(w.syncer));
        }
        tend_times(&w, 20);
        world_restart(&w); /* once its name is there a run counts, whoever wrote it */
        CHECK_INT(seen_covered_seq(w.seen), syncs ? 121 : 1);
        check_all(&w);
        world_close(&w);
        arena_reset(test_mem);
    }
}

TEST(seen_waits_for_the_disk_before_its_memory_grows_without_end)
{
    struct world w = world_behind(1, 100, NEVER); /* nothing is synced but what is waited for */

    world_start(&w);
    for (uint64_t i = 0; i < 5000; i++) {
        world_add(&w, id_of(i), i);
        tend_times(&w, 1);
        CHECK(w.next_seq - seen_covered_seq(w.seen) <= 260);
        CHECK(stats_of(&w).files <= 40);
    }
    check_all(&w);
    world_close(&w);
}

TEST(seen_tells_of_a_sync_that_fails_later_and_writes_the_run_again)
{
    for (unsigned syncs = 0; syncs < 2; syncs++) {
        struct world w = world_behind(1, 100, NEVER);

        world_start(&w);
        for (uint64_t i = 0; i < 100; i++)
            world_add(&w, id_of(i), i);
        tend_times(&w, 20);
        for (unsigned i = 0; i < syncs; i++) {
            CHECK(syncer_step(w.syncer));
            tend_times(&w, 1);
        }
        sim_fail_at(w.sys, sim_operations(w.sys) + 1, SIM_EIO);
        CHECK(syncer_step(w.syncer));
        sim_fail_at(w.sys, 0, SIM_EIO);
        CHECK_ERR(ERR_IO, world_tend(&w));
        CHECK(strstr(err_text(), "sync") != NULL);
        CHECK_INT(seen_covered_seq(w.seen), 1);
        check_all(&w);
        for (int i = 0; i < 5; i++) {
            tend_times(&w, 20);
            syncer_step(w.syncer);
        }
        CHECK_INT(seen_covered_seq(w.seen), 101);
        CHECK_OK(seen_check(w.sys, w.config.folder, NULL, NULL));
        check_all(&w);
        world_restart(&w);
        CHECK_INT(seen_covered_seq(w.seen), 101);
        check_all(&w);
        world_close(&w);
        arena_reset(test_mem);
    }
}
