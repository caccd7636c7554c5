/* scan_view.h - a plan compiled against one column file.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every test of a property is decided once for each of its distinct values in the file; an event
 * then needs a look-up by its code. Immutable once made; lives in the plan's memory.
 */
#pragma once
#include "measure/scan_int.h"
#include "store/columns.h"

/* A test of the person inside an "each". */
struct view_person_test {
    const struct query_condition *tree;
    const struct matcher_condition *compiled;
};

/* A condition over a row: a test by code, a test of the person, or several of them. */
struct view_node {
    enum query_condition_kind
        kind;              /* CONDITION_TEST and CONDITION_EACH: by code, or of the person */
    uint32_t block;        /* of the view, or COLUMNS_NONE: no row has the property */
    const uint8_t *passes; /* [code + 1], or NULL: ask `test` and `values` */
    const struct query_condition *test;
    const struct columns_value *values;          /* of an "each" that asks for the person */
    const struct view_person_test *person_tests; /* of that "each" */
    size_t person_test_count;
    const struct matcher_condition *of_person; /* a test of a trait */
    const struct view_node *children;
    size_t child_count;
};

struct view_event {
    const bool *kinds;             /* [kind]: is it called so? */
    const struct view_node *where; /* NULL: none */
};

struct view_wish {
    const struct view_event *events;
    size_t count;
};

struct view_slot {
    uint32_t block; /* or COLUMNS_NONE */
    uint32_t base;  /* code + 1 is the slot's value number base + code + 1 */
};

struct view_trait {
    uint32_t block;             /* or COLUMNS_NONE */
    uint32_t count;             /* of values, with null */
    const struct value *values; /* [code + 1]; [0] is null */
};

/* A test of a trait. */
struct view_trait_test {
    uint32_t block;        /* or COLUMNS_NONE */
    const uint8_t *is_odd; /* [code + 1]: 1 where it decides other than no value does */
};

/* What all files have of a slot: their dictionaries, one after the other behind null. */
struct view_filed {
    struct value *values;
    uint32_t count;
};

struct scan_view {
    struct columns *columns;
    const struct scan_candidates *kinds; /* [kind], without what its type forbids */
    const uint8_t *wanted; /* [kind], PICK_KINDS at least: 1 where it may have a mark */
    const uint8_t *ranged; /* of these, those that have none before the range of the question */
    const uint8_t *ended;  /* and those that have none behind it */
    bool is_all_ranged;
    bool is_all_ended;
    bool is_sure;           /* a kind alone decides, but for the time */
    scan_marks all_sure;    /* of all kinds together */
    bool is_even;           /* each kind that is wanted has all of these */
    const text_code *names; /* [kind] */
    uint32_t *properties;   /* the blocks that rows need: their numbers in the file */
    uint32_t property_count;
    const struct view_wish *wishes;            /* [mark] */
    const struct view_node *where;             /* NULL: none */
    const struct view_slot *slots;             /* [slot] of events' properties */
    const struct view_trait *traits;           /* [slot of the matcher's scope] */
    const struct view_trait_test *trait_tests; /* [trait of the plan] */
};

/* Makes the view of a file and adds its values to those of each slot, which must have the room.
 * ERR_LIMIT, ERR_IO, ERR_CORRUPT. */
fallible scan_view_make(const struct scan_plan *plan, struct columns *columns,
                        struct view_filed *filed, struct scan_view *out_view);
