/* test_query_parse.c - what questions are read, and how wrong ones are refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/operator.h"
#include "measure/query_int.h"
#include "support/test.h"

#include "base/mem.h"

static enum err parse(const char *text, struct query *out_query)
{
    struct json_reader *reader = json_reader_open();
    enum err err = query_parse(reader, test_mem, str_of(text), out_query);

    json_reader_close(reader);
    return err;
}

#define TREND(members) "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"day\"" members "}"
#define WHERE(condition) TREND(",\"where\":" condition)
#define PEOPLE(segment) "{\"kind\":\"people\",\"segment\":" segment "}"

TEST(a_wrong_question_is_refused_with_the_member_and_what_it_may_be)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"[]", "must be a JSON object"},
        {"{", ""},
        {"{\"kind\":\"\\ud800\"}", "not sound JSON"},
        {"{}", "\"kind\" must be one of trend, people, timeline"},
        {"{\"kind\":\"trends\"}", "\"kind\" must be one of"},
        {"{\"kind\":7}", "\"kind\" must be one of"},
        {"{\"kind\":\"trend\",\"interval\":\"day\"}", "a trend question needs \"event\""},
        {"{\"kind\":\"trend\",\"event\":\"A\"}", "needs \"interval\": one of minute, hour"},
        {"{\"kind\":\"people\"}", "a people question needs \"segment\""},
        {"{\"kind\":\"timeline\"}", "a timeline question needs \"person\""},
        {TREND(",\"wehre\":[]"), "a trend question has no member \"wehre\""},
        {TREND(",\"segment\":{}"), "a trend question has no member \"segment\""},
        {"{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"year\"}",
         "\"interval\" must be one of minute, hour, day, week, month, all"},
        {TREND(",\"measure\":\"sums\""), "\"measure\" must be one of events"},
        {TREND(",\"measure\":{}"), "\"measure\" must be one of events"},
        {TREND(",\"measure\":{\"sum\":7}"), "\"sum\" of \"measure\" must be text"},
        {TREND(",\"measure\":{\"sum\":\"a\",\"max\":\"b\"}"),
         "\"max\" is not known beside \"sum\""},
        {TREND(",\"measure\":{\"events\":\"a\"}"), "\"measure\" must be one of events"},
        {TREND(",\"from\":\"yesterday\""), "\"from\" must be a date such as 2026-11-21"},
        {TREND(",\"to\":20261121"), "\"to\" must be a date"},
        {TREND(",\"as_of\":\"2026-02-30\""), "\"as_of\" must be a date"},
        {TREND(",\"timezone\":\"Mars/Olympus\""), "\"timezone\" must be an IANA name"},
        {TREND(",\"timezone\":1"), "\"timezone\" must be an IANA name"},
        {TREND(",\"limit\":-1"), "\"limit\" must be a whole number from 0"},
        {TREND(",\"limit\":1.5"), "\"limit\" must be a whole number"},
        {TREND(",\"limit\":1000001"), "\"limit\" must be a whole number"},
        {TREND(",\"by\":[\"a\"]"), "\"by\" of \"the question\" must be text"},
        {TREND(",\"by\":\"\""), "must not be empty"},
        {TREND(",\"traffic\":\"bots\""), "\"traffic\" must be \"human\" or \"raw\""},
        {TREND(",\"audience\":\"vips\""), "names the segment \"vips\", which does not exist"},
        {WHERE("7"), "a condition in \"where\" must be an object"},
        {WHERE("[{\"op\":\"is\",\"value\":1}]"), "\"prop\" of \"where\" must be text"},
        {WHERE("{\"prop\":\"a\",\"value\":1}"), "\"op\" in \"where\" must be one of is, is_not"},
        {WHERE("{\"prop\":\"a\",\"op\":\"equals\",\"value\":1}"),
         "\"op\" in \"where\" must be one"},
        {WHERE("{\"prop\":\"a\",\"op\":\"is\"}"), "needs a \"value\""},
        {WHERE("{\"prop\":\"a\",\"op\":\"is\",\"value\":[1]}"),
         "\"value\" in \"where\" must be text"},
        {WHERE("{\"prop\":\"a\",\"op\":\"in\",\"value\":1}"), "must be a list for the \"op\" in"},
        {WHERE("{\"prop\":\"a\",\"op\":\"in\",\"value\":[{}]}"), "\"value\" in \"where\" must be"},
        {WHERE("{\"prop\":\"a\",\"op\":\"contains\",\"value\":1}"), "must be text for the \"op\""},
        {WHERE("{\"prop\":\"a\",\"op\":\"set\",\"val\":1}"),
         "\"val\" is not known beside \"prop\""},
        {WHERE("{\"any\":{}}"), "\"any\" in \"where\" must be a list"},
        {WHERE("{\"any\":[],\"all\":[]}"), "\"any\" is not known beside \"all\""},
        {WHERE("{\"each\":\"products\"}"), "needs \"all\""},
        {"{\"kind\":\"trend\",\"event\":7,\"interval\":\"day\"}",
         "\"event\" must be an event's name"},
        {"{\"kind\":\"trend\",\"event\":{\"evnt\":\"A\"},\"interval\":\"day\"}",
         "\"evnt\" is not known beside \"event\""},
        {"{\"kind\":\"trend\",\"event\":{\"where\":[]},\"interval\":\"day\"}", "must be text"},
        {PEOPLE("[]"), "\"segment\" must be a segment"},
        {PEOPLE("{}"), "one of all, any, not, prop, did, sequence"},
        {PEOPLE("{\"near\":[1,2],\"metres\":5}"), "one of all, any, not, prop, did, sequence"},
        {PEOPLE("{\"any\":7}"), "\"any\" in \"segment\" must be a list"},
        {PEOPLE("{\"did\":\"A\",\"count\":3}"), "\"count\" in \"segment\" must be an object"},
        {PEOPLE("{\"did\":\"A\",\"count\":{\"min\":3}}"), "\"count\" in \"segment\" may have gte"},
        {PEOPLE("{\"did\":\"A\",\"count\":{\"gte\":\"3\"}}"), "must be a number"},
        {PEOPLE("{\"did\":\"A\",\"count\":{\"between\":[1]}}"),
         "\"between\" in \"segment\" must be"},
        {PEOPLE("{\"did\":\"A\",\"count\":{\"between\":[1,2,3]}}"), "list of two numbers"},
        {PEOPLE("{\"did\":\"A\",\"within\":\"14 days\"}"),
         "\"within\" of \"segment\" must be a span"},
        {PEOPLE("{\"did\":\"A\",\"window\":\"1d\"}"), "\"window\" is not known beside \"did\""},
        {PEOPLE("{\"sequence\":[]}"), "\"sequence\" in \"segment\" must be a list of events"},
        {PEOPLE("{\"sequence\":\"A\"}"), "\"sequence\" in \"segment\" must be a list of events"},
    };

    EACH_CASE(c, cases)
    {
        struct query query;

        CHECK(parse(c->text, &query) != OK);
        if (!str_contains(str_of(err_text()), str_of(c->says)))
            print_error("%s\n  said: %s\n", c->text, err_text());
        CHECK(str_contains(str_of(err_text()), str_of(c->says)));
    }
}

TEST(a_question_is_read_into_its_tree)
{
    const struct query_event *event;
    struct query query;

    CHECK_OK(parse("{\"kind\":\"trend\",\"event\":{\"event\":\"Order\",\"where\":{\"prop\":\"a\","
                   "\"op\":\"not_in\",\"value\":[1,null,\"x\",true]}},\"measure\":{\"sum\":"
                   "\"revenue\"},\"interval\":\"week\",\"timezone\":\"Europe/Vienna\",\"from\":"
                   "\"2026-07-01\",\"by\":\"plan\",\"limit\":7,\"traffic\":\"raw\"}",
                   &query));
    event = query.arguments[0].events;
    CHECK_INT(query.arguments[0].event_count, 1);
    CHECK_STR(event->name, "Order");
    CHECK_INT(event->where->kind, CONDITION_TEST);
    CHECK_INT(event->where->test, TEST_IN);
    CHECK(event->where->is_negated);
    CHECK_INT(event->where->value_count, 4);
    CHECK_INT(event->where->values[0].number.digits, 1);
    CHECK_INT(event->where->values[1].type, QUERY_NULL);
    CHECK_STR(event->where->values[2].text, "x");
    CHECK(event->where->values[3].boolean);
    CHECK_INT(query.arguments[1].choice, MEASURE_SUM);
    CHECK_STR(query.arguments[1].text, "revenue");
    CHECK_INT(query.interval, ZONE_WEEK);
    CHECK(query.has_from && !query.has_to && !query.has_as_of);
    CHECK_INT(query.from, 1782856800000); /* midnight in Vienna is 22:00 UTC of the day before */
    CHECK_STR(query.by, "plan");
    CHECK_INT(query.limit, 7);
    query_done(&query);
}

