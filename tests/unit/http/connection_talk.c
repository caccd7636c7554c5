/* connection_talk.c - routes of a small server, and what it is told and says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connection_talk.h"

#include "base/mem.h"
#include "support/test.h"
#include "sys/sys.h"

#include <string.h>

static void hello(struct exchange *x)
{
    exchange_answer(x, 200, S("text/plain"), S("hello"));
}

static void echo(struct exchange *x)
{
    const struct http_request *request = exchange_request(x);
    str body = request->body;
    volatile char sum = 0;

    for (int i = 0; i < SITE_PADDING; i++) /* must be readable */
        sum = (char)(sum + body.data[body.len + (size_t)i]);
    exchange_answer(x, 200, S("text/plain"), body);
}

static void describe(struct exchange *x)
{
    str text = arena_print(
        exchange_mem(x), "%.*s|%.*s|%.*s|%.*s", STR_ARG(exchange_path_value(x, S("id"))),
        STR_ARG(exchange_query_value(x, S("q"))), STR_ARG(exchange_header(x, S("x-note"))),
        STR_ARG(exchange_request(x)->peer));

    exchange_add_header(x, S("X-One"), S("1"));
    exchange_answer(x, 201, S("text/plain"), text);
}

static void inject(struct exchange *x)
{
    exchange_add_header(x, S("Location"), S("/\r\nSet-Cookie: a=b"));
    exchange_answer(x, 302, S(""), S(""));
}

static void nothing(struct exchange *x)
{
    exchange_answer(x, 204, S(""), S("not sent"));
}

static void hold(struct exchange *x)
{
    struct talk *w = exchange_context(x);

    w->held[w->held_count++] = x;
}

static void large(struct exchange *x)
{
    char *text = arena_take(exchange_mem(x), 1 << 20);

    if (!text) {
        exchange_answer_problem(x, 503, S("out of memory"));
        return;
    }
    memset(text, 'x', 1 << 20);
    exchange_answer(x, 200, S("text/plain"), str_from(text, 1 << 20));
}

static bool authorise(struct exchange *x, int permission)
{
    CHECK_INT(permission, 7);
    CHECK(exchange_request(x)->body.len == 0);
    if (str_equals(exchange_header(x, S("authorization")), S("yes")))
        return true;
    if (str_equals(exchange_header(x, S("authorization")), S("later"))) {
        exchange_add_header(x, S("X-One"), S("1"));
        exchange_add_header(x, S("Retry-After"), S("3"));
        exchange_answer_problem(x, 429, S("come again later"));
    } else {
        exchange_answer_problem(x, 401, S("who are you?"));
    }
    return false;
}

/* What is not easy is left to a worker. */
static void echo_if_easy(struct exchange *x)
{
    if (exchange_is_inline(x) && !str_equals(exchange_request(x)->body, S("easy")))
        exchange_move(x);
    else
        exchange_answer(x, exchange_is_inline(x) ? 200 : 202, S("text/plain"),
                        exchange_request(x)->body);
}

static bool keep_for_worker(void *pool, struct exchange *x)
{
    struct talk *w = pool;

    w->pooled = w->pool_is_full ? NULL : x;
    return !w->pool_is_full;
}

static const struct route routes[] = {
    {HTTP_GET, "/", hello, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_POST, "/echo", echo, 0, ROUTE_INLINE, MEDIA_JSON, 200000, 300000, false},
    {HTTP_POST, "/any", echo, 0, ROUTE_INLINE, MEDIA_ANY, 1000, 1000, false},
    {HTTP_GET, "/people/:id", describe, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_GET, "/inject", inject, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_GET, "/nothing", nothing, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_POST, "/hold", hold, 0, ROUTE_INLINE, MEDIA_ANY, 100000, 100000, false},
    {HTTP_POST, "/private", echo, 7, ROUTE_INLINE, MEDIA_ANY, 1 << 20, 1 << 20, false},
    {HTTP_POST, "/pool", echo, 0, ROUTE_POOL, MEDIA_ANY, 100000, 100000, false},
    {HTTP_POST, "/either", echo_if_easy, 0, ROUTE_EITHER, MEDIA_ANY, 100000, 100000, false},
    {HTTP_GET, "/large", large, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_POST, "/open", echo, 0, ROUTE_INLINE, MEDIA_JSON, 1000, 1000, .is_shared = true},
    {HTTP_GET, "/open", hello, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
};

struct talk *talk_open(void)
{
    struct talk *w = mem_alloc(sizeof *w);

    server_limits_default(&w->config.limits);
    w->config.limits.header_bytes = 1024;
    w->config.limits.body_memory = 600000;
    w->config.limits.request_ms = 10000;
    w->config.limits.idle_ms = 60000;
    w->config.limits.write_ms = 30000;
    w->config.limits.refusals = 0;
    w->config.sys = sys_real();
    w->config.context = w;
    w->config.authorise = authorise;
    CHECK_OK(router_open(routes, sizeof routes / sizeof routes[0], &w->router));
    CHECK_OK(site_init(&w->site, &w->config, w->router, &w->totals));
    w->site.box = mailbox_open(NULL, NULL);
    w->site.dispatch = keep_for_worker;
    w->site.pool = w;
    site_enter(&w->site);
    site_set_time(&w->site, 784111777000); /* the RFC's Sun, 06 Nov 1994 08:49:37 GMT */
    w->now_ns = MS;
    w->c = connection_open(&w->site, S("10.0.0.1"), w, w->now_ns);
    return w;
}

void talk_close(struct talk *w)
{
    connection_close(w->c);
    CHECK_INT(atomic_load(&w->totals.body_bytes), 0);
    CHECK_INT(w->site.outstanding, 0);
    mailbox_close(w->site.box);
    site_done(&w->site);
    router_close(w->router);
    buf_done(&w->out);
    mem_free(w);
}

/* Takes up to `most` bytes of output. */
void talk_take(struct talk *w, size_t most)
{
    while (most) {
        str part = str_slice(connection_output(w->c), 0, most);

        if (part.len == 0)
            return;
        buf_add(&w->out, part);
        most -= part.len;
        connection_sent(w->c, part.len, w->now_ns);
    }
}

void talk_put_part(struct talk *w, str in)
{
    while (in.len) {
        size_t room;
        char *window = connection_window(w->c, &room);

        if (!window)
            return;
        room = room < in.len ? room : in.len;
        memcpy(window, in.data, room);
        connection_received(w->c, room, w->now_ns);
        in = str_slice(in, room, in.len);
    }
}

void talk_put(struct talk *w, str in)
{
    talk_put_part(w, in);
    talk_take(w, SIZE_MAX);
}

/* The statuses of all answers so far: "200 404 ". */
str talk_statuses(const struct talk *w)
{
    str rest = buf_str(&w->out), out = S("");

    for (size_t i = 0; i + 12 < rest.len; i++)
        if (str_starts(str_slice(rest, i, rest.len), S("HTTP/1.1 ")) && rest.data[i + 9] < 'a')
            out = arena_print(test_mem, "%.*s%.*s ", STR_ARG(out), 3, rest.data + i + 9);
    return out;
}

bool talk_said(const struct talk *w, const char *text)
{
    return str_contains(buf_str(&w->out), str_of(text));
}

int talk_count(const struct talk *w, const char *text)
{
    str rest = buf_str(&w->out), part = str_of(text);
    int count = 0;

    for (size_t i = 0; i + part.len <= rest.len; i++)
        count += str_starts(str_slice(rest, i, rest.len), part);
    return count;
}
