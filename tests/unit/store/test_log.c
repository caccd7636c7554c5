/* test_log.c - groups in, records out: from memory, from disk, after every kind of ending.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/world.h"
#include "store/log_int.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static struct world new_world(uint64_t segment_bytes, uint64_t recent_bytes)
{
    struct world w = {
        .sys = sim_open(7), .segment_bytes = segment_bytes, .recent_bytes = recent_bytes};

    CHECK(w.sys != NULL);
    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    return w;
}

static void reopen(struct world *w)
{
    world_shut(w);
    CHECK_OK(world_open_log(w));
}

/* One group of one record whose payload is its number and `size` bytes in all. */
static uint64_t put(struct world *w, unsigned number, size_t size)
{
    char *text = arena_take(test_mem, size + 16);
    struct log_entry entry = {RECORD_EVENTS, 1 + number % 5, 1, S("clear"), {NULL, 0}};
    uint64_t seq;

    memset(text, 'a' + (int)(number % 26), size + 16);
    snprintf(text, 16, "%010u", number);
    entry.payload = str_from(text, size < 10 ? 10 : size);
    CHECK_OK(log_begin(w->log, size + 64, 1, 8));
    seq = log_add(w->log, &entry);
    CHECK_OK(log_commit(w->log));
    return seq;
}

static void put_many(struct world *w, unsigned from, unsigned to, size_t size)
{
    for (unsigned i = from; i < to; i++)
        CHECK_INT(put(w, i, size), i);
}

static struct log_reader *reader_at(struct world *w, uint64_t seq, enum log_payloads payloads)
{
    struct log_reader *reader;

    CHECK_OK(log_reader_open(w->log, seq, payloads, &reader));
    return reader;
}

static void expect_number(const struct log_record *record, uint64_t number)
{
    char text[16];

    snprintf(text, sizeof text, "%010u", (unsigned)number);
    CHECK_INT(record->seq, number);
    CHECK_INT(record->count, 1);
    CHECK_INT(record->kind, RECORD_EVENTS);
    CHECK_INT(record->node, 1 + number % 5);
    CHECK_STR(record->clear, "clear");
    CHECK_STR(str_slice(record->payload, 0, 10), text);
}

/* Records [from, to) and nothing behind them. */
static void expect_records(struct world *w, uint64_t from, uint64_t to)
{
    struct log_reader *reader = reader_at(w, from, LOG_PLAIN);
    struct log_record record;

    for (uint64_t i = from; i < to; i++) {
        CHECK_OK(log_reader_next(reader, &record));
        expect_number(&record, i);
    }
    CHECK_ERR(ERR_ABSENT, log_reader_next(reader, &record));
    log_reader_close(reader);
}

static void must_not_report(void *argument, const char *sentence)
{
    (void)argument;
    print_error("%s\n", sentence);
}

static void expect_intact(struct world *w)
{
    uint64_t damages;

    world_shut(w);
    CHECK_OK(world_check(w, must_not_report, NULL, &damages));
    CHECK_INT(damages, 0);
}

TEST(log_gives_back_what_was_committed)
{
    struct world w = new_world(0, 0);

    put_many(&w, 1, 20, 100);
    expect_records(&w, 1, 20);
    reopen(&w);
    CHECK_INT(log_next_seq(w.log), 20);
    expect_records(&w, 1, 20);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_gives_one_number_to_each_of_a_records_count)
{
    struct world w = new_world(0, 0);
    struct log_entry three = {RECORD_EVENTS, 1, 3, S("x"), S("three")};
    struct log_entry one = {RECORD_JOIN, 0, 1, S("y"), {NULL, 0}};
    struct log_record record;
    struct log_reader *reader;

    for (int round = 0; round < 2; round++) {
        if (round == 0) {
            CHECK_OK(log_begin(w.log, 100, 2, 2));
            CHECK_INT(log_add(w.log, &three), 1);
            CHECK_INT(log_add(w.log, &one), 4);
            CHECK_OK(log_commit(w.log));
        } else {
            reopen(&w);
        }
        reader = reader_at(&w, 2, LOG_PLAIN); /* in the middle of the first */
        CHECK_OK(log_reader_next(reader, &record));
        CHECK_INT(record.seq, 1);
        CHECK_INT(record.count, 3);
        CHECK_STR(record.payload, "three");
        CHECK_OK(log_reader_next(reader, &record));
        CHECK_INT(record.seq, 4);
        CHECK_INT(record.kind, RECORD_JOIN);
        CHECK(record.payload.data == NULL && !record.is_erased);
        CHECK_ERR(ERR_ABSENT, log_reader_next(reader, &record));
        log_reader_close(reader);
    }
    CHECK_INT(log_next_seq(w.log), 5);
    world_done(&w);
}

