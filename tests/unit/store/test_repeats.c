/* test_repeats.c - a write that is sent again: done once, answered alike.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/repeats.h"

#include "base/mem.h"
#include "store/catalog.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"

#include <sodium.h>

struct world {
    struct sys *sys;
    struct catalog *catalog;
    struct repeats *repeats;
};

/* As after a start of the program. */
static void reopen(struct world *w)
{
    repeats_close(w->repeats);
    catalog_close(w->catalog);
    CHECK_OK(catalog_open(w->sys, "catalog.db", &w->catalog));
    CHECK_OK(repeats_open(w->sys, w->catalog, &w->repeats));
}

static struct world open_world(void)
{
    struct world w = {.sys = sim_open(3)};

    CHECK(sodium_init() >= 0);
    reopen(&w);
    return w;
}

static void close_world(struct world *w)
{
    repeats_close(w->repeats);
    catalog_close(w->catalog);
    sim_close(w->sys);
}

static const struct repeats_request REQUEST = {
    .key_id = 1,
    .secret = {"mx_secret", 9},
    .name = {"one", 3},
    .method = {"POST", 4},
    .target = {"/api/keys", 9},
    .body = {"{\"name\":\"a\"}", 12},
};

static const struct repeats_answer ANSWER = {
    201, {"application/json", 16}, {"{\"key\":\"hidden\"}", 16}};

static enum err begin(struct world *w, const struct repeats_request *request, millis now,
                      struct repeats_ticket *ticket, struct repeats_answer *answer)
{
    return repeats_begin(w->repeats, request, now, test_mem, ticket, answer);
}

static void answer_first(struct world *w, millis now)
{
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    CHECK_OK(begin(w, &REQUEST, now, &ticket, &answer));
    CHECK_INT(answer.status, 0);
    CHECK_OK(repeats_end(w->repeats, &ticket, &ANSWER));
}

TEST(repeats_give_the_first_answer_again_also_after_a_start)
{
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    answer_first(&w, 1000);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(begin(&w, &REQUEST, 2000, &ticket, &answer));
        CHECK_INT(answer.status, 201);
        CHECK_STR(answer.media, "application/json");
        CHECK_STR(answer.body, "{\"key\":\"hidden\"}");
        reopen(&w);
    }
    close_world(&w);
}

TEST(repeats_keep_an_answer_without_a_body)
{
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    CHECK_OK(begin(&w, &REQUEST, 1, &ticket, &answer));
    CHECK_OK(repeats_end(w.repeats, &ticket, &(struct repeats_answer){.status = 204}));
    CHECK_OK(begin(&w, &REQUEST, 2, &ticket, &answer));
    CHECK_INT(answer.status, 204);
    CHECK_INT(answer.body.len, 0);
    close_world(&w);
}

TEST(repeats_refuse_another_request_of_the_same_name)
{
    struct repeats_request others[] = {REQUEST, REQUEST, REQUEST};
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    others[0].body = S("{\"name\":\"b\"}");
    others[1].method = S("PUT");
    others[2].target = S("/api/keys?x");
    answer_first(&w, 1);
    EACH_CASE(other, others)
    CHECK_ERR(ERR_INVALID, begin(&w, other, 2, &ticket, &answer));
    close_world(&w);
}

TEST(repeats_tell_requests_of_other_keys_and_names_apart)
{
    struct repeats_request others[] = {REQUEST, REQUEST, REQUEST};
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    others[0].key_id = 2;
    others[1].name = S("two");
    others[2].secret = S("mx_other");
    answer_first(&w, 1);
    EACH_CASE(other, others)
    {
        CHECK_OK(begin(&w, other, 2, &ticket, &answer));
        CHECK_INT(answer.status, 0);
    }
    close_world(&w);
}

TEST(repeats_do_nothing_twice_while_the_first_is_under_way_or_was_cut_off)
{
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    CHECK_OK(begin(&w, &REQUEST, 1, &ticket, &answer));
    CHECK_ERR(ERR_CONFLICT, begin(&w, &REQUEST, 2, &ticket, &answer));
    reopen(&w);
    CHECK_ERR(ERR_EXPIRED, begin(&w, &REQUEST, 3, &ticket, &answer));
    close_world(&w);
}

