/* test_connection.c - requests and answers over a connection without sockets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "connection_talk.h"
#include "http/terms.h"
#include "support/test.h"
#include "sys/sys.h"

#include <string.h>

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
    struct talk *w = talk_open();

    talk_put(w, S(GET));
    CHECK_STR(buf_str(&w->out), "HTTP/1.1 200 OK\r\n"
                                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                "Content-Type: text/plain\r\n"
                                "Content-Length: 5\r\n"
                                "X-Content-Type-Options: nosniff\r\n"
                                "\r\n"
                                "hello");
    CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    talk_close(w);
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
         "Access-Control-Allow-Credentials: true\r\n"
         "Access-Control-Expose-Headers: Retry-After\r\nVary: Origin\r\n"
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
        struct talk *w = talk_open(), *bytes = talk_open();

        talk_put(w, c->in);
        for (size_t i = 0; i < c->in.len; i++)
            talk_put(bytes, str_slice(c->in, i, i + 1));
        if (!str_equals(talk_statuses(w), str_of(c->statuses)) || !talk_said(w, c->said))
            print_error("in \"%.*s\"\nout \"%.*s\"\n", STR_ARG(c->in), STR_ARG(buf_str(&w->out)));
        CHECK_STR(talk_statuses(w), c->statuses);
        CHECK_INT(connection_state(w->c), c->state);
        CHECK(talk_said(w, c->said));
        CHECK(!talk_said(w, "Set-Cookie"));
        CHECK_INT(connection_state(bytes->c), c->state);
        if (!str_contains(c->in, S("100-continue"))) /* told as soon as the head is there */
            CHECK_STR(talk_statuses(bytes), c->statuses);
        talk_close(w);
        talk_close(bytes);
    }
}

TEST(connection_takes_bodies_far_larger_than_a_buffer)
{
    static const char *const heads[] = {
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
    };

    for (int chunked = 0; chunked < 2; chunked++) {
        struct talk *w = talk_open();
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
            talk_put(w, str_slice(buf_str(&in), at, at + 1777));
        CHECK_STR(talk_statuses(w), "200 200 ");
        CHECK(str_contains(buf_str(&w->out), buf_str(&want)));
        CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
        buf_done(&in);
        buf_done(&want);
        talk_close(w);
    }
}

TEST(connection_answers_in_order_when_a_route_answers_late)
{
    struct talk *w = talk_open();

    talk_put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept" GET));
    CHECK_STR(talk_statuses(w), "");
    CHECK_INT(w->held_count, 1);
    talk_put(w, S(GET));
    CHECK_STR(exchange_request(w->held[0])->body, "kept");
    CHECK_STR(exchange_header(w->held[0], S("host")), "a");
    CHECK(connection_deadline(w->c) == CONNECTION_NEVER);
    exchange_answer(w->held[0], 202, S(""), S(""));
    CHECK(site_next_ready(&w->site) == w->held[0]);
    CHECK(connection_answered(w->held[0], w->now_ns) == w->c);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "202 200 200 ");
    talk_close(w);
}

