/* test_seen.c - deduplication is exact through freezes, merges, restarts, faults and damage.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/seen.h"

#include "base/mem.h"
#include "base/random.h"
#include "seen_world.h"
#include "store/seen_run.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <string.h>

static const char folder[] = "seen";

TEST(seen_agrees_with_the_naive_judge_through_random_operations)
{
    static const struct {
        uint32_t table_ids;
        uint64_t ids;
    } cases[] = {{8, 300}, {32, 1500}, {128, 100000}, {300, 3000}, {1000, 2000}};

    EACH_CASE(c, cases)
    for (uint64_t seed = 0; seed < 3; seed++)
        for (unsigned behind = 0; behind < 10; behind += 3) {
            struct world w = world_behind(seed, c->table_ids, behind);

            run_random_steps(&w, seed, c->ids, 600);
        }
}

TEST(seen_tells_same_from_other_bodies)
{
    struct world w = world_with(1, 100);

    world_start(&w);
    CHECK_INT(check_find(&w, id_of(1), 5), SEEN_NEW);
    world_add(&w, id_of(1), 5);
    CHECK_INT(check_find(&w, id_of(1), 5), SEEN_SAME);
    CHECK_INT(check_find(&w, id_of(1), 6), SEEN_OTHER);
    world_set_clock(&w, w.now + 7 * MILLIS_DAY - 1);
    CHECK_INT(check_find(&w, id_of(1), 5), SEEN_SAME);
    world_set_clock(&w, w.now + 1);
    CHECK_INT(check_find(&w, id_of(1), 5), SEEN_NEW);
    world_close(&w);
}

TEST(seen_freezes_a_full_table_and_says_so)
{
    struct world w = world_with(1, 100);

    world_start(&w);
    CHECK_INT(seen_covered_seq(w.seen), 1);
    for (uint64_t i = 0; i < 99; i++)
        world_add(&w, id_of(i), i);
    tend_times(&w, 20);
    CHECK_INT(stats_of(&w).files, 0);
    CHECK_INT(seen_covered_seq(w.seen), 1);
    world_add(&w, id_of(99), 99);
    tend_times(&w, 20);
    CHECK_INT(stats_of(&w).files, 1);
    CHECK_INT(seen_covered_seq(w.seen), 101);
    CHECK_INT(stats_of(&w).ids, 100);
    check_all(&w);
    world_close(&w);
}

TEST(seen_freezes_a_table_that_spans_a_day)
{
    struct world w = world_with(1, 100);

    world_start(&w);
    world_add(&w, id_of(1), 1);
    tend_times(&w, 5);
    CHECK_INT(seen_covered_seq(w.seen), 1);
    world_set_clock(&w, w.now + MILLIS_DAY);
    tend_times(&w, 5);
    CHECK_INT(seen_covered_seq(w.seen), 2);
    world_set_clock(&w, w.now + 6 * MILLIS_DAY - 1);
    CHECK_INT(check_find(&w, id_of(1), 1), SEEN_SAME);
    world_set_clock(&w, w.now + 1);
    CHECK_INT(check_find(&w, id_of(1), 1), SEEN_NEW);
    world_close(&w);
}

TEST(seen_settles_whatever_is_in_memory_and_nothing_is_read_again)
{
    for (unsigned behind = 0; behind < 3; behind++) {
        struct world w = world_behind(1, 100, behind);

        world_start(&w);
        CHECK_OK(seen_settle(w.seen, w.now));
        CHECK_INT(stats_of(&w).files, 0);
        for (uint64_t i = 0; i < 130; i++) {
            world_add(&w, id_of(i), i);
            if (i == 110)
                CHECK_OK(seen_tend(w.seen, w.now)); /* freezes the first hundred and more */
        }
        CHECK_OK(seen_settle(w.seen, w.now));
        CHECK_INT(seen_covered_seq(w.seen), w.next_seq);
        CHECK_INT(stats_of(&w).ids, 130);
        check_all(&w);
        world_restart(&w);
        CHECK_INT(seen_covered_seq(w.seen), w.next_seq);
        check_all(&w);
        world_close(&w);
    }
}

