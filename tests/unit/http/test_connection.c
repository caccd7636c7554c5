/* test_connection.c - requests and answers over a connection without sockets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/connection.h"

#include "base/mem.h"
#include "http/terms.h"
#include "support/test.h"
#include "sys/sys.h"

#include <string.h>

enum { MS = 1000000, MAX_HELD = 8 };

/* One loop's worth of server around one connection. */
struct world {
    struct server_config config;
    struct router *router;
    struct site_totals totals;
    struct site site;
    struct connection *c;
    struct exchange *held[MAX_HELD]; /* by the route /hold */
    struct exchange *pooled;
    size_t held_count;
    bool pool_is_full;
    int64_t now_ns;
    struct buf out; /* everything sent so far, with dates blanked */
};

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
    struct world *w = exchange_context(x);

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
    struct world *w = pool;

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

static struct world *open_world(void)
{
    struct world *w = mem_alloc(sizeof *w);

    server_limits_default(&w->config.limits);
    w->config.limits.header_bytes = 1024;
    w->config.limits.body_memory = 600000;
    w->config.limits.request_ms = 10000;
    w->config.limits.idle_ms = 60000;
    w->config.limits.write_ms = 30000;
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

static void close_world(struct world *w)
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
static void take_output(struct world *w, size_t most)
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

static void put_part(struct world *w, str in)
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

static void put(struct world *w, str in)
{
    put_part(w, in);
    take_output(w, SIZE_MAX);
}

/* The statuses of all answers so far: "200 404 ". */
static str statuses(const struct world *w)
{
    str rest = buf_str(&w->out), out = S("");

    for (size_t i = 0; i + 12 < rest.len; i++)
        if (str_starts(str_slice(rest, i, rest.len), S("HTTP/1.1 ")) && rest.data[i + 9] < 'a')
            out = arena_print(test_mem, "%.*s%.*s ", STR_ARG(out), 3, rest.data + i + 9);
    return out;
}

static bool said(const struct world *w, const char *text)
{
    return str_contains(buf_str(&w->out), str_of(text));
}

static int count_of(const struct world *w, const char *text)
{
    str rest = buf_str(&w->out), part = str_of(text);
    int count = 0;

    for (size_t i = 0; i + part.len <= rest.len; i++)
        count += str_starts(str_slice(rest, i, rest.len), part);
    return count;
}

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST "\r\n"

/* "hello", and 5,000 times "a". */
#define HELLO_GZIP                                                                                 \
    "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb"                                                           \
    "H\xcd\xc9\xc9\x07\0\x86\xa6\x10"                                                              \
    "6\x05\0\0\0"
#define LONG_GZIP                                                                                  \
    "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1"                                                       \
    "1\x01\0\0\0\xc2\xa0\xac\xeb_\xc2\x14~@\x01\0\0\0\0o\x03vY\xf4L\x88\x13\0\0"
#define HELLO_ZLIB "x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15"
#define HELLO_BARE "\xcbH\xcd\xc9\xc9\x07\x00"
#define DEFLATED(len, body)                                                                        \
    "POST /any HTTP/1.1\r\n" HOST "Content-Encoding: deflate\r\nContent-Length: " len              \
    "\r\n\r\n" body
#define PREFLIGHT(path)                                                                            \
    "OPTIONS " path " HTTP/1.1\r\n" HOST "Origin: https://shop.example\r\n"                        \
    "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-key\r\n\r\n"
#define PACKED(path, len, body)                                                                    \
    "POST " path " HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: " len             \
    "\r\n\r\n" body

TEST(connection_answers_exactly)
{
    struct world *w = open_world();

    put(w, S(GET));
    CHECK_STR(buf_str(&w->out), "HTTP/1.1 200 OK\r\n"
                                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                "Content-Type: text/plain\r\n"
                                "Content-Length: 5\r\n"
                                "X-Content-Type-Options: nosniff\r\n"
                                "\r\n"
                                "hello");
    CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    close_world(w);
}

TEST(connection_answers_by_status)
{
    static const struct {
        str in;
        const char *statuses;
        enum connection_state state;
        const char *said;
    } cases[] = {
        {S(GET GET GET), "200 200 200 ", CONNECTION_OPEN, "hello"},
        {S("HEAD / HTTP/1.1\r\n" HOST "\r\n" GET), "200 200 ", CONNECTION_OPEN,
         "Content-Length: 5\r\nX-Content-Type-Options: nosniff\r\n\r\nHTTP/1.1"},
        {S("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), "200 ", CONNECTION_OVER,
         "Connection: close"},
        {S("GET / HTTP/1.0\r\n\r\n"), "200 ", CONNECTION_OVER, "Connection: close"},
        {S("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "200 ", CONNECTION_OPEN,
         "Connection: keep-alive"},
        {S("\r\n" GET "\r\n" GET), "200 200 ", CONNECTION_OPEN, "hello"},
        {S(GET "\r\n\r\n" GET), "200 400 ", CONNECTION_FINISHING, "hello"},
        {S("GET /nix HTTP/1.1\r\n" HOST "\r\n" GET), "404 200 ", CONNECTION_OPEN,
         "application/problem+json"},
        {S("PUT / HTTP/1.1\r\n" HOST "\r\n" GET), "405 200 ", CONNECTION_OPEN,
         "Allow: GET, HEAD\r\n"},
        {S("OPTIONS / HTTP/1.1\r\n" HOST "\r\n"), "405 ", CONNECTION_OPEN, "Allow: GET, HEAD\r\n"},
        {S("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "404 ", CONNECTION_OPEN, ""},
        {S("BREW / HTTP/1.1\r\n" HOST "\r\n" GET), "501 ", CONNECTION_FINISHING, ""},
        {S("GET / HTTP/3.0\r\n" HOST "\r\n"), "505 ", CONNECTION_FINISHING, ""},
        {S("GET / HTTP/1.1\r\n\r\n" GET), "400 ", CONNECTION_FINISHING, "Connection: close"},
        {S("POST /any HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
         "400 ", CONNECTION_FINISHING, ""},
        {S("GET / HTTP/1.1\nHost: a\n\n"), "400 ", CONNECTION_FINISHING, ""},
        {S("POST /any HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello" GET), "200 200 ",
         CONNECTION_OPEN, "\r\n\r\nhelloHTTP"},
        {S("POST /any HTTP/1.1\r\n" HOST
           "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n" GET),
         "200 200 ", CONNECTION_OPEN, "\r\n\r\nhelloHTTP"},
        {S("POST /any HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n"), "400 ",
         CONNECTION_FINISHING, ""},
        {S("POST /any HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\nhello"), "413 ",
         CONNECTION_FINISHING, ""},
        {S("POST /any HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"), "413 ",
         CONNECTION_FINISHING, ""},
        {S("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx"), "413 ", CONNECTION_FINISHING,
         ""},
        {S("POST /nix HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello" GET), "404 200 ",
         CONNECTION_OPEN, ""},
        {S("POST /nix HTTP/1.1\r\n" HOST "Content-Length: 70000\r\n\r\nhello" GET), "404 ",
         CONNECTION_FINISHING, "Connection: close"},
        {S("POST /nix HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET), "404 ",
         CONNECTION_FINISHING, ""},
        {S("POST /any HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
         "100 ", CONNECTION_OPEN, "HTTP/1.1 100 Continue\r\n\r\n"},
        {S("POST /any HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"),
         "200 ", CONNECTION_OPEN, "hello"},
        {S("POST /any HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n"),
         "413 ", CONNECTION_FINISHING, ""},
        {S("POST /nix HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
         "404 ", CONNECTION_FINISHING, ""},
        {S("POST /any HTTP/1.1\r\n" HOST "Expect: more\r\nContent-Length: 5\r\n\r\nhello"), "417 ",
         CONNECTION_FINISHING, ""},
        {S("POST /echo HTTP/1.1\r\n" HOST
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"),
         "200 ", CONNECTION_OPEN, ""},
        {S("POST /echo HTTP/1.1\r\n" HOST
           "Content-Type: Multipart/form-data; boundary=x\r\nContent-Length: 2\r\n\r\n{}" GET),
         "415 200 ", CONNECTION_OPEN, ""},
        {S("POST /echo HTTP/1.1\r\n" HOST
           "Content-Type: application/xml\r\nContent-Length: 2\r\n\r\n{}"),
         "415 ", CONNECTION_OPEN, ""},
        {S("POST /echo HTTP/1.1\r\n" HOST
           "Content-Type: application/soap+XML ; charset=x\r\nContent-Length: 2\r\n\r\n{}"),
         "415 ", CONNECTION_OPEN, ""},
        {S("POST /any HTTP/1.1\r\n" HOST "Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"),
         "415 ", CONNECTION_OPEN, "Accept-Encoding: gzip"},
        {S("POST /any HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
         "400 ", CONNECTION_FINISHING, ""},
        {S(PACKED("/any", "25", HELLO_GZIP) GET), "200 200 ", CONNECTION_OPEN, "\r\n\r\nhelloHTTP"},
        {S(PACKED("/any", "50", HELLO_GZIP HELLO_GZIP)), "200 ", CONNECTION_OPEN, "hellohello"},
        {S(PACKED("/any", "24", HELLO_GZIP)), "400 ", CONNECTION_FINISHING, ""},
        {S(PACKED("/any", "26", HELLO_GZIP "x")), "400 ", CONNECTION_FINISHING, ""},
        {S(PACKED("/echo", "41", LONG_GZIP)), "200 ", CONNECTION_OPEN, "Content-Length: 5000"},
        {S(PACKED("/any", "41", LONG_GZIP) GET), "413 ", CONNECTION_FINISHING, ""},
        {S(DEFLATED("13", HELLO_ZLIB)), "200 ", CONNECTION_OPEN, "\r\n\r\nhello"},
        {S(DEFLATED("7", HELLO_BARE)), "200 ", CONNECTION_OPEN, "\r\n\r\nhello"},
        {S(DEFLATED("26", HELLO_ZLIB HELLO_ZLIB)), "400 ", CONNECTION_FINISHING, ""},
        {S(DEFLATED("4", "\x78\x9c\xcb\x48")), "400 ", CONNECTION_FINISHING, ""},
        {S(PREFLIGHT("/open") GET), "204 200 ", CONNECTION_OPEN,
         "Access-Control-Allow-Origin: https://shop.example\r\n"
         "Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n"
         "Access-Control-Allow-Methods: GET, HEAD, POST\r\n"
         "Access-Control-Allow-Headers: x-key\r\nAccess-Control-Max-Age: 86400\r\n"},
        {S(PREFLIGHT("/echo")), "405 ", CONNECTION_OPEN, "Allow: POST\r\n"},
        {S("OPTIONS /open HTTP/1.1\r\n" HOST "\r\n"), "405 ", CONNECTION_OPEN, ""},
        {S("POST /open HTTP/1.1\r\n" HOST "Origin: null\r\nContent-Length: 2\r\n\r\n{}"), "200 ",
         CONNECTION_OPEN, "Access-Control-Allow-Origin: null\r\n"},
        {S("POST /open HTTP/1.1\r\n" HOST "Origin: http://a\r\nContent-Length: 2001\r\n\r\n"),
         "413 ", CONNECTION_FINISHING, "Access-Control-Allow-Origin: http://a\r\n"},
        {S(PACKED("/any", "0", "") GET), "200 200 ", CONNECTION_OPEN, ""},
        {S("POST /private HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}" GET), "401 200 ",
         CONNECTION_OPEN, "who are you?"},
        {S("POST /private HTTP/1.1\r\n" HOST "Authorization: yes\r\nContent-Length: 2\r\n\r\n{}"),
         "200 ", CONNECTION_OPEN, "{}"},
        {S("GET /people/J%C3%BC%2Frg?a=1&q=x+y%26&q=z HTTP/1.1\r\n" HOST "X-NOTE: n\r\n\r\n"),
         "201 ", CONNECTION_OPEN, "J\xc3\xbc/rg|x y&|n|10.0.0.1"},
        {S("GET /people/1 HTTP/1.1\r\n" HOST "\r\n"), "201 ", CONNECTION_OPEN, "X-One: 1\r\n"},
        {S("GET /inject HTTP/1.1\r\n" HOST "\r\n"), "500 ", CONNECTION_OPEN, ""},
        {S("GET /nothing HTTP/1.1\r\n" HOST "\r\n" GET), "204 200 ", CONNECTION_OPEN,
         "nosniff\r\n\r\nHTTP/1.1 200"},
    };

    EACH_CASE(c, cases)
    {
        struct world *w = open_world(), *bytes = open_world();

        put(w, c->in);
        for (size_t i = 0; i < c->in.len; i++)
            put(bytes, str_slice(c->in, i, i + 1));
        if (!str_equals(statuses(w), str_of(c->statuses)) || !said(w, c->said))
            print_error("in \"%.*s\"\nout \"%.*s\"\n", STR_ARG(c->in), STR_ARG(buf_str(&w->out)));
        CHECK_STR(statuses(w), c->statuses);
        CHECK_INT(connection_state(w->c), c->state);
        CHECK(said(w, c->said));
        CHECK(!said(w, "Set-Cookie"));
        CHECK_INT(connection_state(bytes->c), c->state);
        if (!str_contains(c->in, S("100-continue"))) /* told as soon as the head is there */
            CHECK_STR(statuses(bytes), c->statuses);
        close_world(w);
        close_world(bytes);
    }
}

TEST(connection_takes_bodies_far_larger_than_a_buffer)
{
    static const char *const heads[] = {
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
    };

    for (int chunked = 0; chunked < 2; chunked++) {
        struct world *w = open_world();
        struct buf in = {0}, want = {0};

        buf_add(&in, str_of(heads[chunked]));
        for (int i = 0; i < 20000; i++) {
            if (chunked)
                buf_add(&in, S("a\r\n"));
            buf_print(&in, "%010d", i);
            buf_print(&want, "%010d", i);
            if (chunked)
                buf_add(&in, S("\r\n"));
        }
        if (chunked)
            buf_add(&in, S("0\r\n\r\n"));
        buf_add(&in, S(GET));
        for (size_t at = 0; at < in.len; at += 1777)
            put(w, str_slice(buf_str(&in), at, at + 1777));
        CHECK_STR(statuses(w), "200 200 ");
        CHECK(str_contains(buf_str(&w->out), buf_str(&want)));
        CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
        buf_done(&in);
        buf_done(&want);
        close_world(w);
    }
}

TEST(connection_answers_in_order_when_a_route_answers_late)
{
    struct world *w = open_world();

    put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept" GET));
    CHECK_STR(statuses(w), "");
    CHECK_INT(w->held_count, 1);
    put(w, S(GET));
    CHECK_STR(exchange_request(w->held[0])->body, "kept");
    CHECK_STR(exchange_header(w->held[0], S("host")), "a");
    CHECK(connection_deadline(w->c) == CONNECTION_NEVER);
    exchange_answer(w->held[0], 202, S(""), S(""));
    CHECK(site_next_ready(&w->site) == w->held[0]);
    CHECK(connection_answered(w->held[0], w->now_ns) == w->c);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "202 200 200 ");
    close_world(w);
}

TEST(connection_bounds_what_waits_behind_a_request)
{
    struct world *w = open_world();
    size_t taken = 0;

    put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept"));
    while (connection_wants_input(w->c) && taken < 10 << 20) {
        put(w, S(GET));
        taken += sizeof GET - 1;
    }
    CHECK(taken > 0 && taken <= SITE_BUF_ROOM);
    exchange_answer(w->held[0], 202, S(""), S(""));
    connection_answered(site_next_ready(&w->site), w->now_ns);
    take_output(w, SIZE_MAX);
    CHECK_INT(statuses(w).len / 4, 1 + 128); /* then others have their turn */
    for (int turn = 0; turn < 100 && !connection_wants_input(w->c); turn++) {
        CHECK_INT(connection_deadline(w->c), w->now_ns); /* at the next sweep */
        connection_expire(w->c, w->now_ns);
        take_output(w, SIZE_MAX);
    }
    CHECK_INT(statuses(w).len / 4, 1 + taken / (sizeof GET - 1));
    CHECK(connection_wants_input(w->c));
    close_world(w);
}

TEST(connection_that_closes_marks_its_request_abandoned)
{
    struct world *w = open_world();

    put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept"));
    CHECK(!exchange_is_abandoned(w->held[0]));
    connection_lost(w->c);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    connection_close(w->c);
    w->c = NULL;
    CHECK(exchange_is_abandoned(w->held[0]));
    CHECK_STR(exchange_request(w->held[0])->body, "kept");
    exchange_answer(w->held[0], 200, S(""), S("for nobody"));
    CHECK(connection_answered(site_next_ready(&w->site), w->now_ns) == NULL);
    close_world(w);
}

TEST(connection_answers_a_client_that_closed_its_side)
{
    struct world *w = open_world();

    put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept" GET));
    connection_input_ended(w->c);
    CHECK(!connection_wants_input(w->c));
    CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    exchange_answer(w->held[0], 200, S(""), S(""));
    connection_answered(site_next_ready(&w->site), w->now_ns);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "200 200 ");
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    close_world(w);
}

TEST(connection_drops_a_request_that_was_cut_short)
{
    static const str cases[] = {S("GET / HT"),
                                S("POST /any HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nke")};

    EACH_CASE(in, cases)
    {
        struct world *w = open_world();

        put(w, *in);
        connection_input_ended(w->c);
        CHECK_STR(buf_str(&w->out), "");
        CHECK_INT(connection_state(w->c), CONNECTION_OVER);
        close_world(w);
    }
}

TEST(connection_runs_pool_routes_on_a_worker_or_says_429)
{
    struct world *w = open_world();

    w->pool_is_full = true;
    put(w, S("POST /pool HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody" GET));
    CHECK_STR(statuses(w), "429 200 ");
    CHECK(said(w, "Retry-After: "));
    CHECK_INT(atomic_load(&w->totals.refused), 1);
    w->pool_is_full = false;
    put(w, S("POST /pool HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody" GET));
    CHECK(w->pooled != NULL);
    w->pooled->route->run(w->pooled);
    connection_answered(site_next_ready(&w->site), w->now_ns);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "429 200 200 200 ");
    close_world(w);
}

TEST(connection_runs_a_route_on_the_loop_and_where_it_moves_on_a_worker)
{
    struct world *w = open_world();

    put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\neasy"));
    CHECK_STR(statuses(w), "200 ");
    CHECK(w->pooled == NULL);
    w->pool_is_full = true;
    put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nhard"));
    CHECK_STR(statuses(w), "200 429 ");
    w->pool_is_full = false;
    put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nhard" GET));
    CHECK(w->pooled != NULL);
    w->pooled->route->run(w->pooled);
    connection_answered(site_next_ready(&w->site), w->now_ns);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "200 429 202 200 ");
    put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\neasy"));
    CHECK_STR(statuses(w), "200 429 202 200 200 ");
    close_world(w);
}

static void add_zeros(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_byte(out, '0');
}

TEST(connection_says_429_when_bodies_fill_the_memory)
{
    struct world *w = open_world();
    struct buf in = {0};

    atomic_store(&w->totals.body_bytes, 550000);
    buf_add(&in, S("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n"));
    add_zeros(&in, 49000);
    put(w, buf_str(&in));
    CHECK_STR(statuses(w), "");
    CHECK_INT(atomic_load(&w->totals.body_bytes), 599000);
    put(w, str_slice(buf_str(&in), 1000, 10000));
    CHECK_STR(statuses(w), "429 ");
    CHECK(said(w, "Retry-After: "));
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING);
    CHECK_INT(atomic_load(&w->totals.body_bytes), 550000);
    atomic_store(&w->totals.body_bytes, 0);
    buf_done(&in);
    close_world(w);
}

#define LATER "POST /private HTTP/1.1\r\n" HOST "Authorization: later\r\nContent-Length: "

TEST(connection_that_was_told_to_come_later_is_read_later)
{
    struct world *w = open_world();
    int64_t told_at = w->now_ns;

    put(w, S(LATER "4\r\n\r\nbody" GET));
    CHECK_STR(statuses(w), "429 ");
    CHECK(!connection_wants_input(w->c));
    CHECK_INT(connection_deadline(w->c), told_at + 3000 * (int64_t)MS);
    w->now_ns = told_at + 2999 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    CHECK(!connection_wants_input(w->c));
    w->now_ns = told_at + 3000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "429 200 "); /* what lay behind the refused body */
    CHECK(connection_wants_input(w->c));
    CHECK_INT(connection_deadline(w->c), w->now_ns + 60000 * (int64_t)MS);
    close_world(w);
}

TEST(connection_outlives_a_large_body_that_comes_too_early)
{
    struct world *w = open_world();
    struct buf body = {0};

    put(w, S(LATER "500000\r\n\r\n"));
    CHECK_STR(statuses(w), "429 ");
    w->now_ns += 3000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    add_zeros(&body, 500000);
    put(w, buf_str(&body));
    put(w, S(GET));
    CHECK_STR(statuses(w), "429 200 ");
    CHECK_INT(atomic_load(&w->totals.body_bytes), 0); /* nothing of it was kept */
    put(w, S(LATER "2000000\r\n\r\n"));
    CHECK_STR(statuses(w), "429 200 429 ");
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING); /* a new connection costs less */
    CHECK(connection_wants_input(w->c));
    buf_done(&body);
    close_world(w);
}

TEST(connection_ends_a_request_that_takes_too_long)
{
    static const str parts[] = {S("GET / HT"), S("TP/1.1\r\n"), S(HOST), S("A: b\r\n")};
    struct world *w = open_world();
    int64_t begun;

    w->now_ns += 50000 * (int64_t)MS; /* idle until now */
    begun = w->now_ns;
    EACH_CASE(part, parts)
    {
        put(w, *part);
        CHECK_INT(connection_deadline(w->c), begun + 10000 * (int64_t)MS);
        connection_expire(w->c, w->now_ns);
        w->now_ns += 2000 * (int64_t)MS;
    }
    CHECK_STR(buf_str(&w->out), "");
    w->now_ns = begun + 10000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "408 ");
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING);
    put(w, S(GET)); /* dropped */
    CHECK_STR(statuses(w), "408 ");
    w->now_ns = connection_deadline(w->c);
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    close_world(w);
}

TEST(connection_idle_too_long_is_closed_in_silence)
{
    struct world *w = open_world();

    put(w, S(GET));
    buf_clear(&w->out);
    CHECK_INT(connection_deadline(w->c), w->now_ns + 60000 * (int64_t)MS);
    w->now_ns = connection_deadline(w->c);
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    CHECK_STR(connection_output(w->c), "");
    close_world(w);
}

TEST(connection_closes_on_a_reader_that_is_too_slow)
{
    struct world *w = open_world();

    put_part(w, S("GET /large HTTP/1.1\r\n" HOST "\r\n" GET));
    for (int i = 0; i < 29; i++) { /* one byte a second is not progress */
        w->now_ns += 1000 * (int64_t)MS;
        take_output(w, 1);
        connection_expire(w->c, w->now_ns);
        CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    }
    take_output(w, 500000); /* this is */
    w->now_ns += 29000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    w->now_ns += 1000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    close_world(w);
}

TEST(connection_stops_reading_while_answers_pile_up)
{
    struct world *w = open_world();

    put_part(w, S("GET /large HTTP/1.1\r\n" HOST "\r\n" GET GET));
    CHECK(!connection_wants_input(w->c));
    take_output(w, 900000);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "200 200 200 ");
    CHECK(connection_wants_input(w->c));
    close_world(w);
}

TEST(connection_that_drains_finishes_its_request_and_closes)
{
    struct world *idle = open_world(), *busy = open_world();

    connection_drain(idle->c);
    CHECK_INT(connection_state(idle->c), CONNECTION_OVER);
    put(busy, S("GET / HT"));
    connection_drain(busy->c);
    CHECK_INT(connection_state(busy->c), CONNECTION_OPEN);
    put(busy, S("TP/1.1\r\n" HOST "\r\n" GET));
    CHECK_STR(statuses(busy), "200 ");
    CHECK(said(busy, "Connection: close"));
    CHECK_INT(connection_state(busy->c), CONNECTION_FINISHING);
    connection_input_ended(busy->c);
    CHECK_INT(connection_state(busy->c), CONNECTION_OVER);
    close_world(idle);
    close_world(busy);
}

TEST(connection_over_the_limit_hears_503)
{
    struct world *w = open_world();

    connection_refuse(w->c, 503, "there are too many connections", w->now_ns);
    take_output(w, SIZE_MAX);
    CHECK_STR(statuses(w), "503 ");
    CHECK(said(w, "Retry-After: 1\r\n"));
    CHECK(said(w, "Connection: close\r\n"));
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING);
    close_world(w);
}

