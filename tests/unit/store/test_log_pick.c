/* test_log_pick.c - single records of the log are those that a reader comes to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/log_pick.h"

#include "base/random.h"
#include "crash/world.h"
#include "support/test.h"
#include "sys/file.h"

#include <stdio.h>
#include <string.h>

enum { PICKS = 40, NODES = 5 };

static struct world new_world(uint64_t recent_bytes)
{
    struct world w = {.sys = sim_open(7), .segment_bytes = 1 << 20, .recent_bytes = recent_bytes};

    CHECK(w.sys != NULL);
    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    return w;
}

static str text_of(random_state *random, uint64_t seq)
{
    size_t size = 10 + random_below(random, random_chance(random, 0.03) ? 60000 : 900);
    char *text = arena_take(test_mem, size + 32);

    memset(text, 'a' + (int)(seq % 26), size);
    snprintf(text, 24, "%020llu", (unsigned long long)seq);
    text[20] = 'x';
    return str_from(text, size < 20 ? 20 : size);
}

/* Groups of some records, of which some take several numbers and some hold nothing sealed. */
static void put_group(struct world *w, random_state *random)
{
    size_t count = 1 + random_below(random, random_chance(random, 0.2) ? 60 : 4), bytes = 0;
    struct log_entry entries[64];
    uint64_t seq = log_next_seq(w->log);

    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct log_entry){.kind = RECORD_EVENTS,
                                        .node = 1 + (node_id)(seq % NODES),
                                        .count = 1 + (uint32_t)random_below(random, 3),
                                        .clear = S("clear part"),
                                        .payload = text_of(random, seq)};
        if (random_chance(random, 0.1)) {
            entries[i].kind = RECORD_JOIN;
            entries[i].payload = (str){NULL, 0};
        }
        bytes += entries[i].clear.len + entries[i].payload.len;
        seq += entries[i].count;
    }
    CHECK_OK(log_begin(w->log, bytes, count, NODES + 1));
    for (size_t i = 0; i < count; i++)
        log_add(w->log, &entries[i]);
    CHECK_OK(log_commit(w->log));
}

struct taking {
    struct world *w;
    const uint64_t *seqs;
    unsigned taken[PICKS];
};

/* Is it what a reader gives? */
static enum err take(void *argument, size_t which, const struct log_record *record)
{
    struct taking *taking = argument;
    struct log_reader *reader;
    struct log_record want;

    CHECK_OK(log_reader_open(taking->w->log, taking->seqs[which], LOG_PLAIN, &reader));
    CHECK_OK(log_reader_next(reader, &want));
    CHECK_INT(record->seq, want.seq);
    CHECK_INT(record->count, want.count);
    CHECK_INT(record->kind, want.kind);
    CHECK_INT(record->node, want.node);
    CHECK_INT(record->is_erased, want.is_erased);
    CHECK(str_equals(record->clear, want.clear));
    CHECK(str_equals(record->payload, want.payload));
    CHECK_INT(record->payload.data == NULL, want.payload.data == NULL);
    log_reader_close(reader);
    taking->taken[which]++;
    return OK;
}

static enum err pick(struct world *w, struct log_picker *picker, const uint64_t *seqs, size_t count,
                     bool may_wait)
{
    struct taking taking = {.w = w, .seqs = seqs};
    struct log_picks picks = {
        .seqs = seqs, .count = count, .may_wait = may_wait, .take = take, .argument = &taking};
    enum err err = log_pick(picker, &picks, test_mem);

    for (size_t i = 0; i < count; i++)
        CHECK(taking.taken[i] == 1 || (err && taking.taken[i] == 0));
    return err;
}

static void pick_some(struct world *w, struct log_picker *picker, random_state *random)
{
    uint64_t seqs[PICKS];
    size_t count = random_below(random, PICKS + 1);

    for (size_t i = 0; i < count; i++)
        seqs[i] = 1 + random_below(random, log_durable_seq(w->log) - 1);
    CHECK_OK(pick(w, picker, seqs, count, true));
}

TEST(picked_records_are_those_of_a_reader)
{
    static const uint64_t recents[] = {1, 200000, 0};

    EACH_CASE(recent, recents)
    {
        struct world w = new_world(*recent);
        random_state random = {*recent + 1};
        struct log_picker *picker;

        CHECK_OK(log_picker_open(w.log, &picker));
        for (int round = 0; round < 60; round++) {
            put_group(&w, &random);
            pick_some(&w, picker, &random);
            if (round % 20 != 19)
                continue;
            log_picker_close(picker);
            world_shut(&w);
            CHECK_OK(world_open_log(&w));
            CHECK_OK(log_picker_open(w.log, &picker));
            for (int i = 0; i < 20; i++)
                pick_some(&w, picker, &random);
        }
        log_picker_close(picker);
        world_done(&w);
    }
}