TEST(connection_bounds_what_waits_behind_a_request)
{
    struct talk *w = talk_open();
    size_t taken = 0;

    talk_put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept"));
    while (connection_wants_input(w->c) && taken < 10 << 20) {
        talk_put(w, S(GET));
        taken += sizeof GET - 1;
    }
    CHECK(taken > 0 && taken <= SITE_BUF_ROOM);
    exchange_answer(w->held[0], 202, S(""), S(""));
    connection_answered(site_next_ready(&w->site), w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_INT(talk_statuses(w).len / 4, 1 + 128); /* then others have their turn */
    for (int turn = 0; turn < 100 && !connection_wants_input(w->c); turn++) {
        CHECK_INT(connection_deadline(w->c), w->now_ns); /* at the next sweep */
        connection_expire(w->c, w->now_ns);
        talk_take(w, SIZE_MAX);
    }
    CHECK_INT(talk_statuses(w).len / 4, 1 + taken / (sizeof GET - 1));
    CHECK(connection_wants_input(w->c));
    talk_close(w);
}

TEST(connection_that_closes_marks_its_request_abandoned)
{
    struct talk *w = talk_open();

    talk_put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept"));
    CHECK(!exchange_is_abandoned(w->held[0]));
    connection_lost(w->c);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    connection_close(w->c);
    w->c = NULL;
    CHECK(exchange_is_abandoned(w->held[0]));
    CHECK_STR(exchange_request(w->held[0])->body, "kept");
    exchange_answer(w->held[0], 200, S(""), S("for nobody"));
    CHECK(connection_answered(site_next_ready(&w->site), w->now_ns) == NULL);
    talk_close(w);
}

TEST(connection_answers_a_client_that_closed_its_side)
{
    struct talk *w = talk_open();

    talk_put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept" GET));
    connection_input_ended(w->c);
    CHECK(!connection_wants_input(w->c));
    CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    exchange_answer(w->held[0], 200, S(""), S(""));
    connection_answered(site_next_ready(&w->site), w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "200 200 ");
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    talk_close(w);
}

TEST(connection_drops_a_request_that_was_cut_short)
{
    static const str cases[] = {S("GET / HT"),
                                S("POST /any HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nke")};

    EACH_CASE(in, cases)
    {
        struct talk *w = talk_open();

        talk_put(w, *in);
        connection_input_ended(w->c);
        CHECK_STR(buf_str(&w->out), "");
        CHECK_INT(connection_state(w->c), CONNECTION_OVER);
        talk_close(w);
    }
}

TEST(connection_runs_pool_routes_on_a_worker_or_says_429)
{
    struct talk *w = talk_open();

    w->pool_is_full = true;
    talk_put(w, S("POST /pool HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody" GET));
    CHECK_STR(talk_statuses(w), "429 200 ");
    CHECK(talk_said(w, "Retry-After: "));
    CHECK_INT(atomic_load(&w->totals.refused), 1);
    w->pool_is_full = false;
    talk_put(w, S("POST /pool HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody" GET));
    CHECK(w->pooled != NULL);
    w->pooled->route->run(w->pooled);
    connection_answered(site_next_ready(&w->site), w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "429 200 200 200 ");
    talk_close(w);
}

TEST(connection_runs_a_route_on_the_loop_and_where_it_moves_on_a_worker)
{
    struct talk *w = talk_open();

    talk_put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\neasy"));
    CHECK_STR(talk_statuses(w), "200 ");
    CHECK(w->pooled == NULL);
    w->pool_is_full = true;
    talk_put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nhard"));
    CHECK_STR(talk_statuses(w), "200 429 ");
    w->pool_is_full = false;
    talk_put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nhard" GET));
    CHECK(w->pooled != NULL);
    w->pooled->route->run(w->pooled);
    connection_answered(site_next_ready(&w->site), w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "200 429 202 200 ");
    talk_put(w, S("POST /either HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\neasy"));
    CHECK_STR(talk_statuses(w), "200 429 202 200 200 ");
    talk_close(w);
}

static void add_zeros(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_byte(out, '0');
}

TEST(connection_says_429_when_bodies_fill_the_memory)
{
    struct talk *w = talk_open();
    struct buf in = {0};

    buf_add(&in, S("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n"));
    talk_put(w, buf_str(&in));
    atomic_store(&w->totals.body_bytes, 550000); /* of others, meanwhile */
    buf_clear(&in);
    add_zeros(&in, 49000);
    talk_put(w, buf_str(&in));
    CHECK_STR(talk_statuses(w), "");
    CHECK_INT(atomic_load(&w->totals.body_bytes), 599000);
    talk_put(w, str_slice(buf_str(&in), 1000, 10000));
    CHECK_STR(talk_statuses(w), "429 ");
    CHECK(talk_said(w, "Retry-After: "));
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING);
    CHECK_INT(atomic_load(&w->totals.body_bytes), 550000);
    atomic_store(&w->totals.body_bytes, 0);
    buf_done(&in);
    talk_close(w);
}

