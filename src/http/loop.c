/* loop.c - drives connections: receives, sends, delivers answers, keeps deadlines.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Deadlines are looked at in sweeps over all connections, at most ten a second and only when the
 * earliest one known has come: they move with every request, so anything sorted would cost more.
 */
#include "http/loop.h"

#include "base/mem.h"
#include "http/connection.h"
#include "http/pool.h"
#include "sys/clock.h"
#include "sys/net.h"
#include "sys/thread.h"

#include <assert.h>

enum {
    EVENTS = 256,
    ACCEPTED_AT_ONCE = 64,
    REFUSED_MOST = 64, /* connections over the limit that still hear a 503 */
};

#define SWEEP_NS ((int64_t)100 * 1000000)

struct client {
    struct connection *connection;
    struct net_socket *socket;
    unsigned watched;
    bool is_finished; /* our side is shut */
    struct client *before, *behind;
};

struct loop {
    struct site site;
    struct poller *poller;
    struct net_socket *listener;
    bool is_listening;
    struct client *clients;
    size_t client_count;
    int64_t now_ns;
    int64_t sweep_at; /* a deadline may have come */
    int64_t swept_at;
    int64_t stop_by;       /* NEVER: not stopping */
    atomic_llong grace_ms; /* -1: go on */
    struct buf peer;
};

fallible loop_open(const struct server_config *config, const struct router *router,
                   struct site_totals *totals, struct pool *pool, struct net_socket *listener,
                   struct loop **out_loop)
{
    struct loop *loop = mem_alloc(sizeof *loop);
    enum err err;

    if (!loop) {
        net_close(listener);
        return mem_exhausted();
    }
    loop->listener = listener;
    loop->sweep_at = loop->stop_by = CONNECTION_NEVER;
    atomic_init(&loop->grace_ms, -1);
    err = site_init(&loop->site, config, router, totals);
    if (!err)
        err = poller_open(config->sys, &loop->poller);
    if (!err) {
        loop->site.dispatch = pool_offer;
        loop->site.pool = pool;
        loop->site.box = mailbox_open(poller_wake, loop->poller);
        err = loop->site.box ? OK : mem_exhausted();
    }
    if (!err)
        err = poller_watch(loop->poller, listener, NET_READABLE, loop);
    if (err) {
        loop_close(loop);
        return err;
    }
    loop->is_listening = true;
    *out_loop = loop;
    return OK;
}

static void drop(struct loop *loop, struct client *client)
{
    connection_close(client->connection);
    net_close(client->socket);
    if (client->before)
        client->before->behind = client->behind;
    else
        loop->clients = client->behind;
    if (client->behind)
        client->behind->before = client->before;
    loop->client_count--;
    atomic_fetch_sub_explicit(&loop->site.totals->connections_open, 1, memory_order_relaxed);
    mem_free(client);
}

static void send_output(struct client *client, int64_t now_ns)
{
    str output = connection_output(client->connection);

    while (output.len) {
        size_t sent = 0;
        enum err err = net_send(client->socket, output.data, output.len, &sent);

        if (err == ERR_BUSY)
            return;
        if (err) {
            connection_lost(client->connection);
            return;
        }
        connection_sent(client->connection, sent, now_ns);
        if (sent < output.len)
            return; /* the socket is full */
        output = connection_output(client->connection);
    }
}

/* Sends what can be sent, then waits for what the connection wants next, or drops it. */
static void drive(struct loop *loop, struct client *client)
{
    struct connection *c = client->connection;
    unsigned wanted = 0;
    int64_t deadline;

    send_output(client, loop->now_ns);
    if (connection_state(c) == CONNECTION_FINISHING && !client->is_finished) {
        net_finish(client->socket);
        client->is_finished = true;
    }
    if (connection_wants_input(c))
        wanted |= NET_READABLE;
    if (connection_output(c).len)
        wanted |= NET_WRITABLE;
    if (wanted != client->watched) {
        if (poller_watch(loop->poller, client->socket, wanted, client))
            connection_lost(c);
        client->watched = wanted;
    }
    if (connection_state(c) == CONNECTION_OVER) {
        drop(loop, client);
        return;
    }
    deadline = connection_deadline(c);
    if (deadline < loop->sweep_at)
        loop->sweep_at = deadline;
}

static void receive(struct loop *loop, struct client *client)
{
    struct connection *c = client->connection;
    size_t room, len = 0;
    char *window = connection_window(c, &room);
    enum err err;

    if (!window)
        return;
    err = net_receive(client->socket, window, room, &len);
    if (err == ERR_BUSY)
        connection_received(c, 0, loop->now_ns);
    else if (err)
        connection_lost(c);
    else if (len == 0)
        connection_input_ended(c);
    else
        connection_received(c, len, loop->now_ns);
}

static void take_event(struct loop *loop, struct client *client, unsigned events)
{
    if ((events & NET_HUNG_UP) && !(events & NET_READABLE))
        connection_lost(client->connection);
    else if (events & NET_READABLE)
        receive(loop, client);
    drive(loop, client);
}

static enum err admit(struct loop *loop, struct net_socket *socket)
{
    struct site_totals *totals = loop->site.totals;
    size_t most = loop->site.config->limits.connections;
    struct client *client = mem_alloc(sizeof *client);
    uint64_t open;

