/* test_enrich_hints.c - what browsers say besides their agents, and what is believed of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich_hints.h"

#include "support/headers.h"
#include "support/test.h"

#define CHROME "\"Chromium\";v=\"141\", \"Google Chrome\";v=\"141\", \"Not?A_Brand\";v=\"8\""
#define BRANDS(list) "Sec-CH-UA: " list "\n"
#define PLATFORM(name, version)                                                                    \
    "Sec-CH-UA-Platform: " name "\nSec-CH-UA-Platform-Version: " version "\n"
#define MODEL(name) "Sec-CH-UA-Model: " name "\n"

static bool read(const char *headers, struct enrich_hints *out)
{
    const struct enrich_request request = {.header = headers_find, .owner = headers};

    return enrich_hints_read(&request, out);
}

TEST(hints_say_more_than_an_agent_or_nothing)
{
    static const struct {
        const char *headers, *browser, *major, *system, *version, *model;
    } cases[] = {
        {"", "", "", "", "", ""},
        {BRANDS(CHROME), "", "", "", "", ""},
        {BRANDS("\"Brave\";v=\"141\", \"Chromium\";v=\"141\""), "Brave", "141", "", "", ""},
        {BRANDS("\"Chromium\";v=\"141\",\"Microsoft Edge\";v=\"141.0.2\""), "Edge", "141", "", "",
         ""},
        {BRANDS("\"\\\\Not\\\"A;Brand\";v=\"99\" , \"Opera\";v=\"9\""), "Opera", "9", "", "", ""},
        {BRANDS("\"Vivaldi\";v=\"new\""), "Vivaldi", "", "", "", ""},
        {BRANDS(CHROME) PLATFORM("\"Windows\"", "\"15.0.0\""), "", "", "Windows", "11", ""},
        {BRANDS(CHROME) PLATFORM("\"Windows\"", "\"13.0.0\""), "", "", "Windows", "11", ""},
        {BRANDS(CHROME) PLATFORM("\"Windows\"", "\"10.0.0\""), "", "", "Windows", "10", ""},
        {BRANDS(CHROME) PLATFORM("\"Windows\"", "\"0.3.0\""), "", "", "Windows", "8.1", ""},
        {BRANDS(CHROME) PLATFORM("\"Windows\"", "\"0.0.0\""), "", "", "", "", ""},
        {BRANDS(CHROME) PLATFORM("\"macOS\"", "\"14.5.0\""), "", "", "Mac OS X", "14", ""},
        {BRANDS(CHROME) PLATFORM("\"Android\"", "\"14\"") MODEL("\"Pixel 7\""), "", "", "Android",
         "14", "Pixel 7"},
        {BRANDS(CHROME) PLATFORM("\"Linux\"", "\"6.5.0\""), "", "", "", "", ""},
        {BRANDS(CHROME) MODEL("\"\""), "", "", "", "", ""},
        /* not as they are written by browsers */
        {PLATFORM("\"Windows\"", "\"15.0.0\""), "", "", "", "", ""},
        {BRANDS("Brave;v=141"), "", "", "", "", ""},
        {BRANDS("\"Brave\""), "", "", "", "", ""},
        {BRANDS("\"Brave\";v=141"), "", "", "", "", ""},
        {BRANDS("\"Brave\\"), "", "", "", "", ""},
        {BRANDS(CHROME) PLATFORM("Windows", "\"15.0.0\""), "", "", "", "", ""},
        {BRANDS(CHROME) PLATFORM("\"Windows\"", "15.0.0"), "", "", "", "", ""},
        {BRANDS(CHROME) PLATFORM("\"macOS\"", "\"14x\""), "", "", "", "", ""},
        {BRANDS(CHROME) PLATFORM("\"macOS\"", "\"123456789.0\""), "", "", "", "", ""},
        {BRANDS(CHROME) MODEL("\"a\\\"b\""), "", "", "", "", ""},
        {BRANDS(CHROME) MODEL("\"a\" b"), "", "", "", "", ""},
        {BRANDS(CHROME) MODEL("\"\xc3\xa4\""), "", "", "", "", ""},
        {BRANDS(CHROME)
             MODEL("\"12345678901234567890123456789012345678901234567890123456789012345\""),
         "", "", "", "", ""},
    };

    EACH_CASE(c, cases)
    {
        struct enrich_hints got;

        CHECK_INT(read(c->headers, &got), *c->browser || *c->system || *c->model);
        CHECK_STR(str_of(got.browser), c->browser);
        CHECK_STR(got.major, c->major);
        CHECK_STR(str_of(got.system), c->system);
        CHECK_STR(got.version, c->version);
        CHECK_STR(got.model, c->model);
    }
}

TEST(hints_count_where_the_agent_does_not_contradict_them)
{
    static const struct {
        const char *browser, *system, *headers, *want_browser, *want_version;
    } cases[] = {
        {"Chrome", "Windows", BRANDS("\"Brave\";v=\"1\"") PLATFORM("\"Windows\"", "\"15.0\""),
         "Brave", "11"},
        {"Chrome Mobile", "Android",
         BRANDS("\"Opera\";v=\"1\"") PLATFORM("\"Android\"", "\"14.0\""), "Opera", "14"},
        {"Edge", "Windows", BRANDS("\"Brave\";v=\"1\"") PLATFORM("\"macOS\"", "\"14.0\""), "Edge",
         "10"},
        {"Firefox", "Linux", BRANDS("\"Brave\";v=\"1\""), "Firefox", "10"},
    };

    EACH_CASE(c, cases)
    {
        struct agent agent = {.browser = str_of(c->browser),
                              .browser_major = S("141"),
                              .system = str_of(c->system),
                              .system_major = S("10")};
        struct enrich_hints hints;

        CHECK(read(c->headers, &hints));
        enrich_hints_apply(&hints, &agent);
        CHECK_STR(agent.browser, c->want_browser);
        CHECK_STR(agent.system_major, c->want_version);
    }
}
