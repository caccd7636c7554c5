/* test_roster.c - copied records: kept in order, cut to what is covered, never believed damaged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "people/roster.h"

#include "crash/world.h"
#include "collect/quarantine.h"
#include "people/identity.h"
#include "support/test.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/sys.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS = 12 };

static const unsigned char workspace_id[VAULT_ID_SIZE] = "workspace";

static struct roster_config config_in(struct sys *sys)
{
    return (struct roster_config){.sys = sys, .folder = "columns", .workspace = workspace_id};
}

static struct sys *new_disk(void)
{
    struct sys *sys = sim_open(3);

    CHECK(sys != NULL);
    CHECK_OK(folder_make(sys, "columns"));
    CHECK_OK(folder_sync(sys, "."));
    return sys;
}

/* The i-th record of a small log; events take the numbers between. */
static struct log_record record_of(unsigned i, struct buf *clear)
{
    static const char *const names[] = {"anna",
                                        "b",
                                        "",
                                        "device-1",
                                        "5a2d7c61-93f0-4b1e-8c44-09afAF000000",
                                        "5a2d7c61-93f0-4b1e-8c44-09af90000abc",
                                        "5a2d7c61-93f0-4b1e-8c44-09af90000abc0"};
    struct log_record record = {.seq = 1 + 3 * (uint64_t)i, .count = 1};

    buf_clear(clear);
    if (i % 4 == 3) {
        record.kind = RECORD_JOIN;
        record_write_join(clear, &(struct record_join){i - 1, i - 2, JOIN_MERGE, 1000 + (int)i});
    } else if (i % 5 == 4) {
        record.kind = RECORD_QUARANTINE;
        record.payload = S("a body that stays in the log");
        buf_add(clear, S("0123456789abcdef01234567"));
    } else {
        record.kind = RECORD_NODE;
        record.node = i + 1;
        record_write_node(clear, &(struct record_node){NODE_USER, {i, ~(uint64_t)i}});
        if (i % 6 != 5) /* else its key was destroyed */
            record.payload = str_of(names[i % 7]);
        record.is_erased = i % 6 == 5;
    }
    record.clear = buf_str(clear);
    return record;
}

static void add(struct roster *roster, unsigned from, unsigned to)
{
    struct log_record events = {.count = 2, .kind = RECORD_EVENTS, .node = 1, .payload = S("x")};
    struct buf clear = {0};

    for (unsigned i = from; i < to; i++) {
        struct log_record record = record_of(i, &clear);

        CHECK_OK(roster_reserve(roster, &record));
        roster_add(roster, &record);
        events.seq = record.seq + 1;
        CHECK_OK(roster_reserve(roster, &events));
        roster_add(roster, &events);
    }
    buf_done(&clear);
}

struct expected {
    unsigned next;
    bool is_wrong;
};

static void compare_one(struct expected *expected, const struct log_record *got)
{
    struct buf clear = {0};
    struct log_record want = record_of(expected->next++, &clear);

    if (want.kind != RECORD_NODE)
        want.payload = (str){NULL, 0};
    expected->is_wrong =
        expected->is_wrong || got->seq != want.seq || got->count != 1 || got->kind != want.kind ||
        got->node != want.node || !str_equals(got->clear, want.clear) ||
        !str_equals(got->payload, want.payload) || !got->payload.data != !want.payload.data;
    buf_done(&clear);
}

static enum err compare(void *argument, const struct roster_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        compare_one(argument, &entries[i].record);
    return OK;
}

/* Holds the first `count` records, and nothing else. */
static void expect(const struct roster *roster, unsigned count)
{
    struct expected expected = {0};

    CHECK_INT(roster_next_seq(roster), 1 + 3 * (uint64_t)count);
    CHECK_OK(roster_read(roster, compare, &expected));
    CHECK(!expected.is_wrong);
    CHECK_INT(expected.next, count);
}

static struct roster *opened(struct sys *sys, unsigned records)
{
    struct roster_config config = config_in(sys);
    struct roster *roster;

    CHECK_OK(roster_open(&config, 1 + 3 * (uint64_t)records, &roster));
    return roster;
}

/* Three commits of four records. */
static struct sys *written(void)
{
    struct sys *sys = new_disk();
    struct roster *roster = opened(sys, 0);

    for (unsigned i = 0; i < RECORDS; i += 4) {
        add(roster, i, i + 4);
        CHECK_OK(roster_commit(roster, 1 + 3 * (uint64_t)(i + 4), 20 + i));
        expect(roster, i + 4);
    }
    roster_close(roster);
    return sys;
}

