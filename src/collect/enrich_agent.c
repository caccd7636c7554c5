/* enrich_agent.c - browser, system and kind of device by a user agent; and who only relays.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich_int.h"

#include "collect/memo.h"

enum { NAME_MOST = 64, TOKEN_MOST = 48 };

#define HINTED "\x01"

/* Libraries and servers that speak HTTP for programs, by how their agents begin, in lower case. */
static const char *const LIBRARIES[] = {
    "aiohttp/",
    "akka-http",
    "amazon cloudfront",
    "analytics-",
    "apache-http",
    "axios/",
    "bun/",
    "cloudflare-workers",
    "cpp-httplib/",
    "curl/",
    "dart/",
    "dart:",
    "deno/",
    "elastic",
    "faraday",
    "fasthttp",
    "go-http-client",
    "go-resty",
    "google-http-",
    "got (",
    "got/",
    "guzzle",
    "hackney/",
    "http.rb/",
    "httpclient",
    "httpie/",
    "httpx/",
    "hyper/",
    "insomnia",
    "isahc/",
    "java-http",
    "java/",
    "k6/",
    "ktor",
    "libcurl",
    "libwww",
    "lwp::",
    "matomo",
    "mint/",
    "n8n",
    "needle/",
    "net::http",
    "nginx",
    "node",
    "okhttp",
    "php",
    "piwik",
    "plausible",
    "postman",
    "posthog",
    "powershell",
    "pycurl",
    "python",
    "req/",
    "reqwest",
    "requests",
    "rest-client",
    "restsharp",
    "ruby",
    "rudder",
    "rust",
    "segment",
    "snowplow",
    "sveltekit",
    "symfony",
    "typhoeus",
    "umami",
    "undici",
    "unirest",
    "ureq/",
    "urllib",
    "vercel",
    "werkzeug",
    "wget/",
    "winhttp",
    "wordpress/",
    "wp_http",
    "zapier",
};

bool enrich_agent_is_library(str agent)
{
    const str prefix = S("Mozilla/5.0 ");
    char lower[TOKEN_MOST];
    str token;

    /* Some hide behind a browser's first word; what a browser says next stands in brackets. */
    if (str_starts(agent, prefix))
        agent = str_slice(agent, prefix.len, agent.len);
    if (str_starts(agent, S("(")))
        return false;
    for (size_t i = 0; i < TOKEN_MOST; i++) {
        char c = i < agent.len ? agent.data[i] : 0;

        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    token = str_from(lower, agent.len < TOKEN_MOST ? agent.len : TOKEN_MOST);
    for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++)
        if (str_starts(token, str_of(LIBRARIES[i])))
            return true;
    return false;
}

/* Kinds of device */

/* What stands in an agent, and what shows it; the first that is there counts. */
static const struct {
    str word;
    const char *kind;
} WORDS[] = {
#define WORD(text, kind)                                                                           \
    {                                                                                              \
        {text, sizeof text - 1}, kind                                                              \
    }
    /* Browsers of televisions name Android, Linux or Mobile as well. */
    WORD("SMART-TV", "tv"),
    WORD("SmartTV", "tv"),
    WORD("Smart TV", "tv"),
    WORD("HbbTV", "tv"),
    WORD("GoogleTV", "tv"),
    WORD("Google TV", "tv"),
    WORD("Android TV", "tv"),
    WORD("AppleTV", "tv"),
    WORD("Apple TV", "tv"),
    WORD("tvOS", "tv"),
    WORD("NetCast", "tv"),
    WORD("Web0S", "tv"),
    WORD("webOS.TV", "tv"),
    WORD("BRAVIA", "tv"),
    WORD("Roku", "tv"),
    WORD("CrKey", "tv"),
    WORD("VIDAA", "tv"),
    WORD("; AFT", "tv"),
    WORD("MiTV", "tv"),
    WORD("MiBOX", "tv"),
    WORD("Viera", "tv"),
    WORD("AQUOSBrowser", "tv"),
    WORD("PhilipsTV", "tv"),
    WORD("DTV", "tv"),
    WORD("PlayStation", "console"),
    WORD("PLAYSTATION", "console"),
    WORD("Xbox", "console"),
    WORD("Nintendo", "console"),
    WORD("OculusBrowser", "headset"),
    WORD("Pico Neo", "headset"),
    WORD("Watch OS", "watch"),
    WORD("watchOS", "watch"),
    WORD("Apple Watch", "watch"),
    WORD("AppleWatch", "watch"),
    WORD("Wear OS", "watch"),
    WORD("; SM-R8", "watch"),
    WORD("; SM-R9", "watch"),
    WORD("Tesla/", "car"),
    WORD("QtCarBrowser", "car"),
    WORD("Android Automotive", "car"),
    WORD("iPad", "tablet"),
    WORD("; Tablet", "tablet"),
    WORD("Kindle", "tablet"),
    WORD("PlayBook", "tablet"),
    WORD("; KF", "tablet"),
    WORD("; SM-T", "tablet"),
    WORD("; SM-X", "tablet"),
    WORD("MediaPad", "tablet"),
    WORD("Lenovo TB", "tablet"),
    WORD("iPhone", "mobile"),
    WORD("iPod", "mobile"),
    WORD("Opera Mini", "mobile"),
    WORD("Opera Mobi", "mobile"),
    WORD("Windows Phone", "mobile"),
    WORD("IEMobile", "mobile"),
    WORD("BlackBerry", "mobile"),
    WORD("BB10", "mobile"),
    WORD("KAIOS", "mobile"),
    WORD("KaiOS", "mobile"),
    WORD("Symb", "mobile"),
    WORD("MIDP", "mobile"),
    WORD("Mobile", "mobile"),
    WORD("Dalvik/", "mobile"),
    WORD("Android", "tablet"), /* without Mobile, as Google advises */
    WORD("Windows", "desktop"),
    WORD("Macintosh", "desktop"),
    WORD("CrOS", "desktop"),
    WORD("X11", "desktop"),
    WORD("Linux", "desktop"),
#undef WORD
};

