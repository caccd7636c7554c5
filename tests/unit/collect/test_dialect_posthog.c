/* test_dialect_posthog.c - whose events they are, and what PostHog's libraries are answered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

TEST(posthog_finds_the_key_where_libraries_put_it)
{
    static const struct {
        const char *path, *query, *header, *body, *key;
    } cases[] = {
        {"/e/", NULL, NULL, "{'api_key':'k','event':'A'}", "k"},
        {"/e/", NULL, NULL, "{'token':'k','event':'A'}", "k"},
        {"/engage/", NULL, NULL, "{'$token':'k'}", "k"},
        {"/e/", NULL, NULL, "{'event':'A','properties':{'token':'k'}}", "k"},
        {"/e/", NULL, NULL, "[{'event':'A','properties':{'api_key':'k'}}]", "k"},
        {"/batch/", NULL, NULL, "{'batch':[{'event':'A','token':'k'}]}", "k"},
        {"/e/", "token=k", NULL, "{'event':'A'}", "k"},
        {"/i/v1/analytics/events", NULL, "Authorization: Bearer k", "{'batch':[]}", "k"},
        {"/decide/", "v=3", NULL, "{'token':'k'}", "k"},
        {"/flags/", "v=2", NULL, "{'api_key':'k'}", "k"},
        {"/array/k/config", NULL, NULL, NULL, "k"},
        {"/array/%6B/config.js", NULL, NULL, NULL, "k"},
        {"/e/", NULL, NULL, "[]", ""}, /* none, which is refused */
        {"/e/", NULL, NULL, "[7]", ""},
        {"/e/", NULL, NULL, "{'api_key':{},'event':'A','properties':[]}", ""},
        {"/array//config", NULL, NULL, NULL, ""},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {
            .path = c->path, .query = c->query, .headers = c->header, .body = c->body};
        struct dialect_told told = dialect_case_tell(&dialect_posthog, &request);

        CHECK_OK(told.err);
        CHECK(told.out.key.data != NULL);
        CHECK_STR(told.out.key, c->key);
    }
}

TEST(posthog_answers_what_libraries_ask)
{
    static const struct {
        const char *path, *query, *body, *part;
        int status;
    } cases[] = {
        {"/e/", NULL, "{'api_key':'k','event':'A'}", "{\"status\":\"Ok\"}", 200},
        {"/e/", "beacon=1", "{'api_key':'k','event':'A'}", "", 204},
        {"/i/v1/analytics/events", NULL, "{'batch':[]}", "{\"results\":{}}", 200},
        {"/decide", "v=3", "{'token':'k','event':'A'}", "\"featureFlags\":{}", 200},
        {"/flags/", "v=2", "{'token':'k'}", "{\"flags\":{},", 200},
        {"/array/k/config", NULL, NULL, "{\"supportedCompression\":[\"gzip\",\"gzip-js\"],", 200},
        {"/array/%3C%22/config.js", NULL, NULL, "[\"\\u003c\\\"\"]={config:{\"supported", 200},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {.path = c->path, .query = c->query, .body = c->body};
        struct dialect_told told = dialect_case_tell(&dialect_posthog, &request);

        CHECK_OK(told.err);
        CHECK(str_contains(told.out.body, str_of(c->part)));
        CHECK_INT(told.out.status, c->status);
        CHECK_INT(str_starts(told.text, S("{")), str_contains(str_of(c->path), S("/e/")));
    }
}
