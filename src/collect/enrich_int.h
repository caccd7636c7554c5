/* enrich_int.h - what the parts of enrichment share: the request at hand, and what it told last.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A part writes members of a context as JSON, "name":{...}, in the call's memory; a text without
 * data says nothing. Events of a request resemble one another: each part keeps its latest answer.
 */
#pragma once
#include "collect/enrich.h"

#include "base/buf.h"
#include "collect/enrich_hints.h"
#include "collect/traffic.h"

#include <stdatomic.h>

struct enrich {
    struct enrich_config config;
    struct memo *caches[ENRICH_CACHES];
    atomic_uint_fast64_t counts[ENRICH_PARTS];
    atomic_uint_fast64_t humans, machines[TRAFFIC_SIGNS_MOST]; /* by the heaviest reason */
};

struct enrich_agent {
    str browser, os, device;
};

struct enrich_place {
    str location, network, timezone;
    bool has_asn;
    uint64_t asn;
};

/* What is judged. */
struct enrich_hit {
    str agent;
    bool has_headers; /* the agent is the request's, and so are its other headers */
    str address;
    const struct enrich_place *place; /* NULL: unknown */
    str page;
    bool is_used; /* the event tells that a page was in use */
    const struct enrich_event *event;
};

/* Whence a page was reached: by its own address and the one before it. */
struct enrich_page {
    str url, search, referrer;
};

enum { ENRICH_UTM = 6, ENRICH_TOLD = 8 };

struct enrich_campaign {
    str utm[ENRICH_UTM]; /* decoded */
    str medium;          /* one of them */
    bool has_utm;
    str click_id, click_name; /* absent without one */
    str click_kind;           /* "paid" and so on */
};

struct enrich_call {
    struct enrich *enrich;
    const struct enrich_request *request; /* NULL: none */
    struct arena *mem;
    struct buf scratch;
    str agent;        /* the request's */
    bool is_visitors; /* the request's agent is one of a visitor, not of who relays */
    bool has_asked_hints, has_hints;
    struct enrich_hints hints;
    uint64_t counts[ENRICH_PARTS], humans;
    /* The latest answers */
    str agent_text, judged_text, address, language;
    bool judged_headers, agent_headers;
    struct traffic_verdict judged;
    struct enrich_agent told_agent;
    struct enrich_told {
        uint64_t signs;
        str text;
    } told_traffic[ENRICH_TOLD];
    struct enrich_place told_place;
    struct enrich_page page;
    bool has_page;
    struct enrich_campaign campaign;
    str told_campaign, told_click, told_referrer;
};

/* Is it the name of a library for programs? Then it tells who relays, and nothing of a visitor. */
bool enrich_agent_is_library(str agent);
/* `has_headers`: the agent is the request's, and so are its other headers. */
fallible enrich_agent_tell(struct enrich_call *call, str agent, bool has_headers,
                           struct enrich_agent *out_told);
/* `out_person` is told as in struct enriched. */
fallible enrich_traffic_tell(struct enrich_call *call, const struct enrich_hit *hit, str *out_told,
                             uint64_t *out_person);
fallible enrich_place_tell(struct enrich_call *call, str address, struct enrich_place *out_told);
fallible enrich_campaign_find(struct enrich_call *call, const struct enrich_page *page,
                              struct enrich_campaign *out_campaign);
/* All of it, or only how the click was counted. */
fallible enrich_campaign_tell(struct enrich_call *call, const struct enrich_campaign *campaign,
                              bool has_utm, str *out_told);
fallible enrich_referrer_tell(struct enrich_call *call, const struct enrich_page *page,
                              const struct enrich_campaign *campaign, str *out_told);

/* Writing. Begins a text; what json_* writes into it follows. */
struct json_writer enrich_write(struct enrich_call *call);
/* What was written, in the call's memory. ERR_LIMIT. */
fallible enrich_written(struct enrich_call *call, str *out_text);
/* Writes a member unless it is empty; cut to `most` bytes, never within a character. */
void enrich_write_text(struct json_writer *w, str name, str text, size_t most);
