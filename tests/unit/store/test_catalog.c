/* test_catalog.c - transactions, migrations, refusals, copies and checks of the catalog.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/catalog.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/vfs.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/thread.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static const char path[] = "catalog.db";

static fallible add_key(struct tx *tx, int64_t number)
{
    unsigned char hash[32] = {0};

    memcpy(hash, &number, sizeof number);
    return catalog_run(tx, SQL_KEY_ADD,
                       BIND(B_I64(1), B_TEXT(S("n")), B_TEXT(S("api")),
                            B_BLOB(str_from(hash, sizeof hash)), B_TEXT(S("end")), B_I64(number),
                            B_NULL, B_NULL, B_I64(1)));
}

static fallible add_keys(struct catalog *catalog, int64_t from, int64_t to)
{
    struct tx *tx;
    enum err err = OK;

    TRY(catalog_begin(catalog, &tx));
    for (int64_t i = from; !err && i < to; i++)
        err = add_key(tx, i);
    return catalog_end(tx, err);
}

static enum err count_row(void *count, struct row *row)
{
    CHECK(catalog_row_is_null(row, 6));
    CHECK_STR(catalog_row_text(row, 2, test_mem), "n");
    ++*(int64_t *)count;
    return OK;
}

static int64_t count_keys(struct catalog *catalog)
{
    int64_t count = 0;
    struct tx *tx;

    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_OK(catalog_end(
        tx, catalog_each(tx, SQL_KEY_LIST, BIND(B_I64(0), B_I64(100000)), count_row, &count)));
    return count;
}

static struct catalog *open_catalog(struct sys *sys)
{
    struct catalog *catalog;

    CHECK_OK(catalog_open(sys, path, &catalog));
    return catalog;
}

static void fail_on_report(void *argument, const char *line)
{
    (void)argument;
    fail_msg("%s", line);
}

static void count_report(void *count, const char *line)
{
    CHECK(line[0] != 0);
    ++*(int *)count;
}

static void run_raw(struct sys *sys, const char *sql)
{
    int reserved = VFS_RESERVED;
    struct vfs *vfs;
    sqlite3 *db;

    CHECK_OK(vfs_open(sys, &vfs));
    CHECK_INT(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, vfs_name(vfs)), SQLITE_OK);
    CHECK_INT(sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    vfs_close(vfs);
}

TEST(catalog_keeps_commits_and_forgets_rollbacks)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct tx *tx;

    CHECK_OK(add_keys(catalog, 0, 3));
    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_OK(add_key(tx, 3));
    CHECK_INT(catalog_rows_changed(tx), 1);
    CHECK_ERR(ERR_DENIED, catalog_end(tx, (fail)(ERR_DENIED, "no")));
    CHECK_STR(str_of(err_text()), "no");
    CHECK_INT(count_keys(catalog), 3);
    catalog_close(catalog);
    CHECK(!file_exists(sys, "catalog.db-wal"));

    catalog = open_catalog(sys);
    CHECK_INT(count_keys(catalog), 3);
    catalog_close(catalog);
    CHECK_OK(catalog_check(sys, path, fail_on_report, NULL));
    sim_close(sys);
}

TEST(catalog_refuses_a_broken_constraint_and_the_transaction_goes_on)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct tx *tx;

    CHECK_OK(add_keys(catalog, 0, 1));
    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_ERR(ERR_CONFLICT, add_key(tx, 0));
    CHECK_OK(add_key(tx, 1));
    CHECK_OK(catalog_end(tx, OK));
    CHECK_INT(count_keys(catalog), 2);
    catalog_close(catalog);
    sim_close(sys);
}

static enum err stop_at_two(void *count, struct row *row)
{
    (void)row;
    return ++*(int *)count == 2 ? (fail)(ERR_LIMIT, "enough") : OK;
}

TEST(catalog_stops_reading_when_the_reader_fails)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct tx *tx;
    int count = 0;

    CHECK_OK(add_keys(catalog, 0, 5));
    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_ERR(ERR_LIMIT,
              catalog_each(tx, SQL_KEY_LIST, BIND(B_I64(0), B_I64(100000)), stop_at_two, &count));
    CHECK_INT(count, 2);
    CHECK_OK(catalog_end(tx, OK));
    CHECK_INT(count_keys(catalog), 5);
    catalog_close(catalog);
    sim_close(sys);
}

static enum err note_migration(void *next, struct row *row)
{
    int64_t *number = next;

    CHECK_INT(catalog_row_i64(row, 0), *number + 1);
    CHECK_STR(catalog_row_text(row, 1, test_mem), catalog_sql_migrations[*number].name);
    CHECK_INT(catalog_row_i64(row, 3), 777);
    ++*number;
    return OK;
}

TEST(catalog_records_its_migrations)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog;
    int64_t next = 0;
    struct tx *tx;

    sim_set_clock(sys, 777);
    catalog = open_catalog(sys);
    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_OK(catalog_end(tx, catalog_each(tx, SQL_MIGRATION_LIST, NO_BIND, note_migration, &next)));
    CHECK_INT(next, MIGRATION_COUNT);
    catalog_close(catalog);
    sim_close(sys);
}

TEST(catalog_of_every_older_version_becomes_the_newest)
{
    for (int version = 0; version < MIGRATION_COUNT; version++) {
        struct sys *sys = sim_open(1);
        struct catalog *catalog;
        struct buf sql = {0};

        for (int i = 0; i < version; i++)
            buf_print(&sql, "%s;\n", catalog_sql_migrations[i].text);
        buf_print(&sql, "PRAGMA user_version = %d%c", version, '\0');
        catalog = open_catalog(sys);
        catalog_close(catalog);
        CHECK_OK(file_remove(sys, path));
        {
            struct file *file;

            CHECK_OK(file_open(sys, path, FILE_WRITE | FILE_CREATE, &file));
            file_close(file);
        }
        run_raw(sys, buf_str(&sql).data);
        buf_done(&sql);
        catalog = open_catalog(sys);
        CHECK_OK(add_keys(catalog, 0, 2));
        CHECK_INT(count_keys(catalog), 2);
        catalog_close(catalog);
        sim_close(sys);
    }
}

static enum err check_eight(void *argument, struct row *row)
{
    (void)argument;
    CHECK_INT(catalog_row_i64(row, 0), 8);
    return OK;
}

TEST(catalog_keeps_keys_and_their_numbers_when_they_get_rules)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct file *file;
    char sql[8192];
    struct tx *tx;

    catalog_close(catalog);
    CHECK_OK(file_remove(sys, path));
    CHECK_OK(file_open(sys, path, FILE_WRITE | FILE_CREATE, &file));
    file_close(file);
    snprintf(sql, sizeof sql,
             "%s;\n%s;\nINSERT INTO key (id, workspace_id, name, scope, secret_hash, secret_end, "
             "created_at) VALUES (7, 1, 'n', 'api', zeroblob(32), 'end', 5);\n"
             "PRAGMA user_version = 2",
             catalog_sql_migrations[0].text, catalog_sql_migrations[1].text);
    run_raw(sys, sql);
    catalog = open_catalog(sys);
    CHECK_INT(count_keys(catalog), 1);
    CHECK_OK(catalog_begin(catalog, &tx));
    CHECK_OK(add_key(tx, 1));
    CHECK_OK(catalog_end(
        tx, catalog_each(tx, SQL_KEY_LIST, BIND(B_I64(7), B_I64(10)), check_eight, NULL)));
    catalog_close(catalog);
    sim_close(sys);
}

TEST(catalog_of_a_newer_program_is_refused_and_stays_as_it_is)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    uint64_t digest;

    CHECK_OK(add_keys(catalog, 0, 2));
    catalog_close(catalog);
    run_raw(sys, "PRAGMA user_version = 9999");
    digest = sim_digest(sys);
    CHECK_ERR(ERR_CONFLICT, catalog_open(sys, path, &catalog));
    CHECK(str_contains(str_of(err_text()), S("newer Myriad")));
    run_raw(sys, "PRAGMA user_version");
    CHECK(sim_digest(sys) == digest);
    sim_close(sys);
}

TEST(catalog_is_made_and_migrated_whole_whenever_power_is_lost)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};
    uint64_t operations;
    struct sys *sys = sim_open(1);

    catalog_close(open_catalog(sys));
    operations = sim_operations(sys);
    sim_close(sys);
    CHECK(operations > 10);
    for (uint64_t at = 1; at <= operations; at++)
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct catalog *catalog;
            enum err err;

            sys = sim_open(1);
            sim_stop_at(sys, at);
            err = catalog_open(sys, path, &catalog);
            if (!err)
                catalog_close(catalog);
            sim_lose_power(sys, losses[seed % 4], seed + at * 31);
            catalog = open_catalog(sys);
            CHECK_OK(add_keys(catalog, 0, 2));
            catalog_close(catalog);
            CHECK_OK(catalog_check(sys, path, fail_on_report, NULL));
            sim_close(sys);
        }
}

TEST(catalog_says_what_failed_and_stays_sound)
{
    static const struct {
        enum sim_fault fault;
        enum err want;
    } cases[] = {{SIM_EIO, ERR_IO}, {SIM_ENOSPC, ERR_FULL}};

    EACH_CASE(c, cases)
    {
        int met = 0, refused_after = 0;

        for (uint64_t after = 1; after < 30; after++) {
            struct sys *sys = sim_open(1);
            struct catalog *catalog = open_catalog(sys);
            enum err err;

            sim_fail_at(sys, sim_operations(sys) + after, c->fault);
            err = add_keys(catalog, 0, 6000);
            if (err) {
                CHECK_INT(err, c->want);
                met++;
                /* After a write or a sync that failed, not after a read. */
                err = add_keys(catalog, -4, -3);
                CHECK(err == OK || err == ERR_IO);
                refused_after += err == ERR_IO;
            }
            catalog_close(catalog);
            CHECK_OK(catalog_check(sys, path, fail_on_report, NULL));
            catalog = open_catalog(sys);
            CHECK_OK(add_keys(catalog, -10, -8));
            catalog_close(catalog);
            sim_close(sys);
        }
        CHECK(met > 0);
        CHECK_INT(refused_after > 0, c->fault == SIM_EIO);
    }
}

