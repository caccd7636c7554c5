/* test_sim.c - what the simulated disk keeps, loses and refuses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/sim.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "support/test.h"

#include <string.h>

enum { SEEDS = 200 };

static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};

static struct file *opened(struct sys *sys, const char *path)
{
    struct file *file = NULL;

    CHECK_OK(file_open(sys, path, FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    return file;
}

static void put(struct sys *sys, const char *path, uint64_t offset, const char *text)
{
    struct file *file = opened(sys, path);

    CHECK_OK(file_write(file, offset, text, str_of(text).len));
    file_close(file);
}

static void put_synced(struct sys *sys, const char *path, const char *text)
{
    struct file *file = opened(sys, path);

    CHECK_OK(file_write(file, 0, text, str_of(text).len));
    CHECK_OK(file_sync(file));
    file_close(file);
    CHECK_OK(folder_sync(sys, "/"));
}

static str content(struct sys *sys, const char *path)
{
    str got;

    CHECK_OK(file_load(sys, path, 1 << 20, test_mem, &got));
    return got;
}

static str listing(struct sys *sys)
{
    struct buf out = {0};
    str kept;

    sim_list(sys, &out);
    kept = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return kept;
}

TEST(sim_clock_moves_only_when_told)
{
    struct sys *sys = sim_open(7);
    millis start = clock_now(sys);
    int64_t mono = clock_mono_ns(sys);

    CHECK_INT(clock_now(sys), start);
    sim_advance(sys, 1500);
    CHECK_INT(clock_now(sys) - start, 1500);
    CHECK_INT(clock_mono_ns(sys) - mono, INT64_C(1500000000));
    sim_set_clock(sys, 5);
    CHECK_INT(clock_now(sys), 5);
    CHECK_INT(clock_mono_ns(sys) - mono, INT64_C(1500000000));
    clock_sleep(sys, 10);
    CHECK_INT(clock_now(sys), 15);
    sim_close(sys);
    sim_close(NULL);
}

TEST(sim_entropy_repeats_with_the_seed_but_never_after_a_power_loss)
{
    struct sys *a = sim_open(7), *b = sim_open(7), *c = sim_open(8);
    unsigned char first[16], again[16], other[16];

    entropy_fill(a, first, 16);
    entropy_fill(b, again, 16);
    entropy_fill(c, other, 16);
    CHECK(memcmp(first, again, 16) == 0);
    CHECK(memcmp(first, other, 16) != 0);
    EACH_CASE(loss, losses)
    {
        sim_lose_power(b, *loss, 7);
        entropy_fill(b, again, 16);
        CHECK(memcmp(first, again, 16) != 0);
        memcpy(first, again, 16);
    }
    /* A life's bytes do not hang on how many the one before has taken. */
    for (int life = 0; life < 4; life++)
        sim_lose_power(a, SIM_CLEAN, 9);
    entropy_fill(a, first, 16);
    CHECK(memcmp(first, again, 16) == 0);
    sim_close(a);
    sim_close(b);
    sim_close(c);
}

TEST(sim_brings_back_many_files_that_were_replaced_or_removed)
{
    struct sys *sys = sim_open(1);
    str before;

    for (int i = 0; i < 300; i++)
        put_synced(sys, arena_print(test_mem, "%d", i).data, "content");
    before = listing(sys);
    for (int i = 0; i < 300; i++) {
        put(sys, "other", 0, "another content");
        CHECK_OK(file_rename(sys, "other", arena_print(test_mem, "%d", i).data));
    }
    for (int i = 0; i < 299; i++)
        CHECK_OK(file_remove(sys, arena_print(test_mem, "%d", i).data));
    CHECK_STR(listing(sys), "299 15\n");
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK(str_equals(listing(sys), before));
    CHECK_STR(content(sys, "299"), "content");
    sim_close(sys);
}

TEST(sim_keeps_what_is_synced_in_every_loss)
{
    EACH_CASE(loss, losses)
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sys *sys = sim_open(seed);
        put_synced(sys, "a", "synced");
        sim_lose_power(sys, *loss, seed);
        CHECK_STR(content(sys, "a"), "synced");
        put(sys, "a", 6, " and more");
        sim_lose_power(sys, *loss, seed);
        CHECK(str_starts(content(sys, "a"), S("synced")));
        sim_close(sys);
    }
}

