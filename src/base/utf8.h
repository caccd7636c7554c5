/* utf8.h - UTF-8, character by character.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"

enum { UTF8_LONGEST = 4 };

/* What stands in for bytes that are no character. */
#define UTF8_REPLACEMENT S("\xEF\xBF\xBD")

/* The length in bytes of what stands at `at` (< end): of a character, or of bytes that are none
 * and are read as one U+FFFD (a maximal subpart, as Unicode and WHATWG advise). At least 1. */
size_t utf8_step(const char *at, const char *end, bool *out_is_valid);
bool utf8_is_valid(str text);
/* The characters of one line of text, such as a name; 0 of what is empty, only spaces, not UTF-8 or
 * holds a control character. */
size_t utf8_line(str text);
/* Writes the character of a code point (no surrogate, at most 0x10FFFF); returns its length. */
size_t utf8_encode(uint32_t code, char out[UTF8_LONGEST]);
