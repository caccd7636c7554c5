/* connection.c - reads requests one after the other, runs their routes, lines up the answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input buffer holds, while a request is read, its head, then as much of its body as has come
 * (chunks are joined in place), then bytes not looked at yet. An inline route sees the request in
 * that buffer; when it leaves the loop unanswered it takes the buffer with it.
 */
#include "http/connection.h"

#include "base/mem.h"
#include "http/admission.h"
#include "http/answer.h"
#include "http/content.h"
#include "http/event_stream.h"
#include "http/forwarded.h"
#include "http/terms.h"
#include "sys/clock.h"

#include <assert.h>
#include <string.h>

enum {
    LEAST_WINDOW = 4096,
    FIRST_WINDOW = 4096,      /* of a request: its head may tell that the body is of no use */
    SMALL_REMAINDER = 4096,   /* an incomplete request up to this size does not hold a big buffer */
    BACKLOG_MOST = 256 << 10, /* bytes of answers waiting: beyond it no further request is read */
    DRAINED_MOST = 64 << 10,  /* a refused body up to this size is read and dropped */
    DRAINED_BUSY = 1 << 20,   /* while there is too much to do: a new connection costs more */
    PIPELINED_MOST = 128,     /* requests in a row; the next ones when others had their turn */
    PROGRESS_LEAST = 16 << 10, /* bytes a slow reader must take to be given more time */
    PEER_MOST = 64,
};

#define LINGER_NS (2 * (int64_t)1000000000)

enum phase {
    IDLE,      /* between requests; no exchange */
    READING,   /* head or body of x are incomplete */
    SKIPPING,  /* x is answered; the rest of its body is dropped */
    RUNNING,   /* x is with its route */
    FLUSHING,  /* no further request; closes when everything is sent */
    LINGERING, /* sent and shut; what still comes is dropped, so that the answer is not lost */
    OVER,
};

struct connection {
    struct site *site;
    void *owner;
    const struct terms *terms; /* or NULL */
    bool is_secure;            /* the bytes come by TLS */
    bool is_proxied;           /* the peer is a trusted proxy */
    enum phase phase;
    bool lingers;     /* from FLUSHING go on to LINGERING: unread bytes may still come */
    bool input_ended; /* the peer sends nothing more */
    bool is_draining;
    bool was_told_to_continue;
    bool skipped_line; /* an empty line came behind the latest request */
    struct exchange *x;
    struct buf in;
    size_t head_at, body_at, body_len;
    size_t from; /* bytes of `in` before this place were read */
    struct buf out;
    size_t sent;
    size_t progress; /* bytes sent since write_until was set */
    int64_t read_until, write_until;
    int64_t rest_until; /* nothing is read before: others come first */
    char peer[PEER_MOST];
    size_t peer_len;
};

static int64_t after(int64_t now_ns, int64_t span_ms)
{
    return now_ns + span_ms * 1000000;
}

void connection_name_peer(struct connection *c, str peer)
{
    c->peer_len = peer.len < PEER_MOST ? peer.len : PEER_MOST;
    if (c->peer_len)
        memcpy(c->peer, peer.data, c->peer_len);
}

struct connection *connection_open(struct site *site, str peer, void *owner, int64_t now_ns)
{
    struct connection *c = mem_alloc(sizeof *c);

    if (!c)
        return NULL;
    c->site = site;
    c->owner = owner;
    connection_name_peer(c, peer);
    c->read_until = after(now_ns, site->config->limits.idle_ms);
    c->write_until = c->rest_until = CONNECTION_NEVER;
    return c;
}

void connection_accept_terms(struct connection *c, const struct terms *terms, bool is_secure)
{
    struct address peer;

    c->terms = terms;
    c->is_secure = is_secure;
    c->is_proxied = terms->proxies.count && address_read((str){c->peer, c->peer_len}, &peer) &&
                    networks_have(&terms->proxies, &peer);
}

bool connection_is_proxied(const struct connection *c)
{
    return c->is_proxied;
}

static void abandon(struct connection *c)
{
    c->x->connection = NULL;
    atomic_store_explicit(&c->x->is_abandoned, true, memory_order_relaxed);
    if (!event_stream_is_open(c->x) || event_stream_leave(c->x))
        return;
    c->site->outstanding--;
    site_give_exchange(c->site, c->x);
}

