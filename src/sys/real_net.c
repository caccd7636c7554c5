/* real_net.c - sockets of the operating system.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "sys/real_int.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

struct real_socket {
    struct net_socket base;
    int fd;
    bool is_watched; /* by its poller */
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

struct net_socket *real_socket_of(int fd)
{
    struct real_socket *socket = mem_alloc(sizeof *socket);

    if (!socket)
        return NULL;
    socket->fd = fd;
    return &socket->base;
}

int real_descriptor(const struct net_socket *socket)
{
    return ((const struct real_socket *)socket)->fd;
}

bool *real_is_watched(struct net_socket *socket)
{
    return &((struct real_socket *)socket)->is_watched;
}

static socklen_t to_address(const struct endpoint *endpoint, union address *out)
{
    *out = (union address){0};
    if (endpoint->is_v6 || endpoint->is_any) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(endpoint->port);
        memcpy(&out->v6.sin6_addr, endpoint->ip, 16);
        return sizeof out->v6;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(endpoint->port);
    memcpy(&out->v4.sin_addr, endpoint->ip, 4);
    return sizeof out->v4;
}

/* False for anything but IP. An IPv4 address within IPv6 becomes one again. */
static bool to_endpoint(const union address *from, struct endpoint *out)
{
    *out = (struct endpoint){0};
    if (from->any.sa_family == AF_INET) {
        out->port = ntohs(from->v4.sin_port);
        memcpy(out->ip, &from->v4.sin_addr, 4);
        return true;
    }
    if (from->any.sa_family != AF_INET6)
        return false;
    out->port = ntohs(from->v6.sin6_port);
    out->is_v6 = !IN6_IS_ADDR_V4MAPPED(&from->v6.sin6_addr);
    if (out->is_v6)
        memcpy(out->ip, &from->v6.sin6_addr, 16);
    else
        memcpy(out->ip, (const char *)&from->v6.sin6_addr + 12, 4);
    return true;
}

static void turn_on(int fd, int level, int option)
{
    int on = 1;

    (void)setsockopt(fd, level, option, &on, sizeof on);
}

static bool listens_at(int fd, const union address *address, socklen_t len)
{
    union address at = {0};
    socklen_t at_len = sizeof at;
    int listens = 0;
    socklen_t listens_len = sizeof listens;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) == 0 && listens &&
           getsockname(fd, &at.any, &at_len) == 0 && at_len == len &&
           memcmp(&at, address, len) == 0;
}

/* Whether a listener of this process has the address. */
static bool is_ours(const union address *address, socklen_t len)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    bool found = false;
    uint64_t fd;

    if (!folder)
        return false;
    while (!found && (entry = readdir(folder)))
        found = str_to_u64(str_of(entry->d_name), &fd) && listens_at((int)fd, address, len);
    closedir(folder);
    return found;
}

/* SO_REUSEPORT alone would let a second process of the same user take half of the connections in
 * silence. So the first listener binds without it and allows sharing only once it listens; a
 * further one asks for sharing only when the first is of this process. */
