/* test_dialect_cloudevents.c - CloudEvents in each mode, told as messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#define CONTEXT "\"context\":{\"library\":{\"name\":\"cloudevents\"}}"
#define STRUCTURED "application/cloudevents+json"
#define BATCH "Application/CloudEvents-Batch+JSON; charset=utf-8"
#define BINARY "ce-specversion: 1.0\nce-type: a\nce-source: /s\nce-id: 1\nce-subject: v"
#define TOLD                                                                                       \
    "{\"type\":\"track\",\"event\":\"a\",\"messageId\":\"/s 1\",\"anonymousId\":\"v\"," CONTEXT

TEST(cloudevents_become_messages)
{
    static const struct {
        const char *media, *headers, *body, *want;
    } cases[] = {
        {STRUCTURED, NULL,
         "{\"specversion\":\"1.0\",\"type\":\"a\",\"source\":\"/s\",\"id\":\"1\",\"subject\":\"v\","
         "\"time\":\"2026-11-18T00:00:00Z\",\"traceparent\":\"x\",\"data\":{\"x\":1}}",
         "{\"type\":\"track\",\"event\":\"a\",\"messageId\":\"/s 1\",\"timestamp\":"
         "\"2026-11-18T00:00:00Z\",\"anonymousId\":\"v\"," CONTEXT ",\"properties\":{\"x\":1}}"},
        {STRUCTURED, NULL,
         "{\"type\":\"page\",\"subject\":\"v\",\"data\":{\"url\":\"https://a/b\",\"title\":\"T\","
         "\"referrer\":\"https://r/\"}}",
         "{\"type\":\"page\",\"anonymousId\":\"v\",\"context\":{\"page\":{\"url\":\"https://a/b\","
         "\"path\":\"/b\",\"title\":\"T\",\"referrer\":\"https://r/\"},\"library\":{\"name\":"
         "\"cloudevents\"}},\"properties\":{\"url\":\"https://a/b\",\"title\":\"T\",\"referrer\":"
         "\"https://r/\"}}"},
        {STRUCTURED, NULL, "{}",
         "{\"type\":\"track\",\"visitor\":\"192.0.2.1 2026-11-18 \"," CONTEXT "}"},
        {BATCH, NULL, "[]", ""},
        {BATCH, NULL,
         "[7,{\"type\":\"a\",\"subject\":\"v\",\"source\":\"/s\",\"id\":\"1\",\"data\":[1]},"
         "{\"type\":\"a\",\"subject\":\"v\",\"source\":\"/"
         "s\",\"id\":\"1\",\"data_base64\":\"AP8=\"}]",
         "7," TOLD ",\"properties\":{\"data\":[1]}}," TOLD
         ",\"properties\":{\"data_base64\":\"AP8=\"}}"},
        {NULL, BINARY, "{\"x\":1}", TOLD ",\"properties\":{\"x\":1}}"},
        {"application/vnd.x+json", BINARY, "null", TOLD "}"},
        {"text/plain; charset=utf-8", BINARY, "{\"x\":1}",
         TOLD ",\"properties\":{\"data\":\"{\\\"x\\\":1}\"}}"},
        {"image/png", BINARY, "\xff\x01", TOLD ",\"properties\":{\"data_base64\":\"/wE=\"}}"},
        {"application/json", "ce-specversion: 1.0\nce-type: Euro%20%E2%82%AC\nce-subject: v", "",
         "{\"type\":\"track\",\"event\":\"Euro \u20ac\",\"anonymousId\":\"v\"," CONTEXT "}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {.path = "/cloudevents",
                                       .media = c->media,
                                       .headers = c->headers,
                                       .body = c->body,
                                       .want = c->want};
        struct dialect_told told = dialect_case_check(&dialect_cloudevents, &request);

        CHECK_INT(told.out.status, 204);
        CHECK(told.out.needs_key);
    }
}

TEST(cloudevents_refuses_other_requests)
{
    static const struct {
        const char *media, *headers, *body;
    } cases[] = {
        {NULL, NULL, "{}"},
        {"application/json", "ce-type: a", "{}"},
        {STRUCTURED, NULL, ""},
        {STRUCTURED, NULL, "[]"},
        {BATCH, NULL, "{}"},
        {"application/cloudevents", NULL, "{}"},
        {"application/cloudevents+avro", NULL, "{}"},
        {"application/json", BINARY, "{"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {
            .path = "/cloudevents", .media = c->media, .headers = c->headers, .body = c->body};

        CHECK_ERR(ERR_INVALID, dialect_case_tell(&dialect_cloudevents, &request).err);
    }
}
