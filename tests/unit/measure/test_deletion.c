/* test_deletion.c - after a deletion all answers are those of a world without the events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "base/random.h"
#include "measure/deletion.h"
#include "measure/source_page.h"
#include "measure/history.h"
#include "measure/mask.h"
#include "measure/schema.h"
#include "store/deleted.h"
#include "support/test.h"
#include "sys/sys.h"
#include "unit/measure/fold.h"

#include <string.h>

enum { MESSAGES = 600, PEOPLE = 12, DAYS = 20, VALUES = 10 };

/* One message of a random world, and what a test needs to know of it. */
struct told {
    str text;
    int day;
    int value; /* of the property n; -1: none */
    bool is_bought;
};

/* Which events a deletion means. */
struct choice {
    int from_day, to_day; /* exclusive; -1: none */
    int least;            /* of n; -1: any */
    bool is_bought_only;
};

static struct told tell(random_state *random, int number)
{
    static const char *const types[] = {"track", "track", "track", "page", "screen", "identify"};
    struct told told = {.day = (int)random_below(random, DAYS), .value = -1};
    const char *type = types[random_below(random, 6)];
    struct buf text = {0};

    buf_print(&text,
              "{\"messageId\":\"m%d\",\"type\":\"%s\",\"timestamp\":\"2026-01-%02dT%02d:00:00Z\"",
              number, type, told.day + 1, (int)random_below(random, 24));
    if (random_chance(random, 0.7))
        buf_print(&text, ",\"anonymousId\":\"d%d\"", (int)random_below(random, PEOPLE));
    else
        buf_print(&text, ",\"userId\":\"x%d\"", (int)random_below(random, 3));
    if (random_chance(random, 0.2))
        buf_print(&text, ",\"userId\":\"u%d\"", (int)random_below(random, PEOPLE));
    if (str_equals(str_of(type), S("track"))) {
        told.is_bought = random_chance(random, 0.5);
        buf_print(&text, ",\"event\":\"%s\"", told.is_bought ? "Bought" : "Seen");
    }
    if (str_equals(str_of(type), S("identify"))) {
        buf_print(&text, ",\"traits\":{\"town\":\"t%d\"}", (int)random_below(random, 4));
    } else if (random_chance(random, 0.8)) {
        told.value = (int)random_below(random, VALUES);
        buf_print(&text, ",\"properties\":{\"n\":%d,\"list\":[\"a\",\"b%d\"]}", told.value,
                  (int)random_below(random, 3));
    }
    buf_add_byte(&text, '}');
    told.text = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return told;
}

static bool is_meant(const struct choice *choice, const struct told *told)
{
    return (choice->from_day < 0 || told->day >= choice->from_day) &&
           (choice->to_day < 0 || told->day < choice->to_day) &&
           (choice->least < 0 || told->value >= choice->least) &&
           (!choice->is_bought_only || told->is_bought);
}

static struct choice choose(random_state *random)
{
    struct choice choice = {-1, -1, -1, false};

    if (random_chance(random, 0.5))
        choice.from_day = (int)random_below(random, DAYS);
    if (random_chance(random, 0.5))
        choice.to_day = choice.from_day + 1 + (int)random_below(random, DAYS);
    if (choice.to_day > 30)
        choice.to_day = 30;
    choice.is_bought_only = random_chance(random, 0.3);
    if (random_chance(random, 0.5) || (choice.from_day < 0 && choice.to_day < 0))
        choice.least = (int)random_below(random, VALUES);
    return choice;
}

static str request_of(const struct choice *choice)
{
    struct buf text = {0};
    str request;

    buf_add(&text, S("{\"timezone\":\"UTC\""));
    if (choice->from_day >= 0)
        buf_print(&text, ",\"from\":\"2026-01-%02d\"", choice->from_day + 1);
    if (choice->to_day >= 0)
        buf_print(&text, ",\"to\":\"2026-01-%02d\"", choice->to_day + 1);
    if (choice->least >= 0)
        buf_print(&text, ",\"where\":[{\"prop\":\"n\",\"op\":\"gte\",\"value\":%d}]",
                  choice->least);
    if (choice->is_bought_only)
        buf_add(&text, S(",\"event\":\"Bought\""));
    buf_add_byte(&text, '}');
    request = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return request;
}

