/* form.h - query strings and form bodies, "a=1&b=two+words" (URL Standard, urlencoded).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"

/* Resolves %XX, and '+' where it means a space; a broken escape stays as it is. Borrowed from
 * `text` when there is nothing to resolve; absent without memory. */
str form_decode(struct arena *mem, str text, bool plus_is_space);
/* The next pair of `*rest`, still encoded; a pair without '=' has an empty value. Empty pairs are
 * passed over. False at the end. */
bool form_next(str *rest, str *out_name, str *out_value);
/* The first value of that name, decoded; absent if there is none. */
str form_find(str text, str name, struct arena *mem);
