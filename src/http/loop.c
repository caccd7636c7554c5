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
#include "http/proxy_header.h"
#include "http/terms.h"
#include "http/tls.h"
#include "sys/clock.h"
#include "sys/net.h"
#include "sys/thread.h"

#include <assert.h>

enum {
    EVENTS = 256,
    ACCEPTED_AT_ONCE = 64,
    REFUSED_MOST = 64,   /* connections over the limit that still hear a 503 */
    RECORDS_AT_ONCE = 8, /* of one TLS connection, before others have their turn */
    WINDOWS_AT_ONCE = 8, /* the same of a plain one */
};

#define SWEEP_NS ((int64_t)100 * 1000000)

/* What a balancer says before the connection's own bytes, as far as it has come. */
struct preface {
    size_t len;
    char bytes[PROXY_HEADER_MOST];
};

struct client {
    struct connection *connection;
    struct net_socket *socket;
    struct preface *preface; /* NULL: none is awaited, or it has come */
    struct tls *tls;         /* NULL: plain */
    struct terms *terms;
    int64_t greet_until; /* preface and handshake are done by then */
    unsigned watched;
    bool is_early;    /* something came that is not wanted yet */
    bool is_finished; /* our side is shut */
    struct client *before, *behind;
};

/* A listener; as a poller's event it is told from clients by its address. */
struct door {
    struct net_socket *listener; /* NULL: none */
    bool is_secure;
    bool is_behind; /* a balancer is before it, which speaks the PROXY protocol */
    bool is_listening;
};

enum { DOORS = 2 };

struct loop {
    struct site site;
    struct poller *poller;
    struct door doors[DOORS];
    struct terms *terms;             /* of whoever is accepted now */
    _Atomic(struct terms *) offered; /* instead, from the next round on; NULL: none */
    struct client *clients;
    size_t client_count;
    int64_t now_ns;
    int64_t sweep_at; /* a deadline may have come */
    int64_t swept_at;
    int64_t stop_by;       /* NEVER: not stopping */
    atomic_llong grace_ms; /* -1: go on */
    struct buf peer;
};

static fallible watch_doors(struct loop *loop)
{
    for (struct door *door = loop->doors; door < loop->doors + DOORS; door++) {
        if (!door->listener)
            continue;
        TRY(poller_watch(loop->poller, door->listener, NET_READABLE, door));
        door->is_listening = true;
    }
    return OK;
}

fallible loop_open(const struct server_config *config, const struct router *router,
                   struct site_totals *totals, struct pool *pool, const struct loop_doors *doors,
                   struct loop **out_loop)
{
    struct loop *loop = mem_alloc(sizeof *loop);
    enum err err;

    if (!loop) {
        net_close(doors->plain);
        net_close(doors->secure);
        return mem_exhausted();
    }
    loop->doors[0] = (struct door){.listener = doors->plain, .is_behind = config->is_behind};
    loop->doors[1] = (struct door){
        .listener = doors->secure, .is_secure = true, .is_behind = config->is_tls_behind};
    loop->terms = terms_share(config->terms);
    loop->sweep_at = loop->stop_by = CONNECTION_NEVER;
    atomic_init(&loop->grace_ms, -1);
    atomic_init(&loop->offered, NULL);
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
        err = watch_doors(loop);
    if (err) {
        loop_close(loop);
        return err;
    }
    *out_loop = loop;
    return OK;
}

static void close_doors(struct loop *loop)
{
    for (struct door *door = loop->doors; door < loop->doors + DOORS; door++) {
        net_close(door->listener);
        door->listener = NULL;
    }
}