static const char *const questions[] = {
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"day\",\"by\":\"n\"}",
    "{\"kind\":\"trend\",\"event\":\"*\",\"measure\":\"people\",\"interval\":\"week\"}",
    "{\"kind\":\"trend\",\"event\":\"Bought\",\"measure\":{\"sum\":\"n\"},\"interval\":\"all\","
    "\"by\":\"list\"}",
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"all\",\"by\":\"person.town\"}",
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"all\",\"as_of\":\"2026-01-09\"}",
    "{\"kind\":\"funnel\",\"steps\":[\"Seen\",\"Bought\",\"page\"],\"window\":\"5d\"}",
    "{\"kind\":\"visits\",\"interval\":\"day\"}",
    "{\"kind\":\"retention\",\"start\":\"page\",\"return\":\"*\",\"interval\":\"day\",\"periods\":"
    "9}",
    "{\"kind\":\"paths\",\"after\":\"Seen\",\"steps\":2}",
    "{\"kind\":\"attribution\",\"conversion\":\"Bought\",\"value\":\"n\",\"touches\":[\"page\","
    "\"screen\"],"
    "\"by\":\"n\",\"lookback\":\"9d\",\"model\":\"linear\"}",
    "{\"kind\":\"people\",\"segment\":{\"all\":[]},\"limit\":100}",
    "{\"kind\":\"people\",\"segment\":{\"did\":\"Bought\",\"count\":{\"gte\":3}},\"limit\":100}",
    "{\"kind\":\"people\",\"segment\":{\"all\":[]},\"as_of\":\"2026-01-03\",\"limit\":100}",
    "{\"kind\":\"timeline\",\"person\":\"d1\",\"limit\":1000}",
    "{\"kind\":\"timeline\",\"person\":\"u2\",\"limit\":1000}",
};

/* The answer up to what the clock says, or to what depends on where events lie: how many were
 * looked at beyond as_of. */
static const char *answer_to(struct fold *fold, const char *question)
{
    struct answer_options options = {.sys = sys_real()};
    struct buf out = {0};
    const char *clock;
    str answer;

    CHECK_OK(fold_ask(fold, &options, str_of(question), &out));
    clock = str_contains(str_of(question), S("as_of"))
                ? memmem(out.data, out.len, "\"events_read\":", 14)
                : memmem(out.data, out.len, "\"elapsed_ms\":", 13);
    CHECK(clock);
    answer = arena_dup(test_mem, str_from(out.data, (size_t)(clock - out.data)));
    buf_done(&out);
    return answer.data;
}

static const char *schema_of(struct fold *fold)
{
    struct buf out = {0};
    str text;

    CHECK_OK(schema_write(fold->events, test_mem, &out));
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text.data;
}

static void check_same(struct fold *fold, struct fold *other)
{
    CHECK_STR(str_of(schema_of(fold)), schema_of(other));
    EACH_CASE(question, questions)
    CHECK_STR(str_of(answer_to(fold, *question)), answer_to(other, *question));
}

static void take_all(struct fold *fold, const struct told *told, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        CHECK_OK(fold_take(fold, told[i].text));
}

/* A deletion: what it means of the first `when` messages, and the log's end behind it. */
struct done {
    struct choice choice;
    size_t when;
    uint64_t next_seq;
};

/* A world that never had the events: other records take their numbers. */
static void take_without(struct fold *fold, const struct told *told, const struct done *done,
                         size_t count)
{
    for (size_t i = 0; i <= MESSAGES; i++) {
        fold->is_without_events = false;
        for (size_t k = 0; k < count; k++) {
            while (i == done[k].when && fold->next_seq < done[k].next_seq) {
                struct log_record record = {.kind = RECORD_RELEASE, .clear = S("-")};

                CHECK_OK(fold_record(fold, &record));
            }
            fold->is_without_events |=
                i < done[k].when && i < MESSAGES && is_meant(&done[k].choice, &told[i]);
        }
        if (i < MESSAGES)
            CHECK_OK(fold_take(fold, told[i].text));
    }
}

/* Deletes by `choice`, twice; the second time there is nothing left. */
static void delete_chosen(struct fold *fold, const struct choice *choice, const struct told *told,
                          size_t count, bool *is_gone, random_state *random)
{
    uint64_t deleted, want = 0;

    for (size_t i = 0; i < count; i++)
        if (!is_gone[i] && is_meant(choice, &told[i])) {
            is_gone[i] = true;
            want++;
        }
    CHECK_OK(fold_delete(fold, request_of(choice), 1 + random_below(random, 20), &deleted));
    CHECK_INT(deleted, want);
    CHECK_OK(fold_delete(fold, request_of(choice), 1, &deleted));
    CHECK_INT(deleted, 0);
}

