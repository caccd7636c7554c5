/* signals.h - what the operator asks of the running process.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Open it in the first thread before any other is started: from then on SIGTERM, SIGINT and SIGHUP
 * no longer end the process, and SIGPIPE does nothing, until it is closed. Not simulated.
 */
#pragma once
#include "base/err.h"

#include <stdint.h>

struct net_socket;
struct signals;

enum { SIGNALS_STOP = 1, SIGNALS_RELOAD = 2 }; /* TERM or INT; HUP */

fallible signals_open(struct signals **out_signals); /* one at a time */
void signals_close(struct signals *signals);         /* NULL is fine */
/* What was asked since the last call, or 0. */
unsigned signals_take(struct signals *signals);
/* The same, but waits while there is nothing: at most `timeout_ms` (< 0: for ever). */
unsigned signals_wait(struct signals *signals, int64_t timeout_ms);
/* To watch with a poller of the real world: readable when there is something to take. Borrowed. */
struct net_socket *signals_socket(struct signals *signals);
