/* thread.h - threads, locks and waiting. The only place for mutexes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct thread;
struct mutex;
struct condition;

fallible thread_start(const char *name, void (*run)(void *), void *argument,
                      struct thread **out_thread);
void thread_join(struct thread *thread); /* waits for its end, then frees it; NULL is fine */
/* The calling thread gives way from now on to those that somebody waits for. */
enum thread_rank { THREAD_BEHIND, THREAD_LAST };
void thread_give_way(enum thread_rank rank);
/* The calling thread mostly waits, and others wait for it: woken, it shall run at once, for a
 * moment, and not only when another thread's turn is over, which takes milliseconds. One for whom
 * all wait goes before one of many. */
enum thread_haste { THREAD_ONE_OF_MANY, THREAD_FOR_ALL };
void thread_answer_soon(enum thread_haste haste);
int thread_cores(void); /* cores this process may use */
/* Calls run(argument) on this thread and on others at the same time, one a core and `most` in all,
 * and waits until all have come back. There may be fewer than that. */
void thread_gather(int most, void (*run)(void *), void *argument);

struct mutex *mutex_open(void); /* NULL without memory */
void mutex_close(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

struct condition *condition_open(void);
void condition_close(struct condition *condition);
void condition_wait(struct condition *condition, struct mutex *mutex);
/* False when `timeout_ms` went by first. */
bool condition_wait_for(struct condition *condition, struct mutex *mutex, int64_t timeout_ms);
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);
