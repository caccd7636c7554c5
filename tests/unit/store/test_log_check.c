/* test_log_check.c - every damage is found, named, and mended so that the log opens again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/world.h"
#include "store/log_int.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { RECORDS = 60, PER_GROUP = 3, LAST = RECORDS };

/* Groups of three records each, over several segments; payload and node follow from the number. */
static void fill(struct world *w, uint64_t *starts)
{
    *w = (struct world){.sys = sim_open(11), .segment_bytes = 16 << 10, .recent_bytes = 1};
    CHECK_OK(world_create(w));
    CHECK_OK(world_open_log(w));
    for (unsigned i = 1; i <= RECORDS; i++) {
        char text[812];
        struct log_entry entry = {RECORD_EVENTS, 1 + i % 5, 1, S("clear"), {text, sizeof text}};
        struct log_stats stats;

        memset(text, 'x', sizeof text);
        snprintf(text, sizeof text, "%010u", i);
        if (i % PER_GROUP == 1) {
            CHECK_OK(log_begin(w->log, PER_GROUP * 900, PER_GROUP, 8));
            log_stats_read(w->log, &stats);
            starts[i / PER_GROUP] = stats.bytes_live;
        }
        CHECK_INT(log_add(w->log, &entry), i);
        if (i % PER_GROUP == 0)
            CHECK_OK(log_commit(w->log));
    }
    world_shut(w);
}

static void collect(void *argument, const char *sentence)
{
    struct buf *all = argument;

    buf_add(all, str_of(sentence));
    buf_add_byte(all, '\n');
}

static struct log_check run_check(struct world *w, bool salvage, struct buf *all)
{
    struct log_check check;
    struct log_config config;

    CHECK_OK(vault_open(w->sys, WORLD_KEYS, false, &w->vault));
    config = world_log_config(w);
    CHECK_OK(log_check(&config, salvage, collect, all, &check));
    vault_close(w->vault);
    w->vault = NULL;
    return check;
}

/* Reads all; each record given is what was written. Returns how many; `*out_lost` the numbers
 * not given, as bits. */
static unsigned read_all(struct world *w, uint64_t *out_lost)
{
    struct log_reader *reader;
    struct log_record record;
    unsigned count = 0;
    enum err err;

    *out_lost = (UINT64_C(1) << (RECORDS + 1)) - 2;
    CHECK_OK(log_reader_open(w->log, 1, LOG_PLAIN, &reader));
    while ((err = log_reader_next(reader, &record)) == OK) {
        char text[16];

        snprintf(text, sizeof text, "%010u", (unsigned)record.seq);
        CHECK_STR(str_slice(record.payload, 0, 10), text);
        CHECK_INT(record.payload.len, 812);
        *out_lost &= ~(UINT64_C(1) << record.seq);
        count++;
    }
    CHECK_INT(err, ERR_ABSENT);
    CHECK(!log_reader_wait(reader, 0));
    log_reader_close(reader);
    return count;
}

TEST(log_check_counts_what_is_sound)
{
    struct world w;
    uint64_t starts[RECORDS];
    struct buf all = {0};
    struct log_check check;

    fill(&w, starts);
    check = run_check(&w, false, &all);
    CHECK_INT(check.damages, 0);
    CHECK_INT(check.records, RECORDS);
    CHECK_INT(check.groups, RECORDS / PER_GROUP);
    CHECK_INT(check.torn_bytes, 0);
    CHECK_INT(check.nodes, 6);
    CHECK_INT(all.len, 0);
    world_done(&w);
}

enum { HEAD = 64, RECORD = 40 + 8 + 840, GROUP = HEAD + PER_GROUP * RECORD + 8 };

/* Segments of 16 KiB hold five such groups. */
enum { PER_SEGMENT = 5 };

static uint64_t place_in(unsigned group, uint64_t byte)
{
    return 64 + (uint64_t)(group % PER_SEGMENT) * GROUP + byte;
}

TEST(log_check_finds_and_salvage_mends_every_place)
{
    /* Groups count from 0; what may be lost are the records hit, and no others. */
    static const struct {
        unsigned group;
        uint64_t byte;
        uint64_t may_lose;
    } cases[] = {
        {0, 3, 0},                          /* a group's head, in the first segment */
        {2, 60, 0},                         /* its checksum */
        {2, HEAD + 20, 1 << 7},             /* the first record's head */
        {2, HEAD + RECORD + 100, 1 << 8},   /* the second's payload */
        {2, HEAD + 3 * RECORD - 1, 1 << 9}, /* the last's end */
        {2, GROUP - 3, 0},                  /* the trailer */
        {4, 10, 0},                         /* the last group of a segment */
        {4, HEAD + 5, 1 << 13},
        {4, HEAD + 2 * RECORD + 50, 1 << 15},
        {4, GROUP - 8, 0},
        {7, 50, 0}, /* a segment in the middle */
        {19, 9, 0}, /* the very last group */
        {19, HEAD + RECORD + 41, (uint64_t)1 << 59},
        {19, HEAD + 2 * RECORD + 60, (uint64_t)1 << 60},
        {19, GROUP - 1, 0},
    };

    EACH_CASE(c, cases)
    {
        struct world w;
        uint64_t starts[RECORDS], lost;
        struct buf all = {0};
        char path[64];

        fill(&w, starts);
        snprintf(path, sizeof path, WORLD_LOG "/%08u.log", c->group / PER_SEGMENT + 1);
        CHECK_OK(sim_flip(w.sys, path, place_in(c->group, c->byte), 1));
        CHECK(run_check(&w, false, &all).damages >= 1);
        snprintf(path, sizeof path, "segment %08u, byte", c->group / PER_SEGMENT + 1);
        CHECK(str_contains(buf_str(&all), str_of(path)));
        CHECK(run_check(&w, true, &all).damages >= 1);
        CHECK_INT(run_check(&w, false, &all).damages, 0);
        CHECK_OK(world_open_log(&w));
        read_all(&w, &lost);
        CHECK_INT(lost & ~c->may_lose, 0);
        CHECK(log_next_seq(w.log) > RECORDS);
        world_shut(&w);
        buf_done(&all);
        world_done(&w);
    }
}