TEST(log_reads_clear_parts_without_opening_payloads)
{
    struct world w = new_world(0, 0);
    struct log_reader *reader;
    struct log_record record;

    put_many(&w, 1, 3, 100);
    reopen(&w);
    reader = reader_at(&w, 1, LOG_CLEAR);
    CHECK_OK(log_reader_next(reader, &record));
    CHECK_STR(record.clear, "clear");
    CHECK(record.payload.data == NULL && !record.is_erased);
    log_reader_close(reader);
    world_done(&w);
}

TEST(log_seals_payloads)
{
    struct world w = new_world(0, 0);
    struct log_segment segment;
    struct log_config config = world_log_config(&w);

    put_many(&w, 3, 3, 1);
    CHECK_OK(log_begin(w.log, 200, 1, 8));
    log_add(w.log, &(struct log_entry){RECORD_EVENTS, 1, 1, S("open words"), S("hidden words")});
    CHECK_OK(log_commit(w.log));
    CHECK_OK(log_segment_load(&config, 1, FILE_READ, &segment));
    CHECK(memmem(segment.bytes, segment.size, "open words", 10) != NULL);
    CHECK(memmem(segment.bytes, segment.size, "hidden words", 12) == NULL);
    log_segment_unload(&segment);
    world_done(&w);
}

TEST(log_rolls_to_the_next_segment_and_reads_across)
{
    struct world w = new_world(16 << 10, 1);
    struct log_stats stats;

    put_many(&w, 1, 100, 1000);
    log_stats_read(w.log, &stats);
    CHECK(stats.segments >= 7);
    CHECK_INT(stats.groups, 99);
    expect_records(&w, 1, 100);
    reopen(&w);
    CHECK_INT(w.recovery.segments, stats.segments);
    expect_records(&w, 1, 100);
    put_many(&w, 100, 120, 1000);
    expect_records(&w, 1, 120);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_seeks_by_sequence_number)
{
    struct world w = new_world(16 << 10, 1);

    put_many(&w, 1, 60, 1000);
    for (uint64_t from = 60; from > 7; from -= 7)
        expect_records(&w, from, 60); /* marks of the writer's */
    reopen(&w);
    for (uint64_t from = 59; from > 7; from -= 7)
        expect_records(&w, from, 60); /* by the heads of segments */
    expect_records(&w, 1, 60);
    expect_records(&w, 33, 60); /* marks of an earlier reader's */
    world_done(&w);
}