TEST(of_equal_members_the_last_counts)
{
    struct query query;

    CHECK_OK(parse(TREND(",\"limit\":1,\"limit\":2"), &query));
    CHECK_INT(query.limit, 2);
    query_done(&query);
}

TEST(a_question_nested_deeper_than_json_may_be_is_refused)
{
    struct buf text = {0};
    struct json_reader *reader = json_reader_open();
    struct query query;

    buf_add(&text, S("{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"day\",\"where\":"));
    for (int i = 0; i < 5000; i++)
        buf_add(&text, S("{\"not\":"));
    buf_add(&text, S("[]"));
    for (int i = 0; i <= 5000; i++)
        buf_add_byte(&text, '}');
    CHECK_ERR(ERR_INVALID, query_parse(reader, test_mem, buf_str(&text), &query));
    buf_done(&text);
    json_reader_close(reader);
}

TEST(a_question_with_too_many_conditions_is_refused)
{
    struct buf text = {0};
    struct json_reader *reader = json_reader_open();
    struct query query;

    buf_add(&text, S("{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"day\",\"where\":[{}"));
    for (int i = 0; i < QUERY_NODES; i++)
        buf_add(&text, S(",{}"));
    buf_add(&text, S("]}"));
    CHECK_ERR(ERR_LIMIT, query_parse(reader, test_mem, buf_str(&text), &query));
    buf_done(&text);
    json_reader_close(reader);
}

