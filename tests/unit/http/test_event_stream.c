/* test_event_stream.c - the format, and whose turn it is, over a connection without sockets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/event_stream.h"

#include "base/mem.h"
#include "http/connection.h"
#include "support/test.h"
#include "sys/sys.h"

#include <string.h>

enum { MS = 1000000 };

#define GET(version) "GET /follow HTTP/" version "\r\nHost: a\r\n\r\n"
#define HEAD                                                                                       \
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: "                     \
    "text/event-stream\r\n"                                                                        \
    "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

struct world {
    struct server_config config;
    struct router *router;
    struct site_totals totals;
    struct site site;
    struct connection *c;
    struct exchange *x; /* the latest stream */
    int calls;
    int64_t now_ns;
    struct buf out;
};

static void called(void *argument)
{
    ((struct world *)argument)->calls++;
}

static void follow(struct exchange *x)
{
    struct world *w = exchange_context(x);

    event_stream_open(x, called, w);
    w->x = x;
}

static void hello(struct exchange *x)
{
    exchange_answer(x, 200, S("text/plain"), S("hello"));
}

static const struct route routes[] = {
    {HTTP_GET, "/follow", follow, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_GET, "/", hello, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
};

static void put(struct world *w, str in)
{
    size_t room;
    char *window = connection_window(w->c, &room);

    CHECK(window && room >= in.len);
    memcpy(window, in.data, in.len);
    connection_received(w->c, in.len, w->now_ns);
}

static struct world *open_world(str request)
{
    struct world *w = mem_alloc(sizeof *w);

    server_limits_default(&w->config.limits);
    w->config.sys = sys_real();
    w->config.context = w;
    CHECK_OK(router_open(routes, sizeof routes / sizeof routes[0], &w->router));
    CHECK_OK(site_init(&w->site, &w->config, w->router, &w->totals));
    w->site.box = mailbox_open(NULL, NULL);
    site_enter(&w->site);
    site_set_time(&w->site, 784111777000);
    w->now_ns = MS;
    w->c = connection_open(&w->site, S("10.0.0.1"), w, w->now_ns);
    put(w, request);
    CHECK(w->x && event_stream_is_ready(w->x));
    return w;
}

static void close_world(struct world *w)
{
    connection_close(w->c);
    CHECK_INT(w->site.outstanding, 0);
    mailbox_close(w->site.box);
    site_done(&w->site);
    router_close(w->router);
    buf_done(&w->out);
    mem_free(w);
}

static void send_piece(struct world *w, const char *text)
{
    buf_add(event_stream_piece(w->x), str_of(text));
    event_stream_send(w->x);
}

/* What the loop does with answers that have come. */
static void deliver(struct world *w)
{
    struct exchange *x;

    while ((x = site_next_ready(&w->site)) != NULL)
        connection_answered(x, w->now_ns);
}

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

static void pass(struct world *w)
{
    deliver(w);
    take_output(w, SIZE_MAX);
}

TEST(event_stream_writes_events_as_clients_read_them)
{
    static const struct {
        const char *data, *want;
    } cases[] = {
        {"{}", "data: {}\n"},
        {"", "data: \n"},
        {"a\nb", "data: a\ndata: b\n"},
        {"a\rb\r\nc\n\rd", "data: a\ndata: b\ndata: c\ndata: \ndata: d\n"},
        {"a\n", "data: a\ndata: \n"},
        {"id: 9\n\nevent: x", "data: id: 9\ndata: \ndata: event: x\n"},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};

        event_stream_write(&out, 17, S("message"), str_of(c->data));
        CHECK_STR(str_slice(buf_str(&out), 0, 23), "id: 17\nevent: message\nd");
        CHECK_STR(str_slice(buf_str(&out), 22, out.len - 1), c->want);
        CHECK(str_ends(buf_str(&out), S("\n\n")));
        buf_done(&out);
    }
}