TEST(sim_loses_everything_unsynced_in_a_clean_loss)
{
    struct sys *sys = sim_open(1);
    struct file *file;

    put_synced(sys, "a", "old content");
    put_synced(sys, "removed", "still here");
    put_synced(sys, "from", "moved back");
    CHECK_OK(folder_make(sys, "f"));
    put(sys, "f/inside", 0, "x");
    CHECK_OK(folder_sync(sys, "f"));
    put(sys, "a", 4, "CONTENT, longer");
    CHECK_OK(file_remove(sys, "removed"));
    CHECK_OK(file_rename(sys, "from", "to"));
    file = opened(sys, "new");
    CHECK_OK(file_write(file, 0, "x", 1));
    CHECK_OK(file_sync(file)); /* does not make its name last */
    file_close(file);
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_STR(content(sys, "a"), "old content");
    CHECK_STR(content(sys, "removed"), "still here");
    CHECK_STR(content(sys, "from"), "moved back");
    CHECK_STR(listing(sys), "a 11\nfrom 10\nremoved 10\n");
    CHECK(!file_exists(sys, "f"));

    file = opened(sys, "a");
    CHECK_OK(file_truncate(file, 3));
    CHECK_OK(file_allocate(file, 100000));
    file_close(file);
    CHECK_STR(listing(sys), "a 100000\nfrom 10\nremoved 10\n");
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_STR(content(sys, "a"), "old content");
    sim_close(sys);
}

TEST(sim_keeps_a_name_without_its_unsynced_content)
{
    struct sys *sys = sim_open(1);

    put(sys, "a", 0, "not synced");
    CHECK_OK(folder_sync(sys, "."));
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_STR(listing(sys), "a 0\n");
    sim_close(sys);
}

TEST(sim_keeps_everything_when_only_the_process_dies)
{
    struct sys *sys = sim_open(1);
    struct file *file;

    put_synced(sys, "a", "old");
    put(sys, "a", 0, "new");
    file = opened(sys, "b");
    CHECK_OK(file_lock(file));
    sim_lose_power(sys, SIM_KEPT, 1);
    CHECK_ERR(ERR_IO, file_write(file, 0, "x", 1));
    file_close(file);
    CHECK_STR(content(sys, "a"), "new");
    file = opened(sys, "b");
    CHECK_OK(file_lock(file));
    file_close(file);
    sim_lose_power(sys, SIM_CLEAN, 1); /* it was kept, but never synced */
    CHECK_STR(listing(sys), "a 3\n");
    CHECK_STR(content(sys, "a"), "old");
    sim_close(sys);
}

/* Ten appends of a record each to one file: which of them are whole after the loss, as bits. */
static unsigned survivors(enum sim_loss loss, uint64_t seed, size_t record, bool *out_torn)
{
    struct sys *sys = sim_open(1);
    struct file *file;
    char *data = arena_take(test_mem, record);
    unsigned whole = 0;
    str got;

    put_synced(sys, "a", "");
    file = opened(sys, "a");
    for (int i = 0; i < 10; i++) {
        memset(data, 'a' + i, record);
        CHECK_OK(file_write(file, (uint64_t)i * record, data, record));
    }
    file_close(file);
    sim_lose_power(sys, loss, seed);
    got = content(sys, "a");
    CHECK(got.len <= 10 * record);
    *out_torn = false;
    for (size_t i = 0; i < 10; i++) {
        size_t good = 0;
        for (size_t at = i * record; at < (i + 1) * record && at < got.len; at++) {
            CHECK(got.data[at] == 0 || got.data[at] == (char)('a' + i));
            /* Within a sector there is all or nothing. */
            if (at % 512 && at % record && at + 1 < got.len && record % 512 == 0)
                CHECK(got.data[at] == got.data[at - 1]);
            good += got.data[at] != 0;
        }
        whole |= (good == record ? 1u : 0u) << i;
        *out_torn |= good && good < record;
    }
    sim_close(sys);
    return whole;
}

TEST(sim_keeps_a_prefix_in_a_torn_loss)
{
    unsigned lengths = 0;
    bool torn, any_torn = false;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        unsigned whole = survivors(SIM_TORN, seed, 2048, &torn);
        CHECK((whole & (whole + 1)) == 0); /* only low bits */
        lengths |= 1u << __builtin_popcount(whole);
        any_torn |= torn;
    }
    CHECK_INT(lengths, (1u << 11) - 1); /* every length was seen */
    CHECK(any_torn);
}

