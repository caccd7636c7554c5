/* client.h - one HTTP request to a Myriad server, and its answer; for the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Blocking, over libcurl, which does its own I/O: the one place besides sys/ that reaches the
 * network. Follows no redirects, so that a key is sent nowhere else than to the given host.
 */
#pragma once
#include "base/arena.h"
#include "http/exchange.h"

struct client_request {
    enum http_method method;
    str url; /* http:// or https:// */
    const struct http_header *headers;
    size_t header_count;
    str body;
    int64_t timeout_ms;  /* for the whole exchange; 0: none, but a stalled transfer still ends */
    size_t answer_limit; /* bytes of the answer's body; beyond it ERR_LIMIT */
};

/* Sends and waits. *out_status and *out_body (in `mem`) are the answer's, whatever its status.
 * ERR_INVALID: the URL or a header is malformed; ERR_BUSY: nobody answers there (now);
 * ERR_EXPIRED: the timeout; ERR_IO: the connection broke or its certificate is not trusted. */
fallible client_request(const struct client_request *request, struct arena *mem, int *out_status,
                        str *out_body);
