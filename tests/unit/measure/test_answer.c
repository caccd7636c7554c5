/* test_answer.c - running questions: workers, pages, bounds, cancelling, lack of memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the answers are is shown by tests/cases/measure and by the comparison with the reference.
 */
#include "measure/answer.h"

#include "base/mem.h"
#include "unit/measure/fold.h"
#include "support/test.h"
#include "sys/sys.h"

enum { PEOPLE = 5000, EVENTS_EACH = 4 };

static void make_world(struct fold *fold, int people)
{
    struct buf text = {0};

    CHECK_OK(fold_open(fold));
    for (int i = 0; i < people * EVENTS_EACH; i++) {
        int person = i % people;

        buf_clear(&text);
        buf_print(&text,
                  "{\"type\":\"%s\",\"event\":\"Order\",\"userId\":\"u%d\",\"timestamp\":"
                  "\"2026-01-%02dT00:00:00Z\",\"properties\":{\"revenue\":%d.25,\"currency\":"
                  "\"EUR\",\"sku\":\"s%d\"},\"traits\":{\"country\":\"%s\"}}",
                  i < people ? "identify" : "track", person, 1 + i % 28, i % 97, i % 41,
                  person % 3 ? "AT" : "DE");
        CHECK_OK(fold_take(fold, buf_str(&text)));
    }
    buf_done(&text);
}

static enum err ask(struct fold *fold, struct answer_options *options, const char *query,
                    str *out_answer)
{
    struct buf out = {0};
    enum err err;

    options->sys = sys_real();
    err = fold_ask(fold, options, str_of(query), &out);
    *out_answer = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return err;
}

/* Without "meta", whose elapsed_ms differs. */
static str figures(str answer)
{
    for (size_t i = 0; i + 7 < answer.len; i++)
        if (str_equals(str_slice(answer, i, i + 7), S("\"meta\":")))
            return str_slice(answer, 0, i);
    return answer;
}

#define QUESTION(measure, by)                                                                      \
    "{\"kind\":\"trend\",\"event\":\"Order\",\"interval\":\"day\",\"measure\":" measure            \
    ",\"by\":" by "}"

static const char *const questions[] = {
    QUESTION("\"events\"", "\"sku\""),
    QUESTION("\"people\"", "\"person.country\""),
    QUESTION("\"per_person\"", "null"),
    QUESTION("{\"sum\":\"revenue\"}", "\"sku\""),
    QUESTION("{\"mean\":\"revenue\"}", "\"sku\""),
    QUESTION("{\"min\":\"revenue\"}", "\"person.country\""),
    QUESTION("{\"max\":\"revenue\"}", "\"sku\""),
    QUESTION("{\"median\":\"revenue\"}", "\"sku\""),
    "{\"kind\":\"people\",\"segment\":{\"prop\":\"country\",\"op\":\"is\",\"value\":\"DE\"},"
    "\"limit\":700}",
    "{\"kind\":\"people\",\"segment\":{\"did\":\"Order\",\"sum\":\"revenue\",\"count\":{\"gt\":"
    "150}},\"limit\":0}",
    "{\"kind\":\"timeline\",\"person\":\"u77\"}",
    "{\"kind\":\"funnel\",\"steps\":[\"Order\",\"Order\",\"*\"],\"window\":\"20d\",\"by\":\"sku\"}",
    "{\"kind\":\"retention\",\"start\":\"identify\",\"return\":\"Order\",\"interval\":\"day\"}",
};

TEST(answers_do_not_depend_on_the_number_of_workers)
{
    struct fold fold;

    make_world(&fold, PEOPLE);
    EACH_CASE(question, questions)
    {
        struct answer_options alone = {.workers = 1};
        str first, again;

        CHECK_OK(ask(&fold, &alone, *question, &first));
        CHECK(first.len > 60);
        for (unsigned workers = 2; workers <= 5; workers++) {
            struct answer_options many = {.workers = workers};

            CHECK_OK(ask(&fold, &many, *question, &again));
            CHECK(str_equals(figures(first), figures(again)));
        }
    }
    fold_done(&fold);
}

/* Reads the number or text behind `name`, up to a comma or brace. */
static str member(str answer, const char *name)
{
    struct json_reader *reader = json_reader_open();
    struct json doc;
    uint32_t at;
    str found;

    CHECK_OK(json_parse_copy(reader, test_mem, answer, &doc));
    at = json_find(&doc, 0, str_of(name));
    CHECK(at != JSON_ABSENT);
    found = arena_dup(test_mem, json_raw(&doc, at));
    json_reader_close(reader);
    return found;
}

static size_t count_of(str text, str part)
{
    size_t count = 0;

    for (size_t i = 0; i + part.len <= text.len; i++)
        count += str_equals(str_slice(text, i, i + part.len), part);
    return count;
}

