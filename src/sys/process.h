/* process.h - this process, as the operating system sees it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Not simulated.
 */
#pragma once
#include <stdint.h>

int process_id(void);
uint64_t process_memory(void); /* resident bytes; 0 where unknown */
/* Bytes that the system could give to programs without taking from them; 0 where unknown. */
uint64_t process_memory_left(void);
int64_t process_cpu_ns(void); /* spent by all threads, in user and system mode */
/* Lets the process hold `count` files and connections open at once, as far as the system allows.
 * Returns how many it may now, which is never fewer than before. */
uint64_t process_allow_files(uint64_t count);
/* Ends the process at once: nothing is flushed, closed or run any more. */
void process_stop(int status) __attribute__((noreturn));
