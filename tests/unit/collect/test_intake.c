/* test_intake.c - the one way into the log: stored once, answered when durable, joined as told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake.h"
#include "collect/quarantine.h"
#include "crash/world.h"
#include "people/identity.h"
#include "store/deletions.h"
#include "support/test.h"
#include "sys/file.h"

#include <stdio.h>
#include <string.h>

static struct world new_world(void)
{
    struct world w = {.sys = sim_open(5)};

    CHECK_OK(world_create(&w));
    CHECK_OK(world_open(&w));
    return w;
}

static void reopen(struct world *w)
{
    world_shut(w);
    CHECK_OK(world_open(w));
}

/* Sends a batch; the answer is OK. */
static struct intake_job send(struct world *w, const char *events)
{
    struct intake_job answer;
    struct world_job job;
    struct buf body = {0};

    CHECK_OK(world_job_open(&job));
    buf_print(&body, "{\"batch\":[%s]}", events);
    CHECK_OK(world_read(w, (str){NULL, 0}, buf_str(&body), &job));
    CHECK_OK(world_do(w, &job));
    CHECK(job.is_done);
    CHECK_INT(job.job.err, OK);
    answer = job.job;
    buf_done(&body);
    world_job_close(&job);
    return answer;
}

/* Asks for something that is not an event; returns the answer's error. */
static enum err ask(struct world *w, struct intake_job wanted, uint64_t *out_seq)
{
    struct world_job job;
    enum err err;

    CHECK_OK(world_job_open(&job));
    job.job.kind = wanted.kind;
    job.job.a = wanted.a;
    job.job.b = wanted.b;
    job.job.undone = wanted.undone;
    job.job.released = wanted.released;
    CHECK_OK(world_do(w, &job));
    CHECK(job.is_done);
    err = job.job.err;
    if (out_seq)
        *out_seq = job.job.seq;
    world_job_close(&job);
    return err;
}

static enum err merge(struct world *w, const char *a, const char *b, uint64_t *out_seq)
{
    return ask(w,
               (struct intake_job){.kind = INTAKE_MERGE,
                                   .a = intake_name(w->intake, str_of(a)),
                                   .b = intake_name(w->intake, str_of(b))},
               out_seq);
}

static enum err undo(struct world *w, uint64_t seq)
{
    return ask(w, (struct intake_job){.kind = INTAKE_UNDO, .undone = seq}, NULL);
}

static unsigned count_events(struct world *w)
{
    struct log_reader *reader;
    struct log_record record;
    unsigned count = 0;
    enum err err;

    CHECK_OK(log_reader_open(w->log, 1, LOG_PLAIN, &reader));
    while ((err = log_reader_next(reader, &record)) == OK)
        count += record.kind == RECORD_EVENTS ? record.count : 0;
    CHECK_INT(err, ERR_ABSENT);
    log_reader_close(reader);
    return count;
}

TEST(intake_stores_events_with_all_that_was_told)
{
    struct world w = new_world();
    struct log_reader *reader;
    struct log_record record;
    struct record_events it;
    struct record_event event;
    struct intake_job got =
        send(&w, "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"anonymousId\":\"d\","
                 "\"messageId\":\"m\",\"timestamp\":\"2026-01-01T00:00:00Z\"},"
                 "{\"type\":\"page\",\"anonymousId\":\"d\"}");

    CHECK_INT(got.counts.received, 2);
    CHECK_INT(got.counts.stored, 2);
    CHECK_INT(got.seq, 4); /* behind two nodes and their join */
    CHECK_OK(log_reader_open(w.log, got.seq, LOG_PLAIN, &reader));
    CHECK_OK(log_reader_next(reader, &record));
    CHECK_INT(record.kind, RECORD_EVENTS);
    CHECK_OK(record_events_start(&it, record.clear, record.payload));
    CHECK(record_events_next(&it, &event));
    CHECK_INT(event.type, EVENT_TRACK);
    CHECK_INT(event.time, INT64_C(1767225600000));
    CHECK_INT(it.received, INT64_C(1767225600000));
    CHECK_INT(record.node, 2); /* the device came first */
    CHECK_INT(event.anonymous, 1);
    CHECK(str_contains(event.json, S("\"messageId\":\"m\"")));
    CHECK_OK(log_reader_next(reader, &record)); /* of another node: a record of its own */
    CHECK_INT(record.seq, 5);
    CHECK_INT(record.node, 1);
    log_reader_close(reader);
    world_done(&w);
}

