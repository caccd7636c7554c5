/* scan_int.h - a plan once compiled, free of how events are stored, for scan*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * scan_plan.c and scan_segment.c compile. scan_rows.c carries a plan out row by row over any
 * source. scan.c gives each scanner one that carries out.
 */
#pragma once
#include "measure/matcher.h"
#include "measure/scan.h"

enum { SCAN_MOST_TRAITS = 16 };

#define SCAN_NO_TRAIT UINT32_MAX

/* What a mark stands for. */
struct scan_wish {
    const struct query_event *trees; /* as asked: equal wishes share a mark */
    const struct matcher_event *events;
    size_t count; /* 0: any event at all */
    unsigned flags;
};

struct scan_slot {
    struct matcher_property property;
    str path;
    scan_marks of;
};

/* Marks that an event may have by its name, or by its type. */
struct scan_candidates {
    scan_marks sure;  /* by name or type alone */
    scan_marks maybe; /* a matcher's own condition decides */
};

struct scan_name {
    struct scan_candidates marks; /* none: free */
    text_code code;
};

struct scan_plan {
    struct arena *mem;
    const struct source *source;
    struct scan_bounds bounds;
    struct matcher_plan *matchers;
    const struct query_condition *where_tree; /* NULL: none */
    const struct matcher_condition *where;
    const struct scan_files *files;                           /* NULL: all events are in memory */
    const struct scan_segment *audience;                      /* NULL: everyone */
    const struct matcher_condition *traits[SCAN_MOST_TRAITS]; /* tests of the audience */
    uint32_t trait_count;
    millis since; /* nothing before has a mark that anyone looks at */
    bool gives_seqs;
    bool gives_names;
    bool gives_devices;
    bool gives_everyone;
    bool takes_kinds;
    const millis *periods; /* where those start that are taken instead of times */
    uint32_t period_count; /* 0: none are */
    struct scan_wish wishes[SCAN_MOST_MARKS];
    uint32_t mark_count;
    struct scan_slot slots[SCAN_MOST_SLOTS];
    uint32_t slot_count;
    scan_marks in_range; /* marks by their flags */
    scan_marks before_end;
    scan_marks where_marks;
    scan_marks views;
    scan_marks tracks;
    struct scan_candidates types[EVENT_ALIAS + 1];
    struct scan_name *names; /* by hash of the code; a power of two */
    uint32_t name_room;
    uint32_t name_count;
};

struct scan_segment {
    enum query_segment_kind kind;
    const struct scan_segment *children;
    size_t child_count;
    const struct matcher_condition *trait;
    uint32_t trait_number;   /* among the plan's, or SCAN_NO_TRAIT: they were too many */
    const scan_marks *steps; /* of SEGMENT_DID one */
    size_t step_count;
    bool has_sum;
    uint32_t sum; /* slot */
    const struct query_bound *bounds;
    size_t bound_count;
    uint64_t counts; /* without a sum: which of the counts below 64 are within the bounds */
    millis after;    /* exclusive start of the window that ends at as_of */
    millis window;
};

/* The marks that an event of this name may have, whatever its time and conditions. */
struct scan_candidates scan_plan_candidates(const struct scan_plan *plan, text_code name);
/* Those that its type forbids, and those that its time does. */
scan_marks scan_plan_forbidden_by_type(const struct scan_plan *plan, enum event_type type);
scan_marks scan_plan_forbidden_by_time(const struct scan_plan *plan, millis time);

/* The same as scan_plan_mark where only events from `since` on matter. ERR_LIMIT. */
fallible scan_plan_mark_since(struct scan_plan *plan, const struct query_event *events,
                              size_t count, millis since, scan_marks *out_mark);

struct scan_sets;

/* Who decides about persons. */
struct scan_judge {
    struct matcher_scope *scope;
    const struct scan_sets *sets; /* of traits; NULL: the scope is asked for each */
};

/* Her marks and slots join the plan's. ERR_LIMIT. */
fallible scan_segment_compile(struct scan_plan *plan, const struct query_segment *tree,
                              struct scan_segment *out);
/* Is the person a member? The scope has entered her; her hits are complete. */
bool scan_segment_holds(const struct scan_segment *segment, const struct scan_judge *judge,
                        const struct scan_batch *batch, size_t person);

struct scan_rows;

struct scan_met;

/* `scope` and `met` must outlive it. */
fallible scan_rows_open(const struct scan_plan *plan, struct matcher_scope *scope,
                        struct scan_met *met, struct scan_rows **out_rows);
void scan_rows_close(struct scan_rows *rows); /* NULL is fine */
fallible scan_rows_range(struct scan_rows *rows, node_id from, node_id to, scan_taker taker,
                         void *argument);
uint64_t scan_rows_read(const struct scan_rows *rows);
