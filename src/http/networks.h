/* networks.h - a list of addresses and networks, and whether an address is within.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/err.h"
#include "sys/address.h"

struct network {
    struct address base;
    unsigned bits;
};

struct networks {
    struct network *list;
    size_t count;
};

/* Reads "127.0.0.1, 10.0.0.0/8 2001:db8::/32": commas or spaces between. ERR_INVALID names the
 * entry that is none. An IPv4 network written as one of IPv6 (::ffff:10.0.0.0/104) is the same. */
fallible networks_read(str text, struct networks *out_networks);
void networks_done(struct networks *networks);
bool networks_have(const struct networks *networks, const struct address *address);
/* An IPv4 address within IPv6 (::ffff:10.0.0.1) becomes one again. False: it was none. */
bool networks_unmap(struct address *address);
