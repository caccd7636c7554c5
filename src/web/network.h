/* network.h - whom an address belongs to, as far as that can be told from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "sys/address.h"

/* A name, of any bytes. Of IPv4 it is the address, also where it stands in IPv6. Who has an IPv6
 * address has 2^64 of them, so they are one: its first 64 bits. What is no address is its own name.
 * Borrowed from `room` or `address`. */
str network_of(str address, struct address *room);