static void leave_exchange(struct connection *c)
{
    if (!c->x)
        return;
    if (c->phase == RUNNING)
        abandon(c);
    else
        site_give_exchange(c->site, c->x);
    c->x = NULL;
}

void connection_close(struct connection *c)
{
    if (!c)
        return;
    leave_exchange(c);
    site_give_buf(c->site, &c->in);
    site_give_buf(c->site, &c->out);
    mem_free(c);
}

void *connection_owner(const struct connection *c)
{
    return c->owner;
}

static void end(struct connection *c)
{
    leave_exchange(c);
    c->phase = OVER;
}

/* Everything is sent, or there was nothing: the last steps of a connection. */
static void flushed(struct connection *c, int64_t now_ns)
{
    if (!c->lingers || c->input_ended) {
        end(c);
        return;
    }
    c->phase = LINGERING;
    c->read_until = now_ns + LINGER_NS;
}

static void stop_reading(struct connection *c, bool lingers)
{
    c->phase = FLUSHING;
    c->rest_until = CONNECTION_NEVER;
    c->lingers = lingers;
    c->from = c->in.len = 0;
    site_give_buf(c->site, &c->in);
}

static void add_output(struct connection *c, int64_t now_ns)
{
    if (c->write_until == CONNECTION_NEVER) {
        c->write_until = after(now_ns, c->site->config->limits.write_ms);
        c->progress = 0;
    }
}

/* The answer of c->x becomes output. False when there was no memory even for that. */
static bool write_answer(struct connection *c, bool keeps_alive, int64_t now_ns)
{
    struct site *site = c->site;
    struct exchange *x = c->x;

    if (!c->out.data && !site_take_buf(site, &c->out))
        return false;
    if (event_stream_is_open(x)) {
        event_stream_write_piece(x, true, &c->out);
    } else {
        if (c->terms && c->terms->transport_security.len && x->request.is_secure)
            exchange_add_header(x, S("Strict-Transport-Security"), c->terms->transport_security);
        answer_write(x, keeps_alive, &c->out);
    }
    add_output(c, now_ns);
    atomic_fetch_add_explicit(&site->totals->requests, 1, memory_order_relaxed);
    if (site->config->note)
        site->config->note(site->config->context, x->route, x->status,
                           clock_mono_ns(site->sys) - x->started_ns);
    return !buf_is_broken(&c->out);
}

/* The exchange is answered and its request was read to the end. */
static void finish(struct connection *c, int64_t now_ns)
{
    struct exchange *x = c->x;
    bool wants_more = x->reader.keeps_alive && !(c->input_ended && c->from == c->in.len);
    bool keeps_alive = wants_more && !x->closes && !c->is_draining;
    bool is_written = write_answer(c, keeps_alive, now_ns);

    c->phase = IDLE;
    leave_exchange(c);
    if (!is_written)
        end(c);
    else if (!keeps_alive)
        stop_reading(c, wants_more || c->from < c->in.len); /* its next request may be on its way */
    else
        c->read_until = after(now_ns, c->site->config->limits.idle_ms);
}

/* Whoever is told to come again later and comes at once takes the time of those who were not: so
 * when there are too many of them they are not read for a while. */
static bool let_rest(struct connection *c, int64_t now_ns)
{
    int64_t wait_ms = c->x->status == 429 ? answer_wait_ms(c->x) : 0;

    if (wait_ms)
        c->rest_until = site_rest(c->site, c->x->reader.length, now_ns, wait_ms * 1000000);
    return wait_ms;
}

/* An answer before the body was read: drops a small rest, or closes. */
static void finish_early(struct connection *c, int64_t now_ns)
{
    const struct request_reader *r = &c->x->reader;
    size_t most = let_rest(c, now_ns) ? DRAINED_BUSY : DRAINED_MOST;
    bool is_small =
        r->body == REQUEST_BODY_NONE || (r->body == REQUEST_BODY_LENGTH && r->length <= most);
    bool keeps_alive =
        r->keeps_alive && is_small && !r->expects_continue && !c->is_draining && !c->x->closes;

    if (!write_answer(c, keeps_alive, now_ns)) {
        end(c);
    } else if (keeps_alive) {
        c->x->reader.body_limit = most;
        c->phase = SKIPPING;
    } else {
        leave_exchange(c);
        stop_reading(c, true);
    }
}

/* An answer to `x` that this thread gives between these two needs no way back. */
static void enter_route(struct site *site, struct exchange *x)
{
    site->running = x;
    site->has_answered = false;
}

