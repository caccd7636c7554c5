/* pool.c - one queue, one lock, several workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/pool.h"

#include "base/mem.h"
#include "http/site.h"
#include "sys/thread.h"

struct pool {
    struct mutex *mutex;
    struct condition *filled;
    struct exchange *first, *last; /* linked by next */
    size_t queued, queue_most;
    size_t sleeping;
    bool is_closing;
    struct thread **workers;
    int count;
};

static struct exchange *take(struct pool *pool)
{
    struct exchange *x;

    mutex_lock(pool->mutex);
    while (!pool->first && !pool->is_closing) {
        pool->sleeping++;
        condition_wait(pool->filled, pool->mutex);
        pool->sleeping--;
    }
    x = pool->first;
    if (x) {
        pool->first = x->next;
        pool->queued--;
    }
    mutex_unlock(pool->mutex);
    return x;
}

static void work(void *argument)
{
    struct pool *pool = argument;
    struct exchange *x;

    while ((x = take(pool)) != NULL)
        x->route->run(x);
}

fallible pool_open(int workers, size_t queue_most, struct pool **out_pool)
{
    struct pool *pool = mem_alloc(sizeof *pool);
    enum err err = OK;

    if (!pool)
        return mem_exhausted();
    pool->queue_most = queue_most;
    pool->mutex = mutex_open();
    pool->filled = condition_open();
    pool->workers = mem_alloc((size_t)workers * sizeof pool->workers[0]);
    if (!pool->mutex || !pool->filled || !pool->workers)
        err = mem_exhausted();
    while (!err && pool->count < workers) {
        err = thread_start("worker", work, pool, &pool->workers[pool->count]);
        pool->count += !err;
    }
    if (err)
        pool_close(pool);
    else
        *out_pool = pool;
    return err;
}

void pool_close(struct pool *pool)
{
    if (!pool)
        return;
    if (pool->count) {
        mutex_lock(pool->mutex);
        pool->is_closing = true;
        condition_broadcast(pool->filled);
        mutex_unlock(pool->mutex);
    }
    for (int i = 0; i < pool->count; i++)
        thread_join(pool->workers[i]);
    if (pool->filled)
        condition_close(pool->filled);
    if (pool->mutex)
        mutex_close(pool->mutex);
    mem_free(pool->workers);
    mem_free(pool);
}

bool pool_offer(void *argument, struct exchange *x)
{
    struct pool *pool = argument;
    bool has_room;

    mutex_lock(pool->mutex);
    has_room = pool->queued < pool->queue_most;
    if (has_room) {
        x->next = NULL;
        if (pool->first)
            pool->last->next = x;
        else
            pool->first = x;
        pool->last = x;
        pool->queued++;
        if (pool->sleeping)
            condition_signal(pool->filled);
    }
    mutex_unlock(pool->mutex);
    return has_room;
}
