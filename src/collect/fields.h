/* fields.h - a request that is a flat list of named values: a query, a form, a JSON object.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One pass, whatever the number of names: each is looked up among those that are known.
 */
#pragma once
#include "base/json.h"

struct fields {
    const str *names; /* those known, ascending by bytes */
    size_t count;
    str *values; /* one for each name, absent at first; of equal names the last counts */
    struct arena *mem;
    /* Is told of every other one; may be NULL. */
    void (*other)(void *owner, str name, str value);
    void *owner;
};

/* "a=1&b=two+words". An empty value counts as absent. ERR_LIMIT. */
fallible fields_read_form(struct fields *fields, str text);
/* Numbers, objects and arrays count as they are written, true and false as 1 and 0, null and ""
 * as absent. ERR_LIMIT. */
fallible fields_read_object(struct fields *fields, const struct json *doc, uint32_t object);
