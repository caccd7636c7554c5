/* cookie.h - how a browser shows its session, and that a request is of our own pages.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * By https the cookie is "__Host-myriad", which no other host or plain http can set; else
 * "myriad_session". Neither can be read by scripts. What changes something needs a token besides,
 * which only who has the session can know, in X-CSRF-Token.
 */
#pragma once
#include "http/exchange.h"

enum { COOKIE_CSRF = 43 };

/* The token of the request's session cookie, borrowed; or absent. */
str cookie_find(const struct exchange *x);
/* Whether a request sends it back on its next visit: sets or ends it with the answer. */
void cookie_give(struct exchange *x, str token);
void cookie_end(struct exchange *x);

/* What goes with a session into X-CSRF-Token. */
void cookie_csrf(str token, char out[COOKIE_CSRF + 1]);
/* Does a page of ours send this? Where nothing tells and `must_tell` is false, it may. ERR_DENIED.
 */
fallible cookie_check_origin(const struct exchange *x, bool must_tell);
/* May what comes by the cookie `token` be done? ERR_DENIED. */
fallible cookie_check_request(const struct exchange *x, str token);