TEST(sim_keeps_any_sectors_in_a_reordered_loss)
{
    unsigned later_without_earlier = 0, first = 0, last = 0;
    bool torn, any_torn = false;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        unsigned whole = survivors(SIM_REORDERED, seed, 512, &torn);
        CHECK(!torn);
        later_without_earlier += (whole & (whole + 1)) != 0;
        first += whole & 1;
        last += whole >> 9;
        (void)survivors(SIM_REORDERED, seed, 2048, &torn);
        any_torn |= torn;
    }
    CHECK(later_without_earlier > SEEDS / 4);
    CHECK(first > 0 && first < SEEDS);
    CHECK(last > 0 && last < SEEDS);
    CHECK(any_torn);
}

TEST(sim_never_mixes_a_sector)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sys *sys = sim_open(1);
        str got;
        put_synced(sys, "a", "........");
        put(sys, "a", 0, "11");
        put(sys, "a", 2, "22");
        put(sys, "a", 1, "33");
        sim_lose_power(sys, SIM_REORDERED, seed);
        got = content(sys, "a");
        CHECK(str_equals(got, S("........")) || str_equals(got, S("11......")) ||
              str_equals(got, S("1122....")) || str_equals(got, S("1332....")));
        sim_close(sys);
    }
}

TEST(sim_loses_any_names_in_a_reordered_loss)
{
    unsigned seen = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sys *sys = sim_open(1);
        put(sys, "a", 0, "");
        put(sys, "b", 0, "");
        put(sys, "c", 0, "");
        sim_lose_power(sys, SIM_REORDERED, seed);
        seen |=
            1u << (file_exists(sys, "a") + 2 * file_exists(sys, "b") + 4 * file_exists(sys, "c"));
        sim_close(sys);
    }
    CHECK_INT(seen, 255); /* all eight */
}

TEST(sim_replaces_a_file_wholly_or_not_at_all)
{
    bool seen_old = false, seen_new = false;

    EACH_CASE(loss, losses)
    for (uint64_t seed = 0; seed < 20; seed++)
        for (uint64_t stop = 1;; stop++) {
            struct sys *sys = sim_open(seed);
            enum err err;
            uint64_t start;
            str got;

            put_synced(sys, "a", "the old content");
            start = sim_operations(sys);
            sim_stop_at(sys, start + stop);
            err = file_replace(sys, "a", S("the new content"));
            CHECK_INT(sim_is_stopped(sys), err != OK);
            sim_lose_power(sys, *loss, seed);
            CHECK(!sim_is_stopped(sys));
            got = content(sys, "a");
            if (err) {
                CHECK_INT(err, ERR_IO);
                CHECK(str_equals(got, S("the old content")) ||
                      str_equals(got, S("the new content")));
                seen_old |= str_equals(got, S("the old content"));
                seen_new |= str_equals(got, S("the new content"));
            } else {
                CHECK_STR(got, "the new content");
            }
            sim_close(sys);
            if (!err)
                break;
        }
    CHECK(seen_old && seen_new);
}

TEST(sim_moves_between_folders_wholly_or_not_at_all)
{
    static const char *const synced[] = {NULL, "f", "g"};

    EACH_CASE(folder, synced)
    EACH_CASE(loss, losses)
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct sys *sys = sim_open(seed);
        bool is_moved;
        CHECK_OK(folder_make(sys, "f"));
        CHECK_OK(folder_make(sys, "g"));
        put_synced(sys, "f/a", "content");
        CHECK_OK(folder_sync(sys, "f"));
        CHECK_OK(file_rename(sys, "f/a", "g/b"));
        put(sys, "f/a", 0, "another");
        if (*folder)
            CHECK_OK(folder_sync(sys, *folder));
        sim_lose_power(sys, *loss, seed);
        is_moved = file_exists(sys, "g/b");
        CHECK(is_moved || !*folder);
        if (is_moved)
            CHECK_STR(content(sys, "g/b"), "content");
        else if (*loss != SIM_REORDERED)
            CHECK_STR(content(sys, "f/a"), "content");
        sim_close(sys);
    }
}

