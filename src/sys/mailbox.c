/* mailbox.c - a stack that posters push to and the taker turns over.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A post is one compare-and-swap. Only the poster that finds the box empty wakes; the taker says
 * that it sleeps before it looks for the last time, so one of the two always sees the other.
 */
#include "sys/mailbox.h"

#include "base/mem.h"
#include "sys/sys_int.h"

#include <assert.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct mailbox {
    _Atomic(struct letter *) newest;
    atomic_uint sleeping; /* 1 while the taker waits; the word of the futex */
    void (*wake)(void *);
    void *argument;
};

struct mailbox *mailbox_open(void (*wake)(void *), void *argument)
{
    struct mailbox *box = mem_alloc(sizeof *box);

    if (!box)
        return NULL;
    atomic_init(&box->newest, NULL);
    atomic_init(&box->sleeping, 0);
    box->wake = wake;
    box->argument = argument;
    return box;
}

void mailbox_close(struct mailbox *box)
{
    if (!box)
        return;
    assert(!atomic_load(&box->newest));
    mem_free(box);
}

void mailbox_post(struct mailbox *box, struct letter *letter)
{
    struct letter *older = atomic_load_explicit(&box->newest, memory_order_relaxed);

    do
        letter->next = older;
    while (!atomic_compare_exchange_weak(&box->newest, &older, letter));
    if (older)
        return;
    if (box->wake)
        box->wake(box->argument);
    if (atomic_load(&box->sleeping) && atomic_exchange(&box->sleeping, 0))
        syscall(SYS_futex, &box->sleeping, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

struct letter *mailbox_take(struct mailbox *box)
{
    struct letter *at, *first = NULL;

    if (!atomic_load_explicit(&box->newest, memory_order_acquire))
        return NULL;
    at = atomic_exchange(&box->newest, NULL);
    while (at) {
        struct letter *older = at->next;
        at->next = first;
        first = at;
        at = older;
    }
    return first;
}

static int64_t mono_ns(void)
{
    return clock_mono_ns(sys_real()); /* threads wait in real time, whatever the world */
}

/* Sleeps while the box is empty, at most until `until_ns`. May return early. */
static void doze(struct mailbox *box, int64_t timeout_ms, int64_t until_ns)
{
    struct timespec span;
    const struct timespec *limit = NULL;

    if (timeout_ms >= 0) {
        int64_t left = until_ns - mono_ns();
        if (left <= 0)
            return;
        span = (struct timespec){left / 1000000000, left % 1000000000};
        limit = &span;
    }
    atomic_store(&box->sleeping, 1);
    if (!atomic_load(&box->newest))
        syscall(SYS_futex, &box->sleeping, FUTEX_WAIT_PRIVATE, 1, limit, NULL, 0);
    atomic_store(&box->sleeping, 0);
}

struct letter *mailbox_wait(struct mailbox *box, int64_t timeout_ms)
{
    struct letter *first = mailbox_take(box);
    int64_t until_ns = 0;

    if (first || timeout_ms == 0)
        return first;
    if (timeout_ms > 0 && (__builtin_mul_overflow(timeout_ms, 1000000, &until_ns) ||
                           __builtin_add_overflow(until_ns, mono_ns(), &until_ns)))
        until_ns = INT64_MAX;
    for (;;) {
        doze(box, timeout_ms, until_ns);
        first = mailbox_take(box);
        if (first || (timeout_ms >= 0 && mono_ns() >= until_ns))
            return first;
    }
}
