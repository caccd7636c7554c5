/* test_backup.c - backups come back byte for byte, or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/backup.h"

#include "base/hash.h"
#include "base/random.h"
#include "store/datadir.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <stddef.h>
#include <string.h>

enum { PARTS = 6, LARGEST = BACKUP_PIECE + 100, NOW = 1000, SCRATCH = 64 << 20 };

/* A folder's worth of parts; `salt` makes their bytes. */
struct world {
    struct sys *sys;
    struct backup_source source;
    struct backup_part parts[PARTS];
    unsigned char salt;
    struct arena *mem; /* of one comparison */
};

static const struct backup_part small_parts[PARTS] = {
    {{"catalog.db", 10}, 1500, false},    {{"log/00000001.log", 16}, 900, false},
    {{"log/00000002.log", 16}, 1, false}, {{"log/00000003.log", 16}, 0, false},
    {{"keys/secret", 11}, 48, true},      {{"keys/nodes.keys", 15}, 700, true},
};

static unsigned char byte_of(const struct world *w, size_t part, uint64_t offset)
{
    uint64_t place = (uint64_t)w->salt << 48 | (uint64_t)part << 40 | offset;

    return (unsigned char)hash_checksum(&place, sizeof place);
}

static enum err read_source(void *argument, const struct backup_part *part, uint64_t offset,
                            void *out, size_t len)
{
    const struct world *w = argument;
    size_t index = (size_t)(part - w->parts);

    CHECK(len <= BACKUP_PIECE && offset + len <= part->size);
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)out)[i] = byte_of(w, index, offset + i);
    return OK;
}

static void open_world(struct world *w)
{
    *w = (struct world){.sys = sim_open(1), .mem = arena_open(SCRATCH)};
    CHECK(w->sys && w->mem);
    memcpy(w->parts, small_parts, sizeof w->parts);
    memset(w->source.workspace, 7, sizeof w->source.workspace);
    w->source.parts = w->parts;
    w->source.count = PARTS;
    w->source.read = read_source;
    w->source.argument = w;
}

static void close_world(struct world *w)
{
    arena_close(w->mem);
    sim_close(w->sys);
}

static fallible restore(struct world *w)
{
    return backup_restore(w->sys, "b", "b.keys", "d", NULL, NULL);
}

static bool is_restored(struct world *w, const char *folder)
{
    struct datadir *datadir;

    CHECK_OK(datadir_open(w->sys, folder, &datadir));
    datadir_close(datadir);
    for (size_t i = 0; i < PARTS; i++) {
        str found;

        arena_reset(w->mem);
        CHECK_OK(file_load(w->sys,
                           arena_print(w->mem, "%s/%.*s", folder, STR_ARG(w->parts[i].name)).data,
                           LARGEST, w->mem, &found));
        if (found.len != w->parts[i].size)
            return false;
        for (size_t at = 0; at < found.len; at++)
            if ((unsigned char)found.data[at] != byte_of(w, i, at))
                return false;
    }
    return true;
}

static bool has_nothing(struct world *w, const char *folder)
{
    return !file_exists(w->sys, folder) &&
           !file_exists(w->sys, arena_print(w->mem, "%s.restoring", folder).data);
}

TEST(backup_gives_every_byte_back)
{
    struct world w;

    open_world(&w);
    w.parts[1].size = LARGEST; /* more than one piece */
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    CHECK_OK(restore(&w));
    CHECK(is_restored(&w, "d"));
    CHECK(!file_exists(w.sys, "d.restoring"));
    CHECK(!file_exists(w.sys, "b.writing") && !file_exists(w.sys, "b.keys.writing"));
    CHECK_OK(backup_restore(w.sys, "b", "b.keys", "other//", NULL, NULL));
    CHECK(is_restored(&w, "other"));
    close_world(&w);
}

