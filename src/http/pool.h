/* pool.h - worker threads that run what may block, from a queue with a bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/exchange.h"

struct pool;

fallible pool_open(int workers, size_t queue_most, struct pool **out_pool);
/* Runs what is queued, waits for the workers, frees. NULL is fine. */
void pool_close(struct pool *pool);
/* Queues the exchange for its route; false when the queue is full. From any thread. */
bool pool_offer(void *pool, struct exchange *x);
