/* repeat.c - asks store/repeats.h before a write, and tells it the answer behind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/repeat.h"

#include "http/request.h"
#include "store/repeats.h"
#include "sys/clock.h"
#include "web/journal.h"
#include "web/web.h"

enum { NAME_MOST = 255 };

struct call {
    struct web *web;
    struct repeats_ticket ticket;
    struct repeats_answer answer; /* of the first request */
};

/* A string as RFC 8941 writes it, or what stands there. */
static fallible read_name(str header, str *out_name)
{
    if (header.len >= 2 && str_starts(header, S("\"")) && str_ends(header, S("\"")))
        header = str_slice(header, 1, header.len - 1);
    if (!header.len || header.len > NAME_MOST)
        return fail(ERR_INVALID, "an Idempotency-Key has 1 to %d characters", NAME_MOST);
    *out_name = header;
    return OK;
}

static fallible begin(struct exchange *x, str header, struct call *call)
{
    const struct web_config *config = web_config(call->web);
    const struct http_request *request = exchange_request(x);
    struct repeats_request wanted = {
        .secret = gate_secret(x),
        .method = request_method_name(request->method),
        .target = request->target,
        .body = request->body,
    };
    unsigned needed = gate_scope(exchange_route(x)->permission);
    struct gate_visitor visitor;

    TRY(read_name(header, &wanted.name));
    TRY(gate_identify(web_gate(call->web), x, &visitor));
    if ((visitor.scopes & needed) != needed)
        return fail(ERR_DENIED, "this is not allowed any more");
    wanted.key_id = visitor.is_user ? -visitor.session.id : visitor.key_id;
    return repeats_begin(config->repeats, &wanted, clock_now(config->sys), exchange_mem(x),
                         &call->ticket, &call->answer);
}

static void keep(void *argument, int status, str media, str body)
{
    struct call *call = argument;
    const struct web_config *config = web_config(call->web);
    struct repeats_answer answer = {status, media, body};

    if (status == 429 || status == 503)
        answer = (struct repeats_answer){0};
    else if (status >= 500)
        return;
    if (repeats_end(config->repeats, &call->ticket, &answer) != OK)
        journal_error(config->sys, "an answer could not be kept for its repetition", err_text());
}

static void refuse(struct exchange *x, enum err err)
{
    if (err == ERR_INVALID) {
        exchange_answer_problem(x, 422, str_of(err_text()));
    } else if (err == ERR_CONFLICT || err == ERR_EXPIRED) {
        if (err == ERR_CONFLICT)
            exchange_add_header(x, S("Retry-After"), S("1"));
        exchange_answer_problem(x, 409, str_of(err_text()));
    } else {
        web_fail(x, err);
    }
}

void repeat_run(struct exchange *x, void (*handler)(struct exchange *x))
{
    str header = exchange_header(x, S("Idempotency-Key"));
    struct call *call;
    enum err err;

    if (!header.data) {
        handler(x);
        return;
    }
    call = arena_take(exchange_mem(x), sizeof *call);
    if (!call) {
        web_fail(x, arena_exhausted());
        return;
    }
    call->web = web_of(x);
    err = begin(x, header, call);
    if (err) {
        refuse(x, err);
    } else if (call->answer.status) {
        exchange_add_header(x, S("Idempotency-Replayed"), S("true"));
        exchange_answer(x, call->answer.status, call->answer.media, call->answer.body);
    } else {
        exchange_watch(x, keep, call);
        handler(x);
    }
}
