/* enrich.c - what an event has told itself, whose agent and address count, and what it gains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich_int.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "collect/geography.h"
#include "collect/memo.h"

enum { SCRATCH = 512 }; /* bytes that most texts fit */

static const size_t ENTRIES[ENRICH_CACHES] = {4096, 16384, 4096, 4096};

/* Opening */

fallible enrich_open(const struct enrich_config *config, struct enrich **out_enrich)
{
    struct enrich *enrich = mem_alloc(sizeof *enrich);
    enum err err = OK;

    if (!enrich)
        return mem_exhausted();
    enrich->config = *config;
    if (!config->geography || geography_is_empty(config->geography))
        enrich->config.has[ENRICH_GEOGRAPHY] = false;
    for (size_t i = 0; i < ENRICH_CACHES && !err; i++)
        err = memo_open(ENTRIES[i], &enrich->caches[i]);
    if (err)
        enrich_close(enrich);
    else
        *out_enrich = enrich;
    return err;
}

void enrich_close(struct enrich *enrich)
{
    if (!enrich)
        return;
    for (size_t i = 0; i < ENRICH_CACHES; i++)
        memo_close(enrich->caches[i]);
    mem_free(enrich);
}

bool enrich_has(const struct enrich *enrich, enum enrich_part part)
{
    return enrich->config.has[part];
}

uint64_t enrich_count(const struct enrich *enrich, enum enrich_part part)
{
    return atomic_load(&((struct enrich *)enrich)->counts[part]);
}

uint64_t enrich_humans(const struct enrich *enrich)
{
    return atomic_load(&((struct enrich *)enrich)->humans);
}

uint64_t enrich_machines(const struct enrich *enrich, size_t sign)
{
    return atomic_load(&((struct enrich *)enrich)->machines[sign]);
}

void enrich_cache_stats(const struct enrich *enrich, enum enrich_cache cache,
                        struct memo_stats *out_stats)
{
    memo_stats_read(enrich->caches[cache], out_stats);
}

/* A request */

/* Browsers, and what pretends to be one. Pages' trackers are called by nothing else, save by who
 * relays; images are also shown by crawlers and mail programs, whose names a dialect hears. */
static bool is_visitors(const struct enrich_request *request, str agent)
{
    if (!agent.len)
        return false;
    return (request->is_dialect || str_starts(agent, S("Mozilla/"))) &&
           !enrich_agent_is_library(agent);
}

fallible enrich_begin(struct enrich *enrich, const struct enrich_request *request,
                      struct arena *mem, struct enrich_call **out_call)
{
    struct enrich_call *call = arena_take(mem, sizeof *call);

    if (!call)
        return arena_exhausted();
    call->enrich = enrich;
    call->request = request;
    call->mem = mem;
    if (request) {
        call->agent = request->header(request->owner, S("user-agent"));
        call->is_visitors = is_visitors(request, call->agent);
    }
    *out_call = call;
    return OK;
}

void enrich_end(struct enrich_call *call)
{
    if (!call)
        return;
    for (size_t i = 0; i < ENRICH_PARTS; i++)
        if (call->counts[i])
            atomic_fetch_add_explicit(&call->enrich->counts[i], call->counts[i],
                                      memory_order_relaxed);
    if (call->humans)
        atomic_fetch_add_explicit(&call->enrich->humans, call->humans, memory_order_relaxed);
    buf_done(&call->scratch);
}

/* What is told already */

enum member {
    OS,
    IP,
    PAGE,
    DEVICE,
    LOCALE,
    BROWSER,
    NETWORK,
    TRAFFIC,
    VISITOR,
    LOCATION,
    CAMPAIGN,
    REFERRER,
    TIMEZONE,
    AGENT,
    MEMBERS
};

static const str NAMES[MEMBERS] = {
    {"os", 2},       {"ip", 2},       {"page", 4},     {"device", 6},   {"locale", 6},
    {"browser", 7},  {"network", 7},  {"traffic", 7},  {"visitor", 7},  {"location", 8},
    {"campaign", 8}, {"referrer", 8}, {"timezone", 8}, {"userAgent", 9}};

enum { SHORTEST = 2, LONGEST = 9, INSIDE_MOST = 5 };

/* Where the names of each length begin. */
static const uint8_t BY_LENGTH[] = {OS,      PAGE,     PAGE,  DEVICE, DEVICE,
                                    BROWSER, LOCATION, AGENT, MEMBERS};

_Static_assert(sizeof BY_LENGTH == LONGEST - SHORTEST + 2, "one more than lengths");

