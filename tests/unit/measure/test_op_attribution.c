/* test_op_attribution.c - histories with many touches and conversions, any number of workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sharing out goes by windows; here it is done pair by pair.
 */
#include "measure/answer.h"

#include "support/test.h"
#include "sys/sys.h"
#include "unit/measure/fold.h"

#include <math.h>

enum { PEOPLE = 60, EVENTS = 250, KEYS = 5 };
enum { SECONDS_APART = 2000, LOOKBACK_MS = 86400000, HALF_LIFE_MS = 7 * 86400000 };

struct event {
    int64_t ms; /* since midnight */
    bool is_touch, is_conversion;
    int key;
    double value;
};

struct credit {
    double conversions[KEYS];
    double value[KEYS];
    double lost, lost_value;
};

/* Of person `person`, whose first one has the most. */
static int make_history(int person, struct event *events)
{
    uint32_t seed = (uint32_t)person * 7919u + 1;
    int count = EVENTS / (person + 1) + 3;
    int64_t seconds = 0;

    for (int i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        seconds += seed >> 8 & 3 ? (seed >> 10) % SECONDS_APART : 0; /* some at one instant */
        events[i] = (struct event){.ms = seconds * 1000,
                                   .is_touch = (seed >> 24) % 5 != 0,
                                   .is_conversion = (seed >> 20) % 3 == 0,
                                   .key = (int)(seed >> 12) % KEYS,
                                   .value = (double)(seed >> 16) / 4 - 1000};
    }
    return count;
}

static void take_history(struct fold *fold, int person, const struct event *events, int count)
{
    struct buf text = {0};

    for (int i = 0; i < count; i++) {
        int64_t second = events[i].ms / 1000;

        buf_clear(&text);
        buf_print(&text,
                  "{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u%d\",\"timestamp\":"
                  "\"2026-01-%02dT%02d:%02d:%02dZ\",\"properties\":{\"touch\":%s,"
                  "\"conversion\":%s,\"k\":%d,\"revenue\":%.2f}}",
                  person, (int)(1 + second / 86400), (int)(second / 3600 % 24),
                  (int)(second / 60 % 60), (int)(second % 60),
                  events[i].is_touch ? "true" : "false", events[i].is_conversion ? "true" : "false",
                  events[i].key, events[i].value);
        CHECK_OK(fold_take(fold, buf_str(&text)));
    }
    buf_done(&text);
}

/* The share of touch `at` of `count`, of the age `age` where the newest has the age `least`. */
static double weigh(const char *model, int at, int count, double age, double least)
{
    if (model[0] == 'p') {
        bool is_edge = at == 0 || at == count - 1;

        return count < 3 ? 1.0 / count : is_edge ? 0.4 : 0.2 / (count - 2);
    }
    if (model[1] == 'i' && model[0] == 'l')
        return 1.0 / count;
    if (model[0] == 'l')
        return at == count - 1;
    if (model[0] == 'f')
        return at == 0;
    return exp2((least - age) / HALF_LIFE_MS);
}

static void add_naively(struct credit *credit, const char *model, const struct event *events,
                        int at)
{
    int touches[EVENTS + 3];
    double weights[EVENTS + 3];
    double all = 0;
    int count = 0;

    for (int i = 0; i < at; i++)
        if (events[i].is_touch && events[at].ms - events[i].ms <= LOOKBACK_MS)
            touches[count++] = i;
    if (!count) {
        credit->lost++;
        credit->lost_value += events[at].value;
    }
    for (int i = 0; i < count; i++) {
        weights[i] = weigh(model, i, count, (double)(events[at].ms - events[touches[i]].ms),
                           (double)(events[at].ms - events[touches[count - 1]].ms));
        all += weights[i];
    }
    for (int i = 0; i < count; i++) {
        credit->conversions[events[touches[i]].key] += weights[i] / all;
        credit->value[events[touches[i]].key] += weights[i] / all * events[at].value;
    }
}