#define PAGE(id, more) "{\"type\":\"page\",\"userId\":\"u\",\"messageId\":\"" id "\"" more "}"

TEST(intake_stores_a_message_id_once)
{
    static const struct {
        const char *events;
        uint64_t stored, duplicates, conflicts;
    } cases[] = {
        {PAGE("a", ""), 1, 0, 0},
        {PAGE("a", ""), 0, 1, 0},
        {PAGE("a", ",\"x\":1"), 0, 0, 1},
        {PAGE("b", "") "," PAGE("b", "") "," PAGE("c", "") "," PAGE("b", ",\"x\":1"), 2, 1, 1},
        {PAGE("a", ",\"sentAt\":\"2026-01-01T00:00:00Z\""), 0, 1, 0}, /* a retry */
        {PAGE("", "") "," PAGE("", ""), 2, 0, 0}, /* no id: told apart by nothing */
    };

    for (int other = 0; other < 3; other++) { /* at once, after a restart, after a freeze */
        struct world w = new_world();
        struct intake_counts total;
        unsigned stored = 0;

        EACH_CASE(c, cases)
        {
            struct intake_job got = send(&w, c->events);

            CHECK_INT(got.counts.stored, c->stored);
            CHECK_INT(got.counts.duplicates, c->duplicates);
            CHECK_INT(got.counts.conflicts, c->conflicts);
            stored += (unsigned)c->stored;
            CHECK_INT(count_events(&w), stored);
            if (other == 1)
                reopen(&w);
            if (other == 2) {
                sim_advance(w.sys, 25 * MILLIS_HOUR);
                for (int i = 0; i < 5; i++)
                    CHECK_OK(intake_step(w.intake, 0));
                CHECK(seen_covered_seq(w.seen) > 1);
            }
        }
        intake_counts_read(w.intake, &total);
        CHECK_INT(total.stored, other == 1 ? 0 : stored); /* since the start */
        world_done(&w);
    }
}

TEST(intake_forgets_message_ids_after_seven_days)
{
    struct world w = new_world();

    CHECK_INT(send(&w, PAGE("a", "")).counts.stored, 1);
    sim_advance(w.sys, 7 * MILLIS_DAY - 1);
    CHECK_INT(send(&w, PAGE("a", "")).counts.duplicates, 1);
    sim_advance(w.sys, 2);
    CHECK_INT(send(&w, PAGE("a", "")).counts.stored, 1);
    world_done(&w);
}

#define UNFIT "{\"type\":\"track\",\"userId\":\"u\",\"messageId\":\"q\"}"
#define MENDED "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"messageId\":\"q\"}"

static enum err mend(struct world *w, uint64_t seq, const char *event)
{
    struct world_job job;
    struct buf body = {0};
    enum err err;

    CHECK_OK(world_job_open(&job));
    buf_print(&body, "{\"batch\":[%s]}", event);
    CHECK_OK(world_read(w, (str){NULL, 0}, buf_str(&body), &job));
    job.job.released = seq;
    CHECK_OK(world_do(w, &job));
    err = job.job.err;
    buf_done(&body);
    world_job_close(&job);
    return err;
}

TEST(intake_keeps_unfit_events_in_quarantine_once)
{
    for (int restart = 0; restart < 2; restart++) {
        struct world w = new_world();
        struct quarantine_page page;
        struct log_reader *reader;
        struct log_record record;
        struct record_quarantine entry;

        CHECK_INT(send(&w, UNFIT).counts.quarantined, 1);
        if (restart)
            reopen(&w);
        CHECK_INT(send(&w, UNFIT).counts.duplicates, 1);
        CHECK_OK(quarantine_list(intake_quarantine(w.intake), test_mem, 0, 10, &page));
        CHECK_INT(page.count, 1);
        CHECK_OK(log_reader_open(w.log, page.entries[0].seq, LOG_PLAIN, &reader));
        CHECK_OK(log_reader_next(reader, &record));
        CHECK_OK(record_read_quarantine(record.clear, record.payload, &entry));
        CHECK_STR(entry.body, UNFIT);
        CHECK_STR(entry.reason, "\"event\" must be the event's name, a string");
        log_reader_close(reader);
        CHECK_INT(identity_count(w.identity), 0); /* makes nobody */
        world_done(&w);
    }
}

