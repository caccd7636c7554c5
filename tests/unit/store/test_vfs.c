/* test_vfs.c - SQLite on a disk that loses power, fills up, fails and rots.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/vfs.h"

#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 3, SESSION = 8, SESSIONS = 2, TRANSACTIONS = SESSION * SESSIONS, LONGEST = 9000 };

static const char path[] = "a.db";
static const char log_path[] = "a.db-wal";

struct base {
    struct vfs *vfs;
    sqlite3 *db;
};

/* What became of each transaction. */
enum fate { NOT_TRIED, DONE, REFUSED, IN_DOUBT };

struct history {
    enum fate fates[TRANSACTIONS];
};

static void base_close(struct base *base)
{
    sqlite3_close(base->db);
    vfs_close(base->vfs);
    *base = (struct base){0};
}

static int run(struct base *base, const char *sql)
{
    return sqlite3_exec(base->db, sql, NULL, NULL, NULL);
}

/* Without a checkpoint at the close a test can look without changing what it looks at. */
static int base_open(struct sys *sys, bool is_to_look, struct base *out)
{
    int reserved = VFS_RESERVED, code;

    *out = (struct base){0};
    if (vfs_open(sys, &out->vfs))
        return SQLITE_NOMEM;
    code = sqlite3_open_v2(path, &out->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                           vfs_name(out->vfs));
    if (!code)
        code = sqlite3_file_control(out->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (!code && is_to_look)
        code = sqlite3_db_config(out->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (!code)
        code = run(out, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 24");
    if (!code && !is_to_look)
        code = run(out, "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, value TEXT)");
    if (code)
        base_close(out);
    return code;
}

static size_t value_of(int64_t id, char *out)
{
    size_t len = (size_t)(id * id * 37 % LONGEST);

    for (size_t i = 0; i < len; i++)
        out[i] = (char)('a' + (i * 7 + (size_t)id) % 26);
    return len;
}

static int insert(struct base *base, int64_t id)
{
    char value[LONGEST];
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(base->db, "INSERT INTO t VALUES (?1, ?2)", -1, &statement, NULL);

    if (code)
        return code;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_text(statement, 2, value, (int)value_of(id, value), SQLITE_STATIC);
    code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int transact(struct base *base, int number)
{
    int code = run(base, "BEGIN IMMEDIATE");

    for (int i = 0; !code && i < ROWS; i++)
        code = insert(base, number * ROWS + i);
    if (!code)
        code = run(base, "COMMIT");
    if (code && !sqlite3_get_autocommit(base->db))
        (void)run(base, "ROLLBACK");
    return code;
}

/* Tries all transactions in two sessions. Only the first is closed as it should be. */
static void work(struct sys *sys, struct history *out_history)
{
    memset(out_history, 0, sizeof *out_history);
    for (int session = 0; session < SESSIONS; session++) {
        struct base base;

        if (base_open(sys, session > 0, &base))
            continue;
        for (int i = 0; i < SESSION; i++) {
            int number = session * SESSION + i, code = transact(&base, number);

            if (!code)
                out_history->fates[number] = DONE;
            else if (code == SQLITE_FULL && !vfs_is_broken(base.vfs))
                out_history->fates[number] = REFUSED;
            else
                out_history->fates[number] = IN_DOUBT;
        }
        base_close(&base);
    }
}

/* Reads every row; false when SQLite reports an error. A row that is wrong fails the test. */
static bool read_rows(struct base *base, bool *is_there)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(base->db, "SELECT id, value FROM t", -1, &statement, NULL);

    if (code)
        return false;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(statement, 0);
        char want[LONGEST];
        size_t len = value_of(id, want);

        assert_in_range(id, 0, TRANSACTIONS * ROWS - 1);
        is_there[id] = true;
        CHECK_INT(sqlite3_column_bytes(statement, 1), len);
        assert_memory_equal(sqlite3_column_text(statement, 1), want, len);
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE;
}

static int is_ok(void *out_is_ok, int count, char **values, char **names)
{
    (void)names;
    *(bool *)out_is_ok = count == 1 && strcmp(values[0], "ok") == 0;
    return 0;
}

static void fail_on_report(void *argument, const char *line)
{
    (void)argument;
    fail_msg("%s", line);
}

static void count_report(void *count, const char *line)
{
    (void)line;
    ++*(int *)count;
}

/* What was done is there, what was refused is not, and no transaction is there in part. */
static void check_history(struct sys *sys, const struct history *history)
{
    bool is_there[TRANSACTIONS * ROWS] = {false}, is_sound = false, found = true;
    struct base base;

    CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
    CHECK(read_rows(&base, is_there));
    CHECK_INT(sqlite3_exec(base.db, "PRAGMA integrity_check", is_ok, &is_sound, NULL), SQLITE_OK);
    CHECK(is_sound);
    base_close(&base);
    for (int i = 0; i < TRANSACTIONS; i++) {
        const bool *rows = &is_there[i * ROWS];

        CHECK(rows[0] == rows[1] && rows[1] == rows[2]);
        if (history->fates[i] == DONE)
            CHECK(rows[0]);
        if (history->fates[i] == REFUSED || history->fates[i] == NOT_TRIED)
            CHECK(!rows[0]);
    }
    CHECK_OK(vfs_check_pages(sys, path, fail_on_report, NULL, &found));
    CHECK(!found);
}

static uint64_t operations_of_work(void)
{
    struct sys *sys = sim_open(1);
    struct history history;
    uint64_t operations;

    work(sys, &history);
    for (int i = 0; i < TRANSACTIONS; i++)
        CHECK_INT(history.fates[i], DONE);
    operations = sim_operations(sys);
    check_history(sys, &history);
    sim_close(sys);
    return operations;
}

TEST(vfs_keeps_exactly_what_was_committed_when_power_is_lost)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};
    uint64_t operations = operations_of_work(), points = 0;

    CHECK(operations > 80);
    for (uint64_t at = 1; at <= operations; at++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            struct sys *sys = sim_open(1);
            struct history history;

            sim_stop_at(sys, at);
            work(sys, &history);
            CHECK(sim_is_stopped(sys));
            sim_lose_power(sys, losses[seed % 4], seed * 7919 + at);
            check_history(sys, &history);
            sim_close(sys);
            points++;
        }
    CHECK_INT(points, operations * 4);
}

TEST(vfs_survives_losing_power_again_while_it_recovers)
{
    uint64_t operations = operations_of_work(), second_losses = 0;

    for (uint64_t at = 1; at <= operations; at += 5)
        for (uint64_t later = 1; later < 16; later += 2) {
            struct sys *sys = sim_open(1);
            struct history history;
            struct base base;
            bool rows[TRANSACTIONS * ROWS];

            sim_stop_at(sys, at);
            work(sys, &history);
            sim_lose_power(sys, SIM_REORDERED, at);
            sim_stop_at(sys, sim_operations(sys) + later);
            if (base_open(sys, false, &base) == SQLITE_OK) {
                (void)read_rows(&base, rows);
                base_close(&base);
            }
            second_losses += sim_is_stopped(sys);
            sim_lose_power(sys, SIM_REORDERED, at + later);
            check_history(sys, &history);
            sim_close(sys);
        }
    CHECK(second_losses > operations / 2);
}

TEST(vfs_fails_a_whole_transaction_or_none_when_an_operation_fails)
{
    static const enum sim_fault faults[] = {SIM_EIO, SIM_ENOSPC, SIM_EINTR, SIM_SHORT};
    uint64_t operations = operations_of_work();
    int failed[4] = {0};

    for (uint64_t at = 1; at <= operations; at++)
        for (size_t i = 0; i < 4; i++) {
            struct sys *sys = sim_open(1);
            struct history history;

            sim_fail_at(sys, at, faults[i]);
            work(sys, &history);
            for (int tx = 0; tx < TRANSACTIONS; tx++)
                failed[i] += history.fates[tx] != DONE;
            sim_fail_at(sys, 0, faults[i]);
            check_history(sys, &history);
            sim_lose_power(sys, SIM_REORDERED, at);
            check_history(sys, &history);
            sim_close(sys);
        }
    CHECK(failed[0] > 0);
    CHECK(failed[1] > 0);
    CHECK_INT(failed[2], 0);
    CHECK_INT(failed[3], 0);
}

/* Transactions from `from` on until one fails; without a checkpoint at the end. */
static void session(struct sys *sys, int from, int count, struct history *history)
{
    struct base base;

    if (base_open(sys, true, &base))
        return;
    for (int i = from; i < from + count; i++)
        history->fates[i] = transact(&base, i) ? IN_DOUBT : DONE;
    base_close(&base);
}

/* The trap: after a sync that failed the page cache looks whole, and what the disk has is not. */
TEST(vfs_loses_nothing_when_power_goes_after_a_failed_sync_and_a_restart)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_REORDERED};
    int in_doubt = 0, points = 0;

    for (uint64_t at = 1; at <= 30; at++)
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct sys *sys = sim_open(1 + seed);
            struct history history = {0};
            struct base base;

            CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
            base_close(&base);
            sim_fail_at(sys, sim_operations(sys) + at, SIM_EIO);
            session(sys, 0, 2, &history);
            sim_fail_at(sys, 0, SIM_EIO);
            session(sys, 2, 1, &history);
            CHECK_INT(history.fates[2], DONE);
            in_doubt += history.fates[0] == IN_DOUBT || history.fates[1] == IN_DOUBT;
            sim_lose_power(sys, losses[seed % 2], at);
            check_history(sys, &history);
            sim_close(sys);
            points++;
        }
    CHECK(in_doubt > points / 4);
    CHECK(in_doubt < points);
}

