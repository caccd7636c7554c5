/* collect.c - POST to /v1/...: events in, 200 once they are durable.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "collect/segment.h"
#include "store/access.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/web.h"

#include <sodium.h>

/* One call on its way through the writer thread. */
struct call {
    struct intake_job job;
    struct exchange *exchange;
};

/* Nothing is wrong with the events: the sender may try again. */
static void answer_later(struct exchange *x, enum err err, str reason)
{
    exchange_add_header(x, S("Retry-After"), err == ERR_BUSY ? S("1") : S("10"));
    if (err == ERR_BUSY)
        exchange_answer_problem(x, 429, reason);
    else if (err == ERR_FULL)
        exchange_answer_problem(x, 503, S("no room on the disk: send the events again later"));
    else
        exchange_answer_problem(x, 503, S("the events could not be stored: send them again later"));
}

/* On the writer thread: all is durable, or nothing is. */
static void answer(struct intake_job *job)
{
    struct call *call = job->owner;
    struct exchange *x = call->exchange;

    if (job->err == OK)
        exchange_answer(x, 200, S("application/json"), S("{\"success\":true}"));
    else
        answer_later(x, job->err, str_of(job->reason));
}

/* The write key of a Basic user name, or absent. */
static str basic_user(struct exchange *x)
{
    str header = exchange_header(x, S("Authorization"));
    str word = str_cut(&header, ' ');
    char *text = arena_take(exchange_mem(x), header.len + 1);
    size_t len;
    str user;

    if (!str_equals_nocase(word, S("Basic")) || !text ||
        sodium_base642bin((unsigned char *)text, header.len + 1, header.data, header.len, " ", &len,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return (str){NULL, 0};
    user = str_from(text, len);
    return str_cut(&user, ':');
}

static bool may_write(struct exchange *x, str key)
{
    const struct web_config *config = web_config(web_of(x));
    struct access_grant grant;

    return key.data &&
           access_check(config->access, key, ACCESS_WRITE, clock_now(config->sys), &grant) == OK;
}

static void refuse_key(struct exchange *x)
{
    exchange_add_header(x, S("WWW-Authenticate"), S("Basic realm=\"write key\""));
    exchange_answer_problem(
        x, 401, S("give the write key as Basic user name or as \"writeKey\" in the body"));
}

/* Of the events only texts of the body and of the exchange's memory stay. So the reader is given
 * back at once: the next request finds it at hand, not in another core's memory. */
static fallible read_body(struct exchange *x, struct intake_job *job,
                          const struct segment_call *kind, str *out_write_key)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    enum err err = reader ? segment_read(web_config(web_of(x))->intake, reader,
                                         exchange_request(x)->body, kind, job, out_write_key)
                          : mem_exhausted();

    if (reader)
        web_give_reader(web_of(x), reader);
    return err;
}

static fallible read_call(struct exchange *x, struct intake_job *job,
                          const struct segment_call *kind, bool *out_may)
{
    str key = basic_user(x), body_key;

    *out_may = false;
    if (key.data && !may_write(x, key))
        return OK;
    TRY(read_body(x, job, kind, &body_key));
    *out_may = key.data || may_write(x, body_key);
    return OK;
}

static void collect(struct exchange *x, str type, bool is_history)
{
    const struct web_config *config = web_config(web_of(x));
    struct segment_call kind = {type, is_history, clock_now(config->sys)};
    struct call *call = arena_take(exchange_mem(x), sizeof *call);
    enum err err;
    bool may;

    if (!call) {
        answer_later(x, ERR_LIMIT, (str){NULL, 0});
        return;
    }
    call->exchange = x;
    call->job.mem = exchange_mem(x);
    call->job.owner = call;
    call->job.done = answer;
    err = read_call(x, &call->job, &kind, &may);
    if (!err && may)
        err = intake_post(config->intake, &call->job);
    if (!err && may)
        return; /* answered by the writer thread */
    if (err == ERR_INVALID) {
        exchange_answer_problem(x, 400, str_of(err_text()));
    } else if (err == ERR_LIMIT && !mem_was_refused()) {
        exchange_answer_problem(x, 413, S("too many events in one request: send fewer at a time"));
    } else if (err) {
        answer_later(x, err, str_of(err_text()));
    } else {
        refuse_key(x);
    }
}

void collect_batch(struct exchange *x)
{
    collect(x, (str){NULL, 0}, false);
}

void collect_import(struct exchange *x)
{
    collect(x, (str){NULL, 0}, true);
}

void collect_track(struct exchange *x)
{
    collect(x, S("track"), false);
}

void collect_identify(struct exchange *x)
{
    collect(x, S("identify"), false);
}

void collect_page(struct exchange *x)
{
    collect(x, S("page"), false);
}

void collect_screen(struct exchange *x)
{
    collect(x, S("screen"), false);
}

void collect_group(struct exchange *x)
{
    collect(x, S("group"), false);
}

void collect_alias(struct exchange *x)
{
    collect(x, S("alias"), false);
}
