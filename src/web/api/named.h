/* named.h - events that a request names by a condition are found, and something is said of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was acknowledged when the request came is looked at; what matches is written to the log by
 * its sequence numbers, and answered once that is durable and questions know it.
 */
#pragma once
#include "collect/intake.h"
#include "measure/answer.h"

struct exchange;

struct named {
    enum intake_kind kind; /* of the job that says it */
    /* Finds the events, and what else the job needs. */
    enum err (*find)(const struct source *source, const struct answer_options *options, str request,
                     struct intake_job *job);
    const char *member; /* of the answer: how many were changed */
};

void named_answer(struct exchange *x, const struct named *named);
