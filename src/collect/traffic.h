/* traffic.h - was it a person or a machine? Judged by what one hit says of itself, and by what its
 * visitor and network did before.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each sign for or against a machine has a weight, the logarithm of how much likelier machines show
 * it than people; their sum, with how common machines are, is the logarithm of the odds. The signs
 * are the rows of traffic_signs.def; docs/traffic.md tells them to people.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

struct agent_reader;
struct memo;
struct traffic_watch;

enum { TRAFFIC_REASONS_MOST = 16, TRAFFIC_SIGNS_MOST = 64 };

enum traffic_act {
    TRAFFIC_OTHER,   /* tells nothing of its visitor's pace: an identify call, an order */
    TRAFFIC_VIEW,    /* a page or screen was shown, or fetched */
    TRAFFIC_CLICK,   /* a link was followed, something was pressed */
    TRAFFIC_ENGAGED, /* a page was seen and in use: what only a person does */
};

/* All but `agents` may stay zero: what is not told is no sign. */
struct traffic_request {
    struct agent_reader *agents;
    struct memo *texts; /* remembers what agents' texts show; NULL: each is looked at */
    /* The verdict of another hit of the same request: what this one says of itself, but for page,
     * visitor and time, is not judged once more. NULL: there is none. */
    const struct traffic_verdict *same;
    str agent; /* User-Agent; absent: as `header` tells it */
    /* A header by its name in any case, or absent; NULL: none is known but the agent. */
    str (*header)(const void *owner, str name);
    /* The name of the i-th header of `header_count`, in the order in which they came; NULL: the
     * order is not known. */
    str (*name_at)(const void *owner, size_t i);
    const void *owner;   /* first argument of both */
    size_t header_count; /* what is missing tells only where some are told */
    bool is_secure;      /* it came by TLS, also where a proxy ended it */
    bool is_old;         /* HTTP/1.0 */
    str address;         /* the client's, as text */
    bool has_asn;
    uint64_t asn; /* of that address */
    /* What the visitor did before. NULL: nothing is known, and nothing is remembered. */
    struct traffic_watch *watch;
    str visitor; /* its anonymousId; absent: address and agent stand for it */
    str page;    /* path or URL of what was seen or followed; absent: unknown */
    enum traffic_act act;
    millis at; /* when it happened: the event's corrected time, not its arrival in a batch */
};

struct traffic_verdict {
    double probability; /* of a machine */
    bool is_machine;
    const char *reasons[TRAFFIC_REASONS_MOST]; /* codes of traffic_signs.def, the heaviest first */
    size_t reason_count;
    size_t heaviest;  /* the bit of the first reason, where there is one */
    uint64_t signs;   /* one bit a row of traffic_signs.def: it was shown */
    uint64_t visitor; /* for traffic_watch_note, once the hit is stored; 0: not watched */
};

/* The code of the sign of a bit; NULL: there are no more. */
const char *traffic_sign_code(size_t bit);

/* Judges one hit and, with a watch, remembers it. Any thread. ERR_LIMIT. */
fallible traffic_judge(const struct traffic_request *request, struct arena *mem,
                       struct traffic_verdict *out_verdict);