/* test_plan_book.c - plans kept, found by an event's name, and what becomes of events by them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/plan_book.h"

#include "base/mem.h"
#include "collect/message.h"
#include "store/catalog.h"
#include "support/test.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/thread.h"

#include <string.h>

struct world {
    struct sys *sys;
    struct catalog *catalog;
    struct plan_book *book;
    struct json_reader *reader;
};

static void reopen(struct world *w)
{
    plan_book_close(w->book);
    catalog_close(w->catalog);
    CHECK_OK(catalog_open(w->sys, "catalog.db", &w->catalog));
    CHECK_OK(plan_book_open(w->sys, w->catalog, &w->book));
}

static struct world open_world(void)
{
    struct world w = {.sys = sim_open(3), .reader = json_reader_open()};

    reopen(&w);
    return w;
}

static void close_world(struct world *w)
{
    plan_book_close(w->book);
    catalog_close(w->catalog);
    json_reader_close(w->reader);
    sim_close(w->sys);
}

static enum err put(struct world *w, const char *name, const char *plan)
{
    struct json doc;

    CHECK_OK(json_parse_copy(w->reader, test_mem, str_of(plan), &doc));
    return plan_book_put(w->book, str_of(name), &doc, 0);
}

static struct message judge(struct world *w, const char *text)
{
    struct message_setting setting = {.received = 1000, .context = JSON_ABSENT};
    struct message message;
    struct json doc;

    CHECK_OK(json_parse_copy(w->reader, test_mem, str_of(text), &doc));
    CHECK_OK(message_read(&doc, 0, &setting, test_mem, &message));
    CHECK(!message.is_misfit);
    CHECK_OK(plan_book_judge(w->book, &doc, 0, test_mem, &message));
    return message;
}

#define NEEDS_A "{\"schema\":{\"required\":[\"a\"]}}"
#define AT "\"userId\":\"u\",\"timestamp\":\"1970-01-01T00:00:01Z\""

TEST(plan_book_finds_the_plan_by_name_and_call)
{
    static const struct {
        const char *event;
        bool fits;
    } cases[] = {
        {"{\"type\":\"track\",\"event\":\"E\"," AT "}", false},
        {"{\"type\":\"track\",\"event\":\"\\u0045\"," AT "}", false},
        {"{\"type\":\"track\",\"event\":\"E\"," AT ",\"properties\":{\"a\":0}}", true},
        {"{\"type\":\"track\",\"event\":\"E\"," AT ",\"traits\":{\"a\":0}}", false},
        {"{\"type\":\"track\",\"event\":\"e\"," AT "}", true},
        {"{\"type\":\"page\"," AT "}", false},
        {"{\"type\":\"page\"," AT ",\"properties\":{\"a\":0}}", true},
        {"{\"type\":\"track\",\"event\":\"page\"," AT "}", false}, /* as a question for it */
        {"{\"type\":\"screen\"," AT "}", true},
        {"{\"type\":\"identify\"," AT ",\"properties\":{\"a\":0}}", false},
        {"{\"type\":\"identify\"," AT ",\"traits\":{\"a\":0}}", true},
        {"{\"type\":\"group\"," AT "}", false},
        {"{\"type\":\"group\"," AT ",\"traits\":{\"a\":0}}", true},
        {"{\"type\":\"alias\",\"previousId\":\"p\"," AT "}", true},
    };
    struct world w = open_world();

    EACH_CASE(c, cases) /* without plans nothing is held against anything */
    CHECK(!judge(&w, c->event).is_misfit);
    for (int round = 0; round < 2; round++) {
        if (!round) {
            CHECK_OK(put(&w, "E", NEEDS_A));
            CHECK_OK(put(&w, "page", NEEDS_A));
            CHECK_OK(put(&w, "identify", NEEDS_A));
            CHECK_OK(put(&w, "group", NEEDS_A));
        }
        EACH_CASE(c, cases)
        {
            struct message got = judge(&w, c->event);

            if (got.is_misfit == c->fits || got.breaks_plan == c->fits)
                fail_msg("%s", c->event);
        }
        reopen(&w);
    }
    close_world(&w);
}