TEST(roster_gives_back_what_was_added)
{
    struct sys *sys = written();
    struct roster *roster = opened(sys, RECORDS);

    expect(roster, RECORDS);
    CHECK_INT(roster_nodes(roster), 28);
    CHECK_INT(roster_joins(roster), 3);
    roster_close(roster);
    sim_close(sys);
}

TEST(roster_cuts_off_what_the_column_files_do_not_cover)
{
    struct sys *sys = written();
    struct roster *roster = opened(sys, 8);

    expect(roster, 8);
    add(roster, 8, RECORDS);
    CHECK_OK(roster_commit(roster, 1 + 3 * RECORDS, 28));
    expect(roster, RECORDS);
    roster_close(roster);
    roster = opened(sys, 0);
    expect(roster, 0);
    roster_close(roster);
    sim_close(sys);
}

TEST(roster_passes_over_what_was_added_before)
{
    struct sys *sys = new_disk();
    struct roster *roster = opened(sys, 0);

    add(roster, 0, 8);
    add(roster, 0, 8);
    CHECK_OK(roster_commit(roster, 1 + 3 * 8, 8));
    add(roster, 4, 10);
    CHECK_OK(roster_commit(roster, 1 + 3 * 10, 8));
    CHECK_OK(roster_commit(roster, 1 + 3 * 10, 8));
    expect(roster, 10);
    roster_close(roster);
    sim_close(sys);
}

TEST(roster_refuses_to_end_where_no_commit_was)
{
    struct sys *sys = written();
    struct roster_config config = config_in(sys);
    struct roster *roster;

    CHECK_ERR(ERR_CORRUPT, roster_open(&config, 1 + 3 * 5, &roster));
    CHECK_ERR(ERR_CORRUPT, roster_open(&config, 2 + 3 * RECORDS, &roster));
    CHECK_OK(file_remove(sys, "columns/people"));
    CHECK_ERR(ERR_ABSENT, roster_open(&config, 1 + 3 * RECORDS, &roster));
    sim_close(sys);
}

static void count_reports(void *argument, const char *sentence)
{
    CHECK(str_contains(str_of(sentence), S("columns/people")));
    ++*(unsigned *)argument;
}

TEST(roster_finds_damage_in_every_byte)
{
    struct sys *sys = written();
    struct roster_config config = config_in(sys);
    struct roster *roster;
    unsigned reports = 0;
    struct file *file;
    uint64_t size;

    CHECK_OK(file_open(sys, "columns/people", FILE_READ, &file));
    CHECK_OK(file_size(file, &size));
    file_close(file);
    CHECK_OK(roster_check(&config, 1 + 3 * RECORDS, count_reports, &reports));
    CHECK_INT(reports, 0);
    for (uint64_t at = 0; at < size; at++) {
        CHECK_OK(sim_flip(sys, "columns/people", at, at % 8));
        CHECK_ERR(ERR_CORRUPT, roster_open(&config, 1 + 3 * RECORDS, &roster));
        CHECK_ERR(ERR_CORRUPT, roster_check(&config, 1 + 3 * RECORDS, count_reports, &reports));
        CHECK_OK(sim_flip(sys, "columns/people", at, at % 8));
    }
    CHECK_INT(reports, size);
    sim_close(sys);
}

TEST(roster_survives_the_loss_of_power_at_every_operation)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};

    for (uint64_t at = 1; at < 12; at++)
        EACH_CASE(loss, losses)
        {
            struct sys *sys = written();
            struct roster *roster = opened(sys, 8);
            enum err err;

            sim_stop_at(sys, sim_operations(sys) + at);
            add(roster, 8, RECORDS);
            err = roster_commit(roster, 1 + 3 * RECORDS, 28);
            roster_close(roster);
            sim_lose_power(sys, *loss, at);
            if (!err) {
                roster = opened(sys, RECORDS);
                expect(roster, RECORDS);
                roster_close(roster);
            }
            roster = opened(sys, 8);
            expect(roster, 8);
            roster_close(roster);
            sim_close(sys);
        }
}

TEST(roster_keeps_what_found_no_room)
{
    struct sys *sys = new_disk();
    struct roster *roster = opened(sys, 0);

    add(roster, 0, 4);
    sim_set_room(sys, 40);
    CHECK_ERR(ERR_FULL, roster_commit(roster, 1 + 3 * 4, 4));
    CHECK_INT(roster_next_seq(roster), 1);
    sim_set_room(sys, 0);
    add(roster, 4, 8);
    CHECK_OK(roster_commit(roster, 1 + 3 * 8, 8));
    expect(roster, 8);
    roster_close(roster);
    sim_close(sys);
}

