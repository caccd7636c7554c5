/* outward.h - names and sockets for connections that a library makes; in the real world only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"
#include "sys/address.h"

/* The address of a `struct sockaddr`. False: it is of another family. */
bool outward_address(const void *socket_address, size_t len, struct address *out_address);
int outward_socket(int family, int kind, int protocol); /* -1: there is none */
/* Calls `each` for every address that `host` has now, until it fails; waits for name servers.
 * ERR_ABSENT: it has none, or nobody could say. */
fallible outward_resolve(str host, enum err (*each)(void *argument, const struct address *address),
                         void *argument);
