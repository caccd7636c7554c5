/* traffic_int.h - what the sources of signs share: the hit at hand, and what is remembered of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/traffic.h"
#include "collect/traffic_watch.h"

/* Where both are told, what a hit's visitor, network and page did until now, this hit with it. */
struct traffic_past {
    bool is_known; /* the rest is told */
    bool is_trapped;
    bool is_found; /* to be a machine, by an earlier hit */
    bool has_own_id;
    bool site_used; /* the site tells when pages are in use */
    bool site_loads;
    unsigned views, views_10s, views_60s;
    unsigned networks; /* distinct, about */
    unsigned hurried;  /* another page within a moment */
    unsigned used;     /* hits that a page was in use */
    unsigned parts;
    unsigned paces;    /* intervals between pages */
    double unevenness; /* of them: deviation by mean */
    bool has_walked;   /* through many pages, hardly one twice */
    bool is_fan_out, is_strangers;
};

/* Which two bytes stand beside each other in a text, one bit for many: most words are not in there,
 * and need not be looked for. */
enum { TRAFFIC_PAIRS = 1024 };

struct traffic_words {
    bool is_crawler, is_unknown; /* by the reader of agents */
    uint64_t pairs[TRAFFIC_PAIRS / 64];
};

enum { TRAFFIC_MAJOR = 4 };

/* What an agent's text shows by itself. It is remembered as the bytes that it is. */
struct traffic_text {
    uint64_t signs; /* of lists and, where no other header is told, of headers */
    bool claims_browser, is_headless, is_chrome;
    uint8_t major_len;
    char major[TRAFFIC_MAJOR]; /* of the browser's version; empty: unknown, or too long */
};

/* Headers that tell something, by their lengths. */
enum traffic_asked {
    ASKED_VIA,
    ASKED_FROM,
    ASKED_X_MOZ,
    ASKED_ACCEPT,
    ASKED_COOKIE,
    ASKED_CF_RAY,
    ASKED_PURPOSE,
    ASKED_CDN_LOOP,
    ASKED_FORWARDED,
    ASKED_SEC_CH_UA,
    ASKED_X_PURPOSE,
    ASKED_X_REAL_IP,
    ASKED_USER_AGENT,
    ASKED_SEC_PURPOSE,
    ASKED_X_REQUEST_ID,
    ASKED_SEC_FETCH_DEST,
    ASKED_SEC_FETCH_MODE,
    ASKED_SEC_FETCH_SITE,
    ASKED_ACCEPT_ENCODING,
    ASKED_ACCEPT_LANGUAGE,
    ASKED_X_AMZN_TRACE_ID,
    ASKED_X_FORWARDED_FOR,
    ASKED_SEC_CH_UA_MOBILE,
    ASKED_X_FORWARDED_HOST,
    ASKED_X_FORWARDED_PROTO,
    ASKED_SEC_CH_UA_PLATFORM,
    ASKED_HEADERS
};

struct traffic_seen {
    const struct traffic_request *request;
    str text; /* the user agent */
    str page; /* of the request, without scheme and host */
    str headers[ASKED_HEADERS];
    uint8_t places[ASKED_HEADERS]; /* among all headers, from 1; 0: it is not there, or unknown */
    const struct traffic_words *words; /* of it; only while it is looked at by itself */
    struct traffic_text shows;
    bool is_whole;   /* all headers are told */
    bool is_proxied; /* what stands between may have changed protocol and order */
    struct traffic_past past;
};

enum traffic_of { HIT, VISITOR };
enum traffic_how { GIVEN, FITTED };
/* What the first two tell is the same for all hits of a request. */
enum traffic_source {
    TRAFFIC_OF_lists,
    TRAFFIC_OF_headers,
    TRAFFIC_OF_network,
    TRAFFIC_OF_page,
    TRAFFIC_OF_past
};

/* A sign is shown: traffic_SOURCE_CODE. */
#define SIGN(source, code, weight, of, how, meaning)                                               \
    bool traffic_##source##_##code(const struct traffic_seen *seen);
#include "collect/traffic_signs.def"
#undef SIGN

enum traffic_sign {
#define SIGN(source, code, weight, of, how, meaning) TRAFFIC_##code,
#include "collect/traffic_signs.def"
#undef SIGN
    TRAFFIC_SIGNS
};

double traffic_weight(enum traffic_sign sign);
const char *traffic_code(enum traffic_sign sign);
/* A probability, of the logarithm of odds. */
double traffic_probability(double odds);

/* Fills in `pairs`. */
void traffic_lists_prepare(str text, struct traffic_words *words);
bool traffic_lists_is_headless(const struct traffic_seen *seen);
/* Fills in `headers` and `places`. */
void traffic_headers_ask(struct traffic_seen *seen);
/* Without scheme and host, and without what stands behind '#'. */
str traffic_page_of(str url);
/* An image, style or script. */
bool traffic_page_is_part(str page);

/* The watch's side. Remembers the hit; `out_past` is what is known with it. Returns the visitor. */
uint64_t traffic_watch_see(struct traffic_watch *watch, const struct traffic_seen *seen,
                           struct traffic_past *out_past);
/* What the signs of its visitor add up to; `reason` weighed most. Without what the watch finds out
 * later: fan-outs. */
struct traffic_found {
    double odds;
    const char *reason; /* NULL: none */
};
void traffic_watch_judged(struct traffic_watch *watch, uint64_t visitor,
                          const struct traffic_found *found);
