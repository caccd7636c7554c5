/* dialect_told.h - what a dialect tells of one request.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * For legibility the quotes of JSON are written ' in requests and in what is told. The request came
 * from 192.0.2.1 at 2026-01-02T03:04:05.678Z, without agent and language.
 */
#pragma once
#include "collect/dialect.h"

struct dialect_told {
    enum err err;
    const char *text; /* the batch, without {'batch':[ and ]}; NULL when it was refused */
    int status;
    str media, body, key;
};

/* In test_mem. `query` and `body` may be NULL. */
struct dialect_told dialect_told(const struct dialect *dialect, const char *path, const char *query,
                                 const char *body);