TEST(intake_releases_what_was_mended_or_dismissed)
{
    struct world w = new_world();
    struct intake_job gone = {.kind = INTAKE_DISMISS};

    send(&w, UNFIT ",7");
    CHECK_ERR(ERR_INVALID, mend(&w, 1, UNFIT)); /* as unfit as before: it stays */
    CHECK_ERR(ERR_ABSENT, mend(&w, 9, MENDED));
    CHECK_INT(quarantine_count(intake_quarantine(w.intake)), 2);
    CHECK_OK(mend(&w, 1, MENDED));
    CHECK_ERR(ERR_ABSENT, mend(&w, 1, MENDED));
    CHECK_INT(count_events(&w), 1);
    gone.released = 2;
    CHECK_OK(ask(&w, gone, NULL));
    CHECK_ERR(ERR_ABSENT, ask(&w, gone, NULL));
    CHECK_INT(quarantine_count(intake_quarantine(w.intake)), 0);
    reopen(&w);
    CHECK_INT(quarantine_count(intake_quarantine(w.intake)), 0);
    world_done(&w);
}

/* The person of a name: "u..." is a user, "d..." a device. */
static node_id person(const struct world *w, const char *name)
{
    struct intake_name hashes = intake_name(w->intake, str_of(name));
    node_id node = name[0] == 'u' ? identity_find(w->identity, NODE_USER, hashes.user)
                                  : identity_find(w->identity, NODE_ANONYMOUS, hashes.anonymous);

    return node ? identity_person(w->identity, node) : 0;
}

#define BOTH(user, device)                                                                         \
    "{\"type\":\"identify\",\"userId\":\"" user "\",\"anonymousId\":\"" device "\"}"
#define USER(user) "{\"type\":\"page\",\"userId\":\"" user "\"}"
#define DEVICE(device) "{\"type\":\"page\",\"anonymousId\":\"" device "\"}"
#define ALIAS(user, previous)                                                                      \
    "{\"type\":\"alias\",\"userId\":\"" user "\",\"previousId\":\"" previous "\"}"

TEST(intake_joins_as_events_tell)
{
    static const struct {
        const char *events;
        const char *same[3][2];
        const char *apart[3][2];
    } cases[] = {
        {DEVICE("d1") "," BOTH("u1", "d1"), {{"u1", "d1"}}, {{NULL}}},
        {USER("u1") "," DEVICE("d1"), {{NULL}}, {{"u1", "d1"}}},
        /* The first user a device meets keeps it. */
        {BOTH("u1", "d1") "," BOTH("u2", "d1"), {{"u1", "d1"}}, {{"u2", "d1"}, {"u1", "u2"}}},
        {BOTH("u1", "d1") "," BOTH("u1", "d2"), {{"u1", "d1"}, {"d1", "d2"}}, {{NULL}}},
        {USER("u1") "," ALIAS("u2", "u1"), {{"u1", "u2"}}, {{NULL}}},
        {DEVICE("d1") "," ALIAS("u1", "d1"), {{"u1", "d1"}}, {{NULL}}},
        {BOTH("u1", "d1") "," ALIAS("u2", "d1"), {{"u1", "d1"}}, {{"u2", "d1"}}},
        {ALIAS("u1", "d1") "," BOTH("u2", "d1"), {{"u1", "d1"}}, {{"u2", "d1"}}},
        {ALIAS("u1", "u1"), {{NULL}}, {{NULL}}},
        {BOTH("u1", "d1") "," BOTH("u2", "d2") "," ALIAS("u1", "u2"),
         {{"d1", "d2"}, {"u1", "u2"}},
         {{NULL}}},
    };

    EACH_CASE(c, cases)
    {
        for (int restart = 0; restart < 2; restart++) {
            struct world w = new_world();

            send(&w, c->events);
            if (restart)
                reopen(&w);
            for (int i = 0; i < 3 && c->same[i][0]; i++) {
                CHECK(person(&w, c->same[i][0]) != 0);
                CHECK_INT(person(&w, c->same[i][0]), person(&w, c->same[i][1]));
            }
            for (int i = 0; i < 3 && c->apart[i][0]; i++)
                CHECK(person(&w, c->apart[i][0]) != person(&w, c->apart[i][1]));
            world_done(&w);
        }
    }
}

