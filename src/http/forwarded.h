/* forwarded.h - whom a trusted proxy spoke for, by the headers that proxies add.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only for requests that came from a trusted proxy. Each proxy adds to the end of a list the
 * address it was called from, so the list is believed from its end: the client is the last address
 * that is not a trusted proxy's own. What stands before it the client may have written himself.
 */
#pragma once
#include "http/exchange.h"
#include "http/networks.h"

struct arena;

struct forwarded {
    struct address client;
    bool has_client; /* else it is unknown behind the proxy */
    bool has_scheme;
    bool is_secure; /* the client spoke https */
};

/* Reads the header `name`, joined in order where there are several: "Forwarded" as RFC 7239 says,
 * any other as a list of addresses (X-Forwarded-For, X-Real-IP), together with X-Forwarded-Proto.
 * An entry that is no address ends what can be believed: the client is then the proxy that added
 * the entry behind it. */
void forwarded_read(const struct http_request *request, str name, const struct networks *trusted,
                    struct forwarded *out);
/* The request is the client's from then on: its `peer` and `is_secure`, as far as they are known.
 */
void forwarded_apply(struct http_request *request, struct arena *mem, str name,
                     const struct networks *trusted);
