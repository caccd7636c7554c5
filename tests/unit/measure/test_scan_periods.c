/* test_scan_periods.c - periods told from ticks, and answers that do not depend on who tells them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_periods.h"

#include "base/random.h"
#include "measure/history.h"
#include "sys/sys.h"
#include "unit/measure/fold.h"
#include "support/test.h"

#include <string.h>

enum { MOST_STARTS = SCAN_MOST_PERIODS };

/* A question of so many periods about a file, at random. */
struct asked {
    millis starts[MOST_STARTS + 1];
    struct scan_plan plan;
    struct columns_about about;
    struct columns_ticks ticks;
};

static void make_asked(random_state *random, struct asked *out)
{
    static const uint32_t counts[] = {1, 2, 7, 13, 90, MOST_STARTS};
    uint32_t count = counts[random_below(random, 6)];
    millis length, at;

    out->ticks.base = (millis)random_below(random, 1u << 30) - (1 << 29);
    out->ticks.length = 1 + random_below(random, random_below(random, 2) ? 5 : 200000);
    length = (millis)out->ticks.length * COLUMNS_TICKS;
    out->about.first_time = out->ticks.base - (millis)random_below(random, 3) * length / 5;
    out->about.last_time = out->ticks.base + length / 10 * (1 + (millis)random_below(random, 14));
    at = out->ticks.base + length / 10 * ((millis)random_below(random, 8) - 2);
    for (uint32_t i = 0; i < count; i++) {
        out->starts[i] = at;
        /* Some begin where a tick does, some next to another. */
        if (random_below(random, 4) == 0)
            at +=
                (millis)(out->ticks.length - (uint64_t)(at - out->ticks.base) % out->ticks.length);
        else
            at += 1 + (millis)random_below(random, (uint64_t)length / count);
    }
    out->starts[count] = INT64_MAX;
    out->plan.periods = out->starts;
    out->plan.period_count = count;
    out->plan.bounds.from = count > 1 && random_below(random, 2)
                                ? out->starts[0] + (out->starts[1] - out->starts[0]) / 2
                                : out->starts[0];
    out->plan.bounds.to =
        out->starts[count - 1] + 1 + (millis)random_below(random, (uint64_t)length);
}

/* Every time of the tick that the file may have is in the period told. */
static void check_tick(const struct asked *asked, uint32_t tick, uint8_t told)
{
    millis first = asked->ticks.base + (millis)(tick * asked->ticks.length);
    millis last = first + (millis)asked->ticks.length - 1;

    first = tick && first > asked->about.first_time ? first : asked->about.first_time;
    last =
        tick < COLUMNS_TICKS - 1 && last < asked->about.last_time ? last : asked->about.last_time;
    if (told == PICK_UNSURE || first > last)
        return;
    CHECK_INT(told, scan_periods_of(&asked->plan, first));
    CHECK_INT(told, scan_periods_of(&asked->plan, last));
    CHECK(asked->plan.bounds.from <= first || asked->plan.bounds.from > last);
    CHECK(asked->plan.bounds.to <= first || asked->plan.bounds.to > last);
    for (uint32_t i = 1; i < asked->plan.period_count; i++)
        CHECK(asked->starts[i] <= first || asked->starts[i] > last);
}

TEST(periods_of_ticks_hold_for_all_their_times)
{
    enum { AT_ONCE = 1000 };
    static uint16_t ticks[AT_ONCE + PICK_BYTES_SLACK];
    static uint8_t told[AT_ONCE + PICK_BYTES_SLACK];
    uint64_t unsure[AT_ONCE / 64 + 1];
    random_state random = {11};
    struct pick_periods *periods = arena_take(test_mem, sizeof *periods);
    struct asked *asked = arena_take(test_mem, sizeof *asked);
    unsigned coarse = 0;

    CHECK(periods && asked);
    for (int round = 0; round < 200; round++) {
        uint32_t left = 0;

        make_asked(&random, asked);
        scan_periods_make(&asked->plan, &asked->about, &asked->ticks, periods);
        coarse += periods->is_coarse;
        for (uint32_t from = 0; from < COLUMNS_TICKS; from += AT_ONCE) {
            uint32_t count = COLUMNS_TICKS - from < AT_ONCE ? COLUMNS_TICKS - from : AT_ONCE;

            for (uint32_t i = 0; i < count; i++)
                ticks[i] = (uint16_t)(from + i);
            pick_best()->periods(ticks, count, periods, told, unsure);
            for (uint32_t i = 0; i < count; i++) {
                CHECK_INT(told[i], periods->of[from + i]);
                CHECK_INT(unsure[i / 64] >> i % 64 & 1, told[i] == PICK_UNSURE);
                check_tick(asked, from + i, told[i]);
                left += told[i] == PICK_UNSURE;
            }
        }
        CHECK(left <= asked->plan.period_count + 1 + (periods->is_coarse ? 2 * PICK_KINDS : 0));
    }
    CHECK(coarse > 20 && coarse < 180);
}

