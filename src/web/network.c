/* network.c - the first half of an IPv6 address.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/network.h"

#include "http/networks.h"

enum { FOUR = 4, HALF_OF_SIX = 8 };

str network_of(str address, struct address *room)
{
    if (!address_read(address, room))
        return address;
    networks_unmap(room);
    return str_from((const char *)room->bytes, room->is_four ? FOUR : HALF_OF_SIX);
}
