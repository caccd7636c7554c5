/* site.h - what the connections of one loop share: limits, reused memory, the way back for answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A site belongs to one thread, its loop's. Only `totals`, `box` and `late_posts` are touched by
 * others, and an exchange by whoever has to answer it. An idle connection holds neither buffer nor
 * exchange: both come from here when bytes arrive and go back when the answer is under way.
 */
#pragma once
#include "base/time.h"
#include "http/gunzip.h"
#include "http/request.h"
#include "http/router.h"
#include "sys/mailbox.h"

#include <stdatomic.h>

struct connection;

enum {
    SITE_PADDING = 64,        /* readable bytes behind a body */
    SITE_BUF_ROOM = 64 << 10, /* of a fresh input buffer */
};

/* Shared by all loops. */
struct site_totals {
    atomic_uint_fast64_t connections_open;
    atomic_uint_fast64_t connections_total;
    atomic_uint_fast64_t requests;
    atomic_uint_fast64_t body_bytes; /* in flight */
    atomic_uint_fast64_t refused;
    atomic_uint_fast64_t malformed;
    atomic_uint_fast64_t tls_full;
    atomic_uint_fast64_t tls_resumed;
    atomic_uint_fast64_t tls_failed;
    atomic_uint_fast64_t proxy_refused;
};

/* Of an answer that goes on (event_stream.h): who may touch its piece. */
enum stream_turn {
    STREAM_TELLER,
    STREAM_LOOP,
    STREAM_LAST, /* the loop's, and it is to end the stream */
};

struct event_stream {
    bool is_open;
    bool has_begun;  /* its head is written */
    bool is_sending; /* a piece is on its way to the client */
    atomic_int turn; /* enum stream_turn */
    void (*call)(void *argument);
    void *argument;
};

struct exchange {
    struct letter letter; /* first: posted to the site's box when answered from elsewhere */
    struct site *site;
    struct connection *connection; /* NULL once the client left; only the loop looks */
    struct exchange *next;         /* in the site's list of spare or ready ones */
    const struct route *route;
    struct router_match match;
    struct request_reader reader;
    struct http_request request;
    struct arena *mem;
    struct buf input;    /* the request's bytes, once it left the loop */
    struct buf unpacked; /* the body, if it came packed */
    struct buf headers;  /* of the answer, as lines */
    struct buf body;     /* of the answer */
    int status;
    struct {
        exchange_watcher *watch;
        void *argument;
    } watchers[EXCHANGE_WATCHERS]; /* of the answer */
    size_t watcher_count;
    bool moves;     /* its route is to run on a worker */
    bool closes;    /* this answer is the connection's last */
    bool is_broken; /* a header could not be written as asked: becomes a 500 */
    atomic_bool is_abandoned;
    uint64_t charged; /* bytes counted in totals->body_bytes */
    int64_t started_ns;
    struct event_stream stream;
    struct http_header request_headers[REQUEST_HEADERS_MOST];
};

struct site {
    struct sys *sys;
    const struct server_config *config;
    const struct router *router;
    struct site_totals *totals;
    struct mailbox *box;
    atomic_uint late_posts; /* threads inside mailbox_post just now */
    /* Hands a pool route to a worker; false when the queue is full. */
    bool (*dispatch)(void *pool, struct exchange *x);
    void *pool;
    bool is_draining;

    /* Private to site.c, exchange.c and connection.c. */
    const void *thread;
    struct exchange *running; /* its inline route, or `authorise`, is on the stack */
    bool has_answered;        /* ... and has answered */
    struct exchange *ready;   /* answered on this thread, but not from their own route */
    struct exchange *spare;
    size_t spare_count;
    struct buf *bufs; /* spare input buffers, the latest used on top */
    size_t buf_count;
    struct gunzip *gunzip;
    int64_t refused_until; /* each refusal takes its time, one behind the other; see site_rest */
    size_t outstanding;    /* exchanges that left the loop and are not back */
    int64_t date_second;
    char date[32];
    size_t date_len;
};

/* `config`, `router` and `totals` must outlive the site. Called on any thread. */
fallible site_init(struct site *site, const struct server_config *config,
                   const struct router *router, struct site_totals *totals);
void site_done(struct site *site);
/* Makes the calling thread the site's own. */
void site_enter(struct site *site);
bool site_is_entered(const struct site *site);
/* Keeps the Date header fresh; call it once a round. */
void site_set_time(struct site *site, millis now);

struct exchange *site_take_exchange(struct site *site); /* NULL without memory */
void site_give_exchange(struct site *site, struct exchange *x);
/* Until when one more who was told to come later, with a body of so many bytes, is not read, for
 * `most_ns` at the most, so that refusals take little of the time that others need;
 * CONNECTION_NEVER: read it on. */
int64_t site_rest(struct site *site, uint64_t bytes, int64_t now_ns, int64_t most_ns);
/* An empty buffer with SITE_BUF_ROOM or more; false without memory. */
bool site_take_buf(struct site *site, struct buf *out);
void site_give_buf(struct site *site, struct buf *buf); /* leaves it empty */
/* Makes it larger: one of site_take_buf's first. False without memory: it is as it was. */
bool site_grow_buf(struct site *site, struct buf *buf);
/* Gives an answered exchange back to its loop, from any thread, by the shortest way. */
void site_hand_back(struct exchange *x);
/* The next exchange that is answered and waits for its connection, or NULL. */
struct exchange *site_next_ready(struct site *site);
