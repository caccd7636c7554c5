/* web.c - the routes, who may use them, and how errors become answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/web_int.h"

#include "base/mem.h"
#include "collect/intake.h"
#include "store/users.h"
#include "sys/thread.h"
#include "web/api/api.h"
#include "web/audited.h"
#include "web/journal.h"
#include "web/repeat.h"

#include <stdio.h>

enum { KB = 1024, MB = 1024 * 1024, IDLE_READERS = 32, SENTENCE = 512 };

/* Who may only read writes nothing, whatever the method. A write may carry an Idempotency-Key. */
#define IS_WRITE(method, permission) ((permission) > WEB_READ && HTTP_##method != HTTP_GET)

static void run_write(struct exchange *x);

static const struct route ROUTES[] = {
#define ROUTE(method, path, handler, permission, kind, media, body, unpacked)                      \
    {HTTP_##method, path,     IS_WRITE(method, permission) ? run_write : handler,                  \
     permission,    kind,     media,                                                               \
     body,          unpacked, (permission) == WEB_COLLECT},
#include "web/routes.def"
#undef ROUTE
};

static void (*const HANDLERS[])(struct exchange *x) = {
#define ROUTE(method, path, handler, ...) handler,
#include "web/routes.def"
#undef ROUTE
};

static void run_once(struct exchange *x)
{
    audited_run(x, HANDLERS[exchange_route(x) - ROUTES]);
}

static void run_write(struct exchange *x)
{
    repeat_run(x, run_once);
}

struct web {
    struct web_config config;
    struct web_stats stats;
    struct gate *gate;
    atomic_bool is_ready;
    atomic_bool is_combined;
    _Atomic(struct server *) server;
    atomic_uint sandbox;
    struct mutex *lock; /* of the idle readers */
    struct json_reader *idle[IDLE_READERS];
    size_t idle_count;
};

fallible web_open(const struct web_config *config, struct web **out_web)
{
    struct web *web = mem_alloc(sizeof *web);
    enum err err;

    if (!web)
        return mem_exhausted();
    web->config = *config;
    web->lock = mutex_open();
    err = web->lock ? gate_open(config->sys, config->access, users_sessions(config->users),
                                &config->gate, &web->gate)
                    : mem_exhausted();
    if (err)
        web_close(web);
    else
        *out_web = web;
    return err;
}

void web_close(struct web *web)
{
    if (!web)
        return;
    while (web->idle_count)
        json_reader_close(web->idle[--web->idle_count]);
    gate_close(web->gate);
    mutex_close(web->lock);
    mem_free(web);
}

const struct web_config *web_config(const struct web *web)
{
    return &web->config;
}

struct gate *web_gate(struct web *web)
{
    return web->gate;
}

struct web_stats *web_stats(struct web *web)
{
    return &web->stats;
}

void web_set_ready(struct web *web, bool ready)
{
    atomic_store(&web->is_ready, ready);
}

bool web_is_ready(const struct web *web)
{
    return atomic_load(&((struct web *)web)->is_ready);
}

void web_set_combined(struct web *web, bool combined)
{
    atomic_store(&web->is_combined, combined);
}

bool web_is_combined(const struct web *web)
{
    return atomic_load(&((struct web *)web)->is_combined);
}

void web_set_sandbox(struct web *web, unsigned parts)
{
    atomic_store(&web->sandbox, parts);
}

unsigned web_sandbox(const struct web *web)
{
    return atomic_load(&((struct web *)web)->sandbox);
}

struct web *web_of(const struct exchange *x)
{
    return exchange_context(x);
}

/* Readers */

struct json_reader *web_take_reader(struct web *web)
{
    struct json_reader *reader = NULL;

    mutex_lock(web->lock);
    if (web->idle_count)
        reader = web->idle[--web->idle_count];
    mutex_unlock(web->lock);
    return reader ? reader : json_reader_open();
}

void web_give_reader(struct web *web, struct json_reader *reader)
{
    mutex_lock(web->lock);
    if (web->idle_count < IDLE_READERS) {
        web->idle[web->idle_count++] = reader;
        reader = NULL;
    }
    mutex_unlock(web->lock);
    json_reader_close(reader);
}

fallible web_read_object(struct exchange *x, struct json_reader *reader, struct json *out_doc)
{
    TRY(json_parse(reader, exchange_mem(x), exchange_request(x)->body, out_doc));
    if (json_type_of(out_doc, 0) != JSON_OBJECT)
        return fail(ERR_INVALID, "the body must be a JSON object");
    return OK;
}

/* Answers */

