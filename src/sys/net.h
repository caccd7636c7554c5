/* net.h - stream sockets and the poller that waits for many of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * All sockets are non-blocking. The simulated network (sim.h) connects listeners and clients of
 * one process in memory.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct sys;
struct net_socket;
struct poller;

enum { NET_READABLE = 1, NET_WRITABLE = 2, NET_HUNG_UP = 4 };

/* Listens on "127.0.0.1:8080", "[::1]:0" or ":8080" (all addresses). Several listeners of one
 * process may share an address (SO_REUSEPORT). ERR_INVALID for the address, ERR_CONFLICT if another
 * process has it. */
fallible net_listen(struct sys *sys, str address, struct net_socket **out_socket);
/* The address really bound, as text "127.0.0.1:40321". */
fallible net_address(struct net_socket *socket, struct buf *out);
/* ERR_BUSY when nobody waits to be accepted, ERR_LIMIT out of descriptors. */
fallible net_accept(struct net_socket *listener, struct net_socket **out_socket);
/* Begins to connect to a numeric address with port: writable once connected; that it failed, the
 * first send or receive tells. */
fallible net_connect(struct sys *sys, str address, struct net_socket **out_socket);
/* Peer's address without port, as text; "" when unknown. */
void net_peer(struct net_socket *socket, struct buf *out);
/* ERR_BUSY: nothing now. *out_len == 0: the peer has closed its side. ERR_IO: reset. */
fallible net_receive(struct net_socket *socket, void *out, size_t len, size_t *out_len);
/* The same, and what came is dropped: where the system can, without a copy. */
fallible net_discard(struct net_socket *socket, size_t len, size_t *out_len);
/* Sends what the socket takes now; ERR_BUSY: nothing now. */
fallible net_send(struct net_socket *socket, const void *data, size_t len, size_t *out_len);
void net_close(struct net_socket *socket); /* NULL is fine */
/* Says that no more will be sent, so that the peer reads all and then the end. To be closed still,
 * best when the peer has closed too: closing with bytes unread makes the peer lose some. */
void net_finish(struct net_socket *socket);

struct poll_event {
    void *owner;
    unsigned events;
};

fallible poller_open(struct sys *sys, struct poller **out_poller);
void poller_close(struct poller *poller);
/* Watches for `events` for as long as they last (level-triggered); 0 stops watching, closing the
 * socket too. `owner` comes back with each event. NET_HUNG_UP comes unasked when both sides are
 * shut or the socket failed, and asked for also when the peer has shut its side. A socket belongs
 * to one poller at a time. */
fallible poller_watch(struct poller *poller, struct net_socket *socket, unsigned events,
                      void *owner);
/* Waits at most `timeout_ns` (< 0: for ever) and fills up to `room` events. A wake-up counts as
 * none. */
fallible poller_wait(struct poller *poller, struct poll_event *out, size_t room, int64_t timeout_ns,
                     size_t *out_count);
/* Makes a poller_wait return; from any thread, also as a mailbox's wake function. */
void poller_wake(void *poller);

/* Sends one datagram to the unix socket `path` ("@name" for an abstract one): for sd_notify. */
fallible net_notify(struct sys *sys, const char *path, str message);
