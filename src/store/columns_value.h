/* columns_value.h - what the dictionaries of a columns file hold.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/decimal.h"
#include "base/str.h"

enum { COLUMNS_DEPTH = 32 }; /* lists and objects within each other, at the most */

/* A value of a dictionary. Lists and objects own their children. */
enum columns_type {
    COLUMNS_NULL, /* was there, and null */
    COLUMNS_FALSE,
    COLUMNS_TRUE,
    COLUMNS_NUMBER,
    COLUMNS_TEXT,
    COLUMNS_LIST,
    COLUMNS_OBJECT,
};
struct columns_value {
    enum columns_type type;
    uint32_t count; /* children of a list or object */
    union {
        decimal number;
        str text;
        const struct columns_value *items;    /* list */
        const struct columns_member *members; /* object: ascending by path bytes */
    };
};
struct columns_member {
    str path;
    struct columns_value value;
};
