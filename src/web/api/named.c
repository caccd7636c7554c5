/* named.c - finds events by a question, and waits for the job that writes what is said of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/named.h"

#include "http/exchange.h"
#include "measure/events.h"
#include "store/deleted.h"
#include "store/log.h"
#include "sys/clock.h"
#include "web/api/job.h"
#include "web/web.h"

enum { PATIENCE_MS = 10000 };

/* The job has found something. */
static fallible write_job(struct exchange *x, struct intake_job *job, uint64_t *out_count)
{
    const struct web_config *config = web_config(web_of(x));
    uint64_t count = deleted_count(job->found, 0, UINT64_MAX);

    TRY(job_wait(config->intake, job));
    /* Durable now: whatever comes, no later start shows them as they were. */
    (void)events_wait(config->events, job->seq, PATIENCE_MS);
    *out_count = job->kind == INTAKE_DELETE ? job->deleted : count;
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
    struct intake_job job = {
        .kind = named->kind,
        .mem = exchange_mem(x),
        .received = clock_now(web_config(web_of(x))->sys),
    };
    enum err err;

    TRY(deleted_open(&job.found));
    err = find(x, named, &job);
    *out_count = 0;
    if (!err && deleted_count(job.found, 0, UINT64_MAX))
        err = write_job(x, &job, out_count);
    deleted_close(job.found);
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
