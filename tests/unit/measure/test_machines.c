/* test_machines.c - questions about humans see nothing of what machines did.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/machines.h"

#include "base/json.h"
#include "base/random.h"
#include "measure/history.h"
#include "measure/mask.h"
#include "measure/trail.h"
#include "support/test.h"
#include "sys/sys.h"
#include "unit/measure/fold.h"

#include <string.h>

enum { MESSAGES = 2500, PEOPLE = 150, DAYS = 20 };

/* Messages */

struct told {
    str text;
    bool is_machine; /* by the message */
    int part;        /* property that revisions go by */
};

static struct told tell(random_state *random, int number, uint64_t names)
{
    static const char *const types[] = {"identify", "track", "track", "track", "page",   "screen",
                                        "track",    "track", "page",  "page",  "screen", "track"};
    struct told told = {.is_machine = random_chance(random, 0.3),
                        .part = (int)random_below(random, 8)};
    /* Traits stand in few rows or in more, which are held in other forms. */
    const char *type = types[random_below(random, names % 2 ? 6 : 12)];
    struct buf text = {0};

    buf_print(
        &text,
        "{\"messageId\":\"m%d\",\"type\":\"%s\",\"timestamp\":\"2026-01-%02dT%02d:00:00Z\","
        "\"userId\":\"u%d\",\"event\":\"e%d\",\"properties\":{\"part\":%d},\"traits\":{\"town\":"
        "\"t%d\"}",
        number, type, (int)random_below(random, DAYS) + 1, (int)random_below(random, 24),
        (int)random_below(random, PEOPLE), (int)random_below(random, names), told.part,
        (int)random_below(random, 4));
    if (told.is_machine || random_chance(random, 0.5))
        buf_print(&text, ",\"context\":{\"traffic\":{\"verdict\":\"%s\"}}",
                  told.is_machine ? "machine" : "human");
    buf_add_byte(&text, '}');
    told.text = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return told;
}

/* `without` has the same messages, but those of machines only bring their nodes and joins. */
static void take(struct fold *fold, struct fold *without, const struct told *told, bool is_machine)
{
    CHECK_OK(fold_take(fold, told->text));
    without->is_without_events = is_machine;
    CHECK_OK(fold_take(without, told->text));
}

/* Questions */

static const char *const questions[] = {
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"day\",\"by\":\"part\"%s}",
    "{\"kind\":\"trend\",\"event\":\"e1\",\"measure\":\"people\",\"interval\":\"week\"%s}",
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"all\",\"by\":\"person.town\"%s}",
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"all\",\"as_of\":\"2026-01-09\"%s}",
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"day\",\"from\":\"2026-01-05\",\"to\":"
    "\"2026-01-08\"%s}",
    "{\"kind\":\"funnel\",\"steps\":[\"e0\",\"e1\",\"page\"],\"window\":\"5d\"%s}",
    "{\"kind\":\"visits\",\"interval\":\"day\"%s}",
    "{\"kind\":\"retention\",\"start\":\"page\",\"return\":\"*\",\"interval\":\"day\",\"periods\":9"
    "%s}",
    "{\"kind\":\"paths\",\"after\":\"e0\",\"steps\":2%s}",
    "{\"kind\":\"attribution\",\"conversion\":\"e1\",\"touches\":[\"page\",\"screen\"],\"by\":"
    "\"part\",\"lookback\":\"9d\",\"model\":\"linear\"%s}",
    "{\"kind\":\"people\",\"segment\":{\"all\":[]},\"limit\":1000%s}",
    "{\"kind\":\"people\",\"segment\":{\"all\":[{\"did\":\"*\",\"count\":{\"gte\":6}},{\"prop\":"
    "\"town\",\"op\":\"is\",\"value\":\"t1\"}]},\"limit\":1000%s}",
    "{\"kind\":\"people\",\"segment\":{\"all\":[{\"prop\":\"town\",\"op\":\"is_not\",\"value\":"
    "\"t2\"}]},\"limit\":1000%s}",
};

/* The answer with how many events were read, unless that depends on where they lie: beyond as_of,
 * and of persons whom a trait leaves out. */
static const char *answer_to(struct fold *fold, const char *question, const char *traffic)
{
    struct answer_options options = {.sys = sys_real(), .workers = 2};
    struct buf asked = {0}, out = {0};
    const char *end = strstr(question, "%s");
    str answer;

    buf_add(&asked, str_from(question, (size_t)(end - question)));
    buf_add(&asked, str_of(traffic));
    buf_add(&asked, str_of(end + 2));
    CHECK_OK(fold_ask(fold, &options, buf_str(&asked), &out));
    end = str_contains(buf_str(&asked), S("as_of")) || str_contains(buf_str(&asked), S("\"op\""))
              ? memmem(out.data, out.len, "\"events_read\":", 14)
              : memmem(out.data, out.len, "\"elapsed_ms\":", 13);
    CHECK(end);
    answer = arena_dup(test_mem, str_from(out.data, (size_t)(end - out.data)));
    buf_done(&asked);
    buf_done(&out);
    return answer.data;
}

