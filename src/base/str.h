/* str.h - text and bytes that carry their length and are never owned.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A `str` is a view: whoever made the bytes keeps them alive. It may hold NUL and need not end in
 * one. An absent str has data == NULL; an empty one may not.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct str {
    const char *data;
    size_t len;
} str;

#define S(literal) ((str){"" literal, sizeof(literal) - 1})
#define STR_ARG(s) (int)(s).len, (s).data /* for "%.*s" */

str str_of(const char *text); /* of a C string; NULL gives an absent str */
str str_from(const void *data, size_t len);
bool str_equals(str a, str b);
bool str_equals_nocase(str a, str b); /* ASCII letters only */
int str_compare(str a, str b);        /* by bytes: < 0, 0, > 0 */
bool str_starts(str text, str prefix);
bool str_ends(str text, str suffix);
bool str_contains(str text, str part);
ptrdiff_t str_find(str text, char byte);         /* first position or -1 */
str str_slice(str text, size_t from, size_t to); /* clamped to the text */
str str_trim(str text);                          /* spaces and tabs at both ends */
/* Cuts `*rest` at the first `separator`: returns what stood before it and leaves what follows.
 * Without a separator returns all and leaves an absent str. */
str str_cut(str *rest, char separator);
/* A decimal number without sign, spaces or leading plus; false on anything else or overflow. */
bool str_to_u64(str text, uint64_t *out_number);
bool str_to_i64(str text, int64_t *out_number);
int str_hex(char digit); /* the value of a hexadecimal digit, or -1 */
/* Equal in a time that does not depend on where they differ. */
bool str_equals_secret(str a, str b);
