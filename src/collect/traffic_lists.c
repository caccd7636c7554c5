/* traffic_lists.c - signs in what is known by name: agents and networks.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Networks: numbers of autonomous systems under the names that the Internet registries have for
 * them, compared in November 2026 with the routes of all addresses (npm's @ip-location-db/asn
 * 2.3.2026061719). They house servers for anybody, and few people come from there but by VPN.
 * Networks that carry people's browsers beside servers are not in it: relays (Cloudflare, Akamai,
 * Fastly: iCloud Private Relay) and companies' gates to the web (Zscaler, Netskope).
 */
#include "collect/traffic_int.h"

/* Networks, by number */

static const uint32_t DATA_CENTRES[] = {
    801,    6142,   6364,   6724,   7203,   7224,   7979,   8069,   8070,   8075,   8100,   8315,
    8560,   8987,   9009,   9123,   11878,  12876,  14061,  14618,  15169,  15395,  16247,  16276,
    16509,  18450,  18978,  19148,  19318,  19437,  19527,  19969,  19994,  20054,  20454,  20473,
    20738,  20773,  20860,  21409,  21859,  22612,  23470,  24867,  24940,  24961,  25780,  25820,
    26347,  26496,  27257,  27357,  27411,  28753,  29066,  29222,  29302,  29802,  30083,  30633,
    30860,  31103,  31898,  32097,  32181,  32244,  32613,  33070,  33387,  33517,  34119,  35106,
    35366,  35425,  35540,  35908,  35916,  36007,  36351,  36352,  36384,  36411,  36444,  36492,
    37963,  38365,  39572,  40021,  40509,  40676,  41745,  42831,  42973,  43350,  43515,  44066,
    45090,  45102,  45187,  45753,  46261,  46558,  46606,  46664,  46844,  47583,  48282,  49505,
    49981,  50340,  50673,  51167,  51852,  53667,  54253,  54265,  54290,  55286,  55293,  55990,
    57043,  58061,  59253,  59729,  60068,  60404,  60781,  61138,  61317,  61323,  62240,  62610,
    63949,  64102,  132203, 132335, 133478, 133499, 133752, 134963, 135377, 136787, 136907, 138915,
    141995, 150436, 197540, 197695, 199524, 200019, 200350, 202023, 202053, 202422, 203020, 204287,
    205544, 206092, 206264, 207990, 210558, 210644, 210976, 212238, 212317, 213230, 215859, 394380,
    395954, 396190, 396356, 396362, 396982, 398101,
};

/* Barracuda, Proofpoint, Mimecast, Cisco IronPort, Forcepoint, Trend Micro. */
static const uint32_t MAIL_FILTERS[] = {13448, 13916, 15324, 16417, 16880, 22843, 26211,
                                        30031, 30215, 30238, 42427, 44444, 52129};
/* Twitter, LinkedIn, Facebook, LINE, Telegram. */
static const uint32_t PREVIEWERS[] = {13414, 14413, 32934, 38631, 44907,
                                      59930, 62041, 63293, 211157};
/* Apple; those who carry its relay: Cloudflare, Akamai, Fastly. */
static const uint32_t APPLE[] = {714, 6185, 13335, 20940, 36183, 54113};

static bool is_among(const struct traffic_request *request, const uint32_t *list, size_t count)
{
    for (size_t i = 0; request->has_asn && i < count; i++)
        if (list[i] == request->asn)
            return true;
    return false;
}

#define AMONG(request, list) is_among(request, list, sizeof(list) / sizeof *(list))

bool traffic_lists_data_centre_network(const struct traffic_seen *seen)
{
    return AMONG(seen->request, DATA_CENTRES);
}

bool traffic_lists_mail_gateway_network(const struct traffic_seen *seen)
{
    return AMONG(seen->request, MAIL_FILTERS);
}

bool traffic_lists_link_preview_network(const struct traffic_seen *seen)
{
    return AMONG(seen->request, PREVIEWERS);
}

/* Agents, by words in them */

#define WORD(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static size_t pair_at(str text, size_t i)
{
    return (31 * (size_t)(unsigned char)text.data[i] + (unsigned char)text.data[i + 1]) %
           TRAFFIC_PAIRS;
}

void traffic_lists_prepare(struct traffic_seen *seen)
{
    for (size_t i = 0; i + 1 < seen->text.len; i++)
        seen->pairs[pair_at(seen->text, i) / 64] |= UINT64_C(1) << pair_at(seen->text, i) % 64;
}

static bool may_have(const struct traffic_seen *seen, str word)
{
    for (size_t i = 0; i + 1 < word.len; i++)
        if (!(seen->pairs[pair_at(word, i) / 64] >> pair_at(word, i) % 64 & 1))
            return false;
    return true;
}

static bool has_word(const struct traffic_seen *seen, const str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (may_have(seen, words[i]) && str_contains(seen->text, words[i]))
            return true;
    return false;
}

#define HAS_WORD(seen, words) has_word(seen, words, sizeof(words) / sizeof *(words))

bool traffic_lists_user_agent_names_a_machine(const struct traffic_seen *seen)
{
    return seen->agent.is_crawler;
}

bool traffic_lists_no_user_agent(const struct traffic_seen *seen)
{
    return !seen->text.len;
}

