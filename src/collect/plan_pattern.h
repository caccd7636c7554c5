/* plan_pattern.h - a regular expression of a plan, which no text can make slow.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Expressions are PCRE2's, which understands those of ECMA-262 that JSON Schema advises. A search
 * takes at most PLAN_PATTERN_STEPS steps over a text of at most PLAN_PATTERN_TEXT bytes; what would
 * take more is not decided, and says so.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { PLAN_PATTERN_TEXT = 1024, PLAN_PATTERN_STEPS = 10000 };

enum plan_pattern_answer { PLAN_PATTERN_FOUND, PLAN_PATTERN_NONE, PLAN_PATTERN_UNDECIDED };

struct plan_pattern; /* may be shared by threads */
struct plan_search;  /* scratch memory for searches of one thread */

/* ERR_INVALID says what is wrong and at which byte. */
fallible plan_pattern_open(str text, struct plan_pattern **out_pattern);
void plan_pattern_close(struct plan_pattern *pattern); /* NULL is fine */
/* Does it match somewhere in the text? `*search` is NULL at first, and closed by the caller.
 * `*steps` are those that are left, and less by what the search could take: a few, and if these do
 * not do, all. */
fallible plan_pattern_find(const struct plan_pattern *pattern, str text,
                           struct plan_search **search, uint32_t *steps,
                           enum plan_pattern_answer *out_answer);
void plan_pattern_close_search(struct plan_search *search); /* NULL is fine */
