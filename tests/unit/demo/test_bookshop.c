/* test_bookshop.c - the same seed makes the same stream, and what is true of it shows in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/bookshop.h"

#include "base/hash.h"
#include "base/json.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

static const struct bookshop_options SMALL = {.seed = 7,
                                              .people = 150,
                                              .days = 20,
                                              .from = INT64_C(1788739200000), /* a Sunday */
                                              .living = INT64_MAX,
                                              .pace = 1};

enum { MOST_PEOPLE = 2000, GENRES = 10, ARMS = 3, WEEK = 7 };

/* The stream as far as `until`: its digest, and how many events. */
static uint64_t digest(const struct bookshop_options *options, millis until, uint64_t *out_count)
{
    const struct bookshop_event *event;
    struct bookshop *world;
    struct buf text = {0};
    uint64_t sum = 0, count = 0;

    CHECK_OK(bookshop_open(options, &world));
    for (;;) {
        CHECK_OK(bookshop_next(world, &event));
        if (event->at >= until)
            break;
        buf_clear(&text);
        bookshop_message(event, true, &text);
        buf_add(&text, event->truth);
        buf_print(&text, "%d %llu", (int)event->door, (unsigned long long)event->number);
        sum = hash_checksum_seeded(text.data, text.len, sum);
        count++;
    }
    buf_done(&text);
    bookshop_close(world);
    *out_count = count;
    return sum;
}

TEST(the_same_seed_makes_the_same_stream)
{
    millis until = SMALL.from + SMALL.days * MILLIS_DAY;
    uint64_t count, again;
    uint64_t sum = digest(&SMALL, until, &count);

    CHECK(count > 3000);
    CHECK(sum == digest(&SMALL, until, &again));
    CHECK_INT(again, count);
}

TEST(another_seed_makes_another_stream)
{
    struct bookshop_options other = SMALL;
    millis until = SMALL.from + 2 * MILLIS_DAY;
    uint64_t count;

    other.seed++;
    CHECK(digest(&SMALL, until, &count) != digest(&other, until, &count));
}

TEST(a_pace_changes_nothing_before_the_present)
{
    struct bookshop_options other = SMALL;
    millis living = SMALL.from + 5 * MILLIS_DAY + 13 * MILLIS_HOUR;
    uint64_t usual, lively, before, count;

    other.pace = 8;
    other.living = living;
    /* Of the day in which the present begins ids are counted anew: compare the days before. */
    CHECK(digest(&SMALL, SMALL.from + 5 * MILLIS_DAY, &before) ==
          digest(&other, SMALL.from + 5 * MILLIS_DAY, &count));
    CHECK_INT(count, before);
    digest(&SMALL, living, &usual);
    digest(&other, living, &lively);
    CHECK_INT(lively, usual);
    digest(&SMALL, living + 4 * MILLIS_DAY, &count);
    usual = count - usual;
    digest(&other, living + 4 * MILLIS_DAY, &count);
    lively = count - lively;
    CHECK(lively > 5 * usual && lively < 11 * usual);
}

TEST(events_come_in_the_order_of_time_each_with_its_own_id)
{
    struct json_reader *reader = json_reader_open();
    const struct bookshop_event *event;
    struct bookshop *world;
    struct buf text = {0};
    millis last = SMALL.from;
    uint64_t seen[4096] = {0};
    struct json doc;

    CHECK_OK(bookshop_open(&SMALL, &world));
    for (uint64_t i = 0; i < 4096; i++) {
        millis told;

        CHECK_OK(bookshop_next(world, &event));
        CHECK_INT(event->number, i);
        CHECK(event->at >= last);
        last = event->at;
        buf_clear(&text);
        bookshop_message(event, i % 2, &text);
        CHECK_OK(json_parse_copy(reader, test_mem, buf_str(&text), &doc));
        if (!str_contains(buf_str(&text), S("\"Receipt Printed\""))) { /* which are amiss */
            CHECK_OK(
                time_parse(json_string(&doc, json_find(&doc, 0, S("timestamp")), test_mem), &told));
            CHECK_INT(told, event->at);
        }
        CHECK(str_contains(buf_str(&text), S("\"userAgent\":")) == (i % 2 && event->agent.len));
        seen[i] = hash_checksum(text.data, (size_t)str_find(buf_str(&text), ','));
        for (uint64_t k = i > 64 ? i - 64 : 0; k < i; k++)
            CHECK(seen[k] != seen[i]);
    }
    bookshop_close(world);
    buf_done(&text);
    json_reader_close(reader);
}

/* What is true of a larger world, counted from the lines of truth and from the events. */
struct truth {
    struct json_reader *reader;
    struct arena *mem;
    unsigned tastes[MOST_PEOPLE][GENRES];
    bool is_target[MOST_PEOPLE];
    uint8_t arms[MOST_PEOPLE][2];
    unsigned orders[MOST_PEOPLE][2]; /* within the campaign's ten days */
    uint64_t visits[MOST_PEOPLE], bought[MOST_PEOPLE];
    uint64_t first_taste, other_taste; /* products viewed by who is known */
    uint64_t events, of_machines, all_orders, returns, caused[2], weekdays[WEEK];
    millis campaigns[2];
};

