/* query.h - a question as a tree: read from JSON, checked, free of how events are stored.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is refused is refused with a sentence that names the member and says what it may be.
 * Unknown members are refused too: a misspelt "wehre" must not quietly count everything. A
 * question is nested at most JSON_DEPTH deep and has at most QUERY_NODES conditions, so walking it
 * by recursion is bounded.
 */
#pragma once
#include "base/arena.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/zone.h"

enum { QUERY_BYTES = 1 << 20, QUERY_NODES = 10000, QUERY_STEPS = 32 };
enum { QUERY_LIMIT = 50, QUERY_PAGE = 1000, QUERY_MOST_ROWS = 1000000 };

struct operator;

struct query_value {
    enum { QUERY_NULL, QUERY_BOOL, QUERY_NUMBER, QUERY_TEXT } type;
    bool boolean;
    decimal number;
    str text;
};

enum query_test {
    TEST_IS,
    TEST_IN,
    TEST_CONTAINS,
    TEST_STARTS,
    TEST_GT,
    TEST_GTE,
    TEST_LT,
    TEST_LTE,
    TEST_SET
};

enum query_condition_kind {
    CONDITION_ALL,
    CONDITION_ANY,
    CONDITION_NOT,
    CONDITION_EACH,
    CONDITION_TEST
};

struct query_condition {
    enum query_condition_kind kind;
    enum query_test test;
    bool is_negated;                  /* is_not, not_in ... */
    str property;                     /* of CONDITION_TEST and CONDITION_EACH */
    const struct query_value *values; /* one, or of TEST_IN any number */
    size_t value_count;
    const struct query_condition *children;
    size_t child_count;
};

struct query_event {
    str name;                            /* "*": every track, page and screen event */
    const struct query_condition *where; /* NULL: none */
};

enum query_bound_test { BOUND_GTE, BOUND_LTE, BOUND_GT, BOUND_LT, BOUND_EQ };
struct query_bound {
    enum query_bound_test test;
    decimal number;
};

enum query_segment_kind {
    SEGMENT_ALL,
    SEGMENT_ANY,
    SEGMENT_NOT,
    SEGMENT_TRAIT,
    SEGMENT_DID,
    SEGMENT_SEQUENCE
};

struct query_segment {
    enum query_segment_kind kind;
    const struct query_segment *children;
    size_t child_count;
    const struct query_condition *trait; /* one CONDITION_TEST; property without "person." */
    const struct query_event *events;    /* one, or the steps of a sequence */
    size_t event_count;
    str sum;                          /* property whose sum is bounded; absent: the count is */
    const struct query_bound *bounds; /* all must hold */
    size_t bound_count;
    millis within; /* -1: ever */
    millis window; /* of a sequence */
};

enum query_measure {
    MEASURE_EVENTS,
    MEASURE_PEOPLE,
    MEASURE_PER_PERSON,
    MEASURE_SUM,
    MEASURE_MEAN,
    MEASURE_MIN,
    MEASURE_MAX,
    MEASURE_MEDIAN
};

/* What a question says of one parameter of its kind: see operator.h. */
struct query_argument {
    bool is_given;
    const struct query_event *events;
    size_t event_count;
    const struct query_segment *segment;
    str text;
    millis span;
    uint64_t number;
    unsigned choice;
};

enum { QUERY_MOST_PARAMS = 8 };

struct query {
    const struct operator* kind;
    struct zone *zone;
    bool has_from, has_to, has_as_of, has_limit, is_all_time;
    bool is_raw; /* with the events of machines */
    millis from, to, as_of;
    const struct query_condition *where;
    const struct query_segment *audience; /* NULL: everyone */
    str by;                               /* absent: none */
    uint64_t limit;
    enum zone_interval interval;                        /* unless is_all_time */
    struct query_argument arguments[QUERY_MOST_PARAMS]; /* as the kind's params stand */
};

/* Reads a question. Everything it points to lives in `mem`, but for the zone: query_done. */
fallible query_parse(struct json_reader *reader, struct arena *mem, str text,
                     struct query *out_query);
/* Reads which events are meant: {"event","where","from","to","timezone"}, of which one of the first
 * four must be there. `out_event` has no name where none is given. */
fallible query_parse_events(struct json_reader *reader, struct arena *mem, str text,
                            struct query *out_query, struct query_event *out_event);
/* The same with "verdict", which must be there: "machine" or "human". */
fallible query_parse_revision(struct json_reader *reader, struct arena *mem, str text,
                              struct query *out_query, struct query_event *out_event,
                              bool *out_is_machine);
void query_done(struct query *query);