TEST(vfs_refuses_on_a_full_disk_and_goes_on_when_there_is_room)
{
    struct sys *sys = sim_open(1);
    struct history history = {0};
    struct base base;
    int refused = 0;

    CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
    sim_set_room(sys, 264 << 10);
    for (int i = 0; i < TRANSACTIONS; i++) {
        int code = transact(&base, i);

        if (refused == 3)
            sim_set_room(sys, 0);
        if (code == SQLITE_FULL)
            refused++;
        else
            CHECK_INT(code, SQLITE_OK);
        history.fates[i] = code ? REFUSED : DONE;
    }
    CHECK(!vfs_is_broken(base.vfs));
    CHECK(refused >= 3 && refused <= 4);
    base_close(&base);
    check_history(sys, &history);
    sim_close(sys);
}

TEST(vfs_writes_nothing_more_after_a_sync_that_failed)
{
    uint64_t operations = operations_of_work();
    int broken = 0;

    for (uint64_t at = 1; at <= operations; at++) {
        struct sys *sys = sim_open(1);
        struct base base;
        bool was_broken = false;

        sim_fail_at(sys, at, SIM_EIO);
        if (base_open(sys, false, &base) == SQLITE_OK) {
            for (int i = 0; i < SESSION; i++) {
                int code = transact(&base, i);

                if (was_broken)
                    CHECK(code != SQLITE_OK);
                was_broken = vfs_is_broken(base.vfs);
            }
            broken += was_broken;
            base_close(&base);
        }
        sim_close(sys);
    }
    CHECK(broken >= SESSION);
}