static bool leave_route(struct site *site)
{
    site->running = NULL;
    return site->has_answered;
}

static void answer_here(struct exchange *x, int status, str detail)
{
    enter_route(x->site, x);
    exchange_answer_problem(x, status, detail);
    leave_route(x->site);
}

/* The server's own answer to c->x. Call before the request has a route running. */
static void refuse(struct connection *c, int status, const char *detail, int64_t now_ns)
{
    struct exchange *x = c->x;
    struct site_totals *totals = c->site->totals;

    if (status == 429 || status == 503) {
        exchange_add_header(x, S("Retry-After"), S("1"));
        atomic_fetch_add_explicit(&totals->refused, 1, memory_order_relaxed);
    } else if (status == 400) {
        atomic_fetch_add_explicit(&totals->malformed, 1, memory_order_relaxed);
    }
    x->closes = true;
    answer_here(x, status, str_of(detail));
    finish_early(c, now_ns);
}

/* Like refuse(), but the request is complete and understood: the connection goes on. */
static void turn_away(struct connection *c, int status, const char *detail, int64_t now_ns)
{
    struct exchange *x = c->x;

    exchange_add_header(x, S("Retry-After"), S("1"));
    atomic_fetch_add_explicit(&c->site->totals->refused, 1, memory_order_relaxed);
    answer_here(x, status, str_of(detail));
    finish(c, now_ns);
}

static void take_head(struct connection *c, size_t used, int64_t now_ns)
{
    struct exchange *x = c->x;
    bool is_admitted, has_answered;

    c->skipped_line = false;
    c->from += used;
    c->head_at = c->from - x->reader.line;
    c->body_at = c->from;
    c->body_len = 0;
    request_bind(&x->reader, c->in.data + c->head_at, x->request_headers, &x->request);
    x->request.peer = (str){c->peer, c->peer_len};
    if (c->is_proxied)
        forwarded_apply(&x->request, x->mem, c->terms->client_header, &c->terms->proxies);
    x->started_ns = now_ns;
    enter_route(c->site, x);
    is_admitted = admission_check(c->site, x);
    has_answered = leave_route(c->site);
    assert(is_admitted != has_answered); /* `authorise` that says no has answered */
    if (is_admitted) {
        x->reader.body_limit = x->route->body_limit;
        return;
    }
    finish_early(c, now_ns);
}

static void take_piece(struct connection *c, str piece)
{
    if (c->phase == SKIPPING)
        return;
    if (piece.data != c->in.data + c->body_at + c->body_len)
        memmove(c->in.data + c->body_at + c->body_len, piece.data, piece.len);
    c->body_len += piece.len;
}

/* Counts `bytes` of this request's body as memory in flight. */
static bool charge(struct exchange *x, uint64_t bytes)
{
    struct site *site = x->site;
    uint64_t more = bytes > x->charged ? bytes - x->charged : 0;

    x->charged += more;
    return more == 0 ||
           atomic_fetch_add_explicit(&site->totals->body_bytes, more, memory_order_relaxed) +
                   more <=
               site->config->limits.body_memory;
}

/* Memory that the body takes: a buffer that has grown may be twice what is in it. */
static uint64_t body_memory(const struct connection *c)
{
    return c->body_len && c->in.room > SITE_BUF_ROOM ? c->in.room : c->body_len;
}

/* Gives the input buffer to the exchange that leaves the loop; bytes behind the request stay. */
static bool part_with_input(struct connection *c)
{
    str rest = str_slice(buf_str(&c->in), c->from, c->in.len);

    site_give_buf(c->site, &c->x->input);
    c->x->input = c->in;
    c->in = (struct buf){0};
    c->from = 0;
    if (rest.len == 0)
        return true;
    if (!site_take_buf(c->site, &c->in) || !buf_reserve(&c->in, rest.len + SITE_PADDING))
        return false;
    buf_add(&c->in, rest);
    return true;
}

/* Unpacks the body where it came packed. False when the exchange is refused. */
static bool unpack(struct connection *c, int64_t now_ns)
{
    struct exchange *x = c->x;
    enum gunzip_format format;
    enum err err;

    if (x->request.body.len == 0 ||
        !content_is_packed(exchange_header(x, S("content-encoding")), &format))
        return true;
    err = gunzip_unpack(c->site->gunzip, format, x->request.body, x->route->unpacked_limit,
                        &x->unpacked);
    if (err || !buf_reserve(&x->unpacked, SITE_PADDING)) {
        refuse(c, err == ERR_INVALID ? 400 : 413, err_text(), now_ns);
        return false;
    }
    if (!charge(x, x->charged + x->unpacked.len)) {
        turn_away(c, 429, "too much is being received at once", now_ns);
        return false;
    }
    x->request.body = buf_str(&x->unpacked);
    return true;
}