TEST(backup_keeps_keys_apart_from_data)
{
    struct world w;
    char key[48];
    str data, keys;

    open_world(&w);
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    CHECK_OK(read_source(&w, &w.parts[4], 0, key, sizeof key));
    CHECK_OK(file_load(w.sys, "b", LARGEST, test_mem, &data));
    CHECK_OK(file_load(w.sys, "b.keys", LARGEST, test_mem, &keys));
    CHECK(!str_contains(data, str_from(key, sizeof key)) && !str_contains(data, S("keys/")));
    CHECK(str_contains(keys, str_from(key, sizeof key)));
    CHECK(!str_contains(keys, S("log/")) && !str_contains(keys, S("catalog")));
    close_world(&w);
}

/* Power loss */

static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};

static uint64_t count_write(void)
{
    struct world w;
    uint64_t operations;

    open_world(&w);
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    operations = sim_operations(w.sys);
    close_world(&w);
    return operations;
}

/* With an older backup there already, or none. */
static bool lose_power_writing(bool has_older, uint64_t at, uint64_t seed)
{
    struct world w;
    enum err err;

    open_world(&w);
    if (has_older)
        CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    w.salt = 99;
    sim_stop_at(w.sys, sim_operations(w.sys) + at);
    err = backup_write(w.sys, &w.source, "b", NOW + 1);
    sim_lose_power(w.sys, losses[seed % 4], seed * 31 + at);
    if (!err)
        CHECK(file_exists(w.sys, "b"));
    if (has_older)
        CHECK(file_exists(w.sys, "b"));
    if (file_exists(w.sys, "b")) {
        CHECK_OK(restore(&w)); /* and so the keys are there and whole */
        w.source.count = PARTS;
        if (!err)
            CHECK(is_restored(&w, "d"));
    }
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW + 2));
    CHECK_OK(backup_restore(w.sys, "b", "b.keys", "again", NULL, NULL));
    CHECK(is_restored(&w, "again"));
    CHECK(!file_exists(w.sys, "b.writing") && !file_exists(w.sys, "b.keys.writing"));
    close_world(&w);
    return err == OK;
}

TEST(backup_is_whole_or_as_before_after_a_power_loss)
{
    uint64_t operations = count_write(), done = 0;

    CHECK(operations > 10);
    for (uint64_t at = 1; at <= operations + 1; at++)
        for (uint64_t seed = 0; seed < 8; seed++)
            done += lose_power_writing(seed / 4 % 2, at, seed + at * 8);
    CHECK(done >= 8 && done < operations * 8);
}

static bool lose_power_restoring(uint64_t at, uint64_t seed, uint64_t *left)
{
    struct world w;
    enum err err;

    open_world(&w);
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    sim_stop_at(w.sys, sim_operations(w.sys) + at);
    err = restore(&w);
    sim_lose_power(w.sys, losses[seed % 4], seed * 31 + at);
    if (!err)
        CHECK(file_exists(w.sys, "d"));
    if (file_exists(w.sys, "d")) {
        CHECK(is_restored(&w, "d"));
        CHECK_ERR(ERR_CONFLICT, restore(&w));
    } else if (file_exists(w.sys, "d.restoring")) {
        CHECK_ERR(ERR_CONFLICT, restore(&w));
        CHECK(str_contains(str_of(err_text()), S("d.restoring")));
        CHECK(!file_exists(w.sys, "d"));
        ++*left;
    } else {
        CHECK_OK(restore(&w));
        CHECK(is_restored(&w, "d"));
    }
    close_world(&w);
    return err == OK;
}

TEST(backup_restore_is_whole_or_not_there_after_a_power_loss)
{
    uint64_t operations, left = 0, done = 0;
    struct world w;

    open_world(&w);
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    operations = sim_operations(w.sys);
    CHECK_OK(restore(&w));
    operations = sim_operations(w.sys) - operations;
    close_world(&w);
    CHECK(operations > 30);
    for (uint64_t at = 1; at <= operations + 1; at++)
        for (uint64_t seed = 0; seed < 8; seed++)
            done += lose_power_restoring(at, seed, &left);
    CHECK_INT(done, 8);
    CHECK(left > operations);
}

