/* query_int.h - reading the parts of a question, for query_*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/query.h"

struct query_reader {
    const struct json *doc;
    struct arena *mem;
    size_t nodes; /* conditions, events and segments so far */
};

/* In all of these `label` names the part of the question for sentences, such as "where". */

/* Fails when the question has grown over QUERY_NODES. */
fallible query_condition_count(struct query_reader *reader);
/* A list of conditions, one, or none ({} and null), which gives NULL. */
fallible query_condition_read(struct query_reader *reader, uint32_t at, const char *label,
                              const struct query_condition **out);
/* {"prop","op","value"}; `at` must be an object. */
fallible query_condition_read_test(struct query_reader *reader, uint32_t at, const char *label,
                                   struct query_condition *out);
/* A name, or {"event":NAME,"where":C}. */
fallible query_condition_read_event(struct query_reader *reader, uint32_t at, const char *label,
                                    struct query_event *out);
fallible query_segment_read(struct query_reader *reader, uint32_t at, const char *label,
                            const struct query_segment **out);

/* Fills query->arguments by the params of query->kind from the members of the root. */
fallible query_parse_params(struct query_reader *reader, struct query *query);

/* A string that is not empty; `name` is the member. */
fallible query_condition_read_text(struct query_reader *reader, uint32_t at, const char *label,
                                   const char *name, str *out);
/* Refuses members of the object `at` that are not among `names`. */
fallible query_condition_refuse_others(struct query_reader *reader, uint32_t at, const char *label,
                                       const char *const *names, size_t count);