TEST(plan_book_completes_what_has_to_wait)
{
    struct world w = open_world();
    struct message got;

    CHECK_OK(put(&w, "E", NEEDS_A));
    got = judge(&w, "{\"type\":\"track\",\"event\":\"E\"," AT ",\"messageId\":\"m\"}");
    CHECK_STR(got.json, "{\"type\":\"track\",\"event\":\"E\"," AT ",\"messageId\":\"m\"}");
    CHECK_STR(got.reason, "\"E\" breaks its plan: \"a\" is missing (rule required): send it");
    CHECK_STR(got.message_id, "m");
    got = judge(&w, "{\"event\":\"E\",\"userId\":\"u\"}"); /* neither call nor time */
    CHECK_STR(got.json,
              "{\"event\":\"E\",\"userId\":\"u\",\"timestamp\":\"1970-01-01T00:00:01.000Z\","
              "\"type\":\"track\"}");
    got = judge(&w, "{\"event\":\"E\",\"userId\":\"u\",\"timestamp\":\"1970-01-01T00:01:00Z\","
                    "\"sentAt\":\"1970-01-01T00:01:00Z\",\"type\":\"track\"}");
    CHECK(str_ends(got.json, S(",\"timestamp\":\"1970-01-01T00:00:01.000Z\"}")));
    close_world(&w);
}

TEST(plan_book_treats_unplanned_events_as_told)
{
    struct world w = open_world();
    const char *event = "{\"type\":\"track\",\"event\":\"X\"," AT "}";
    struct plan_look look;

    CHECK_OK(plan_book_set_unplanned(w.book, PLAN_UNPLANNED_QUARANTINE));
    CHECK(judge(&w, event).is_misfit);
    CHECK(!judge(&w, "{\"type\":\"page\"," AT "}").is_misfit); /* calls need no plan */
    reopen(&w);
    CHECK(judge(&w, event).is_misfit);
    CHECK_OK(plan_book_set_unplanned(w.book, PLAN_UNPLANNED_WATCH));
    CHECK(!judge(&w, event).is_misfit);
    look = plan_book_begin(w.book);
    CHECK_INT(look.unplanned, PLAN_UNPLANNED_WATCH);
    CHECK_INT(look.unplanned_count, 2);
    plan_book_end(w.book);
    CHECK_OK(plan_book_set_unplanned(w.book, PLAN_UNPLANNED_KEEP));
    CHECK(!judge(&w, event).is_misfit);
    close_world(&w);
}

TEST(plan_book_replaces_and_removes)
{
    struct world w = open_world();
    struct plan_look look;
    const struct plan_entry *entry;

    CHECK_OK(put(&w, "E",
                 "{\"schema\":{ \"required\":[\"a\"]},\"mode\":\"watch\",\"description\":\"d\"}"));
    CHECK_OK(put(&w, "B", NEEDS_A));
    CHECK(!judge(&w, "{\"type\":\"track\",\"event\":\"E\"," AT "}").is_misfit);
    look = plan_book_begin(w.book);
    CHECK_INT(look.count, 2);
    CHECK_STR(look.entries[0]->name, "B");
    entry = plan_book_find(&look, S("E"));
    CHECK_STR(entry->description, "d");
    CHECK_STR(entry->text, "{ \"required\":[\"a\"]}");
    CHECK_INT(atomic_load(&((struct plan_entry *)entry)->checked), 1);
    CHECK_INT(atomic_load(&((struct plan_entry *)entry)->broken), 1);
    plan_book_end(w.book);
    CHECK_OK(put(&w, "E", NEEDS_A));
    CHECK(judge(&w, "{\"type\":\"track\",\"event\":\"E\"," AT "}").is_misfit);
    CHECK_OK(plan_book_remove(w.book, S("E")));
    CHECK(!judge(&w, "{\"type\":\"track\",\"event\":\"E\"," AT "}").is_misfit);
    CHECK_ERR(ERR_ABSENT, plan_book_remove(w.book, S("E")));
    CHECK_ERR(ERR_ABSENT, plan_book_remove(w.book, S("")));
    CHECK_ERR(ERR_ABSENT, plan_book_remove(w.book, (str){NULL, 0}));
    reopen(&w);
    look = plan_book_begin(w.book);
    CHECK_INT(look.count, 1);
    plan_book_end(w.book);
    close_world(&w);
}

