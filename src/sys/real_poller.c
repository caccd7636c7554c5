/* real_poller.c - waiting for many sockets by epoll, and an eventfd to be woken by.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "sys/real_int.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 256 };

struct real_poller {
    struct poller base;
    int epoll;
    int wakes;
};

static int open_both(struct real_poller *poller)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = poller};
    int error;

    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll < 0)
        return errno;
    poller->wakes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller->wakes < 0) {
        error = errno;
        close(poller->epoll);
        return error;
    }
    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, poller->wakes, &event) == 0)
        return 0;
    error = errno;
    close(poller->wakes);
    close(poller->epoll);
    return error;
}

int real_poller_open(struct sys *sys, struct poller **out_poller)
{
    struct real_poller *poller = mem_alloc(sizeof *poller);
    int error;

    (void)sys;
    if (!poller)
        return ENOMEM;
    error = open_both(poller);
    if (error) {
        mem_free(poller);
        return error;
    }
    *out_poller = &poller->base;
    return 0;
}

void real_poller_close(struct poller *poller)
{
    struct real_poller *real = (struct real_poller *)poller;

    close(real->wakes);
    close(real->epoll);
    mem_free(real);
}

int real_poller_watch(struct poller *poller, struct net_socket *socket, unsigned events,
                      void *owner)
{
    int epoll = ((struct real_poller *)poller)->epoll, fd = real_descriptor(socket);
    bool *is_watched = real_is_watched(socket);
    struct epoll_event event = {.data.ptr = owner};

    if (events & NET_READABLE)
        event.events |= EPOLLIN;
    if (events & NET_WRITABLE)
        event.events |= EPOLLOUT;
    if (events & NET_HUNG_UP)
        event.events |= EPOLLRDHUP;
    if (!events && !*is_watched)
        return 0;
    if (epoll_ctl(epoll,
                  !events       ? EPOLL_CTL_DEL
                  : *is_watched ? EPOLL_CTL_MOD
                                : EPOLL_CTL_ADD,
                  fd, &event))
        return errno;
    *is_watched = events != 0;
    return 0;
}

static unsigned events_of(uint32_t events)
{
    unsigned seen = 0;

    if (events & EPOLLIN)
        seen |= NET_READABLE;
    if (events & EPOLLOUT)
        seen |= NET_WRITABLE;
    if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        seen |= NET_HUNG_UP;
    return seen;
}

int real_poller_wait(struct poller *poller, struct poll_event *out, size_t room, int64_t timeout_ns,
                     size_t *out_count)
{
    struct real_poller *real = (struct real_poller *)poller;
    struct epoll_event events[BATCH];
    int most = room < BATCH ? (int)room : BATCH;
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000,
                               .tv_nsec = timeout_ns % 1000000000};
    int got = epoll_pwait2(real->epoll, events, most, timeout_ns < 0 ? NULL : &timeout, NULL);
    size_t count = 0;

    if (got < 0 && errno != EINTR) /* a signal counts as a wake-up */
        return errno;
    for (int i = 0; i < got; i++) {
        if (events[i].data.ptr == real) {
            uint64_t wakes;
            (void)!read(real->wakes, &wakes, sizeof wakes);
        } else {
            out[count++] = (struct poll_event){events[i].data.ptr, events_of(events[i].events)};
        }
    }
    *out_count = count;
    return 0;
}

void real_poller_wake(struct poller *poller)
{
    uint64_t one = 1;

    /* It can only fail when the counter is full: then a wake-up is pending already. */
    (void)!write(((struct real_poller *)poller)->wakes, &one, sizeof one);
}
