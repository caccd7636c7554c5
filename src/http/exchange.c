/* exchange.c - a handler's view of its request, and the answer it gives.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/exchange.h"

#include "http/problem.h"
#include "http/site.h"
#include "http/syntax.h"
#include "proto/form.h"

#include <assert.h>

const struct http_request *exchange_request(const struct exchange *x)
{
    return &x->request;
}

const struct route *exchange_route(const struct exchange *x)
{
    return x->route;
}

str exchange_header(const struct exchange *x, str name)
{
    for (size_t i = 0; i < x->request.header_count; i++)
        if (str_equals_nocase(x->request.headers[i].name, name))
            return x->request.headers[i].value;
    return (str){NULL, 0};
}

str exchange_path_value(struct exchange *x, str name)
{
    for (size_t i = 0; i < x->match.value_count; i++)
        if (str_equals(x->match.values[i].name, name))
            return form_decode(x->mem, x->match.values[i].text, false);
    return (str){NULL, 0};
}

str exchange_query_value(struct exchange *x, str name)
{
    return form_find(x->request.query, name, x->mem);
}

struct arena *exchange_mem(struct exchange *x)
{
    return x->mem;
}

void *exchange_context(const struct exchange *x)
{
    return x->site->config->context;
}

bool exchange_is_abandoned(const struct exchange *x)
{
    return atomic_load_explicit(&x->is_abandoned, memory_order_relaxed);
}

bool exchange_is_inline(const struct exchange *x)
{
    return site_is_entered(x->site) && x->site->running == x;
}

void exchange_move(struct exchange *x)
{
    assert(exchange_is_inline(x) && x->route->kind == ROUTE_EITHER);
    x->moves = true;
}

void exchange_add_header(struct exchange *x, str name, str value)
{
    /* A line break in a value would let its author write headers: better no answer than that. */
    if (!syntax_is_token(name) || !syntax_is_value(value)) {
        x->is_broken = true;
        return;
    }
    buf_add(&x->headers, name);
    buf_add(&x->headers, S(": "));
    buf_add(&x->headers, value);
    buf_add(&x->headers, S("\r\n"));
}

void exchange_watch(struct exchange *x, exchange_watcher *watch, void *argument)
{
    assert(x->watcher_count < EXCHANGE_WATCHERS);
    x->watchers[x->watcher_count].watch = watch;
    x->watchers[x->watcher_count++].argument = argument;
}

static void tell_watcher(struct exchange *x, str content_type)
{
    while (x->watcher_count) {
        size_t last = --x->watcher_count;

        x->watchers[last].watch(x->watchers[last].argument, x->status, content_type,
                                buf_str(&x->body));
    }
}

static void set_answer(struct exchange *x, int status, str content_type)
{
    assert(status >= 200 && status <= 599);
    x->status = status;
    if (content_type.len)
        exchange_add_header(x, S("Content-Type"), content_type);
}

void exchange_answer(struct exchange *x, int status, str content_type, str body)
{
    set_answer(x, status, content_type);
    buf_add(&x->body, body);
    tell_watcher(x, content_type);
    site_hand_back(x);
}

void exchange_answer_problem(struct exchange *x, int status, str detail)
{
    set_answer(x, status, PROBLEM_MEDIA_TYPE);
    problem_write(&x->body, status, detail);
    tell_watcher(x, PROBLEM_MEDIA_TYPE);
    site_hand_back(x);
}
