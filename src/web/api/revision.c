/* revision.c - POST /api/events/traffic: events are found, and are a machine's or a human's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/revision.h"

#include "web/api/api.h"
#include "web/api/named.h"

static enum err find(const struct source *source, const struct answer_options *options, str request,
                     struct intake_job *job)
{
    return revision_find(source, options, request, job->found, &job->verdict);
}

void revision_answer(struct exchange *x)
{
    static const struct named revision = {INTAKE_REVISE, find, "revised"};

    named_answer(x, &revision);
}