TEST(catalog_survives_every_lack_of_memory)
{
    int failed = 0, passed = 0;

    for (long countdown = 1; countdown < 90; countdown++) {
        struct sys *sys = sim_open(1);
        struct catalog *catalog;
        enum err err;

        mem_fail_after(countdown);
        err = catalog_open(sys, path, &catalog);
        if (!err) {
            err = add_keys(catalog, 0, 300);
            catalog_close(catalog);
        }
        mem_fail_after(0);
        failed += err != OK;
        passed += err == OK;
        /* The simulated disk needs memory too: what it cannot do is ERR_IO. */
        CHECK(err == OK || err == ERR_LIMIT || err == ERR_IO);
        catalog = open_catalog(sys);
        CHECK(count_keys(catalog) == 0 || count_keys(catalog) == 300);
        CHECK_OK(add_keys(catalog, 1000, 1001));
        catalog_close(catalog);
        CHECK_OK(catalog_check(sys, path, fail_on_report, NULL));
        sim_close(sys);
    }
    CHECK(failed > 10);
    CHECK(passed > 0);
}

TEST(catalog_goes_on_when_a_full_disk_has_room_again)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    int refused = 0, done = 0;

    for (int64_t i = 0; i < 4000; i++) {
        enum err err;

        sim_set_room(sys, refused < 3 ? 900 << 10 : 0);
        err = add_keys(catalog, i * 100, i * 100 + 100);
        if (!err) {
            done++;
            if (refused)
                break;
            continue;
        }
        CHECK_INT(err, ERR_FULL);
        refused++;
    }
    CHECK_INT(refused, 3);
    CHECK_INT(count_keys(catalog), done * 100);
    catalog_close(catalog);
    CHECK_OK(catalog_check(sys, path, fail_on_report, NULL));
    sim_close(sys);
}

