/* mend.h - a map from events as they were sent to events as they should have been.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   {"remove":[PATH...], "rename":{PATH:PATH}, "convert":{PATH:TYPE}, "set":{PATH:VALUE}}
 *
 * is done in this order, whatever order it is written in. A PATH is of the whole message,
 * "properties.products.price"; on its way it goes through every element of a list. What a PATH does
 * not find stays undone; "set" makes it. TYPE is string, number, integer, boolean or array; a value
 * that cannot be read as such stays as it is. A "rename" leaves what has the new name already.
 */
#pragma once
#include "base/json.h"

enum { MEND_STEPS = 100, MEND_PARTS = 16 /* of a path */ };

struct mend; /* in an arena; may be shared by threads */

/* Reads the map at `at`; JSON_ABSENT is one that changes nothing. Keeps nothing of the document.
 * ERR_INVALID names what is wrong; ERR_LIMIT. */
fallible mend_read(const struct json *doc, uint32_t at, struct arena *mem, struct mend **out_mend);
/* Applies it to `body`, with JSON_PADDING readable bytes behind the result in `mem`. ERR_INVALID:
 * the body is no JSON object. */
fallible mend_apply(const struct mend *mend, struct json_reader *reader, struct arena *mem,
                    str body, str *out_body);
