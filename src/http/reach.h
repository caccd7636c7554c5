/* reach.h - which addresses a URL that somebody gave us may lead to.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Public unicast addresses, and networks that the operator allows. Not this machine, its
 * neighbours, a cloud's metadata service, or one of these within an IPv6 address. By the IANA
 * registries of special-purpose addresses.
 */
#pragma once
#include "http/networks.h"

/* Reads what stands for a host in a URL, in any spelling that a resolver takes for an address:
 * 127.1, 0x7f000001, 0177.0.0.1, 2130706433, [::1], with a dot behind. False: it is a name. */
bool reach_read(str host, struct address *out_address);
/* Names that lead to this machine or its neighbours whatever they resolve to. */
bool reach_is_local_name(str host);
bool reach_is_public(const struct address *address);
/* Public, or within `allowed` (may be NULL). */
bool reach_allows(const struct networks *allowed, const struct address *address);
