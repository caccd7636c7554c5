/* test_replay.c - events out of quarantine: chosen, mended, stored once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/replay.h"

#include "collect/intake.h"
#include "collect/quarantine.h"
#include "collect/quarantine_look.h"
#include "crash/world.h"
#include "store/log_pick.h"
#include "support/test.h"

struct desk {
    struct world w;
    struct log_picker *picker;
    struct replay *replay;
};

static void send(struct desk *desk, str body)
{
    struct world_job job;

    CHECK_OK(world_job_open(&job));
    CHECK_OK(world_read(&desk->w, (str){NULL, 0}, body, &job));
    CHECK_OK(world_do(&desk->w, &job));
    CHECK_INT(job.job.err, OK);
    world_job_close(&job);
}

/* A good event, and `misfits` without a good time, of two names. */
static struct desk open_desk(int misfits)
{
    struct desk desk = {.w = {.sys = sim_open(7), .group_bytes = 1 << 20}};
    struct replay_stock stock;

    CHECK_OK(world_create(&desk.w));
    CHECK_OK(world_open(&desk.w));
    send(&desk, S("{\"batch\":[{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\"}]}"));
    for (int i = 0; i < misfits; i++)
        send(&desk, arena_print(test_mem,
                                "{\"batch\":[{\"type\":\"track\",\"event\":\"%c\",\"userId\":\"u\","
                                "\"timestamp\":\"x%d\"}]}",
                                i % 2 ? 'B' : 'A', i));
    CHECK_OK(log_picker_open(desk.w.log, &desk.picker));
    stock = (struct replay_stock){desk.w.sys, desk.picker, desk.w.intake};
    CHECK_OK(replay_open(&stock, &desk.replay));
    return desk;
}

static void close_desk(struct desk *desk)
{
    replay_close(desk->replay);
    log_picker_close(desk->picker);
    world_done(&desk->w);
}

static enum err begin(struct desk *desk, const char *request)
{
    struct json doc;

    CHECK_OK(json_parse_copy(desk->w.json, test_mem, str_of(request), &doc));
    return replay_begin(desk->replay, &doc, 0);
}

/* Does the log writer's work until the replay is over; what it tells. */
static struct json finish(struct desk *desk)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct json doc;

    while (!replay_wait(desk->replay, 0))
        CHECK_OK(intake_step(desk->w.intake, 1));
    CHECK_OK(replay_write(desk->replay, &w));
    CHECK_OK(json_parse_copy(desk->w.json, test_mem, buf_str(&out), &doc));
    buf_done(&out);
    return doc;
}

static int64_t number(const struct json *doc, str name)
{
    int64_t got = -1;

    CHECK(json_to_i64(doc, json_find(doc, 0, name), &got));
    return got;
}

TEST(replay_takes_what_was_asked_for)
{
    static const struct {
        const char *request;
        int matched, replayed, failed;
    } cases[] = {
        {"{\"all\":true}", 7, 0, 7},
        {"{\"event\":\"B\",\"map\":{\"remove\":[\"timestamp\"]}}", 3, 3, 0},
        {"{\"event\":\"B\",\"map\":{\"remove\":[\"timestamp\"]}}", 0, 0, 0},
        {"{\"all\":true,\"map\":{\"remove\":[\"timestamp\"]},\"dry_run\":true}", 4, 4, 0},
        {"{\"reason\":\"other\"}", 0, 0, 0},
        {"{\"event\":\"A\",\"map\":{\"set\":{\"event\":\"\"}}}", 4, 0, 4},
        {"{\"seqs\":[999,5,4],\"map\":{\"remove\":[\"timestamp\"]}}", 1, 1, 0},
        {"{\"all\":true,\"map\":{\"set\":{\"timestamp\":\"2026-01-01T00:00:00Z\"}}}", 3, 3, 0},
    };
    struct desk desk = open_desk(7);

    EACH_CASE(c, cases)
    {
        struct json told;

        CHECK_OK(begin(&desk, c->request));
        told = finish(&desk);
        CHECK(json_is_string(&told, json_find(&told, 0, S("state")), S("done")));
        if (number(&told, S("matched")) != c->matched ||
            number(&told, S("replayed")) != c->replayed || number(&told, S("failed")) != c->failed)
            fail_msg("%s gave %.*s", c->request, STR_ARG(json_raw(&told, 0)));
    }
    CHECK_INT(quarantine_count(intake_quarantine(desk.w.intake)), 0);
    close_desk(&desk);
}

