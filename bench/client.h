/* client.h - what every generator of load does: options, answers, and an end where something fails.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct net_socket;

_Noreturn void client_die(const char *what);
void client_check(enum err err, const char *what); /* ends unless it is OK */

struct client_option {
    const char *name;
    uint64_t *value;
    bool is_switch; /* its value is 1 where it is given; else a number follows */
};
/* argv[1] and argv[2] are the address and the write key; options follow. False: not understood. */
bool client_read_options(int argc, char **argv, const struct client_option *known, size_t count);

/* Sends on from `*sent`. ERR_BUSY: the socket takes no more now. */
fallible client_send(struct net_socket *socket, str bytes, size_t *sent);
/* The status of an answer with Content-Length when all of it is there, else 0. */
int client_status(str answer);
/* For qsort. */
int client_by_size(const void *a, const void *b);
