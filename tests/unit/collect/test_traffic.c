/* test_traffic.c - what one hit shows, and that reasons name it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/traffic.h"

#include "collect/agent.h"
#include "collect/memo.h"
#include "support/headers.h"
#include "support/test.h"

#define CHROME                                                                                     \
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "            \
    "Chrome/141.0.0.0 Safari/537.36"
#define FIREFOX "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#define HINTS "sec-ch-ua: \"Chromium\";v=\"141\", \"Google Chrome\";v=\"141\"\n"
#define SYSTEM "sec-ch-ua-mobile: ?0\nsec-ch-ua-platform: \"Windows\"\n"
#define FETCH "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty\n"
#define CHROME_REST                                                                                \
    "Accept: */*\n" FETCH "Accept-Encoding: gzip, deflate, br\nAccept-Language: de\n"
#define CHROME_WHOLE "Host: a\n" HINTS SYSTEM "User-Agent: " CHROME "\n" CHROME_REST
#define FIREFOX_WHOLE                                                                              \
    "Host: a\nUser-Agent: " FIREFOX                                                                \
    "\nAccept: */*\nAccept-Language: de\nAccept-Encoding: gzip, deflate\n" FETCH

static bool gives(const struct traffic_verdict *verdict, const char *reason)
{
    for (size_t i = 0; i < verdict->reason_count; i++)
        if (str_equals(str_of(verdict->reasons[i]), str_of(reason)))
            return true;
    return false;
}

static struct agent_reader *agents_open(void)
{
    struct agent_reader *agents;

    CHECK_OK(agent_open(&agents));
    return agents;
}

static struct traffic_request asked(struct agent_reader *agents, const char *headers)
{
    return (struct traffic_request){.agents = agents,
                                    .header = headers_find,
                                    .name_at = headers_name_at,
                                    .owner = headers,
                                    .header_count = headers_count(headers),
                                    .is_secure = true,
                                    .address = S("198.51.100.7")};
}

TEST(traffic_takes_browsers_for_people)
{
    static const struct {
        const char *headers;
    } cases[] = {
        {CHROME_WHOLE},
        {FIREFOX_WHOLE},
        {"Host: a\nAccept: */*\nUser-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) "
         "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1\n"
         "Accept-Language: de-DE\nAccept-Encoding: gzip, deflate, br\n" FETCH},
        {"User-Agent: " CHROME "\n"},
        {"User-Agent: Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko\n"
         "Accept: */*\nAccept-Language: de\nAccept-Encoding: gzip\n"},
    };
    struct agent_reader *agents = agents_open();

    EACH_CASE(c, cases)
    {
        struct traffic_request request = asked(agents, c->headers);
        struct traffic_verdict verdict;

        CHECK_OK(traffic_judge(&request, test_mem, &verdict));
        CHECK_INT(verdict.is_machine, false);
        CHECK_INT(verdict.reason_count, 0);
        CHECK(verdict.probability < 0.1);
        CHECK_INT(verdict.visitor, 0);
    }
    agent_close(agents);
}