TEST(sim_stops_at_an_operation_and_does_nothing_after_it)
{
    struct sys *sys = sim_open(1);
    struct file *file, *other;
    str before;

    put_synced(sys, "a", "old");
    file = opened(sys, "a");
    sim_stop_at(sys, sim_operations(sys) + 1);
    CHECK_ERR(ERR_IO, file_write(file, 0, "NEW", 3));
    CHECK(sim_is_stopped(sys));
    before = listing(sys);
    CHECK_ERR(ERR_IO, file_write(file, 0, "late", 4));
    CHECK_ERR(ERR_IO, file_sync(file));
    CHECK_ERR(ERR_IO, file_truncate(file, 0));
    CHECK_ERR(ERR_IO, file_allocate(file, 99));
    CHECK_ERR(ERR_IO, file_open(sys, "b", FILE_WRITE | FILE_CREATE, &other));
    CHECK_ERR(ERR_IO, file_rename(sys, "a", "b"));
    CHECK_ERR(ERR_IO, file_remove(sys, "a"));
    CHECK_ERR(ERR_IO, folder_make(sys, "f"));
    CHECK_ERR(ERR_IO, folder_sync(sys, "/"));
    CHECK(str_equals(listing(sys), before));
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_ERR(ERR_IO, file_sync(file));
    file_close(file);
    CHECK_STR(content(sys, "a"), "old");

    /* What the last operation would have done may survive. */
    sim_stop_at(sys, sim_operations(sys) + 2);
    file = opened(sys, "a");
    CHECK_ERR(ERR_IO, file_write(file, 0, "NEW", 3));
    file_close(file);
    sim_lose_power(sys, SIM_KEPT, 1);
    CHECK_STR(content(sys, "a"), "NEW");
    sim_close(sys);
}

TEST(sim_fails_one_operation_and_goes_on)
{
    struct sys *sys = sim_open(1);
    struct file *file = opened(sys, "a");
    str got;

    sim_fail_at(sys, sim_operations(sys) + 1, SIM_EIO);
    CHECK_ERR(ERR_IO, file_write(file, 0, "one", 3));
    CHECK_STR(listing(sys), "a 0\n");
    CHECK_OK(file_write(file, 0, "one", 3));
    sim_fail_at(sys, sim_operations(sys) + 1, SIM_ENOSPC);
    CHECK_ERR(ERR_FULL, file_write(file, 3, " two", 4));
    sim_fail_at(sys, sim_operations(sys) + 1, SIM_ENOSPC);
    CHECK_OK(file_write(file, 0, "ONE", 3)); /* takes no room */
    sim_fail_at(sys, sim_operations(sys) + 1, SIM_ENOSPC);
    CHECK_ERR(ERR_FULL, folder_make(sys, "f"));
    sim_fail_at(sys, sim_operations(sys) + 1, SIM_EIO);
    CHECK_ERR(ERR_IO, file_load(sys, "a", 100, test_mem, &got));
    sim_fail_at(sys, sim_operations(sys) + 1, SIM_SHORT);
    CHECK_OK(file_write(file, 3, " and more", 9));
    CHECK_STR(content(sys, "a"), "ONE and more");
    sim_fail_at(sys, sim_operations(sys) + 1, SIM_EIO);
    sim_fail_at(sys, 0, SIM_EIO);
    CHECK_OK(file_sync(file));
    file_close(file);
    CHECK(!sim_is_stopped(sys));
    sim_close(sys);
}

TEST(sim_reports_a_failed_sync_clean_but_may_have_lost_the_bytes)
{
    unsigned kept = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sys *sys = sim_open(seed);
        struct file *file;
        str got;

        put_synced(sys, "a", "old");
        file = opened(sys, "a");
        CHECK_OK(file_write(file, 0, "new", 3));
        sim_fail_at(sys, sim_operations(sys) + 1, SIM_EIO);
        CHECK_ERR(ERR_IO, file_sync(file));
        CHECK_STR(content(sys, "a"), "new"); /* still in memory */
        CHECK_OK(file_sync(file));
        file_close(file);
        sim_lose_power(sys, SIM_TORN, seed);
        got = content(sys, "a");
        kept += str_equals(got, S("new"));
        CHECK(str_equals(got, S("new")) || str_equals(got, S("old")));
        sim_close(sys);
    }
    CHECK(kept > SEEDS / 4 && kept < SEEDS * 3 / 4);
}