TEST(log_check_mends_heads_of_segments)
{
    for (unsigned index = 1; index <= 4; index++) {
        struct world w;
        uint64_t starts[RECORDS], lost;
        struct buf all = {0};
        char path[64];

        fill(&w, starts);
        snprintf(path, sizeof path, WORLD_LOG "/%08u.log", index);
        CHECK_OK(sim_flip(w.sys, path, 33, 1));
        CHECK_INT(run_check(&w, false, &all).damages, 1);
        CHECK_INT(run_check(&w, true, &all).damages, 1);
        CHECK_INT(run_check(&w, false, &all).damages, 0);
        CHECK_OK(world_open_log(&w));
        CHECK_INT(read_all(&w, &lost), RECORDS);
        buf_done(&all);
        world_done(&w);
    }
}

static void wipe(struct world *w, unsigned index, uint64_t from, size_t len)
{
    char path[64], *zeros = arena_take(test_mem, len);
    struct file *file;

    snprintf(path, sizeof path, WORLD_LOG "/%08u.log", index);
    CHECK_OK(file_open(w->sys, path, FILE_READ | FILE_WRITE, &file));
    CHECK_OK(file_write(file, from, zeros, len));
    CHECK_OK(file_sync(file));
    file_close(file);
}

TEST(log_check_mends_wiped_stretches)
{
    /* Of a segment with others behind it nothing may be taken for a torn tail. */
    static const struct {
        unsigned index;
        uint64_t from;
        size_t len;
        unsigned most_lost;
    } cases[] = {
        {2, 64 + 4 * GROUP, GROUP, 3},            /* its last group */
        {2, 64 + 3 * GROUP + 512, 512, 2},        /* within a group */
        {2, 64 + 1 * GROUP + 2000, 2 * GROUP, 9}, /* across groups */
        {2, 64, 5 * GROUP, 15},                   /* all but the head */
        {2, 0, 512, 2},                           /* head and first group's head */
        {4, 0, 512, 2},
        {4, 0, 2 * GROUP, 8},
    };

    EACH_CASE(c, cases)
    {
        struct world w;
        uint64_t starts[RECORDS], lost;
        struct buf all = {0};

        fill(&w, starts);
        wipe(&w, c->index, c->from, c->len);
        CHECK(run_check(&w, false, &all).damages >= 1);
        CHECK(run_check(&w, true, &all).damages >= 1);
        CHECK_INT(run_check(&w, false, &all).damages, 0);
        CHECK_OK(world_open_log(&w));
        CHECK(read_all(&w, &lost) >= RECORDS - c->most_lost);
        CHECK(lost != 0);
        buf_done(&all);
        world_done(&w);
    }
}

TEST(log_check_keeps_what_it_sets_aside)
{
    struct world w;
    uint64_t starts[RECORDS];
    struct buf all = {0}, files = {0};

    fill(&w, starts);
    CHECK_OK(sim_flip(w.sys, WORLD_LOG "/00000001.log", place_in(2, 300), 1));
    run_check(&w, true, &all);
    sim_list(w.sys, &files);
    CHECK(str_contains(buf_str(&files), S("damaged-00000001-")));
    CHECK_OK(world_open_log(&w));
    buf_done(&all);
    buf_done(&files);
    world_done(&w);
}

TEST(log_check_finds_a_payload_under_another_key)
{
    struct world w;
    uint64_t starts[RECORDS];
    struct buf all = {0};

    fill(&w, starts);
    CHECK_OK(sim_flip(w.sys, WORLD_KEYS "/nodes.keys", 32 + 40 * 3 + 5, 1)); /* of node 3 */
    CHECK_OK(vault_open(w.sys, WORLD_KEYS, false, &w.vault));
    CHECK_OK(vault_check(w.vault, 6, collect, &all));
    CHECK_STR(buf_str(&all), "the key of node 3 is damaged\n");
    world_shut(&w);
    CHECK_INT(run_check(&w, false, &all).damages, RECORDS / 5);
    buf_done(&all);
    world_done(&w);
}

TEST(log_check_tells_a_torn_tail_from_damage)
{
    struct world w;
    uint64_t starts[RECORDS];
    struct buf all = {0};
    struct log_check check;

    fill(&w, starts);
    wipe(&w, 4, place_in(19, 0) / 512 * 512 + 1024, 512);
    check = run_check(&w, false, &all);
    CHECK_INT(check.damages, 0);
    CHECK_INT(check.torn_bytes, GROUP);
    CHECK_INT(check.records, RECORDS - PER_GROUP);
    CHECK_OK(world_open_log(&w));
    CHECK_INT(w.recovery.torn_bytes, GROUP);
    CHECK_INT(log_next_seq(w.log), RECORDS - PER_GROUP + 1);
    buf_done(&all);
    world_done(&w);
}
