/* signals.c - signals as something to read, by signalfd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/signals.h"

#include "base/mem.h"
#include "sys/real_int.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signals {
    struct net_socket *socket;
    sigset_t mask_before;
    struct sigaction pipe_before;
};

fallible signals_open(struct signals **out_signals)
{
    struct signals *signals = mem_alloc(sizeof *signals);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;
    int fd;

    if (!signals)
        return mem_exhausted();
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        mem_free(signals);
        return sys_fail(errno, "wait for", "signals");
    }
    signals->socket = real_socket_of(fd);
    if (!signals->socket) {
        close(fd);
        mem_free(signals);
        return mem_exhausted();
    }
    signals->socket->sys = sys_real();
    pthread_sigmask(SIG_BLOCK, &set, &signals->mask_before);
    sigaction(SIGPIPE, &ignore, &signals->pipe_before);
    *out_signals = signals;
    return OK;
}

void signals_close(struct signals *signals)
{
    if (!signals)
        return;
    (void)signals_take(signals); /* what was asked too late would end the process now */
    sigaction(SIGPIPE, &signals->pipe_before, NULL);
    pthread_sigmask(SIG_SETMASK, &signals->mask_before, NULL);
    net_close(signals->socket);
    mem_free(signals);
}

unsigned signals_take(struct signals *signals)
{
    struct signalfd_siginfo info;
    unsigned asked = 0;

    while (read(real_descriptor(signals->socket), &info, sizeof info) == (ssize_t)sizeof info)
        asked |= info.ssi_signo == SIGHUP ? SIGNALS_RELOAD : SIGNALS_STOP;
    return asked;
}

unsigned signals_wait(struct signals *signals, int64_t timeout_ms)
{
    struct pollfd entry = {.fd = real_descriptor(signals->socket), .events = POLLIN};
    int timeout = timeout_ms < 0 ? -1 : timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX;

    (void)poll(&entry, 1, timeout);
    return signals_take(signals);
}

struct net_socket *signals_socket(struct signals *signals)
{
    return signals->socket;
}