/* On terms that trust 10.0.0.0/8; the world's peer is 10.0.0.1. */
static struct terms *accept_terms(struct world *w, const char *proxies, bool is_secure)
{
    struct terms_plan plan = {.certificate = "",
                              .key = "",
                              .hsts_seconds = 600,
                              .trusted_proxies = str_of(proxies),
                              .client_header = S("X-Forwarded-For")};
    struct terms *terms;

    CHECK_OK(terms_open(w->config.sys, &plan, NULL, &terms));
    connection_accept_terms(w->c, terms, is_secure);
    return terms;
}

#define FROM(client, scheme)                                                                       \
    "GET /people/7 HTTP/1.1\r\n" HOST "X-Forwarded-For: " client "\r\nX-Forwarded-Proto: " scheme  \
    "\r\n\r\n"

TEST(connection_takes_the_word_of_a_trusted_proxy_for_each_request)
{
    struct world *w = open_world();
    struct terms *terms = accept_terms(w, "10.0.0.0/8", false);

    put(w, S(FROM("1.1.1.1, 203.0.113.7", "https") FROM("2001:db8::7", "http")));
    put(w, S("GET /people/7 HTTP/1.1\r\n" HOST "\r\n"));
    CHECK(said(w, "7|||203.0.113.7HTTP"));
    CHECK(said(w, "7|||2001:db8::7HTTP"));
    CHECK(str_ends(buf_str(&w->out), S("7|||10.0.0.1"))); /* not the one before */
    CHECK_INT(count_of(w, "Strict-Transport-Security: max-age=600\r\n"), 1);
    close_world(w);
    terms_release(terms);
}