TEST(seen_removes_runs_out_of_the_window_and_stays_covered)
{
    struct world w = world_with(1, 10);

    world_start(&w);
    for (int day = 0; day < 30; day++) {
        for (uint64_t i = 0; i < 10; i++)
            world_add(&w, id_of(w.next_seq), 1);
        tend_times(&w, 10);
        world_set_clock(&w, w.now + MILLIS_DAY);
        CHECK(stats_of(&w).files <= 8);
    }
    check_all(&w);
    CHECK_INT(seen_covered_seq(w.seen), 301);
    world_set_clock(&w, w.now + 30 * MILLIS_DAY);
    tend_times(&w, 40);
    CHECK_INT(stats_of(&w).ids, 0);
    CHECK_INT(stats_of(&w).files, 1);
    world_restart(&w); /* not all of the log is read again */
    CHECK_INT(seen_covered_seq(w.seen), 301);
    check_all(&w);
    world_close(&w);
}

TEST(seen_forgets_the_oldest_beyond_the_bound_and_says_so)
{
    struct world w = world_with(1, 10);
    enum seen_answer answer;

    w.config.most_ids = 200;
    world_start(&w);
    for (int i = 0; i < 1000; i++) {
        world_add(&w, id_of(w.next_seq), 1);
        world_set_clock(&w, w.now + 1000);
        tend_times(&w, 3);
        CHECK(stats_of(&w).ids <= 220);
    }
    CHECK(stats_of(&w).ids >= 120);
    for (size_t i = w.count - 120; i < w.count; i++)
        CHECK_INT(check_find(&w, w.added[i].id, 1), SEEN_SAME);
    CHECK_OK(seen_find(w.seen, w.added[0].id, 1, w.now, &answer));
    CHECK_INT(answer, SEEN_NEW);
    CHECK(stats_of(&w).window > 100 * 1000 && stats_of(&w).window <= 201 * 1000);
    for (size_t i = 0; i < w.count; i++)
        if (w.added[i].received > w.now - stats_of(&w).window)
            CHECK_INT(check_find(&w, w.added[i].id, 1), SEEN_SAME);
    world_close(&w);
}

/* One id leaves the window and comes again; another leaves it right after the merge. */
TEST(seen_merges_keep_the_newest_of_an_id_and_all_that_is_within_the_window)
{
    struct world w = world_with(1, 10);
    millis start = w.now;

    world_start(&w);
    world_add(&w, id_of(1), 1);
    world_set_clock(&w, start + 1);
    world_add(&w, id_of(2), 2);
    world_set_clock(&w, start + 6 * MILLIS_DAY);
    for (uint64_t i = 0; i < 8; i++)
        world_add(&w, id_of(100 + i), 1);
    tend_times(&w, 10);
    world_set_clock(&w, start + 7 * MILLIS_DAY);
    CHECK_INT(check_find(&w, id_of(1), 5), SEEN_NEW); /* from the run, to the millisecond */
    CHECK_INT(check_find(&w, id_of(2), 2), SEEN_SAME);
    world_add(&w, id_of(1), 5);
    for (uint64_t i = 0; i < 99; i++) {
        world_add(&w, id_of(200 + i), 1);
        tend_times(&w, 10);
    }
    CHECK(stats_of(&w).files < 9);
    CHECK_INT(check_find(&w, id_of(1), 5), SEEN_SAME);
    CHECK_INT(check_find(&w, id_of(2), 2), SEEN_SAME);
    world_set_clock(&w, w.now + 1);
    CHECK_INT(check_find(&w, id_of(2), 2), SEEN_NEW);
    check_all(&w);
    world_close(&w);
}

TEST(seen_keeps_the_number_of_files_small)
{
    struct world w = world_with(1, 16);
    uint64_t most_files = 0;
    size_t name_count;
    str *names;

    world_start(&w);
    for (int i = 0; i < 16 * 1000; i++) {
        world_add(&w, id_of(w.next_seq), 1);
        if (i % 4 == 0)
            tend_times(&w, 1);
        most_files = stats_of(&w).files > most_files ? stats_of(&w).files : most_files;
    }
    CHECK(most_files <= 24);
    tend_times(&w, 2000);
    CHECK_OK(folder_list(w.sys, folder, test_mem, &names, &name_count));
    CHECK_INT(name_count, stats_of(&w).files);
    check_all(&w);
    world_close(&w);
}

TEST(seen_tells_apart_ids_that_share_their_upper_half)
{
    static const uint64_t highs[] = {0, 1, UINT64_MAX - 1, UINT64_MAX};
    struct world w = world_with(1, 700);

    world_start(&w);
    for (uint64_t i = 0; i < 1600; i++) {
        world_add(&w, (hash128){.low = i * 7919 % 1600, .high = highs[i % 4]}, i);
        if (i % 100 == 0)
            tend_times(&w, 1);
    }
    tend_times(&w, 100);
    CHECK(stats_of(&w).files >= 1);
    check_all(&w);
    for (uint64_t i = 0; i < 4; i++)
        CHECK_INT(check_find(&w, (hash128){.low = 1700 + i, .high = highs[i]}, 0), SEEN_NEW);
    world_restart(&w);
    check_all(&w);
    world_close(&w);
}