TEST(reading_a_question_survives_every_failing_allocation)
{
    str text =
        S("{\"kind\":\"people\",\"timezone\":\"Europe/Vienna\",\"where\":[{\"prop\":\"a\",\"op\":"
          "\"is\",\"value\":\"b\"}],\"segment\":{\"any\":[{\"did\":\"A\",\"count\":{\"between\":[1,"
          "2]}},{\"sequence\":[\"A\",\"B\"]},{\"prop\":\"t\",\"op\":\"set\"}]}}");
    struct json_reader *reader = json_reader_open();
    int unharmed = 0;

    for (long k = 1; k < 3000 && unharmed < 20; k++) {
        struct query query = {0};
        enum err err;

        arena_reset(test_mem);
        mem_fail_after(k);
        err = query_parse(reader, test_mem, text, &query);
        mem_fail_after(0);
        unharmed = err ? 0 : unharmed + 1;
        query_done(&query);
    }
    json_reader_close(reader);
    CHECK_INT(unharmed, 20);
}

/* A kind with a parameter of each type. */

enum { EVENT, EVENTS, INTERVAL, SEGMENT, PROPERTY, SPAN, NUMBER, CHOICE };

static const char *const long_intervals[] = {"day", "week", NULL};
static const char *const models[] = {"last", "first", NULL};
static const struct query_param all_params[] = {
    [EVENT] = {.name = "event", .type = PARAM_EVENT, .help = "an event"},
    [EVENTS] = {.name = "steps", .type = PARAM_EVENTS, .is_required = true, .help = "some events"},
    [INTERVAL] = {.name = "interval",
                  .type = PARAM_INTERVAL,
                  .help = "day or week",
                  .choices = long_intervals},
    [SEGMENT] = {.name = "segment", .type = PARAM_SEGMENT, .help = "a segment"},
    [PROPERTY] = {.name = "value", .type = PARAM_PROPERTY, .help = "a property"},
    [SPAN] = {.name = "window", .type = PARAM_SPAN, .help = "a span"},
    [NUMBER] = {.name = "periods", .type = PARAM_NUMBER, .help = "how many", .least = 2, .most = 9},
    [CHOICE] = {.name = "model", .type = PARAM_CHOICE, .help = "a model", .choices = models},
};
static const struct operator any_kind = {
    .kind = "test", .params = all_params, .param_count = sizeof all_params / sizeof *all_params};

static enum err parse_params(const char *text, struct query *out_query)
{
    struct json_reader *reader = json_reader_open();
    struct json doc;
    struct query_reader own = {.doc = &doc, .mem = test_mem};
    enum err err;

    *out_query = (struct query){.kind = &any_kind};
    CHECK_OK(json_parse_copy(reader, test_mem, str_of(text), &doc));
    err = query_parse_params(&own, out_query);
    json_reader_close(reader);
    return err;
}

