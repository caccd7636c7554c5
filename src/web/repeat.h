/* repeat.h - the header Idempotency-Key: a write that is sent again gets the first one's answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

struct exchange;

/* Runs the handler, or gives the answer it gave before, with Idempotency-Replayed. On a worker.
 * Answers 429 and 503 are not kept: nothing was done. Of a 500 nobody knows, so a second try is
 * 409. */
void repeat_run(struct exchange *x, void (*handler)(struct exchange *x));
