/* deletion.c - POST /api/events/delete: events are found, and gone from every answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was acknowledged when the request came is looked at; what matches is written to the log by
 * its sequence numbers, and answered once that is durable and questions know it.
 */
#include "measure/deletion.h"

#include "measure/events.h"
#include "store/deleted.h"
#include "store/log.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/api/job.h"
#include "web/web.h"

enum { PATIENCE_MS = 10000 };

static fallible write_deletion(struct exchange *x, struct deleted *found, uint64_t *out_count)
{
    const struct web_config *config = web_config(web_of(x));
    struct intake_job job = {
        .kind = INTAKE_DELETE,
        .mem = exchange_mem(x),
        .received = clock_now(config->sys),
        .found = found,
    };

    TRY(job_wait(config->intake, &job));
    /* Durable now: whatever comes, no later start shows them again. */
    (void)events_wait(config->events, job.seq, PATIENCE_MS);
    *out_count = job.deleted;
    return OK;
}

static bool is_abandoned(void *argument)
{
    return exchange_is_abandoned(argument);
}

static fallible find(struct exchange *x, struct deleted *found)
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
    err = deletion_find(&source, &options, exchange_request(x)->body, found);
    events_end(config->events);
    return err;
}

static fallible delete_events(struct exchange *x, uint64_t *out_count)
{
    struct deleted *found;
    enum err err;

    TRY(deleted_open(&found));
    err = find(x, found);
    *out_count = 0;
    if (!err && deleted_count(found, 0, UINT64_MAX))
        err = write_deletion(x, found, out_count);
    deleted_close(found);
    return err;
}

void deletion_answer(struct exchange *x)
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
    err = delete_events(x, &count);
    if (err) {
        web_fail(x, err);
    } else {
        buf_print(&out, "{\"deleted\":%llu}", (unsigned long long)count);
        web_answer_json(x, 200, &out);
    }
    buf_done(&out);
}
