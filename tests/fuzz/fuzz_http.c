/* fuzz_http.c - any bytes as a stream of requests, split anyhow.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte seeds the splits. What the reader says may not depend on them, and a connection
 * that is fed the same way keeps its promises: bounded memory, nothing held when it is over.
 */
#include "unit/http/verdict.c"

#include "http/connection.h"
#include "sys/sys.h"

enum { HEAD_LIMIT = 512, BODY_LIMIT = 256, ROUTE_LIMIT = 4096 };

struct world {
    struct server_config config;
    struct router *router;
    struct site_totals totals;
    struct site site;
    struct exchange *held;
};

static void echo(struct exchange *x)
{
    str body = exchange_request(x)->body;
    str value = exchange_query_value(x, S("q"));

    exchange_add_header(x, S("X-Query"), value.data ? value : S("-"));
    exchange_answer(x, 200, S("text/plain"), body);
}

static void hold(struct exchange *x)
{
    struct world *w = exchange_context(x);

    assert(!w->held);
    w->held = x;
}

static bool has_no_room(void *pool, struct exchange *x)
{
    (void)pool;
    (void)x;
    return false;
}

static const struct route routes[] = {
    {HTTP_GET, "/", echo, 0, ROUTE_INLINE, MEDIA_NONE, 0, 0, false},
    {HTTP_POST, "/", echo, 0, ROUTE_INLINE, MEDIA_JSON, ROUTE_LIMIT, ROUTE_LIMIT, false},
    {HTTP_POST, "/:hold", hold, 0, ROUTE_INLINE, MEDIA_ANY, ROUTE_LIMIT, ROUTE_LIMIT, false},
    {HTTP_PUT, "/", echo, 0, ROUTE_POOL, MEDIA_ANY, ROUTE_LIMIT, ROUTE_LIMIT, false},
};

static struct world *open_world(void)
{
    struct world *w = mem_alloc(sizeof *w);

    server_limits_default(&w->config.limits);
    w->config.limits.header_bytes = HEAD_LIMIT;
    w->config.sys = sys_real();
    w->config.context = w;
    if (router_open(routes, sizeof routes / sizeof routes[0], &w->router) ||
        site_init(&w->site, &w->config, w->router, &w->totals))
        abort();
    w->site.dispatch = has_no_room;
    site_enter(&w->site);
    return w;
}

static void take_output(struct connection *c, struct buf *out)
{
    for (str part = connection_output(c); part.len; part = connection_output(c)) {
        buf_add(out, part);
        connection_sent(c, part.len, 0);
    }
}

static void answer_held(struct world *w, struct connection *c, struct buf *out)
{
    while (w->held) {
        struct exchange *x = w->held;

        w->held = NULL;
        exchange_answer(x, 200, S(""), exchange_request(x)->body);
        assert(site_next_ready(&w->site) == x);
        connection_answered(x, 0);
        take_output(c, out);
    }
}

static void feed_connection(struct world *w, str in, enum verdict_split split, random_state *dice,
                            struct buf *out)
{
    struct connection *c = connection_open(&w->site, S("peer"), NULL, 0);

    while (in.len) {
        size_t room, size = next_size(split, dice, in.len);
        char *window = connection_window(c, &room);

        if (!window)
            break;
        size = size < room ? size : room;
        memcpy(window, in.data, size);
        connection_received(c, size, 0);
        in = str_slice(in, size, in.len);
        take_output(c, out);
        answer_held(w, c, out);
    }
    if (split != SPLIT_NONE)
        connection_expire(c, INT64_MAX - 1);
    else
        connection_input_ended(c);
    connection_close(c);
    assert(w->site.outstanding == 0 && atomic_load(&w->totals.body_bytes) == 0);
}

static void compare(struct buf *a, struct buf *b)
{
    if (!str_equals(buf_str(a), buf_str(b)))
        abort();
    buf_done(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verdict_limits limits = {HEAD_LIMIT, BODY_LIMIT};
    static struct world *world;
    struct buf whole = {0}, bytes = {0}, pieces = {0}, sent = {0}, sent_pieces = {0};
    random_state dice = {size ? data[0] : 0};
    str in = size ? str_from(data + 1, size - 1) : S("");

    if (!world)
        world = open_world();
    verdict_write(in, SPLIT_NONE, &dice, limits, &whole);
    verdict_write(in, SPLIT_BYTES, &dice, limits, &bytes);
    verdict_write(in, SPLIT_RANDOM, &dice, limits, &pieces);
    compare(&whole, &bytes);
    compare(&whole, &pieces);
    feed_connection(world, in, SPLIT_NONE, &dice, &sent);
    feed_connection(world, in, SPLIT_RANDOM, &dice, &sent_pieces);
    /* Only "100 Continue" depends on what has arrived when the head is complete. */
    if (!str_contains(buf_str(&sent_pieces), S("HTTP/1.1 100 ")) &&
        !str_equals(buf_str(&sent), buf_str(&sent_pieces)))
        abort();
    buf_done(&whole);
    buf_done(&sent);
    buf_done(&sent_pieces);
    return 0;
}