TEST(connection_does_not_take_the_word_of_others)
{
    struct world *w = open_world();
    struct terms *terms = accept_terms(w, "10.0.0.2, 192.168.0.0/16", false);

    put(w, S(FROM("203.0.113.7", "https")));
    CHECK(str_ends(buf_str(&w->out), S("7|||10.0.0.1")));
    CHECK(!said(w, "Strict-Transport-Security"));
    close_world(w);
    terms_release(terms);
}

TEST(connection_over_tls_tells_browsers_to_stay_there_if_asked)
{
    struct world *w = open_world();
    struct terms *terms = accept_terms(w, "", true);

    put(w, S(GET FROM("203.0.113.7", "http") "GET / HTTP/1.1\r\n\r\n"));
    CHECK_STR(statuses(w), "200 201 400 ");
    CHECK_INT(count_of(w, "Strict-Transport-Security: max-age=600\r\n"), 3);
    close_world(w);
    terms_release(terms);
}

TEST(connection_idle_holds_no_buffers)
{
    struct world *w = open_world();
    size_t bufs;
    long calls;

    put(w, S(GET));
    bufs = w->site.buf_count;
    CHECK(bufs >= 2);
    calls = mem_calls();
    for (int i = 0; i < 100; i++)
        put(w, S("POST /any HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"));
    CHECK_INT(w->site.buf_count, bufs);
    CHECK(mem_calls() - calls <= 20); /* only w->out grew: a warm loop allocates nothing */
    close_world(w);
}

/* Whichever allocation fails, nothing breaks and nothing is lost track of. */
TEST(connection_lives_through_every_failed_allocation)
{
    for (long countdown = 1; countdown < 60; countdown++) {
        struct world *w = open_world();

        CHECK(buf_reserve(&w->out, 1 << 20));
        mem_fail_after(countdown);
        put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept" GET));
        put(w, S("GET /large HTTP/1.1\r\n" HOST "\r\n"));
        put(w, S("GET /people/%41?q=%42 HTT"));
        put(w, S("P/1.1\r\n" HOST "\r\nPOST /nix HTTP/1.1\r\n\r\n"));
        for (size_t i = 0; i < w->held_count; i++) {
            exchange_answer(w->held[i], 200, S("text/plain"), S("late"));
            connection_answered(site_next_ready(&w->site), w->now_ns);
            take_output(w, SIZE_MAX);
        }
        mem_fail_after(0);
        close_world(w);
    }
}