TEST(replay_goes_on_where_it_was_stopped)
{
    struct desk desk = open_desk(200);
    struct intake_counts counts;
    struct json told;
    int rounds = 0;

    CHECK_ERR(ERR_ABSENT, replay_stop(desk.replay));
    CHECK_ERR(ERR_CONFLICT, replay_resume(desk.replay));
    CHECK_OK(begin(&desk, "{\"all\":true,\"map\":{\"remove\":[\"timestamp\"]}}"));
    for (;; rounds++) {
        enum err err = replay_stop(desk.replay);

        CHECK(err == OK || err == ERR_ABSENT);
        told = finish(&desk);
        if (json_is_string(&told, json_find(&told, 0, S("state")), S("done")))
            break;
        CHECK(rounds < 50);
        CHECK_OK(replay_resume(desk.replay));
        for (int i = 0; i < 20 && !replay_wait(desk.replay, 0); i++)
            CHECK_OK(intake_step(desk.w.intake, 1));
    }
    CHECK_INT(number(&told, S("replayed")), 200);
    CHECK_INT(quarantine_count(intake_quarantine(desk.w.intake)), 0);
    intake_counts_read(desk.w.intake, &counts);
    CHECK_INT(counts.received, 201);
    CHECK_INT(counts.stored, 1);
    CHECK_INT(counts.quarantined, 200);
    CHECK_INT(counts.replayed, 200);
    close_desk(&desk);
}

TEST(replay_refuses_what_says_not_what)
{
    static const char *const requests[] = {
        "{}",
        "{\"map\":{}}",
        "{\"all\":false}",
        "{\"all\":1}",
        "{\"seqs\":7}",
        "{\"seqs\":[-1]}",
        "{\"event\":7}",
        "{\"all\":true,\"map\":7}",
        "{\"all\":true,\"more\":7}",
    };
    struct desk desk = open_desk(1);

    EACH_CASE(request, requests)
    CHECK_ERR(ERR_INVALID, begin(&desk, *request));
    CHECK_OK(begin(&desk, "{\"all\":true}"));
    CHECK_ERR(ERR_CONFLICT, begin(&desk, "{\"all\":true}"));
    (void)finish(&desk);
    close_desk(&desk);
}

TEST(replay_dismisses_without_an_event)
{
    struct desk desk = open_desk(130);
    struct intake_counts counts;
    struct json doc, told;

    CHECK_OK(json_parse_copy(desk.w.json, test_mem, S("{\"event\":\"A\"}"), &doc));
    CHECK_OK(replay_dismiss(desk.replay, &doc, 0));
    told = finish(&desk);
    CHECK_INT(number(&told, S("dismissed")), 65);
    CHECK_INT(quarantine_count(intake_quarantine(desk.w.intake)), 65);
    intake_counts_read(desk.w.intake, &counts);
    CHECK_INT(counts.dismissed, 65);
    CHECK_INT(counts.stored, 1);
    CHECK_OK(json_parse_copy(desk.w.json, test_mem, S("{\"all\":true,\"map\":{}}"), &doc));
    CHECK_ERR(ERR_INVALID, replay_dismiss(desk.replay, &doc, 0));
    close_desk(&desk);
}

static bool goes_on(void *argument)
{
    (void)argument;
    return false;
}

TEST(quarantine_is_summed_up_by_event_and_reason)
{
    struct desk desk = open_desk(601); /* more than a page */
    struct quarantine_summary sum;

    send(&desk, S("{\"batch\":[7,{\"type\":\"page\"},{\"event\":1,\"userId\":\"u\"}]}"));
    CHECK_OK(quarantine_look_sum(intake_quarantine(desk.w.intake), desk.picker, goes_on, NULL,
                                 test_mem, &sum));
    CHECK_INT(sum.total, 604);
    CHECK_INT(sum.count, 5);
    CHECK_INT(sum.others, 0);
    CHECK_STR(sum.groups[0].event, "A");
    CHECK_INT(sum.groups[0].count, 301);
    CHECK_STR(sum.groups[1].event, "B");
    CHECK_INT(sum.groups[1].count, 300);
    CHECK(sum.groups[0].first_seq < sum.groups[1].first_seq);
    CHECK(sum.groups[2].event.data == NULL);
    CHECK_STR(sum.groups[2].reason, "an event must be a JSON object");
    CHECK_STR(sum.groups[3].event, "page");
    CHECK(sum.groups[4].event.data == NULL);
    close_desk(&desk);
}
