/* scan.h - the events that a question looks at, person by person and already matched.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A question is compiled into a plan: marks, each a kind of event it wants to know, and slots, the
 * values of such events. Scanning gives batches of persons, each with her hits in order (time, then
 * log sequence): the events up to as_of that have at least one mark.
 *
 * A plan is written by one thread and immutable from the first scan on; then any number of threads
 * scan, each with a scanner of its own. A range of node ids is a morsel: persons are named by
 * their oldest node, so two ranges share no person.
 */
#pragma once
#include "base/arena.h"
#include "base/pick.h"
#include "measure/query.h"
#include "measure/source.h"
#include "store/columns.h"

typedef uint64_t scan_marks; /* one bit a mark */

enum { SCAN_MOST_MARKS = 64, SCAN_MOST_SLOTS = 64, SCAN_BATCH_HITS = 4096 };
enum { SCAN_KINDS = PICK_KINDS, SCAN_FETCHED_AHEAD = 1024, SCAN_TIMES_A_LINE = 8 };

struct scan_plan;
struct scanner;

/* A slot's values by number; 0 is null. Equal values may have several numbers, and a number means
 * the same value in all batches of a scanner. Those of files come first. */
struct scan_values {
    const struct value *filed;
    uint32_t filed_count;
    const struct value *met;
};

/* Kinds of hits: all of one have the same marks and name. */
struct scan_kinds {
    uint32_t count;
    const scan_marks *marks; /* [SCAN_KINDS] by kind; 0 is no hit */
    const text_code *names;  /* [SCAN_KINDS] of those with a mark */
};

/* A slot's values where they lie. */
struct scan_filed {
    struct columns_block block;
    uint32_t base; /* code + 1 is the value number base + code + 1 */
};

struct scan_batch {
    size_t persons;
    const node_id *ids;      /* [person] */
    const uint32_t *first;   /* [person] her hits are [first[p], end[p]) */
    const uint32_t *end;     /* [person] */
    const millis *times;     /* [hit] as all below, unless told */
    const scan_marks *marks; /* never 0 */
    const text_code *names;  /* what the event is called, "page" for a page */
    const uint64_t *seqs;    /* NULL unless the plan asked for them, and so are these */
    const node_id *devices;  /* the node of the anonymousId, or 0 */
    uint32_t *const *slots;  /* [slot][hit] numbers of values; 0 without one of its marks */
    const struct scan_values *values; /* [slot] */
    /* Who takes kinds may instead of marks, names and slots get these, and hits without a mark: */
    const struct scan_kinds *kinds_of; /* NULL: no, marks, names and slots */
    const uint8_t *kinds;              /* [hit], 64 readable bytes beyond */
    const uint32_t *since;             /* [person] no mark SCAN_IN_RANGE counts before this hit */
    const struct scan_filed *filed;    /* [slot] */
    const uint8_t *periods; /* instead of times and `since`: [hit - row], 64 bytes beyond */
    const uint64_t *timely; /* then: [hit - row] bits of those in range; NULL: all are */
    uint32_t row;           /* then: the first hit */
};

/* Of a hit that has one of the slot's marks. */
static inline uint32_t scan_number(const struct scan_batch *batch, uint32_t slot, uint32_t hit)
{
    uint32_t code;

    if (!batch->kinds_of)
        return batch->slots[slot][hit];
    code = columns_code(&batch->filed[slot].block, hit);
    return code ? batch->filed[slot].base + code : 0;
}

/* Has the processor fetch times some way behind those of [from, to). */
static inline void scan_fetch_times(const struct scan_batch *batch, uint32_t from, uint32_t to)
{
    for (uint32_t hit = from; hit < to; hit += SCAN_TIMES_A_LINE)
        __builtin_prefetch(batch->times + hit + SCAN_FETCHED_AHEAD);
}

static inline const struct value *scan_value(const struct scan_batch *batch, uint32_t slot,
                                             uint32_t hit)
{
    uint32_t number = scan_number(batch, slot, hit);
    const struct scan_values *values = &batch->values[slot];

    return number < values->filed_count ? &values->filed[number]
                                        : &values->met[number - values->filed_count];
}

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
void scan_plan_devices(struct scan_plan *plan);
void scan_plan_seqs(struct scan_plan *plan);
void scan_plan_names(struct scan_plan *plan);
/* Batches may have kinds instead of marks, and persons in no order. */
void scan_plan_kinds(struct scan_plan *plan);
/* And periods instead of times, if all marks are SCAN_IN_RANGE. The first starts before these. */
void scan_plan_periods(struct scan_plan *plan, const millis *starts, uint32_t count);
/* Also persons without a hit, as long as they have an event up to as_of. */
void scan_plan_everyone(struct scan_plan *plan);
/* Only members are given; asked twice, only who belongs to both. NULL: everyone. */
fallible scan_plan_audience(struct scan_plan *plan, const struct query_segment *tree);

/* When all is compiled: looks up what every scanner needs. ERR_LIMIT, ERR_IO, ERR_CORRUPT. */
fallible scan_plan_ready(struct scan_plan *plan);

/* --- Scanning --------------------------------------------------------------------------------- */

/* Takes a batch, which is borrowed until it returns. */
typedef enum err (*scan_taker)(void *argument, const struct scan_batch *batch);

fallible scan_open(const struct scan_plan *plan, struct scanner **out_scanner);
void scan_close(struct scanner *scanner); /* NULL is fine */
/* Gives the persons with ids in [from, to), whole persons only, in ascending order of ids, in
 * batches of some thousand hits: more only for one person. Fails as the taker does; ERR_LIMIT. */
fallible scan_range(struct scanner *scanner, node_id from, node_id to, scan_taker taker,
                    void *argument);
uint64_t scan_events_read(const struct scanner *scanner); /* looked at so far */