/* Faults */

static const struct {
    enum sim_fault fault;
    enum err want;
} faults[] = {{SIM_EIO, ERR_IO}, {SIM_ENOSPC, ERR_FULL}, {SIM_EINTR, OK}, {SIM_SHORT, OK}};

TEST(backup_that_cannot_be_written_leaves_what_was_there)
{
    uint64_t operations = count_write();

    EACH_CASE(c, faults)
    {
        uint64_t failed = 0;

        for (uint64_t at = 1; at <= operations; at++) {
            struct world w;
            enum err err;

            open_world(&w);
            CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
            w.salt = 50;
            sim_fail_at(w.sys, sim_operations(w.sys) + at, c->fault);
            err = backup_write(w.sys, &w.source, "b", NOW + 1);
            sim_fail_at(w.sys, 0, c->fault);
            if (err)
                CHECK_INT(err, c->want);
            failed += err != OK;
            CHECK_OK(restore(&w)); /* the older or the newer */
            if (!err)
                CHECK(is_restored(&w, "d"));
            close_world(&w);
        }
        CHECK((failed > 0) == (c->want != OK));
    }
}

TEST(backup_restore_that_fails_leaves_nothing)
{
    EACH_CASE(c, faults)
    {
        uint64_t failed = 0;

        for (uint64_t at = 1;; at++) {
            struct world w;
            uint64_t end;
            enum err err;

            open_world(&w);
            CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
            end = sim_operations(w.sys) + at;
            sim_fail_at(w.sys, end, c->fault);
            err = restore(&w);
            sim_fail_at(w.sys, 0, c->fault);
            if (err && !file_exists(w.sys, "d")) {
                CHECK_INT(err, c->want);
                CHECK(has_nothing(&w, "d"));
                CHECK_OK(restore(&w));
                failed++;
            }
            CHECK(is_restored(&w, "d"));
            end = sim_operations(w.sys) < end ? 0 : end;
            close_world(&w);
            if (!end)
                break;
        }
        CHECK((failed > 10) == (c->want != OK));
    }
}

/* Damage */

static uint64_t size_of(struct world *w, const char *path)
{
    struct file *file;
    uint64_t size;

    CHECK_OK(file_open(w->sys, path, FILE_READ, &file));
    CHECK_OK(file_size(file, &size));
    file_close(file);
    return size;
}

static void expect_refusal(struct world *w)
{
    CHECK(restore(w) != OK);
    CHECK(has_nothing(w, "d"));
    arena_reset(w->mem);
}

TEST(backup_with_any_flipped_bit_is_refused)
{
    static const char *const paths[] = {"b", "b.keys"};
    random_state random = {5};
    struct world w;
    uint64_t tried = 0;

    open_world(&w);
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    EACH_CASE(path, paths)
    {
        uint64_t size = size_of(&w, *path);

        /* Both ends with what is not content, and a byte in eight between. */
        for (uint64_t at = 0; at < size; at++) {
            unsigned bit = (unsigned)random_below(&random, 8);

            if (at >= 100 && at + 40 < size && random_below(&random, 8))
                continue;
            CHECK_OK(sim_flip(w.sys, *path, at, bit));
            expect_refusal(&w);
            CHECK_OK(sim_flip(w.sys, *path, at, bit));
            tried++;
        }
    }
    CHECK(tried > 600);
    CHECK_OK(restore(&w));
    CHECK(is_restored(&w, "d"));
    close_world(&w);
}

static void put(struct sys *sys, const char *path, str content)
{
    CHECK_OK(file_replace(sys, path, content));
}