TEST(connection_takes_no_new_body_when_half_of_the_memory_is_full)
{
    struct talk *w = talk_open();

    atomic_store(&w->totals.body_bytes, 300001);
    talk_put(w, S("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody" GET));
    CHECK_STR(talk_statuses(w), "429 ");
    CHECK(talk_said(w, "Retry-After: 1"));
    w->now_ns += 1000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "429 200 "); /* what brings no body is taken */
    atomic_store(&w->totals.body_bytes, 300000);
    talk_put(w, S("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody"));
    CHECK_STR(talk_statuses(w), "429 200 200 ");
    atomic_store(&w->totals.body_bytes, 0);
    talk_close(w);
}

#define LATER "POST /private HTTP/1.1\r\n" HOST "Authorization: later\r\nContent-Length: "

TEST(connection_that_was_told_to_come_later_is_read_later)
{
    struct talk *w = talk_open();
    int64_t told_at = w->now_ns;

    talk_put(w, S(LATER "4\r\n\r\nbody" GET));
    CHECK_STR(talk_statuses(w), "429 ");
    CHECK(!connection_wants_input(w->c));
    CHECK_INT(connection_deadline(w->c), told_at + 3000 * (int64_t)MS);
    w->now_ns = told_at + 2999 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    CHECK(!connection_wants_input(w->c));
    w->now_ns = told_at + 3000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "429 200 "); /* what lay behind the refused body */
    CHECK(connection_wants_input(w->c));
    CHECK_INT(connection_deadline(w->c), w->now_ns + 60000 * (int64_t)MS);
    talk_close(w);
}

TEST(connection_that_was_told_to_come_later_is_read_on_while_they_are_few)
{
    struct talk *w = talk_open();

    w->config.limits.refusals = 8; /* of a second, and two at once */
    w->now_ns = 10000 * (int64_t)MS;
    talk_put(w, S(LATER "4\r\n\r\nbody" GET));
    talk_put(w, S(LATER "4\r\n\r\nbody" GET));
    CHECK_STR(talk_statuses(w), "429 200 429 200 ");
    talk_put(w, S(LATER "4\r\n\r\nbody" GET));
    CHECK_STR(talk_statuses(w), "429 200 429 200 429 "); /* one too many: it waits for its turn */
    CHECK(!connection_wants_input(w->c));
    CHECK_INT(connection_deadline(w->c), w->now_ns + 125 * (int64_t)MS);
    w->now_ns += 3000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    talk_take(w, SIZE_MAX);
    talk_put(w, S(LATER "4\r\n\r\nbody" GET));
    CHECK_STR(talk_statuses(w), "429 200 429 200 429 200 429 200 ");
    talk_close(w);
}

TEST(connection_told_to_come_later_with_a_large_body_waits_longer)
{
    struct talk *w = talk_open();

    w->config.limits.refusals = 8; /* of a second, and two at once */
    w->now_ns = 10000 * (int64_t)MS;
    talk_put(w, S(LATER "200000\r\n\r\n"));
    CHECK_INT(connection_deadline(w->c), w->now_ns + 125 * (int64_t)MS); /* it counts three times */
    talk_close(w);
    w = talk_open();
    w->config.limits.refusals = 8;
    talk_put(w, S(LATER "18446744073709551615\r\n\r\n"));
    CHECK_STR(talk_statuses(w), "429 ");
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING);
    talk_close(w);
}

TEST(connection_need_not_be_given_a_body_that_is_of_no_use)
{
    struct talk *w = talk_open();

    talk_put(w, S(LATER "500000\r\n\r\nthe first bytes of it"));
    CHECK_STR(talk_statuses(w), "429 ");
    CHECK(connection_wants_input(w->c)); /* it has to go before there is another request */
    CHECK_INT(connection_unwanted(w->c), 500000 - 21);
    connection_dropped(w->c, 400000, w->now_ns);
    CHECK_INT(connection_unwanted(w->c), 100000 - 21);
    talk_put(w, S("some of it read all the same"));
    CHECK_INT(connection_unwanted(w->c), 100000 - 49);
    connection_dropped(w->c, 100000 - 49, w->now_ns);
    CHECK_INT(connection_unwanted(w->c), 0);
    CHECK(!connection_wants_input(w->c));
    w->now_ns += 3000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    talk_put(w, S("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nwa"));
    CHECK_INT(connection_unwanted(w->c), 0); /* what is taken is wanted */
    talk_put(w, S("nt"));
    CHECK_STR(talk_statuses(w), "429 200 ");
    CHECK(talk_said(w, "want"));
    talk_close(w);
}