static uint64_t size_of(struct sys *sys, const char *name)
{
    struct file *file;
    uint64_t size;

    CHECK_OK(file_open(sys, name, FILE_READ, &file));
    CHECK_OK(file_size(file, &size));
    file_close(file);
    return size;
}

/* A closed database of all transactions. */
static struct sys *closed_world(void)
{
    struct sys *sys = sim_open(1);
    struct history history;
    struct base base;

    work(sys, &history);
    CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
    base_close(&base);
    CHECK(!file_exists(sys, log_path));
    return sys;
}

TEST(vfs_never_reads_a_wrong_value_from_a_damaged_page)
{
    struct sys *sys = closed_world();
    uint64_t bits = size_of(sys, path) * 8, flips = 0, noticed = 0;

    for (uint64_t bit = 0; bit < bits; bit += bit < 800 ? 1 : 709) {
        bool rows[TRANSACTIONS * ROWS] = {false}, found = false, is_read = false;
        struct base base;
        int reports = 0;

        CHECK_OK(sim_flip(sys, path, bit / 8, (unsigned)(bit % 8)));
        if (base_open(sys, true, &base) == SQLITE_OK) {
            is_read = read_rows(&base, rows);
            base_close(&base);
        }
        for (int i = 0; is_read && i < TRANSACTIONS * ROWS; i++)
            CHECK(rows[i]);
        noticed += !is_read;
        CHECK_OK(vfs_check_pages(sys, path, count_report, &reports, &found));
        CHECK(found);
        CHECK_INT(reports, 1);
        CHECK_OK(sim_flip(sys, path, bit / 8, (unsigned)(bit % 8)));
        flips++;
    }
    CHECK(flips > 2000);
    CHECK(noticed > flips * 9 / 10);
    sim_close(sys);
}

