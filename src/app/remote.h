/* remote.h - asking a running Myriad over HTTP, for commands with --url.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

/* A server and the key to show it. */
struct remote {
    const char *url;
    str key;
    enum { REMOTE_BEARER, REMOTE_BASIC } scheme;
};

/* POSTs JSON to the server's `path`. Appends the body of a 2xx answer to `out`. ERR_BUSY for 429
 * and 503 (try again), otherwise the problem's own sentence with the code that fits its status. */
fallible remote_post(const struct remote *remote, struct arena *mem, const char *path, str body,
                     struct buf *out);
/* The same for GET and DELETE; the body of a 2xx answer is in `mem`. */
fallible remote_get(const struct remote *remote, struct arena *mem, const char *path,
                    str *out_body);
fallible remote_delete(const struct remote *remote, struct arena *mem, const char *path);
