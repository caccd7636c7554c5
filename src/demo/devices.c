/* devices.c - agents as browsers and machines send them, addresses that belong to nobody.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/devices.h"

#include <stdio.h>
#include <string.h>

#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) "
#define IOS "AppleWebKit/605.1.15 (KHTML, like Gecko) "
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct pattern {
    unsigned share;
    unsigned least, most;                 /* of its version */
    const char *before, *between, *after; /* the version stands where they meet; NULL: once only */
};

static const struct pattern ANDROID[] = {
    {70, 138, 142, "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "Chrome/", NULL,
     ".0.0.0 Mobile Safari/537.36"},
    {15, 27, 28, "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "SamsungBrowser/", NULL,
     ".0 Chrome/130.0.0.0 Mobile Safari/537.36"},
    {15, 140, 144, "Mozilla/5.0 (Android 15; Mobile; rv:", ".0) Gecko/", ".0 Firefox/140.0"},
};
static const struct pattern APPLE[] = {
    {85, 17, 18, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) " IOS "Version/", NULL,
     ".6 Mobile/15E148 Safari/604.1"},
    {15, 138, 142, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) " IOS "CriOS/", NULL,
     ".0.7444.46 Mobile/15E148 Safari/604.1"},
};
static const struct pattern COMPUTER[] = {
    {45, 138, 142, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT "Chrome/", NULL,
     ".0.0.0 Safari/537.36"},
    {15, 138, 142, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT "Chrome/",
     ".0.0.0 Safari/537.36 Edg/", ".0.0.0"},
    {15, 17, 18, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " IOS "Version/", NULL,
     ".5 Safari/605.1.15"},
    {10, 138, 142, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " WEBKIT "Chrome/", NULL,
     ".0.0.0 Safari/537.36"},
    {10, 140, 144, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:", ".0) Gecko/20100101 Firefox/",
     ".0"},
    {5, 140, 144, "Mozilla/5.0 (X11; Linux x86_64; rv:", ".0) Gecko/20100101 Firefox/", ".0"},
};

struct machine {
    const char *name;
    const char *agents[4]; /* one of them; NULL: a computer's browser */
};

static const struct machine MACHINES[DEVICES_MACHINES] = {
    [DEVICES_CRAWLER] =
        {"crawler",
         {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
          "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
          "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
          "Mozilla/5.0 " WEBKIT "; compatible; GPTBot/1.2; "
          "+https://openai.com/gptbot"}},
    [DEVICES_HEADLESS] = {"headless browser",
                          {"Mozilla/5.0 (X11; Linux x86_64) " WEBKIT
                           "HeadlessChrome/139.0.0.0 Safari/537.36",
                           "Mozilla/5.0 (X11; Linux x86_64) " WEBKIT
                           "HeadlessChrome/141.0.0.0 Safari/537.36"}},
    [DEVICES_FARM] = {"click farm", {NULL}},
    [DEVICES_SCRAPER] = {"price scraper", {NULL}},
    [DEVICES_PROBER] = {"prober",
                        {"Mozilla/5.0 (compatible; Nuclei - Open-source project)",
                         "Mozilla/5.0 zgrab/0.x"}},
    [DEVICES_PREVIEW] =
        {"link preview",
         {"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
          "WhatsApp/2.23.20.0 A", "TelegramBot (like TwitterBot)",
          "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}},
    [DEVICES_SCANNER] = {"mail scanner",
                         {"Mozilla/5.0 (compatible; Barracuda Sentinel (EE))", "Mozilla/5.0",
                          "Mozilla/5.0 (compatible; Mimecast URL Protect)"}},
    [DEVICES_PREFETCH] =
        {"mail image proxy",
         {"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com "
          "GoogleImageProxy)",
          "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"}},
};

const char *devices_machine_name(enum devices_machine machine)
{
    return MACHINES[machine].name;
}

/* Of a network that the benchmarks of routers own: nobody's. */
static void write_address(random_state *dice, char *out, size_t room)
{
    unsigned bits = (unsigned)random_next(dice);

    snprintf(out, room, "198.%u.%u.%u", 18 + (bits & 1), bits >> 8 & 255,
             1 + (bits >> 16 & 255) % 254);
}

static void write_agent(random_state *dice, const struct pattern *patterns, size_t count,
                        char out[192])
{
    unsigned shares[COUNT(COMPUTER)], version;
    const struct pattern *pattern;

    for (size_t i = 0; i < count; i++)
        shares[i] = patterns[i].share;
    pattern = &patterns[dice_weighted(dice, shares, count)];
    version = pattern->least + (unsigned)random_below(dice, pattern->most - pattern->least + 1);
    if (pattern->between)
        snprintf(out, 192, "%s%u%s%u%s", pattern->before, version, pattern->between, version,
                 pattern->after);
    else
        snprintf(out, 192, "%s%u%s", pattern->before, version, pattern->after);
}

void devices_make(random_state *dice, enum devices_kind kind, bool is_apple,
                  struct devices_device *out_device)
{
    *out_device = (struct devices_device){.id = ""};
    dice_id(dice, out_device->id);
    write_address(dice, out_device->address, sizeof out_device->address);
    if (kind == DEVICES_COMPUTER)
        write_agent(dice, COMPUTER, COUNT(COMPUTER), out_device->agent);
    else if (is_apple)
        write_agent(dice, APPLE, COUNT(APPLE), out_device->agent);
    else
        write_agent(dice, ANDROID, COUNT(ANDROID), out_device->agent);
}

void devices_make_machine(random_state *dice, enum devices_machine machine,
                          struct devices_device *out_device)
{
    const struct machine *made = &MACHINES[machine];
    size_t count = 0;

    devices_make(dice, DEVICES_COMPUTER, false, out_device);
    while (count < COUNT(made->agents) && made->agents[count])
        count++;
    if (count)
        snprintf(out_device->agent, sizeof out_device->agent, "%s",
                 made->agents[random_below(dice, count)]);
}

/* The number behind `name` in the agent; 0: the name is not there. */
static unsigned version_of(str agent, str name)
{
    unsigned version = 0;

    for (size_t i = 0; i + name.len < agent.len; i++) {
        if (!str_starts(str_slice(agent, i, agent.len), name))
            continue;
        for (i += name.len; i < agent.len && agent.data[i] >= '0' && agent.data[i] <= '9'; i++)
            version = version * 10 + (unsigned)(agent.data[i] - '0');
        return version;
    }
    return 0;
}

bool devices_hint(str agent, struct devices_hints *out_hints)
{
    unsigned chromium = version_of(agent, S(" Chrome/")), own = chromium, other;
    const char *brand = "Google Chrome";

    if (!chromium)
        return false;
    if ((other = version_of(agent, S(" Edg/")))) {
        brand = "Microsoft Edge";
        own = other;
    } else if ((other = version_of(agent, S(" SamsungBrowser/")))) {
        brand = "Samsung Internet";
        own = other;
    }
    snprintf(out_hints->brands, sizeof out_hints->brands,
             "\"Chromium\";v=\"%u\", \"%s\";v=\"%u\", \"Not_A Brand\";v=\"99\"", chromium, brand,
             own);
    out_hints->mobile = str_contains(agent, S(" Mobile")) ? "?1" : "?0";
    out_hints->platform = str_contains(agent, S("Android"))     ? "\"Android\""
                          : str_contains(agent, S("Macintosh")) ? "\"macOS\""
                          : str_contains(agent, S("Windows"))   ? "\"Windows\""
                                                                : "\"Linux\"";
    return true;
}
