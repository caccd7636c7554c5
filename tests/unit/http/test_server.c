/* test_server.c - the server over real loopback sockets: threads, late answers, draining.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/server.h"

#include "support/test.h"
#include "sys/clock.h"
#include "sys/mailbox.h"
#include "sys/sys.h"
#include "sys/thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 4, ROUNDS = 200, PIPELINED = 3 };

struct late_answer {
    struct letter letter;
    struct exchange *exchange; /* NULL: stop */
};

struct world {
    struct server_config config;
    struct server *server;
    uint16_t port;
    struct mailbox *writer_box;
    struct thread *writer;
    atomic_int notes;
    atomic_int entered; /* requests inside /wait */
    atomic_bool is_released;
};

static void hello(struct exchange *x)
{
    exchange_answer(x, 200, S("text/plain"), S("hello"));
}

static void echo(struct exchange *x)
{
    exchange_answer(x, 200, S("text/plain"), exchange_request(x)->body);
}

static void give_to_writer(struct exchange *x)
{
    struct world *w = exchange_context(x);
    struct late_answer *late = arena_take(exchange_mem(x), sizeof *late);

    late->exchange = x;
    mailbox_post(w->writer_box, &late->letter);
}

static void wait_for_release(struct exchange *x)
{
    struct world *w = exchange_context(x);

    atomic_fetch_add(&w->entered, 1);
    while (!atomic_load(&w->is_released))
        clock_sleep(sys_real(), 1);
    exchange_answer(x, 200, S("text/plain"), S("released"));
}

/* Answers like a log writer: in batches, from a thread of its own. */
static void write_late(void *argument)
{
    struct world *w = argument;

    for (;;) {
        struct letter *next, *letter = mailbox_wait(w->writer_box, -1);

        for (; letter; letter = next) {
            struct late_answer *late = (struct late_answer *)letter;

            next = letter->next;
            if (!late->exchange)
                return;
            exchange_answer(late->exchange, 200, S("text/plain"),
                            exchange_request(late->exchange)->body);
        }
    }
}

static void count_note(void *context, const struct route *route, int status, int64_t nanoseconds)
{
    struct world *w = context;

    if (route && status == 200 && nanoseconds >= 0)
        atomic_fetch_add(&w->notes, 1);
}

static void echo_on_worker(struct exchange *x)
{
    if (exchange_is_inline(x))
        exchange_move(x);
    else
        echo(x);
}

/* Static: what an answer that comes too late still needs is reachable only from here. */
static struct exchange *forgotten;

static void forget(struct exchange *x)
{
    struct world *w = exchange_context(x);

    forgotten = x;
    atomic_fetch_add(&w->entered, 1);
}

static const struct route routes[] = {
    {HTTP_GET, "/forget", forget, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_GET, "/", hello, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_POST, "/inline", echo, 0, ROUTE_INLINE, MEDIA_ANY, 100000, 100000, false},
    {HTTP_POST, "/pool", echo, 0, ROUTE_POOL, MEDIA_ANY, 100000, 100000, false},
    {HTTP_POST, "/either", echo_on_worker, 0, ROUTE_EITHER, MEDIA_ANY, 100000, 100000, false},
    {HTTP_POST, "/late", give_to_writer, 0, ROUTE_INLINE, MEDIA_ANY, 100000, 100000, false},
    {HTTP_GET, "/wait", wait_for_release, 0, ROUTE_POOL, MEDIA_NONE, 0, 0, false},
};

static void prepare_world(struct world *w)
{
    *w = (struct world){0};
    server_limits_default(&w->config.limits);
    w->config.sys = sys_real();
    w->config.listen = S("127.0.0.1:0");
    w->config.routes = routes;
    w->config.route_count = sizeof routes / sizeof routes[0];
    w->config.context = w;
    w->config.note = count_note;
    w->config.limits.loops = 1;
}

static void start_world(struct world *w)
{
    struct buf address = {0};
    uint64_t port = 0;
    str text;

    w->writer_box = mailbox_open(NULL, NULL);
    CHECK_OK(thread_start("writer", write_late, w, &w->writer));
    CHECK_OK(server_start(&w->config, &w->server));
    server_address(w->server, &address);
    text = buf_str(&address);
    CHECK(str_starts(text, S("127.0.0.1:")));
    CHECK(str_to_u64(str_slice(text, 10, text.len), &port) && port > 0);
    w->port = (uint16_t)port;
    buf_done(&address);
}