static const char *const GENRE[GENRES] = {"crime",    "fantasy", "romance", "science", "history",
                                          "children", "cooking", "travel",  "poetry",  "business"};
static const char *const CAMPAIGN[2] = {"reading-coupon", "vip-preview"};

static str text_of(struct truth *truth, const struct json *doc, const char *name)
{
    uint32_t at = json_find(doc, 0, str_of(name));

    return at == JSON_ABSENT ? (str){NULL, 0} : json_string(doc, at, truth->mem);
}

static millis time_of(struct truth *truth, const struct json *doc)
{
    millis at = 0;

    CHECK_OK(time_parse(text_of(truth, doc, "at"), &at));
    return at;
}

/* "c-000017" is the person of index 16. */
static size_t person_of(str id)
{
    uint64_t number = 0;
    str digits = str_slice(id, 2, id.len);

    while (digits.len > 1 && digits.data[0] == '0')
        digits = str_slice(digits, 1, digits.len);
    CHECK(str_to_u64(digits, &number) && number > 0 && number <= MOST_PEOPLE);
    return (size_t)number - 1;
}

static size_t campaign_of(str name)
{
    return str_equals(name, str_of(CAMPAIGN[1])) ? 1 : 0;
}

static void take_person(struct truth *truth, const struct json *doc)
{
    size_t person = person_of(text_of(truth, doc, "user_id"));
    uint32_t tastes = json_find(doc, 0, S("tastes"));

    for (size_t i = 0; i < GENRES; i++) {
        int64_t weight;

        CHECK(json_to_i64(doc, json_find(doc, tastes, str_of(GENRE[i])), &weight));
        truth->tastes[person][i] = (unsigned)weight;
    }
    truth->is_target[person] = json_type_of(doc, json_find(doc, 0, S("target"))) == JSON_TRUE;
}

static void take_visit(struct truth *truth, const struct json *doc)
{
    int64_t count;
    str person = text_of(truth, doc, "person");

    CHECK(json_to_i64(doc, json_find(doc, 0, S("events")), &count));
    if (text_of(truth, doc, "machine").len)
        truth->of_machines += (uint64_t)count;
    else
        truth->weekdays[(time_of(truth, doc) / MILLIS_DAY + 3) % WEEK]++;
    if (person.len)
        truth->visits[person_of(person)]++;
}

static void take_order(struct truth *truth, const struct json *doc)
{
    size_t person = person_of(text_of(truth, doc, "person"));
    str cause = text_of(truth, doc, "cause");
    millis at = time_of(truth, doc);

    truth->all_orders++;
    truth->bought[person] += str_equals(text_of(truth, doc, "channel"), S("web"));
    if (cause.len)
        truth->caused[campaign_of(cause)]++;
    for (size_t i = 0; i < 2; i++)
        if (at >= truth->campaigns[i] && at < truth->campaigns[i] + 10 * MILLIS_DAY)
            truth->orders[person][i]++;
}

static void take_line(struct truth *truth, str line)
{
    struct json doc;
    str what;

    CHECK_OK(json_parse_copy(truth->reader, truth->mem, line, &doc));
    what = text_of(truth, &doc, "truth");
    if (str_equals(what, S("campaign")))
        truth->campaigns[campaign_of(text_of(truth, &doc, "name"))] = time_of(truth, &doc);
    else if (str_equals(what, S("person")))
        take_person(truth, &doc);
    else if (str_equals(what, S("visit")))
        take_visit(truth, &doc);
    else if (str_equals(what, S("order")))
        take_order(truth, &doc);
    else if (str_equals(what, S("return")))
        truth->returns++;
    else if (str_equals(what, S("machine")))
        truth->of_machines++;
    else if (str_equals(what, S("lot")))
        truth->arms[person_of(text_of(truth, &doc, "person"))]
                   [campaign_of(text_of(truth, &doc, "campaign"))] =
            str_equals(text_of(truth, &doc, "arm"), S("treated")) ? 1 : 2;
}

static void take_lines(struct truth *truth, str rest)
{
    while (rest.len) {
        arena_reset(truth->mem);
        take_line(truth, str_cut(&rest, '\n'));
    }
}

