/* dialect_asked.h - what a dialect makes of a request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/dialect.h"

/* NULL: absent. It comes from 192.0.2.1, without an agent, on 2026-11-18. */
struct asked_request {
    const char *path, *query, *media, *body;
    const char *headers; /* "ce-id=1&ce-type=a" */
};

/* The batch, in `out->mem`, which must be set. */
fallible dialect_asked(const struct dialect *dialect, const struct asked_request *request,
                       struct dialect_out *out, str *out_batch);
