/* job.c - a change handed to the log-writer thread, answered when it is durable.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/job.h"

#include "sys/clock.h"
#include "web/web.h"

struct pending {
    struct intake_job job; /* first: a job is its pending */
    struct exchange *exchange;
    void (*answer)(struct exchange *x, const struct intake_job *job);
};

struct intake_job *job_new(struct exchange *x, enum intake_kind kind)
{
    struct pending *pending = arena_take(exchange_mem(x), sizeof *pending);

    if (!pending) {
        web_fail(x, arena_exhausted());
        return NULL;
    }
    pending->exchange = x;
    pending->job.kind = kind;
    pending->job.mem = exchange_mem(x);
    pending->job.received = clock_now(web_config(web_of(x))->sys);
    return &pending->job;
}

static void done(struct intake_job *job)
{
    struct pending *pending = (struct pending *)job;

    if (job->err)
        web_fail(pending->exchange, fail(job->err, "%s", job->reason));
    else
        pending->answer(pending->exchange, job);
}

void job_post(struct exchange *x, struct intake_job *job,
              void (*answer)(struct exchange *x, const struct intake_job *job))
{
    enum err err;

    ((struct pending *)job)->answer = answer;
    job->done = done;
    err = intake_post(web_config(web_of(x))->intake, job);
    if (err)
        web_fail(x, err);
}
