/* test_seen.c - deduplication is exact through freezes, merges, restarts, faults and damage.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The judge is a list of all ids that were added, searched from its end: it stands for the log,
 * from which what was not frozen is added again after every restart.
 */
#include "store/seen.h"

#include "base/mem.h"
#include "base/random.h"
#include "store/seen_run.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <string.h>

enum { MOST_ADDED = 30000 };
static const char folder[] = "seen";

struct added {
    hash128 id;
    uint64_t body;
    uint64_t seq;
    millis received;
};

struct world {
    struct sys *sys;
    struct seen *seen;
    struct seen_config config;
    struct added *added; /* of MOST_ADDED, in test_mem */
    size_t count;
    uint64_t next_seq;
    millis now;
    millis latest; /* the clock's highest so far */
};

static hash128 id_of(uint64_t number)
{
    random_state random = {number * 2 + 1};
    uint64_t low = random_next(&random);

    return (hash128){.low = low, .high = random_next(&random)};
}

static struct world world_with(uint64_t seed, uint32_t table_ids)
{
    struct world w = {.sys = sim_open(seed), .next_seq = 1, .now = 100 * MILLIS_DAY};

    CHECK(w.sys);
    w.config = (struct seen_config){
        .sys = w.sys, .folder = folder, .window = 7 * MILLIS_DAY, .table_ids = table_ids};
    w.latest = w.now;
    w.added = arena_array(test_mem, MOST_ADDED, sizeof *w.added);
    CHECK(w.added);
    return w;
}

static void world_close(struct world *w)
{
    seen_close(w->seen);
    sim_close(w->sys);
}

/* Opens and adds again what is not covered, as a start of the program does. */
static void world_start(struct world *w)
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

static void world_restart(struct world *w)
{
    seen_close(w->seen);
    w->seen = NULL;
    world_start(w);
}

static void world_set_clock(struct world *w, millis now)
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

/* What left the window once may stay forgotten when the clock goes back. */
static enum seen_answer check_find(struct world *w, hash128 id, uint64_t body)
{
    enum seen_answer got;

    CHECK_OK(seen_find(w->seen, id, body, w->now, &got));
    if (got != judge(w, id, body, w->now))
        CHECK_INT(got, judge(w, id, body, w->latest));
    return got;
}

static void world_add(struct world *w, hash128 id, uint64_t body)
{
    CHECK(w->count < MOST_ADDED);
    CHECK_OK(seen_reserve(w->seen, 1));
    seen_add(w->seen, id, body, w->next_seq, w->now);
    w->added[w->count++] = (struct added){id, body, w->next_seq, w->now};
    w->next_seq++;
}

static void tend_times(struct world *w, int times)
{
    for (int i = 0; i < times; i++)
        CHECK_OK(seen_tend(w->seen, w->now));
}

static struct seen_stats stats_of(const struct world *w)
{
    struct seen_stats stats;

    seen_stats_read(w->seen, w->now, &stats);
    return stats;
}

/* Everything judged to be known is known, and nothing else. */
static void check_all(struct world *w)
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

static void run_random_steps(uint64_t seed, uint32_t table_ids, uint64_t ids, int steps)
{
    random_state random = {seed};
    struct world w = world_with(seed, table_ids);
    uint64_t most_files = 0;

    world_start(&w);
    for (int step = 0; step < steps; step++) {
        take_group(&w, &random, ids);
        if (random_chance(&random, 0.8))
            tend_times(&w, 1);
        if (random_chance(&random, 0.02))
            world_set_clock(&w, w.now + (millis)random_below(&random, (uint64_t)MILLIS_DAY));
        if (random_chance(&random, 0.01))
            world_set_clock(&w, w.now - (millis)random_below(&random, (uint64_t)MILLIS_DAY));
        world_set_clock(&w, w.now + (millis)random_below(&random, 2000));
        if (random_chance(&random, 0.01))
            world_restart(&w);
        if (stats_of(&w).files > most_files)
            most_files = stats_of(&w).files;
    }
    check_all(&w);
    world_restart(&w);
    check_all(&w);
    CHECK(most_files > 1 && most_files < 40);
    world_close(&w);
    arena_reset(test_mem);
}

TEST(seen_agrees_with_the_naive_judge_through_random_operations)
{
    static const struct {
        uint32_t table_ids;
        uint64_t ids;
    } cases[] = {{8, 300}, {32, 1500}, {128, 100000}, {300, 3000}, {1000, 2000}};

    EACH_CASE(c, cases)
    for (uint64_t seed = 0; seed < 3; seed++)
        run_random_steps(seed, c->table_ids, c->ids, 600);
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
            err = seen_tend(w->seen, w->now);
        if (w->count == 40)
            world_set_clock(w, w->now + 6 * MILLIS_DAY);
        if (w->count == 60)
            world_set_clock(w, w->now + 2 * MILLIS_DAY);
    }
    for (int i = 0; !err && i < 10; i++)
        err = seen_tend(w->seen, w->now);
    return err;
}

static uint64_t operations_of_a_life(void)
{
    struct world w = world_with(3, 8);
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

TEST(seen_forgets_nothing_covered_when_power_is_lost_anywhere)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};
    uint64_t operations = operations_of_a_life(), covered_points = 0;

    CHECK(operations > 200);
    for (uint64_t at = 1; at <= operations; at++)
        EACH_CASE(loss, losses)
        {
            struct world w = world_with(3, 8);

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

TEST(seen_goes_on_after_each_fault_of_the_disk)
{
    static const enum sim_fault faults[] = {SIM_ENOSPC, SIM_EIO, SIM_EINTR, SIM_SHORT};
    uint64_t operations = operations_of_a_life();

    for (uint64_t at = 1; at <= operations; at++)
        EACH_CASE(fault, faults)
        {
            struct world w = world_with(3, 8);
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
            tend_times(&w, 20);
            CHECK(seen_covered_seq(w.seen) > 240);
            check_all(&w);
            world_restart(&w);
            CHECK(seen_covered_seq(w.seen) > 240);
            check_all(&w);
            world_close(&w);
            arena_reset(test_mem);
        }
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