static int bind_and_listen(int fd, const struct endpoint *at)
{
    union address address;
    socklen_t len = to_address(at, &address);
    int v6_only = !at->is_any;

    turn_on(fd, SOL_SOCKET, SO_REUSEADDR);
    if (address.any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
    if (bind(fd, &address.any, len)) {
        if (errno != EADDRINUSE)
            return errno;
        if (!is_ours(&address, len))
            return EADDRINUSE;
        turn_on(fd, SOL_SOCKET, SO_REUSEPORT);
        if (bind(fd, &address.any, len))
            return errno;
    }
    if (listen(fd, BACKLOG))
        return errno;
    turn_on(fd, SOL_SOCKET, SO_REUSEPORT);
    return 0;
}

static int open_stream(bool v6, struct net_socket **out_socket)
{
    int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    *out_socket = real_socket_of(fd);
    if (*out_socket)
        return 0;
    close(fd);
    return ENOMEM;
}

int real_listen(struct sys *sys, const struct endpoint *at, struct net_socket **out_socket)
{
    struct endpoint v4 = *at;
    struct net_socket *socket;
    int error = open_stream(at->is_v6 || at->is_any, &socket);

    /* "All addresses" of a kernel without IPv6. */
    if (error == EAFNOSUPPORT && at->is_any) {
        v4.is_any = false;
        return real_listen(sys, &v4, out_socket);
    }
    if (error)
        return error;
    error = bind_and_listen(real_descriptor(socket), at);
    if (error) {
        real_close(socket);
        return error;
    }
    *out_socket = socket;
    return 0;
}

/* Errors of the connection that was waiting, not of the listener (see accept(2)). */
static bool is_lost_connection(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

int real_accept(struct net_socket *listener, struct net_socket **out_socket)
{
    struct net_socket *socket = real_socket_of(-1); /* first, so that no connection is lost */
    union address from = {0};
    socklen_t len;
    int fd;

    if (!socket)
        return ENOMEM;
    do {
        len = sizeof from;
        fd = accept4(real_descriptor(listener), &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && is_lost_connection(errno));
    if (fd < 0) {
        int error = errno;
        mem_free(socket);
        return error;
    }
    turn_on(fd, IPPROTO_TCP, TCP_NODELAY);
    ((struct real_socket *)socket)->fd = fd;
    socket->has_peer = to_endpoint(&from, &socket->peer);
    *out_socket = socket;
    return 0;
}

int real_connect(struct sys *sys, const struct endpoint *to, struct net_socket **out_socket)
{
    union address address;
    socklen_t len = to_address(to, &address);
    struct net_socket *socket;
    int error = open_stream(to->is_v6, &socket);

    (void)sys;
    if (error)
        return error;
    turn_on(real_descriptor(socket), IPPROTO_TCP, TCP_NODELAY);
    if (connect(real_descriptor(socket), &address.any, len) && errno != EINPROGRESS &&
        errno != EINTR) { /* interrupted, it goes on by itself */
        error = errno;
        real_close(socket);
        return error;
    }
    socket->peer = *to;
    socket->has_peer = true;
    *out_socket = socket;
    return 0;
}

int real_local(struct net_socket *socket, struct endpoint *out_endpoint)
{
    union address at = {0};
    socklen_t len = sizeof at;

    if (getsockname(real_descriptor(socket), &at.any, &len))
        return errno;
    return to_endpoint(&at, out_endpoint) ? 0 : EAFNOSUPPORT;
}

int real_receive(struct net_socket *socket, void *out, size_t len, size_t *out_len)
{
    ssize_t got = recv(real_descriptor(socket), out, len, 0);

    if (got < 0)
        return errno;
    *out_len = (size_t)got;
    return 0;
}

int real_discard(struct net_socket *socket, size_t len, size_t *out_len)
{
    /* Of Linux's TCP, see tcp(7): nothing is copied. */
    ssize_t got = recv(real_descriptor(socket), NULL, len, MSG_TRUNC);

    if (got < 0)
        return errno;
    *out_len = (size_t)got;
    return 0;
}

int real_send(struct net_socket *socket, const void *data, size_t len, size_t *out_len)
{
    ssize_t put = send(real_descriptor(socket), data, len, MSG_NOSIGNAL);

    if (put < 0)
        return errno;
    *out_len = (size_t)put;
    return 0;
}

void real_finish(struct net_socket *socket)
{
    (void)shutdown(real_descriptor(socket), SHUT_WR);
}

void real_close(struct net_socket *socket)
{
    close(real_descriptor(socket));
    mem_free(socket);
}

int real_notify(struct sys *sys, const char *path, str message)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    str name = str_of(path);
    int fd, error;

    (void)sys;
    if (name.len == 0 || name.len >= sizeof to.sun_path)
        return ENOENT;
    memcpy(to.sun_path, name.data, name.len);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = 0;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    error = sendto(fd, message.data, message.len, MSG_NOSIGNAL, (struct sockaddr *)&to,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len)) < 0
                ? errno
                : 0;
    close(fd);
    return error;
}
