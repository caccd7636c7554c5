/* log_await.c - who waits for the log and for a call has one condition for both; who waits for a
 * call alone has its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/log_await.h"

#include "store/log_int.h"

void log_await(struct log *log, uint64_t seq, const atomic_bool *is_called, int64_t timeout_ms)
{
    struct condition *condition = seq == LOG_AWAIT_NOTHING ? log->called : log->grown;
    bool in_time = true;

    mutex_lock(log->lock);
    while (in_time && seq >= log_durable_seq(log) && !atomic_load(is_called))
        in_time = condition_wait_for(condition, log->lock, timeout_ms);
    mutex_unlock(log->lock);
}

void log_await_end(struct log *log)
{
    mutex_lock(log->lock);
    condition_broadcast(log->grown);
    condition_broadcast(log->called);
    mutex_unlock(log->lock);
}
