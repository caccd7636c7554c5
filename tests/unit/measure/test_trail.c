/* test_trail.c - timelines that are read where they stand are those that a scan gives.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/trail.h"

#include "measure/history.h"
#include "support/test.h"
#include "sys/sys.h"
#include "unit/measure/random_world.h"

#include <stdio.h>

static const struct answer_options real = {.workers = 1};

/* Without elapsed_ms. */
static str but_elapsed(str answer)
{
    for (size_t i = 0; i + 12 < answer.len; i++)
        if (str_equals(str_slice(answer, i, i + 12), S("\"elapsed_ms\"")))
            return str_slice(answer, 0, i);
    return answer;
}

static str but_meta(str answer)
{
    while (answer.len && !str_ends(answer, S("\"meta\":{")))
        answer.len--;
    CHECK(answer.len);
    return answer;
}

static str ask(struct fold *fold, struct answer_options options, const char *question)
{
    struct buf answer = {0};
    str kept;

    options.sys = sys_real();
    CHECK_OK(fold_ask(fold, &options, str_of(question), &answer));
    kept = arena_dup(test_mem, but_elapsed(buf_str(&answer)));
    buf_done(&answer);
    return kept;
}

static str cursor_in(str answer)
{
    static const char before[] = "\"cursor\":\"";
    size_t len = sizeof before - 1;

    for (size_t i = 0; i + len < answer.len; i++)
        if (str_equals(str_slice(answer, i, i + len), S("\"cursor\":\""))) {
            str rest = str_slice(answer, i + len, answer.len);

            return str_cut(&rest, '"');
        }
    return (str){NULL, 0};
}

/* Whoever says "where" is answered by a scan; this one holds for every event. */
static void compare(struct fold *fold, const char *person, const char *rest, str *out_cursor)
{
    str read = arena_print(test_mem, "{\"kind\":\"timeline\",\"person\":\"%s\"%s}", person, rest);
    str scanned = arena_print(test_mem,
                              "{\"kind\":\"timeline\",\"person\":\"%s\"%s,\"where\":{\"prop\":"
                              "\"none\",\"op\":\"not_set\"}}",
                              person, rest);
    str got = ask(fold, real, read.data), want = ask(fold, real, scanned.data);

    *out_cursor = cursor_in(got);
    CHECK_STR(arena_dup(test_mem, but_meta(got)), arena_dup(test_mem, but_meta(want)).data);
}

static void compare_pages(struct fold *fold, random_state *random, const char *person)
{
    int limit = 1 + (int)random_below(random, 6);
    str rest = arena_print(test_mem, ",\"limit\":%d,\"as_of\":\"2026-01-%02dT%02d:00:01Z\"", limit,
                           1 + (int)random_below(random, 9), (int)random_below(random, 24));
    str cursor;

    compare(fold, person, "", &cursor);
    compare(fold, person, rest.data, &cursor);
    for (int page = 0; page < 100 && cursor.data; page++)
        compare(fold, person,
                arena_print(test_mem, "%s,\"cursor\":\"%.*s\"", rest.data, STR_ARG(cursor)).data,
                &cursor);
    CHECK(!cursor.data);
}

TEST(timelines_are_those_of_a_scan_whatever_was_joined_undone_settled_and_combined)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct random_world *world = random_world_of(seed);
        random_state random = {seed};
        struct fold fold;

        CHECK_OK(fold_open(&fold));
        for (int round = 0; round < 8; round++) {
            size_t files = history_count(fold.history), at;
            char person[16];

            random_world_take(world, &fold, 1 + (unsigned)random_below(&random, 150));
            for (int i = 0; i < 6; i++) {
                snprintf(person, sizeof person, "%c%d", i % 2 ? 'u' : 'a',
                         (int)random_below(&random, RANDOM_WORLD_PEOPLE));
                compare_pages(&fold, &random, person);
            }
            if (random_chance(&random, 0.7))
                CHECK_OK(fold_settle(&fold));
            at = files ? random_below(&random, files) : 0;
            if (files && random_chance(&random, 0.4))
                CHECK_OK(fold_combine(&fold, at, 1 + random_below(&random, files - at)));
            while (random_chance(&random, 0.8) && trail_prepare(fold.events))
                ;
        }
        CHECK(history_count(fold.history) > 0);
        fold_done(&fold);
    }
}