TEST(plan_book_refuses_what_is_no_plan)
{
    static const struct {
        const char *name, *plan;
        enum err want;
    } cases[] = {
        {"", NEEDS_A, ERR_INVALID},
        {"alias", NEEDS_A, ERR_INVALID},
        {"\xFF", NEEDS_A, ERR_INVALID},
        {"E", "{}", ERR_INVALID},
        {"E", "[]", ERR_INVALID},
        {"E", "{\"schema\":7}", ERR_INVALID},
        {"E", "{\"schema\":{},\"mode\":\"check\"}", ERR_INVALID},
        {"E", "{\"schema\":{},\"mode\":7}", ERR_INVALID},
        {"E", "{\"schema\":{},\"description\":7}", ERR_INVALID},
        {"E", "{\"schema\":{},\"colour\":7}", ERR_INVALID},
    };
    struct world w = open_world();
    enum plan_unplanned unplanned;
    struct plan_look look;

    EACH_CASE(c, cases)
    CHECK_ERR(c->want, put(&w, c->name, c->plan));
    CHECK_ERR(ERR_INVALID, plan_book_unplanned_of(S("drop"), &unplanned));
    CHECK_ERR(ERR_INVALID, plan_book_unplanned_of((str){NULL, 0}, &unplanned));
    look = plan_book_begin(w.book);
    CHECK_INT(look.count, 0);
    plan_book_end(w.book);
    close_world(&w);
}

TEST(plan_book_stays_as_it_was_without_memory)
{
    struct world w = open_world();
    enum err err = ERR_LIMIT;

    CHECK_OK(put(&w, "E", NEEDS_A));
    for (long countdown = 1; err; countdown++) {
        struct json doc;

        CHECK(countdown < 1000);
        CHECK_OK(json_parse_copy(w.reader, test_mem,
                                 S("{\"schema\":{\"properties\":{\"a\":{\"pattern\":\"x\"}}}}"),
                                 &doc));
        mem_fail_after(countdown);
        err = plan_book_put(w.book, S("E"), &doc, 0);
        mem_fail_after(0);
        if (err && err != ERR_LIMIT)
            fail_msg("%ld: %s", countdown, err_text());
        CHECK(judge(&w, "{\"type\":\"track\",\"event\":\"E\"," AT "}").is_misfit == (err != OK));
    }
    reopen(&w);
    CHECK(!judge(&w, "{\"type\":\"track\",\"event\":\"E\"," AT "}").is_misfit);
    close_world(&w);
}

/* Threads */

enum { READERS = 3, ROUNDS = 60 };

struct judging {
    struct plan_book *book;
    atomic_bool *is_over;
    uint64_t misfits, fits;
};

static void judge_again(void *argument)
{
    struct judging *judging = argument;
    struct json_reader *reader = json_reader_open();
    struct arena *mem = arena_open(1 << 20);

    do {
        struct message_setting setting = {.received = 1000, .context = JSON_ABSENT};
        struct message message;
        struct json doc;

        arena_reset(mem);
        if (json_parse_copy(reader, mem, S("{\"type\":\"track\",\"event\":\"E\"," AT "}"), &doc) ||
            message_read(&doc, 0, &setting, mem, &message) ||
            plan_book_judge(judging->book, &doc, 0, mem, &message))
            break;
        judging->misfits += message.is_misfit;
        judging->fits += !message.is_misfit;
    } while (!atomic_load(judging->is_over));
    arena_close(mem);
    json_reader_close(reader);
}

TEST(plan_book_is_read_by_threads_while_plans_change)
{
    struct world w = open_world();
    atomic_bool is_over = false;
    struct judging judging[READERS];
    struct thread *threads[READERS];
    uint64_t misfits = 0, fits = 0;

    for (int i = 0; i < READERS; i++) {
        judging[i] = (struct judging){.book = w.book, .is_over = &is_over};
        CHECK_OK(thread_start("judge", judge_again, &judging[i], &threads[i]));
    }
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_OK(put(&w, "E", NEEDS_A));
        CHECK_OK(put(&w, i % 2 ? "E" : "F", "{\"schema\":{}}"));
        CHECK_OK(plan_book_remove(w.book, S("E")));
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++) {
        thread_join(threads[i]);
        misfits += judging[i].misfits;
        fits += judging[i].fits;
    }
    CHECK(misfits + fits >= READERS);
    close_world(&w);
}
