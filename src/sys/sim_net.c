/* sim_net.c - the simulated network: listeners, connections and pollers of one process, in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is sent is at once in the peer's inbox. While power is gone nothing can be sent or accepted,
 * but what was sent before can still be received; after that every connection is reset.
 */
#include "base/mem.h"
#include "sys/sim_int.h"

#include <string.h>

enum { INBOX_ROOM = 65536, FIRST_PORT = 40000 };

struct sim_socket {
    struct net_socket base;
    struct sim *sim;
    struct sim_socket *previous, *next; /* of the world; the order in which pollers report */
    struct endpoint local;
    bool is_listener;
    bool is_finished; /* sends no more */
    bool is_ended;    /* the peer sends no more */
    bool is_reset;
    bool is_waiting; /* for its listener to accept it: not handed out yet */

    struct sim_socket *other; /* the peer, or of one that waits still its peer; NULL: closed */
    struct sim_socket *listener, *first_waiting, *next_waiting;
    struct buf inbox;
    size_t taken; /* bytes of the inbox already received */

    struct poller *poller;
    unsigned watched;
    void *owner;
};

struct sim_poller {
    struct poller base;
    struct sim *sim;
};

static struct sim_socket *of(struct net_socket *socket)
{
    return (struct sim_socket *)socket;
}

static void append(struct sim *sim, struct sim_socket *socket)
{
    socket->previous = sim->last_socket;
    socket->next = NULL;
    if (sim->last_socket)
        sim->last_socket->next = socket;
    else
        sim->first_socket = socket;
    sim->last_socket = socket;
}

static void detach(struct sim *sim, struct sim_socket *socket)
{
    if (socket->previous)
        socket->previous->next = socket->next;
    else
        sim->first_socket = socket->next;
    if (socket->next)
        socket->next->previous = socket->previous;
    else
        sim->last_socket = socket->previous;
}

static struct sim_socket *make(struct sim *sim)
{
    struct sim_socket *socket = mem_alloc(sizeof *socket);

    if (!socket)
        return NULL;
    socket->base.sys = &sim->base;
    socket->sim = sim;
    append(sim, socket);
    return socket;
}

static size_t unread(const struct sim_socket *socket)
{
    return socket->inbox.len - socket->taken;
}

static bool is_listened_on(const struct sim *sim, uint16_t port)
{
    for (const struct sim_socket *at = sim->first_socket; at; at = at->next)
        if (at->is_listener && at->local.port == port)
            return true;
    return false;
}

static uint16_t next_port(struct sim *sim)
{
    do
        sim->last_port = sim->last_port < FIRST_PORT ? FIRST_PORT : (uint16_t)(sim->last_port + 1);
    while (is_listened_on(sim, sim->last_port));
    return sim->last_port;
}

int sim_listen(struct sys *sys, const struct endpoint *at, struct net_socket **out_socket)
{
    struct sim *sim = sim_of(sys);
    struct sim_socket *socket;

    if (sim->is_stopped)
        return EIO;
    socket = make(sim);
    if (!socket)
        return ENOMEM;
    socket->is_listener = true;
    socket->local = *at;
    socket->local.is_v6 |= at->is_any;
    if (!at->port)
        socket->local.port = next_port(sim);
    *out_socket = &socket->base;
    return 0;
}

static bool listens_at(const struct sim_socket *socket, const struct endpoint *to)
{
    return socket->is_listener && !socket->is_reset && socket->local.port == to->port &&
           (socket->local.is_any ||
            (socket->local.is_v6 == to->is_v6 && memcmp(socket->local.ip, to->ip, 16) == 0));
}

/* Of several listeners at the address each has its turn. */
static struct sim_socket *find_listener(struct sim *sim, const struct endpoint *to)
{
    unsigned count = 0, turn;
    struct sim_socket *at;

    for (at = sim->first_socket; at; at = at->next)
        count += listens_at(at, to);
    if (!count)
        return NULL;
    turn = sim->connections++ % count;
    for (at = sim->first_socket; at; at = at->next)
        if (listens_at(at, to) && turn-- == 0)
            break;
    return at;
}

int sim_connect(struct sys *sys, const struct endpoint *to, struct net_socket **out_socket)
{
    struct sim *sim = sim_of(sys);
    struct sim_socket *listener = find_listener(sim, to), *client, *server, **last;

    if (sim->is_stopped)
        return EIO;
    if (!listener)
        return ECONNREFUSED;
    client = make(sim);
    server = client ? make(sim) : NULL;
    if (!server) {
        if (client)
            sim_disconnect(&client->base);
        return ENOMEM;
    }
    client->base.peer = server->local = *to;
    client->local = (struct endpoint){.is_v6 = to->is_v6, .port = next_port(sim)};
    memcpy(client->local.ip, to->ip, sizeof to->ip); /* it calls from the same machine */
    server->base.peer = client->local;
    client->base.has_peer = server->base.has_peer = true;
    client->other = server;
    server->other = client;
    server->is_waiting = true;
    server->listener = listener;
    for (last = &listener->first_waiting; *last;)
        last = &(*last)->next_waiting;
    *last = server;
    *out_socket = &client->base;
    return 0;
}

int sim_accept(struct net_socket *listener, struct net_socket **out_socket)
{
    struct sim_socket *socket = of(listener)->first_waiting;

    if (of(listener)->sim->is_stopped || of(listener)->is_reset)
        return EIO;
    if (!socket)
        return EAGAIN;
    of(listener)->first_waiting = socket->next_waiting;
    socket->is_waiting = false;
    *out_socket = &socket->base;
    return 0;
}