TEST(event_stream_answers_in_chunks_and_then_the_connection_goes_on)
{
    struct world *w = open_world(S(GET("1.1")));

    send_piece(w, "id: 1\n\n");
    pass(w);
    CHECK_STR(buf_str(&w->out), CHUNKED "7\r\nid: 1\n\n\r\n");
    CHECK_INT(w->calls, 1);
    CHECK(event_stream_is_ready(w->x));
    buf_clear(&w->out);
    buf_add(event_stream_piece(w->x), S("the last"));
    event_stream_end(w->x);
    pass(w);
    CHECK_STR(buf_str(&w->out), "8\r\nthe last\r\n0\r\n\r\n");
    CHECK_INT(w->site.outstanding, 0);
    CHECK_INT(w->calls, 1);
    put(w, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    take_output(w, SIZE_MAX);
    CHECK(str_ends(buf_str(&w->out), S("hello")));
    close_world(w);
}

TEST(event_stream_that_ends_with_its_first_piece_is_whole)
{
    struct world *w = open_world(S(GET("1.1")));

    event_stream_end(w->x);
    pass(w);
    CHECK_STR(buf_str(&w->out), CHUNKED "0\r\n\r\n");
    close_world(w);
}

TEST(event_stream_over_http_1_0_ends_with_the_connection)
{
    struct world *w = open_world(S(GET("1.0")));

    send_piece(w, "id: 1\n\n");
    pass(w);
    CHECK_STR(buf_str(&w->out), HEAD "Connection: close\r\n\r\nid: 1\n\n");
    event_stream_end(w->x);
    pass(w);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    close_world(w);
}

TEST(event_stream_waits_until_its_client_has_taken_the_piece)
{
    struct world *w = open_world(S(GET("1.1")));

    send_piece(w, "0123456789");
    CHECK(!event_stream_is_ready(w->x));
    deliver(w);
    take_output(w, connection_output(w->c).len - 1);
    CHECK(!event_stream_is_ready(w->x));
    CHECK_INT(w->calls, 0);
    take_output(w, 1);
    CHECK(event_stream_is_ready(w->x));
    CHECK_INT(w->calls, 1);
    event_stream_end(w->x);
    pass(w);
    close_world(w);
}

TEST(event_stream_can_be_ended_while_a_piece_is_under_way)
{
    static const bool is_delivered[] = {false, true};

    EACH_CASE(c, is_delivered)
    {
        struct world *w = open_world(S(GET("1.1")));

        send_piece(w, "half");
        if (*c)
            deliver(w);
        event_stream_end(w->x);
        CHECK_INT(w->site.outstanding, 1);
        pass(w);
        CHECK_STR(buf_str(&w->out), CHUNKED "4\r\nhalf\r\n0\r\n\r\n");
        CHECK_INT(w->calls, 0);
        CHECK_INT(w->site.outstanding, 0);
        close_world(w);
    }
}

TEST(event_stream_whose_client_left_is_given_back_to_be_ended)
{
    enum moment { BEFORE, POSTED, SENDING, ENDED_SENDING, HALF_CLOSED };
    static const struct {
        enum moment moment;
        int calls;
    } cases[] = {{BEFORE, 1}, {POSTED, 1}, {SENDING, 1}, {ENDED_SENDING, 0}, {HALF_CLOSED, 1}};

    EACH_CASE(c, cases)
    {
        struct world *w = open_world(S(GET("1.1")));

        if (c->moment == POSTED || c->moment == SENDING || c->moment == ENDED_SENDING)
            send_piece(w, "piece");
        if (c->moment == SENDING || c->moment == ENDED_SENDING)
            deliver(w);
        if (c->moment == ENDED_SENDING)
            event_stream_end(w->x);
        if (c->moment == HALF_CLOSED)
            connection_input_ended(w->c);
        else
            connection_lost(w->c);
        deliver(w);
        CHECK_INT(w->calls, c->calls);
        if (c->moment != ENDED_SENDING) {
            CHECK(event_stream_is_ready(w->x));
            CHECK(exchange_is_abandoned(w->x));
            CHECK_INT(w->site.outstanding, 1);
            event_stream_end(w->x);
            deliver(w);
        }
        CHECK_INT(w->site.outstanding, 0);
        close_world(w);
    }
}

TEST(event_stream_client_that_takes_nothing_is_dropped_in_time)
{
    struct world *w = open_world(S(GET("1.1")));

    send_piece(w, "piece");
    deliver(w);
    CHECK(connection_deadline(w->c) != CONNECTION_NEVER);
    w->now_ns = connection_deadline(w->c);
    connection_expire(w->c, w->now_ns);
    CHECK_INT(connection_state(w->c), CONNECTION_OVER);
    CHECK(exchange_is_abandoned(w->x));
    event_stream_end(w->x);
    deliver(w);
    close_world(w);
}

TEST(event_stream_that_is_idle_has_no_deadline)
{
    struct world *w = open_world(S(GET("1.1")));

    CHECK_INT(connection_deadline(w->c), CONNECTION_NEVER);
    send_piece(w, "piece");
    pass(w);
    CHECK_INT(connection_deadline(w->c), CONNECTION_NEVER);
    event_stream_end(w->x);
    pass(w);
    close_world(w);
}