/* All files become one, which holds nothing that was deleted before. */
static void check_combined(struct fold *fold, struct fold *other)
{
    const struct mask_rows *rows;
    struct source source;

    CHECK_OK(fold_combine(fold, 0, history_count(fold->history)));
    check_same(fold, other);
    events_begin(fold->events, &source);
    CHECK_OK(history_mask(fold->history, 0, &source, &rows));
    CHECK_INT(rows->masked, 0);
    CHECK_INT(rows->rows, columns_about(history_file(fold->history, 0))->rows);
    events_end(fold->events);
    CHECK_OK(fold_again(fold, true));
    check_same(fold, other);
}

/* Deletions fall on events in memory, in files and in both; after each way to start again all
 * answers, the sequence numbers and the events counted too, are as if the events had never been. */
static void try_world(uint64_t seed)
{
    struct told told[MESSAGES];
    bool is_gone[MESSAGES] = {false};
    struct done done[3];
    random_state random = {seed};
    struct fold fold, other;
    size_t at = 0;

    CHECK_OK(fold_open(&fold));
    CHECK_OK(fold_open(&other));
    for (int i = 0; i < MESSAGES; i++)
        told[i] = tell(&random, i);
    for (size_t k = 0; k < 3; k++) {
        size_t next = at + random_below(&random, MESSAGES / 3 + 1);

        take_all(&fold, told, at, next);
        if (random_chance(&random, 0.5))
            CHECK_OK(fold_settle(&fold));
        (void)schema_of(&fold); /* what is kept of it must not outlive the deletion */
        done[k] = (struct done){choose(&random), next, 0};
        delete_chosen(&fold, &done[k].choice, told, next, is_gone, &random);
        done[k].next_seq = fold.next_seq;
        if (random_chance(&random, 0.3))
            CHECK_OK(fold_settle(&fold));
        if (random_chance(&random, 0.3) && history_count(fold.history))
            CHECK_OK(fold_combine(&fold, 0, history_count(fold.history)));
        at = next;
    }
    take_all(&fold, told, at, MESSAGES);
    take_without(&other, told, done, 3);
    check_same(&fold, &other);
    CHECK_OK(fold_again(&fold, true));
    check_same(&fold, &other);
    CHECK_OK(fold_settle(&fold));
    check_same(&fold, &other);
    check_combined(&fold, &other);
    CHECK_OK(fold_again(&fold, false));
    check_same(&fold, &other);
    fold_done(&fold);
    fold_done(&other);
}

TEST(what_was_deleted_is_in_no_answer_wherever_it_lay)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        try_world(seed);
}

#define AT(day) "\"timestamp\":\"2026-01-" day "T00:00:00Z\""

static void take(struct fold *fold, const char *message)
{
    CHECK_OK(fold_take(fold, str_of(message)));
}

static uint64_t delete_from(struct fold *fold, const char *request)
{
    uint64_t count = 0;

    CHECK_OK(fold_delete(fold, str_of(request), 100, &count));
    return count;
}

static fallible read_message(const struct source *source, uint64_t seq, struct buf *out)
{
    struct source_text text;
    const struct source_page page = {
        .seqs = &seq, .count = 1, .may_wait = true, .mem = test_mem, .text = out, .texts = &text};

    return source_messages(source, &page);
}

TEST(what_was_deleted_is_not_told_nor_spanned)
{
    struct fold fold;
    struct source source;
    struct source_span span;
    struct buf text = {0};

    for (int settles = 0; settles < 2; settles++) {
        CHECK_OK(fold_open(&fold));
        for (int day = 1; day <= 5; day++) {
            buf_clear(&text);
            buf_print(&text,
                      "{\"event\":\"E\",\"userId\":\"u\",\"timestamp\":\"2026-01-%02dT00:00:00Z\"}",
                      day);
            CHECK_OK(fold_take(&fold, buf_str(&text)));
        }
        if (settles)
            CHECK_OK(fold_settle(&fold));
        CHECK_INT(delete_from(&fold, "{\"to\":\"2026-01-03\"}"), 2);
        CHECK_INT(delete_from(&fold, "{\"from\":\"2026-01-05\"}"), 1);
        events_begin(fold.events, &source);
        CHECK_OK(source_span(&source, &span));
        CHECK_INT(span.events, 2);
        CHECK_INT((span.last - span.first) / MILLIS_DAY, 1);
        buf_clear(&text);
        CHECK_ERR(ERR_ABSENT, read_message(&source, 2, &text)); /* 1 is the node */
        CHECK_INT(text.len, 0);
        CHECK_OK(read_message(&source, 4, &text));
        events_end(fold.events);
        CHECK(events_is_deleted(fold.events, 2));
        CHECK(!events_is_deleted(fold.events, 4));
        CHECK_INT(delete_from(&fold, "{\"from\":\"2000-01-01\"}"), 2);
        events_begin(fold.events, &source);
        CHECK_OK(source_span(&source, &span));
        CHECK(!span.events && !span.first && !span.last);
        events_end(fold.events);
        take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("09") "}");
        events_begin(fold.events, &source);
        CHECK_OK(source_span(&source, &span));
        CHECK_INT(span.events, 1);
        CHECK_INT(span.first, span.last);
        events_end(fold.events);
        CHECK_OK(fold_settle(&fold));
        fold_done(&fold);
    }
    buf_done(&text);
}

