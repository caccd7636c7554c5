/* outward.c - the C library's resolver, and plain sockets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/outward.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { HOST_MOST = 255 };

bool outward_address(const void *socket_address, size_t len, struct address *out_address)
{
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;

    if (len < sizeof any)
        return false;
    memcpy(&any, socket_address, sizeof any);
    if (any.sa_family == AF_INET && len >= sizeof four) {
        memcpy(&four, socket_address, sizeof four);
        *out_address = (struct address){.is_four = true};
        memcpy(out_address->bytes, &four.sin_addr, sizeof four.sin_addr);
        return true;
    }
    if (any.sa_family == AF_INET6 && len >= sizeof six) {
        memcpy(&six, socket_address, sizeof six);
        *out_address = (struct address){0};
        memcpy(out_address->bytes, &six.sin6_addr, sizeof six.sin6_addr);
        return true;
    }
    return false;
}

int outward_socket(int family, int kind, int protocol)
{
    return socket(family, kind | SOCK_CLOEXEC, protocol);
}

fallible outward_resolve(str host, enum err (*each)(void *argument, const struct address *address),
                         void *argument)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char name[HOST_MOST + 1];
    struct address address;
    enum err err = OK;
    int error;

    if (!host.len || host.len > HOST_MOST || memchr(host.data, 0, host.len))
        return fail(ERR_ABSENT, "\"%.*s\" is no name of a host", STR_ARG(host));
    memcpy(name, host.data, host.len);
    name[host.len] = 0;
    error = getaddrinfo(name, NULL, &wanted, &found);
    if (error)
        return fail(ERR_ABSENT, "%s: %s", name, gai_strerror(error));
    for (struct addrinfo *at = found; at && !err; at = at->ai_next)
        if (outward_address(at->ai_addr, at->ai_addrlen, &address))
            err = each(argument, &address);
    freeaddrinfo(found);
    return err;
}