/* --- Worlds --- */

enum { PEOPLE = 400, EVENTS_EACH = 12, DAYS = 70 };

/* 2026-03-01T00:00:00Z; clocks in Europe change on the 29th. */
#define FIRST INT64_C(1772323200000)

/* Now and then on a day's beginning in UTC or in Vienna, or around it; seldom with a wrong clock.
 */
static millis random_time(random_state *random)
{
    millis day = FIRST + (millis)random_below(random, DAYS) * MILLIS_DAY;
    millis hour = day < FIRST + 28 * MILLIS_DAY ? MILLIS_HOUR : 2 * MILLIS_HOUR;

    switch (random_below(random, 60)) {
    case 0:
        return day + (millis)random_below(random, 3) - 1;
    case 1:
        return day - hour + (millis)random_below(random, 3) - 1;
    case 2:
        return random_below(random, 12) ? day : (millis)random_below(random, 1000);
    case 3:
        return random_below(random, 12) ? day + 100 : INT64_C(4070908800000);
    default:
        return day + (millis)random_below(random, MILLIS_DAY);
    }
}

static void make_world(struct fold *fold, uint64_t seed)
{
    static const char *const kinds[] = {"\"type\":\"track\",\"event\":\"A\"",
                                        "\"type\":\"track\",\"event\":\"B\"", "\"type\":\"page\"",
                                        "\"type\":\"identify\""};
    random_state random = {seed};
    struct buf text = {0};

    CHECK_OK(fold_open(fold));
    for (int i = 0; i < PEOPLE * EVENTS_EACH; i++) {
        unsigned key = (unsigned)random_below(&random, 700);

        buf_clear(&text);
        buf_print(&text, "{%s,\"userId\":\"u%d\",\"timestamp\":\"", kinds[random_below(&random, 4)],
                  (int)random_below(&random, PEOPLE));
        time_write_utc(&text, random_time(&random));
        buf_print(&text, "\",\"properties\":{\"few\":\"f%u\",\"many\":%u,\"list\":[%u,%u]%s}}",
                  key % 5, key, key % 3, key % 7, key % 17 ? "" : ",\"seldom\":true");
        CHECK_OK(fold_take(fold, buf_str(&text)));
    }
    buf_done(&text);
}

static str ask(struct fold *fold, const char *query)
{
    struct answer_options options = {.sys = sys_real(), .workers = 1};
    struct buf out = {0};
    str answer;
    size_t end = 0;

    CHECK_OK(fold_ask(fold, &options, str_of(query), &out));
    answer = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    while (end + 7 < answer.len && !str_equals(str_slice(answer, end, end + 7), S("\"meta\":")))
        end++; /* it tells how long it took */
    return str_slice(answer, 0, end);
}

#define ALWAYS ",\"as_of\":\"2100-01-01\"}"
#define SPRING ",\"from\":\"2026-03-01\",\"to\":\"2026-05-05\"" ALWAYS
#define VIENNA ",\"timezone\":\"Europe/Vienna\",\"from\":\"2026-03-03T00:00:00+01:00\"" ALWAYS

static const char *const questions[] = {
    "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"day\",\"by\":\"few\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"day\",\"by\":\"many\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"week\",\"by\":\"list\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"day\",\"by\":\"seldom\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"B\",\"interval\":\"day\",\"measure\":\"people\",\"by\":"
    "\"few\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"day\",\"measure\":\"per_person\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"week\",\"measure\":{\"sum\":"
    "\"many\"}" SPRING,
    "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"hour\",\"by\":\"few\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"all\",\"by\":\"few\"" ALWAYS,
    "{\"kind\":\"trend\",\"event\":\"identify\",\"interval\":\"month\"" VIENNA,
    "{\"kind\":\"trend\",\"event\":\"page\",\"interval\":\"day\",\"measure\":\"people\",\"to\":"
    "\"2026-04-20\"" VIENNA,
    "{\"kind\":\"trend\",\"event\":\"page\",\"interval\":\"minute\",\"from\":\"2026-04-01\","
    "\"to\":\"2026-04-01T03:00:00Z\"" ALWAYS,
    "{\"kind\":\"trend\",\"event\":\"page\",\"interval\":\"day\",\"from\":\"2026-04-01\","
    "\"to\":\"2026-04-01\"" ALWAYS,
    "{\"kind\":\"trend\",\"event\":\"Never\",\"interval\":\"day\"" SPRING,
    "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"day\",\"from\":\"2026-03-01\","
    "\"to\":\"2026-05-05\",\"as_of\":\"2026-04-02T07:00:00Z\"}",
    "{\"kind\":\"retention\",\"start\":\"*\",\"return\":\"*\",\"interval\":\"week\"" SPRING,
    "{\"kind\":\"retention\",\"start\":\"A\",\"return\":\"A\",\"interval\":\"day\",\"periods\":"
    "30" SPRING,
    "{\"kind\":\"retention\",\"start\":\"A\",\"return\":\"B\",\"interval\":\"day\",\"periods\":"
    "5" SPRING,
    "{\"kind\":\"retention\",\"start\":\"identify\",\"return\":\"*\",\"interval\":\"month\",\"to\":"
    "\"2026-05-01\"" VIENNA,
    "{\"kind\":\"retention\",\"start\":\"*\",\"return\":\"A\",\"interval\":\"day\",\"to\":"
    "\"2026-04-20T05:00:00Z\"" VIENNA,
};

