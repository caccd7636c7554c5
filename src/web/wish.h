/* wish.h - small JSON bodies: an object of a few texts and switches, and nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/exchange.h"

enum wish_kind { WISH_TEXT, WISH_BOOL };

struct wish_member {
    const char *name;
    enum wish_kind kind;
    str *text;     /* absent where it is not given; lives in exchange_mem */
    bool *is_true; /* of WISH_BOOL; written where it is given */
    bool *is_given;
};

/* Reads the body. A member that the list does not name is refused, so that none is misspelt.
 * ERR_INVALID. */
fallible wish_read(struct exchange *x, const struct wish_member *members, size_t count);
