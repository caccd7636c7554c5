/* scan.h - the events that a question looks at, person by person and already matched.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A question is compiled into a plan: marks, each a kind of event it wants to know, and slots, the
 * values of such events it wants to have. Scanning gives batches of persons, each with her hits in
 * order (time, then log sequence): the events up to as_of that have at least one mark. What has
 * none never reaches an operator, and no operator sees how events are stored.
 *
 * A plan is written by one thread and immutable from the first scan on; then any number of threads
 * scan, each with a scanner of its own. A range of node ids is a morsel: persons are named by
 * their oldest node, so two ranges share no person.
 */
#pragma once
#include "base/arena.h"
#include "measure/query.h"
#include "measure/source.h"

typedef uint64_t scan_marks; /* one bit a mark */

enum { SCAN_MOST_MARKS = 64, SCAN_MOST_SLOTS = 64, SCAN_BATCH_HITS = 4096 };

struct scan_plan;
struct scan_segment;
struct scanner;

struct scan_batch {
    size_t persons;
    const node_id *ids;         /* [person] */
    const uint32_t *first;      /* [person], and one more: her hits are [first[p], first[p + 1]);
                                 * first[0] need not be 0 */
    const millis *times;        /* [hit] and so are all below */
    const scan_marks *marks;    /* never 0 */
    const text_code *names;     /* what the event is called, "page" for a page; or NULL, too */
    const uint64_t *seqs;       /* NULL unless the plan asked for them */
    struct value *const *slots; /* [slot][hit]; VALUE_NULL where the hit has none of its marks */
};

/* --- Compiling. All lives in `mem`; source and query must outlive the plan. ------------------- */

struct scan_bounds {
    millis from;  /* inclusive */
    millis to;    /* exclusive */
    millis as_of; /* inclusive; nothing later is ever seen */
};

fallible scan_plan_open(struct arena *mem, const struct source *source, struct scan_bounds bounds,
                        const struct query_condition *where, struct scan_plan **out_plan);

enum scan_mark_flags {
    SCAN_IN_RANGE = 1,   /* only from <= time < to */
    SCAN_BEFORE_END = 2, /* only time < to */
    SCAN_WHERE = 4,      /* only what passes the question's "where" */
    SCAN_VIEWS = 8,      /* only calls of page and screen, whatever their names */
    SCAN_TRACKS = 16,    /* only calls of track */
};
/* Marks the events that match one of `events` (NULL, 0: any event at all). Equal wishes share a
 * mark. ERR_LIMIT: over SCAN_MOST_MARKS, or no memory. */
fallible scan_plan_mark(struct scan_plan *plan, const struct query_event *events, size_t count,
                        unsigned flags, scan_marks *out_mark);
/* A value for the hits that have one of the marks `of`: a property of the event or, as person.NAME,
 * a trait of the person as of as_of. ERR_LIMIT. */
fallible scan_plan_slot(struct scan_plan *plan, str path, scan_marks of, uint32_t *out_slot);
/* The node of the event's anonymousId as a number and in `code`, VALUE_NULL without one. */
fallible scan_plan_device(struct scan_plan *plan, scan_marks of, uint32_t *out_slot);
void scan_plan_seqs(struct scan_plan *plan);
void scan_plan_names(struct scan_plan *plan);
/* Also persons without a hit, as long as they have an event up to as_of. */
void scan_plan_everyone(struct scan_plan *plan);
/* What is needed to tell who belongs to a segment; her marks join the plan's. */
fallible scan_plan_segment(struct scan_plan *plan, const struct query_segment *tree,
                           const struct scan_segment **out_segment);
/* Only members are given. NULL: everyone. */
fallible scan_plan_audience(struct scan_plan *plan, const struct query_segment *tree);

/* When all is compiled: looks up what every scanner needs. ERR_LIMIT, ERR_IO, ERR_CORRUPT. */
fallible scan_plan_ready(struct scan_plan *plan);

/* --- Scanning --------------------------------------------------------------------------------- */

/* Takes a batch, which is borrowed until it returns. */
typedef enum err (*scan_taker)(void *argument, const struct scan_batch *batch);

fallible scan_open(const struct scan_plan *plan, struct scanner **out_scanner);
void scan_close(struct scanner *scanner); /* NULL is fine */
/* Gives the persons with ids in [from, to), whole persons only, in ascending order of ids; a batch
 * has more than SCAN_BATCH_HITS only for one person. Fails as the taker does; ERR_LIMIT. */
fallible scan_range(struct scanner *scanner, node_id from, node_id to, scan_taker taker,
                    void *argument);
uint64_t scan_events_read(const struct scanner *scanner); /* looked at so far */

/* Is the person number `person` of a batch a member? For segments of the batch's plan. */
bool scan_is_member(const struct scanner *scanner, const struct scan_segment *segment,
                    const struct scan_batch *batch, size_t person);