TEST(vfs_finds_pages_that_are_missing_swapped_or_zero)
{
    enum { PAGES = 3 };
    struct sys *sys = closed_world();
    char pages[PAGES][VFS_PAGE];
    struct file *file;
    bool found = false;
    int reports = 0;

    CHECK_OK(file_open(sys, path, FILE_READ | FILE_WRITE, &file));
    CHECK_OK(file_read_all(file, VFS_PAGE, pages, sizeof pages));
    CHECK_OK(file_write(file, VFS_PAGE, pages[1], VFS_PAGE));
    CHECK_OK(file_write(file, 2 * VFS_PAGE, pages[0], VFS_PAGE));
    memset(pages[2], 0, VFS_PAGE);
    CHECK_OK(file_write(file, 3 * VFS_PAGE, pages[2], VFS_PAGE));
    file_close(file);
    CHECK_OK(vfs_check_pages(sys, path, count_report, &reports, &found));
    CHECK(found);
    CHECK_INT(reports, PAGES);
    sim_close(sys);
}

/* A world that stopped with transactions in the log and nothing unsynced. */
static struct sys *stopped_world(int transactions)
{
    struct sys *sys = sim_open(1);
    struct base base;

    CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
    for (int i = 0; i < transactions; i++)
        CHECK_INT(transact(&base, i), SQLITE_OK);
    sim_stop_at(sys, sim_operations(sys) + 1);
    base_close(&base);
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK(size_of(sys, log_path) > 0);
    return sys;
}

static bool all_are_there(struct sys *sys, int transactions, bool *out_is_read)
{
    bool rows[TRANSACTIONS * ROWS] = {false};
    struct base base;
    int there = 0;

    *out_is_read = false;
    if (base_open(sys, true, &base) == SQLITE_OK) {
        *out_is_read = read_rows(&base, rows);
        base_close(&base);
    }
    for (int i = 0; i < transactions * ROWS; i++)
        there += rows[i];
    return there == transactions * ROWS;
}

TEST(vfs_never_drops_a_commit_from_a_damaged_log)
{
    static const int lengths[] = {1, 4};

    EACH_CASE(length, lengths)
    {
        struct sys *sys = stopped_world(*length);
        uint64_t bits = size_of(sys, log_path) * 8, flips = 0, refused = 0;

        for (uint64_t bit = 0; bit < bits; bit += bit < 4000 ? 3 : 1511) {
            bool is_read;

            CHECK_OK(sim_flip(sys, log_path, bit / 8, (unsigned)(bit % 8)));
            if (!all_are_there(sys, *length, &is_read)) {
                CHECK(!is_read);
                refused++;
            }
            CHECK_OK(sim_flip(sys, log_path, bit / 8, (unsigned)(bit % 8)));
            flips++;
        }
        CHECK(flips > 2000);
        CHECK(refused > 0 && refused < flips);
        sim_close(sys);
    }
}

struct log_places {
    uint64_t frames; /* where they end, by their salts alone */
    uint64_t guard;  /* where it is to start */
    uint64_t zeros;  /* where all that follows is zeros */
    bool has_guard;
};

static struct log_places log_places(struct sys *sys)
{
    enum { HEADER = 32, FRAME = 24 + VFS_PAGE };
    static char log[4 << 20];
    struct log_places places = {.frames = HEADER};
    struct file *file;
    size_t len;

    CHECK_OK(file_open(sys, log_path, FILE_READ, &file));
    CHECK_OK(file_read(file, 0, log, sizeof log - FRAME, &len));
    file_close(file);
    memset(log + len, 0, FRAME);
    while (places.frames + FRAME <= len && memcmp(log + places.frames + 8, log + 16, 8) == 0)
        places.frames += FRAME;
    places.guard = (places.frames + 511) / 512 * 512;
    places.has_guard = memcmp(log + places.guard, "MyriadWG", 8) == 0;
    for (places.zeros = len; places.zeros > 0 && log[places.zeros - 1] == 0;)
        places.zeros--;
    return places;
}