/* Of applications' own agents, which name a system but no device. */
static const struct {
    str system;
    const char *kind;
} SYSTEMS[] = {
    {{"iOS", 3}, "mobile"},        {{"Android", 7}, "mobile"},   {{"Windows", 7}, "desktop"},
    {{"tvOS", 4}, "tv"},           {{"Mac OS X", 8}, "desktop"}, {{"Linux", 5}, "desktop"},
    {{"Chrome OS", 9}, "desktop"}, {{"watchOS", 7}, "watch"},
};

static const char *device_of(const struct agent *agent, str text)
{
    if (agent->is_crawler || str_equals(agent->device, S("Spider")))
        return "bot";
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (str_contains(text, WORDS[i].word))
            return WORDS[i].kind;
    for (size_t i = 0; i < sizeof SYSTEMS / sizeof *SYSTEMS; i++)
        if (str_equals(agent->system, SYSTEMS[i].system))
            return SYSTEMS[i].kind;
    return NULL;
}

/* Telling */

static void write_named(struct json_writer *w, const char *what, str name, str version)
{
    if (!name.len || str_equals(name, S("Other")))
        return;
    json_key(w, str_of(what));
    json_open(w, '{');
    enrich_write_text(w, S("name"), name, NAME_MOST);
    enrich_write_text(w, S("version"), version, NAME_MOST);
    json_shut(w, '}');
}

/* The three members with a line's end behind each: JSON as it is written here holds none. */
static fallible write_all(struct enrich_call *call, str text, const struct enrich_hints *hints,
                          str *out_lines)
{
    struct json_writer w = enrich_write(call);
    struct agent agent;
    const char *device;

    TRY(agent_read(call->enrich->config.agents, text, call->mem, &agent));
    if (hints)
        enrich_hints_apply(hints, &agent);
    device = device_of(&agent, text);
    write_named(&w, "browser", agent.browser, agent.browser_major);
    buf_add_byte(w.out, '\n');
    w.needs_comma = false;
    write_named(&w, "os", agent.system, agent.system_major);
    buf_add_byte(w.out, '\n');
    w.needs_comma = false;
    if (device) {
        json_key(&w, S("device"));
        json_open(&w, '{');
        enrich_write_text(&w, S("type"), str_of(device), NAME_MOST);
        if (hints)
            enrich_write_text(&w, S("model"), hints->model, NAME_MOST);
        json_shut(&w, '}');
    }
    return enrich_written(call, out_lines);
}

static str line_of(str *rest)
{
    str line = str_cut(rest, '\n');

    return line.len ? line : (str){NULL, 0};
}

/* The request's; NULL: they add nothing. */
static const struct enrich_hints *hints_of(struct enrich_call *call)
{
    if (!call->has_asked_hints)
        call->has_hints = enrich_hints_read(call->request, &call->hints);
    call->has_asked_hints = true;
    return call->has_hints ? &call->hints : NULL;
}

/* What the answer depends on. None of the hints holds the byte between them. */
static str key_of(struct enrich_call *call, str agent, const struct enrich_hints *hints)
{
    return arena_print(
        call->mem, HINTED "%s" HINTED "%.*s" HINTED "%s" HINTED "%.*s" HINTED "%.*s" HINTED "%.*s",
        hints->browser ? hints->browser : "", STR_ARG(hints->major),
        hints->system ? hints->system : "", STR_ARG(hints->version), STR_ARG(hints->model),
        STR_ARG(agent));
}

static fallible find_or_write(struct enrich_call *call, str agent, bool has_headers, str *out_lines)
{
    struct memo *memo = call->enrich->caches[ENRICH_AGENTS];
    const struct enrich_hints *hints = has_headers ? hints_of(call) : NULL;
    /* An agent that is made to look like such a key has none: it would answer for others. */
    bool has_key = hints || !str_starts(agent, S(HINTED));
    str key = hints ? key_of(call, agent, hints) : agent;

    if (!key.data)
        return arena_exhausted();
    if (has_key && memo_find(memo, key, call->mem, out_lines))
        return OK;
    TRY(write_all(call, agent, hints, out_lines));
    if (has_key)
        memo_put(memo, key, *out_lines);
    return OK;
}

fallible enrich_agent_tell(struct enrich_call *call, str agent, bool has_headers,
                           struct enrich_agent *out_told)
{
    str lines;

    agent = str_slice(agent, 0, AGENT_MOST_BYTES);
    if (!call->agent_text.data || call->agent_headers != has_headers ||
        !str_equals(agent, call->agent_text)) {
        TRY(find_or_write(call, agent, has_headers, &lines));
        call->agent_text = agent;
        call->agent_headers = has_headers;
        call->told_agent.browser = line_of(&lines);
        call->told_agent.os = line_of(&lines);
        call->told_agent.device = line_of(&lines);
    }
    *out_told = call->told_agent;
    return OK;
}