static void stop_writer(struct world *w)
{
    struct late_answer stop = {0};

    mailbox_post(w->writer_box, &stop.letter);
    thread_join(w->writer);
    mailbox_close(w->writer_box);
}

static int connect_to(const struct world *w)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(w->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool send_all(int fd, str text)
{
    return send(fd, text.data, text.len, MSG_NOSIGNAL) == (ssize_t)text.len;
}

/* Reads until `count` answers that end in `end` have come, or the peer closes. */
static size_t receive_answers(int fd, struct buf *out, str end, size_t count)
{
    size_t seen = 0;

    buf_clear(out);
    while (seen < count && buf_reserve(out, 65536)) {
        ssize_t got = recv(fd, out->data + out->len, out->room - out->len, 0);

        if (got <= 0)
            break;
        out->len += (size_t)got;
        seen = 0;
        for (size_t at = 0; at + end.len <= out->len; at++)
            seen += str_equals(str_slice(buf_str(out), at, at + end.len), end);
    }
    return seen;
}

struct client {
    struct world *world;
    int number;
    int good;
};

static void run_client(void *argument)
{
    static const char *const paths[] = {"/inline", "/pool", "/late", "/either"};
    struct client *client = argument;
    struct buf in = {0}, out = {0};
    int fd = connect_to(client->world);

    for (int round = 0; round < ROUNDS && fd >= 0; round++) {
        char body[64];
        str text;

        snprintf(body, sizeof body, "<client %d round %d>", client->number, round);
        text = str_of(body);
        buf_clear(&in);
        for (int i = 0; i < PIPELINED; i++)
            buf_print(&in, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s",
                      paths[(round + i) % 4], text.len, body);
        if (send_all(fd, buf_str(&in)) && receive_answers(fd, &out, text, PIPELINED) == PIPELINED)
            client->good++;
        if (round % 50 == 49) { /* and now and then a new connection */
            close(fd);
            fd = connect_to(client->world);
        }
    }
    close(fd);
    buf_done(&in);
    buf_done(&out);
}

TEST(server_on_two_loops_answers_many_clients_from_all_threads)
{
    struct thread *threads[CLIENTS];
    struct client clients[CLIENTS];
    struct server_stats stats;
    struct world w;

    prepare_world(&w);
    w.config.limits.loops = 2;
    start_world(&w);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){&w, i, 0};
        CHECK_OK(thread_start("client", run_client, &clients[i], &threads[i]));
    }
    for (int i = 0; i < CLIENTS; i++) {
        thread_join(threads[i]);
        CHECK_INT(clients[i].good, ROUNDS);
    }
    server_stats_read(w.server, &stats);
    CHECK_INT(stats.requests, CLIENTS * ROUNDS * PIPELINED);
    CHECK_INT(stats.body_bytes_in_flight, 0);
    CHECK_INT(stats.refused + stats.malformed, 0);
    server_stop(w.server, 1000);
    CHECK_INT(atomic_load(&w.notes), CLIENTS * ROUNDS * PIPELINED);
    stop_writer(&w);
}

struct stopper {
    struct world *world;
    atomic_bool is_done;
};

static void stop_server(void *argument)
{
    struct stopper *stopper = argument;

    server_stop(stopper->world->server, 10000);
    atomic_store(&stopper->is_done, true);
}

