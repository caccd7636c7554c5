/* deletion.c - POST /api/events/delete: events are found, and gone from every answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/deletion.h"

#include "web/api/api.h"
#include "web/api/named.h"

static enum err find(const struct source *source, const struct answer_options *options, str request,
                     struct intake_job *job)
{
    return deletion_find(source, options, request, job->found);
}

void deletion_answer(struct exchange *x)
{
    static const struct named deletion = {INTAKE_DELETE, find, "deleted"};

    named_answer(x, &deletion);
}
