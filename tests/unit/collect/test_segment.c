/* test_segment.c - request bodies of Segment's API, and the examples of its specification.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/world.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sys.h"

#include <stdio.h>

static struct world new_world(void)
{
    struct world w = {.sys = sim_open(3)};

    CHECK_OK(world_create(&w));
    CHECK_OK(world_open(&w));
    return w;
}

TEST(segment_reads_single_calls)
{
    static const struct {
        const char *call, *body;
        enum event_type type;
    } cases[] = {
        {"track", "{\"event\":\"A\",\"userId\":\"u\"}", EVENT_TRACK},
        {"page", "{\"userId\":\"u\"}", EVENT_PAGE},
        {"screen", "{\"userId\":\"u\"}", EVENT_SCREEN},
        {"identify", "{\"userId\":\"u\"}", EVENT_IDENTIFY},
        {"group", "{\"userId\":\"u\"}", EVENT_GROUP},
        {"alias", "{\"userId\":\"u\",\"previousId\":\"p\"}", EVENT_ALIAS},
        {"page", "{\"userId\":\"u\",\"type\":\"track\"}", EVENT_PAGE}, /* the call decides */
    };
    struct world w = new_world();

    EACH_CASE(c, cases)
    {
        struct world_job job;

        CHECK_OK(world_job_open(&job));
        CHECK_OK(world_read(&w, str_of(c->call), str_of(c->body), &job));
        CHECK_INT(job.job.count, 1);
        CHECK(!job.job.events[0].message.is_misfit);
        CHECK_INT(job.job.events[0].message.type, c->type);
        world_job_close(&job);
    }
    world_done(&w);
}

TEST(segment_refuses_bodies_without_a_place_for_events)
{
    static const char *const cases[] = {"",
                                        "{",
                                        "7",
                                        "[]",
                                        "{}",
                                        "{\"batch\":7}",
                                        "{\"batch\":{\"type\":\"page\"}}",
                                        "{\"events\":[]}"};
    struct world w = new_world();

    EACH_CASE(c, cases)
    {
        struct world_job job;

        CHECK_OK(world_job_open(&job));
        CHECK_ERR(ERR_INVALID, world_read(&w, (str){NULL, 0}, str_of(*c), &job));
        world_job_close(&job);
    }
    world_done(&w);
}

TEST(segment_keeps_the_others_of_a_batch)
{
    struct world w = new_world();
    struct world_job job;

    CHECK_OK(world_job_open(&job));
    CHECK_OK(world_read(&w, (str){NULL, 0},
                        S("{\"batch\":[{\"type\":\"page\",\"userId\":\"u\"},7,"
                          "{\"type\":\"page\",\"userId\":\"v\",\"x\":1e999},"
                          "{\"type\":\"page\",\"userId\":\"w\"}]}"),
                        &job));
    CHECK_INT(job.job.count, 4);
    CHECK(!job.job.events[0].message.is_misfit && job.job.events[1].message.is_misfit);
    CHECK(job.job.events[2].message.is_misfit && !job.job.events[3].message.is_misfit);
    CHECK_OK(world_do(&w, &job));
    CHECK_INT(job.job.counts.stored, 2);
    CHECK_INT(job.job.counts.quarantined, 2);
    world_job_close(&job);
    CHECK_OK(world_job_open(&job));
    CHECK_OK(world_read(&w, (str){NULL, 0}, S("{\"batch\":[]}"), &job)); /* is fine */
    CHECK_OK(world_do(&w, &job));
    CHECK_INT(job.job.err, OK);
    world_job_close(&job);
    world_done(&w);
}

static str load_examples(void)
{
    struct sys *sys = sys_real();
    char path[4096];
    str text;

    snprintf(path, sizeof path, "%s/segment_spec/examples.json", test_data());
    CHECK(sys != NULL);
    CHECK_OK(file_load(sys, path, 1 << 20, test_mem, &text));
    return text;
}

/* How often each type was read, and how many have nothing to be told by or a bad time. */
struct tally {
    unsigned types[EVENT_ALIAS + 1];
    unsigned nameless;
    unsigned untimely;
};

static void tally_up(struct world *w, str call, str body, struct tally *tally)
{
    struct world_job job;

    CHECK_OK(world_job_open(&job));
    CHECK_OK(world_read(w, call, body, &job));
    for (size_t i = 0; i < job.job.count; i++) {
        const struct message *message = &job.job.events[i].message;

        if (!message->is_misfit)
            tally->types[message->type]++;
        else if (str_contains(message->reason, S("needs a \"userId\"")))
            tally->nameless++;
        else if (str_contains(message->reason, S("\"timestamp\" must be")))
            tally->untimely++;
        else
            CHECK_STR(message->reason, "");
    }
    world_job_close(&job);
}

TEST(segment_reads_the_examples_of_the_specification)
{
    str text = load_examples();
    struct json_reader *reader = json_reader_open();
    struct world w = new_world();
    struct tally tally = {0};
    unsigned raw = 0;
    struct json doc;

    CHECK_OK(json_parse_copy(reader, test_mem, text, &doc));
    EACH_ELEMENT(&doc, 0, example)
    {
        uint32_t body = json_find(&doc, example, S("json"));
        str call = {NULL, 0};

        if (body == JSON_ABSENT) { /* what the page shows is no JSON */
            raw++;
            continue;
        }
        if (json_find(&doc, body, S("batch")) == JSON_ABSENT) {
            bool says = json_find(&doc, body, S("type")) != JSON_ABSENT ||
                        json_find(&doc, body, S("action")) != JSON_ABSENT;
            struct buf batch = {0};

            if (says) { /* as one of a batch it says its type itself */
                buf_print(&batch, "{\"batch\":[%.*s]}", STR_ARG(json_raw(&doc, body)));
                tally_up(&w, call, buf_str(&batch), &tally);
            } else {
                tally_up(&w, S("identify"), json_raw(&doc, body), &tally);
            }
            buf_done(&batch);
        } else {
            tally_up(&w, call, json_raw(&doc, body), &tally);
        }
    }
    CHECK_INT(raw, 2);
    CHECK_INT(tally.types[EVENT_IDENTIFY], 3);
    CHECK_INT(tally.types[EVENT_TRACK], 37);
    CHECK_INT(tally.types[EVENT_PAGE], 1);
    CHECK_INT(tally.types[EVENT_SCREEN], 1);
    CHECK_INT(tally.types[EVENT_GROUP], 0);
    CHECK_INT(tally.types[EVENT_ALIAS], 1);
    CHECK_INT(tally.nameless, 2); /* a group and a page without an id */
    CHECK_INT(tally.untimely, 2); /* "2015-2-02" */
    json_reader_close(reader);
    world_done(&w);
}