TEST(roster_of_many_records_is_read_block_by_block)
{
    enum { MANY = 30000 };
    struct sys *sys = new_disk();
    struct roster *roster = opened(sys, 0);

    add(roster, 0, MANY);
    CHECK_OK(roster_commit(roster, 1 + 3 * MANY, MANY));
    expect(roster, MANY);
    roster_close(roster);
    roster = opened(sys, MANY);
    expect(roster, MANY);
    roster_close(roster);
    sim_close(sys);
}

static enum err compare_others(void *argument, const struct roster_entry *entries, size_t count)
{
    struct expected *expected = argument;

    for (size_t i = 0; i < count; i++) {
        while (expected->next % 4 != 3 && expected->next % 5 != 4)
            expected->next++; /* nodes */
        compare_one(expected, &entries[i].record);
    }
    return OK;
}

/* Threads read real files alone. */
static const char *real_folder(struct sys *sys)
{
    const char *base = getenv("TMPDIR"), *folder;
    unsigned long long number;

    entropy_fill(sys, &number, sizeof number);
    folder =
        arena_print(test_mem, "%s/myriad-roster-%016llx", base && *base ? base : "/tmp", number)
            .data;
    CHECK_OK(folder_make(sys, folder));
    return folder;
}

TEST(roster_is_loaded_by_threads_as_it_is_read)
{
    enum { MANY = 300000 };
    struct roster_config config = config_in(sys_real());
    struct expected expected = {0};
    struct roster_nodes *nodes;
    struct roster *roster;
    struct buf clear = {0};

    config.folder = real_folder(config.sys);
    CHECK_OK(roster_open(&config, 1, &roster));
    add(roster, 0, MANY);
    CHECK_OK(roster_commit(roster, 1 + 3 * MANY, MANY));
    CHECK_OK(roster_load(roster, &nodes));
    CHECK_INT(nodes->count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        struct log_record want = record_of(i, &clear);
        struct buf text = {0};

        CHECK_INT(nodes->kinds[i + 1], want.kind == RECORD_NODE ? NODE_USER : 0);
        if (want.kind != RECORD_NODE)
            continue;
        CHECK_INT(nodes->hashes[i + 1].low, i);
        CHECK_INT(nodes->places[i + 1] != 0, !want.is_erased);
        if (i < 100 && !want.is_erased) {
            CHECK_OK(roster_text(roster, nodes->places[i + 1], i + 1, &text));
            CHECK(str_equals(buf_str(&text), want.payload));
        }
        buf_done(&text);
    }
    CHECK_OK(roster_read_others(roster, compare_others, &expected));
    CHECK(!expected.is_wrong);
    CHECK_INT(expected.next, MANY);
    buf_done(&clear);
    roster_close(roster);
    CHECK_OK(file_remove(config.sys, arena_print(test_mem, "%s/people", config.folder).data));
    CHECK_OK(folder_remove(config.sys, config.folder));
}

TEST(roster_finds_identifiers_before_and_after_they_last)
{
    enum { TEXT = 5000 };
    char *text = arena_take(test_mem, TEXT);
    struct sys *sys = new_disk();
    struct roster *roster = opened(sys, 0);
    struct log_record record = {.seq = 1, .count = 1, .kind = RECORD_NODE, .node = 7};
    struct log_record erased = {.seq = 2, .count = 1, .kind = RECORD_NODE, .node = 8};
    uint64_t place, erased_place;

    memset(text, 'x', TEXT);
    record.payload = str_from(text, TEXT);
    CHECK_OK(roster_reserve(roster, &record));
    place = roster_add(roster, &record);
    CHECK_OK(roster_reserve(roster, &erased));
    erased_place = roster_add(roster, &erased);
    CHECK(place > 0 && erased_place > place);
    for (int i = 0; i < 2; i++) {
        struct buf got = {0};

        CHECK_OK(roster_text(roster, place, 7, &got));
        CHECK(str_equals(buf_str(&got), record.payload));
        CHECK_ERR(ERR_ABSENT, roster_text(roster, erased_place, 8, &got));
        CHECK_ERR(ERR_CORRUPT, roster_text(roster, place, 8, &got));
        CHECK_ERR(ERR_CORRUPT, roster_text(roster, 1 << 20, 8, &got));
        buf_done(&got);
        CHECK_OK(roster_commit(roster, 3, 8));
    }
    roster_close(roster);
    sim_close(sys);
}

