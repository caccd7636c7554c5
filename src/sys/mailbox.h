/* mailbox.h - letters from many threads to one, in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A letter is a struct that begins with a `struct letter`; the box owns nothing. Any thread may
 * post; one thread takes. To wait for sockets and letters at once, give the box a wake function
 * (called by the poster when the box was empty; see poller_wake in net.h).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct letter {
    struct letter *next;
};

struct mailbox;

struct mailbox *mailbox_open(void (*wake)(void *), void *argument); /* NULL without memory */
void mailbox_close(struct mailbox *box); /* must be empty, and nobody still posting */
void mailbox_post(struct mailbox *box, struct letter *letter);
/* Everything posted so far as a list in posting order, or NULL. */
struct letter *mailbox_take(struct mailbox *box);
/* The same, but waits while there is nothing: at most `timeout_ms` (< 0: for ever). */
struct letter *mailbox_wait(struct mailbox *box, int64_t timeout_ms);
