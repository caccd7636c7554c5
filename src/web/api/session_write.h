/* session_write.h - who is signed in, as the sign-in and /api/me tell it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/time.h"
#include "store/users.h"

struct exchange;

/* Answers {"user":{...},"scopes":[...],"session":ID,"csrf":TOKEN}; `token` is the session's. */
void session_write_answer(struct exchange *x, const struct user *user, int64_t session_id,
                          str token);
/* Answers 429: what err_text() says, for so long. */
void session_write_wait(struct exchange *x, millis wait);