/* Of these one told by the sender stands for all: two sources never mix in one thing. */
static const str INSIDE[MEMBERS][INSIDE_MOST] = {
    [OS] = {{"name", 4}, {"version", 7}},
    [DEVICE] = {{"type", 4}, {"model", 5}},
    [BROWSER] = {{"name", 4}, {"version", 7}},
    [NETWORK] = {{"asn", 3}},
    [LOCATION] = {{"country", 7}, {"region", 6}, {"city", 4}},
    [CAMPAIGN] = {{"source", 6}, {"medium", 6}, {"name", 4}, {"term", 4}, {"content", 7}},
    [REFERRER] = {{"domain", 6}, {"kind", 4}},
};

struct seen {
    struct enrich_call *call;
    const struct json *doc;
    uint32_t message;
    uint32_t at[MEMBERS]; /* values */
    struct enriched *out;
};

static size_t find_name(const struct json *doc, uint32_t key)
{
    const struct json_node *node = &doc->nodes[key];
    size_t len = node->end - 1 - node->start, from = 0, to = MEMBERS;

    if (!node->is_escaped) {
        if (len < SHORTEST || len > LONGEST)
            return MEMBERS;
        from = BY_LENGTH[len - SHORTEST];
        to = BY_LENGTH[len - SHORTEST + 1];
    }
    for (size_t i = from; i < to; i++)
        if ((node->is_escaped || doc->text.data[node->start] == *NAMES[i].data) &&
            json_is_string(doc, key, NAMES[i]))
            return i;
    return MEMBERS;
}

static bool drops(const struct enrich_call *call, size_t member)
{
    return member == TRAFFIC || (member == IP && !call->enrich->config.keeps_addresses);
}

bool enrich_drops(const struct enrich_call *call, const struct json *doc, uint32_t key)
{
    return drops(call, find_name(doc, key));
}

/* What comes later counts: the last of equal keys, and the event's own context. */
static void look_at(struct seen *seen, uint32_t context)
{
    if (context == JSON_ABSENT)
        return;
    EACH_MEMBER(seen->doc, context, key, value)
    {
        size_t member = find_name(seen->doc, key);

        if (member == MEMBERS)
            continue;
        seen->at[member] = value;
        if (drops(seen->call, member))
            seen->out->has_drops = true;
    }
}

static str text_at(const struct seen *seen, uint32_t at)
{
    if (at == JSON_ABSENT || json_type_of(seen->doc, at) != JSON_STRING)
        return (str){NULL, 0};
    return json_string(seen->doc, at, seen->call->mem);
}

/* Does the sender say nothing of it? */
static bool is_open(const struct seen *seen, enum member member)
{
    uint32_t at = seen->at[member];

    if (at == JSON_ABSENT || json_type_of(seen->doc, at) == JSON_NULL)
        return true;
    if (json_type_of(seen->doc, at) != JSON_OBJECT || !INSIDE[member][0].len)
        return false;
    for (size_t i = 0; i < INSIDE_MOST && INSIDE[member][i].len; i++) {
        uint32_t told = json_find(seen->doc, at, INSIDE[member][i]);

        if (told != JSON_ABSENT && json_type_of(seen->doc, told) != JSON_NULL)
            return false;
    }
    return true;
}

/* True: it was added. */
static bool add(struct seen *seen, enum member member, str text)
{
    struct enriched *out = seen->out;
    uint32_t into = drops(seen->call, member) ? JSON_ABSENT : seen->at[member];

    if (!text.data || (into != JSON_ABSENT && json_type_of(seen->doc, into) != JSON_OBJECT &&
                       json_type_of(seen->doc, into) != JSON_NULL))
        return false;
    out->members[out->count++] =
        (struct enriched_member){text, NAMES[member].len + sizeof "\"\":" - 1, into};
    out->bytes += text.len + 1;
    return true;
}

/* Adds it where the sender has told none. */
static bool add_open(struct seen *seen, enum member member, str text)
{
    return text.data && is_open(seen, member) && add(seen, member, text);
}

/* The parts */

struct whose {
    str agent;        /* absent: nobody knows */
    bool has_headers; /* it is the request's, and so are its address and its other headers */
};

static struct whose find_whose(const struct seen *seen)
{
    const struct enrich_call *call = seen->call;
    str given = text_at(seen, seen->at[AGENT]);
    bool is_dialect = call->request && call->request->is_dialect;
    bool is_requests = given.len && str_equals(given, call->agent);

