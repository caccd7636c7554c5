/* tls.h - one TLS connection over a socket of the seam.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Calls the socket as it goes: never blocks, holds no bytes beyond the record being read or
 * written. The socket stays its owner's.
 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct net_socket;
struct tls;
struct tls_context;

/* `context` must outlive it. */
fallible tls_open(struct tls_context *context, struct net_socket *socket, struct tls **out_tls);
void tls_close(struct tls *tls); /* NULL is fine; says goodbye if it can do so at once */

/* A step of the handshake. OK: done. ERR_BUSY: call again when tls_wants() is there. ERR_INVALID:
 * the client speaks what looks like plain HTTP, and has heard nothing yet. ERR_IO: it failed. */
fallible tls_greet(struct tls *tls);
bool tls_is_open(const struct tls *tls); /* the handshake is done */
bool tls_is_resumed(const struct tls *tls);
/* The events of net.h without which the handshake, or reading, cannot go on. */
unsigned tls_wants(const struct tls *tls);

/* Like net_receive and net_send. What was read from the socket may be more than one call takes:
 * tls_has_more() tells, since the socket will not. */
fallible tls_receive(struct tls *tls, void *out, size_t len, size_t *out_len);
bool tls_has_more(const struct tls *tls);
fallible tls_send(struct tls *tls, const void *data, size_t len, size_t *out_len);
/* Says that no more will be sent (close_notify), before net_finish. */
void tls_finish(struct tls *tls);