static str ask(struct fold *fold, unsigned workers, const char *model)
{
    struct answer_options options = {.sys = sys_real(), .workers = workers};
    str query = arena_print(test_mem,
                            "{\"kind\":\"attribution\",\"conversion\":{\"event\":\"e\",\"where\":"
                            "{\"prop\":\"conversion\",\"op\":\"is\",\"value\":true}},\"touches\":"
                            "[{\"event\":\"e\",\"where\":{\"prop\":\"touch\",\"op\":\"is\","
                            "\"value\":true}}],\"value\":\"revenue\",\"by\":\"k\",\"lookback\":"
                            "\"1d\",\"model\":\"%s\"}",
                            model);
    struct buf out = {0};
    str answer;

    CHECK_OK(fold_ask(fold, &options, query, &out));
    answer = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return answer;
}

static double member(const struct json *doc, uint32_t object, const char *name)
{
    double number = NAN;

    CHECK(json_to_double(doc, json_find(doc, object, str_of(name)), &number));
    return number;
}

static void check_answer(str answer, const struct credit *want)
{
    struct json_reader *reader = json_reader_open();
    struct json doc;
    uint32_t rows, lost;
    double before = INFINITY;
    int count = 0;

    CHECK_OK(json_parse_copy(reader, test_mem, answer, &doc));
    rows = json_find(&doc, 0, S("rows"));
    lost = json_find(&doc, 0, S("unattributed"));
    EACH_ELEMENT(&doc, rows, row)
    {
        int key = (int)member(&doc, row, "key");
        double conversions = member(&doc, row, "conversions");

        CHECK(key >= 0 && key < KEYS);
        CHECK(fabs(conversions - want->conversions[key]) < 1e-9 * want->conversions[key]);
        CHECK(fabs(member(&doc, row, "value") - want->value[key]) < 1e-9 * fabs(want->value[key]));
        CHECK(conversions <= before);
        before = conversions;
        count++;
    }
    CHECK_INT(count, KEYS);
    CHECK(member(&doc, lost, "conversions") == want->lost);
    CHECK(fabs(member(&doc, lost, "value") - want->lost_value) < 1e-6);
    json_reader_close(reader);
}

TEST(windows_share_out_as_every_pair_by_itself_would)
{
    static const char *const models[] = {"last", "first", "linear", "position", "decay"};
    struct event events[EVENTS + 3];
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    for (int person = 0; person < PEOPLE; person++)
        take_history(&fold, person, events, make_history(person, events));
    EACH_CASE(model, models)
    {
        struct credit want = {0};

        for (int person = 0; person < PEOPLE; person++) {
            int count = make_history(person, events);

            for (int i = 0; i < count; i++)
                if (events[i].is_conversion)
                    add_naively(&want, *model, events, i);
        }
        CHECK(want.lost > 0);
        for (unsigned workers = 1; workers <= 3; workers++)
            check_answer(ask(&fold, workers, *model), &want);
    }
    fold_done(&fold);
}

static size_t place_of(str text, str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_equals(str_slice(text, i, i + part.len), part))
            return i;
    return text.len;
}

/* One touch of each person's has a key of three and the others "z": a third, fifth or seventh each,
 * as often for a as for b and c, but in another order. */
TEST(keys_that_tie_but_for_rounding_go_by_their_bytes)
{
    enum { EACH = 99 };
    static const int touches[] = {3, 5, 7};
    struct buf text = {0};
    struct fold fold;

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < 3 * EACH; i++) {
        int turn = i / 3;
        int key = i % 3;
        int count = touches[key == 2 ? turn % 3 : (turn * 3 / EACH + key) % 3];

        for (int k = 0; k <= count; k++) {
            buf_clear(&text);
            buf_print(&text,
                      "{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u%d\",\"timestamp\":"
                      "\"2026-01-01T00:00:%02dZ\",\"properties\":{\"touch\":%s,\"conversion\":%s,"
                      "\"k\":\"%c\"}}",
                      i, k, k < count ? "true" : "false", k < count ? "false" : "true",
                      k ? 'z' : 'a' + key);
            CHECK_OK(fold_take(&fold, buf_str(&text)));
        }
    }
    for (unsigned workers = 1; workers <= 4; workers++) {
        str answer = ask(&fold, workers, "linear");

        CHECK(place_of(answer, S("\"z\"")) < place_of(answer, S("\"a\"")));
        CHECK(place_of(answer, S("\"a\"")) < place_of(answer, S("\"b\"")));
        CHECK(place_of(answer, S("\"b\"")) < place_of(answer, S("\"c\"")));
    }
    buf_done(&text);
    fold_done(&fold);
}