TEST(catalog_check_finds_every_flipped_bit)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct file *file;
    uint64_t size, flips = 0;

    CHECK_OK(add_keys(catalog, 0, 300));
    catalog_close(catalog);
    CHECK_OK(file_open(sys, path, FILE_READ, &file));
    CHECK_OK(file_size(file, &size));
    file_close(file);
    CHECK(size > 40000);
    for (uint64_t bit = 0; bit < size * 8; bit += bit < 800 ? 1 : 397) {
        int reports = 0;

        CHECK_OK(sim_flip(sys, path, bit / 8, (unsigned)(bit % 8)));
        CHECK_ERR(ERR_CORRUPT, catalog_check(sys, path, count_report, &reports));
        CHECK(reports > 0);
        CHECK_OK(sim_flip(sys, path, bit / 8, (unsigned)(bit % 8)));
        flips++;
    }
    CHECK(flips > 1500);
    CHECK_OK(catalog_check(sys, path, fail_on_report, NULL));
    sim_close(sys);
}

TEST(catalog_with_a_damaged_first_page_is_corrupt)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);

    catalog_close(catalog);
    CHECK_OK(sim_flip(sys, path, 17, 3));
    CHECK_ERR(ERR_CORRUPT, catalog_open(sys, path, &catalog));
    CHECK(str_contains(str_of(err_text()), S("page 1")));
    sim_close(sys);
}