TEST(answers_from_a_file_are_those_from_memory)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        str before[sizeof questions / sizeof *questions];
        struct fold fold;

        make_world(&fold, seed);
        for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
            before[i] = ask(&fold, questions[i]);
        CHECK_OK(fold_settle(&fold));
        for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
            CHECK(str_equals(ask(&fold, questions[i]), before[i]));
        fold_done(&fold);
        arena_reset(test_mem);
    }
}

/* --- What batches hold --- */

struct counted {
    const struct scan_plan *plan;
    unsigned batches, told;
    uint64_t hits, sum; /* of all periods, each by who has it */
};

static void count_hit(const struct counted *counted, const struct scan_batch *batch, size_t person,
                      uint32_t hit, uint64_t sums[2])
{
    uint8_t period;

    if (!(batch->kinds_of ? batch->kinds_of->marks[batch->kinds[hit]] : batch->marks[hit]))
        return;
    period = batch->periods ? batch->periods[hit - batch->row]
                            : scan_periods_of(counted->plan, batch->times[hit]);
    if (batch->periods && batch->timely)
        CHECK_INT(batch->timely[(hit - batch->row) / 64] >> (hit - batch->row) % 64 & 1,
                  period != SCAN_OUTSIDE);
    if (period == SCAN_OUTSIDE)
        return;
    sums[0]++;
    sums[1] += period * (uint64_t)(batch->ids[person] + 1);
}

static enum err count(void *argument, const struct scan_batch *batch)
{
    struct counted *counted = argument;
    uint64_t sums[2] = {0};

    counted->batches++;
    counted->told += batch->periods != NULL;
    for (size_t person = 0; person < batch->persons; person++)
        for (uint32_t hit = batch->first[person]; hit < batch->end[person]; hit++)
            count_hit(counted, batch, person, hit, sums);
    counted->hits += sums[0];
    counted->sum += sums[1];
    return OK;
}

static struct counted count_all(struct fold *fold, const millis *starts, uint32_t periods)
{
    static const struct query_event a = {.name = {"A", 1}};
    struct scan_bounds bounds = {FIRST + MILLIS_DAY, FIRST + 60 * MILLIS_DAY, INT64_MAX};
    struct counted counted = {0};
    struct scanner *scanner;
    struct scan_plan *plan;
    struct source source;
    scan_marks mark;

    events_begin(fold->events, &source);
    CHECK_OK(scan_plan_open(test_mem, &source, bounds, NULL, &plan));
    CHECK_OK(scan_plan_mark(plan, &a, 1, SCAN_IN_RANGE, &mark));
    scan_plan_kinds(plan);
    scan_plan_periods(plan, starts, periods);
    CHECK_OK(scan_plan_ready(plan));
    counted.plan = plan;
    CHECK_OK(scan_open(plan, &scanner));
    CHECK_OK(scan_range(scanner, 1, source_end(&source), count, &counted));
    scan_close(scanner);
    events_end(fold->events);
    return counted;
}

TEST(batches_of_a_file_have_periods_for_who_takes_them)
{
    millis starts[60];
    struct counted in_memory, in_file;
    struct fold fold;

    for (uint32_t i = 0; i < 59; i++)
        starts[i] = FIRST + (i + 1) * MILLIS_DAY;
    starts[59] = INT64_MAX;
    make_world(&fold, 5);
    in_memory = count_all(&fold, starts, 59);
    CHECK_INT(in_memory.told, 0);
    CHECK_OK(fold_settle(&fold));
    in_file = count_all(&fold, starts, 59);
    CHECK(in_file.batches && in_file.told == in_file.batches);
    CHECK(in_file.hits > 500);
    CHECK_INT(in_file.hits, in_memory.hits);
    CHECK_INT(in_file.sum, in_memory.sum);
    fold_done(&fold);
}