/* The route runs on a worker. */
static void dispatch(struct connection *c, int64_t now_ns)
{
    struct site *site = c->site;

    if (!part_with_input(c)) {
        end(c);
        return;
    }
    c->phase = RUNNING;
    site->outstanding++;
    if (site->dispatch(site->pool, c->x))
        return;
    site->outstanding--;
    turn_away(c, 429, "too many requests are waiting", now_ns);
}

/* The buffer may have moved since the head was read. */
static void follow_head(struct connection *c)
{
    struct exchange *x = c->x;
    const char *head = c->in.data + c->head_at;

    if (x->request.target.data == head + x->reader.target.at)
        return;
    request_bind(&x->reader, head, x->request_headers, &x->request);
    router_find(c->site->router, x->request.method, x->request.path, &x->match);
}

/* The request is complete. */
static void run(struct connection *c, int64_t now_ns)
{
    struct site *site = c->site;
    struct exchange *x = c->x;

    if (c->phase == SKIPPING) {
        c->phase = IDLE;
        leave_exchange(c);
        c->read_until = after(now_ns, site->config->limits.idle_ms);
        return;
    }
    follow_head(c);
    x->request.body = str_from(c->in.data + c->body_at, c->body_len);
    if (!charge(x, body_memory(c))) {
        turn_away(c, 429, "too much is being received at once", now_ns);
        return;
    }
    if (!unpack(c, now_ns))
        return;
    x->connection = c;
    if (x->route->kind == ROUTE_POOL) {
        dispatch(c, now_ns);
        return;
    }
    x->moves = false;
    enter_route(site, x);
    x->route->run(x);
    if (leave_route(site)) {
        finish(c, now_ns);
        return;
    }
    if (x->moves) {
        dispatch(c, now_ns);
        return;
    }
    site->outstanding++;
    c->phase = RUNNING;
    if (!part_with_input(c))
        end(c);
}

static bool begin(struct connection *c, int64_t now_ns)
{
    struct exchange *x = site_take_exchange(c->site);

    if (!x) {
        end(c);
        return false;
    }
    request_begin(&x->reader, c->site->config->limits.header_bytes);
    x->reader.skipped_line = c->skipped_line;
    x->request = (struct http_request){.minor_version = true, .is_secure = c->is_secure};
    x->started_ns = now_ns;
    c->x = x;
    c->phase = READING;
    c->head_at = c->from;
    c->was_told_to_continue = false;
    c->read_until = after(now_ns, c->site->config->limits.request_ms);
    return true;
}

/* The reader has looked at everything that is there. */
static void wait_for_more(struct connection *c, int64_t now_ns)
{
    struct exchange *x = c->x;

    if (c->phase == READING && !charge(x, x->route ? body_memory(c) : 0)) {
        refuse(c, 429, "too much is being received at once", now_ns);
    } else if (c->phase == READING && x->route && x->reader.expects_continue &&
               !c->was_told_to_continue && c->body_len == 0 && c->from == c->in.len) {
        c->was_told_to_continue = true;
        if (!c->out.data && !site_take_buf(c->site, &c->out))
            return;
        buf_add(&c->out, S("HTTP/1.1 100 Continue\r\n\r\n"));
        add_output(c, now_ns);
    } else if (c->from == c->in.len && request_is_untouched(&x->reader)) {
        c->phase = IDLE; /* only an empty line came */
        c->skipped_line = true;
        c->read_until = after(now_ns, c->site->config->limits.idle_ms);
        leave_exchange(c);
    }
}

