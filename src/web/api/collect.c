/* collect.c - POST to /v1/... and what trackers of other makers call: events in, answered once they
 * are durable.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "collect/dialect.h"
#include "collect/enrich.h"
#include "collect/segment.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/web.h"

#include <sodium.h>

/* One call on its way through the writer thread. */
struct call {
    struct intake_job job;
    struct exchange *exchange;
    int status; /* and the answer, when all is durable */
    str media, answer;
};

static bool shows_image(const struct call *call)
{
    return str_equals(call->media, S("image/gif"));
}

/* Who shows an image shows it whatever happened; the status says what. */
static void decline(struct call *call, int status, str reason)
{
    if (shows_image(call))
        exchange_answer(call->exchange, status, call->media, call->answer);
    else
        exchange_answer_problem(call->exchange, status, reason);
}

/* Nothing is wrong with the events: the sender may try again. */
static void answer_later(struct call *call, enum err err, str reason)
{
    exchange_add_header(call->exchange, S("Retry-After"), err == ERR_BUSY ? S("1") : S("10"));
    if (err == ERR_BUSY)
        decline(call, 429, reason);
    else if (err == ERR_FULL)
        decline(call, 503, S("no room on the disk: send the events again later"));
    else
        decline(call, 503, S("the events could not be stored: send them again later"));
}

