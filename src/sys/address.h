/* address.h - Internet addresses as text and as bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"

struct address {
    bool is_four;            /* IPv4, else IPv6 */
    unsigned char bytes[16]; /* in network order; of IPv4 the first four */
};

/* "203.0.113.7" or "2001:db8::7", nothing around it. False: it is no address. */
bool address_read(str text, struct address *out_address);
void address_write(const struct address *address, struct buf *out);
unsigned address_bits(const struct address *address); /* 32 or 128 */
