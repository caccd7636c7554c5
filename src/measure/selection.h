/* selection.h - finds the events that a request names by a condition.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/query.h"
#include "measure/scan.h"

struct answer_options;

struct selection {
    const struct query *query; /* of query_parse_events, with the event */
    const struct query_event *event;
    str path; /* of a property whose value is given, as slot 0; absent: none */
    scan_taker taker;
    void *argument;
};

/* Gives the events of all times that the query matches, with their sequence numbers, machines' as
 * the source has them. The source must take texts of its own. Fails as answer_query does. */
fallible selection_scan(const struct source *source, const struct answer_options *options,
                        struct arena *mem, const struct selection *selection);