int sim_local(struct net_socket *socket, struct endpoint *out_endpoint)
{
    *out_endpoint = of(socket)->local;
    return 0;
}

int sim_discard(struct net_socket *socket, size_t len, size_t *out_len)
{
    return sim_receive(socket, NULL, len, out_len);
}

int sim_receive(struct net_socket *socket, void *out, size_t len, size_t *out_len)
{
    struct sim_socket *to = of(socket);
    size_t part = len < unread(to) ? len : unread(to);

    if (part) {
        if (out)
            memcpy(out, to->inbox.data + to->taken, part);
        to->taken += part;
        if (!unread(to)) {
            buf_clear(&to->inbox);
            to->taken = 0;
        }
    } else if (len && to->is_reset) {
        return ECONNRESET;
    } else if (len && !to->is_ended) {
        return EAGAIN;
    }
    *out_len = part;
    return 0;
}

static size_t room_of(const struct sim_socket *other)
{
    return INBOX_ROOM - unread(other);
}

int sim_send(struct net_socket *socket, const void *data, size_t len, size_t *out_len)
{
    struct sim_socket *from = of(socket), *other = from->other;

    if (from->sim->is_stopped)
        return EIO;
    if (from->is_reset)
        return ECONNRESET;
    if (from->is_finished || !other)
        return EPIPE;
    if (len > room_of(other))
        len = room_of(other);
    if (!len)
        return EAGAIN;
    buf_add_bytes(&other->inbox, data, len);
    if (buf_is_broken(&other->inbox)) {
        other->inbox.broken = false; /* nothing was added */
        return ENOMEM;
    }
    *out_len = len;
    return 0;
}

void sim_finish(struct net_socket *socket)
{
    of(socket)->is_finished = true;
    if (of(socket)->other)
        of(socket)->other->is_ended = true;
}

static void reset(struct sim_socket *socket)
{
    socket->is_reset = true;
    socket->is_ended = true;
}

static void part_from_peer(struct sim_socket *socket)
{
    struct sim_socket *other = socket->other;

    if (!other)
        return;
    other->other = NULL;
    other->is_ended = true;
    if (unread(socket) || socket->is_waiting)
        reset(other);
}

void sim_disconnect(struct net_socket *socket)
{
    struct sim_socket *closed = of(socket);

    while (closed->first_waiting) {
        struct sim_socket *waiting = closed->first_waiting;
        closed->first_waiting = waiting->next_waiting;
        sim_disconnect(&waiting->base);
    }
    part_from_peer(closed);
    detach(closed->sim, closed);
    buf_done(&closed->inbox);
    mem_free(closed);
}

void sim_net_reset_all(struct sim *sim)
{
    for (struct sim_socket *at = sim->first_socket; at; at = at->next)
        reset(at);
}

int sim_poller_open(struct sys *sys, struct poller **out_poller)
{
    struct sim_poller *poller = mem_alloc(sizeof *poller);

    if (!poller)
        return ENOMEM;
    poller->sim = sim_of(sys);
    *out_poller = &poller->base;
    return 0;
}

void sim_poller_close(struct poller *poller)
{
    struct sim *sim = ((struct sim_poller *)poller)->sim;

    for (struct sim_socket *at = sim->first_socket; at; at = at->next)
        if (at->poller == poller)
            at->poller = NULL;
    mem_free(poller);
}

int sim_poller_watch(struct poller *poller, struct net_socket *socket, unsigned events, void *owner)
{
    of(socket)->poller = events ? poller : NULL;
    of(socket)->watched = events;
    of(socket)->owner = owner;
    return 0;
}

static unsigned events_of(const struct sim_socket *socket)
{
    const struct sim_socket *other = socket->other;
    unsigned events = 0;

    if (socket->is_listener)
        return socket->first_waiting ? NET_READABLE & socket->watched : 0;
    if (unread(socket) || socket->is_ended || socket->is_reset)
        events |= NET_READABLE;
    if (socket->is_reset || socket->is_finished || !other || room_of(other))
        events |= NET_WRITABLE;
    if (socket->is_ended)
        events |= NET_HUNG_UP;
    if (socket->is_reset || (socket->is_finished && socket->is_ended))
        return (events & socket->watched) | NET_HUNG_UP;
    return events & socket->watched;
}

/* Who was reported goes to the end, so that nobody starves when the room is small. */
int sim_poller_wait(struct poller *poller, struct poll_event *out, size_t room, int64_t timeout_ns,
                    size_t *out_count)
{
    struct sim *sim = ((struct sim_poller *)poller)->sim;
    struct sim_socket *last = sim->last_socket, *at = sim->first_socket;
    size_t count = 0;

    (void)timeout_ns; /* nothing can come while we wait */
    while (at && count < room) {
        struct sim_socket *next = at == last ? NULL : at->next;
        unsigned events = at->poller == poller ? events_of(at) : 0;

        if (events) {
            out[count++] = (struct poll_event){at->owner, events};
            detach(sim, at);
            append(sim, at);
        }
        at = next;
    }
    *out_count = count;
    return 0;
}

void sim_poller_wake(struct poller *poller)
{
    (void)poller; /* it does not sleep */
}

int sim_notify(struct sys *sys, const char *path, str message)
{
    (void)path;
    (void)message;
    return sim_of(sys)->is_stopped ? EIO : 0;
}