bool traffic_lists_user_agent_says_nothing(const struct traffic_seen *seen)
{
    return str_equals(seen->text, S("Mozilla/5.0")) || str_equals(seen->text, S("Mozilla/4.0"));
}

bool traffic_lists_unknown_user_agent(const struct traffic_seen *seen)
{
    return seen->text.len && !seen->claims_browser && str_equals(seen->agent.browser, S("Other"));
}

bool traffic_lists_headless_browser(const struct traffic_seen *seen)
{
    static const str words[] = {WORD("Headless"), WORD("PhantomJS"), WORD("SlimerJS"),
                                WORD("Splash/"), WORD("HtmlUnit")};

    return str_contains(traffic_header(seen, S("sec-ch-ua")), S("Headless")) ||
           HAS_WORD(seen, words);
}

bool traffic_lists_automation_tool(const struct traffic_seen *seen)
{
    static const str words[] = {WORD("Selenium"),   WORD("selenium"),   WORD("WebDriver"),
                                WORD("webdriver"),  WORD("Puppeteer"),  WORD("puppeteer"),
                                WORD("Playwright"), WORD("playwright"), WORD("Cypress/"),
                                WORD("CasperJS"),   WORD("Nightmare"),  WORD("TestCafe"),
                                WORD("browser-use")};

    return HAS_WORD(seen, words);
}

bool traffic_lists_monitoring(const struct traffic_seen *seen)
{
    static const str words[] = {WORD("UptimeRobot"),
                                WORD("Uptime-Kuma"),
                                WORD("Better Uptime"),
                                WORD("Pingdom"),
                                WORD("pingdom"),
                                WORD("StatusCake"),
                                WORD("Site24x7"),
                                WORD("DatadogSynthetics"),
                                WORD("Datadog/Synthetics"),
                                WORD("NewRelic"),
                                WORD("Catchpoint"),
                                WORD("GTmetrix"),
                                WORD("Chrome-Lighthouse"),
                                WORD("PTST/"),
                                WORD("SpeedCurve"),
                                WORD("Checkly"),
                                WORD("HetrixTools"),
                                WORD("kube-probe"),
                                WORD("GoogleHC/"),
                                WORD("ELB-HealthChecker"),
                                WORD("Blackbox Exporter"),
                                WORD("Blackbox-Exporter"),
                                WORD("Zabbix"),
                                WORD("check_http"),
                                WORD("Monitis"),
                                WORD("RuxitSynthetic"),
                                WORD("AlertSite"),
                                WORD("Google-Site-Verification")};

    return HAS_WORD(seen, words);
}

bool traffic_lists_link_preview(const struct traffic_seen *seen)
{
    static const str words[] = {WORD("facebookexternalhit"),
                                WORD("Facebot"),
                                WORD("Twitterbot"),
                                WORD("LinkedInBot"),
                                WORD("Slackbot"),
                                WORD("Slack-ImgProxy"),
                                WORD("TelegramBot"),
                                WORD("WhatsApp/"),
                                WORD("Discordbot"),
                                WORD("SkypeUriPreview"),
                                WORD("line-poker"),
                                WORD("kakaotalk-scrap"),
                                WORD("Snap URL Preview"),
                                WORD("Mastodon/"),
                                WORD("Pleroma"),
                                WORD("Misskey/"),
                                WORD("Cardyb"),
                                WORD("redditbot"),
                                WORD("Pinterestbot"),
                                WORD("Embedly"),
                                WORD("Iframely"),
                                WORD("vkShare"),
                                WORD("Google-PageRenderer"),
                                WORD("XING-contenttabreceiver"),
                                WORD("BingPreview"),
                                WORD("MicroMessenger Client"),
                                WORD("Akkoma"),
                                WORD("Synapse (bot")};

    return HAS_WORD(seen, words);
}

bool traffic_lists_mail_image_proxy(const struct traffic_seen *seen)
{
    static const str words[] = {WORD("GoogleImageProxy"), WORD("YahooMailProxy"),
                                WORD("ImageProxy"), WORD("ProtonMail-image"),
                                WORD("HeyImageProxy")};

    return HAS_WORD(seen, words);
}

bool traffic_lists_mail_gateway(const struct traffic_seen *seen)
{
    static const str words[] = {
        WORD("Barracuda"),   WORD("Proofpoint"),  WORD("proofpoint"),   WORD("urldefense"),
        WORD("Mimecast"),    WORD("mimecast"),    WORD("SafeLinks"),    WORD("Safelinks"),
        WORD("IronPort"),    WORD("Trend Micro"), WORD("TrendMicro"),   WORD("TMES"),
        WORD("Forcepoint"),  WORD("MailScanner"), WORD("MessageLabs"),  WORD("Symantec"),
        WORD("FireEye"),     WORD("SpamExperts"), WORD("SpamAssassin"), WORD("Hornetsecurity"),
        WORD("Vade Secure"), WORD("VadeSecure"),  WORD("Sophos"),       WORD("CheckPoint"),
        WORD("Avanan"),      WORD("LinkScanner"), WORD("URLScanner"),   WORD("CloudAppSecurity")};

    return HAS_WORD(seen, words);
}

bool traffic_lists_apple_mail_privacy(const struct traffic_seen *seen)
{
    return str_equals(seen->text, S("Mozilla/5.0")) && AMONG(seen->request, APPLE);
}
