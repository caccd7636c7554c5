/* journal.h - the program's own log: one JSON object a line on standard error.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"time":"...","level":"info","message":"...","detail":"..."}. Never secrets, never personal data.
 */
#pragma once

struct sys;

void journal_info(struct sys *sys, const char *message, const char *detail); /* detail: or NULL */
void journal_warning(struct sys *sys, const char *message, const char *detail);
void journal_error(struct sys *sys, const char *message, const char *detail);
