/* import_text.h - JSON text written where room was made before: no bounds, no branches for growth.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every function writes at `at` and returns the place behind.
 */
#pragma once
#include "base/time.h"

#include <string.h>

enum { IMPORT_TIME_BYTES = 24 }; /* 2026-11-21T09:30:00.125Z */

static inline char *import_text_add(char *at, str text)
{
    memcpy(at, text.data, text.len);
    return at + text.len;
}

/* A comma unless an object has just been opened. */
static inline char *import_text_comma(char *at)
{
    if (at[-1] != '{')
        *at++ = ',';
    return at;
}

/* In quotes, escaped; `text` is UTF-8. At most 6 bytes for each and 2. */
char *import_text_quoted(char *at, str text);
char *import_text_u64(char *at, uint64_t number);
/* RFC 3339 in UTC with three digits, without quotes. Years 0001 to 9999. */
char *import_text_time(char *at, millis time);
/* Copies `*text` to `at` and makes it a view of the copy. */
char *import_text_keep(char *at, str *text);
/* The messageId of a row without one, in quotes; `*out_id` is a view of it. */
char *import_text_id(char *at, str file_id, uint64_t line, str *out_id);
/* All of it ASCII, or UTF-8. */
bool import_text_is_utf8(str text);