TEST(every_record_is_found_in_a_log_of_many_segments)
{
    struct world w = new_world(1);
    random_state random = {3};
    struct log_picker *picker;
    struct log_stats stats;

    for (int i = 0; i < 400; i++)
        put_group(&w, &random);
    log_stats_read(w.log, &stats);
    CHECK(stats.segments > 2);
    CHECK_OK(log_picker_open(w.log, &picker));
    for (uint64_t seq = 1; seq < log_durable_seq(w.log); seq++)
        CHECK_OK(pick(&w, picker, &seq, 1, true));
    for (uint64_t seq = 1; seq < log_durable_seq(w.log); seq += 7) /* what is known is at hand */
        CHECK_OK(pick(&w, picker, &seq, 1, false));
    log_picker_close(picker);
    world_done(&w);
}

TEST(picking_says_erased_when_the_key_was_destroyed)
{
    struct world w = new_world(1);
    random_state random = {5};
    struct log_picker *picker;

    for (int i = 0; i < 20; i++)
        put_group(&w, &random);
    CHECK_OK(vault_destroy(w.vault, 2));
    CHECK_OK(log_picker_open(w.log, &picker));
    for (int i = 0; i < 50; i++)
        pick_some(&w, picker, &random); /* `take` compares */
    log_picker_close(picker);
    world_done(&w);
}

static void flip(struct world *w, uint64_t offset)
{
    struct file *file;
    char byte;

    CHECK_OK(file_open(w->sys, WORLD_LOG "/00000001.log", FILE_READ | FILE_WRITE, &file));
    CHECK_OK(file_read_all(file, offset, &byte, 1));
    byte = (char)(byte ^ 1);
    CHECK_OK(file_write(file, offset, &byte, 1));
    file_close(file);
}

struct known {
    uint64_t seqs[4096]; /* of the record that holds each number */
    uint64_t hashes[4096];
    uint64_t wanted;
};

static uint64_t hash_of(const struct log_record *record)
{
    return hash_checksum(record->clear.data, record->clear.len) +
           (record->payload.data ? hash_checksum(record->payload.data, record->payload.len) : 1);
}

static void learn(struct world *w, struct known *known)
{
    struct log_reader *reader;
    struct log_record record;

    CHECK_OK(log_reader_open(w->log, 1, LOG_PLAIN, &reader));
    while (log_reader_next(reader, &record) == OK)
        for (uint64_t seq = record.seq; seq < record.seq + record.count; seq++) {
            CHECK(seq < 4096);
            known->seqs[seq] = record.seq;
            known->hashes[seq] = hash_of(&record);
        }
    log_reader_close(reader);
}

/* A log_picks.take */
static enum err take_known(void *argument, size_t which, const struct log_record *record)
{
    const struct known *known = argument;

    CHECK_INT(which, 0);
    CHECK_INT(record->seq, known->seqs[known->wanted]);
    CHECK_INT(hash_of(record), known->hashes[known->wanted]);
    return OK;
}

TEST(picking_never_gives_a_damaged_record)
{
    struct world w = new_world(1);
    random_state random = {9};
    struct known *known = arena_take(test_mem, sizeof *known);
    unsigned refused = 0;

    CHECK(known);
    for (int i = 0; i < 150; i++)
        put_group(&w, &random);
    learn(&w, known);
    for (int round = 0; round < 200; round++) {
        struct log_picks picks = {
            .seqs = &known->wanted, .count = 1, .may_wait = true, .take = take_known};
        uint64_t at = 64 + random_below(&random, 60000);
        struct log_picker *picker;

        picks.argument = known;
        flip(&w, at);
        CHECK_OK(log_picker_open(w.log, &picker));
        for (int i = 0; i < 20; i++) {
            enum err err;

            known->wanted = 1 + random_below(&random, 150);
            err = log_pick(picker, &picks, test_mem);
            CHECK(!err || err == ERR_CORRUPT);
            refused += err == ERR_CORRUPT;
        }
        log_picker_close(picker);
        flip(&w, at);
    }
    CHECK(refused > 0);
    world_done(&w);
}