TEST(connection_outlives_a_large_body_that_comes_too_early)
{
    struct talk *w = talk_open();
    struct buf body = {0};

    talk_put(w, S(LATER "500000\r\n\r\n"));
    CHECK_STR(talk_statuses(w), "429 ");
    w->now_ns += 3000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    add_zeros(&body, 500000);
    talk_put(w, buf_str(&body));
    talk_put(w, S(GET));
    CHECK_STR(talk_statuses(w), "429 200 ");
    CHECK_INT(atomic_load(&w->totals.body_bytes), 0); /* nothing of it was kept */
    talk_put(w, S(LATER "2000000\r\n\r\n"));
    CHECK_STR(talk_statuses(w), "429 200 429 ");
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING); /* a new connection costs less */
    CHECK(connection_wants_input(w->c));
    buf_done(&body);
    talk_close(w);
}

TEST(connection_ends_a_request_that_takes_too_long)
{
    static const str parts[] = {S("GET / HT"), S("TP/1.1\r\n"), S(HOST), S("A: b\r\n")};
    struct talk *w = talk_open();
    int64_t begun;

    w->now_ns += 50000 * (int64_t)MS; /* idle until now */
    begun = w->now_ns;
    EACH_CASE(part, parts)
    {
        talk_put(w, *part);
        CHECK_INT(connection_deadline(w->c), begun + 10000 * (int64_t)MS);
        connection_expire(w->c, w->now_ns);
        w->now_ns += 2000 * (int64_t)MS;
    }
    CHECK_STR(buf_str(&w->out), "");
    w->now_ns = begun + 10000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "408 ");
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING);
    talk_put(w, S(GET)); /* dropped */
    CHECK_STR(talk_statuses(w), "408 ");
    w->now_ns = connection_deadline(w->c);
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    talk_close(w);
}

TEST(connection_idle_too_long_is_closed_in_silence)
{
    struct talk *w = talk_open();

    talk_put(w, S(GET));
    buf_clear(&w->out);
    CHECK_INT(connection_deadline(w->c), w->now_ns + 60000 * (int64_t)MS);
    w->now_ns = connection_deadline(w->c);
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    CHECK_STR(connection_output(w->c), "");
    talk_close(w);
}

TEST(connection_closes_on_a_reader_that_is_too_slow)
{
    struct talk *w = talk_open();

    talk_put_part(w, S("GET /large HTTP/1.1\r\n" HOST "\r\n" GET));
    for (int i = 0; i < 29; i++) { /* one byte a second is not progress */
        w->now_ns += 1000 * (int64_t)MS;
        talk_take(w, 1);
        connection_expire(w->c, w->now_ns);
        CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    }
    talk_take(w, 500000); /* this is */
    w->now_ns += 29000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OPEN);
    w->now_ns += 1000 * (int64_t)MS;
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    talk_close(w);
}

TEST(connection_stops_reading_while_answers_pile_up)
{
    struct talk *w = talk_open();

    talk_put_part(w, S("GET /large HTTP/1.1\r\n" HOST "\r\n" GET GET));
    CHECK(!connection_wants_input(w->c));
    talk_take(w, 900000);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "200 200 200 ");
    CHECK(connection_wants_input(w->c));
    talk_close(w);
}

TEST(connection_that_drains_finishes_its_request_and_closes)
{
    struct talk *idle = talk_open(), *busy = talk_open();

    connection_drain(idle->c);
    CHECK_INT(connection_state(idle->c), CONNECTION_OVER);
    talk_put(busy, S("GET / HT"));
    connection_drain(busy->c);
    CHECK_INT(connection_state(busy->c), CONNECTION_OPEN);
    talk_put(busy, S("TP/1.1\r\n" HOST "\r\n" GET));
    CHECK_STR(talk_statuses(busy), "200 ");
    CHECK(talk_said(busy, "Connection: close"));
    CHECK_INT(connection_state(busy->c), CONNECTION_FINISHING);
    connection_input_ended(busy->c);
    CHECK_INT(connection_state(busy->c), CONNECTION_OVER);
    talk_close(idle);
    talk_close(busy);
}