TEST(log_uses_a_prepared_segment)
{
    struct world w = new_world(16 << 10, 0);
    struct buf files = {0};

    put_many(&w, 1, 3, 1000);
    CHECK_OK(log_prepare(w.log));
    CHECK_OK(log_prepare(w.log)); /* once is enough */
    sim_list(w.sys, &files);
    CHECK(str_contains(buf_str(&files), S("00000002.log 16384")));
    CHECK(!str_contains(buf_str(&files), S("00000003.log")));
    buf_done(&files);
    reopen(&w); /* it is found again */
    put_many(&w, 3, 40, 1000);
    expect_records(&w, 1, 40);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_reader_follows_close_behind_the_writer)
{
    static const uint64_t recents[] = {1, 4000, 0};

    EACH_CASE(recent, recents)
    {
        struct world w = new_world(16 << 10, *recent);
        struct log_reader *close = reader_at(&w, 1, LOG_PLAIN), *slow;
        struct log_record record;
        uint64_t slow_seq = 1;

        slow = reader_at(&w, 1, LOG_PLAIN);
        CHECK_ERR(ERR_ABSENT, log_reader_next(close, &record));
        CHECK(!log_reader_wait(close, 0));
        for (unsigned i = 1; i < 80; i++) {
            CHECK_INT(put(&w, i, 500), i);
            CHECK(log_reader_wait(close, 0));
            CHECK_OK(log_reader_next(close, &record));
            expect_number(&record, i);
            CHECK_ERR(ERR_ABSENT, log_reader_next(close, &record));
            for (unsigned more = i % 9 == 0 ? 8 : 0; more > 0; more--) { /* in leaps */
                CHECK_OK(log_reader_next(slow, &record));
                expect_number(&record, slow_seq++);
            }
        }
        log_reader_close(close);
        log_reader_close(slow);
        world_done(&w);
    }
}

TEST(log_reader_starts_beyond_the_end)
{
    struct world w = new_world(0, 0);
    struct log_reader *reader = reader_at(&w, 3, LOG_PLAIN);
    struct log_record record;

    put_many(&w, 1, 3, 50);
    CHECK_ERR(ERR_ABSENT, log_reader_next(reader, &record));
    CHECK_INT(put(&w, 3, 50), 3);
    CHECK_OK(log_reader_next(reader, &record));
    expect_number(&record, 3);
    log_reader_close(reader);
    world_done(&w);
}

TEST(log_forgets_an_abandoned_or_empty_group)
{
    struct world w = new_world(0, 0);
    struct log_entry entry = {RECORD_EVENTS, 1, 5, S("x"), S("never")};
    struct log_stats stats;

    put_many(&w, 1, 3, 50);
    CHECK_OK(log_begin(w.log, 100, 1, 2));
    CHECK_INT(log_add(w.log, &entry), 3);
    log_abandon(w.log);
    CHECK_INT(log_next_seq(w.log), 3);
    CHECK_OK(log_begin(w.log, 100, 1, 2));
    CHECK_OK(log_commit(w.log));
    log_stats_read(w.log, &stats);
    CHECK_INT(stats.groups, 2);
    put_many(&w, 3, 5, 50);
    reopen(&w);
    expect_records(&w, 1, 5);
    world_done(&w);
}

TEST(log_refuses_a_group_larger_than_a_segment)
{
    struct world w = new_world(16 << 10, 0);

    CHECK_ERR(ERR_LIMIT, log_begin(w.log, 17 << 10, 1, 2));
    CHECK_ERR(ERR_LIMIT, log_begin(w.log, 100, 1000, 2));
    put_many(&w, 1, 3, 50);
    world_done(&w);
}

/* What an interrupted commit leaves: the file's bytes as `keep` of the group's sectors were
 * written. Returns the group's size. */
static void tear(struct world *w, uint64_t offset, size_t size, uint64_t sectors_kept)
{
    struct log_config config = world_log_config(w);
    struct log_segment segment;

    CHECK_OK(log_segment_load(&config, 1, FILE_READ | FILE_WRITE, &segment));
    for (uint64_t at = offset; at < offset + size;) {
        uint64_t sector = at / LOG_SECTOR, end = (sector + 1) * LOG_SECTOR;

        end = end < offset + size ? end : offset + size;
        if (!(sectors_kept >> (sector - offset / LOG_SECTOR) & 1)) {
            memset(segment.bytes + at, 0, end - at);
            CHECK_OK(file_write(segment.file, at, segment.bytes + at, end - at));
        }
        at = end;
    }
    CHECK_OK(file_sync(segment.file));
    log_segment_unload(&segment);
}

