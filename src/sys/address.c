/* address.c - the C library's reading and writing of addresses, for texts that carry their length.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/address.h"

#include <arpa/inet.h>
#include <string.h>

bool address_read(str text, struct address *out_address)
{
    struct address address = {0};
    char name[INET6_ADDRSTRLEN];

    if (!text.len || text.len >= sizeof name || memchr(text.data, 0, text.len))
        return false;
    memcpy(name, text.data, text.len);
    name[text.len] = 0;
    address.is_four = inet_pton(AF_INET, name, address.bytes) == 1;
    if (!address.is_four && inet_pton(AF_INET6, name, address.bytes) != 1)
        return false;
    *out_address = address;
    return true;
}

void address_write(const struct address *address, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];

    if (inet_ntop(address->is_four ? AF_INET : AF_INET6, address->bytes, text, sizeof text))
        buf_add(out, str_of(text));
}

unsigned address_bits(const struct address *address)
{
    return address->is_four ? 32 : 128;
}