TEST(intake_merges_and_takes_merges_back)
{
    struct world w = new_world();
    uint64_t first, second;

    send(&w, USER("u1") "," USER("u2") "," BOTH("u3", "d3"));
    CHECK_ERR(ERR_ABSENT, merge(&w, "u1", "u9", NULL));
    CHECK_OK(merge(&w, "u1", "u2", &first));
    CHECK_ERR(ERR_CONFLICT, merge(&w, "u2", "u1", NULL));
    CHECK_OK(merge(&w, "u2", "d3", &second));
    CHECK_INT(person(&w, "u3"), person(&w, "u1"));
    CHECK_ERR(ERR_ABSENT, undo(&w, second + 100));
    CHECK_OK(undo(&w, first));
    CHECK_ERR(ERR_CONFLICT, undo(&w, first));
    for (int restart = 0; restart < 2; restart++) {
        CHECK(person(&w, "u1") != person(&w, "u2"));
        CHECK_INT(person(&w, "u2"), person(&w, "u3"));
        reopen(&w);
    }
    CHECK_ERR(ERR_CONFLICT, undo(&w, first));
    world_done(&w);
}

static void read_many(struct world *w, unsigned count, struct world_job *job)
{
    struct buf body = {0};

    CHECK_OK(world_job_open(job));
    buf_add(&body, S("{\"batch\":["));
    for (unsigned i = 0; i < count; i++)
        buf_print(&body, "%s{\"type\":\"page\",\"userId\":\"u%u\",\"messageId\":\"m%u\"}",
                  i ? "," : "", i % 50, i);
    buf_add(&body, S("]}"));
    CHECK_OK(world_read(w, (str){NULL, 0}, buf_str(&body), job));
    buf_done(&body);
}

TEST(intake_takes_a_job_larger_than_a_group)
{
    struct world w = new_world();
    struct world_job job;
    struct log_stats stats;

    read_many(&w, 2000, &job);
    CHECK_OK(world_do(&w, &job));
    CHECK(job.is_done);
    CHECK_INT(job.job.err, OK);
    CHECK_INT(job.job.counts.stored, 2000);
    CHECK_INT(job.job.seq, 2); /* behind its node */
    log_stats_read(w.log, &stats);
    CHECK(stats.groups > 10);
    reopen(&w);
    CHECK_INT(count_events(&w), 2000);
    world_job_close(&job);
    world_done(&w);
}

TEST(intake_syncs_waiting_jobs_together)
{
    struct world w = new_world();
    struct world_job jobs[5];
    struct log_stats stats;

    for (unsigned i = 0; i < 5; i++) {
        char text[100];

        CHECK_OK(world_job_open(&jobs[i]));
        snprintf(text, sizeof text, "{\"userId\":\"u\",\"messageId\":\"m%u\"}", i % 4);
        CHECK_OK(world_read(&w, S("page"), str_of(text), &jobs[i]));
        CHECK_OK(intake_post(w.intake, &jobs[i].job));
        CHECK(!jobs[i].is_done);
    }
    CHECK_OK(intake_step(w.intake, 0));
    log_stats_read(w.log, &stats);
    CHECK_INT(stats.groups, 1);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(jobs[i].is_done);
        CHECK_INT(jobs[i].job.counts.stored, i < 4);
        world_job_close(&jobs[i]);
    }
    world_done(&w);
}

