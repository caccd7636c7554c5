/* traffic.c - a table of signs, and the sum of those that a request shows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/traffic.h"

#include "collect/agent.h"

#include <math.h>

/* Fewer headers than any browser sends were picked by whoever asks: none is missing then. */
enum { WHOLE = 3, MAJOR_DIGITS = 4 };

/* Of requests to sites at large about a tenth is made by machines that do not say so. */
static const double PRIOR = -2.2;

struct seen {
    const struct traffic_request *request;
    str text; /* the user agent */
    struct agent agent;
    bool claims_browser;
    bool is_whole; /* all headers are told */
};

static str header(const struct seen *seen, str name)
{
    const struct traffic_request *request = seen->request;

    return request->header ? request->header(request->owner, name) : (str){NULL, 0};
}

static bool is_nameless(const struct seen *seen)
{
    return !seen->text.len;
}

static bool names_itself(const struct seen *seen)
{
    return seen->agent.is_crawler;
}

/* What mail programs' proxies and link scanners say who do not want to say more. */
static bool is_bare(const struct seen *seen)
{
    return str_equals(seen->text, S("Mozilla/5.0")) || str_equals(seen->text, S("Mozilla/4.0"));
}

static bool is_unknown(const struct seen *seen)
{
    return seen->text.len && !seen->claims_browser && str_equals(seen->agent.browser, S("Other"));
}

static bool is_ahead(const struct seen *seen)
{
    static const struct {
        str name, word;
    } ahead[] = {
        {{"purpose", 7}, {"prefetch", 8}},  {{"sec-purpose", 11}, {"prefetch", 8}},
        {{"x-purpose", 9}, {"preview", 7}}, {{"x-moz", 5}, {"prefetch", 8}},
        {{"purpose", 7}, {"preview", 7}},
    };

    for (size_t i = 0; i < sizeof ahead / sizeof *ahead; i++)
        if (str_contains(header(seen, ahead[i].name), ahead[i].word))
            return true;
    return false;
}

static bool gives_contact(const struct seen *seen)
{
    return header(seen, S("from")).len > 0;
}

static bool is_headless(const struct seen *seen)
{
    return str_contains(header(seen, S("sec-ch-ua")), S("Headless")) ||
           str_contains(seen->text, S("Headless"));
}

/* Its hints name another version than its agent does. */
static bool contradicts_itself(const struct seen *seen)
{
    str hints = header(seen, S("sec-ch-ua")), major = seen->agent.browser_major;

    if (!hints.len || !str_contains(seen->text, S("Chrome/")) || !major.len ||
        major.len > MAJOR_DIGITS || !str_starts(seen->agent.browser, S("Chrome")))
        return false;
    return !str_contains(hints, major);
}

static bool hints_without_being_able(const struct seen *seen)
{
    return header(seen, S("sec-ch-ua")).len && str_contains(seen->text, S("Firefox/"));
}

static bool lacks_language(const struct seen *seen)
{
    return seen->is_whole && seen->claims_browser && !header(seen, S("accept-language")).len;
}

static bool lacks_encoding(const struct seen *seen)
{
    return seen->is_whole && seen->claims_browser && !header(seen, S("accept-encoding")).len;
}

static bool lacks_accept(const struct seen *seen)
{
    return seen->is_whole && seen->claims_browser && !header(seen, S("accept")).len;
}

static bool speaks(const struct seen *seen)
{
    return header(seen, S("accept-language")).len > 0;
}

static bool fetches_as_browsers_do(const struct seen *seen)
{
    return header(seen, S("sec-fetch-mode")).len > 0 && header(seen, S("sec-fetch-site")).len > 0;
}

/* Heaviest first; what speaks for a person has no name, for it is no reason to doubt. */
static const struct {
    bool (*is_shown)(const struct seen *seen);
    double weight;
    const char *name;
} SIGNS[] = {
    {names_itself, 9, "user_agent_names_a_machine"},
    {is_headless, 7, "headless_browser"},
    {is_ahead, 7, "fetched_ahead"},
    {is_nameless, 6, "no_user_agent"},
    {is_bare, 6, "user_agent_says_nothing"},
    {gives_contact, 5, "gives_a_contact"},
    {contradicts_itself, 4, "client_hints_contradict_user_agent"},
    {hints_without_being_able, 4, "client_hints_of_another_browser"},
    {lacks_language, 2.5, "browser_without_language"},
    {lacks_encoding, 2, "browser_without_encodings"},
    {lacks_accept, 2, "browser_without_accept"},
    {is_unknown, 1.5, "unknown_user_agent"},
    {speaks, -1, NULL},
    {fetches_as_browsers_do, -1, NULL},
};

fallible traffic_judge(const struct traffic_request *request, struct arena *mem,
                       struct traffic_verdict *out_verdict)
{
    struct seen seen = {.request = request, .is_whole = request->header_count >= WHOLE};
    struct traffic_verdict verdict = {0};
    double sum = PRIOR;

    seen.text = header(&seen, S("user-agent"));
    if (request->agent)
        seen.agent = *request->agent;
    else
        TRY(agent_read(request->agents, seen.text, mem, &seen.agent));
    seen.claims_browser = str_starts(seen.text, S("Mozilla/")) && !is_bare(&seen);
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++) {
        if (!SIGNS[i].is_shown(&seen))
            continue;
        sum += SIGNS[i].weight;
        if (SIGNS[i].name && verdict.reason_count < TRAFFIC_REASONS_MOST)
            verdict.reasons[verdict.reason_count++] = SIGNS[i].name;
    }
    verdict.probability = 1 / (1 + exp(-sum));
    verdict.is_machine = verdict.probability >= 0.5;
    *out_verdict = verdict;
    return OK;
}
