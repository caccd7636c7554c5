/* flatten.h - a Segment message as runs of cells under flat paths.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   {"a":{"b":1},"c":[{"d":2}]}  ->  a.b = 1, c = [{d = 2}], c.d = [2]
 *
 * Of equal paths the last wins, as of equal keys. An object in a list keeps its own paths, so that
 * conditions on one element can be asked. Paths beyond the bounds of events.h are left out and
 * counted.
 */
#pragma once
#include "base/json.h"
#include "measure/cells.h"
#include "measure/dictionary.h"

enum { FLATTEN_FOLLOW = 256 };

struct flatten {
    struct cells *cells;
    struct dictionary *texts;
    struct dictionary *paths;
    uint64_t *refused;             /* counts values left out */
    struct arena *mem;             /* scratch for one message; the caller resets it */
    struct flatten_entry *entries; /* grows and is used again; flatten_done */
    uint32_t count;
    uint32_t room;
    uint32_t path;                   /* the latest */
    uint32_t follow[FLATTEN_FOLLOW]; /* by the low bits of a path, what came behind it last */
};

void flatten_done(struct flatten *state);

/* An event's properties: those of `properties` or else `traits`, a page's or screen's own `name`,
 * and `context` under context. - as one run. */
fallible flatten_message(struct flatten *state, const struct json *message, bool is_view,
                         uint32_t *out_run);
/* The traits of an identify call as one run. */
fallible flatten_traits(struct flatten *state, const struct json *message, uint32_t *out_run);
