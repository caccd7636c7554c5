/* session_write.h - who is signed in, as the sign-in and /api/me tell it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/users.h"

struct exchange;

/* Answers {"user":{...},"scopes":[...],"session":ID,"csrf":TOKEN}; `token` is the session's. */
void session_write_answer(struct exchange *x, const struct user *user, int64_t session_id,
                          str token);
