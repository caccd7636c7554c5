/* named.c - finds events by a question, and waits for the job that writes what is said of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/named.h"

#include "base/mem.h"
#include "http/exchange.h"
#include "measure/events.h"
#include "store/deleted.h"
#include "store/log.h"
#include "sys/clock.h"
#include "sys/thread.h"
#include "web/web.h"

enum { PATIENCE_MS = 10000 };

/* A job that this thread waits for. */
struct waiting {
    struct intake_job job; /* first: a job is its waiting */
    struct mutex *lock;
    struct condition *ended;
    bool is_over;
};

static void tell_end(struct intake_job *job)
{
    struct waiting *waiting = (struct waiting *)job;

    mutex_lock(waiting->lock);
    waiting->is_over = true;
    condition_signal(waiting->ended);
    mutex_unlock(waiting->lock);
}

static fallible post(struct intake *intake, struct waiting *waiting)
{
    TRY(intake_post(intake, &waiting->job));
    mutex_lock(waiting->lock);
    while (!waiting->is_over)
        condition_wait(waiting->ended, waiting->lock);
    mutex_unlock(waiting->lock);
    return waiting->job.err ? fail(waiting->job.err, "%s", waiting->job.reason) : OK;
}

/* The job has found something. */
static fallible write_job(struct exchange *x, struct waiting *waiting, uint64_t *out_count)
{
    const struct web_config *config = web_config(web_of(x));
    uint64_t count = deleted_count(waiting->job.found, 0, UINT64_MAX);
    enum err err;

    waiting->lock = mutex_open();
    waiting->ended = condition_open();
    err = waiting->lock && waiting->ended ? post(config->intake, waiting) : mem_exhausted();
    condition_close(waiting->ended);
    mutex_close(waiting->lock);
    if (err)
        return err;
    /* Durable now: whatever comes, no later start shows them as they were. */
    (void)events_wait(config->events, waiting->job.seq, PATIENCE_MS);
    *out_count = waiting->job.kind == INTAKE_DELETE ? waiting->job.deleted : count;
    return OK;
}

static bool is_abandoned(void *argument)
{
    return exchange_is_abandoned(argument);
}

static fallible find(struct exchange *x, const struct named *named, struct intake_job *job)
{
    const struct web_config *config = web_config(web_of(x));
    struct answer_options options = {
        .sys = config->sys,
        .memory_bytes = config->query_memory,
        .is_cancelled = is_abandoned,
        .argument = x,
    };
    struct source source;
    enum err err;

    if (!events_wait(config->events, log_durable_seq(config->log), PATIENCE_MS))
        return fail(ERR_BUSY, "the newest events are not in memory yet: send it again later");
    events_begin(config->events, &source);
    err = named->find(&source, &options, exchange_request(x)->body, job);
    events_end(config->events);
    return err;
}

static fallible change(struct exchange *x, const struct named *named, uint64_t *out_count)
{
    struct waiting waiting = {
        .job = {.kind = named->kind,
                .mem = exchange_mem(x),
                .received = clock_now(web_config(web_of(x))->sys),
                .done = tell_end},
    };
    enum err err;

    TRY(deleted_open(&waiting.job.found));
    err = find(x, named, &waiting.job);
    *out_count = 0;
    if (!err && deleted_count(waiting.job.found, 0, UINT64_MAX))
        err = write_job(x, &waiting, out_count);
    deleted_close(waiting.job.found);
    return err;
}

void named_answer(struct exchange *x, const struct named *named)
{
    struct buf out = {0};
    uint64_t count;
    enum err err;

    if (!web_is_ready(web_of(x))) {
        exchange_add_header(x, S("Retry-After"), S("1"));
        exchange_answer_problem(x, 503,
                                S("not all events are in memory yet: ask again in a moment"));
        return;
    }
    err = change(x, named, &count);
    if (err) {
        web_fail(x, err);
    } else {
        buf_print(&out, "{\"%s\":%llu}", named->member, (unsigned long long)count);
        web_answer_json(x, 200, &out);
    }
    buf_done(&out);
}