TEST(backup_of_another_length_is_refused)
{
    static const char *const paths[] = {"b", "b.keys"};
    struct world w;
    uint64_t tried = 0;

    open_world(&w);
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    EACH_CASE(path, paths)
    {
        str whole;
        char *longer;

        CHECK_OK(file_load(w.sys, *path, LARGEST, test_mem, &whole));
        for (size_t len = 0; len < whole.len; len += len < 60 || len + 60 > whole.len ? 1 : 13) {
            put(w.sys, *path, str_from(whole.data, len));
            expect_refusal(&w);
            tried++;
        }
        longer = arena_take(test_mem, whole.len + 1);
        memcpy(longer, whole.data, whole.len);
        put(w.sys, *path, str_from(longer, whole.len + 1));
        expect_refusal(&w);
        put(w.sys, *path, whole);
    }
    CHECK(tried > 400);
    close_world(&w);
}

/* Refusals */

/* Writes a file with one part by hand, every checksum right. */
static void forge(struct world *w, const char *path, uint32_t format, str name)
{
    char bytes[1024] = {0}, *at = bytes + 48;
    uint32_t name_bytes = (uint32_t)name.len;
    uint64_t checksum, size = 3, tail[3] = {UINT64_MAX, 1, 0};
    str original;

    CHECK_OK(file_load(w->sys, path, LARGEST, test_mem, &original));
    memcpy(bytes, original.data, 48);
    memcpy(bytes + 8, &format, sizeof format);
    checksum = hash_checksum(bytes, 40);
    memcpy(bytes + 40, &checksum, sizeof checksum);
    memcpy(at, &size, sizeof size);
    memcpy(at + 8, &name_bytes, sizeof name_bytes);
    memcpy(at + 16, name.data, name.len);
    memcpy(at + 16 + name.len, "abc", 3);
    checksum = hash_checksum(at, 16);
    checksum = hash_checksum_seeded(name.data, name.len, checksum);
    checksum = hash_checksum_seeded("abc", 3, checksum);
    at += 16 + name.len + 3;
    memcpy(at, &checksum, sizeof checksum);
    tail[2] = hash_checksum(tail, 16);
    memcpy(at + 8, tail, sizeof tail);
    put(w->sys, path, str_from(bytes, (size_t)(at + 8 + sizeof tail - bytes)));
}

TEST(backup_restores_only_names_that_stay_in_their_place)
{
    static const struct {
        const char *path;
        str name;
        enum err want;
    } cases[] = {
        {"b", S("log/00000001.log"), OK},
        {"b.keys", S("keys/secret"), OK},
        {"b", S("../x"), ERR_CORRUPT},
        {"b", S("log/../../x"), ERR_CORRUPT},
        {"b", S("log/.."), ERR_CORRUPT},
        {"b", S("/x"), ERR_CORRUPT},
        {"b", S(""), ERR_CORRUPT},
        {"b", S("log/a\0b"), ERR_CORRUPT},
        {"b", S("lock"), ERR_CORRUPT},
        {"b", S("myriad.format"), ERR_CORRUPT},
        {"b", S("log"), ERR_CORRUPT},
        {"b", S("keys/secret"), ERR_CORRUPT}, /* a key among the data */
        {"b.keys", S("log/00000001.log"), ERR_CORRUPT},
        {"b.keys", S("keys/../../x"), ERR_CORRUPT},
    };

    EACH_CASE(c, cases)
    {
        struct world w;

        open_world(&w);
        CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
        forge(&w, c->path, 1, c->name);
        CHECK_INT(restore(&w), c->want);
        CHECK_INT(file_exists(w.sys, "d"), c->want == OK);
        CHECK(!file_exists(w.sys, "d.restoring") && !file_exists(w.sys, "x"));
        close_world(&w);
    }
}