TEST(everything_deleted_settles_and_starts_again)
{
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("01") "}");
    CHECK_INT(delete_from(&fold, "{\"event\":\"E\"}"), 1);
    CHECK_OK(fold_settle(&fold));
    CHECK_OK(fold_again(&fold, true));
    take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("02") "}");
    CHECK(str_contains(
        str_of(answer_to(&fold, "{\"kind\":\"trend\",\"event\":\"E\",\"interval\":\"all\"}")),
        S("\"total\":1")));
    fold_done(&fold);
}

TEST(a_deletion_that_was_not_finished_deletes_nothing)
{
    struct record_deletion deletion = {.is_first = true};
    struct log_record record = {.kind = RECORD_DELETION};
    struct buf clear = {0};
    struct fold fold;
    uint64_t place = 0;

    CHECK_OK(fold_open(&fold));
    for (char day = '1'; day <= '4'; day++) {
        char message[] = "{\"event\":\"E\",\"userId\":\"u\"," AT("0x") "}";

        *(char *)memchr(message, 'x', sizeof message) = day;
        take(&fold, message);
    }
    record_start_deletion(&clear, &deletion);
    record_write_range(&clear, &place, 2, 4);
    record.clear = buf_str(&clear);
    CHECK_OK(fold_record(&fold, &record));
    CHECK(!events_is_deleted(fold.events, 2));
    CHECK_INT(delete_from(&fold, "{\"from\":\"2026-01-04\"}"), 1);
    CHECK(!events_is_deleted(fold.events, 2));
    CHECK(events_is_deleted(fold.events, 5));
    buf_done(&clear);
    fold_done(&fold);
}

/* One record of a deletion, which names the events [from, to). */
static void delete_part(struct fold *fold, struct record_deletion deletion, uint64_t from,
                        uint64_t to)
{
    struct log_record record = {.kind = RECORD_DELETION};
    struct buf clear = {0};
    uint64_t place = 0;

    record_start_deletion(&clear, &deletion);
    record_write_range(&clear, &place, from, to);
    record.clear = buf_str(&clear);
    CHECK_OK(fold_record(fold, &record));
    buf_done(&clear);
}

/* The file of persons tells the first part, the log the last one. */
TEST(a_deletion_may_begin_before_the_files_end_and_end_behind_it)
{
    static const char question[] = "{\"kind\":\"trend\",\"event\":\"E\",\"interval\":\"all\"}";
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("01") "}");
    take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("02") "}");
    take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("03") "}");
    delete_part(&fold, (struct record_deletion){.is_first = true}, 2, 3);
    CHECK_OK(fold_settle(&fold));
    CHECK_OK(fold_again(&fold, true));
    CHECK(str_contains(str_of(answer_to(&fold, question)), S("\"total\":3")));
    delete_part(&fold, (struct record_deletion){.is_last = true}, 3, 4);
    CHECK(str_contains(str_of(answer_to(&fold, question)), S("\"total\":1")));
    CHECK_OK(fold_again(&fold, true));
    CHECK(str_contains(str_of(answer_to(&fold, question)), S("\"total\":1")));
    take(&fold, "{\"event\":\"F\",\"userId\":\"u\"," AT("03") "}");
    CHECK_OK(fold_settle(&fold));
    CHECK_OK(fold_again(&fold, true));
    CHECK(str_contains(str_of(answer_to(&fold, question)), S("\"total\":1")));
    CHECK(events_is_deleted(fold.events, 2) && events_is_deleted(fold.events, 3));
    CHECK(!events_is_deleted(fold.events, 4));
    fold_done(&fold);
}

