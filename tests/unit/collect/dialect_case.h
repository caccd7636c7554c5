/* dialect_case.h - a request told by a dialect, and what came of it, for tables of tests.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts may be written with ' where " is meant. A request comes from 192.0.2.1 at
 * 2026-11-18T11:06:40.678Z, and names no agent and no language.
 */
#pragma once
#include "collect/dialect.h"

struct dialect_case {
    const char *path, *query, *media, *body; /* or NULL */
    const char *headers;                     /* lines "name: value", or NULL */
    const char *want;                        /* the messages, parted by ',' */
    str bytes;                               /* if not absent: the body, as it is */
    struct arena *mem;                       /* NULL: test_mem */
};

struct dialect_told {
    enum err err;
    str text;               /* the messages, with ' for "; absent when it was refused */
    struct dialect_out out; /* what the dialect says besides */
};

struct dialect_told dialect_case_tell(const struct dialect *dialect,
                                      const struct dialect_case *request);
/* The same, and compares the messages with what is wanted. */
struct dialect_told dialect_case_check(const struct dialect *dialect,
                                       const struct dialect_case *request);
