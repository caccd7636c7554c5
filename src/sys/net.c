/* net.c - sockets and pollers: addresses as text, and what an errno means.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/net.h"

#include "sys/sys_int.h"

#include <arpa/inet.h>
#include <string.h>

/* Of "127.0.0.1:80", "[::1]:80" and, where `any` is allowed, ":80". */
static bool parse_endpoint(str text, bool any, struct endpoint *out)
{
    char host[INET6_ADDRSTRLEN + 1] = {0};
    size_t colon = text.len;
    uint64_t port;
    str name;

    while (colon && text.data[colon - 1] != ':')
        colon--;
    if (colon == 0 || !str_to_u64(str_slice(text, colon, text.len), &port) || port > UINT16_MAX)
        return false;
    name = str_slice(text, 0, colon - 1);
    *out = (struct endpoint){.port = (uint16_t)port};
    if (name.len == 0) {
        out->is_any = true;
        return any;
    }
    out->is_v6 = str_starts(name, S("[")) && str_ends(name, S("]"));
    if (out->is_v6)
        name = str_slice(name, 1, name.len - 1);
    if (name.len >= sizeof host)
        return false;
    memcpy(host, name.data, name.len);
    return inet_pton(out->is_v6 ? AF_INET6 : AF_INET, host, out->ip) == 1;
}

static void write_ip(const struct endpoint *endpoint, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];

    if (inet_ntop(endpoint->is_v6 ? AF_INET6 : AF_INET, endpoint->ip, text, sizeof text))
        buf_add(out, str_of(text));
}

static fallible refuse(int error, const char *action, str address)
{
    if (error == EADDRINUSE)
        return fail(ERR_CONFLICT, "cannot %s %.*s: another process has it", action,
                    STR_ARG(address));
    if (error == EADDRNOTAVAIL)
        return fail(ERR_INVALID, "cannot %s %.*s: this machine does not have the address", action,
                    STR_ARG(address));
    return sys_fail(error, action, "a socket");
}

static fallible refuse_text(str address)
{
    return fail(ERR_INVALID, "\"%.*s\" is not an address like 127.0.0.1:8080 or [::1]:8080",
                STR_ARG(address));
}

fallible net_listen(struct sys *sys, str address, struct net_socket **out_socket)
{
    struct endpoint at;
    struct net_socket *socket;
    int error;

    if (!parse_endpoint(address, true, &at))
        return refuse_text(address);
    error = SYS_UNINTERRUPTED(sys->verbs->listen(sys, &at, &socket));
    if (error)
        return refuse(error, "listen on", address);
    socket->sys = sys;
    *out_socket = socket;
    return OK;
}

fallible net_address(struct net_socket *socket, struct buf *out)
{
    struct endpoint at;
    int error = socket->sys->verbs->local(socket, &at);

    if (error)
        return sys_fail(error, "find the address of", "a socket");
    if (at.is_v6)
        buf_add_byte(out, '[');
    write_ip(&at, out);
    if (at.is_v6)
        buf_add_byte(out, ']');
    buf_add_byte(out, ':');
    buf_add_u64(out, at.port);
    return buf_is_broken(out) ? fail(ERR_LIMIT, "no memory for an address") : OK;
}

fallible net_accept(struct net_socket *listener, struct net_socket **out_socket)
{
    struct net_socket *socket;
    int error = SYS_UNINTERRUPTED(listener->sys->verbs->accept(listener, &socket));

    if (error)
        return sys_fail(error, "accept", "a connection");
    socket->sys = listener->sys;
    *out_socket = socket;
    return OK;
}

fallible net_connect(struct sys *sys, str address, struct net_socket **out_socket)
{
    struct endpoint to;
    struct net_socket *socket;
    int error;

    if (!parse_endpoint(address, false, &to))
        return refuse_text(address);
    error = SYS_UNINTERRUPTED(sys->verbs->connect(sys, &to, &socket));
    if (error)
        return refuse(error, "connect to", address);
    socket->sys = sys;
    *out_socket = socket;
    return OK;
}

void net_peer(struct net_socket *socket, struct buf *out)
{
    if (socket->has_peer)
        write_ip(&socket->peer, out);
}

fallible net_receive(struct net_socket *socket, void *out, size_t len, size_t *out_len)
{
    int error = SYS_UNINTERRUPTED(socket->sys->verbs->receive(socket, out, len, out_len));

    return error ? sys_fail(error, "receive from", "a socket") : OK;
}

fallible net_discard(struct net_socket *socket, size_t len, size_t *out_len)
{
    int error = SYS_UNINTERRUPTED(socket->sys->verbs->discard(socket, len, out_len));

    return error ? sys_fail(error, "receive from", "a socket") : OK;
}

fallible net_send(struct net_socket *socket, const void *data, size_t len, size_t *out_len)
{
    int error = SYS_UNINTERRUPTED(socket->sys->verbs->send(socket, data, len, out_len));

    return error ? sys_fail(error, "send to", "a socket") : OK;
}

void net_close(struct net_socket *socket)
{
    if (socket)
        socket->sys->verbs->close(socket);
}

void net_finish(struct net_socket *socket)
{
    socket->sys->verbs->finish(socket);
}

fallible poller_open(struct sys *sys, struct poller **out_poller)
{
    struct poller *poller;
    int error = sys->verbs->poller_open(sys, &poller);

    if (error)
        return sys_fail(error, "open", "a poller");
    poller->sys = sys;
    *out_poller = poller;
    return OK;
}

void poller_close(struct poller *poller)
{
    if (poller)
        poller->sys->verbs->poller_close(poller);
}

fallible poller_watch(struct poller *poller, struct net_socket *socket, unsigned events,
                      void *owner)
{
    int error = poller->sys->verbs->poller_watch(poller, socket, events, owner);

    return error ? sys_fail(error, "watch", "a socket") : OK;
}

fallible poller_wait(struct poller *poller, struct poll_event *out, size_t room, int64_t timeout_ns,
                     size_t *out_count)
{
    int error = poller->sys->verbs->poller_wait(poller, out, room, timeout_ns, out_count);

    return error ? sys_fail(error, "wait for", "sockets") : OK;
}

void poller_wake(void *poller)
{
    struct poller *woken = poller;

    woken->sys->verbs->poller_wake(woken);
}

fallible net_notify(struct sys *sys, const char *path, str message)
{
    int error = SYS_UNINTERRUPTED(sys->verbs->notify(sys, path, message));

    return error ? sys_fail(error, "notify", path) : OK;
}
