/* server.h - event loops that read HTTP/1.1 strictly and hand requests to routes.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One loop a core, each with its own listener and poller. A route marked ROUTE_INLINE runs on the
 * loop and must not block; ROUTE_POOL runs on a worker of the pool; ROUTE_EITHER runs on the loop
 * first, and on a worker if it says so by exchange_move. Limits and deadlines answer by themselves
 * (see `struct server_limits`): 400 for anything malformed, 408 when a request is not complete in
 * time, 413, 431, 404, 405 with Allow, 415, 429 and 503 with Retry-After, each as a problem
 * document; where the connection cannot be trusted any more it is closed.
 */
#pragma once
#include "base/time.h"
#include "http/exchange.h"

struct sys;
struct server;
struct terms;

enum route_kind { ROUTE_INLINE, ROUTE_POOL, ROUTE_EITHER };
enum route_media { MEDIA_NONE, MEDIA_JSON, MEDIA_ANY }; /* MEDIA_JSON: XML and multipart are 415 */

struct route {
    enum http_method method; /* HEAD is answered by a GET route */
    const char *path;        /* "/api/people/:id"; a part beginning with ':' takes one segment */
    void (*run)(struct exchange *x);
    int permission; /* handed to `authorise`; 0 is public */
    enum route_kind kind;
    enum route_media media;
    size_t body_limit;     /* bytes as sent */
    size_t unpacked_limit; /* bytes after Content-Encoding: gzip or deflate */
    bool is_shared;        /* scripts of pages of any origin may call it (CORS) */
};

struct server_limits {
    size_t header_bytes;    /* 16 KiB: request line and headers; beyond it 431 */
    size_t connections;     /* beyond it: 503 and close */
    size_t pool_queue;      /* waiting pool requests; beyond it 429 */
    size_t body_memory;     /* bytes of all request bodies in flight; beyond it 429 */
    size_t exchange_memory; /* cap of exchange_mem() */
    /* By each loop in a second: who is told to come later while there are more of them is read
     * again when it is its turn, or was told to come. 0: only then. */
    int refusals;
    int64_t request_ms; /* whole request, from its first byte; beyond it 408 */
    int64_t idle_ms;    /* a connection between requests */
    int64_t write_ms;   /* an answer that the client does not take */
    int loops;          /* 0: one a core */
    int workers;        /* threads of the pool */
};

struct server_config {
    struct sys *sys;
    str listen;          /* address, see net_listen; absent: nobody is let in without TLS */
    str tls_listen;      /* address to speak TLS at; absent: none */
    bool is_behind;      /* at `listen` balancers speak the PROXY protocol; needs terms */
    bool is_tls_behind;  /* the same at `tls_listen` */
    struct terms *terms; /* see terms.h; NULL only where there is no TLS. Shared, not taken */
    const struct route *routes;
    size_t route_count;
    struct server_limits limits;
    void *context;
    /* Decides before the body is read whether this route may run: OK, or answers by itself and
     * returns false. Runs on the loop. NULL: everything may. Not called for permission 0. Views of
     * the request that it takes do not outlive the call: the head may move while the body comes. */
    bool (*authorise)(struct exchange *x, int permission);
    /* May a page of `origin` send requests to shared routes (CORS)? On the loop. NULL: all may. */
    bool (*allows_origin)(void *context, str origin);
    /* Called on a loop for each finished exchange, for metrics; `route` is NULL where the request
     * did not get as far as one. Must be safe on several threads. May be NULL. */
    void (*note)(void *context, const struct route *route, int status, int64_t nanoseconds);
};

struct server_stats {
    uint64_t connections_open;
    uint64_t connections_total;
    uint64_t requests;
    uint64_t body_bytes_in_flight;
    uint64_t refused;     /* 429 and 503 given by the server itself */
    uint64_t malformed;   /* 400s given by the request reader */
    uint64_t tls_full;    /* handshakes done, from the ground up */
    uint64_t tls_resumed; /* ... and those of a client that came again */
    uint64_t tls_failed;
    uint64_t proxy_refused; /* connections without the PROXY header that they must have */
    millis tls_until;       /* the certificate is valid until then; 0: no TLS */
};

void server_limits_default(struct server_limits *out_limits);
/* Binds and starts the loops and workers. */
fallible server_start(const struct server_config *config, struct server **out_server);
void server_address(const struct server *server, struct buf *out);     /* "127.0.0.1:8080" */
void server_tls_address(const struct server *server, struct buf *out); /* nothing: no TLS */
/* From now on connections are accepted on these terms; the others go on. Has TLS if the server was
 * started with TLS. One thread at a time. */
void server_set_terms(struct server *server, struct terms *terms);
void server_stats_read(const struct server *server, struct server_stats *out_stats);
/* Drains: stops accepting, lets requests under way finish for at most `grace_ms`, closes. Waits for
 * routes that run on workers. An exchange that somebody still holds may be answered later; what it
 * needs for that stays allocated. NULL is fine. */
void server_stop(struct server *server, int64_t grace_ms);