TEST(a_deletion_of_what_is_still_to_come_is_corrupt)
{
    struct record_deletion deletion = {.is_first = true, .is_last = true};
    struct log_record record = {.kind = RECORD_DELETION};
    struct buf clear = {0};
    struct fold fold;
    uint64_t place = 0;

    CHECK_OK(fold_open(&fold));
    take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("01") "}");
    record_start_deletion(&clear, &deletion);
    record_write_range(&clear, &place, 2, 5);
    record.clear = buf_str(&clear);
    CHECK_ERR(ERR_CORRUPT, fold_record(&fold, &record));
    buf_done(&clear);
    fold_done(&fold);
}

TEST(a_request_to_delete_that_is_not_clear_is_refused)
{
    static const char *const requests[] = {
        "{}",
        "{\"where\":[]}",
        "{\"where\":{\"all\":[]}}",
        "{\"where\":null,\"from\":null}",
        "{\"timezone\":\"Europe/Vienna\"}",
        "{\"from\":\"yesterday\"}",
        "{\"to\":5}",
        "{\"from\":\"2026-01-01\",\"timezone\":\"Moon\"}",
        "{\"wehre\":[]}",
        "{\"from\":\"2026-01-01\",\"kind\":\"trend\"}",
        "{\"from\":\"2026-01-01\",\"limit\":1}",
        "{\"where\":{\"prop\":\"a\",\"op\":\"like\",\"value\":1}}",
        "{\"event\":\"\"}",
        "{\"event\":7}",
        "[]",
        "7",
        "{",
        "",
    };
    struct fold fold;
    uint64_t count = 7;

    CHECK_OK(fold_open(&fold));
    take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("01") "}");
    EACH_CASE(request, requests)
    CHECK_ERR(ERR_INVALID, fold_delete(&fold, str_of(*request), 1, &count));
    CHECK_INT(count, 7);
    fold_done(&fold);
}

TEST(a_question_that_finds_no_memory_for_deletions_fails_and_the_next_is_right)
{
    static const char question[] = "{\"kind\":\"trend\",\"event\":\"E\",\"interval\":\"all\"}";
    struct answer_options options = {.sys = sys_real()};
    struct buf out = {0};
    enum err err = ERR_LIMIT;
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    for (int i = 1; i < 9; i++) {
        buf_clear(&out);
        buf_print(&out, "{\"event\":\"E\",\"userId\":\"u%d\"," AT("0%d") "}", i, i);
        CHECK_OK(fold_take(&fold, buf_str(&out)));
    }
    CHECK_OK(fold_settle(&fold));
    CHECK_INT(delete_from(&fold, "{\"to\":\"2026-01-03\"}"), 2);
    for (long k = 1; err && k < 500; k++) {
        CHECK_OK(fold_again(&fold, true));
        buf_clear(&out);
        mem_fail_after(k);
        err = fold_ask(&fold, &options, str_of(question), &out);
        mem_fail_after(0);
        CHECK(err == OK || err == ERR_LIMIT);
        CHECK(str_contains(str_of(answer_to(&fold, question)), S("\"total\":6")));
    }
    CHECK_INT(err, OK);
    buf_done(&out);
    fold_done(&fold);
}

TEST(a_deletion_that_finds_no_memory_may_be_folded_again)
{
    for (long k = 1, err = ERR_LIMIT; err; k++) {
        struct record_deletion deletion = {.is_first = true, .is_last = true};
        struct log_record record = {.kind = RECORD_DELETION, .seq = 4, .count = 1};
        struct buf clear = {0};
        struct fold fold;
        uint64_t place = 0;

        CHECK(k < 20);
        CHECK_OK(fold_open(&fold));
        take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("01") "}");
        take(&fold, "{\"event\":\"E\",\"userId\":\"u\"," AT("02") "}");
        record_start_deletion(&clear, &deletion);
        record_write_range(&clear, &place, 2, 3);
        record.clear = buf_str(&clear);
        mem_fail_after(k);
        err = events_apply(fold.events, &record);
        mem_fail_after(0);
        if (err) {
            CHECK_INT(err, ERR_LIMIT);
            CHECK(!events_is_deleted(fold.events, 2));
            CHECK_OK(events_apply(fold.events, &record));
        }
        CHECK(events_is_deleted(fold.events, 2) && !events_is_deleted(fold.events, 3));
        buf_done(&clear);
        fold_done(&fold);
    }
}
