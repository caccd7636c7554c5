/* traffic_lists.c - signs in what is known by name of an agent, by its text alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/traffic_int.h"

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

void traffic_lists_prepare(str text, struct traffic_words *words)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        words->pairs[pair_at(text, i) / 64] |= UINT64_C(1) << pair_at(text, i) % 64;
}

static bool may_have(const struct traffic_words *words, str word)
{
    for (size_t i = 0; i + 1 < word.len; i++)
        if (!(words->pairs[pair_at(word, i) / 64] >> pair_at(word, i) % 64 & 1))
            return false;
    return true;
}

static bool has_word(const struct traffic_seen *seen, const str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (may_have(seen->words, words[i]) && str_contains(seen->text, words[i]))
            return true;
    return false;
}

#define HAS_WORD(seen, words) has_word(seen, words, sizeof(words) / sizeof *(words))

bool traffic_lists_user_agent_names_a_machine(const struct traffic_seen *seen)
{
    return seen->words->is_crawler;
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
    return seen->text.len && !seen->shows.claims_browser && seen->words->is_unknown;
}

bool traffic_lists_is_headless(const struct traffic_seen *seen)
{
    static const str words[] = {WORD("Headless"), WORD("PhantomJS"), WORD("SlimerJS"),
                                WORD("Splash/"), WORD("HtmlUnit")};

    return HAS_WORD(seen, words);
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