/* One event of the reader; false when there is nothing to do before more bytes come. */
static bool step(struct connection *c, int64_t now_ns)
{
    str piece = {NULL, 0};
    size_t used = 0;

    switch (request_read(&c->x->reader, str_slice(buf_str(&c->in), c->from, c->in.len), &used,
                         &piece)) {
    case REQUEST_MORE:
        c->from += used;
        wait_for_more(c, now_ns);
        return false;
    case REQUEST_HEAD:
        take_head(c, used, now_ns);
        return true;
    case REQUEST_PIECE:
        take_piece(c, piece);
        c->from += used;
        return true;
    case REQUEST_END:
        c->from += used;
        run(c, now_ns);
        return true;
    case REQUEST_REFUSED:
        if (c->phase == SKIPPING) {
            leave_exchange(c);
            stop_reading(c, true);
        } else {
            refuse(c, c->x->reader.status, c->x->reader.reason, now_ns);
        }
        return false;
    }
    return false;
}

/* Gives back what a waiting connection does not need. */
static void settle(struct connection *c, int64_t now_ns)
{
    struct buf small = {0};
    size_t keep = c->phase == READING ? c->head_at : c->from;

    if (c->phase == FLUSHING && c->sent == c->out.len) {
        flushed(c, now_ns);
    } else if (c->input_ended &&
               (c->phase == IDLE || c->phase == READING || c->phase == SKIPPING)) {
        leave_exchange(c); /* a request that will never be complete */
        stop_reading(c, false);
        if (c->sent == c->out.len)
            end(c);
    } else if (keep == c->in.len) {
        site_give_buf(c->site, &c->in);
        c->head_at = c->body_at = c->from = 0;
    } else if (c->phase == READING && c->in.len - keep <= SMALL_REMAINDER &&
               c->in.room >= SITE_BUF_ROOM && buf_reserve(&small, SMALL_REMAINDER)) {
        buf_add_bytes(&small, c->in.data + keep, c->in.len - keep);
        site_give_buf(c->site, &c->in);
        c->in = small;
        c->head_at -= keep;
        c->body_at -= keep;
        c->from -= keep;
    }
}

static bool may_begin(const struct connection *c)
{
    return c->phase == IDLE && c->from < c->in.len && c->out.len - c->sent < BACKLOG_MOST &&
           c->rest_until == CONNECTION_NEVER;
}

static void go_on(struct connection *c, int64_t now_ns)
{
    bool goes_on = true;
    int begun = 0;

    while (goes_on) {
        bool is_reading = c->phase == READING || c->phase == SKIPPING;

        if (c->phase == IDLE && c->is_draining)
            stop_reading(c, c->from < c->in.len);
        if (may_begin(c) && begun++ == PIPELINED_MOST)
            c->rest_until = now_ns;
        goes_on = may_begin(c) ? begin(c, now_ns) : is_reading && step(c, now_ns);
    }
    settle(c, now_ns);
}

/* Moves what must be kept to the front, without the gaps that chunk sizes left. */
static void compact(struct connection *c)
{
    size_t rest = c->in.len - c->from;
    bool has_body = c->phase == READING && c->x->route;
    size_t keep = c->phase == READING ? c->head_at : c->from;
    size_t to = has_body ? c->body_at + c->body_len : c->from;

    memmove(c->in.data + to, c->in.data + c->from, rest);
    memmove(c->in.data, c->in.data + keep, to + rest - keep);
    c->in.len = to + rest - keep;
    c->from = to - keep;
    c->body_at -= has_body ? keep : 0;
    c->head_at = 0;
}

static size_t room_of(const struct connection *c)
{
    size_t taken = c->in.len + SITE_PADDING;

    return c->in.room > taken ? c->in.room - taken : 0;
}

bool connection_wants_input(const struct connection *c)
{
    if (c->phase == OVER || c->phase == FLUSHING || c->input_ended ||
        c->out.len - c->sent >= BACKLOG_MOST ||
        (c->rest_until != CONNECTION_NEVER && c->phase != SKIPPING))
        return false;
    /* Behind a request under way one buffer of further bytes may wait. */
    return c->phase != RUNNING || !c->in.data ||
           c->in.room - (c->in.len - c->from) >= LEAST_WINDOW + SITE_PADDING;
}

char *connection_window(struct connection *c, size_t *out_room)
{
    if (!connection_wants_input(c))
        return NULL;
    if (c->phase == LINGERING)
        c->from = c->in.len = 0;
    if (room_of(c) < LEAST_WINDOW && c->in.data)
        compact(c);
    if (room_of(c) < LEAST_WINDOW && !site_grow_buf(c->site, &c->in)) {
        end(c);
        return NULL;
    }
    *out_room = c->phase == IDLE ? FIRST_WINDOW : room_of(c);
    return c->in.data + c->in.len;
}

