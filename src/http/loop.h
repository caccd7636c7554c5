/* loop.h - one event loop: its listeners, a poller, and the connections between them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The owner opens it, runs loop_run() on a thread of its own and closes it after that thread
 * ended. loop_stop() may come from any thread.
 */
#pragma once
#include "http/site.h"

struct loop;
struct net_socket;
struct pool;
struct terms;

struct loop_doors {
    struct net_socket *plain, *secure; /* listeners; NULL: none */
};

/* Takes over the doors, also on failure. */
fallible loop_open(const struct server_config *config, const struct router *router,
                   struct site_totals *totals, struct pool *pool, const struct loop_doors *doors,
                   struct loop **out_loop);
void loop_run(void *loop);
/* Connections are accepted on these terms from soon on: shared, not taken. From any thread. */
void loop_offer_terms(struct loop *loop, struct terms *terms);
/* Stops accepting, lets requests under way finish for `grace_ms`, then ends loop_run(). */
void loop_stop(struct loop *loop, int64_t grace_ms);
/* NULL is fine. False: exchanges are still with somebody who has to answer them, so that what
 * their answers touch had to stay allocated. */
bool loop_close(struct loop *loop);