/* On the writer thread: all is durable, or nothing is. */
static void answer(struct intake_job *job)
{
    struct call *call = job->owner;
    struct exchange *x = call->exchange;

    if (job->err == OK)
        exchange_answer(x, call->status, call->media, call->answer);
    else
        answer_later(call, job->err, str_of(job->reason));
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

static void refuse_key(struct call *call, enum err entry)
{
    struct exchange *x = call->exchange;
    str reason = str_of(err_text());

    if (entry == ERR_BUSY) {
        decline(call, 429, reason);
    } else if (entry == ERR_DENIED) {
        decline(call, 403, reason);
    } else {
        if (!shows_image(call)) /* nobody who looks at a page is asked for a password */
            exchange_add_header(x, S("WWW-Authenticate"), S("Basic realm=\"write key\""));
        decline(call, 401, reason);
    }
}

/* Why, if at all, nothing of the call is stored: see gate_collect. */
static fallible enter(struct exchange *x, str key, bool needs_key)
{
    if (!key.data && needs_key)
        return fail(ERR_ABSENT,
                    "give the write key as Basic user name or as \"writeKey\" in the body");
    return gate_collect(web_gate(web_of(x)), x, key);
}

static str header_of(const void *owner, str name)
{
    return exchange_header(owner, name);
}

static str name_at(const void *owner, size_t i)
{
    return exchange_request(owner)->headers[i].name;
}

static struct enrich_request whose_request(struct exchange *x, bool is_dialect)
{
    const struct http_request *request = exchange_request(x);

    return (struct enrich_request){
        .header = header_of,
        .owner = x,
        .name_at = name_at,
        .header_count = request->header_count,
        .is_old = !request->minor_version,
        .is_secure = request->is_secure,
        .address = request->peer,
        .is_dialect = is_dialect,
    };
}

/* Of the events only texts of the body and of the exchange's memory stay. So the reader is given
 * back at once: the next request finds it at hand, not in another core's memory. */
static fallible read_body(struct exchange *x, struct intake_job *job, struct segment_call *kind,
                          str *out_write_key)
{
    const struct web_config *config = web_config(web_of(x));
    struct json_reader *reader = web_take_reader(web_of(x));
    struct enrich_request whose = whose_request(x, false);
    enum err err = reader ? OK : mem_exhausted();

    if (!err && !kind->is_history)
        err = enrich_begin(config->enrich, &whose, job->mem, &kind->enrich);
    if (!err)
        err = segment_read(config->intake, reader, exchange_request(x)->body, kind, job,
                           out_write_key);
    enrich_end(kind->enrich);
    if (reader)
        web_give_reader(web_of(x), reader);
    return err;
}

/* `*out_entry` and the latest sentence say whether and why it may not. */
static fallible read_call(struct exchange *x, struct intake_job *job, struct segment_call *kind,
                          enum err *out_entry)
{
    str key = basic_user(x), body_key;

    *out_entry = key.data ? enter(x, key, true) : OK;
    if (*out_entry)
        return OK;
    TRY(read_body(x, job, kind, &body_key));
    if (!key.data)
        *out_entry = enter(x, body_key, true);
    return OK;
}

/* NULL: there is no memory, and that was answered. */
static struct call *begin_call(struct exchange *x)
{
    struct call *call = arena_take(exchange_mem(x), sizeof *call), none = {.exchange = x};

    if (!call) {
        answer_later(&none, ERR_LIMIT, (str){NULL, 0});
        return NULL;
    }
    call->exchange = x;
    call->job.mem = exchange_mem(x);
    call->job.owner = call;
    call->job.done = answer;
    call->status = 200;
    return call;
}

/* Hands over what was read, or says why not. */
static void post(struct call *call, enum err err, enum err entry)
{
    if (!err && entry) {
        intake_note_refused(web_config(web_of(call->exchange))->intake, call->job.count);
        refuse_key(call, entry);
        return;
    }
    if (!err)
        err = intake_post(web_config(web_of(call->exchange))->intake, &call->job);
    if (!err)
        return; /* answered by the writer thread */
    if (err == ERR_INVALID)
        decline(call, 400, str_of(err_text()));
    else if (err == ERR_LIMIT && !mem_was_refused())
        decline(call, 413, S("too many events in one request: send fewer at a time"));
    else
        answer_later(call, err, str_of(err_text()));
}

static void collect(struct exchange *x, str type, bool is_history)
{
    struct segment_call kind = {type, is_history, is_history, clock_now(web_config(web_of(x))->sys),
                                NULL};
    struct call *call = begin_call(x);
    enum err err, entry;

    if (!call)
        return;
    call->media = S("application/json");
    call->answer = S("{\"success\":true}");
    err = read_call(x, &call->job, &kind, &entry);
    post(call, err, entry);
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

/* Dialects */

/* A dialect whose requests carry no key is heard for its site's name. */
static fallible read_dialect(struct exchange *x, struct call *call, const struct dialect *dialect,
                             struct json_reader *reader, enum err *out_entry)
{
    const struct web_config *config = web_config(web_of(x));
    const struct http_request *request = exchange_request(x);
    struct segment_call kind = {.has_visitors = true, .received = clock_now(config->sys)};
    struct dialect_request given = {
        .path = request->path,
        .query = request->query,
        .media = exchange_header(x, S("content-type")),
        .body = request->body,
        .address = request->peer,
        .agent = exchange_header(x, S("user-agent")),
        .language = enrich_has(config->enrich, ENRICH_LANGUAGE)
                        ? exchange_header(x, S("accept-language"))
                        : (str){NULL, 0},
        .referrer = exchange_header(x, S("referer")),
        .received = kind.received,
        .header = header_of,
        .owner = x,
    };
    struct dialect_out out = {.request = &given, .reader = reader, .mem = exchange_mem(x)};
    struct enrich_request whose = whose_request(x, true);
    enum err err;
    str batch, none;

    err = dialect_read(dialect, &out, &batch);
    call->status = out.status;
    call->media = out.media;
    call->answer = out.body;
    if (err)
        return err;
    TRY(enrich_begin(config->enrich, &whose, call->job.mem, &kind.enrich));
    err = segment_read(config->intake, reader, batch, &kind, &call->job, &none);
    enrich_end(kind.enrich);
    if (err)
        return err;
    if (!out.key.data)
        out.key = basic_user(x);
    *out_entry = enter(x, out.key, out.needs_key);
    return OK;
}

static void collect_dialect(struct exchange *x, const struct dialect *dialect)
{
    struct call *call = begin_call(x);
    struct json_reader *reader;
    enum err err, entry = OK;

    if (!call)
        return;
    if (exchange_request(x)->method == HTTP_HEAD) { /* who only looks is nobody's event */
        exchange_answer(x, 200, S("image/gif"), (str){NULL, 0});
        return;
    }
    if (exchange_request(x)->method == HTTP_GET)
        exchange_add_header(x, S("Cache-Control"), S("no-store"));
    reader = web_take_reader(web_of(x));
    err = reader ? read_dialect(x, call, dialect, reader, &entry) : mem_exhausted();
    if (reader)
        web_give_reader(web_of(x), reader);
    post(call, err, entry);
}

#define DIALECT(name)                                                                              \
    void collect_##name(struct exchange *x)                                                        \
    {                                                                                              \
        collect_dialect(x, &dialect_##name);                                                       \
    }
#include "collect/dialects.def"
#undef DIALECT
