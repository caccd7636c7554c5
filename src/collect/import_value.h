/* import_value.h - what a cell's text is: a number, a truth, a time or text; and its JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/time.h"

struct zone;

enum import_type {
    IMPORT_GUESSED, /* decided over the whole file */
    IMPORT_TEXT,
    IMPORT_INTEGER,
    IMPORT_DECIMAL,
    IMPORT_BOOLEAN,
    IMPORT_TIME,
    IMPORT_NUMBER, /* guessed: a decimal as JSON writes it, exact */
};

/* How times of one column are read. */
struct import_clock {
    const struct zone *zone; /* of times that do not say theirs; NULL: UTC */
    str format;              /* as in time_format.h; absent: RFC 3339 or a date */
};

enum { IMPORT_MAYBE_NUMBER = 1, IMPORT_MAYBE_BOOLEAN = 2 };

/* Which of the two `text` can be, blanks around it aside; it is not empty. A number counts when
 * JSON writes it so and it is kept exactly: no leading zeros, at most 18 digits. */
unsigned import_value_guess(str text);
/* Is it a time of the clock's? */
bool import_value_time(const struct import_clock *clock, str text, millis *out_at);
/* Writes the text's JSON value at `at` and returns the place behind, NULL when it is none of that
 * type. Not for IMPORT_GUESSED. At most 6 bytes for each of the text's and 32. */
char *import_value_write(char *at, enum import_type type, const struct import_clock *clock,
                         str text);
/* "an integer", "a time" ... */
const char *import_value_name(enum import_type type);
