/* test_dialect_ga4.c - requests of the Measurement Protocol, told as messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#define CONTEXT "\"context\":{\"library\":{\"name\":\"ga4\"}}"
#define OF_C "\"anonymousId\":\"c\"," CONTEXT

TEST(ga4_events_become_messages)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        {"{\"client_id\":\"c\",\"events\":[]}", ""},
        {"{\"client_id\":\"c\",\"user_id\":\"u\",\"events\":[{\"name\":\"a\"}]}",
         "{\"type\":\"track\",\"event\":\"a\",\"userId\":\"u\"," OF_C "}"},
        {"{\"app_instance_id\":\"c\",\"user_id\":null,\"events\":[{\"name\":\"a\",\"params\":{"
         "\"x\":\"1\",\"y\":1.50,\"z\":[true]}}]}",
         "{\"type\":\"track\",\"event\":\"a\"," OF_C
         ",\"properties\":{\"x\":\"1\",\"y\":1.50,\"z\":[true]}}"},
        {"{\"client_id\":\"c\",\"events\":[{\"name\":\"page_view\",\"params\":{\"page_location\":"
         "\"https://a/b?utm_source=s#f\",\"page_title\":\"T\",\"page_referrer\":\"https://r/\","
         "\"engagement_time_msec\":\"100\"}}]}",
         "{\"type\":\"page\",\"anonymousId\":\"c\",\"context\":{\"page\":{\"url\":"
         "\"https://a/b?utm_source=s#f\",\"path\":\"/b\",\"search\":\"?utm_source=s\","
         "\"title\":\"T\",\"referrer\":\"https://r/\"},\"campaign\":{\"source\":\"s\"},\"library\":"
         "{\"name\":\"ga4\"}},\"properties\":{\"engaged_ms\":100}}"},
        {"{\"client_id\":\"c\",\"events\":[{\"name\":\"purchase\",\"params\":{\"transaction_id\":"
         "\"7\",\"value\":\"25.50\",\"currency\":\"EUR\",\"tax\":\"none\",\"items\":[{\"item_id\":"
         "\"1\",\"item_name\":\"N\",\"price\":\"3\",\"quantity\":2,\"index\":0,\"size\":\"L\"},9]}}"
         "]}",
         "{\"type\":\"track\",\"event\":\"Order Completed\"," OF_C ",\"properties\":{\"order_id\":"
         "\"7\",\"revenue\":25.50,\"currency\":\"EUR\",\"tax\":\"none\",\"products\":["
         "{\"product_id\":\"1\",\"name\":\"N\",\"price\":3,\"quantity\":2,\"position\":0,"
         "\"size\":\"L\"},9]}}"},
        {"{\"client_id\":\"c\",\"events\":[{\"name\":\"add_to_cart\",\"params\":{\"value\":\"5\","
         "\"items\":\"none\"}}]}",
         "{\"type\":\"track\",\"event\":\"add_to_cart\"," OF_C
         ",\"properties\":{\"value\":\"5\",\"items\":\"none\"}}"},
        {"{\"client_id\":\"c\",\"timestamp_micros\":1795000000123456,\"events\":[{\"name\":\"a\"},"
         "{\"name\":\"b\",\"timestamp_micros\":\"1795000001000000\"},{\"name\":\"c\","
         "\"timestamp_micros\":\"noon\"},{\"name\":\"d\",\"timestamp_micros\":9e18}]}",
         "{\"type\":\"track\",\"event\":\"a\",\"timestamp\":\"2026-11-18T11:06:40.123Z\"," OF_C "},"
         "{\"type\":\"track\",\"event\":\"b\",\"timestamp\":\"2026-11-18T11:06:41.000Z\"," OF_C "},"
         "{\"type\":\"track\",\"event\":\"c\",\"timestamp\":\"noon\"," OF_C "},"
         "{\"type\":\"track\",\"event\":\"d\",\"timestamp\":\"9e18\"," OF_C "}"},
        {"{\"client_id\":\"c\",\"user_properties\":{\"plan\":{\"value\":\"gold\"},\"age\":{"
         "\"value\":"
         "7},\"bad\":3,\"none\":{}},\"events\":[{\"name\":\"a\"}]}",
         "{\"type\":\"identify\"," OF_C ",\"traits\":{\"plan\":\"gold\",\"age\":7}},"
         "{\"type\":\"track\",\"event\":\"a\"," OF_C "}"},
        {"{\"client_id\":\"c\",\"user_agent\":\"A\",\"device\":{\"language\":\"de\","
         "\"screen_resolution\":\"1280x2856\"},\"events\":[{\"name\":\"a\"}]}",
         "{\"type\":\"track\",\"event\":\"a\",\"anonymousId\":\"c\",\"context\":{\"userAgent\":"
         "\"A\","
         "\"locale\":\"de\",\"screen\":{\"width\":1280,\"height\":2856},\"library\":{\"name\":"
         "\"ga4\"}}}"},
        {"{\"events\":[{\"name\":\"a\"}]}",
         "{\"type\":\"track\",\"event\":\"a\",\"visitor\":\"192.0.2.1 2026-11-18 \"," CONTEXT "}"},
        {"{\"client_id\":\"c\",\"user_properties\":[],\"device\":7,\"events\":[7,{},{\"name\":[]}]"
         "}",
         "7,{\"type\":\"track\"," OF_C "},{\"type\":\"track\"," OF_C "}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {
            .path = "/mp/collect", .query = "measurement_id=G-1", .body = c->body, .want = c->want};
        struct dialect_told told = dialect_case_check(&dialect_ga4, &request);

        CHECK_INT(told.out.status, 204);
        CHECK(!told.out.key.data);
    }
}

TEST(ga4_refuses_what_has_no_place_for_events)
{
    static const struct {
        const char *query, *body;
    } cases[] = {
        {"measurement_id=G-1", ""},
        {"measurement_id=G-1", "[]"},
        {"measurement_id=G-1", "{\"events\":{}}"},
        {"measurement_id=G-1", "{\"client_id\":\"c\"}"},
        {"measurement_id=", "{\"events\":[]}"},
        {NULL, "{\"events\":[]}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {.path = "/mp/collect", .query = c->query, .body = c->body};

        CHECK_ERR(ERR_INVALID, dialect_case_tell(&dialect_ga4, &request).err);
    }
}

TEST(ga4_only_validates_where_that_is_asked)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        {"{\"client_id\":\"c\",\"events\":[{\"name\":\"a\"}]}", "{\"validationMessages\":[]}"},
        {"{}", "{\"validationMessages\":[{\"description\":\"\\\"events\\\" must be an array of "
               "events\",\"validationCode\":\"VALUE_INVALID\"}]}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {
            .path = "/debug/mp/collect", .query = "api_secret=k", .body = c->body, .want = ""};
        struct dialect_told told = dialect_case_check(&dialect_ga4, &request);

        CHECK_STR(told.out.body, c->want);
        CHECK_STR(told.out.key, "k");
        CHECK_INT(told.out.status, 200);
    }
}

TEST(ga4_refuses_events_that_repeat_too_much)
{
    enum { AGENT = 64 << 10, EVENTS = 400 };
    struct dialect_case request = {.path = "/mp/collect", .query = "measurement_id=G-1"};
    struct buf body = {0};

    buf_add(&body, S("{\"client_id\":\"c\",\"user_agent\":\""));
    for (int i = 0; i < AGENT; i++)
        buf_add_byte(&body, 'x');
    buf_add(&body, S("\",\"events\":[0"));
    for (int i = 0; i < EVENTS; i++)
        buf_add(&body, S(",{}"));
    buf_add(&body, S("]}"));
    request.body = arena_dup(test_mem, buf_str(&body)).data;
    buf_done(&body);
    CHECK_ERR(ERR_LIMIT, dialect_case_tell(&dialect_ga4, &request).err);
}

/* However little there is, no event goes without what did not fit. */
TEST(ga4_tells_all_or_nothing)
{
    struct dialect_case request = {
        .path = "/mp/collect",
        .query = "measurement_id=G-1&api_secret=%6b",
        .body =
            "{\"client_id\":\"\\u0063\",\"timestamp_micros\":1795000000000000,\"user_properties\":{"
            "\"plan\":{\"value\":1}},\"events\":[{\"name\":\"purchase\",\"params\":{\"value\":"
            "\"\\u0031\",\"\\u0078\":\"y\",\"page_location\":\"https://a/b?utm_source=%61\"}}]}"};
    struct dialect_told whole = dialect_case_tell(&dialect_ga4, &request);
    int refused = 0;

    CHECK_OK(whole.err);
    for (size_t cap = 0; cap < 2048; cap += 16) {
        struct dialect_told told;

        request.mem = arena_open(cap);
        told = dialect_case_tell(&dialect_ga4, &request);
        if (told.err == ERR_LIMIT)
            refused++;
        else
            CHECK(!told.err && str_equals(told.text, whole.text));
        arena_close(request.mem);
    }
    CHECK(refused > 10 && refused < 128);
}
