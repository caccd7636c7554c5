/* proxy_header.h - what a balancer says of a connection before its first byte: PROXY protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Versions 1 (text) and 2 (binary). It is read to its last byte and not beyond, since what follows
 * may be TLS's; so whoever reads is told how many bytes may be taken next.
 */
#pragma once
#include "base/err.h"
#include "sys/address.h"

enum { PROXY_HEADER_MOST = 2048 }; /* bytes; a longer one is refused */

struct proxy_header {
    size_t size;     /* bytes of it that are complete; 0: it is not */
    size_t wanted;   /* ... then so many more belong to it at least */
    bool has_client; /* else the balancer spoke for itself, or does not know */
    struct address client;
    bool is_secure; /* the client came to the balancer by TLS */
};

/* `bytes` is what has come, and may be nothing. ERR_INVALID: it is no header, or one that says
 * something else than where a connection by TCP came from. */
fallible proxy_header_read(str bytes, struct proxy_header *out_header);