/* A world in use */

static void send(struct world *world, const char *batch)
{
    struct world_job job;

    CHECK_OK(world_job_open(&job));
    CHECK_OK(world_read(world, (str){NULL, 0}, str_of(batch), &job));
    CHECK_OK(world_do(world, &job));
    CHECK_OK(job.job.err);
    world_job_close(&job);
}

/* Everything settled but the last call; quarantined: 3 events, of which one was dismissed. */
static struct world settled_world(void)
{
    struct world world = {.sys = sim_open(5), .settle_events = 2};
    struct world_job job;

    CHECK_OK(world_create(&world));
    CHECK_OK(world_open(&world));
    send(&world, "{\"batch\":[{\"type\":\"identify\",\"userId\":\"u\",\"anonymousId\":\"d\"},"
                 "{\"type\":\"track\",\"userId\":\"v\",\"messageId\":\"m\"},"
                 "{\"type\":\"track\",\"userId\":\"v\",\"messageId\":\"n\"},"
                 "{\"type\":\"track\",\"userId\":\"w\",\"messageId\":\"o\"}]}");
    CHECK_OK(world_job_open(&job));
    job.job.kind = INTAKE_DISMISS;
    job.job.released = 5; /* behind two nodes, their join and the event */
    CHECK_OK(world_do(&world, &job));
    CHECK_OK(job.job.err);
    world_job_close(&job);
    send(&world,
         "{\"batch\":[{\"type\":\"page\",\"userId\":\"v\"},{\"type\":\"page\",\"userId\":\"w\"}]}");
    CHECK_OK(world_fold(&world));
    CHECK(roster_next_seq(world.roster) > 8);
    send(&world, "{\"batch\":[{\"type\":\"page\",\"userId\":\"x\"}]}");
    return world;
}

static void expect_quarantine(struct world *world)
{
    struct quarantine_page page;

    CHECK_OK(quarantine_list(intake_quarantine(world->intake), test_mem, 0, 10, &page));
    CHECK_INT(page.total, 2);
    CHECK_INT(page.entries[0].seq, 6);
    CHECK_INT(page.entries[1].seq, 7);
    CHECK_INT(identity_count(world->identity), 5);
    CHECK_INT(identity_person(world->identity, 2), 1);
}

TEST(roster_tells_a_start_of_persons_and_quarantine)
{
    struct world world = settled_world();

    expect_quarantine(&world);
    world_shut(&world);
    CHECK_OK(world_open(&world));
    CHECK_STR(str_of(world.roster_reason), "");
    expect_quarantine(&world);
    world_done(&world);
}

static enum err write_down(void *argument, const struct roster_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct log_record *record = &entries[i].record;

        buf_print(argument, "%llu %d %u %zu %.*s\n", (unsigned long long)record->seq,
                  (int)record->kind, record->node, record->clear.len, STR_ARG(record->payload));
    }
    return OK;
}

TEST(roster_made_anew_from_the_log_says_the_same)
{
    static const char *const damages[] = {"lost", "damaged"};

    EACH_CASE(damage, damages)
    {
        struct world world = settled_world();
        struct buf before = {0}, after = {0};

        CHECK_OK(roster_read(world.roster, write_down, &before));
        world_shut(&world);
        if (str_equals(str_of(*damage), S("lost")))
            CHECK_OK(file_remove(world.sys, WORLD_COLUMNS "/people"));
        else
            CHECK_OK(sim_flip(world.sys, WORLD_COLUMNS "/people", 100, 3));
        CHECK_OK(world_open(&world));
        CHECK(str_contains(str_of(world.roster_reason), S("columns/people")));
        CHECK_OK(roster_read(world.roster, write_down, &after));
        CHECK(before.len > 0);
        CHECK(str_equals(buf_str(&before), buf_str(&after)));
        expect_quarantine(&world);
        world_shut(&world);
        CHECK_OK(world_open(&world));
        CHECK_STR(str_of(world.roster_reason), "");
        buf_done(&before);
        buf_done(&after);
        world_done(&world);
    }
}

TEST(roster_that_reaches_behind_the_log_is_refused)
{
    struct world world = settled_world();

    world_shut(&world);
    CHECK_OK(file_remove(world.sys, WORLD_LOG "/00000001.log"));
    CHECK_ERR(ERR_CORRUPT, world_open(&world));
    world_done(&world);
}
