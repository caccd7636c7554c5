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

enum { FLATTEN_FOLLOW = 256, FLATTEN_TRACED_ITEMS = 1024, FLATTEN_TRACED_RUNS = 256 };

/* What one message's runs were made of, so that messages of the same shape need no walk. */
struct flatten_item {
    uint32_t property : 24;
    uint32_t type : 7; /* CELL_LIST and CELL_OBJECT: a run of the trace; all else: a value */
    uint32_t is_derived : 1;
    uint32_t source; /* index of that run or, of a value, of its node in the message */
};

struct flatten_trace {
    struct flatten_item items[FLATTEN_TRACED_ITEMS];
    uint32_t item_count;
    uint32_t run_count; /* the last is the message's */
    bool is_incomplete; /* there were too many */
    struct {
        uint32_t run; /* in the cells */
        uint32_t first;
        uint32_t count;
    } runs[FLATTEN_TRACED_RUNS];
};

struct flatten {
    struct cells *cells;
    struct dictionary *texts;
    struct dictionary *paths;
    uint64_t *refused;             /* counts values left out */
    struct arena *mem;             /* scratch for one message; the caller resets it */
    struct flatten_entry *entries; /* grows and is used again; flatten_done */
    uint32_t count;
    uint32_t room;
    struct flatten_trace *trace;     /* NULL: none is kept */
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