TEST(intake_is_busy_when_too_much_waits)
{
    struct world w = {.sys = sim_open(5), .queue_bytes = 10000};
    struct world_job small, large;

    CHECK_OK(world_create(&w));
    CHECK_OK(world_open(&w));
    read_many(&w, 1, &small);
    read_many(&w, 100, &large);
    CHECK_ERR(ERR_BUSY, intake_post(w.intake, &large.job));
    CHECK_OK(intake_post(w.intake, &small.job));
    world_shut(&w); /* what still waits is answered */
    CHECK(small.is_done && !large.is_done);
    CHECK_INT(small.job.err, ERR_IO);
    world_job_close(&small);
    world_job_close(&large);
    world_done(&w);
}

TEST(intake_refuses_when_the_disk_is_full_and_heals)
{
    struct world w = new_world();
    struct world_job job;
    unsigned stored = 0;

    sim_set_room(w.sys, 1);
    for (unsigned i = 0; !intake_is_full(w.intake) && i < 100; i++) {
        read_many(&w, 2000, &job); /* more than a segment */
        CHECK_OK(world_do(&w, &job));
        world_job_close(&job);
    }
    CHECK(intake_is_full(w.intake));
    read_many(&w, 2000, &job);
    CHECK_OK(world_do(&w, &job)); /* the process lives */
    CHECK_INT(job.job.err, ERR_FULL);
    CHECK(job.job.reason[0] != 0);
    world_job_close(&job);
    stored = count_events(&w); /* and reads */
    CHECK(stored > 0 && stored < 2000);
    sim_set_room(w.sys, 0);
    read_many(&w, 2000, &job);
    CHECK_OK(world_do(&w, &job));
    CHECK_INT(job.job.err, OK);
    CHECK_INT(job.job.counts.stored + stored, 2000);
    CHECK(!intake_is_full(w.intake));
    CHECK_INT(count_events(&w), 2000);
    world_job_close(&job);
    world_done(&w);
}

TEST(intake_stops_after_a_failed_sync_and_acknowledges_nothing)
{
    struct world w = new_world();
    struct world_job jobs[2];

    for (int i = 0; i < 2; i++) {
        read_many(&w, i ? 500 : 3, &jobs[i]);
        CHECK_OK(intake_post(w.intake, &jobs[i].job));
    }
    sim_fail_at(w.sys, sim_operations(w.sys) + 2, SIM_EIO);
    CHECK_ERR(ERR_IO, intake_step(w.intake, 0));
    for (int i = 0; i < 2; i++) {
        CHECK(jobs[i].is_done);
        CHECK_INT(jobs[i].job.err, ERR_IO);
        world_job_close(&jobs[i]);
    }
    read_many(&w, 3, &jobs[0]);
    CHECK_ERR(ERR_IO, intake_post(w.intake, &jobs[0].job));
    world_job_close(&jobs[0]);
    world_done(&w);
}

TEST(intake_refuses_a_log_of_a_newer_program)
{
    struct world w = new_world();
    struct log_entry entry = {(enum record_kind)99, 0, 1, S("x"), {NULL, 0}};

    CHECK_OK(log_begin(w.log, 10, 1, 1));
    log_add(w.log, &entry);
    CHECK_OK(log_commit(w.log));
    world_shut(&w);
    CHECK_ERR(ERR_CONFLICT, world_open(&w));
    world_done(&w);
}

TEST(intake_notices_that_the_end_of_the_log_is_gone)
{
    struct world w = new_world();
    struct world_job job;

    read_many(&w, 2000, &job);
    CHECK_OK(world_do(&w, &job));
    world_job_close(&job);
    sim_advance(w.sys, 25 * MILLIS_HOUR);
    for (int i = 0; i < 20; i++)
        CHECK_OK(intake_step(w.intake, 0));
    CHECK(seen_covered_seq(w.seen) > 2000);
    world_shut(&w);
    for (unsigned i = 2; i < 100; i++) {
        char path[64];

        snprintf(path, sizeof path, WORLD_LOG "/%08u.log", i);
        if (file_exists(w.sys, path))
            CHECK_OK(file_remove(w.sys, path));
    }
    CHECK_ERR(ERR_CORRUPT, world_open(&w));
    CHECK(str_contains(str_of(err_text()), S("its end is missing")));
    world_done(&w);
}

static struct deleted *set_of(uint64_t from, uint64_t to)
{
    struct deleted *set;