TEST(log_trims_a_torn_tail_and_says_so)
{
    /* Every subset of the four sectors that the last group touches but the full one. */
    for (uint64_t kept = 0; kept < 15; kept++) {
        struct world w = new_world(0, 0);
        struct log_stats before, after;
        uint64_t sectors;

        put_many(&w, 1, 4, 345);
        log_stats_read(w.log, &before);
        CHECK_INT(put(&w, 4, 1512), 4);
        log_stats_read(w.log, &after);
        sectors = after.bytes_live / LOG_SECTOR - before.bytes_live / LOG_SECTOR + 1;
        CHECK_INT(sectors, 4);
        tear(&w, before.bytes_live, after.bytes_live - before.bytes_live, kept);
        reopen(&w);
        CHECK((w.recovery.torn_bytes > 0) == (kept > 0));
        CHECK_INT(log_next_seq(w.log), 4);
        expect_records(&w, 1, 4);
        put_many(&w, 4, 9, 200);
        reopen(&w);
        CHECK_INT(w.recovery.torn_bytes, 0);
        expect_records(&w, 1, 9);
        expect_intact(&w);
        world_done(&w);
    }
}

TEST(log_trims_the_first_group_of_a_segment_with_its_head)
{
    for (uint64_t kept = 0; kept < 7; kept++) {
        struct world w = new_world(0, 0);
        struct log_stats stats;

        CHECK_INT(put(&w, 1, 1000), 1);
        log_stats_read(w.log, &stats);
        CHECK_INT(stats.bytes_live / LOG_SECTOR, 2);
        tear(&w, 0, stats.bytes_live, kept);
        reopen(&w);
        CHECK_INT(log_next_seq(w.log), 1);
        put_many(&w, 1, 5, 600);
        reopen(&w);
        expect_records(&w, 1, 5);
        world_done(&w);
    }
}

TEST(log_trims_the_first_group_of_a_later_segment)
{
    struct world w = new_world(16 << 10, 1);
    struct file *file;
    unsigned last = 1;
    struct log_stats stats;

    do {
        CHECK_INT(put(&w, last, 1000), last);
        last++;
        log_stats_read(w.log, &stats);
    } while (stats.segments < 3);
    world_shut(&w);
    CHECK_OK(file_open(w.sys, WORLD_LOG "/00000003.log", FILE_READ | FILE_WRITE, &file));
    CHECK_OK(file_write(file, LOG_SECTOR, arena_take(test_mem, 2048), 2048));
    CHECK_OK(file_sync(file));
    file_close(file);
    CHECK_OK(world_open_log(&w));
    CHECK(w.recovery.torn_bytes > 0);
    expect_records(&w, 1, last - 1); /* the last one was that group */
    put_many(&w, last - 1, last + 30, 1000);
    expect_records(&w, 1, last + 30);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_refuses_damage_and_names_its_place)
{
    /* In the head, the clear part, the payload, the trailer of the first and the last group. */
    static const struct {
        unsigned group;
        unsigned byte;
    } cases[] = {{1, 8}, {1, 70}, {1, 110}, {1, 150}, {5, 0}, {5, 63}, {5, 104}, {5, 140}};

    EACH_CASE(c, cases)
    {
        struct world w = new_world(0, 0);
        struct log_stats stats;
        uint64_t place = 0;
        char words[64];
        struct log *log;
        struct log_config config;

        for (unsigned i = 1; i <= 5; i++) {
            log_stats_read(w.log, &stats);
            if (i == c->group)
                place = i == 1 ? sizeof(struct log_segment_head) : stats.bytes_live;
            CHECK_INT(put(&w, i, 100), i);
        }
        config = world_log_config(&w);
        log_close(w.log);
        w.log = NULL;
        CHECK_OK(sim_flip(w.sys, WORLD_LOG "/00000001.log", place + c->byte, 3));
        CHECK_ERR(ERR_CORRUPT, log_open(&config, &log, NULL));
        snprintf(words, sizeof words, "segment 00000001 is damaged at byte %llu",
                 (unsigned long long)place);
        CHECK(str_contains(str_of(err_text()), str_of(words)));
        world_done(&w);
    }
}