TEST(catalog_backup_is_a_sound_catalog_and_replaces_nothing)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys), *copy;

    CHECK_OK(add_keys(catalog, 0, 2000));
    CHECK_OK(catalog_backup(catalog, "copy.db"));
    CHECK_ERR(ERR_CONFLICT, catalog_backup(catalog, "copy.db"));
    CHECK_OK(add_keys(catalog, 2000, 2001));
    CHECK_OK(catalog_check(sys, "copy.db", fail_on_report, NULL));
    CHECK_OK(catalog_open(sys, "copy.db", &copy));
    CHECK_INT(count_keys(copy), 2000);
    catalog_close(copy);
    CHECK_INT(count_keys(catalog), 2001);
    catalog_close(catalog);
    sim_close(sys);
}

TEST(catalog_backup_that_fails_leaves_nothing)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    int failed = 0;

    CHECK_OK(add_keys(catalog, 0, 500));
    for (int64_t after = 1; after < 40; after += 2) {
        enum err err;

        sim_fail_at(sys, sim_operations(sys) + (uint64_t)after, SIM_ENOSPC);
        err = catalog_backup(catalog, "copy.db");
        sim_fail_at(sys, 0, SIM_ENOSPC);
        if (err) {
            CHECK(!file_exists(sys, "copy.db"));
            failed++;
        } else {
            CHECK_OK(file_remove(sys, "copy.db"));
        }
    }
    CHECK(failed > 0);
    CHECK_INT(count_keys(catalog), 500);
    catalog_close(catalog);
    sim_close(sys);
}

enum { WRITERS = 3, PER_WRITER = 40 };

struct writer {
    struct catalog *catalog;
    int64_t from;
    enum err err;
};

static void write_keys(void *argument)
{
    struct writer *writer = argument;

    for (int64_t i = 0; !writer->err && i < PER_WRITER; i++)
        writer->err = add_keys(writer->catalog, writer->from + 2 * i, writer->from + 2 * i + 2);
}

TEST(catalog_runs_the_transactions_of_threads_one_by_one)
{
    struct sys *sys = sim_open(1);
    struct catalog *catalog = open_catalog(sys);
    struct writer writers[WRITERS];
    struct thread *threads[WRITERS];

    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){catalog, i * 1000000, OK};
        CHECK_OK(thread_start("writer", write_keys, &writers[i], &threads[i]));
    }
    for (int i = 0; i < WRITERS; i++) {
        thread_join(threads[i]);
        CHECK_INT(writers[i].err, OK);
    }
    CHECK_INT(count_keys(catalog), 2 * WRITERS * PER_WRITER);
    catalog_close(catalog);
    sim_close(sys);
}
