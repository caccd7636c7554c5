/* traffic.h - was it a person or a machine? Judged by what one request says of itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each sign for or against a machine has a weight, the logarithm of how much likelier machines show
 * it than people; their sum, with how common machines are, is the logarithm of the odds.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct agent_reader;

enum { TRAFFIC_REASONS_MOST = 16 };

struct traffic_request {
    /* A header by its name in any case, or absent. */
    str (*header)(const void *owner, str name);
    const void *owner;
    size_t header_count; /* how many there are: what is missing tells only where some are told */
};

struct traffic_verdict {
    double probability; /* of a machine */
    bool is_machine;
    const char *reasons[TRAFFIC_REASONS_MOST]; /* the heaviest first */
    size_t reason_count;
};

/* ERR_LIMIT. */
fallible traffic_judge(struct agent_reader *agents, const struct traffic_request *request,
                       struct arena *mem, struct traffic_verdict *out_verdict);
