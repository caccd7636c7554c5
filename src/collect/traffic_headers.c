/* traffic_headers.c - signs in how a hit asks: its headers, their order, the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: WICG "User-Agent Client Hints"; W3C "Fetch Metadata Request Headers"; what Chrome,
 * Firefox and Safari send. Sec-CH-UA and Sec-Fetch headers go to secure pages only.
 */
#include "collect/traffic_int.h"

#include <string.h>

enum { MAJOR_DIGITS = 4 };

struct pair {
    str header, word;
};

bool traffic_headers_fetched_ahead(const struct traffic_seen *seen)
{
    static const struct pair ahead[] = {
        {{"sec-purpose", 11}, {"prefetch", 8}}, {{"purpose", 7}, {"prefetch", 8}},
        {{"purpose", 7}, {"preview", 7}},       {{"x-purpose", 9}, {"preview", 7}},
        {{"x-moz", 5}, {"prefetch", 8}},
    };

    for (size_t i = 0; i < sizeof ahead / sizeof *ahead; i++)
        if (str_contains(traffic_header(seen, ahead[i].header), ahead[i].word))
            return true;
    return false;
}

bool traffic_headers_gives_a_contact(const struct traffic_seen *seen)
{
    return traffic_header(seen, S("from")).len > 0;
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
    return traffic_header(seen, S("sec-ch-ua")).len > 0;
}

static bool tells_fetch(const struct traffic_seen *seen)
{
    return traffic_header(seen, S("sec-fetch-mode")).len > 0 ||
           traffic_header(seen, S("sec-fetch-site")).len > 0 ||
           traffic_header(seen, S("sec-fetch-dest")).len > 0;
}

bool traffic_headers_client_hints_contradict_user_agent(const struct traffic_seen *seen)
{
    str major = seen->agent.browser_major;

    if (!has_hints(seen) || !str_contains(seen->text, S("Chrome/")) || !major.len ||
        major.len > MAJOR_DIGITS || !str_starts(seen->agent.browser, S("Chrome")))
        return false;
    return !str_contains(traffic_header(seen, S("sec-ch-ua")), major);
}

bool traffic_headers_client_hints_of_another_browser(const struct traffic_seen *seen)
{
    return has_hints(seen) && seen->claims_browser && !str_contains(seen->text, S("Chrome/")) &&
           (str_contains(seen->text, S("Firefox/")) || str_contains(seen->text, S("Version/")));
}

bool traffic_headers_client_hints_of_another_system(const struct traffic_seen *seen)
{
    static const struct pair systems[] = {
        {{"Windows", 7}, {"Windows", 7}}, {{"macOS", 5}, {"Macintosh", 9}},
        {{"Android", 7}, {"Android", 7}}, {{"Chrome OS", 9}, {"CrOS", 4}},
        {{"Linux", 5}, {"Linux", 5}},
    };
    str told = traffic_header(seen, S("sec-ch-ua-platform"));

    if (str_contains(traffic_header(seen, S("sec-ch-ua-mobile")), S("?1")) &&
        str_contains(seen->text, S("Windows NT")))
        return true;
    /* Asked for a desktop's page, a telephone says Linux in the one and Android in the other. */
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (str_contains(told, systems[i].header))
            return !str_contains(seen->text, systems[i].word) &&
                   !(str_contains(told, S("Android")) && str_contains(seen->text, S("Linux")));
    return false;
}

bool traffic_headers_browser_without_language(const struct traffic_seen *seen)
{
    return seen->is_whole && seen->claims_browser &&
           !traffic_header(seen, S("accept-language")).len;
}

bool traffic_headers_browser_without_encodings(const struct traffic_seen *seen)
{
    return seen->is_whole && seen->claims_browser &&
           !str_contains(traffic_header(seen, S("accept-encoding")), S("gzip"));
}

bool traffic_headers_browser_without_accept(const struct traffic_seen *seen)
{
    return seen->is_whole && seen->claims_browser && !traffic_header(seen, S("accept")).len;
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
    return seen->request->is_old && seen->claims_browser && !seen->is_proxied;
}

/* Where that header stands, counted from 1; 0: it is not there. */
static size_t place_of(const struct traffic_seen *seen, str name)
{
    const struct traffic_request *request = seen->request;

    for (size_t i = 0; i < request->header_count; i++)
        if (str_equals_nocase(request->name_at(request->owner, i), name))
            return i + 1;
    return 0;
}

/* Chrome tells encodings before the language, Firefox the language first; both tell the agent
 * before either, and all what they accept before its encodings, which Python's requests does not.
 */
bool traffic_headers_order_of_another_program(const struct traffic_seen *seen)
{
    size_t accept, agent, encoding, language;

    if (!seen->request->name_at || !seen->claims_browser || seen->is_proxied)
        return false;
    agent = place_of(seen, S("user-agent"));
    encoding = place_of(seen, S("accept-encoding"));
    language = place_of(seen, S("accept-language"));
    accept = place_of(seen, S("accept"));
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
    return traffic_header(seen, S("accept-language")).len > 0;
}

bool traffic_headers_fetches_as_browsers_do(const struct traffic_seen *seen)
{
    return traffic_header(seen, S("sec-fetch-mode")).len > 0 &&
           traffic_header(seen, S("sec-fetch-site")).len > 0;
}

bool traffic_headers_keeps_cookies(const struct traffic_seen *seen)
{
    return traffic_header(seen, S("cookie")).len > 0;
}