static int status_of(enum err err)
{
    switch (err) {
    case OK:
        return 200;
    case ERR_INVALID:
        return 422;
    case ERR_ABSENT:
        return 404;
    case ERR_CONFLICT:
        return 409;
    case ERR_EXPIRED:
        return 410;
    case ERR_DENIED:
        return 403;
    case ERR_LIMIT:
        return 422;
    case ERR_BUSY:
        return 429;
    case ERR_FULL:
        return 503;
    case ERR_IO:
    case ERR_CORRUPT:
        break;
    }
    return 500;
}

/* Of a body that is no JSON at all nothing can be wrong in particular: 400, not 422. */
static bool is_malformed(struct exchange *x)
{
    const struct http_request *request = exchange_request(x);
    struct json_reader *reader;
    struct json doc;
    bool is_json;

    if ((request->method != HTTP_POST && request->method != HTTP_PUT) ||
        !(reader = web_take_reader(web_of(x))))
        return false;
    is_json = json_parse(reader, exchange_mem(x), request->body, &doc) != ERR_INVALID;
    web_give_reader(web_of(x), reader);
    return !is_json;
}

void web_fail(struct exchange *x, enum err err)
{
    char sentence[SENTENCE];
    int status = err == ERR_LIMIT && mem_was_refused() ? 503 : status_of(err);

    snprintf(sentence, sizeof sentence, "%s", err_text());
    if (err == ERR_INVALID && is_malformed(x))
        status = 400;

    if (err == ERR_BUSY)
        exchange_add_header(x, S("Retry-After"), S("1"));
    if (status == 503)
        exchange_add_header(x, S("Retry-After"), S("10"));
    if (status == 500) {
        journal_error(web_of(x)->config.sys, "request failed", sentence);
        exchange_answer_problem(x, status, S("the server could not do this; its log says why"));
        return;
    }
    if (err == ERR_FULL) {
        exchange_answer_problem(x, status, S("no room on the disk: send it again later"));
        return;
    }
    exchange_answer_problem(x, status, str_of(sentence));
}

void web_answer_json(struct exchange *x, int status, const struct buf *json)
{
    if (buf_is_broken(json))
        web_fail(x, mem_exhausted());
    else
        exchange_answer(x, status, S("application/json"), buf_str(json));
}

/* Who may */

/* What cannot be stored need not be read and parsed first: that takes the time of what can. Whoever
 * shows an image is told later, by an image. */
static bool turns_away(struct exchange *x)
{
    if (exchange_request(x)->method != HTTP_POST || !intake_is_crowded(web_of(x)->config.intake))
        return false;
    exchange_add_header(x, S("Retry-After"), S("5"));
    exchange_answer_problem(x, 429,
                            S("more waits to be stored than may wait: send it again later"));
    return true;
}

static bool authorise(struct exchange *x, int permission)
{
    return !(permission == WEB_COLLECT && turns_away(x)) &&
           gate_admit(web_of(x)->gate, x, permission);
}

static bool allows_origin(void *context, str origin)
{
    return gate_knows_origin(((struct web *)context)->gate, origin);
}

static void note(void *context, const struct route *route, int status, int64_t nanoseconds)
{
    struct web_stats *stats = &((struct web *)context)->stats;
    int bucket = 0;

    if (status >= 100 && status < 600)
        atomic_fetch_add_explicit(&stats->answers[status / 100], 1, memory_order_relaxed);
    if (!route || !str_starts(str_of(route->path), S("/v1/")))
        return;
    if (status >= 400) {
        atomic_fetch_add_explicit(&stats->refused, 1, memory_order_relaxed);
        return;
    }
    while (bucket < WEB_BUCKETS - 1 && nanoseconds > 100000LL << bucket)
        bucket++;
    atomic_fetch_add_explicit(&stats->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&stats->collect_count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&stats->collect_ns, (uint64_t)nanoseconds, memory_order_relaxed);
}

fallible web_serve(struct web *web, const struct web_doors *doors,
                   const struct server_limits *limits, struct server **out_server)
{
    struct server_config config = {
        .sys = web->config.sys,
        .listen = doors->listen,
        .tls_listen = doors->tls_listen,
        .is_behind = doors->is_behind,
        .is_tls_behind = doors->is_tls_behind,
        .terms = doors->terms,
        .routes = ROUTES,
        .route_count = sizeof ROUTES / sizeof ROUTES[0],
        .limits = *limits,
        .context = web,
        .authorise = authorise,
        .allows_origin = allows_origin,
        .note = note,
    };

    TRY(server_start(&config, out_server));
    atomic_store(&web->server, *out_server);
    return OK;
}

const struct server *web_server(const struct web *web)
{
    return atomic_load(&((struct web *)web)->server);
}

void web_note_reload(struct web *web, bool is_done)
{
    atomic_fetch_add(is_done ? &web->stats.reloads : &web->stats.failed_reloads, 1);
}