TEST(pages_of_people_hold_each_of_them_once)
{
    struct fold fold;
    struct answer_options options = {.workers = 3};
    struct buf query = {0};
    str cursor = S("null"), answer;
    struct buf all = {0};
    int pages = 0;

    make_world(&fold, 100);
    do {
        buf_clear(&query);
        buf_print(&query,
                  "{\"kind\":\"people\",\"segment\":{\"all\":[]},\"limit\":30,\"cursor\":%.*s}",
                  STR_ARG(cursor));
        buf_add_byte(&query, '\0');
        CHECK_OK(ask(&fold, &options, query.data, &answer));
        CHECK_STR(member(answer, "count"), "100");
        buf_add(&all, member(answer, "people"));
        cursor = member(answer, "cursor");
        pages++;
    } while (!str_equals(cursor, S("null")) && pages < 9);
    CHECK_INT(pages, 4);
    for (int i = 0; i < 100; i++) {
        buf_clear(&query);
        buf_print(&query, "\"id\":\"u%d\"", i);
        CHECK_INT(count_of(buf_str(&all), buf_str(&query)), 1);
    }
    buf_done(&query);
    buf_done(&all);
    fold_done(&fold);
}

TEST(pages_of_a_timeline_hold_each_event_once)
{
    struct fold fold;
    struct answer_options options = {0};
    str first, second, last;

    make_world(&fold, 10);
    CHECK_OK(ask(&fold, &options, "{\"kind\":\"timeline\",\"person\":\"u3\",\"limit\":3}", &first));
    CHECK_INT(count_of(first, S("\"seq\":")), 3);
    CHECK_STR(member(first, "cursor"), "\"1768348800000:24\"");
    CHECK_OK(ask(&fold, &options,
                 "{\"kind\":\"timeline\",\"person\":\"u3\",\"limit\":3,\"cursor\":"
                 "\"1768348800000:24\"}",
                 &second));
    CHECK_INT(count_of(second, S("\"seq\":")), 1);
    CHECK_STR(member(second, "cursor"), "null");
    CHECK_OK(ask(&fold, &options, "{\"kind\":\"timeline\",\"person\":\"nobody\"}", &last));
    CHECK_STR(member(last, "events"), "[]");
    fold_done(&fold);
}

TEST(a_cursor_that_no_answer_gave_is_refused)
{
    static const char *const cases[] = {
        "{\"kind\":\"people\",\"segment\":{\"all\":[]},\"cursor\":\"x\"}",
        "{\"kind\":\"timeline\",\"person\":\"u1\",\"cursor\":\"17\"}",
        "{\"kind\":\"timeline\",\"person\":\"u1\",\"cursor\":\"a:1\"}",
    };
    struct fold fold;
    struct answer_options options = {0};
    str answer;

    make_world(&fold, 2);
    EACH_CASE(c, cases)
    CHECK_ERR(ERR_INVALID, ask(&fold, &options, *c, &answer));
    fold_done(&fold);
}

static bool give_up(void *argument)
{
    int *asked = argument;

    return ++*asked == 2;
}

TEST(a_question_that_is_given_up_ends_with_a_sentence)
{
    struct fold fold;
    int asked = 0;
    struct answer_options options = {.is_cancelled = give_up, .argument = &asked};
    str answer;

    make_world(&fold, PEOPLE);
    CHECK_ERR(ERR_EXPIRED, ask(&fold, &options, questions[0], &answer));
    CHECK_INT(asked, 2);
    CHECK_INT(answer.len, 0);
    CHECK(str_contains(str_of(err_text()), S("given up")));
    fold_done(&fold);
}

TEST(a_question_over_its_memory_is_refused_with_advice)
{
    struct fold fold;
    struct answer_options small = {.memory_bytes = 100000, .workers = 2};
    str answer;

    make_world(&fold, PEOPLE);
    CHECK_ERR(ERR_LIMIT,
              ask(&fold, &small, QUESTION("{\"median\":\"revenue\"}", "\"sku\""), &answer));
    CHECK_INT(answer.len, 0);
    fold_done(&fold);
}

TEST(an_answer_over_its_bound_is_refused)
{
    struct fold fold;
    struct answer_options small = {.memory_bytes = 150000};
    str answer;

    make_world(&fold, PEOPLE);
    CHECK_ERR(ERR_LIMIT,
              ask(&fold, &small, "{\"kind\":\"people\",\"segment\":{\"all\":[]},\"limit\":5000}",
                  &answer));
    CHECK(str_contains(str_of(err_text()), S("answer is too long")));
    fold_done(&fold);
}

TEST(too_many_columns_are_refused)
{
    struct fold fold;
    struct answer_options options = {0};
    str answer;

    make_world(&fold, 2);
    CHECK_ERR(ERR_LIMIT, ask(&fold, &options,
                             "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"minute\",\"from\":"
                             "\"1000-01-01\",\"to\":\"9000-01-01\"}",
                             &answer));
    CHECK(str_contains(str_of(err_text()), S("columns")));
    fold_done(&fold);
}

TEST(asking_survives_every_failing_allocation)
{
    struct fold fold;

    make_world(&fold, 20);
    EACH_CASE(question, questions)
    {
        struct answer_options options = {.workers = 2};
        str wanted, answer;
        int unharmed = 0;

        CHECK_OK(ask(&fold, &options, *question, &wanted));
        for (long k = 1; k < 3000 && unharmed < 20; k++) {
            struct buf out = {0};
            enum err err;

            mem_fail_after(k);
            err = fold_ask(&fold, &options, str_of(*question), &out);
            mem_fail_after(0);
            answer = buf_str(&out);
            CHECK(err ? !answer.len : str_equals(figures(answer), figures(wanted)));
            unharmed = err ? 0 : unharmed + 1;
            buf_done(&out);
        }
        CHECK(unharmed == 20);
    }
    fold_done(&fold);
}