static struct source_span span_of(struct fold *fold, bool is_human)
{
    struct source_span span = {0};
    struct source source;

    events_begin(fold->events, &source);
    if (is_human)
        machines_leave(&source);
    CHECK_OK(source_span(&source, &span));
    events_end(fold->events);
    return span;
}

static void check_same(struct fold *fold, struct fold *without)
{
    struct source_span span = span_of(fold, true), other = span_of(without, false);

    EACH_CASE(question, questions)
    CHECK_STR(str_of(answer_to(fold, *question, "")),
              answer_to(without, *question, ",\"traffic\":\"raw\""));
    CHECK_INT(span.events, other.events);
    CHECK_INT(span.first, other.first);
    CHECK_INT(span.last, other.last);
}

static void settle(struct fold *fold)
{
    CHECK_OK(fold_settle(fold));
    if (history_count(fold->history) > 1)
        CHECK_OK(fold_combine(fold, 0, history_count(fold->history)));
}

/* With as many names as leave the kind of blanks free, or just do not, or are too many. */
TEST(answers_about_humans_are_those_of_a_world_without_machines)
{
    static const uint64_t names[] = {3, 4, 251, 252, 253, 254, 255, 256, 257, 300};

    EACH_CASE(count, names)
    {
        random_state random = {*count};
        struct fold fold, without;
        uint64_t machines = 0;

        CHECK_OK(fold_open(&fold));
        CHECK_OK(fold_open(&without));
        for (int i = 0; i < MESSAGES; i++) {
            struct told told = tell(&random, i, *count);

            take(&fold, &without, &told, told.is_machine);
            machines += told.is_machine;
            if (i == MESSAGES / 2) {
                check_same(&fold, &without);
                settle(&fold);
                settle(&without);
            }
        }
        check_same(&fold, &without);
        settle(&fold);
        check_same(&fold, &without);
        CHECK_INT(span_of(&fold, false).events, MESSAGES);
        CHECK_INT(span_of(&fold, true).events, MESSAGES - machines);
        CHECK_OK(fold_again(&fold, true));
        settle(&without);
        check_same(&fold, &without);
        fold_done(&fold);
        fold_done(&without);
    }
}

/* Revisions */

static uint64_t revise(struct fold *fold, const char *request)
{
    uint64_t count;

    CHECK_OK(fold_revise(fold, str_of(request), 3, &count));
    return count;
}

/* What is a machine's after these revisions: part 1 is, part 2 is not, else the message says. */
static bool is_machine_now(const struct told *told)
{
    return told->part == 1 || (told->part != 2 && told->is_machine);
}

TEST(a_revision_counts_in_memory_and_in_files_and_after_a_start)
{
    static const struct {
        bool settles_before, settles_behind;
    } cases[] = {{false, false}, {false, true}, {true, false}};

    EACH_CASE(c, cases)
    {
        random_state random = {7};
        struct told *told = arena_array(test_mem, MESSAGES, sizeof *told);
        uint64_t to_machine = 0, to_human = 0;
        struct fold fold, without;

        CHECK(told);
        CHECK_OK(fold_open(&fold));
        CHECK_OK(fold_open(&without));
        for (int i = 0; i < MESSAGES; i++) {
            told[i] = tell(&random, i, 3);
            take(&fold, &without, &told[i], is_machine_now(&told[i]));
            to_machine += told[i].part == 1 && !told[i].is_machine;
            to_human += told[i].part == 2 && told[i].is_machine;
        }
        if (c->settles_before)
            settle(&fold);
        (void)answer_to(&fold, questions[0], ""); /* makes a mask, which will not do any more */
        CHECK_INT(revise(&fold, "{\"where\":{\"prop\":\"part\",\"op\":\"is\",\"value\":1},"
                                "\"verdict\":\"machine\"}"),
                  to_machine);
        CHECK_INT(revise(&fold, "{\"where\":{\"prop\":\"part\",\"op\":\"is\",\"value\":2},"
                                "\"verdict\":\"human\"}"),
                  to_human);
        CHECK_INT(revise(&fold, "{\"where\":{\"prop\":\"part\",\"op\":\"is\",\"value\":2},"
                                "\"verdict\":\"human\"}"),
                  0);
        check_same(&fold, &without);
        if (c->settles_behind)
            settle(&fold);
        check_same(&fold, &without);
        CHECK_OK(fold_again(&fold, true));
        check_same(&fold, &without);
        CHECK_OK(fold_again(&fold, false));
        check_same(&fold, &without);
        fold_done(&fold);
        fold_done(&without);
    }
}

