/* test_devices.c - what visitors come with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/devices.h"
#include "support/test.h"

TEST(a_device_has_an_id_a_browser_and_an_address_that_belongs_to_nobody)
{
    random_state dice = dice_for(1, 0, 0, 0);

    for (int i = 0; i < 500; i++) {
        struct devices_device device;

        devices_make(&dice, i % 2 ? DEVICES_PHONE : DEVICES_COMPUTER, i % 3, &device);
        CHECK_INT(str_of(device.id).len, 36);
        CHECK(str_starts(str_of(device.agent), S("Mozilla/5.0 (")));
        CHECK(str_starts(str_of(device.address), S("198.18.")) ||
              str_starts(str_of(device.address), S("198.19.")));
        CHECK(str_contains(str_of(device.agent), S("Mobile")) == (i % 2 == 1));
    }
}

TEST(some_machines_say_who_they_are_and_others_come_as_a_browser)
{
    static const struct {
        enum devices_machine machine;
        bool is_disguised;
    } cases[] = {
        {DEVICES_CRAWLER, false}, {DEVICES_HEADLESS, false}, {DEVICES_PROBER, false},
        {DEVICES_PREVIEW, false}, {DEVICES_SCANNER, false},  {DEVICES_PREFETCH, false},
        {DEVICES_FARM, true},     {DEVICES_SCRAPER, true},
    };
    random_state dice = dice_for(1, 0, 0, 1);

    EACH_CASE(c, cases)
    for (int i = 0; i < 20; i++) {
        struct devices_device device;
        str agent;

        devices_make_machine(&dice, c->machine, &device);
        agent = str_of(device.agent);
        CHECK(agent.len > 0);
        CHECK((str_starts(agent, S("Mozilla/5.0 (Windows")) ||
               str_starts(agent, S("Mozilla/5.0 (Macintosh")) ||
               str_starts(agent, S("Mozilla/5.0 (X11"))) ==
              (c->is_disguised || (c->machine == DEVICES_HEADLESS) ||
               str_contains(agent, S("GoogleImageProxy"))));
        CHECK(str_contains(agent, S("Headless")) == (c->machine == DEVICES_HEADLESS));
    }
}

TEST(a_chromium_hints_at_what_its_agent_says_and_others_hint_at_nothing)
{
    static const struct {
        const char *agent, *brands, *platform, *mobile;
    } cases[] = {
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/141.0.0.0 Safari/537.36 Edg/140.0.0.0",
         "\"Chromium\";v=\"141\", \"Microsoft Edge\";v=\"140\", \"Not_A Brand\";v=\"99\"",
         "\"Windows\"", "?0"},
        {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
         "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
         NULL, "\"Android\"", "?1"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/139.0.0.0 Safari/537.36",
         "\"Chromium\";v=\"139\", \"Google Chrome\";v=\"139\", \"Not_A Brand\";v=\"99\"",
         "\"macOS\"", "?0"},
    };
    struct devices_hints hints;

    EACH_CASE(c, cases)
    {
        CHECK(devices_hint(str_of(c->agent), &hints));
        if (c->brands)
            CHECK_STR(str_of(hints.brands), c->brands);
        CHECK_STR(str_of(hints.platform), c->platform);
        CHECK_STR(str_of(hints.mobile), c->mobile);
    }
    CHECK(!devices_hint(S("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"),
                        &hints));
    CHECK(!devices_hint(S("Chrome"), &hints));
}