TEST(backup_is_not_written_with_names_that_would_not_come_back)
{
    static const struct backup_part wrong[] = {
        {{"../x", 4}, 1, false},         {{"/x", 2}, 1, false},         {{"", 0}, 1, false},
        {{"keys/secret", 11}, 1, false}, {{"catalog.db", 10}, 1, true}, {{"log/..", 6}, 1, false},
    };

    EACH_CASE(part, wrong)
    {
        struct world w;

        open_world(&w);
        w.parts[2] = *part;
        CHECK_ERR(ERR_INVALID, backup_write(w.sys, &w.source, "b", NOW));
        CHECK(!file_exists(w.sys, "b") && !file_exists(w.sys, "b.keys"));
        close_world(&w);
    }
}

TEST(backup_is_refused_with_a_reason)
{
    static const struct {
        const char *path, *keys, *folder;
        enum err want;
        const char *words;
    } cases[] = {
        {"b", "other.keys", "d", ERR_CONFLICT, "another workspace"},
        {"b", "b", "d", ERR_INVALID, "no key backup"},
        {"b.keys", "b.keys", "d", ERR_INVALID, "no backup"},
        {"newer", "b.keys", "d", ERR_CONFLICT, "newer Myriad (format 2)"},
        {"b", "newer.keys", "d", ERR_CONFLICT, "newer Myriad (format 2)"},
        {"absent", "b.keys", "d", ERR_ABSENT, "absent"},
        {"b", "absent", "d", ERR_ABSENT, "absent"},
        {"b", "b.keys", "taken", ERR_CONFLICT, "is there already"},
        {"b", "b.keys", "taken/", ERR_CONFLICT, "is there already"},
        {"b", "b.keys", "no/d", ERR_ABSENT, "no/d.restoring"},
    };
    struct world w;
    uint64_t digest;

    open_world(&w);
    CHECK_OK(folder_make(w.sys, "taken"));
    CHECK_OK(backup_write(w.sys, &w.source, "newer", NOW));
    forge(&w, "newer", 2, S("log/00000001.log"));
    forge(&w, "newer.keys", 2, S("keys/secret"));
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    memset(w.source.workspace, 8, sizeof w.source.workspace);
    CHECK_OK(backup_write(w.sys, &w.source, "other", NOW));
    digest = sim_digest(w.sys);
    EACH_CASE(c, cases)
    {
        CHECK_ERR(c->want, backup_restore(w.sys, c->path, c->keys, c->folder, NULL, NULL));
        CHECK(str_contains(str_of(err_text()), str_of(c->words)));
        CHECK(sim_digest(w.sys) == digest);
    }
    close_world(&w);
}

/* Stopping */

struct stop {
    uint64_t calls, after, done, of;
};

static bool step(void *argument, uint64_t done, uint64_t of)
{
    struct stop *stop = argument;

    CHECK(done > stop->done && done <= of);
    stop->done = done;
    stop->of = of;
    return ++stop->calls != stop->after;
}

TEST(backup_that_is_stopped_leaves_nothing)
{
    struct stop stop = {.after = 3}, whole = {0};
    struct world w;

    open_world(&w);
    w.source.progress = step;
    w.source.progress_argument = &stop;
    CHECK_ERR(ERR_EXPIRED, backup_write(w.sys, &w.source, "b", NOW));
    CHECK(!file_exists(w.sys, "b") && !file_exists(w.sys, "b.writing"));
    CHECK(!file_exists(w.sys, "b.keys") && !file_exists(w.sys, "b.keys.writing"));
    w.source.progress_argument = &whole;
    CHECK_OK(backup_write(w.sys, &w.source, "b", NOW));
    CHECK_INT(whole.done, 1500 + 900 + 1 + 48 + 700);
    CHECK_INT(whole.of, whole.done);
    stop = (struct stop){.after = 4};
    CHECK_ERR(ERR_EXPIRED, backup_restore(w.sys, "b", "b.keys", "d", step, &stop));
    CHECK(has_nothing(&w, "d"));
    close_world(&w);
}