    if (given.len && is_dialect && is_requests && !call->is_visitors)
        return (struct whose){0}; /* the dialect wrote down who relayed */
    if (given.len)
        return (struct whose){given, is_requests && call->is_visitors};
    if (call->is_visitors && !is_dialect)
        return (struct whose){call->agent, true};
    return (struct whose){0};
}

static fallible add_agent(struct seen *seen, const struct whose *whose)
{
    struct enrich_agent told;
    bool has_any;

    TRY(enrich_agent_tell(seen->call, whose->agent, whose->has_headers, &told));
    has_any = add_open(seen, BROWSER, told.browser);
    has_any |= add_open(seen, OS, told.os);
    has_any |= add_open(seen, DEVICE, told.device);
    seen->call->counts[ENRICH_AGENT] += has_any;
    return OK;
}

static str object_text(const struct seen *seen, uint32_t object, str name)
{
    return object == JSON_ABSENT ? (str){NULL, 0}
                                 : text_at(seen, json_find(seen->doc, object, name));
}

/* Of a page call Segment has the address among the properties too. */
static struct enrich_page find_page(const struct seen *seen)
{
    uint32_t at = seen->at[PAGE];
    struct enrich_page page;

    if (at == JSON_ABSENT) {
        at = json_find(seen->doc, seen->message, S("properties"));
        if (at != JSON_ABSENT && !object_text(seen, at, S("url")).len)
            at = JSON_ABSENT;
    }
    page.url = object_text(seen, at, S("url"));
    page.referrer = object_text(seen, at, S("referrer"));
    page.search = object_text(seen, at, S("search"));
    return page;
}

static bool tells_use(const struct seen *seen)
{
    uint32_t properties = json_find(seen->doc, seen->message, S("properties"));
    uint32_t used =
        properties == JSON_ABSENT ? JSON_ABSENT : json_find(seen->doc, properties, S("engaged_ms"));

    return used != JSON_ABSENT && json_type_of(seen->doc, used) == JSON_NUMBER &&
           !str_equals(json_raw(seen->doc, used), S("0"));
}

static fallible add_traffic(struct seen *seen, const struct whose *whose, str address,
                            const struct enrich_event *event)
{
    struct enrich_call *call = seen->call;
    struct enrich_place place;
    struct enrich_hit hit = {.agent = whose->agent,
                             .has_headers = whose->has_headers,
                             .address = address,
                             .event = event};
    str told;

    if (address.len && call->enrich->config.has[ENRICH_GEOGRAPHY]) {
        TRY(enrich_place_tell(call, address, &place));
        hit.place = &place;
    }
    if (call->enrich->config.watch) {
        hit.page = find_page(seen).url;
        hit.is_used = tells_use(seen);
    }
    TRY(enrich_traffic_tell(call, &hit, &told, &seen->out->person));
    seen->call->counts[ENRICH_TRAFFIC] += add(seen, TRAFFIC, told);
    return OK;
}

static fallible add_place(struct seen *seen, str address)
{
    struct enrich_place told;
    bool has_any;

    TRY(enrich_place_tell(seen->call, address, &told));
    has_any = add_open(seen, LOCATION, told.location);
    has_any |= add_open(seen, NETWORK, told.network);
    has_any |= add_open(seen, TIMEZONE, told.timezone);
    seen->call->counts[ENRICH_GEOGRAPHY] += has_any;
    return OK;
}

/* The first of Accept-Language; absent where it is any. */
static fallible add_language(struct seen *seen)
{
    enum { MOST = 64 };
    struct enrich_call *call = seen->call;
    str accepted = call->request->header(call->request->owner, S("accept-language"));
    str first = str_cut(&accepted, ','), language = str_trim(str_cut(&first, ';'));

    if (!language.len || language.len > MOST || str_equals(language, S("*")))
        return OK;
    if (!call->language.data) {
        struct json_writer w = enrich_write(call);

        json_key(&w, S("locale"));
        json_text(&w, language);
        TRY(enrich_written(call, &call->language));
    }
    call->counts[ENRICH_LANGUAGE] += add(seen, LOCALE, call->language);
    return OK;
}

static bool is_latest(const struct enrich_call *call, const struct enrich_page *page)
{
    return call->has_page && str_equals(page->url, call->page.url) &&
           str_equals(page->search, call->page.search) &&
           str_equals(page->referrer, call->page.referrer);
}

