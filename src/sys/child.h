/* child.h - another run of this program, beside this one and ended with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Start it before any thread of one's own. It has a process group of its own, so that Ctrl-C is
 * heard by the parent alone, and is asked to end when the parent is gone. Signals that its parent
 * waits for reach it as usual. Not simulated.
 */
#pragma once
#include "base/arena.h"

struct child;

/* Starts this program with `words`, which end with NULL; words[0] is its name. `settings`,
 * NAME=VALUE and NULL at the end, are added to its environment; what is there already counts. */
fallible child_start(char *const *words, char *const *settings, struct child **out_child);
/* The next line of its standard output, without its end; in `mem`. ERR_ABSENT: there is none, it
 * has ended; ERR_EXPIRED: none within `timeout_ms`. */
fallible child_line(struct child *child, int64_t timeout_ms, struct arena *mem, str *out_line);
bool child_is_running(struct child *child);
/* Asks it to end (SIGTERM), waits until it has, and frees it. Returns its exit status, 128 and the
 * signal's number where one ended it; 0 for NULL. */
int child_end(struct child *child);
