/* test_agent.c - user agents by name, and machines that say what they are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/agent.h"

#include "support/test.h"

#include <string.h>

TEST(agent_tells_browser_system_and_device)
{
    static const struct {
        const char *text, *browser, *major, *system, *device;
        bool is_crawler;
    } cases[] = {
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "128",
         "Linux", "Other", false},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
         "Mobile Safari", "17", "iOS", "iPhone", false},
        {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot",
         "2", "Other", "Spider", true},
        {"curl/8.5.0", "curl", "8", "Other", "Other", true},
        {"", "Other", NULL, "Other", "Other", false},
        {"\x01\xff\xfe", "Other", NULL, "Other", "Other", false},
    };
    struct agent_reader *agents;

    CHECK_OK(agent_open(&agents));
    EACH_CASE(c, cases)
    {
        struct agent agent;

        CHECK_OK(agent_read(agents, str_of(c->text), test_mem, &agent));
        CHECK_STR(agent.browser, c->browser);
        CHECK(c->major ? str_equals(agent.browser_major, str_of(c->major))
                       : !agent.browser_major.data);
        CHECK_STR(agent.system, c->system);
        CHECK_STR(agent.device, c->device);
        CHECK_INT(agent.is_crawler, c->is_crawler);
    }
    agent_close(agents);
}

TEST(agent_rules_are_sound)
{
    struct agent_reader *agents;

    CHECK_OK(agent_open(&agents));
    CHECK_OK(agent_prepare(agents));
    agent_close(agents);
}

TEST(agent_is_the_same_when_it_is_read_again)
{
    static const char *const cases[] = {
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/8.5.0", "",
        "a\n\n\nb"};
    struct agent_reader *agents;

    CHECK_OK(agent_open(&agents));
    EACH_CASE(c, cases)
    {
        struct agent first, again;

        CHECK_OK(agent_read(agents, str_of(*c), test_mem, &first));
        CHECK_OK(agent_read(agents, str_of(*c), test_mem, &again));
        CHECK(str_equals(first.browser, again.browser));
        CHECK(str_equals(first.browser_major, again.browser_major));
        CHECK_INT(!first.browser_major.data, !again.browser_major.data);
        CHECK(str_equals(first.system, again.system));
        CHECK(str_equals(first.system_major, again.system_major));
        CHECK(str_equals(first.device, again.device));
        CHECK_INT(first.is_crawler, again.is_crawler);
    }
    agent_close(agents);
}

TEST(agent_that_is_very_long_is_read_up_to_a_bound)
{
    enum { LEN = 1 << 20 };
    char *text = arena_take(test_mem, LEN);
    struct agent_reader *agents;
    struct agent agent;

    memset(text, '(', LEN);
    memcpy(text + LEN - 11, "Firefox/128", 11);
    CHECK_OK(agent_open(&agents));
    CHECK_OK(agent_read(agents, str_from(text, LEN), test_mem, &agent));
    CHECK_STR(agent.browser, "Other");
    agent_close(agents);
}
