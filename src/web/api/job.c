/* job.c - a change handed to the log-writer thread, and waited for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/job.h"

#include "base/mem.h"
#include "sys/clock.h"
#include "sys/thread.h"
#include "web/web.h"

/* What the writer thread wakes. */
struct waiting {
    struct mutex *lock;
    struct condition *ended;
    bool is_over;
};

struct intake_job *job_new(struct exchange *x, enum intake_kind kind)
{
    struct intake_job *job = arena_take(exchange_mem(x), sizeof *job);

    if (!job) {
        web_fail(x, arena_exhausted());
        return NULL;
    }
    job->kind = kind;
    job->mem = exchange_mem(x);
    job->received = clock_now(web_config(web_of(x))->sys);
    return job;
}

static void tell_end(struct intake_job *job)
{
    struct waiting *waiting = job->owner;

    mutex_lock(waiting->lock);
    waiting->is_over = true;
    condition_signal(waiting->ended);
    mutex_unlock(waiting->lock);
}

static fallible post(struct intake *intake, struct intake_job *job, struct waiting *waiting)
{
    job->owner = waiting;
    job->done = tell_end;
    TRY(intake_post(intake, job));
    mutex_lock(waiting->lock);
    while (!waiting->is_over)
        condition_wait(waiting->ended, waiting->lock);
    mutex_unlock(waiting->lock);
    return job->err ? fail(job->err, "%s", job->reason) : OK;
}

fallible job_wait(struct intake *intake, struct intake_job *job)
{
    struct waiting waiting = {.lock = mutex_open(), .ended = condition_open()};
    enum err err = waiting.lock && waiting.ended ? post(intake, job, &waiting) : mem_exhausted();

    condition_close(waiting.ended);
    mutex_close(waiting.lock);
    return err;
}

void job_post(struct exchange *x, struct intake_job *job,
              void (*answer)(struct exchange *x, const struct intake_job *job))
{
    enum err err = job_wait(web_config(web_of(x))->intake, job);

    if (err)
        web_fail(x, err);
    else
        answer(x, job);
}
