/* operator.h - one kind of question: what every op_*.c provides.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Workers each begin a state of their own, step it through the persons of their morsels, and are
 * merged in any order into one, which finishes. So a state may depend only on which persons it
 * saw. Memory comes from the worker's arena, whose cap is the question's bound.
 */
#pragma once
#include "measure/scan.h"

struct json_reader;
struct json_writer;

/* What a kind of question may and must have, beside the common members. In query.arguments
 * stands, at the same index, what a question says. */
enum query_param_type {
    PARAM_EVENT,    /* events[0] */
    PARAM_EVENTS,   /* events, 1 to QUERY_STEPS; null is as good as none */
    PARAM_MEASURE,  /* choice: enum query_measure; text: the property of MEASURE_SUM and on */
    PARAM_INTERVAL, /* query.interval, query.is_all_time */
    PARAM_SEGMENT,  /* segment */
    PARAM_PROPERTY, /* text; null is as good as none */
    PARAM_TEXT,     /* text, not empty */
    PARAM_CURSOR,   /* text; null is as good as none */
    PARAM_SPAN,     /* span */
    PARAM_NUMBER,   /* number, from least to most */
    PARAM_CHOICE,   /* choice: index among the choices */
};
struct query_param {
    const char *name;
    enum query_param_type type;
    bool is_required;
    const char *help; /* one line for people */
    uint64_t least, most;
    const char *const *choices; /* ends with NULL */
};

struct operator_shared {
    const struct query *query;
    const struct source *source;
    struct scan_plan *plan;
    struct scan_bounds bounds;
    size_t answer_bytes; /* bound of the answer's text */
    void *compiled;      /* what `compile` made; immutable afterwards */
};

struct operator_worker {
    const struct operator_shared *shared;
    struct scanner *scanner;
    struct arena *mem;
};

/* For who answers without a scan. */
struct operator_reading {
    struct arena *mem;
    struct json_reader *reader;
    bool may_wait;
};

struct operator_totals {
    uint64_t dropped; /* rows over the limit */
};

struct operator
{
    const char *kind;
    const struct query_param *params;
    size_t param_count;
    /* Once: marks and slots of the plan, columns of the answer. */
    enum err (*compile)(struct operator_shared * shared, struct arena * mem);
    /* The persons to look at; NULL: everyone. */
    size_t (*select)(const struct operator_shared *shared, node_id out_persons[2]);
    /* Answers a question that no audience narrows without a scan, and writes what `finish` would.
     * ERR_BUSY without a sentence: not without waiting, which it may not. NULL: it scans. */
    enum err (*read)(const struct operator_shared *shared, const struct operator_reading *reading,
                     struct json_writer *out, uint64_t *out_events_read);
    enum err (*begin)(const struct operator_worker *worker, void **out_state);
    enum err (*step)(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch);
    /* Takes what `other` found into `state`; `other` is not used again. */
    enum err (*merge)(const struct operator_worker *worker, void *state, void *other);
    /* Writes the members of the answer, without the braces around them. */
    enum err (*finish)(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals);
};

const struct operator* operator_find(str kind); /* NULL: none */
/* Appends the kinds there are, for people: "trend, people". */
void operator_list(struct buf *out);

/* Appends an instant as RFC 3339 in the query's zone, as a JSON string. */
void operator_write_time(const struct operator_shared *shared, struct json_writer *out, millis at);
/* Appends a number with all its digits. */
void operator_write_number(struct json_writer *out, decimal number);
/* ERR_LIMIT once the answer has outgrown its bound or could not grow; asked row by row. */
fallible operator_check_answer(const struct operator_shared *shared, const struct json_writer *out);
fallible operator_exhausted(void); /* ERR_LIMIT with advice what to ask instead */
