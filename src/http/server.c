/* server.c - listeners, loops and workers, started and stopped together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/server.h"

#include "base/mem.h"
#include "http/loop.h"
#include "http/pool.h"
#include "http/terms.h"
#include "sys/net.h"
#include "sys/thread.h"

struct server {
    struct server_config config;
    struct router *router;
    struct pool *pool;
    struct site_totals totals;
    struct buf address, tls_address;
    _Atomic millis tls_until;
    struct loop **loops;
    struct thread **threads;
    int loop_count, thread_count;
};

void server_limits_default(struct server_limits *out_limits)
{
    *out_limits = (struct server_limits){.header_bytes = 16 << 10,
                                         .connections = 16384,
                                         .pool_queue = 1024,
                                         .body_memory = 256 << 20,
                                         .exchange_memory = 64 << 20,
                                         .refusals = 2000,
                                         .request_ms = 10000,
                                         .idle_ms = 60000,
                                         .write_ms = 30000,
                                         .workers = 4};
}

/* Later loops share the address that the first has found. */
static fallible open_door(struct server *server, str wanted, struct buf *address,
                          struct net_socket **out_listener)
{
    struct net_socket *listener;
    enum err err = OK;

    if (!wanted.data)
        return OK;
    TRY(net_listen(server->config.sys, address->len ? buf_str(address) : wanted, &listener));
    if (!address->len)
        err = net_address(listener, address);
    if (err)
        net_close(listener);
    else
        *out_listener = listener;
    return err;
}

static fallible add_loop(struct server *server)
{
    struct loop_doors doors = {0};
    enum err err = open_door(server, server->config.listen, &server->address, &doors.plain);

    if (!err)
        err = open_door(server, server->config.tls_listen, &server->tls_address, &doors.secure);
    if (err) {
        net_close(doors.plain);
        return err;
    }
    TRY(loop_open(&server->config, server->router, &server->totals, server->pool, &doors,
                  &server->loops[server->loop_count]));
    server->loop_count++;
    return OK;
}

static void note_certificate(struct server *server, const struct terms *terms)
{
    millis from, until = 0;

    if (terms && terms->tls)
        tls_context_validity(terms->tls, &from, &until);
    atomic_store(&server->tls_until, until);
}

static fallible start(struct server *server)
{
    const struct server_limits *limits = &server->config.limits;
    int loops = limits->loops > 0 ? limits->loops : thread_cores();

    server->loops = mem_alloc((size_t)loops * sizeof server->loops[0]);
    server->threads = mem_alloc((size_t)loops * sizeof server->threads[0]);
    if (!server->loops || !server->threads)
        return mem_exhausted();
    if (server->config.tls_listen.data && !(server->config.terms && server->config.terms->tls))
        return fail(ERR_INVALID, "to speak TLS a server needs a certificate");
    TRY(router_open(server->config.routes, server->config.route_count, &server->router));
    TRY(pool_open(limits->workers > 0 ? limits->workers : 1, limits->pool_queue, &server->pool));
    while (server->loop_count < loops)
        TRY(add_loop(server));
    while (server->thread_count < loops) {
        TRY(thread_start("loop", loop_run, server->loops[server->thread_count],
                         &server->threads[server->thread_count]));
        server->thread_count++;
    }
    return OK;
}

fallible server_start(const struct server_config *config, struct server **out_server)
{
    struct server *server = mem_alloc(sizeof *server);
    enum err err;

    if (!server)
        return mem_exhausted();
    server->config = *config;
    note_certificate(server, config->terms);
    err = start(server);
    if (err)
        server_stop(server, 0);
    else
        *out_server = server;
    return err;
}

void server_address(const struct server *server, struct buf *out)
{
    buf_add(out, buf_str(&server->address));
}

void server_tls_address(const struct server *server, struct buf *out)
{
    buf_add(out, buf_str(&server->tls_address));
}

void server_set_terms(struct server *server, struct terms *terms)
{
    note_certificate(server, terms);
    for (int i = 0; i < server->loop_count; i++)
        loop_offer_terms(server->loops[i], terms);
}

static uint64_t read_total(const atomic_uint_fast64_t *total)
{
    return atomic_load_explicit(total, memory_order_relaxed);
}

void server_stats_read(const struct server *server, struct server_stats *out_stats)
{
    const struct site_totals *totals = &server->totals;

    *out_stats = (struct server_stats){
        .connections_open = read_total(&totals->connections_open),
        .connections_total = read_total(&totals->connections_total),
        .requests = read_total(&totals->requests),
        .body_bytes_in_flight = read_total(&totals->body_bytes),
        .refused = read_total(&totals->refused),
        .malformed = read_total(&totals->malformed),
        .tls_full = read_total(&totals->tls_full),
        .tls_resumed = read_total(&totals->tls_resumed),
        .tls_failed = read_total(&totals->tls_failed),
        .proxy_refused = read_total(&totals->proxy_refused),
        .tls_until = atomic_load((_Atomic millis *)&server->tls_until),
    };
}

void server_stop(struct server *server, int64_t grace_ms)
{
    bool is_free = true;

    if (!server)
        return;
    for (int i = 0; i < server->thread_count; i++)
        loop_stop(server->loops[i], grace_ms);
    for (int i = 0; i < server->thread_count; i++)
        thread_join(server->threads[i]);
    pool_close(server->pool);
    for (int i = 0; i < server->loop_count; i++)
        is_free = loop_close(server->loops[i]) && is_free;
    /* An exchange that somebody still holds points to the server's inside: that has to stay. */
    if (!is_free)
        return;
    router_close(server->router);
    buf_done(&server->address);
    buf_done(&server->tls_address);
    mem_free(server->loops);
    mem_free(server->threads);
    mem_free(server);
}