TEST(log_reader_refuses_damage_in_an_older_segment)
{
    struct world w = new_world(16 << 10, 1);
    struct log_reader *reader;
    struct log_record record;
    enum err err;
    uint64_t given = 0;

    put_many(&w, 1, 60, 1000);
    CHECK_OK(sim_flip(w.sys, WORLD_LOG "/00000002.log", 5000, 0));
    reopen(&w);
    reader = reader_at(&w, 1, LOG_PLAIN);
    while ((err = log_reader_next(reader, &record)) == OK)
        expect_number(&record, ++given);
    CHECK_INT(err, ERR_CORRUPT);
    CHECK(given > 14 && given < 20);
    CHECK_ERR(ERR_CORRUPT, log_reader_next(reader, &record)); /* and does not step over it */
    log_reader_close(reader);
    world_done(&w);
}

TEST(log_refuses_when_a_segment_is_missing)
{
    static const char *const names[] = {"/00000001.log", "/00000003.log"};

    EACH_CASE(name, names)
    {
        struct world w = new_world(16 << 10, 0);
        char path[64];

        put_many(&w, 1, 60, 1000);
        world_shut(&w);
        snprintf(path, sizeof path, "%s%s", WORLD_LOG, *name);
        CHECK_OK(file_remove(w.sys, path));
        CHECK_ERR(ERR_CORRUPT, world_open_log(&w));
        world_done(&w);
    }
}

TEST(log_refuses_a_segment_cut_short)
{
    struct world w = new_world(0, 0);
    struct log_stats stats;
    struct file *file;

    put_many(&w, 1, 6, 1000);
    log_stats_read(w.log, &stats);
    world_shut(&w);
    CHECK_OK(file_open(w.sys, WORLD_LOG "/00000001.log", FILE_READ | FILE_WRITE, &file));
    CHECK_OK(file_truncate(file, stats.bytes_live - 100));
    file_close(file);
    CHECK_ERR(ERR_CORRUPT, world_open_log(&w));
    world_done(&w);
}

TEST(log_refuses_a_newer_format_and_changes_nothing)
{
    struct world w = new_world(0, 0);
    struct log_segment_head head;
    struct file *file;
    uint64_t digest;

    put_many(&w, 1, 3, 100);
    world_shut(&w);
    CHECK_OK(file_open(w.sys, WORLD_LOG "/00000001.log", FILE_READ | FILE_WRITE, &file));
    CHECK_OK(file_read_all(file, 0, &head, sizeof head));
    head.format = LOG_FORMAT + 1;
    log_segment_head_close(&head);
    CHECK_OK(file_write(file, 0, &head, sizeof head));
    CHECK_OK(file_sync(file));
    file_close(file);
    digest = sim_digest(w.sys);
    CHECK_ERR(ERR_CONFLICT, world_open_log(&w));
    CHECK(str_contains(str_of(err_text()), S("newer Myriad")));
    CHECK(digest == sim_digest(w.sys));
    world_done(&w);
}

TEST(log_full_disk_leaves_everything_as_it_was)
{
    struct world w = new_world(16 << 10, 0);
    unsigned next = 1;
    uint64_t room = 0;

    CHECK_OK(folder_room(w.sys, WORLD_FOLDER, &room));
    sim_set_room(w.sys, 1); /* less than is used */
    while (log_begin(w.log, 1064, 1, 8) == OK) {
        struct log_entry entry = {RECORD_EVENTS, 1, 1, S("clear"), S("payload")};

        CHECK_INT(log_add(w.log, &entry), next++);
        CHECK_OK(log_commit(w.log));
        CHECK(next < 1000);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_ERR(ERR_FULL, log_begin(w.log, 1064, 1, 8));
        CHECK_INT(log_next_seq(w.log), next);
    }
    sim_set_room(w.sys, 0);
    CHECK_INT(put(&w, next, 1000), next); /* heals by itself */
    reopen(&w);
    CHECK_INT(log_next_seq(w.log), next + 1);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_stops_for_good_after_a_failed_write_or_sync)
{
    static const int behind[] = {1, 2}; /* the write, the sync */

    EACH_CASE(c, behind)
    {
        struct world w = new_world(0, 0);
        struct log_entry entry = {RECORD_EVENTS, 3, 1, S("clear"), S("0000000002")};

        put_many(&w, 1, 2, 100);
        CHECK_OK(log_begin(w.log, 100, 1, 8));
        log_add(w.log, &entry);
        sim_fail_at(w.sys, sim_operations(w.sys) + (uint64_t)*c, SIM_EIO);
        CHECK_ERR(ERR_IO, log_commit(w.log));
        CHECK_INT(log_durable_seq(w.log), 2);
        CHECK_ERR(ERR_IO, log_begin(w.log, 100, 1, 8));
        CHECK_ERR(ERR_IO, log_prepare(w.log));
        reopen(&w);
        put_many(&w, (unsigned)log_next_seq(w.log), 6, 100);
        expect_records(&w, 1, 6);
        world_done(&w);
    }
}

