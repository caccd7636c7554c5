/* query.c - POST /api/query: a question in, its exact answer out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/answer.h"
#include "measure/events.h"
#include "sys/thread.h"
#include "web/api/api.h"
#include "web/web.h"

static bool is_abandoned(void *argument)
{
    return exchange_is_abandoned(argument);
}

void query_answer(struct exchange *x)
{
    struct web *web = web_of(x);
    const struct web_config *config = web_config(web);
    struct answer_options options = {
        .sys = config->sys,
        .memory_bytes = config->query_memory,
        .is_cancelled = is_abandoned,
        .argument = x,
    };
    struct source source;
    struct buf answer = {0};
    enum err err;

    if (!web_is_ready(web)) {
        exchange_add_header(x, S("Retry-After"), S("1"));
        exchange_answer_problem(x, 503,
                                S("not all events are in memory yet: ask again in a moment"));
        return;
    }
    events_begin(config->events, &source);
    options.workers = answer_workers(&source, (unsigned)thread_cores());
    err = answer_query(&source, &options, exchange_request(x)->body, &answer);
    events_end(config->events);
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &answer);
    buf_done(&answer);
}
