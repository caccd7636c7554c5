/* traffic_headers.c - signs in how a hit asks: its headers, their order, the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: WICG "User-Agent Client Hints"; W3C "Fetch Metadata Request Headers"; what Chrome,
 * Firefox and Safari send. Sec-CH-UA and Sec-Fetch headers go to secure pages only.
 */
#include "collect/traffic_int.h"

#include <string.h>

static const str NAMES[ASKED_HEADERS] = {
    {"via", 3},
    {"from", 4},
    {"x-moz", 5},
    {"accept", 6},
    {"cookie", 6},
    {"cf-ray", 6},
    {"purpose", 7},
    {"cdn-loop", 8},
    {"forwarded", 9},
    {"sec-ch-ua", 9},
    {"x-purpose", 9},
    {"x-real-ip", 9},
    {"user-agent", 10},
    {"sec-purpose", 11},
    {"x-request-id", 12},
    {"sec-fetch-dest", 14},
    {"sec-fetch-mode", 14},
    {"sec-fetch-site", 14},
    {"accept-encoding", 15},
    {"accept-language", 15},
    {"x-amzn-trace-id", 15},
    {"x-forwarded-for", 15},
    {"sec-ch-ua-mobile", 16},
    {"x-forwarded-host", 16},
    {"x-forwarded-proto", 17},
    {"sec-ch-ua-platform", 18},
};

enum { LONGEST = 18 };

/* Where the names of each length begin. */
static const uint8_t BY_LENGTH[LONGEST + 2] = {ASKED_VIA,
                                               ASKED_VIA,
                                               ASKED_VIA,
                                               ASKED_VIA,
                                               ASKED_FROM,
                                               ASKED_X_MOZ,
                                               ASKED_ACCEPT,
                                               ASKED_PURPOSE,
                                               ASKED_CDN_LOOP,
                                               ASKED_FORWARDED,
                                               ASKED_USER_AGENT,
                                               ASKED_SEC_PURPOSE,
                                               ASKED_X_REQUEST_ID,
                                               ASKED_SEC_FETCH_DEST,
                                               ASKED_SEC_FETCH_DEST,
                                               ASKED_ACCEPT_ENCODING,
                                               ASKED_SEC_CH_UA_MOBILE,
                                               ASKED_X_FORWARDED_PROTO,
                                               ASKED_SEC_CH_UA_PLATFORM,
                                               ASKED_HEADERS};

static size_t find_name(str name)
{
    if (name.len > LONGEST)
        return ASKED_HEADERS;
    for (size_t i = BY_LENGTH[name.len]; i < BY_LENGTH[name.len + 1]; i++)
        if (str_equals_nocase(name, NAMES[i]))
            return i;
    return ASKED_HEADERS;
}

void traffic_headers_ask(struct traffic_seen *seen)
{
    const struct traffic_request *request = seen->request;
    size_t most = request->header_count < UINT8_MAX ? request->header_count : UINT8_MAX;

    for (size_t i = 0; !request->name_at && i < ASKED_HEADERS; i++)
        seen->headers[i] = request->header(request->owner, NAMES[i]);
    for (size_t i = 0; request->name_at && i < most; i++) {
        size_t name = find_name(request->name_at(request->owner, i));

        if (name == ASKED_HEADERS || seen->places[name])
            continue;
        seen->headers[name] = request->header(request->owner, NAMES[name]);
        seen->places[name] = (uint8_t)(i + 1);
    }
}

bool traffic_headers_fetched_ahead(const struct traffic_seen *seen)
{
    static const struct {
        enum traffic_asked header;
        str word;
    } ahead[] = {
        {ASKED_SEC_PURPOSE, {"prefetch", 8}}, {ASKED_PURPOSE, {"prefetch", 8}},
        {ASKED_PURPOSE, {"preview", 7}},      {ASKED_X_PURPOSE, {"preview", 7}},
        {ASKED_X_MOZ, {"prefetch", 8}},
    };

    for (size_t i = 0; i < sizeof ahead / sizeof *ahead; i++)
        if (str_contains(seen->headers[ahead[i].header], ahead[i].word))
            return true;
    return false;
}

bool traffic_headers_gives_a_contact(const struct traffic_seen *seen)
{
    return seen->headers[ASKED_FROM].len > 0;
}

/* The digits behind `name` in the agent; 0: it is not in there. */
static unsigned version_of(const struct traffic_seen *seen, str name)
{
    const char *at =
        seen->text.len ? memmem(seen->text.data, seen->text.len, name.data, name.len) : NULL;
    const char *end = seen->text.data + seen->text.len;
    unsigned version = 0;

    if (!at)
        return 0;
    for (at += name.len; at < end && version < 10000 && *at >= '0' && *at <= '9'; at++)
        version = 10 * version + (unsigned)(*at - '0');
    return version;
}

static bool has_hints(const struct traffic_seen *seen)
{
    return seen->headers[ASKED_SEC_CH_UA].len > 0;
}

static bool tells_fetch(const struct traffic_seen *seen)
{
    return seen->headers[ASKED_SEC_FETCH_MODE].len > 0 ||
           seen->headers[ASKED_SEC_FETCH_SITE].len > 0 ||
           seen->headers[ASKED_SEC_FETCH_DEST].len > 0;
}