/* A small life: freezes, merges, expiry, in the same calls every time. Errors are given back. */
static enum err live(struct world *w)
{
    enum err err = seen_open(&w->config, &w->seen);

    while (!err && w->count < 220) {
        err = seen_reserve(w->seen, 1);
        if (err)
            break;
        world_add(w, id_of(w->next_seq), w->next_seq);
        if (w->count % 4 == 0)
            err = world_tend(w);
        if (w->count == 40)
            world_set_clock(w, w->now + 6 * MILLIS_DAY);
        if (w->count == 60)
            world_set_clock(w, w->now + 2 * MILLIS_DAY);
    }
    for (unsigned i = 0; !err && i < 10 + 10 * w->tends_per_sync; i++)
        err = world_tend(w);
    return err;
}

static uint64_t operations_of_a_life(unsigned tends_per_sync)
{
    struct world w = world_behind(3, 8, tends_per_sync);
    uint64_t operations;

    CHECK_OK(live(&w));
    CHECK(seen_covered_seq(w.seen) > 200);
    CHECK(stats_of(&w).files < 10); /* some were merged */
    CHECK(stats_of(&w).ids < 200);  /* some expired */
    operations = sim_operations(w.sys);
    world_close(&w);
    arena_reset(test_mem);
    return operations;
}

/* Without any replay, all that is said to be covered is there. */
static void check_covered(struct world *w)
{
    uint64_t covered;

    CHECK_OK(seen_open(&w->config, &w->seen));
    covered = seen_covered_seq(w->seen);
    for (size_t i = 0; i < w->count; i++)
        if (w->added[i].seq < covered)
            check_find(w, w->added[i].id, w->added[i].body);
    seen_close(w->seen);
    w->seen = NULL;
}

static void ignore_report(void *argument, const char *sentence)
{
    (void)argument;
    (void)sentence;
}

static void lose_power_anywhere(unsigned tends_per_sync)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};
    uint64_t operations = operations_of_a_life(tends_per_sync), covered_points = 0;

    CHECK(operations > 100);
    for (uint64_t at = 1; at <= operations; at++)
        EACH_CASE(loss, losses)
        {
            struct world w = world_behind(3, 8, tends_per_sync);

            sim_stop_at(w.sys, at);
            CHECK(live(&w) != OK);
            seen_close(w.seen);
            w.seen = NULL;
            sim_lose_power(w.sys, *loss, at);
            check_covered(&w);
            if (file_exists(w.sys, folder))
                CHECK_OK(seen_check(w.sys, folder, ignore_report, NULL));
            world_start(&w);
            covered_points += seen_covered_seq(w.seen) > 1;
            check_all(&w);
            tend_times(&w, 20);
            check_all(&w);
            world_close(&w);
            arena_reset(test_mem);
        }
    CHECK(covered_points > 2 * operations); /* the sweep saw runs survive */
}

TEST(seen_forgets_nothing_covered_when_power_is_lost_anywhere)
{
    lose_power_anywhere(0);
}

TEST(seen_forgets_nothing_covered_when_power_is_lost_while_syncs_are_behind)
{
    lose_power_anywhere(1);
    lose_power_anywhere(4);
}

TEST(seen_notices_what_syncs_that_lie_lost)
{
    struct world w = world_with(3, 8);

    sim_ignore_folder_syncs(w.sys, true);
    CHECK_OK(live(&w));
    CHECK(seen_covered_seq(w.seen) > 200);
    seen_close(w.seen);
    w.seen = NULL;
    sim_lose_power(w.sys, SIM_CLEAN, 1);
    world_start(&w);
    CHECK(seen_covered_seq(w.seen) < 200);
    check_all(&w);
    world_close(&w);
}

