/* test_server_tls.c - TLS on real sockets and several loops, while the terms change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/server.h"
#include "http/terms.h"
#include "support/certificate.h"
#include "support/test.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 4, CONNECTIONS = 25, REQUESTS = 8, BODY = 100000 };

struct world {
    struct sys *files; /* simulated: certificates */
    struct server_config config;
    struct terms *terms;
    struct server *server;
    uint16_t plain_port, secure_port;
    atomic_int ended; /* clients */
};

static void echo(struct exchange *x)
{
    exchange_answer(x, 200, S("text/plain"), exchange_request(x)->body);
}

static void tell_scheme(struct exchange *x)
{
    exchange_answer(x, 200, S("text/plain"),
                    exchange_request(x)->is_secure ? S("secure") : S("plain"));
}

static const struct route routes[] = {
    {HTTP_GET, "/", tell_scheme, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_POST, "/inline", echo, 0, ROUTE_INLINE, MEDIA_ANY, BODY, BODY, false},
    {HTTP_POST, "/pool", echo, 0, ROUTE_POOL, MEDIA_ANY, BODY, BODY, false},
};

static struct terms *terms_of(struct world *w, const struct terms *before)
{
    struct terms_plan plan = {.certificate = "a.pem",
                              .key = "a.key",
                              .trusted_proxies = S(""),
                              .client_header = S("Forwarded")};
    struct terms *terms;

    CHECK_OK(terms_open(w->files, &plan, before, &terms));
    return terms;
}

static uint16_t port_of(const struct server *server,
                        void (*add_address)(const struct server *server, struct buf *out))
{
    struct buf address = {0};
    uint64_t port;
    str rest;

    add_address(server, &address);
    rest = buf_str(&address);
    str_cut(&rest, ':');
    CHECK(str_to_u64(rest, &port));
    buf_done(&address);
    return (uint16_t)port;
}

static void open_world(struct world *w)
{
    struct certificate_pem pem;

    *w = (struct world){.files = sim_open(1)};
    certificate_make("a.example", CERTIFICATE_P256, -1, 90, &pem);
    CHECK_OK(file_replace(w->files, "a.pem", buf_str(&pem.certificate)));
    CHECK_OK(file_replace(w->files, "a.key", buf_str(&pem.key)));
    certificate_drop(&pem);
    w->terms = terms_of(w, NULL);
    server_limits_default(&w->config.limits);
    w->config.sys = sys_real();
    w->config.listen = w->config.tls_listen = S("127.0.0.1:0");
    w->config.terms = w->terms;
    w->config.routes = routes;
    w->config.route_count = sizeof routes / sizeof routes[0];
    w->config.context = w;
    w->config.limits.loops = 2;
}

static void start_world(struct world *w)
{
    CHECK_OK(server_start(&w->config, &w->server));
    w->plain_port = port_of(w->server, server_address);
    w->secure_port = port_of(w->server, server_tls_address);
}