static void drop(struct loop *loop, struct client *client)
{
    connection_close(client->connection);
    tls_close(client->tls);
    mem_free(client->preface);
    terms_release(client->terms);
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

/* Before, the connection's bytes have no way. */
static bool is_greeted(const struct client *client)
{
    return !client->preface && (!client->tls || tls_is_open(client->tls));
}

static bool has_more(const struct client *client)
{
    return client->tls && !client->is_finished && tls_has_more(client->tls);
}

static fallible send_bytes(struct client *client, str bytes, size_t *out_len)
{
    return client->tls ? tls_send(client->tls, bytes.data, bytes.len, out_len)
                       : net_send(client->socket, bytes.data, bytes.len, out_len);
}

static void send_output(struct client *client, int64_t now_ns)
{
    str output = connection_output(client->connection);

    while (output.len) {
        size_t sent = 0;
        enum err err = send_bytes(client, output, &sent);

        if (err == ERR_BUSY)
            return;
        if (err) {
            connection_lost(client->connection);
            return;
        }
        connection_sent(client->connection, sent, now_ns);
        if (sent < output.len && !client->tls)
            return; /* the socket is full */
        output = connection_output(client->connection);
    }
}

static void finish(struct client *client)
{
    if (client->tls)
        tls_finish(client->tls);
    net_finish(client->socket);
    client->is_finished = true;
}

/* The events after which reading may go on. */
static unsigned reading_events(const struct client *client)
{
    return client->tls && !client->is_finished ? tls_wants(client->tls) : NET_READABLE;
}

static unsigned wanted_events(const struct client *client)
{
    const struct connection *c = client->connection;
    unsigned wanted = 0;

    if (!is_greeted(client))
        return client->preface ? NET_READABLE : tls_wants(client->tls);
    if (connection_wants_input(c))
        wanted |= reading_events(client);
    if (connection_output(c).len)
        wanted |= NET_WRITABLE;
    /* The socket does not tell of what was read from it already; it will soon take something. */
    if (has_more(client) && connection_wants_input(c))
        wanted |= NET_WRITABLE;
    return wanted;
}

/* Whoever is not to be read now mostly sends nothing, and need not be watched anew after that. */
static bool may_stay(const struct client *client, unsigned wanted)
{
    return wanted == 0 && client->watched == NET_READABLE && !client->is_early;
}

/* When something is to be done for it though nothing comes. */
static int64_t deadline_of(const struct client *client)
{
    int64_t deadline = connection_deadline(client->connection);

    return is_greeted(client) || deadline < client->greet_until ? deadline : client->greet_until;
}

static void note_deadline(struct loop *loop, int64_t deadline)
{
    if (deadline < loop->sweep_at)
        loop->sweep_at = deadline;
}

/* Sends what can be sent, then waits for what the connection wants next, or drops it. */
static void drive(struct loop *loop, struct client *client)
{
    struct connection *c = client->connection;
    unsigned wanted;

    if (is_greeted(client))
        send_output(client, loop->now_ns);
    if (connection_state(c) == CONNECTION_FINISHING && !client->is_finished)
        finish(client);
    wanted = wanted_events(client);
    if (wanted != client->watched && !may_stay(client, wanted)) {
        if (poller_watch(loop->poller, client->socket, wanted, client))
            connection_lost(c);
        client->watched = wanted;
    }
    client->is_early = false;
    if (connection_state(c) == CONNECTION_OVER) {
        drop(loop, client);
        return;
    }
    note_deadline(loop, deadline_of(client));
}

/* What comes behind the end is dropped as it is. */
static fallible receive_bytes(struct client *client, char *window, size_t room, size_t *out_len)
{
    return client->tls && !client->is_finished ? tls_receive(client->tls, window, room, out_len)
                                               : net_receive(client->socket, window, room, out_len);
}

/* Takes what has come, as far as the connection has room for it; true when there may be more. */
static bool receive_window(struct loop *loop, struct client *client)
{
    struct connection *c = client->connection;
    size_t room, len = 0;
    char *window = connection_window(c, &room);
    enum err err;

    if (!window)
        return false;
    err = receive_bytes(client, window, room, &len);
    if (err == ERR_BUSY)
        connection_received(c, 0, loop->now_ns);
    else if (err)
        connection_lost(c);
    else if (len == 0)
        connection_input_ended(c);
    else
        connection_received(c, len, loop->now_ns);
    return !err && len == room;
}

/* The same for what is of no use. */
static bool discard(struct loop *loop, struct client *client, size_t unwanted)
{
    struct connection *c = client->connection;
    size_t len = 0;
    enum err err = net_discard(client->socket, unwanted, &len);

    if (!err && len)
        connection_dropped(c, len, loop->now_ns);
    else if (!err)
        connection_input_ended(c);
    else if (err != ERR_BUSY)
        connection_lost(c);
    return !err && len == unwanted;
}

/* A body that is there is taken whole, so that there are few halves to be kept. */
static void receive(struct loop *loop, struct client *client)
{
    bool goes_on = true;

    for (int i = 0; goes_on && i < WINDOWS_AT_ONCE; i++) {
        size_t unwanted = client->tls ? 0 : connection_unwanted(client->connection);

        goes_on = unwanted ? discard(loop, client, unwanted) : receive_window(loop, client);
    }
}

static void receive_records(struct loop *loop, struct client *client)
{
    for (int i = 0; i < RECORDS_AT_ONCE && has_more(client); i++)
        receive_window(loop, client);
}

static void count(atomic_uint_fast64_t *total)
{
    atomic_fetch_add_explicit(total, 1, memory_order_relaxed);
}

/* A step of the handshake. */
static void greet(struct loop *loop, struct client *client)
{
    struct site_totals *totals = loop->site.totals;
    enum err err = tls_greet(client->tls);

    if (err == ERR_BUSY)
        return;
    if (!err) {
        count(tls_is_resumed(client->tls) ? &totals->tls_resumed : &totals->tls_full);
        return;
    }
    count(&totals->tls_failed);
    if (err != ERR_INVALID) {
        connection_lost(client->connection);
        return;
    }
    tls_close(client->tls);
    client->tls = NULL;
    if (!connection_output(client->connection).len)
        connection_refuse(client->connection, 400,
                          "this port speaks TLS: the address begins with https://", loop->now_ns);
}

/* The client is who the balancer says from then on. */
static void take_preface(struct loop *loop, struct client *client,
                         const struct proxy_header *header)
{
    mem_free(client->preface);
    client->preface = NULL;
    if (header->has_client) {
        buf_clear(&loop->peer);
        address_write(&header->client, &loop->peer);
        connection_name_peer(client->connection, buf_str(&loop->peer));
    }
    connection_accept_terms(client->connection, client->terms, client->tls || header->is_secure);
}

/* Reads no byte beyond it: those are the connection's, or TLS's. */
static fallible receive_preface(struct client *client, struct proxy_header *out)
{
    struct preface *preface = client->preface;

    TRY(proxy_header_read(str_from(preface->bytes, preface->len), out));
    while (!out->size) {
        size_t len = 0;

        TRY(net_receive(client->socket, preface->bytes + preface->len, out->wanted, &len));
        if (!len)
            return fail(ERR_IO, "the balancer has left");
        preface->len += len;
        TRY(proxy_header_read(str_from(preface->bytes, preface->len), out));
    }
    return OK;
}

/* False: nothing else can be done for now. */
static bool is_past_preface(struct loop *loop, struct client *client)
{
    struct proxy_header header;
    enum err err = client->preface ? receive_preface(client, &header) : OK;

    if (!err && client->preface)
        take_preface(loop, client, &header);
    if (err == ERR_INVALID)
        count(&loop->site.totals->proxy_refused);
    if (err && err != ERR_BUSY)
        connection_lost(client->connection);
    return !err;
}

static void take_event(struct loop *loop, struct client *client, unsigned events)
{
    if ((events & NET_HUNG_UP) && !(events & NET_READABLE)) {
        connection_lost(client->connection);
    } else if (!is_past_preface(loop, client)) {
        ; /* it goes on when more has come */
    } else if (client->tls && !tls_is_open(client->tls)) {
        greet(loop, client);
        receive_records(loop, client);
    } else {
        client->is_early = (events & NET_READABLE) && !connection_wants_input(client->connection);
        if (events & reading_events(client))
            receive(loop, client);
        receive_records(loop, client);
    }
    drive(loop, client);
}

/* Everything that `client` may be without: it is closed by its caller then. */
static fallible equip(struct loop *loop, struct client *client, const struct door *door)
{
    bool is_secure = door->is_secure;

    TRY(is_secure ? tls_open(loop->terms->tls, client->socket, &client->tls) : OK);
    client->preface = door->is_behind ? mem_alloc(sizeof *client->preface) : NULL;
    if (door->is_behind && !client->preface)
        return mem_exhausted();
    buf_clear(&loop->peer);
    net_peer(client->socket, &loop->peer);
    client->connection = connection_open(&loop->site, buf_str(&loop->peer), client, loop->now_ns);
    if (!client->connection)
        return mem_exhausted();
    if (!loop->terms)
        return OK;
    client->terms = terms_share(loop->terms);
    connection_accept_terms(client->connection, client->terms, is_secure);
    client->greet_until = loop->now_ns + loop->site.config->limits.request_ms * 1000000;
    return OK;
}

/* Whoever may say whom he speaks for must be trusted. */
static bool may_speak(struct loop *loop, const struct client *client)
{
    if (!client->preface || connection_is_proxied(client->connection))
        return true;
    count(&loop->site.totals->proxy_refused);
    return false;
}

static fallible admit(struct loop *loop, struct net_socket *socket, const struct door *door)
{
    struct site_totals *totals = loop->site.totals;
    size_t most = loop->site.config->limits.connections;
    struct client *client = mem_alloc(sizeof *client);
    uint64_t open;
    enum err err;

    if (!client)
        return mem_exhausted();
    client->socket = socket;
    err = equip(loop, client, door);
    if (err) {
        tls_close(client->tls);
        mem_free(client->preface);
        mem_free(client);
        return err;
    }
    client->behind = loop->clients;
    if (client->behind)
        client->behind->before = client;
    loop->clients = client;
    loop->client_count++;
    count(&totals->connections_total);
    open = atomic_fetch_add_explicit(&totals->connections_open, 1, memory_order_relaxed);
    if (open >= most + REFUSED_MOST || !may_speak(loop, client))
        connection_lost(client->connection);
    else if (open >= most)
        connection_refuse(client->connection, 503, "there are too many connections", loop->now_ns);
    drive(loop, client);
    return OK;
}

/* Out of descriptors or memory: the listener rests until the next sweep. */
static void rest(struct loop *loop, struct door *door)
{
    door->is_listening = poller_watch(loop->poller, door->listener, 0, door) != OK;
    if (loop->sweep_at > loop->now_ns + SWEEP_NS)
        loop->sweep_at = loop->now_ns + SWEEP_NS;
}

static void accept_clients(struct loop *loop, struct door *door)
{
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        struct net_socket *socket;
        enum err err = net_accept(door->listener, &socket);

        if (err == ERR_BUSY)
            return;
        if (err == ERR_LIMIT) {
            rest(loop, door);
            return;
        }
        if (err)
            continue; /* that client has left already */
        if (admit(loop, socket, door)) {
            net_close(socket);
            rest(loop, door);
            return;
        }
    }
}

