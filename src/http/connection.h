/* connection.h - one client's HTTP/1.1 connection as a state machine: bytes in, bytes out.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows no socket and no clock. Its driver hands in bytes and the time (monotonic nanoseconds),
 * sends what connection_output() shows, and calls connection_expire() when the time that
 * connection_deadline() names has come. Requests are answered one after the other, in order. All
 * calls come from the site's thread.
 */
#pragma once
#include "http/site.h"

enum connection_state {
    CONNECTION_OPEN,
    CONNECTION_FINISHING, /* nothing more will be sent: shut that side, read on until the end */
    CONNECTION_OVER,      /* close it */
};

#define CONNECTION_NEVER INT64_MAX

/* `peer` is copied. NULL without memory. */
struct connection *connection_open(struct site *site, str peer, void *owner, int64_t now_ns);
/* Forgets the client: an exchange that somebody else still has to answer is marked abandoned. */
void connection_close(struct connection *c); /* NULL is fine */
/* Before its first byte: it is on these terms, which must outlive it. */
void connection_accept_terms(struct connection *c, const struct terms *terms, bool is_secure);
/* Before that: the client is somebody else than who connected. */
void connection_name_peer(struct connection *c, str peer);
bool connection_is_proxied(const struct connection *c); /* by its terms the peer is trusted */
void *connection_owner(const struct connection *c);

bool connection_wants_input(const struct connection *c);
/* Room for bytes that arrive; NULL when none are wanted now. Valid until the next call. */
char *connection_window(struct connection *c, size_t *out_room);
/* `len` bytes stand in the window. Runs inline routes. */
void connection_received(struct connection *c, size_t len, int64_t now_ns);
/* How much of what arrives next is of no use: its driver may drop it, and say how much it was. */
size_t connection_unwanted(const struct connection *c);
void connection_dropped(struct connection *c, size_t len, int64_t now_ns);
void connection_input_ended(struct connection *c); /* the peer has closed its side */
void connection_lost(struct connection *c);        /* reset, or hung up on both sides */

str connection_output(const struct connection *c); /* what waits to be sent */
void connection_sent(struct connection *c, size_t len, int64_t now_ns);

/* An exchange of this site is answered: sends it, if its connection is still there, takes it back
 * and goes on reading. Returns the connection to be driven on, or NULL. */
struct connection *connection_answered(struct exchange *x, int64_t now_ns);

enum connection_state connection_state(const struct connection *c);
int64_t connection_deadline(const struct connection *c);
void connection_expire(struct connection *c, int64_t now_ns);
/* No further request after the one under way; over at once when there is none. */
void connection_drain(struct connection *c);
/* Answers so to whatever comes, and ends: there are too many connections, say. */
void connection_refuse(struct connection *c, int status, const char *detail, int64_t now_ns);
