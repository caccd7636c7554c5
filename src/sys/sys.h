/* sys.h - the world outside as one value: clock, randomness, files, sockets.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything that reaches the operating system takes a `struct sys *` (clock.h, entropy.h, file.h,
 * net.h). There are two: the real one here, and the simulated one of sim.h with a virtual clock, a
 * disk that knows what was synced, and faults on demand. Threads (thread.h, mailbox.h) are not
 * simulated: what runs on a thread is a step function that a simulation calls by itself.
 */
#pragma once

struct sys;

/* The real world. One static value; nothing to close. */
struct sys *sys_real(void);