/* Is a book that somebody known looks at of the genre she likes most? */
static void take_event(struct truth *truth, const struct bookshop_event *event, struct buf *text)
{
    str message = event->message, user, genre;
    size_t person, first = 0;
    struct json doc;

    truth->events++;
    if (!str_contains(message, S("\"event\":\"Product Viewed\"")) ||
        !str_contains(message, S("\"userId\":\"")))
        return;
    buf_clear(text);
    bookshop_message(event, false, text);
    CHECK_OK(json_parse_copy(truth->reader, truth->mem, buf_str(text), &doc));
    user = text_of(truth, &doc, "userId");
    genre = json_string(&doc, json_find(&doc, json_find(&doc, 0, S("properties")), S("category")),
                        truth->mem);
    person = person_of(user);
    for (size_t i = 1; i < GENRES; i++)
        if (truth->tastes[person][i] > truth->tastes[person][first])
            first = i;
    if (str_equals(genre, str_of(GENRE[first])))
        truth->first_taste++;
    else
        truth->other_taste++;
}

static struct truth *live_through(const struct bookshop_options *options)
{
    struct truth *truth = arena_take(test_mem, sizeof *truth);
    const struct bookshop_event *event;
    struct bookshop *world;
    struct buf text = {0};

    assert_non_null(truth);
    truth->reader = json_reader_open();
    truth->mem = arena_open(1 << 20);
    CHECK_OK(bookshop_open(options, &world));
    bookshop_preface(world, &text);
    take_lines(truth, buf_str(&text));
    for (;;) {
        CHECK_OK(bookshop_next(world, &event));
        if (event->at >= options->from + options->days * MILLIS_DAY)
            break;
        take_lines(truth, event->truth);
        take_event(truth, event, &text);
    }
    bookshop_close(world);
    buf_done(&text);
    json_reader_close(truth->reader);
    arena_close(truth->mem);
    return truth;
}

/* Orders a head: of those treated less of those held out, in standard errors of the difference. */
static double uplift(const struct truth *truth, size_t campaign)
{
    double count[ARMS] = {0}, sum[ARMS] = {0}, squares[ARMS] = {0}, variance = 0;

    for (size_t i = 0; i < MOST_PEOPLE; i++) {
        size_t arm = truth->arms[i][campaign];
        double orders = truth->orders[i][campaign];

        count[arm]++;
        sum[arm] += orders;
        squares[arm] += orders * orders;
    }
    for (size_t arm = 1; arm < ARMS; arm++) {
        double mean = sum[arm] / count[arm];

        variance += (squares[arm] / count[arm] - mean * mean) / count[arm];
    }
    return (sum[1] / count[1] - sum[2] / count[2]) / sqrt(variance);
}

/* The same of those treated and of everybody else, as who has no hold-out would compare. */
static double seeming_uplift(const struct truth *truth, size_t campaign)
{
    double treated = 0, others = 0, of_treated = 0, of_others = 0;

    for (size_t i = 0; i < MOST_PEOPLE; i++)
        if (truth->arms[i][campaign] == 1) {
            treated++;
            of_treated += truth->orders[i][campaign];
        } else {
            others++;
            of_others += truth->orders[i][campaign];
        }
    return of_treated / treated / (of_others / others);
}

TEST(what_is_true_of_the_world_shows_in_its_numbers)
{
    struct bookshop_options options = SMALL;
    const struct truth *truth;
    double target_visits = 0, target_orders = 0, visits = 0, orders = 0;

    options.people = MOST_PEOPLE;
    options.days = 42;
    truth = live_through(&options);

    /* Tastes: the genre of the heart is most of what somebody looks at. */
    CHECK(truth->first_taste > truth->other_taste);
    /* Machines are a part of what comes that nobody can overlook. */
    CHECK(truth->of_machines * 100 > truth->events * 5);
    CHECK(truth->of_machines * 100 < truth->events * 15);
    /* Eight in a hundred orders come back, some of them after the end. */
    CHECK(truth->returns * 100 > truth->all_orders * 4);
    CHECK(truth->returns * 100 < truth->all_orders * 9);
    /* Six weeks of each weekday: Sundays are the busiest, Tuesdays the quietest. */
    CHECK(truth->weekdays[6] * 100 > truth->weekdays[1] * 125);
    CHECK(truth->weekdays[5] * 100 > truth->weekdays[0] * 115);

    for (size_t i = 0; i < MOST_PEOPLE; i++) {
        *(truth->is_target[i] ? &target_visits : &visits) += (double)truth->visits[i];
        *(truth->is_target[i] ? &target_orders : &orders) += (double)truth->bought[i];
    }
    CHECK(target_orders / target_visits > 1.5 * orders / visits);
}

TEST(one_campaign_works_and_the_other_only_seems_to)
{
    struct bookshop_options options = SMALL;
    const struct truth *truth;

    options.people = MOST_PEOPLE;
    options.days = 42;
    truth = live_through(&options);
    CHECK(truth->caused[0] > 50);
    CHECK_INT(truth->caused[1], 0);
    CHECK(uplift(truth, 0) > 3);
    CHECK(uplift(truth, 1) < 2 && uplift(truth, 1) > -2);
    CHECK(seeming_uplift(truth, 1) > 2);
}