bool traffic_headers_headless_browser(const struct traffic_seen *seen)
{
    return seen->shows.is_headless || str_contains(seen->headers[ASKED_SEC_CH_UA], S("Headless"));
}

bool traffic_headers_client_hints_contradict_user_agent(const struct traffic_seen *seen)
{
    str major = str_from(seen->shows.major, seen->shows.major_len);

    if (!has_hints(seen) || !major.len || !seen->shows.is_chrome)
        return false;
    return !str_contains(seen->headers[ASKED_SEC_CH_UA], major);
}

bool traffic_headers_client_hints_of_another_browser(const struct traffic_seen *seen)
{
    return has_hints(seen) && seen->shows.claims_browser &&
           !str_contains(seen->text, S("Chrome/")) &&
           (str_contains(seen->text, S("Firefox/")) || str_contains(seen->text, S("Version/")));
}

bool traffic_headers_client_hints_of_another_system(const struct traffic_seen *seen)
{
    static const struct {
        str told, word;
    } systems[] = {
        {{"Windows", 7}, {"Windows", 7}}, {{"macOS", 5}, {"Macintosh", 9}},
        {{"Android", 7}, {"Android", 7}}, {{"Chrome OS", 9}, {"CrOS", 4}},
        {{"Linux", 5}, {"Linux", 5}},
    };
    str told = seen->headers[ASKED_SEC_CH_UA_PLATFORM];

    if (str_contains(seen->headers[ASKED_SEC_CH_UA_MOBILE], S("?1")) &&
        str_contains(seen->text, S("Windows NT")))
        return true;
    /* Asked for a desktop's page, a telephone says Linux in the one and Android in the other. */
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (str_contains(told, systems[i].told))
            return !str_contains(seen->text, systems[i].word) &&
                   !(str_contains(told, S("Android")) && str_contains(seen->text, S("Linux")));
    return false;
}

bool traffic_headers_browser_without_language(const struct traffic_seen *seen)
{
    return seen->is_whole && seen->shows.claims_browser &&
           !seen->headers[ASKED_ACCEPT_LANGUAGE].len;
}

bool traffic_headers_browser_without_encodings(const struct traffic_seen *seen)
{
    return seen->is_whole && seen->shows.claims_browser &&
           !str_contains(seen->headers[ASKED_ACCEPT_ENCODING], S("gzip"));
}

bool traffic_headers_browser_without_accept(const struct traffic_seen *seen)
{
    return seen->is_whole && seen->shows.claims_browser && !seen->headers[ASKED_ACCEPT].len;
}

bool traffic_headers_client_hints_without_fetch(const struct traffic_seen *seen)
{
    return seen->is_whole && has_hints(seen) && !tells_fetch(seen);
}

/* The first Chrome that sends hints to everybody. */
bool traffic_headers_fetch_without_client_hints(const struct traffic_seen *seen)
{
    enum { CHROME = 90 };

    return seen->is_whole && tells_fetch(seen) && !has_hints(seen) &&
           version_of(seen, S("Chrome/")) >= CHROME;
}

bool traffic_headers_new_browser_without_fetch(const struct traffic_seen *seen)
{
    enum { CHROME = 80, FIREFOX = 90, SAFARI = 17 };

    if (!seen->is_whole || !seen->request->is_secure || tells_fetch(seen) || has_hints(seen))
        return false;
    return version_of(seen, S("Chrome/")) >= CHROME || version_of(seen, S("Firefox/")) >= FIREFOX ||
           (str_contains(seen->text, S("Safari/")) && version_of(seen, S("Version/")) >= SAFARI);
}

bool traffic_headers_old_protocol(const struct traffic_seen *seen)
{
    return seen->request->is_old && seen->shows.claims_browser && !seen->is_proxied;
}

/* Chrome tells encodings before the language, Firefox the language first; both tell the agent
 * before either, and all what they accept before its encodings, which Python's requests does not.
 */
bool traffic_headers_order_of_another_program(const struct traffic_seen *seen)
{
    unsigned accept, agent, encoding, language;

    if (!seen->request->name_at || !seen->shows.claims_browser || seen->is_proxied)
        return false;
    agent = seen->places[ASKED_USER_AGENT];
    encoding = seen->places[ASKED_ACCEPT_ENCODING];
    language = seen->places[ASKED_ACCEPT_LANGUAGE];
    accept = seen->places[ASKED_ACCEPT];
    if (encoding && accept > encoding)
        return true;
    if (!encoding || !language)
        return false;
    if (version_of(seen, S("Chrome/")))
        return language < encoding || agent > encoding;
    if (version_of(seen, S("Firefox/")))
        return encoding < language || agent > language;
    return false;
}

bool traffic_headers_tells_a_language(const struct traffic_seen *seen)
{
    return seen->headers[ASKED_ACCEPT_LANGUAGE].len > 0;
}

bool traffic_headers_fetches_as_browsers_do(const struct traffic_seen *seen)
{
    return seen->headers[ASKED_SEC_FETCH_MODE].len > 0 &&
           seen->headers[ASKED_SEC_FETCH_SITE].len > 0;
}

bool traffic_headers_keeps_cookies(const struct traffic_seen *seen)
{
    return seen->headers[ASKED_COOKIE].len > 0;
}
