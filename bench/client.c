/* client.c - the answers of one server that is known: no chunks, names as it writes them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "client.h"

#include "sys/net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void client_die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, err_text());
    exit(1);
}

void client_check(enum err err, const char *what)
{
    if (err)
        client_die(what);
}

bool client_read_options(int argc, char **argv, const struct client_option *known, size_t count)
{
    for (int i = 3; i < argc; i++) {
        size_t k = 0;

        while (k < count && !str_equals(str_of(argv[i]), str_of(known[k].name)))
            k++;
        if (k == count)
            return false;
        if (known[k].is_switch)
            *known[k].value = 1;
        else if (++i == argc || !str_to_u64(str_of(argv[i]), known[k].value))
            return false;
    }
    return argc >= 3;
}

fallible client_send(struct net_socket *socket, str bytes, size_t *sent)
{
    while (*sent < bytes.len) {
        size_t len;

        TRY(net_send(socket, bytes.data + *sent, bytes.len - *sent, &len));
        *sent += len;
    }
    return OK;
}

int client_status(str answer)
{
    static const char wanted[] = "ontent-Length: ";
    const char *end = memmem(answer.data, answer.len, "\r\n\r\n", 4);
    const char *length = memmem(answer.data, answer.len, wanted, sizeof wanted - 1);
    uint64_t body = 0;

    if (!end || !length)
        return 0;
    for (length += sizeof wanted - 1; *length >= '0' && *length <= '9'; length++)
        body = body * 10 + (uint64_t)(*length - '0');
    if ((uint64_t)(answer.data + answer.len - end) < body + 4)
        return 0;
    return (answer.data[9] - '0') * 100 + (answer.data[10] - '0') * 10 + (answer.data[11] - '0');
}

int client_by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}