TEST(vfs_check_finds_every_bit_that_flips_in_a_guard_record)
{
    static const int lengths[] = {1, 2, 4};

    EACH_CASE(length, lengths)
    {
        struct sys *sys = stopped_world(*length);
        struct log_places places = log_places(sys);
        bool found = false;

        CHECK(places.has_guard && places.zeros >= places.guard + 512);
        CHECK_OK(vfs_check_pages(sys, path, fail_on_report, NULL, &found));
        CHECK(!found);
        for (uint64_t bit = places.guard * 8; bit < places.zeros * 8; bit += 5) {
            bool is_read;
            int reports = 0;

            CHECK_OK(sim_flip(sys, log_path, bit / 8, (unsigned)(bit % 8)));
            CHECK_OK(vfs_check_pages(sys, path, count_report, &reports, &found));
            CHECK_INT(reports, 1);
            if (bit % 97 == 0) /* nothing is missing, so it opens */
                CHECK(all_are_there(sys, *length, &is_read));
            CHECK_OK(sim_flip(sys, log_path, bit / 8, (unsigned)(bit % 8)));
        }
        sim_close(sys);
    }
}

static void fail_on_log(void *argument, const char *line)
{
    (void)argument;
    if (strstr(line, "log"))
        fail_msg("%s", line);
}

TEST(vfs_check_takes_no_torn_log_for_a_damaged_one)
{
    static const enum sim_loss losses[] = {SIM_KEPT, SIM_TORN, SIM_REORDERED, SIM_REORDERED};
    uint64_t operations = operations_of_work();
    int torn = 0, whole = 0;

    for (uint64_t at = 1; at <= operations; at++)
        for (uint64_t seed = 0; seed < 12; seed++) {
            struct sys *sys = sim_open(1);
            struct history history;
            bool found;

            sim_stop_at(sys, at);
            work(sys, &history);
            sim_lose_power(sys, losses[seed % 4], seed * 7919 + at);
            if (file_exists(sys, path))
                CHECK_OK(vfs_check_pages(sys, path, fail_on_log, NULL, &found));
            if (file_exists(sys, log_path) && log_places(sys).frames > 32)
                *(log_places(sys).has_guard ? &whole : &torn) += 1;
            sim_close(sys);
        }
    CHECK(torn > 100);
    CHECK(whole > 100);
}

/* Transactions of one small row each, until one fails. */
static int insert_small(struct base *base, int64_t from, int count)
{
    int done = 0;

    while (done < count && insert(base, from + done) == SQLITE_OK)
        done++;
    return done;
}

TEST(vfs_is_not_misled_by_what_an_earlier_crash_left_in_the_log)
{
    enum { SMALL = 6 };
    int torn_twice = 0;

    for (uint64_t seed = 0; seed < 120; seed++) {
        struct sys *sys = stopped_world(2);
        bool rows[TRANSACTIONS * ROWS] = {false};
        struct base base;
        int done;

        CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
        sim_stop_at(sys, sim_operations(sys) + 4 + seed % 8);
        (void)transact(&base, 5); /* a long one */
        base_close(&base);
        sim_lose_power(sys, SIM_REORDERED, seed);

        CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
        CHECK(read_rows(&base, rows));
        sim_stop_at(sys, sim_operations(sys) + 3 + seed / 8);
        done = insert_small(&base, 30, SMALL);
        torn_twice += done > 0 && done < SMALL;
        base_close(&base);
        sim_lose_power(sys, SIM_REORDERED, seed + 1000);

        CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
        CHECK(read_rows(&base, rows));
        for (int i = 0; i < done; i++)
            CHECK(rows[30 + i]);
        base_close(&base);
        sim_close(sys);
    }
    CHECK(torn_twice > 20);
}

TEST(vfs_seldom_drops_a_commit_when_the_log_is_damaged_and_torn)
{
    int refused = 0, dropped = 0, read = 0;

    for (uint64_t seed = 0; seed < 300; seed++) {
        struct sys *sys = sim_open(1);
        struct base base;
        bool is_read;

        CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
        CHECK_INT(transact(&base, 0), SQLITE_OK);
        CHECK_INT(transact(&base, 1), SQLITE_OK);
        sim_stop_at(sys, sim_operations(sys) + 2 + seed % 4);
        (void)transact(&base, 2);
        base_close(&base);
        sim_lose_power(sys, SIM_REORDERED, seed);
        CHECK_OK(sim_flip(sys, log_path, 60 + seed * 97 % 20000, (unsigned)(seed % 8)));
        if (!all_are_there(sys, 2, &is_read)) {
            refused += !is_read;
            dropped += is_read;
        } else {
            read++;
        }
        sim_close(sys);
    }
    /* Two things go wrong at once here; where nothing of the third transaction is left that is
     * whole, there is no telling. */
    CHECK(dropped * 20 < refused);
    CHECK(refused > 100);
    CHECK(read > 0);
}

