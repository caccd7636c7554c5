/* test_client.c - the command line's requests, against a server of our own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/client.h"

#include "http/server.h"
#include "support/test.h"
#include "sys/clock.h"
#include "sys/sys.h"

#include <stdatomic.h>

static void echo(struct exchange *x)
{
    str text =
        arena_print(exchange_mem(x), "%d %.*s %.*s", (int)exchange_request(x)->method,
                    STR_ARG(exchange_header(x, S("X-Key"))), STR_ARG(exchange_request(x)->body));

    exchange_answer(x, 200, S("text/plain"), text);
}

static void redirect(struct exchange *x)
{
    exchange_add_header(x, S("Location"), S("/echo"));
    exchange_answer(x, 302, S(""), S(""));
}

static void stall(struct exchange *x)
{
    atomic_bool *is_released = exchange_context(x);

    while (!atomic_load(is_released))
        clock_sleep(sys_real(), 1);
    exchange_answer(x, 200, S(""), S(""));
}

static const struct route routes[] = {
    {HTTP_GET, "/echo", echo, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_POST, "/echo", echo, 0, ROUTE_INLINE, MEDIA_ANY, 1 << 20, 1 << 20, false},
    {HTTP_PUT, "/echo", echo, 0, ROUTE_INLINE, MEDIA_ANY, 1 << 20, 1 << 20, false},
    {HTTP_DELETE, "/echo", echo, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_GET, "/redirect", redirect, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_GET, "/stall", stall, 0, ROUTE_POOL, MEDIA_NONE, 0, 0, false},
};

static struct server *start_server(atomic_bool *is_released, str *out_base)
{
    struct server_config config = {.sys = sys_real(),
                                   .listen = S("127.0.0.1:0"),
                                   .routes = routes,
                                   .route_count = sizeof routes / sizeof routes[0],
                                   .context = is_released};
    struct server *server;
    struct buf address = {0};

    server_limits_default(&config.limits);
    config.limits.loops = 1;
    CHECK_OK(server_start(&config, &server));
    server_address(server, &address);
    *out_base = arena_print(test_mem, "http://%.*s", STR_ARG(buf_str(&address)));
    buf_done(&address);
    return server;
}

static str join(str base, const char *path)
{
    return arena_print(test_mem, "%.*s%s", STR_ARG(base), path);
}

TEST(client_hands_back_status_and_body)
{
    static const struct http_header key[] = {{S("X-Key"), S("k")}};
    static const struct {
        enum http_method method;
        const char *path;
        str body;
        int status;
        const char *want;
    } cases[] = {
        {HTTP_GET, "/echo", S(""), 200, "0 k "},
        {HTTP_POST, "/echo", S(""), 200, "2 k "},
        {HTTP_POST, "/echo", S("hello\0!"), 200, "2 k hello"},
        {HTTP_PUT, "/echo", S("x"), 200, "3 k x"},
        {HTTP_DELETE, "/echo", S(""), 200, "4 k "},
        {HTTP_HEAD, "/echo", S(""), 200, ""},
        {HTTP_GET, "/redirect", S(""), 302, ""},
        {HTTP_GET, "/nix", S(""), 404, "{\"type\":\"about:blank\""},
    };
    atomic_bool is_released = false;
    str base;
    struct server *server = start_server(&is_released, &base);

    EACH_CASE(c, cases)
    {
        struct client_request request = {.method = c->method,
                                         .url = join(base, c->path),
                                         .headers = key,
                                         .header_count = 1,
                                         .body = c->body,
                                         .timeout_ms = 20000,
                                         .answer_limit = 1000};
        int status;
        str body;

        CHECK_OK(client_request(&request, test_mem, &status, &body));
        CHECK_INT(status, c->status);
        CHECK(str_starts(body, str_of(c->want)));
        CHECK(c->want[0] || body.len == 0);
    }
    server_stop(server, 1000);
}

TEST(client_says_what_went_wrong)
{
    static const struct http_header injected[] = {{S("A"), S("b\r\nC: d")}};
    atomic_bool is_released = false;
    str base;
    struct server *server = start_server(&is_released, &base);
    struct {
        str url;
        size_t header_count;
        int64_t timeout_ms;
        size_t answer_limit;
        enum err want;
    } cases[] = {
        {join(base, "/nix"), 0, 20000, 10, ERR_LIMIT},
        {join(base, "/stall"), 0, 50, 1000, ERR_EXPIRED},
        {join(base, "/echo"), 1, 20000, 1000, ERR_INVALID},
        {S("file:///etc/hostname"), 0, 20000, 1000, ERR_INVALID},
        {S("echo"), 0, 20000, 1000, ERR_INVALID},
        {S("http://a b/"), 0, 20000, 1000, ERR_INVALID},
        {S("http://127.0.0.1:1/"), 0, 20000, 1000, ERR_BUSY},
    };

    EACH_CASE(c, cases)
    {
        struct client_request request = {.url = c->url,
                                         .headers = injected,
                                         .header_count = c->header_count,
                                         .timeout_ms = c->timeout_ms,
                                         .answer_limit = c->answer_limit};
        int status = -1;
        str body;

        CHECK_ERR(c->want, client_request(&request, test_mem, &status, &body));
        CHECK_INT(status, -1);
    }
    atomic_store(&is_released, true);
    server_stop(server, 1000);
}
