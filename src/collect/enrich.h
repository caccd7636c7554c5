/* enrich.h - what an event's agent, address and addresses of pages say, written into its context.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the sender has told stays as it is, but for `context.traffic`, which is always ours, and
 * `context.ip`, which is used and not stored unless it may be kept. docs/enrichment.md tells what
 * each part adds and whose agent and address count.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"

struct agent_reader;
struct enrich;      /* for the process; any thread */
struct enrich_call; /* for the events of one request */
struct geography;
struct traffic_watch;

enum enrich_part {
    ENRICH_AGENT,
    ENRICH_GEOGRAPHY,
    ENRICH_REFERRER,
    ENRICH_CAMPAIGN,
    ENRICH_LANGUAGE,
    ENRICH_TRAFFIC,
    ENRICH_VISITOR, /* seen when it is stored: message.h */
    ENRICH_PARTS
};

enum enrich_cache {
    ENRICH_AGENTS,
    ENRICH_ADDRESSES,
    ENRICH_REFERRERS,
    ENRICH_SIGNS,
    ENRICH_CACHES
};

struct enrich_config {
    struct agent_reader *agents;
    const struct geography *geography;
    struct traffic_watch *watch; /* NULL: each event is judged by itself */
    bool has[ENRICH_PARTS];      /* which parts are on */
    bool keeps_addresses;
};

/* Who sent the events. All of it outlives the call. */
struct enrich_request {
    /* A header by its name in any case, or absent. */
    str (*header)(const void *owner, str name);
    const void *owner;
    /* The i-th header's name; NULL: the order is not known. */
    str (*name_at)(const void *owner, size_t i);
    size_t header_count;
    bool is_old;    /* HTTP/1.0 */
    bool is_secure; /* by TLS, also where a proxy ended it */
    str address;
    /* A dialect wrote the messages: it has told the request's agent where it may be the visitor's.
     */
    bool is_dialect;
};

enum { ENRICH_MOST = 12 };

/* What goes into one event's context. Texts live in the call's memory. */
struct enriched {
    struct enriched_member {
        str text;      /* a member: "name":value */
        size_t name;   /* bytes before the value */
        uint32_t into; /* the value it goes into: an object gains its members, a null is replaced;
                          JSON_ABSENT: there is none yet */
    } members[ENRICH_MOST];
    size_t count;
    size_t bytes;     /* of all texts, with a comma each */
    bool has_drops;   /* the context has members that enrich_drops */
    bool has_visitor; /* a visitor made it: whether she is new may be told */
    uint64_t person;  /* for traffic_watch_note, when it was judged a person's; else 0 */
};

/* An event, by places in its document. */
struct enrich_event {
    uint32_t message;
    uint32_t own;    /* its context, an object; or JSON_ABSENT */
    uint32_t shared; /* its batch's, likewise */
    str visitor;     /* its anonymousId, else its userId */
    bool is_view;    /* a page or screen */
    millis at;
};

fallible enrich_open(const struct enrich_config *config, struct enrich **out_enrich);
void enrich_close(struct enrich *enrich); /* NULL is fine */
bool enrich_has(const struct enrich *enrich, enum enrich_part part);

/* `request` may be NULL: the events alone tell. `mem` outlives the events. ERR_LIMIT. */
fallible enrich_begin(struct enrich *enrich, const struct enrich_request *request,
                      struct arena *mem, struct enrich_call **out_call);
void enrich_end(struct enrich_call *call); /* NULL is fine; what was told lives on in `mem` */
/* ERR_LIMIT. */
fallible enrich_read(struct enrich_call *call, const struct json *doc,
                     const struct enrich_event *event, struct enriched *out);
/* Is the member of a context under `key` not stored as it was sent? */
bool enrich_drops(const struct enrich_call *call, const struct json *doc, uint32_t key);

/* For metrics. */
uint64_t enrich_count(const struct enrich *enrich, enum enrich_part part); /* events that gained */
uint64_t enrich_humans(const struct enrich *enrich); /* events judged a person's */
/* Events judged a machine's, of which that sign weighed most: see traffic_sign_code. */
uint64_t enrich_machines(const struct enrich *enrich, size_t sign);
struct memo_stats;
void enrich_cache_stats(const struct enrich *enrich, enum enrich_cache cache,
                        struct memo_stats *out_stats);