TEST(traffic_names_the_sign_that_a_request_shows)
{
    static const struct {
        const char *headers, *reason, *page;
        uint64_t asn;
        bool is_old, is_machine;
    } cases[] = {
        {"User-Agent: Googlebot/2.1\n", "user_agent_names_a_machine", .is_machine = true},
        {"Accept: */*\n", "no_user_agent", .is_machine = true},
        {"User-Agent: Mozilla/5.0\n", "user_agent_says_nothing", .is_machine = true},
        {"User-Agent: Mozilla/5.0\n", "apple_mail_privacy", .asn = 714, .is_machine = true},
        {CHROME_WHOLE "Sec-Purpose: prefetch;prerender\n", "fetched_ahead", .is_machine = true},
        {CHROME_WHOLE "X-Moz: prefetch\n", "fetched_ahead", .is_machine = true},
        {CHROME_WHOLE "From: bot(at)example.com\n", "gives_a_contact", .is_machine = true},
        {"Host: a\nsec-ch-ua: \"HeadlessChrome\";v=\"141\"\nUser-Agent: " CHROME "\n" CHROME_REST,
         "headless_browser", .is_machine = true},
        {"Host: a\nsec-ch-ua: \"Chromium\";v=\"99\"\nUser-Agent: " CHROME "\n" CHROME_REST,
         "client_hints_contradict_user_agent", .is_machine = true},
        {HINTS FIREFOX_WHOLE, "client_hints_of_another_browser", .is_machine = true},
        {HINTS "sec-ch-ua-platform: \"Linux\"\nUser-Agent: " CHROME "\n" CHROME_REST,
         "client_hints_of_another_system", .asn = 0},
        {HINTS "sec-ch-ua-mobile: ?1\nUser-Agent: " CHROME "\n" CHROME_REST,
         "client_hints_of_another_system", .asn = 0},
        {"Host: a\nUser-Agent: " CHROME "\nAccept: */*\nAccept-Encoding: gzip\n",
         "browser_without_language", .asn = 0},
        {"Host: a\nUser-Agent: " CHROME "\nAccept: */*\nAccept-Language: de\n",
         "browser_without_encodings", .asn = 0},
        {"Host: a\nUser-Agent: " CHROME "\nAccept-Language: de\nAccept-Encoding: identity\n",
         "browser_without_encodings", .asn = 0},
        {"Host: a\nUser-Agent: " CHROME "\nAccept-Encoding: gzip\nAccept-Language: de\n",
         "browser_without_accept", .asn = 0},
        {HINTS "User-Agent: " CHROME "\nAccept: */*\nAccept-Encoding: gzip\nAccept-Language: de\n",
         "client_hints_without_fetch", .asn = 0},
        {"Host: a\nUser-Agent: " CHROME "\n" CHROME_REST, "fetch_without_client_hints", .asn = 0},
        {"Host: a\nUser-Agent: " FIREFOX
         "\nAccept: */*\nAccept-Language: de\nAccept-Encoding: gzip\n",
         "new_browser_without_fetch", .asn = 0},
        {FIREFOX_WHOLE, "old_protocol", .is_old = true},
        {"Host: a\nUser-Agent: " FIREFOX
         "\nAccept: */*\nAccept-Encoding: gzip\nAccept-Language: de\n" FETCH,
         "order_of_another_program", .asn = 0},
        {CHROME_WHOLE, "data_centre_network", .asn = 24940},
        {CHROME_WHOLE, "mail_gateway_network", .asn = 22843, .is_machine = true},
        {CHROME_WHOLE, "link_preview_network", .asn = 62041, .is_machine = true},
        {CHROME_WHOLE, "probes_for_holes", "https://a.example/.env", .is_machine = true},
        {CHROME_WHOLE, "reads_what_crawlers_read", "/robots.txt?x", .asn = 0},
        {"User-Agent: Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com "
         "GoogleImageProxy)\n",
         "mail_image_proxy", .is_machine = true},
        {"User-Agent: Slackbot-LinkExpanding 1.0\n", "link_preview", .is_machine = true},
        {"User-Agent: BarracudaCentral/2\n", "mail_gateway", .is_machine = true},
        {"User-Agent: Mozilla/5.0 (compatible; UptimeRobot/2.0)\n", "monitoring",
         .is_machine = true},
        {"User-Agent: " CHROME " Cypress/13.6\n", "automation_tool", .is_machine = true},
    };
    struct agent_reader *agents = agents_open();

    EACH_CASE(c, cases)
    {
        struct traffic_request request = asked(agents, c->headers);
        struct traffic_verdict verdict;

        request.page = str_of(c->page);
        request.has_asn = c->asn > 0;
        request.asn = c->asn;
        request.is_old = c->is_old;
        CHECK_OK(traffic_judge(&request, test_mem, &verdict));
        if (!gives(&verdict, c->reason))
            CHECK_STR(S("is not told"), c->reason);
        CHECK_INT(verdict.is_machine, verdict.probability >= 0.5);
        if (c->is_machine)
            CHECK_INT(verdict.is_machine, true);
    }
    agent_close(agents);
}

