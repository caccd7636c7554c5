/* network.h - whom an address belongs to, as far as that can be told from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"

enum { NETWORK_TEXT = 64 };

/* An IPv4 address stays itself. Who has an IPv6 address has 2^64 of them, so they are one: its
 * first 64 bits, in `text` of NETWORK_TEXT bytes. Anything else stays as it is. */
str network_of(str address, char *text);