TEST(parameters_are_read_as_their_kind_declares_them)
{
    struct query query;
    const struct query_argument *arguments = query.arguments;

    CHECK_OK(
        parse_params("{\"event\":\"*\",\"steps\":[\"A\",{\"event\":\"B\",\"where\":{\"prop\":\"x\","
                     "\"op\":\"set\"}}],\"interval\":\"week\",\"segment\":{\"did\":\"A\"},"
                     "\"value\":\"revenue\",\"window\":\"2d\",\"periods\":9,\"model\":\"first\"}",
                     &query));
    for (size_t i = 0; i < any_kind.param_count; i++)
        CHECK(arguments[i].is_given);
    CHECK_STR(arguments[EVENT].events->name, "*");
    CHECK_INT(arguments[EVENTS].event_count, 2);
    CHECK_STR(arguments[EVENTS].events[1].name, "B");
    CHECK(!arguments[EVENTS].events[0].where && arguments[EVENTS].events[1].where);
    CHECK_INT(query.interval, ZONE_WEEK);
    CHECK_INT(arguments[SEGMENT].segment->kind, SEGMENT_DID);
    CHECK_STR(arguments[PROPERTY].text, "revenue");
    CHECK_INT(arguments[SPAN].span, 2 * MILLIS_DAY);
    CHECK_INT(arguments[NUMBER].number, 9);
    CHECK_INT(arguments[CHOICE].choice, 1);
}

TEST(a_null_is_as_good_as_no_property)
{
    struct query query;

    CHECK_OK(parse_params("{\"steps\":[\"A\"],\"value\":null}", &query));
    CHECK(query.arguments[EVENTS].is_given);
    CHECK(!query.arguments[PROPERTY].is_given && !query.arguments[PROPERTY].text.data);
    CHECK(!query.arguments[NUMBER].is_given);
}

TEST(a_wrong_parameter_is_refused_with_what_it_may_be)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"{\"steps\":null}", "a test question needs \"steps\": some events"},
        {"{\"steps\":\"A\"}", "\"steps\" must be a list of 1 to 32 events"},
        {"{\"steps\":[]}", "\"steps\" must be a list of 1 to 32 events"},
        {"{\"steps\":[\"A\",7]}", "\"steps[1]\" must be an event's name"},
        {"{\"steps\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}",
         "\"steps[0]\""},
        {"{\"steps\":[\"\",\"A\"]}", "must not be empty"},
        {"{\"steps\":[\"A\"],\"interval\":\"month\"}", "\"interval\" must be one of day, week"},
        {"{\"steps\":[\"A\"],\"value\":7}", "\"value\" of \"test\" must be text"},
        {"{\"steps\":[\"A\"],\"window\":\"soon\"}", "\"window\" must be a span such as 90s"},
        {"{\"steps\":[\"A\"],\"window\":\"0d\"}", "\"window\" must be a span such as 90s"},
        {"{\"steps\":[\"A\"],\"window\":7}", "\"window\" of \"test\" must be text"},
        {"{\"steps\":[\"A\"],\"periods\":1}", "\"periods\" must be a whole number from 2 to 9"},
        {"{\"steps\":[\"A\"],\"periods\":10}", "must be a whole number from 2 to 9"},
        {"{\"steps\":[\"A\"],\"periods\":2.5}", "must be a whole number from 2 to 9"},
        {"{\"steps\":[\"A\"],\"periods\":-3}", "must be a whole number from 2 to 9"},
        {"{\"steps\":[\"A\"],\"periods\":null}", "must be a whole number from 2 to 9"},
        {"{\"steps\":[\"A\"],\"model\":\"best\"}", "\"model\" must be one of last, first"},
        {"{\"steps\":[\"A\"],\"model\":0}", "\"model\" must be one of last, first"},
    };
    struct query query;

    EACH_CASE(c, cases)
    {
        CHECK_ERR(ERR_INVALID, parse_params(c->text, &query));
        if (!str_contains(str_of(err_text()), str_of(c->says)))
            print_error("%s\n  said: %s\n", c->text, err_text());
        CHECK(str_contains(str_of(err_text()), str_of(c->says)));
    }
}

TEST(a_list_of_events_is_bounded)
{
    struct buf text = {0};
    struct query query;

    buf_add(&text, S("{\"steps\":[\"A\""));
    for (int i = 1; i < QUERY_STEPS; i++)
        buf_add(&text, S(",\"A\""));
    buf_add(&text, S("]}"));
    buf_add_byte(&text, 0);
    CHECK_OK(parse_params(text.data, &query));
    CHECK_INT(query.arguments[EVENTS].event_count, QUERY_STEPS);
    text.len -= 3;
    buf_add(&text, S(",\"A\"]}"));
    buf_add_byte(&text, 0);
    CHECK_ERR(ERR_INVALID, parse_params(text.data, &query));
    buf_done(&text);
}