TEST(connection_over_the_limit_hears_503)
{
    struct talk *w = talk_open();

    connection_refuse(w->c, 503, "there are too many connections", w->now_ns);
    talk_take(w, SIZE_MAX);
    CHECK_STR(talk_statuses(w), "503 ");
    CHECK(talk_said(w, "Retry-After: 1\r\n"));
    CHECK(talk_said(w, "Connection: close\r\n"));
    CHECK_INT(connection_state(w->c), CONNECTION_FINISHING);
    talk_close(w);
}

/* On terms that trust 10.0.0.0/8; the world's peer is 10.0.0.1. */
static struct terms *accept_terms(struct talk *w, const char *proxies, bool is_secure)
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
    struct talk *w = talk_open();
    struct terms *terms = accept_terms(w, "10.0.0.0/8", false);

    talk_put(w, S(FROM("1.1.1.1, 203.0.113.7", "https") FROM("2001:db8::7", "http")));
    talk_put(w, S("GET /people/7 HTTP/1.1\r\n" HOST "\r\n"));
    CHECK(talk_said(w, "7|||203.0.113.7HTTP"));
    CHECK(talk_said(w, "7|||2001:db8::7HTTP"));
    CHECK(str_ends(buf_str(&w->out), S("7|||10.0.0.1"))); /* not the one before */
    CHECK_INT(talk_count(w, "Strict-Transport-Security: max-age=600\r\n"), 1);
    talk_close(w);
    terms_release(terms);
}

TEST(connection_does_not_take_the_word_of_others)
{
    struct talk *w = talk_open();
    struct terms *terms = accept_terms(w, "10.0.0.2, 192.168.0.0/16", false);

    talk_put(w, S(FROM("203.0.113.7", "https")));
    CHECK(str_ends(buf_str(&w->out), S("7|||10.0.0.1")));
    CHECK(!talk_said(w, "Strict-Transport-Security"));
    talk_close(w);
    terms_release(terms);
}

TEST(connection_over_tls_tells_browsers_to_stay_there_if_asked)
{
    struct talk *w = talk_open();
    struct terms *terms = accept_terms(w, "", true);

    talk_put(w, S(GET FROM("203.0.113.7", "http") "GET / HTTP/1.1\r\n\r\n"));
    CHECK_STR(talk_statuses(w), "200 201 400 ");
    CHECK_INT(talk_count(w, "Strict-Transport-Security: max-age=600\r\n"), 3);
    talk_close(w);
    terms_release(terms);
}

TEST(connection_idle_holds_no_buffers)
{
    struct talk *w = talk_open();
    size_t bufs;
    long calls;

    talk_put(w, S(GET));
    bufs = w->site.buf_count;
    CHECK(bufs >= 2);
    calls = mem_calls();
    for (int i = 0; i < 100; i++)
        talk_put(w, S("POST /any HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"));
    CHECK_INT(w->site.buf_count, bufs);
    CHECK(mem_calls() - calls <= 20); /* only w->out grew: a warm loop allocates nothing */
    talk_close(w);
}

/* Whichever allocation fails, nothing breaks and nothing is lost track of. */
TEST(connection_lives_through_every_failed_allocation)
{
    for (long countdown = 1; countdown < 60; countdown++) {
        struct talk *w = talk_open();

        CHECK(buf_reserve(&w->out, 1 << 20));
        mem_fail_after(countdown);
        talk_put(w, S("POST /hold HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nkept" GET));
        talk_put(w, S("GET /large HTTP/1.1\r\n" HOST "\r\n"));
        talk_put(w, S("GET /people/%41?q=%42 HTT"));
        talk_put(w, S("P/1.1\r\n" HOST "\r\nPOST /nix HTTP/1.1\r\n\r\n"));
        for (size_t i = 0; i < w->held_count; i++) {
            exchange_answer(w->held[i], 200, S("text/plain"), S("late"));
            connection_answered(site_next_ready(&w->site), w->now_ns);
            talk_take(w, SIZE_MAX);
        }
        mem_fail_after(0);
        talk_close(w);
    }
}