static struct door *door_of(struct loop *loop, void *owner)
{
    for (struct door *door = loop->doors; door < loop->doors + DOORS; door++)
        if (owner == door)
            return door;
    return NULL;
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

/* Nothing can be said to a client that has not come to the end of its handshake. */
static void lose_greeting(struct loop *loop, struct client *client)
{
    struct site_totals *totals = loop->site.totals;

    count(client->preface ? &totals->proxy_refused : &totals->tls_failed);
    connection_lost(client->connection);
}

static void sweep(struct loop *loop)
{
    struct client *next;

    loop->swept_at = loop->now_ns;
    loop->sweep_at = loop->stop_by;
    for (struct client *client = loop->clients; client; client = next) {
        next = client->behind;
        if (loop->now_ns < deadline_of(client)) {
            note_deadline(loop, deadline_of(client));
            continue;
        }
        connection_expire(client->connection, loop->now_ns);
        if (!is_greeted(client) && loop->now_ns >= client->greet_until)
            lose_greeting(loop, client);
        drive(loop, client);
    }
    for (struct door *door = loop->doors; door < loop->doors + DOORS; door++)
        if (door->listener && !door->is_listening)
            door->is_listening = !poller_watch(loop->poller, door->listener, NET_READABLE, door);
}

static void begin_stop(struct loop *loop)
{
    struct client *next;

    loop->stop_by = loop->now_ns + atomic_load(&loop->grace_ms) * 1000000;
    close_doors(loop);
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

void loop_offer_terms(struct loop *loop, struct terms *terms)
{
    terms_release(atomic_exchange(&loop->offered, terms_share(terms)));
    poller_wake(loop->poller);
}

static void take_terms(struct loop *loop)
{
    terms_release(loop->terms);
    loop->terms = atomic_exchange(&loop->offered, NULL);
}

static void run_once(struct loop *loop)
{
    struct poll_event events[EVENTS];
    struct sys *sys = loop->site.sys;
    size_t ready = 0;

    if (poller_wait(loop->poller, events, EVENTS, patience(loop), &ready))
        clock_sleep(sys, 10); /* nothing better can be done; deadlines still count */
    loop->now_ns = clock_mono_ns(sys);
    site_set_time(&loop->site, clock_now(sys));
    if (atomic_load_explicit(&loop->offered, memory_order_relaxed))
        take_terms(loop);
    for (size_t i = 0; i < ready; i++) {
        struct door *door = door_of(loop, events[i].owner);

        if (door)
            accept_clients(loop, door);
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
    close_doors(loop);
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
    terms_release(loop->terms);
    terms_release(atomic_load(&loop->offered));
    buf_done(&loop->peer);
    mem_free(loop);
    return true;
}