void connection_received(struct connection *c, size_t len, int64_t now_ns)
{
    c->in.len += len;
    memset(c->in.data + c->in.len, 0, SITE_PADDING);
    if (c->phase == LINGERING)
        c->in.len = 0;
    else
        go_on(c, now_ns);
}

size_t connection_unwanted(const struct connection *c)
{
    return c->phase == SKIPPING && c->from == c->in.len ? (size_t)request_left(&c->x->reader) : 0;
}

void connection_dropped(struct connection *c, size_t len, int64_t now_ns)
{
    request_drop(&c->x->reader, len);
    go_on(c, now_ns);
}

void connection_input_ended(struct connection *c)
{
    c->input_ended = true;
    if (c->phase == RUNNING) {
        atomic_store_explicit(&c->x->is_abandoned, true, memory_order_relaxed);
        if (event_stream_is_open(c->x) && !event_stream_is_sending(c->x))
            event_stream_leave(c->x);
    } else if (c->phase == LINGERING) {
        end(c);
    } else {
        settle(c, 0);
    }
}

void connection_lost(struct connection *c)
{
    end(c);
}

str connection_output(const struct connection *c)
{
    return c->phase == OVER ? (str){NULL, 0} : str_slice(buf_str(&c->out), c->sent, c->out.len);
}

void connection_sent(struct connection *c, size_t len, int64_t now_ns)
{
    c->sent += len;
    c->progress += len;
    if (c->sent < c->out.len) {
        if (c->progress >= PROGRESS_LEAST) {
            c->write_until = after(now_ns, c->site->config->limits.write_ms);
            c->progress = 0;
        }
        return;
    }
    c->write_until = CONNECTION_NEVER;
    c->sent = 0;
    site_give_buf(c->site, &c->out);
    if (c->phase == RUNNING && event_stream_is_sending(c->x) && !event_stream_give_back(c->x)) {
        c->site->outstanding--;
        finish(c, now_ns);
    }
    go_on(c, now_ns);
}

/* Hands a piece of a stream on. False: it was the last. */
static bool pass_piece(struct exchange *x, int64_t now_ns)
{
    struct connection *c = x->connection;

    if (event_stream_is_last(x))
        return false;
    if (!c)
        return event_stream_give_back(x);
    if (!c->out.data && !site_take_buf(c->site, &c->out))
        c->out.broken = true;
    event_stream_write_piece(x, false, &c->out);
    add_output(c, now_ns);
    if (buf_is_broken(&c->out))
        end(c);
    return true;
}

struct connection *connection_answered(struct exchange *x, int64_t now_ns)
{
    struct connection *c = x->connection;
    struct site *site = x->site;

    if (event_stream_is_open(x) && pass_piece(x, now_ns))
        return c;
    site->outstanding--;
    if (!c) {
        site_give_exchange(site, x);
        return NULL;
    }
    finish(c, now_ns);
    go_on(c, now_ns);
    return c;
}

enum connection_state connection_state(const struct connection *c)
{
    return c->phase == OVER        ? CONNECTION_OVER
           : c->phase == LINGERING ? CONNECTION_FINISHING
                                   : CONNECTION_OPEN;
}

int64_t connection_deadline(const struct connection *c)
{
    bool is_reading = c->phase == READING || c->phase == SKIPPING || c->phase == LINGERING ||
                      (c->phase == IDLE && c->out.len == c->sent);
    int64_t until = is_reading ? c->read_until : CONNECTION_NEVER;

    until = until < c->write_until ? until : c->write_until;
    return until < c->rest_until ? until : c->rest_until;
}

void connection_expire(struct connection *c, int64_t now_ns)
{
    if (now_ns >= c->rest_until) {
        c->rest_until = CONNECTION_NEVER;
        go_on(c, now_ns);
        return; /* the other deadlines are for the next sweep */
    }
    if (now_ns < connection_deadline(c))
        return;
    if (c->phase != READING || now_ns >= c->write_until) {
        end(c);
        return;
    }
    refuse(c, 408, "the request was not complete in time", now_ns);
    settle(c, now_ns);
}

void connection_drain(struct connection *c)
{
    c->is_draining = true;
    if (c->phase == IDLE && c->out.len == c->sent)
        end(c);
}

void connection_refuse(struct connection *c, int status, const char *detail, int64_t now_ns)
{
    if (!begin(c, now_ns))
        return;
    refuse(c, status, detail, now_ns);
    settle(c, now_ns);
}