TEST(server_that_stops_lets_requests_under_way_finish)
{
    struct stopper stopper = {0};
    struct buf out = {0};
    struct thread *thread;
    struct world w;
    int busy, idle;

    prepare_world(&w);
    start_world(&w);
    idle = connect_to(&w);
    CHECK(send_all(idle, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
    CHECK_INT(receive_answers(idle, &out, S("hello"), 1), 1);
    busy = connect_to(&w);
    CHECK(send_all(busy, S("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")));
    while (!atomic_load(&w.entered))
        clock_sleep(sys_real(), 1);
    stopper.world = &w;
    CHECK_OK(thread_start("stopper", stop_server, &stopper, &thread));
    CHECK_INT(receive_answers(idle, &out, S("anything"), 1), 0); /* closed */
    CHECK_INT(out.len, 0);
    CHECK(!atomic_load(&stopper.is_done));
    CHECK(connect_to(&w) < 0);
    atomic_store(&w.is_released, true);
    CHECK_INT(receive_answers(busy, &out, S("released"), 1), 1);
    CHECK(str_contains(buf_str(&out), S("Connection: close\r\n")));
    close(idle);
    close(busy);
    thread_join(thread);
    buf_done(&out);
    stop_writer(&w);
}

TEST(server_that_stops_does_not_wait_beyond_its_grace)
{
    struct buf out = {0};
    struct world w;
    int fd;

    prepare_world(&w);
    start_world(&w);
    fd = connect_to(&w);
    CHECK(send_all(fd, S("GET / HTTP/1.1\r\nHos")));
    while (true) {
        struct server_stats stats;

        server_stats_read(w.server, &stats);
        if (stats.connections_total)
            break;
        clock_sleep(sys_real(), 1);
    }
    server_stop(w.server, 20);
    CHECK_INT(receive_answers(fd, &out, S("anything"), 1), 0);
    close(fd);
    buf_done(&out);
    stop_writer(&w);
}

TEST(server_that_stopped_survives_an_answer_that_comes_too_late)
{
    struct buf out = {0};
    struct world w;
    int fd;

    prepare_world(&w);
    start_world(&w);
    fd = connect_to(&w);
    CHECK(send_all(fd, S("GET /forget HTTP/1.1\r\nHost: a\r\n\r\n")));
    while (!atomic_load(&w.entered))
        clock_sleep(sys_real(), 1);
    server_stop(w.server, 10);
    CHECK_INT(receive_answers(fd, &out, S("HTTP/1.1"), 1), 0);
    CHECK(exchange_is_abandoned(forgotten));
    exchange_answer(forgotten, 200, S("text/plain"), S("for nobody"));
    close(fd);
    buf_done(&out);
    stop_writer(&w);
}

TEST(server_ends_slow_requests_and_refuses_surplus_connections)
{
    struct server_stats stats;
    struct buf out = {0};
    struct world w;
    int slow, surplus;

    prepare_world(&w);
    w.config.limits.connections = 1;
    w.config.limits.request_ms = 300;
    start_world(&w);
    slow = connect_to(&w);
    CHECK(send_all(slow, S("GET / HTTP/1.1\r\nHos")));
    surplus = connect_to(&w);
    CHECK_INT(receive_answers(surplus, &out, S("HTTP/1.1 503 "), 1), 1);
    CHECK(str_contains(buf_str(&out), S("Retry-After: ")));
    CHECK_INT(receive_answers(slow, &out, S("HTTP/1.1 408 "), 1), 1);
    server_stats_read(w.server, &stats);
    CHECK_INT(stats.refused, 1);
    CHECK_INT(stats.connections_total, 2);
    close(slow);
    close(surplus);
    buf_done(&out);
    server_stop(w.server, 1000);
    stop_writer(&w);
}

TEST(server_answers_a_refused_body_so_that_the_client_reads_it)
{
    struct buf out = {0}, body = {0};
    struct world w;
    int fd;

    prepare_world(&w);
    start_world(&w);
    fd = connect_to(&w);
    CHECK(send_all(fd, S("POST /inline HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")));
    CHECK(buf_reserve(&body, 300000));
    memset(body.data, 'x', 300000);
    CHECK(send_all(fd, str_from(body.data, 300000)));
    CHECK_INT(receive_answers(fd, &out, S("HTTP/1.1 413 "), 1), 1);
    CHECK_INT(receive_answers(fd, &out, S("HTTP/1.1 "), 1), 0);
    close(fd);
    buf_done(&out);
    buf_done(&body);
    server_stop(w.server, 1000);
    stop_writer(&w);
}

TEST(server_says_why_it_cannot_start)
{
    struct server_config config = {.sys = sys_real(), .listen = S("nowhere:1")};
    struct server *server;
    static const struct route bad[] = {{.path = "no-slash", .run = hello}};

    server_limits_default(&config.limits);
    CHECK_ERR(ERR_INVALID, server_start(&config, &server));
    config.listen = S("127.0.0.1:0");
    config.routes = bad;
    config.route_count = 1;
    CHECK_ERR(ERR_INVALID, server_start(&config, &server));
}