TEST(vfs_makes_last_what_a_killed_process_left_before_anyone_reads_it)
{
    uint64_t operations = operations_of_work();

    for (uint64_t at = 1; at <= operations; at++) {
        struct sys *sys = sim_open(1);
        bool seen[TRANSACTIONS * ROWS] = {false}, left[TRANSACTIONS * ROWS] = {false};
        struct history history;
        struct base base;

        sim_stop_at(sys, at);
        work(sys, &history);
        sim_lose_power(sys, SIM_KEPT, at);
        if (base_open(sys, true, &base) == SQLITE_OK) {
            (void)read_rows(&base, seen);
            base_close(&base);
        }
        sim_lose_power(sys, SIM_CLEAN, at);
        CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
        CHECK(read_rows(&base, left));
        for (int i = 0; i < TRANSACTIONS * ROWS; i++)
            CHECK(left[i] || !seen[i]);
        base_close(&base);
        sim_close(sys);
    }
}

static void check_sum(struct sys *sys, int64_t want)
{
    bool is_sound = false;
    sqlite3_stmt *statement;
    struct base base;

    CHECK_INT(base_open(sys, true, &base), SQLITE_OK);
    CHECK_INT(sqlite3_exec(base.db, "PRAGMA integrity_check", is_ok, &is_sound, NULL), SQLITE_OK);
    CHECK(is_sound);
    CHECK_INT(sqlite3_prepare_v2(base.db, "SELECT sum(length(value)) FROM t", -1, &statement, NULL),
              SQLITE_OK);
    CHECK_INT(sqlite3_step(statement), SQLITE_ROW);
    CHECK_INT(sqlite3_column_int64(statement, 0), want);
    sqlite3_finalize(statement);
    base_close(&base);
}

TEST(vfs_takes_transactions_far_larger_than_its_memory)
{
    static const char fill[] =
        "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)"
        "INSERT INTO t SELECT i, printf('%.*c', 1000, 'x') FROM n;"
        "UPDATE t SET value = value || 'y' WHERE id % 50 = 0";
    struct sys *sys = sim_open(1);
    struct base base;

    CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
    CHECK_INT(run(&base, "PRAGMA cache_size = 20; PRAGMA temp_store = FILE"), SQLITE_OK);
    CHECK_INT(run(&base, fill), SQLITE_OK);
    CHECK_INT(run(&base, "ROLLBACK; INSERT INTO t VALUES (0, 'z')"), SQLITE_OK);
    CHECK_INT(run(&base, fill), SQLITE_OK);
    CHECK_INT(run(&base, "COMMIT"), SQLITE_OK);
    sim_stop_at(sys, sim_operations(sys) + 1);
    base_close(&base);
    sim_lose_power(sys, SIM_CLEAN, 1);
    check_sum(sys, 2 + 12000 * 1000 + 12000 / 50); /* row 0 is "zy" */
    sim_close(sys);
}

TEST(vfs_notices_a_log_that_changes_while_it_is_open)
{
    struct sys *sys = sim_open(1);
    struct base base;
    int refused = 0;

    CHECK_INT(base_open(sys, false, &base), SQLITE_OK);
    for (int i = 0; i < 4; i++)
        CHECK_INT(transact(&base, i), SQLITE_OK);
    for (uint64_t at = 100; at < 40000; at += 1000) {
        bool rows[TRANSACTIONS * ROWS] = {false};

        CHECK_OK(sim_flip(sys, log_path, at, 3));
        sqlite3_db_release_memory(base.db);
        refused += !read_rows(&base, rows);
        CHECK_OK(sim_flip(sys, log_path, at, 3));
    }
    CHECK(refused > 10);
    base_close(&base);
    sim_close(sys);
}

TEST(vfs_gives_the_same_bytes_for_the_same_seed)
{
    uint64_t digests[2];

    for (int i = 0; i < 2; i++) {
        struct sys *sys = sim_open(5);
        struct history history;

        work(sys, &history);
        digests[i] = sim_digest(sys);
        sim_close(sys);
    }
    CHECK(digests[0] == digests[1]);
}

TEST(vfs_refuses_a_database_that_is_open)
{
    struct sys *sys = sim_open(1);
    struct base first, second;

    CHECK_INT(base_open(sys, false, &first), SQLITE_OK);
    CHECK_INT(base_open(sys, false, &second), SQLITE_BUSY);
    base_close(&first);
    CHECK_INT(base_open(sys, false, &second), SQLITE_OK);
    base_close(&second);
    sim_close(sys);
}