    if (!client)
        return mem_exhausted();
    buf_clear(&loop->peer);
    net_peer(socket, &loop->peer);
    client->connection = connection_open(&loop->site, buf_str(&loop->peer), client, loop->now_ns);
    if (!client->connection) {
        mem_free(client);
        return mem_exhausted();
    }
    client->socket = socket;
    client->behind = loop->clients;
    if (client->behind)
        client->behind->before = client;
    loop->clients = client;
    loop->client_count++;
    atomic_fetch_add_explicit(&totals->connections_total, 1, memory_order_relaxed);
    open = atomic_fetch_add_explicit(&totals->connections_open, 1, memory_order_relaxed);
    if (open >= most + REFUSED_MOST)
        connection_lost(client->connection);
    else if (open >= most)
        connection_refuse(client->connection, loop->now_ns);
    drive(loop, client);
    return OK;
}

/* Out of descriptors or memory: the listener rests until the next sweep. */
static void rest(struct loop *loop)
{
    loop->is_listening = poller_watch(loop->poller, loop->listener, 0, loop) != OK;
    if (loop->sweep_at > loop->now_ns + SWEEP_NS)
        loop->sweep_at = loop->now_ns + SWEEP_NS;
}

static void accept_clients(struct loop *loop)
{
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        struct net_socket *socket;
        enum err err = net_accept(loop->listener, &socket);

        if (err == ERR_BUSY)
            return;
        if (err == ERR_LIMIT) {
            rest(loop);
            return;
        }
        if (err)
            continue; /* that client has left already */
        if (admit(loop, socket)) {
            net_close(socket);
            rest(loop);
            return;
        }
    }
}

static void deliver(struct loop *loop, struct exchange *x)
{
    struct connection *c = connection_answered(x, loop->now_ns);

    if (c)
        drive(loop, connection_owner(c));
}

static void deliver_answers(struct loop *loop)
{
    struct letter *letter = mailbox_take(loop->site.box);
    struct exchange *x;

    while (letter) {
        struct letter *next = letter->next;

        deliver(loop, (struct exchange *)letter);
        letter = next;
    }
    while ((x = site_next_ready(&loop->site)) != NULL)
        deliver(loop, x);
}

static void sweep(struct loop *loop)
{
    struct client *next;

    loop->swept_at = loop->now_ns;
    loop->sweep_at = loop->stop_by;
    for (struct client *client = loop->clients; client; client = next) {
        next = client->behind;
        connection_expire(client->connection, loop->now_ns);
        drive(loop, client);
    }
    if (loop->listener && !loop->is_listening)
        loop->is_listening = !poller_watch(loop->poller, loop->listener, NET_READABLE, loop);
}

static void begin_stop(struct loop *loop)
{
    struct client *next;

    loop->stop_by = loop->now_ns + atomic_load(&loop->grace_ms) * 1000000;
    net_close(loop->listener);
    loop->listener = NULL;
    loop->site.is_draining = true;
    for (struct client *client = loop->clients; client; client = next) {
        next = client->behind;
        connection_drain(client->connection);
        drive(loop, client);
    }
    if (loop->stop_by < loop->sweep_at)
        loop->sweep_at = loop->stop_by;
}

static bool is_done(const struct loop *loop)
{
    if (loop->stop_by == CONNECTION_NEVER)
        return false;
    return loop->now_ns >= loop->stop_by || (!loop->clients && !loop->site.outstanding);
}

/* Milliseconds, rounded up, until a sweep is due; -1 for ever. */
static int64_t patience(const struct loop *loop)
{
    int64_t at = loop->sweep_at;

    if (at == CONNECTION_NEVER)
        return -1;
    if (at < loop->swept_at + SWEEP_NS && loop->stop_by == CONNECTION_NEVER)
        at = loop->swept_at + SWEEP_NS;
    return at <= loop->now_ns ? 0 : at - loop->now_ns;
}

static void run_once(struct loop *loop)
{
    struct poll_event events[EVENTS];
    struct sys *sys = loop->site.sys;
    size_t count = 0;

    if (poller_wait(loop->poller, events, EVENTS, patience(loop), &count))
        clock_sleep(sys, 10); /* nothing better can be done; deadlines still count */
    loop->now_ns = clock_mono_ns(sys);
    site_set_time(&loop->site, clock_now(sys));
    for (size_t i = 0; i < count; i++) {
        if (events[i].owner == loop)
            accept_clients(loop);
        else
            take_event(loop, events[i].owner, events[i].events);
    }
    deliver_answers(loop);
    if (loop->stop_by == CONNECTION_NEVER && atomic_load(&loop->grace_ms) >= 0)
        begin_stop(loop);
    if (loop->now_ns >= loop->sweep_at && patience(loop) == 0)
        sweep(loop);
}

void loop_run(void *argument)
{
    struct loop *loop = argument;

    thread_answer_soon(THREAD_ONE_OF_MANY);
    site_enter(&loop->site);
    loop->now_ns = clock_mono_ns(loop->site.sys);
    while (!is_done(loop))
        run_once(loop);
    while (loop->clients)
        drop(loop, loop->clients);
}

void loop_stop(struct loop *loop, int64_t grace_ms)
{
    atomic_store(&loop->grace_ms, grace_ms < 0 ? 0 : grace_ms);
    poller_wake(loop->poller);
}

bool loop_close(struct loop *loop)
{
    if (!loop)
        return true;
    net_close(loop->listener);
    loop->listener = NULL;
    if (loop->site.box) {
        site_enter(&loop->site);
        while (atomic_load_explicit(&loop->site.late_posts, memory_order_acquire))
            clock_sleep(loop->site.sys, 1);
        deliver_answers(loop);
        if (loop->site.outstanding)
            return false;
        mailbox_close(loop->site.box);
    }
    if (loop->poller)
        poller_close(loop->poller);
    site_done(&loop->site);
    buf_done(&loop->peer);
    mem_free(loop);
    return true;
}