TEST(log_of_a_failed_sync_holds_once_recovered)
{
    /* The page cache looks whole after a sync that failed: what is built on it must last. */
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct world w = {.sys = sim_open(seed)};
        char text[9000] = "0000000002";
        struct log_entry entry = {
            RECORD_EVENTS, 3, 1, S("clear"), {text, seed % 2 ? sizeof text : 10}};
        unsigned next;

        CHECK_OK(world_create(&w));
        CHECK_OK(world_open_log(&w));
        put_many(&w, 1, 2, 100);
        CHECK_OK(log_begin(w.log, sizeof text + 8, 1, 8));
        log_add(w.log, &entry);
        sim_fail_at(w.sys, sim_operations(w.sys) + 2, SIM_EIO);
        CHECK_ERR(ERR_IO, log_commit(w.log));
        reopen(&w);
        next = (unsigned)log_next_seq(w.log);
        CHECK_INT(next, 3);
        put_many(&w, next, 6, 100);
        world_shut(&w);
        sim_lose_power(w.sys, SIM_CLEAN, seed);
        CHECK_OK(world_open_log(&w));
        expect_records(&w, 1, 6);
        world_done(&w);
    }
}

TEST(log_does_not_retry_a_failed_sync_of_a_prepared_segment)
{
    for (uint64_t k = 1; k <= 4; k++) {
        struct world w = new_world(16 << 10, 0);

        put_many(&w, 1, 3, 100);
        sim_fail_at(w.sys, sim_operations(w.sys) + k, SIM_EIO);
        CHECK_ERR(ERR_IO, log_prepare(w.log));
        CHECK_ERR(ERR_IO, log_begin(w.log, 10, 1, 8));
        reopen(&w);
        put_many(&w, 3, 40, 1000);
        world_shut(&w);
        sim_lose_power(w.sys, SIM_CLEAN, k);
        CHECK_OK(world_open_log(&w));
        CHECK_INT(log_next_seq(w.log), 40);
        world_done(&w);
    }
}