TEST(pages_are_answered_at_once_unless_they_are_long)
{
    static const struct {
        const char *question;
        enum err want;
    } cases[] = {
        {"{\"kind\":\"timeline\",\"person\":\"u1\",\"limit\":50}", OK},
        {"{\"kind\":\"timeline\",\"person\":\"nobody\",\"limit\":1}", OK},
        {"{\"kind\":\"timeline\",\"person\":\"u1\",\"limit\":5000}", ERR_BUSY},
        {"{\"kind\":\"timeline\",\"person\":\"u1\",\"limit\":50,\"where\":{\"prop\":\"p\",\"op\":"
         "\"set\"}}",
         ERR_BUSY},
        {"{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"all\"}", ERR_BUSY},
        {"{\"kind\":\"timeline\",\"person\":\"u1\",\"limit\":50,\"cursor\":\"x\"}", ERR_INVALID},
    };
    struct random_world *world = random_world_of(1);
    struct answer_options options = {.sys = sys_real()};
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    random_world_take(world, &fold, 200);
    EACH_CASE(c, cases)
    {
        struct source source;
        struct buf answer = {0};
        enum err err;

        CHECK(events_try_begin(fold.events, &source));
        err = answer_at_once(&source, &options, str_of(c->question), &answer);
        events_end(fold.events);
        CHECK_INT(err, c->want);
        CHECK_INT(answer.len > 0, !err);
        if (!err)
            CHECK_STR(but_elapsed(buf_str(&answer)), ask(&fold, real, c->question).data);
        buf_done(&answer);
    }
    fold_done(&fold);
}

TEST(columns_that_are_not_unpacked_are_not_waited_for)
{
    static const char question[] = "{\"kind\":\"timeline\",\"person\":\"u1\",\"limit\":9}";
    struct answer_options options = {.sys = sys_real()};
    struct random_world *world = random_world_of(2);
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    random_world_take(world, &fold, 200);
    CHECK_OK(fold_settle(&fold));
    for (int round = 0; round < 2; round++) {
        struct source source;
        struct buf answer = {0};

        events_begin(fold.events, &source);
        CHECK_INT(answer_at_once(&source, &options, str_of(question), &answer),
                  round ? OK : ERR_BUSY);
        events_end(fold.events);
        ask(&fold, real, question); /* unpacks them */
        buf_done(&answer);
    }
    fold_done(&fold);
}

TEST(first_pages_are_answered_at_once_where_numbers_are_kept)
{
    static const char question[] = "{\"kind\":\"timeline\",\"person\":\"u1\",\"limit\":%d%s}";
    struct answer_options options = {.sys = sys_real()};
    struct random_world *world = random_world_of(2);
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    random_world_take(world, &fold, 200);
    CHECK_OK(fold_settle(&fold));
    CHECK(trail_prepare(fold.events));
    while (trail_prepare(fold.events))
        ;
    for (int limit = 1; limit < 60; limit += 7) {
        str rest = S(""), cursor;

        do {
            const char *asked = arena_print(test_mem, question, limit, rest.data).data;
            struct source source;
            struct buf answer = {0};

            events_begin(fold.events, &source);
            CHECK_OK(answer_at_once(&source, &options, str_of(asked), &answer));
            events_end(fold.events);
            cursor = cursor_in(arena_dup(test_mem, buf_str(&answer)));
            rest = arena_print(test_mem, ",\"cursor\":\"%.*s\"", STR_ARG(cursor));
            buf_done(&answer);
        } while (cursor.data);
    }
    fold_done(&fold);
}
