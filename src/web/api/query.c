/* query.c - POST /api/query: a question in, its exact answer out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/answer.h"
#include "measure/events.h"
#include "sys/thread.h"
#include "web/api/api.h"
#include "web/web.h"

enum { BRIEF = 1024 };

static bool is_abandoned(void *argument)
{
    return exchange_is_abandoned(argument);
}

/* Most questions go through all there is; one of these asks for a page of one person's events. */
static bool is_brief(str body)
{
    return body.len <= BRIEF && str_contains(body, S("\"timeline\""));
}

/* On the loop: as far as it takes no time. */
static bool answer_inline(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct answer_options options = {.sys = config->sys, .memory_bytes = config->query_memory};
    str body = exchange_request(x)->body;
    struct source source;
    struct buf answer = {0};
    enum err err;

    if (!is_brief(body) || !web_is_ready(web_of(x)) || !events_try_begin(config->events, &source))
        return false;
    err = answer_at_once(&source, &options, body, &answer);
    events_end(config->events);
    if (!err)
        web_answer_json(x, 200, &answer);
    buf_done(&answer);
    return !err;
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

    if (exchange_is_inline(x)) {
        if (!answer_inline(x))
            exchange_move(x);
        return;
    }
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