TEST(log_says_erased_when_the_key_was_destroyed)
{
    struct world w = new_world(0, 1);
    struct log_reader *reader;
    struct log_record record;

    put_many(&w, 1, 8, 100);
    CHECK_OK(vault_destroy(w.vault, 3)); /* records 2 and 7 */
    reopen(&w);
    reader = reader_at(&w, 1, LOG_PLAIN);
    for (uint64_t i = 1; i < 8; i++) {
        CHECK_OK(log_reader_next(reader, &record));
        CHECK_INT(record.seq, i);
        CHECK_INT(record.is_erased, i == 2 || i == 7);
        CHECK((record.payload.data == NULL) == record.is_erased);
        CHECK_STR(record.clear, "clear");
    }
    log_reader_close(reader);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_goes_on_with_other_segment_sizes)
{
    struct world w = new_world(16 << 10, 0);

    put_many(&w, 1, 20, 1000);
    CHECK_OK(log_prepare(w.log));
    world_shut(&w);
    w.segment_bytes = 64 << 10;
    CHECK_OK(world_open_log(&w));
    CHECK_INT(put(&w, 20, 30000), 20);
    put_many(&w, 21, 60, 1000);
    world_shut(&w);
    w.segment_bytes = 16 << 10;
    CHECK_OK(world_open_log(&w));
    put_many(&w, 60, 90, 1000);
    expect_records(&w, 1, 90);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_recovers_without_room_for_an_unfinished_segment)
{
    struct world w = new_world(16 << 10, 0);
    struct file *file;

    put_many(&w, 1, 3, 100);
    world_shut(&w);
    CHECK_OK(
        file_open(w.sys, WORLD_LOG "/00000002.log", FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    file_close(file); /* as a crash leaves it between its creation and its allocation */
    sim_set_room(w.sys, 1);
    CHECK_OK(world_open_log(&w));
    expect_records(&w, 1, 3);
    sim_set_room(w.sys, 0);
    put_many(&w, 3, 40, 1000);
    expect_records(&w, 1, 40);
    world_done(&w);
}

TEST(log_fills_the_next_segment_and_goes_on_in_it)
{
    struct world w = new_world(3 << 20, 0);
    bool is_done = false;
    int calls = 0;

    put_many(&w, 1, 4, 100);
    CHECK_OK(log_fill(w.log, &is_done));
    CHECK(is_done); /* none was made ahead */
    CHECK_OK(log_prepare(w.log));
    for (is_done = false; !is_done; calls++)
        CHECK_OK(log_fill(w.log, &is_done));
    CHECK_INT(calls, 3);
    for (unsigned seq = 4; seq < 40; seq++)
        CHECK_INT(put(&w, seq, 150000), seq);
    sim_lose_power(w.sys, SIM_CLEAN, 1);
    reopen(&w);
    expect_records(&w, 1, 40);
    world_done(&w);
}

/* The simulated world is one thread's: what is made ahead there is made here, before. */
static void make_keys_ahead(struct world *w)
{
    for (int i = 0; i < 4; i++)
        CHECK_OK(vault_prepare(w->vault));
}

/* Groups of one record each, handed over one after the other. */
static void hand_over(struct world *w, unsigned from, unsigned to, size_t size)
{
    for (unsigned i = from; i < to; i++) {
        char *text = arena_take(test_mem, size + 16);
        struct log_entry entry = {
            RECORD_EVENTS, 1 + i % 5, 1, S("clear"), {text, size < 10 ? 10 : size}};

        memset(text, 'a', size + 16);
        snprintf(text, 16, "%010u", i);
        CHECK_OK(log_begin(w->log, size + 64, 1, 8));
        CHECK_INT(log_add(w->log, &entry), i);
        CHECK_OK(log_commit_later(w->log));
    }
}

TEST(log_keeps_groups_that_another_thread_writes_in_their_order)
{
    struct world w = new_world(64 << 10, 0);

    put_many(&w, 1, 2, 100);
    make_keys_ahead(&w);
    hand_over(&w, 2, 90, 5000); /* several segments */
    CHECK_OK(log_wait(w.log));
    CHECK_INT(log_durable_seq(w.log), 90);
    expect_records(&w, 1, 90);
    put_many(&w, 90, 92, 100); /* waits by itself */
    hand_over(&w, 92, 95, 100);
    put_many(&w, 95, 96, 100);
    expect_records(&w, 1, 96);
    hand_over(&w, 96, 99, 100); /* closing writes what still waits */
    reopen(&w);
    expect_records(&w, 1, 99);
    expect_intact(&w);
    world_done(&w);
}

TEST(log_promises_nothing_behind_a_group_handed_over_that_failed)
{
    for (uint64_t behind = 1; behind <= 2; behind++) { /* the write, the sync */
        struct world w = new_world(0, 0);

        put_many(&w, 1, 2, 100);
        make_keys_ahead(&w);
        sim_fail_at(w.sys, sim_operations(w.sys) + behind, SIM_EIO);
        hand_over(&w, 2, 3, 100);
        CHECK_ERR(ERR_IO, log_wait(w.log));
        CHECK_INT(log_durable_seq(w.log), 2);
        CHECK_ERR(ERR_IO, log_begin(w.log, 100, 1, 8));
        reopen(&w);
        put_many(&w, (unsigned)log_next_seq(w.log), 6, 100);
        expect_records(&w, 1, 6);
        world_done(&w);
    }
}
