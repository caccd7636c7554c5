/* log_await.h - waiting for the log to grow, by threads that wait for others too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct log;

/* For a sequence number: only the call is waited for, and the log's growth wakes nobody. */
#define LOG_AWAIT_NOTHING UINT64_MAX

/* Waits until the record `seq` is durable, `*is_called`, or `timeout_ms` went by. Any thread. */
void log_await(struct log *log, uint64_t seq, const atomic_bool *is_called, int64_t timeout_ms);
/* For who has set `*is_called` of one who may wait. */
void log_await_end(struct log *log);