TEST(sim_has_no_more_room_than_it_is_given)
{
    struct sys *sys = sim_open(1);
    static char data[6000];
    struct file *file = opened(sys, "a"), *other;
    uint64_t bytes;

    sim_set_room(sys, 10000);
    CHECK_OK(file_allocate(file, 6000));
    CHECK_OK(file_write(file, 0, data, 6000));
    CHECK_OK(folder_room(sys, "/", &bytes));
    CHECK_INT(bytes, 4000);
    other = opened(sys, "b");
    CHECK_ERR(ERR_FULL, file_write(other, 0, data, 6000));
    CHECK_STR(listing(sys), "a 6000\nb 4000\n"); /* what fitted is there */
    CHECK_ERR(ERR_FULL, file_allocate(other, 4001));
    CHECK_ERR(ERR_FULL, file_truncate(other, 4001));
    CHECK_OK(file_write(file, 100, data, 5900)); /* reserved */
    CHECK_OK(file_remove(sys, "a"));
    CHECK_ERR(ERR_FULL, file_write(other, 4000, data, 1)); /* it is still open */
    file_close(file);
    CHECK_OK(file_write(other, 4000, data, 6000));
    CHECK_OK(file_rename(sys, "b", "c"));
    CHECK_OK(file_truncate(other, 10));
    file_close(other);
    put(sys, "b", 0, "0123456789");
    CHECK_OK(file_rename(sys, "b", "c"));
    CHECK_OK(folder_room(sys, "/", &bytes));
    CHECK_INT(bytes, 9990);
    sim_lose_power(sys, SIM_CLEAN, 1); /* nothing was synced */
    CHECK_OK(folder_room(sys, "/", &bytes));
    CHECK_INT(bytes, 10000);
    sim_close(sys);
}

TEST(sim_can_lie_about_syncs)
{
    struct sys *sys = sim_open(1);

    sim_ignore_file_syncs(sys, true);
    put_synced(sys, "a", "x");
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_STR(listing(sys), "a 0\n");
    sim_ignore_file_syncs(sys, false);
    sim_ignore_folder_syncs(sys, true);
    put_synced(sys, "b", "x");
    put_synced(sys, "a", "x");
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_STR(listing(sys), "a 1\n");
    sim_close(sys);
}

TEST(sim_flips_a_bit_for_good)
{
    struct sys *sys = sim_open(1);

    put_synced(sys, "a", "abc");
    CHECK_OK(sim_flip(sys, "a", 1, 1));
    CHECK_STR(content(sys, "a"), "a`c");
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_STR(content(sys, "a"), "a`c");
    CHECK_ERR(ERR_ABSENT, sim_flip(sys, "a", 3, 0));
    CHECK_ERR(ERR_ABSENT, sim_flip(sys, "b", 0, 0));
    sim_close(sys);
}

TEST(sim_digest_tells_contents_and_names_apart)
{
    struct sys *a = sim_open(1), *b = sim_open(2);
    struct file *file;

    put(a, "f", 5000, "x");
    put(b, "f", 5000, "y");
    CHECK(sim_digest(a) != sim_digest(b));
    put(b, "f", 5000, "x");
    put(b, "f", 0, "\1");
    CHECK(sim_digest(a) != sim_digest(b));
    file = opened(b, "f");
    CHECK_OK(file_write(file, 0, "\0", 1)); /* a written zero is a hole */
    file_close(file);
    CHECK(sim_digest(a) == sim_digest(b));
    CHECK_OK(file_rename(b, "f", "g"));
    CHECK(sim_digest(a) != sim_digest(b));
    sim_close(a);
    sim_close(b);
}

/* After this no loss can change anything. */
static void sync_all(struct sys *sys, const char *folder)
{
    str *names;
    size_t count;

    CHECK_OK(folder_list(sys, folder, test_mem, &names, &count));
    CHECK_OK(folder_sync(sys, folder));
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_print(test_mem, "%s/%.*s", folder, STR_ARG(names[i])).data;
        struct file *file;
        if (file_open(sys, path, FILE_WRITE, &file)) {
            sync_all(sys, path);
        } else {
            CHECK_OK(file_sync(file));
            file_close(file);
        }
    }
}