TEST(traffic_says_nothing_of_what_a_proxy_may_have_changed)
{
    static const struct {
        const char *headers, *address;
    } cases[] = {
        {"Host: a\nVia: 1.1 gate\nUser-Agent: " FIREFOX
         "\nAccept: */*\nAccept-Encoding: gzip\nAccept-Language: de\n" FETCH,
         "198.51.100.7"},
        {"Host: a\nUser-Agent: " FIREFOX
         "\nAccept: */*\nAccept-Encoding: gzip\nAccept-Language: de\n" FETCH,
         "127.0.0.1"},
        {"Host: a\nUser-Agent: " FIREFOX
         "\nAccept: */*\nAccept-Encoding: gzip\nAccept-Language: de\n" FETCH,
         "172.20.1.1"},
        {"Host: a\nUser-Agent: " FIREFOX
         "\nAccept: */*\nAccept-Encoding: gzip\nAccept-Language: de\n" FETCH,
         "fd00::1"},
    };
    struct agent_reader *agents = agents_open();

    EACH_CASE(c, cases)
    {
        struct traffic_request request = asked(agents, c->headers);
        struct traffic_verdict verdict;

        request.is_old = true;
        request.address = str_of(c->address);
        CHECK_OK(traffic_judge(&request, test_mem, &verdict));
        CHECK_INT(verdict.reason_count, 0);
    }
    agent_close(agents);
}

TEST(traffic_tells_the_heaviest_reason_first)
{
    struct agent_reader *agents = agents_open();
    struct traffic_request request = asked(
        agents, "Host: a\nUser-Agent: " CHROME " HeadlessChrome/141 Selenium\nX-Moz: prefetch\n");
    struct traffic_verdict verdict;

    CHECK_OK(traffic_judge(&request, test_mem, &verdict));
    CHECK(verdict.reason_count >= 5);
    CHECK_STR(str_of(verdict.reasons[0]), "user_agent_names_a_machine");
    CHECK(gives(&verdict, "browser_without_language"));
    agent_close(agents);
}

TEST(traffic_judges_a_remembered_text_as_it_did_at_first)
{
    static const char *const cases[] = {
        CHROME_WHOLE,
        FIREFOX_WHOLE,
        "User-Agent: " CHROME "\n",
        "Host: a\nAccept: */*\nUser-Agent: " CHROME "\n" HINTS,
        "User-Agent: " CHROME " HeadlessChrome/141\n",
        "Host: a\nsec-ch-ua: \"HeadlessChrome\"\nUser-Agent: " CHROME "\n",
        "Host: a\nsec-ch-ua: \"Chromium\";v=\"99\"\nUser-Agent: " CHROME "\n",
        "User-Agent: Slackbot-LinkExpanding 1.0\n",
        "User-Agent: Mozilla/5.0\n",
        "User-Agent: a program of ours\n",
        "Host: a\n",
    };
    struct agent_reader *agents = agents_open();
    struct memo *texts;

    CHECK_OK(memo_open(64, &texts));
    for (size_t round = 0; round < 2; round++)
        EACH_CASE(c, cases)
        {
            struct traffic_request request = asked(agents, *c), bare = {.agents = agents};
            struct traffic_verdict fresh, kept;

            bare.agent = request.header(request.owner, S("user-agent"));
            CHECK_OK(traffic_judge(&request, test_mem, &fresh));
            request.texts = texts;
            CHECK_OK(traffic_judge(&request, test_mem, &kept));
            CHECK(kept.signs == fresh.signs);
            CHECK_OK(traffic_judge(&bare, test_mem, &fresh));
            bare.texts = texts;
            CHECK_OK(traffic_judge(&bare, test_mem, &kept));
            CHECK(kept.signs == fresh.signs);
        }
    memo_close(texts);
    agent_close(agents);
}
