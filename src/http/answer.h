/* answer.h - turns an answered exchange into bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/site.h"

/* How long the client is told to wait (Retry-After), at most ten seconds; 0: it is not. */
int64_t answer_wait_ms(const struct exchange *x);
/* Appends status line, headers and body. An answer that could not be put together (no memory, a
 * header that may not be) goes out as 503 or 500; x->status says what was sent in the end. */
void answer_write(struct exchange *x, bool keeps_alive, struct buf *out);
/* Appends the head of an answer whose length nobody knows: it goes on in chunks, or over HTTP/1.0
 * until the connection ends. */
void answer_write_open(struct exchange *x, struct buf *out);