static enum err change_something(struct sys *sys, random_state *state)
{
    static const char *const paths[] = {"a", "b", "f/a", "f/b", "g", "g/a", "f"};
    const char *path = paths[random_below(state, 7)], *other = paths[random_below(state, 7)];
    char data[3000];
    struct file *file;
    enum err err = OK;

    memset(data, 'x', sizeof data);
    switch (random_below(state, 9)) {
    case 0:
        err = file_rename(sys, path, other);
        break;
    case 1:
        err = file_remove(sys, path);
        break;
    case 2:
        err = folder_make(sys, path);
        break;
    case 3:
        err = folder_sync(sys, random_below(state, 2) ? "/" : path);
        break;
    case 4:
        err = folder_remove(sys, path);
        break;
    default:
        err = file_open(sys, path, FILE_WRITE | FILE_CREATE, &file);
        if (err)
            break;
        err = file_write(file, random_below(state, 20000), data,
                         random_below(state, sizeof data) + 1);
        if (!err && random_below(state, 4) == 0)
            err = file_truncate(file, random_below(state, 20000));
        if (!err && random_below(state, 2))
            err = file_sync(file);
        file_close(file);
    }
    return err;
}

/* A long random life in a few folders, with syncs, losses and faults; the digest of its disk after
 * every loss is mixed into the answer. */
static uint64_t live(uint64_t seed, int steps)
{
    struct sys *sys = sim_open(seed);
    random_state state = {seed};
    bool syncs_fail = seed % 2; /* in half of the lives, some sync fails and loses bytes */
    uint64_t least_fault = syncs_fail ? SIM_EIO : SIM_ENOSPC, digest = 0;

    for (int i = 0; i < steps; i++) {
        if (random_below(&state, 10) == 0)
            sim_fail_at(sys, sim_operations(sys) + 2,
                        (enum sim_fault)(least_fault + random_below(&state, 3)));
        digest = digest * 31 + (uint64_t)change_something(sys, &state);
        if (random_below(&state, 25) == 0) {
            sim_lose_power(sys, (enum sim_loss)random_below(&state, 4), random_next(&state));
            digest = digest * 31 + sim_digest(sys);
        }
        if (random_below(&state, 25) == 0) {
            uint64_t before;
            sim_fail_at(sys, 0, SIM_EIO);
            sync_all(sys, "/");
            before = sim_digest(sys);
            sim_lose_power(sys, (enum sim_loss)random_below(&state, 4), random_next(&state));
            CHECK(syncs_fail || sim_digest(sys) == before);
        }
    }
    sim_close(sys);
    return digest;
}

TEST(sim_lives_the_same_life_twice)
{
    CHECK(live(1, 300) != live(2, 300));
    for (uint64_t seed = 0; seed < 20; seed++)
        CHECK(live(seed, 600) == live(seed, 600));
}

static enum err work(struct sys *sys)
{
    struct file *file;
    enum err err;
    str *names;
    size_t count;

    TRY(folder_make(sys, "f"));
    TRY(file_replace(sys, "f/a", S("content")));
    TRY(file_open(sys, "f/b", FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    err = file_allocate(file, 100000);
    if (!err)
        err = file_write(file, 90000, "x", 1);
    if (!err)
        err = file_sync(file);
    if (!err)
        err = file_truncate(file, 50);
    if (!err)
        err = file_lock(file);
    file_close(file);
    if (err)
        return err;
    TRY(file_rename(sys, "f/b", "b"));
    TRY(folder_sync(sys, "f"));
    TRY(folder_list(sys, "/", test_mem, &names, &count));
    return file_remove(sys, "b");
}

TEST(sim_reports_a_lack_of_memory_and_stays_whole)
{
    enum err err = ERR_LIMIT;

    for (long at = 1; err; at++) {
        struct sys *sys = sim_open(1);
        mem_fail_after(at);
        err = work(sys);
        mem_fail_after(0);
        CHECK(err == OK || err == ERR_LIMIT);
        CHECK(at < 1000);
        sim_lose_power(sys, SIM_REORDERED, 1);
        CHECK_OK(work(sys));
        CHECK_STR(content(sys, "f/a"), "content");
        sim_close(sys);
    }
    mem_fail_after(1);
    CHECK(sim_open(1) == NULL);
    mem_fail_after(2);
    CHECK(sim_open(1) == NULL);
    mem_fail_after(0);
}