static void meet_every_fault(unsigned tends_per_sync)
{
    static const enum sim_fault faults[] = {SIM_ENOSPC, SIM_EIO, SIM_EINTR, SIM_SHORT};
    uint64_t operations = operations_of_a_life(tends_per_sync);

    for (uint64_t at = 1; at <= operations; at++)
        EACH_CASE(fault, faults)
        {
            struct world w = world_behind(3, 8, tends_per_sync);
            enum err err;

            sim_fail_at(w.sys, at, *fault);
            err = live(&w);
            if (*fault == SIM_EINTR || *fault == SIM_SHORT)
                CHECK_OK(err);
            CHECK(!err || err == ERR_FULL || err == ERR_IO);
            sim_fail_at(w.sys, 0, SIM_EIO);
            if (!w.seen)
                world_start(&w);
            check_all(&w);
            while (w.count < 260) {
                world_add(&w, id_of(w.next_seq), 1);
                tend_times(&w, 1);
            }
            tend_times(&w, 20 + 10 * (int)tends_per_sync);
            CHECK(seen_covered_seq(w.seen) > 240);
            check_all(&w);
            world_restart(&w);
            CHECK(seen_covered_seq(w.seen) > 240);
            check_all(&w);
            world_close(&w);
            arena_reset(test_mem);
        }
}

TEST(seen_goes_on_after_each_fault_of_the_disk)
{
    meet_every_fault(0);
}

TEST(seen_goes_on_after_each_fault_of_the_disk_while_syncs_are_behind)
{
    meet_every_fault(1);
    meet_every_fault(4);
}

TEST(seen_keeps_ids_in_memory_while_the_disk_is_full)
{
    struct world w = world_with(1, 16);
    enum err err = OK;
    size_t taken;

    world_start(&w);
    sim_set_room(w.sys, 1);
    for (int i = 0; i < 200 && !err; i++) {
        err = seen_reserve(w.seen, 1);
        if (err)
            break;
        world_add(&w, id_of(w.next_seq), 1);
        CHECK_INT(seen_tend(w.seen, w.now), w.count < 16 ? OK : ERR_FULL);
    }
    CHECK_INT(err, ERR_FULL); /* but not for ever */
    taken = w.count;
    CHECK_INT(taken, 8 * 16);
    check_all(&w);
    sim_set_room(w.sys, 0);
    tend_times(&w, 30);
    CHECK_INT(seen_covered_seq(w.seen), taken + 1);
    check_all(&w);
    world_close(&w);
}

TEST(seen_goes_on_after_each_allocation_that_fails)
{
    bool is_over = false;

    for (long k = 1; !is_over; k++) {
        struct world w = world_with(3, 8);
        long calls;
        enum err err;

        calls = mem_calls();
        mem_fail_after(k);
        err = live(&w);
        mem_fail_after(0);
        is_over = mem_calls() - calls < k;
        CHECK(!err || err == ERR_LIMIT || err == ERR_IO || err == ERR_FULL);
        CHECK(!is_over || !err);
        if (!w.seen)
            world_start(&w);
        check_all(&w);
        world_restart(&w);
        check_all(&w);
        world_close(&w);
        arena_reset(test_mem);
    }
}

/* One run of `ids` ids, and its file's path and content. */
static struct world world_with_run(uint32_t ids, char **out_path, str *out_content)
{
    struct world w = world_with(5, ids);

    world_start(&w);
    for (uint64_t i = 0; i < ids; i++)
        world_add(&w, id_of(i), i);
    tend_times(&w, 50);
    CHECK_INT(stats_of(&w).files, 1);
    seen_close(w.seen);
    w.seen = NULL;
    *out_path = seen_run_path(folder, 1, ids + 1, "");
    CHECK_OK(file_load(w.sys, *out_path, 1 << 20, test_mem, out_content));
    return w;
}

TEST(seen_check_detects_every_single_bit_flip)
{
    char *path;
    str content;
    struct world w = world_with_run(150, &path, &content);

    CHECK_OK(seen_check(w.sys, folder, ignore_report, NULL));
    for (uint64_t offset = 0; offset < content.len; offset++)
        for (unsigned bit = offset % 2; bit < 8; bit += 2) {
            CHECK_OK(sim_flip(w.sys, path, offset, bit));
            CHECK_ERR(ERR_CORRUPT, seen_check(w.sys, folder, ignore_report, NULL));
            CHECK_OK(sim_flip(w.sys, path, offset, bit));
        }
    CHECK_OK(seen_check(w.sys, folder, ignore_report, NULL));
    mem_free(path);
    world_close(&w);
}