static fallible tell_page(struct enrich_call *call, const struct enrich_page *page)
{
    if (is_latest(call, page))
        return OK;
    call->has_page = false;
    call->told_campaign = call->told_click = call->told_referrer = (str){NULL, 0};
    TRY(enrich_campaign_find(call, page, &call->campaign));
    if (call->enrich->config.has[ENRICH_REFERRER])
        TRY(enrich_referrer_tell(call, page, &call->campaign, &call->told_referrer));
    call->page = *page;
    call->has_page = true;
    return OK;
}

/* How a click was counted is told beside a campaign of the sender's. */
static fallible add_campaign(struct seen *seen)
{
    bool is_whole = is_open(seen, CAMPAIGN);
    str *told = is_whole ? &seen->call->told_campaign : &seen->call->told_click;

    if (!told->data)
        TRY(enrich_campaign_tell(seen->call, &seen->call->campaign, is_whole, told));
    seen->call->counts[ENRICH_CAMPAIGN] += add(seen, CAMPAIGN, *told);
    return OK;
}

static fallible add_page(struct seen *seen)
{
    struct enrich_call *call = seen->call;
    const struct enrich_config *config = &call->enrich->config;
    struct enrich_page page = find_page(seen);

    if (!page.url.len && !page.referrer.len && !page.search.len)
        return OK;
    TRY(tell_page(call, &page));
    if (config->has[ENRICH_CAMPAIGN])
        TRY(add_campaign(seen));
    if (config->has[ENRICH_REFERRER])
        call->counts[ENRICH_REFERRER] += add_open(seen, REFERRER, call->told_referrer);
    return OK;
}

/* With addresses kept, the request's is told as well. */
static fallible add_address(struct seen *seen)
{
    struct json_writer w = enrich_write(seen->call);
    str told;

    json_key(&w, S("ip"));
    json_text(&w, seen->call->request->address);
    TRY(enrich_written(seen->call, &told));
    add(seen, IP, told);
    return OK;
}

fallible enrich_read(struct enrich_call *call, const struct json *doc,
                     const struct enrich_event *event, struct enriched *out)
{
    const struct enrich_config *config = &call->enrich->config;
    struct seen seen = {.call = call, .doc = doc, .message = event->message, .out = out};
    struct whose whose;
    str address;

    *out = (struct enriched){0};
    for (size_t i = 0; i < MEMBERS; i++)
        seen.at[i] = JSON_ABSENT;
    look_at(&seen, event->shared);
    look_at(&seen, event->own);
    whose = find_whose(&seen);
    address = text_at(&seen, seen.at[IP]);
    if (!address.len && whose.has_headers) {
        address = call->request->address;
        if (config->keeps_addresses && address.len && is_open(&seen, IP))
            TRY(add_address(&seen));
    }
    if (whose.agent.len && config->has[ENRICH_AGENT])
        TRY(add_agent(&seen, &whose));
    if (address.len && config->has[ENRICH_GEOGRAPHY])
        TRY(add_place(&seen, address));
    if (config->has[ENRICH_REFERRER] || config->has[ENRICH_CAMPAIGN])
        TRY(add_page(&seen));
    if (whose.has_headers && config->has[ENRICH_LANGUAGE] && is_open(&seen, LOCALE))
        TRY(add_language(&seen));
    if (whose.agent.len && config->has[ENRICH_TRAFFIC])
        TRY(add_traffic(&seen, &whose, address, event));
    out->has_visitor =
        whose.agent.len && config->has[ENRICH_VISITOR] && seen.at[VISITOR] == JSON_ABSENT;
    return OK;
}

/* Writing */

struct json_writer enrich_write(struct enrich_call *call)
{
    buf_clear(&call->scratch);
    if (!call->scratch.room)
        buf_reserve(&call->scratch, SCRATCH);
    return (struct json_writer){.out = &call->scratch};
}

fallible enrich_written(struct enrich_call *call, str *out_text)
{
    str text = {NULL, 0};

    if (!buf_is_broken(&call->scratch))
        text = arena_dup(call->mem, buf_str(&call->scratch));
    if (!text.data)
        return buf_is_broken(&call->scratch) ? mem_exhausted() : arena_exhausted();
    *out_text = text;
    return OK;
}

void enrich_write_text(struct json_writer *w, str name, str text, size_t most)
{
    const char *at = text.data, *end = at + (text.len < most ? text.len : most);
    bool is_valid;

    if (!text.len)
        return;
    if (text.len > most) {
        while (at < end) {
            size_t len = utf8_step(at, text.data + text.len, &is_valid);

            if (len > (size_t)(end - at))
                break;
            at += len;
        }
        text.len = (size_t)(at - text.data);
    }
    json_key(w, name);
    json_text(w, text);
}