static void close_world(struct world *w)
{
    server_stop(w->server, 1000);
    terms_release(w->terms);
    sim_close(w->files);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static SSL *greet(SSL_CTX *context, int fd)
{
    SSL *ssl = SSL_new(context);

    SSL_set_fd(ssl, fd);
    return ssl;
}

static void leave(SSL *ssl, int fd)
{
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

/* Reads until `end` stands at the end. */
static bool read_until(SSL *ssl, struct buf *out, str end)
{
    size_t len;

    buf_clear(out);
    while (!str_ends(buf_str(out), end)) {
        if (!buf_reserve(out, 65536) || SSL_read_ex(ssl, out->data + out->len, 65536, &len) != 1)
            return false;
        out->len += len;
    }
    return true;
}

struct client {
    struct world *world;
    SSL_CTX *context;
    int good;
};

/* A small, a large and a pooled request at once, over one connection after the other. */
static void run_client(void *argument)
{
    struct client *client = argument;
    struct buf in = {0}, out = {0}, large = {0};
    size_t len;

    for (int i = 0; i < 9000; i++)
        buf_add(&large, S("0123456789"));
    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = connect_to(client->world->secure_port);
        SSL *ssl = greet(client->context, fd);

        for (int k = 0; k < REQUESTS; k++) {
            buf_clear(&in);
            buf_print(&in, "POST /inline HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
                      large.len);
            buf_add(&in, buf_str(&large));
            buf_print(&in,
                      "POST /pool HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\npool"
                      "POST /inline HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n<%02d %02d>",
                      i, k);
            if (SSL_connect(ssl) == 1 && SSL_write_ex(ssl, in.data, in.len, &len) == 1 &&
                read_until(ssl, &out, str_slice(buf_str(&in), in.len - 7, in.len)))
                client->good++;
        }
        leave(ssl, fd);
    }
    atomic_fetch_add(&client->world->ended, 1);
    buf_done(&in);
    buf_done(&out);
    buf_done(&large);
}

TEST(server_speaks_tls_on_two_loops_while_its_terms_change)
{
    struct thread *threads[CLIENTS];
    struct client clients[CLIENTS];
    struct server_stats stats;
    struct world w;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    int changes = 0;

    open_world(&w);
    start_world(&w);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){&w, context, 0};
        CHECK_OK(thread_start("client", run_client, &clients[i], &threads[i]));
    }
    while (atomic_load(&w.ended) < CLIENTS) {
        struct terms *next;

        if (changes++ % 2)
            next = terms_of(&w, w.terms);
        else
            CHECK_OK(terms_renew(w.files, w.terms, &next));
        server_set_terms(w.server, next);
        terms_release(w.terms);
        w.terms = next;
        clock_sleep(sys_real(), 2);
    }
    for (int i = 0; i < CLIENTS; i++) {
        thread_join(threads[i]);
        CHECK_INT(clients[i].good, CONNECTIONS * REQUESTS);
    }
    server_stats_read(w.server, &stats);
    CHECK(changes > 1);
    CHECK_INT(stats.tls_full + stats.tls_resumed, CLIENTS * CONNECTIONS);
    CHECK_INT(stats.tls_failed, 0);
    CHECK_INT(stats.requests, CLIENTS * CONNECTIONS * REQUESTS * 3);
    CHECK(stats.tls_until > clock_now(sys_real()));
    SSL_CTX_free(context);
    close_world(&w);
}

TEST(server_with_tls_and_without_knows_who_came_how)
{
    struct buf out = {0};
    struct world w;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    char text[1000];
    ssize_t got;
    size_t len;
    SSL *ssl;
    int fd;

    open_world(&w);
    start_world(&w);
    fd = connect_to(w.plain_port);
    CHECK(send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, MSG_NOSIGNAL) == 27);
    got = recv(fd, text, sizeof text, 0);
    CHECK(got > 0 && str_ends(str_from(text, (size_t)got), S("plain")));
    close(fd);
    fd = connect_to(w.secure_port);
    ssl = greet(context, fd);
    CHECK(SSL_connect(ssl) == 1);
    CHECK(SSL_write_ex(ssl, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, &len) == 1);
    CHECK(read_until(ssl, &out, S("secure")));
    leave(ssl, fd);
    SSL_CTX_free(context);
    buf_done(&out);
    close_world(&w);
}

TEST(server_cuts_a_handshake_that_is_too_slow)
{
    struct server_stats stats;
    struct world w;
    char byte;
    int silent, broken;

    open_world(&w);
    w.config.limits.request_ms = 300;
    start_world(&w);
    silent = connect_to(w.secure_port);
    broken = connect_to(w.secure_port);
    CHECK(send(broken, "\x16\x03\x01\x00", 4, MSG_NOSIGNAL) == 4);
    CHECK_INT(recv(silent, &byte, 1, 0), 0);
    CHECK(recv(broken, &byte, 1, 0) <= 0);
    server_stats_read(w.server, &stats);
    CHECK_INT(stats.tls_failed, 2);
    close(silent);
    close(broken);
    close_world(&w);
}

TEST(server_needs_a_certificate_for_tls)
{
    struct server *server;
    struct world w;

    open_world(&w);
    w.config.terms = NULL;
    CHECK_ERR(ERR_INVALID, server_start(&w.config, &server));
    CHECK(str_contains(str_of(err_text()), S("certificate")));
    close_world(&w);
}
