/* audited.h - handlers whose doing stands in the audit log before the client hears of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

struct exchange;

/* Runs the handler; what audited.def names is recorded, durably, behind a 2xx and before it can be
 * read. On a worker. What is done cannot be undone when the record cannot be written: the program's
 * own log says so. */
void audited_run(struct exchange *x, void (*handler)(struct exchange *x));