TEST(seen_never_answers_wrong_from_a_damaged_run)
{
    random_state random = {1};
    char *path;
    str content;
    struct world w = world_with_run(150, &path, &content);
    size_t dropped = 0, refused = 0;

    for (uint64_t offset = 0; offset < content.len; offset += 1 + random_below(&random, 12)) {
        uint64_t covered;

        CHECK_OK(sim_flip(w.sys, path, offset, (unsigned)random_below(&random, 8)));
        CHECK_OK(seen_open(&w.config, &w.seen));
        covered = seen_covered_seq(w.seen);
        dropped += covered == 1;
        for (size_t i = 0; covered > 1 && i < w.count; i += 10) {
            enum seen_answer answer;
            enum err err = seen_find(w.seen, w.added[i].id, w.added[i].body, w.now, &answer);

            CHECK(err == ERR_CORRUPT || (!err && answer == SEEN_SAME));
            refused += err == ERR_CORRUPT;
        }
        seen_close(w.seen);
        w.seen = NULL;
        CHECK_OK(file_replace(w.sys, path, content));
    }
    CHECK(dropped > 0 && refused > 0);
    mem_free(path);
    world_close(&w);
}

/* Three runs side by side; the one at `place` is damaged in its head or lost. */
static void lose_run(unsigned place, bool is_removed, uint64_t stop_at, enum sim_loss loss)
{
    struct world w = world_with(6, 20);
    char *path = seen_run_path(folder, 1 + 20 * place, 21 + 20 * place, "");

    world_start(&w);
    for (uint64_t i = 0; i < 60; i++) {
        world_add(&w, id_of(i), i);
        tend_times(&w, i % 20 == 19 ? 30 : 0);
    }
    CHECK_INT(stats_of(&w).files, 3);
    seen_close(w.seen);
    w.seen = NULL;
    if (is_removed)
        CHECK_OK(file_remove(w.sys, path));
    else
        CHECK_OK(sim_flip(w.sys, path, 100, 3));
    if (!is_removed || place == 1)
        CHECK_ERR(ERR_CORRUPT, seen_check(w.sys, folder, ignore_report, NULL));
    if (stop_at) {
        sim_stop_at(w.sys, sim_operations(w.sys) + stop_at);
        if (!seen_open(&w.config, &w.seen))
            seen_close(w.seen);
        sim_lose_power(w.sys, loss, stop_at);
        w.seen = NULL;
    }
    CHECK_OK(seen_open(&w.config, &w.seen));
    CHECK(seen_covered_seq(w.seen) <= 1 + 20 * place);
    CHECK(stop_at || seen_covered_seq(w.seen) == 1 + 20 * place);
    world_restart(&w);
    check_all(&w);
    tend_times(&w, 30);
    check_all(&w);
    CHECK_OK(seen_check(w.sys, folder, ignore_report, NULL));
    mem_free(path);
    world_close(&w);
    arena_reset(test_mem);
}

TEST(seen_replays_from_a_damaged_or_lost_run_on)
{
    for (unsigned place = 0; place < 3; place++)
        lose_run(place, false, 0, SIM_CLEAN);
    lose_run(1, true, 0, SIM_CLEAN);
    lose_run(2, true, 0, SIM_CLEAN);
    for (uint64_t stop_at = 1; stop_at < 60; stop_at++)
        for (unsigned place = 0; place < 3; place++) {
            lose_run(place, false, stop_at, SIM_CLEAN);
            lose_run(place, false, stop_at, SIM_TORN);
            lose_run(place, false, stop_at, SIM_REORDERED);
        }
}

TEST(seen_refuses_a_newer_format_and_leaves_it_alone)
{
    char *path;
    str content;
    struct world w = world_with_run(20, &path, &content);
    struct seen_page *page = (struct seen_page *)(uintptr_t)content.data;
    struct seen_head head;
    uint64_t digest;

    memcpy(&head, page->body, sizeof head);
    head.version++;
    memcpy(page->body, &head, sizeof head);
    seen_run_seal(page, &head);
    CHECK_OK(file_replace(w.sys, path, content));
    digest = sim_digest(w.sys);
    CHECK_ERR(ERR_CONFLICT, seen_open(&w.config, &w.seen));
    CHECK(sim_digest(w.sys) == digest);
    mem_free(path);
    world_close(&w);
}

TEST(seen_removes_what_a_crash_left_unfinished)
{
    char *path;
    str content;
    struct world w = world_with_run(20, &path, &content);

    CHECK_OK(file_replace(w.sys, "seen/run-0000000000000015-0000000000000020.new", S("half")));
    CHECK_OK(file_replace(w.sys, "seen/notes", S("not ours")));
    CHECK_OK(seen_open(&w.config, &w.seen));
    CHECK(!file_exists(w.sys, "seen/run-0000000000000015-0000000000000020.new"));
    CHECK(file_exists(w.sys, "seen/notes"));
    CHECK_INT(seen_covered_seq(w.seen), 21);
    mem_free(path);
    world_close(&w);
}