TEST(a_request_to_revise_says_which_events_and_what_they_are)
{
    static const struct {
        const char *request, *sentence;
    } cases[] = {
        {"{\"verdict\":\"machine\"}", "say which events"},
        {"{\"event\":\"*\"}", "must be human or machine"},
        {"{\"event\":\"*\",\"verdict\":\"bot\"}", "must be one of human, machine"},
        {"{\"event\":\"*\",\"verdict\":true}", "must be one of human, machine"},
        {"{\"event\":\"*\",\"verdict\":\"human\",\"traffic\":\"raw\"}", "traffic"},
    };
    struct fold fold;
    uint64_t count;

    CHECK_OK(fold_open(&fold));
    EACH_CASE(c, cases)
    {
        CHECK_ERR(ERR_INVALID, fold_revise(&fold, str_of(c->request), 1, &count));
        CHECK(str_contains(str_of(err_text()), str_of(c->sentence)));
    }
    fold_done(&fold);
}

/* Deleted events stay deleted, whatever they are said to be. */
TEST(what_was_deleted_is_not_revised)
{
    random_state random = {9};
    struct fold fold;
    uint64_t deleted;

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < 100; i++)
        CHECK_OK(fold_take(&fold, tell(&random, i, 3).text));
    CHECK_OK(fold_settle(&fold));
    CHECK_OK(fold_delete(&fold, S("{\"where\":{\"prop\":\"part\",\"op\":\"lt\",\"value\":4}}"), 2,
                         &deleted));
    CHECK(deleted > 0);
    revise(&fold, "{\"event\":\"*\",\"verdict\":\"human\"}");
    revise(&fold, "{\"from\":\"2020-01-01\",\"verdict\":\"human\"}");
    CHECK_INT(span_of(&fold, true).events, 100 - deleted);
    CHECK_INT(span_of(&fold, false).events, 100 - deleted);
    fold_done(&fold);
}

/* Messages that tell it */

static const char *rewritten(const char *message, enum verdict verdict, bool *out_tells)
{
    struct json_reader *reader = json_reader_open();
    struct buf out = {0};
    struct json_writer writer = {.out = &out};
    struct json doc;
    str text;

    CHECK(reader);
    CHECK_OK(json_parse_copy(reader, test_mem, str_of(message), &doc));
    machines_write_context(&writer, &doc, verdict);
    text = arena_dup(test_mem, buf_str(&out));
    *out_tells = machines_tell(&doc);
    buf_done(&out);
    json_reader_close(reader);
    return text.data;
}

#define MACHINE "{\"verdict\":\"machine\",\"revised\":true"

TEST(a_message_tells_the_verdict_that_it_was_revised_to)
{
    static const struct {
        const char *message, *context;
        bool tells;
    } cases[] = {
        {"{}", "{\"traffic\":" MACHINE "}}", false},
        {"{\"context\":7}", "{\"traffic\":" MACHINE "}}", false},
        {"{\"context\":{\"a\":[1, 2],\"b\":\"}\"}}",
         "{\"a\":[1, 2],\"b\":\"}\",\"traffic\":" MACHINE "}}", false},
        {"{\"context\":{\"traffic\":{\"verdict\":\"human\",\"probability\":0.10},\"z\":1}}",
         "{\"z\":1,\"traffic\":" MACHINE ",\"probability\":0.10}}", false},
        {"{\"context\":{\"traffic\":{\"verdict\":\"human\",\"verdict\":\"machine\"}}}",
         "{\"traffic\":" MACHINE "}}", true},
        {"{\"context\":{\"traffic\":\"machine\"}}", "{\"traffic\":" MACHINE "}}", false},
        {"{\"context\":{\"traffic\":{\"revised\":true,\"verdict\":\"machine\"}}}",
         "{\"traffic\":" MACHINE "}}", true},
        {"{\"context\":{\"traffic\":{}},\"context\":{\"c\":null}}",
         "{\"c\":null,\"traffic\":" MACHINE "}}", false},
    };

    EACH_CASE(c, cases)
    {
        bool tells;

        CHECK_STR(str_of(rewritten(c->message, VERDICT_MACHINE, &tells)), c->context);
        CHECK_INT(tells, c->tells);
    }
}

/* Idle time is spent on what the first question would wait for. */
TEST(masks_are_made_ready_when_nothing_else_is_to_be_done)
{
    random_state random = {4};
    const struct mask_rows *rows;
    struct source source;
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < 100; i++)
        CHECK_OK(fold_take(&fold, tell(&random, i, 3).text));
    CHECK_OK(fold_settle(&fold));
    events_begin(fold.events, &source);
    CHECK(history_mask_ready(fold.history, 0, &source, &rows)); /* takes nothing */
    machines_leave(&source);
    CHECK(!history_mask_ready(fold.history, 0, &source, &rows));
    events_end(fold.events);
    while (trail_prepare(fold.events))
        ;
    events_begin(fold.events, &source);
    machines_leave(&source);
    CHECK(history_mask_ready(fold.history, 0, &source, &rows));
    CHECK(rows->masked > 0);
    events_end(fold.events);
    fold_done(&fold);
}
