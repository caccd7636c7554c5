/* dialect_case.h - a request told by a dialect, and what came of it, for tables of tests.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts are written with ' where " is meant.
 */
#pragma once
#include "collect/dialect.h"

struct dialect_case {
    const char *path;
    const char *query;  /* or NULL */
    const char *body;   /* or NULL */
    const char *header; /* one that it has, "name: value", or NULL */
    const char *want;   /* the messages, parted by ',' */
};

/* Of the last request; dialect_case_time is 2027-01-15T08:00:00Z. */
extern const millis dialect_case_time;

/* Reads the request and fills in what the dialect says besides. `body` instead of the case's if it
 * is not absent; its address is 192.0.2.7 and it names no agent. */
fallible dialect_case_read(const struct dialect *dialect, const struct dialect_case *request,
                           str body, struct dialect_out *out, str *out_messages);
/* The same, and compares the messages with what is wanted. */
void dialect_case_check(const struct dialect *dialect, const struct dialect_case *request,
                        struct dialect_out *out);
