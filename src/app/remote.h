/* remote.h - asking a running Myriad over HTTP, for commands with --url.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum remote_key { REMOTE_BEARER, REMOTE_BASIC };

/* POSTs JSON to `url` + `path`. Appends the body of a 2xx answer to `out`. ERR_BUSY for 429 and
 * 503 (try again), otherwise the problem's own sentence with the code that fits its status. */
fallible remote_post(struct arena *mem, const char *url, const char *path, str key,
                     enum remote_key kind, str body, struct buf *out);
/* The same for GET and DELETE with the key as Bearer; the body of a 2xx answer is in `mem`. */
fallible remote_get(struct arena *mem, const char *url, const char *path, str key, str *out_body);
fallible remote_delete(struct arena *mem, const char *url, const char *path, str key);