TEST(repeats_forget_what_was_not_done)
{
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    CHECK_OK(begin(&w, &REQUEST, 1, &ticket, &answer));
    CHECK_OK(repeats_end(w.repeats, &ticket, &(struct repeats_answer){0}));
    CHECK_OK(begin(&w, &REQUEST, 2, &ticket, &answer));
    CHECK_INT(answer.status, 0);
    close_world(&w);
}

TEST(repeats_forget_after_a_day)
{
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;

    answer_first(&w, 1000);
    CHECK_OK(begin(&w, &REQUEST, 1000 + REPEATS_SPAN - 1, &ticket, &answer));
    CHECK_INT(answer.status, 201);
    CHECK_OK(begin(&w, &REQUEST, 1000 + REPEATS_SPAN, &ticket, &answer));
    CHECK_INT(answer.status, 0);
    close_world(&w);
}

TEST(repeats_leave_nothing_to_read_on_the_disk)
{
    struct world w = open_world();

    answer_first(&w, 1);
    for (int i = 0; i < 2; i++) {
        str content;

        CHECK_OK(
            file_load(w.sys, i ? "catalog.db" : "catalog.db-wal", 1 << 22, test_mem, &content));
        CHECK(content.len > 4096);
        CHECK(!str_contains(content, S("hidden")));
        CHECK(!str_contains(content, S("application/json")));
        CHECK(!str_contains(content, S("mx_secret")));
        catalog_close(i ? NULL : w.catalog);
        if (!i)
            w.catalog = NULL;
    }
    close_world(&w);
}

TEST(repeats_do_nothing_when_it_cannot_be_noted)
{
    int failed = 0;

    for (uint64_t after = 1; after < 8; after++) {
        struct world w = open_world();
        struct repeats_ticket ticket;
        struct repeats_answer answer;
        enum err err;

        sim_fail_at(w.sys, sim_operations(w.sys) + after, SIM_EIO);
        err = begin(&w, &REQUEST, 1, &ticket, &answer);
        CHECK(err == OK || err == ERR_IO);
        failed += err != OK;
        close_world(&w);
    }
    CHECK(failed > 0);
}

TEST(repeats_of_damage_are_told)
{
    struct world w = open_world();
    struct repeats_ticket ticket;
    struct repeats_answer answer;
    struct tx *tx;

    answer_first(&w, 1);
    CHECK_OK(begin(&w, &REQUEST, 2, &ticket, &answer));
    CHECK_OK(catalog_begin(w.catalog, &tx));
    CHECK_OK(catalog_end(tx, catalog_run(tx, SQL_REPEAT_ANSWER,
                                         BIND(B_BLOB(str_from(ticket.name, REPEATS_HASH)),
                                              B_I64(201), B_BLOB(S("nonsense"))))));
    CHECK_ERR(ERR_CORRUPT, begin(&w, &REQUEST, 3, &ticket, &answer));
    close_world(&w);
}

TEST(repeats_find_no_memory_without_harm)
{
    int limited = 0;

    for (long countdown = 1; countdown < 8; countdown++) {
        struct world w = open_world();
        struct repeats_ticket ticket;
        struct repeats_answer answer;
        enum err err;

        CHECK_OK(begin(&w, &REQUEST, 1, &ticket, &answer));
        mem_fail_after(countdown);
        err = repeats_end(w.repeats, &ticket, &ANSWER);
        mem_fail_after(0);
        limited += err == ERR_LIMIT;
        CHECK(err == OK || err == ERR_LIMIT || err == ERR_IO); /* IO: the simulated disk's own */
        reopen(&w);
        if (err == ERR_LIMIT)
            CHECK_ERR(ERR_EXPIRED, begin(&w, &REQUEST, 2, &ticket, &answer));
        close_world(&w);
    }
    CHECK(limited > 0);
}