    CHECK_OK(deleted_open(&set));
    CHECK_OK(deleted_add(set, from, to));
    return set;
}

TEST(intake_deletes_between_other_jobs_of_the_same_step)
{
    struct world w = new_world();
    struct world_job jobs[3];
    static const char *const bodies[] = {
        "{\"batch\":[{\"messageId\":\"1\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"}]}",
        NULL,
        "{\"batch\":[{\"messageId\":\"2\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"}]}",
    };

    for (size_t i = 0; i < 3; i++) {
        CHECK_OK(world_job_open(&jobs[i]));
        if (bodies[i])
            CHECK_OK(world_read(&w, (str){NULL, 0}, str_of(bodies[i]), &jobs[i]));
        else
            jobs[i].job.kind = INTAKE_DELETE;
    }
    jobs[1].job.found = set_of(2, 3); /* of the first job: 1 is the node */
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(intake_post(w.intake, &jobs[i].job));
    CHECK_OK(intake_step(w.intake, 0));
    for (size_t i = 0; i < 3; i++)
        CHECK(jobs[i].is_done && !jobs[i].job.err);
    CHECK_INT(jobs[1].job.deleted, 1);
    CHECK_INT(jobs[1].job.seq, 4);
    CHECK(deletions_has(w.deletions, 2) && !deletions_has(w.deletions, 4));
    CHECK_INT(jobs[2].job.seq, 4);
    deleted_close(jobs[1].job.found);
    for (size_t i = 0; i < 3; i++)
        world_job_close(&jobs[i]);
    world_done(&w);
}

TEST(intake_knows_deletions_that_the_file_of_persons_tells)
{
    struct world w = {.sys = sim_open(5), .settle_events = 2};
    struct world_job job;

    CHECK_OK(world_create(&w));
    CHECK_OK(world_open(&w));
    send(&w, "{\"messageId\":\"1\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"}");
    CHECK_OK(world_job_open(&job));
    job.job.kind = INTAKE_DELETE;
    job.job.found = set_of(2, 3);
    CHECK_OK(world_do(&w, &job));
    CHECK_INT(job.job.err, OK);
    deleted_close(job.job.found);
    world_job_close(&job);
    send(&w, "{\"messageId\":\"2\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"},"
             "{\"messageId\":\"3\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"}");
    CHECK_OK(world_fold(&w));
    CHECK(roster_next_seq(w.roster) > 3);
    reopen(&w);
    CHECK(deletions_has(w.deletions, 2) && !deletions_has(w.deletions, 4));
    CHECK_INT(deletions_count(w.deletions, 0, UINT64_MAX), 1);
    world_done(&w);
}

TEST(intake_revises_verdicts_and_knows_them_after_a_start)
{
    struct world w = {.sys = sim_open(5), .settle_events = 2};
    struct world_job job;

    CHECK_OK(world_create(&w));
    CHECK_OK(world_open(&w));
    send(&w, "{\"messageId\":\"1\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"}");
    CHECK_OK(world_job_open(&job));
    job.job.kind = INTAKE_REVISE;
    job.job.verdict = VERDICT_MACHINE;
    job.job.found = set_of(2, 3); /* 1 is the node */
    CHECK_OK(world_do(&w, &job));
    CHECK_INT(job.job.err, OK);
    CHECK_INT(job.job.seq, 4);
    deleted_close(job.job.found);
    world_job_close(&job);
    CHECK_INT(verdicts_find(w.verdicts, 2), VERDICT_MACHINE);
    reopen(&w); /* by the log */
    CHECK_INT(verdicts_find(w.verdicts, 2), VERDICT_MACHINE);
    send(&w, "{\"messageId\":\"2\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"},"
             "{\"messageId\":\"3\",\"event\":\"E\",\"type\":\"track\",\"userId\":\"u\"}");
    CHECK_OK(world_fold(&w));
    CHECK(roster_next_seq(w.roster) > 3);
    reopen(&w); /* by the file of persons */
    CHECK_INT(verdicts_find(w.verdicts, 2), VERDICT_MACHINE);
    CHECK_INT(verdicts_find(w.verdicts, 4), VERDICT_UNREVISED);
    world_done(&w);
}
