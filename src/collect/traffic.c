/* traffic.c - the sum of the signs that a hit shows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/traffic.h"

#include "collect/agent.h"
#include "collect/memo.h"
#include "collect/traffic_int.h"
#include "sys/address.h"

#include <math.h>
#include <string.h>

/* Fewer headers than any browser sends were picked by whoever asks: none is missing then. */
enum { WHOLE = 3 };

/* Of requests to sites at large about a tenth is made by machines that do not say so. */
static const double PRIOR = -2.2;
static const double MOST_BY_ONE = -0.2; /* 45 of 100 */

static const struct {
    bool (*is_shown)(const struct traffic_seen *seen);
    double weight;
    enum traffic_of of;
    enum traffic_source source;
    enum traffic_how how;
    const char *code;
} SIGNS[] = {
#define SIGN(source, code, weight, of, how, meaning)                                               \
    {traffic_##source##_##code, weight, of, TRAFFIC_OF_##source, how, #code},
#include "collect/traffic_signs.def"
#undef SIGN
};

_Static_assert((int)TRAFFIC_SIGNS <= (int)TRAFFIC_SIGNS_MOST, "a verdict has a bit for each sign");

double traffic_weight(enum traffic_sign sign)
{
    return SIGNS[sign].weight;
}

const char *traffic_code(enum traffic_sign sign)
{
    return SIGNS[sign].code;
}

const char *traffic_sign_code(size_t bit)
{
    return bit < TRAFFIC_SIGNS ? SIGNS[bit].code : NULL;
}

double traffic_probability(double odds)
{
    return 1 / (1 + exp(-odds));
}

/* Does anything stand between the visitor and us that may have changed how it asks? */
static bool came_by_proxy(const struct traffic_seen *seen)
{
    static const enum traffic_asked signs[] = {
        ASKED_VIA,          ASKED_X_FORWARDED_FOR, ASKED_FORWARDED, ASKED_X_FORWARDED_PROTO,
        ASKED_X_REAL_IP,    ASKED_CF_RAY,          ASKED_CDN_LOOP,  ASKED_X_AMZN_TRACE_ID,
        ASKED_X_REQUEST_ID, ASKED_X_FORWARDED_HOST};
    struct address address;

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (seen->headers[signs[i]].data)
            return true;
    if (!address_read(seen->request->address, &address))
        return true;
    if (!address.is_four)
        return (address.bytes[0] & 0xfe) == 0xfc || str_equals(seen->request->address, S("::1"));
    return address.bytes[0] == 10 || address.bytes[0] == 127 ||
           (address.bytes[0] == 172 && (address.bytes[1] & 0xf0) == 16) ||
           (address.bytes[0] == 192 && address.bytes[1] == 168);
}

/* Keeps the reasons by weight; equal ones stay in the table's order. */
static void add_reason(size_t *reasons, size_t *count, size_t sign)
{
    size_t at = *count < TRAFFIC_REASONS_MOST ? *count : TRAFFIC_REASONS_MOST - 1;

    if (*count == TRAFFIC_REASONS_MOST && SIGNS[reasons[at]].weight >= SIGNS[sign].weight)
        return;
    for (; at && SIGNS[reasons[at - 1]].weight < SIGNS[sign].weight; at--)
        reasons[at] = reasons[at - 1];
    reasons[at] = sign;
    if (*count < TRAFFIC_REASONS_MOST)
        ++*count;
}

static bool is_shown(const struct traffic_seen *seen, size_t sign)
{
    const struct traffic_request *request = seen->request;

    if (SIGNS[sign].source > TRAFFIC_OF_headers)
        return SIGNS[sign].is_shown(seen);
    if (request->same)
        return request->same->signs >> sign & 1;
    if (SIGNS[sign].source == TRAFFIC_OF_lists || !request->header)
        return seen->shows.signs >> sign & 1;
    return SIGNS[sign].is_shown(seen);
}

struct sum {
    double odds, heaviest;
    unsigned given, fitted; /* signs of a machine */
    const char *reason;     /* the heaviest */
};

static void add_sign(struct sum *sum, size_t sign)
{
    sum->odds += SIGNS[sign].weight;
    if (SIGNS[sign].weight <= 0)
        return;
    if (SIGNS[sign].how == GIVEN)
        sum->given++;
    else
        sum->fitted++;
    if (SIGNS[sign].weight > sum->heaviest) {
        sum->heaviest = SIGNS[sign].weight;
        sum->reason = SIGNS[sign].code;
    }
}

/* What no one has said of itself is not settled by one sign. */
static double odds_of(const struct sum *sum)
{
    return !sum->given && sum->fitted == 1 && sum->odds > MOST_BY_ONE ? MOST_BY_ONE : sum->odds;
}

static void add_up(const struct traffic_seen *seen, struct traffic_verdict *out,
                   struct traffic_found *out_found)
{
    size_t reasons[TRAFFIC_REASONS_MOST];
    struct sum all = {.odds = PRIOR}, visitors = {.odds = PRIOR};
    double odds;

    for (size_t i = 0; i < TRAFFIC_SIGNS; i++) {
        if (!is_shown(seen, i))
            continue;
        out->signs |= UINT64_C(1) << i;
        add_sign(&all, i);
        if (SIGNS[i].weight > 0)
            add_reason(reasons, &out->reason_count, i);
        /* The watch knows by itself who was found and which links fan out. */
        if (SIGNS[i].of == VISITOR && i != TRAFFIC_fan_out && i != TRAFFIC_found_out_before)
            add_sign(&visitors, i);
    }
    for (size_t i = 0; i < out->reason_count; i++)
        out->reasons[i] = SIGNS[reasons[i]].code;
    out->heaviest = out->reason_count ? reasons[0] : 0;
    odds = odds_of(&all);
    out->probability = traffic_probability(odds);
    out->is_machine = odds >= 0;
    *out_found = (struct traffic_found){odds_of(&visitors), visitors.reason};
}

/* What the text of an agent shows where nothing else is told. */
static fallible read_text(const struct traffic_request *request, str text, struct arena *mem,
                          struct traffic_text *out)
{
    const struct traffic_request nothing = {0};
    struct traffic_words words = {0};
    struct traffic_seen seen = {.request = &nothing, .text = text, .words = &words};
    struct agent agent;

    TRY(agent_read(request->agents, text, mem, &agent));
    words.is_crawler = agent.is_crawler;
    words.is_unknown = str_equals(agent.browser, S("Other"));
    traffic_lists_prepare(text, &words);
    seen.shows.claims_browser = str_starts(text, S("Mozilla/")) && text.len > S("Mozilla/5.0").len;
    seen.shows.is_headless = traffic_lists_is_headless(&seen);
    seen.shows.is_chrome =
        str_contains(text, S("Chrome/")) && str_starts(agent.browser, S("Chrome"));
    if (agent.browser_major.len && agent.browser_major.len <= TRAFFIC_MAJOR) {
        seen.shows.major_len = (uint8_t)agent.browser_major.len;
        memcpy(seen.shows.major, agent.browser_major.data, agent.browser_major.len);
    }
    for (size_t i = 0; i < TRAFFIC_SIGNS; i++)
        if (SIGNS[i].source <= TRAFFIC_OF_headers && SIGNS[i].is_shown(&seen))
            seen.shows.signs |= UINT64_C(1) << i;
    *out = seen.shows;
    return OK;
}

static fallible look_at_text(struct traffic_seen *seen, struct arena *mem)
{
    const struct traffic_request *request = seen->request;
    str kept;

    if (request->texts && memo_find(request->texts, seen->text, mem, &kept)) {
        memcpy(&seen->shows, kept.data, sizeof seen->shows);
        return OK;
    }
    TRY(read_text(request, seen->text, mem, &seen->shows));
    if (request->texts)
        memo_put(request->texts, seen->text,
                 str_from((const char *)&seen->shows, sizeof seen->shows));
    return OK;
}

fallible traffic_judge(const struct traffic_request *request, struct arena *mem,
                       struct traffic_verdict *out_verdict)
{
    struct traffic_seen seen = {.request = request, .is_whole = request->header_count >= WHOLE};
    struct traffic_verdict verdict = {0};
    struct traffic_found found;

    seen.text = request->agent;
    if (!seen.text.data && request->header)
        seen.text = request->header(request->owner, S("user-agent"));
    seen.page = traffic_page_of(request->page);
    /* Else what is the same for all hits of the request is known. */
    if (!request->same) {
        TRY(look_at_text(&seen, mem));
        if (request->header) {
            traffic_headers_ask(&seen);
            seen.is_proxied = came_by_proxy(&seen);
        }
    }
    if (request->watch)
        verdict.visitor = traffic_watch_see(request->watch, &seen, &seen.past);
    add_up(&seen, &verdict, &found);
    if (request->watch)
        traffic_watch_judged(request->watch, verdict.visitor, &found);
    *out_verdict = verdict;
    return OK;
}
