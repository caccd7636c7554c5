/* flood.c - sends requests when they are due, however many the server takes, and counts what it
 * says.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   flood ADDRESS WRITE_KEY [--rate N] [--seconds N] [--connections N] [--batch N] [--pixel]
 *         [--persons N] [--seed N] [--spin]
 *
 * An open loop: so many requests a second are due at even spaces whatever the server does, and
 * every answer is timed from when its request was due. A refusal is an answer; nothing is sent
 * again, and what Retry-After says is not heeded. A request that is due goes on the connection that
 * has been idle longest; when there is none it is not sent. Without --rate a closed loop, which is
 * the peak: each connection sends as soon as it has its answer. --pixel asks for images that each
 * bring a message; else requests bring --batch events.
 *
 * One thread, made to be cheap: bodies are built once, and only what must be new is written anew;
 * there are as many as are on their way into sockets. With --spin it never sleeps, so that nobody
 * has to wake it: for a core of its own. Prints one JSON object; `late_p99_ms` says how long after
 * its time a request was begun, `events_in_time` how many of the accepted were so while requests
 * were due, and `cpu_s` what this program took itself.
 */
#include "client.h"
#include "shop.h"

#include "base/mem.h"
#include "sys/clock.h"
#include "sys/net.h"
#include "sys/stream.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS_AT_ONCE = 256, PATIENCE_S = 30, ANSWER_ROOM = 1536, BEGUN_AT_ONCE = 16 };

struct options {
    const char *address, *write_key;
    uint64_t batch, connections, seconds, rate, pixel, persons, seed, spin;
};

struct connection {
    struct net_socket *socket;
    struct shop_request *sending; /* not wholly in the socket yet */
    size_t sent;
    size_t events; /* of the request that has no answer yet; 0: idle */
    int64_t due;
    unsigned watched;
    size_t answer_len;
    char answer[ANSWER_ROOM];
    struct connection *next; /* in the queue of idle ones */
};

/* Times in microseconds. */
struct times {
    uint32_t *all;
    size_t count, room;
};

struct counts {
    uint64_t sent;
    uint64_t unsent;      /* due when every connection waited for an answer */
    uint64_t accepted;    /* requests answered 2xx */
    uint64_t events;      /* of these */
    uint64_t in_time;     /* of these, before the last request was due */
    uint64_t busy;        /* 429 with Retry-After */
    uint64_t unavailable; /* 503 with Retry-After */
    uint64_t other;       /* any other answer */
    uint64_t closed;  /* connections that ended with a request unanswered, and unanswered ones */
    uint64_t unknown; /* events of these */
    uint64_t bytes;
};

struct flood {
    struct options options;
    struct sys *sys;
    struct poller *poller;
    struct shop shop;
    struct connection *connections;
    struct connection *oldest, *newest; /* idle */
    size_t waiting;                     /* connections that have a request */
    struct shop_request **spare;
    size_t spare_count, made_count;
    struct counts counts;
    struct times accepted, refused, late;
    int64_t started, ended;
};

static void add_time(struct times *times, int64_t ns)
{
    if (times->count == times->room) {
        times->room = times->room ? times->room * 2 : 1 << 16;
        times->all = mem_grow(times->all, times->room * sizeof *times->all);
        if (!times->all)
            client_die("memory");
    }
    times->all[times->count++] = (uint32_t)(ns / 1000);
}

static bool has_ended(const struct flood *flood, int64_t now)
{
    return now - flood->started >= (int64_t)flood->options.seconds * 1000000000;
}

/* Bodies */

/* "d" of an image: what one who opens a mail brings. */
static struct shop_request *build_pixel(const char *write_key)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct shop_request *request = mem_alloc(sizeof *request);
    struct buf text = {0};

    if (!request)
        return NULL;
    buf_print(&text, "{\"type\":\"track\",\"event\":\"Opened\",\"writeKey\":\"%s\"}", write_key);
    while (text.len % 3)
        buf_add_byte(&text, ' ');
    buf_add(&request->bytes, S("GET /v1/pixel.gif?d="));
    for (size_t i = 0; i < text.len; i += 3) {
        unsigned bits = (unsigned)(unsigned char)text.data[i] << 16 |
                        (unsigned)(unsigned char)text.data[i + 1] << 8 |
                        (unsigned char)text.data[i + 2];

        for (int shift = 18; shift >= 0; shift -= 6)
            buf_add_byte(&request->bytes, digits[bits >> shift & 63]);
    }
    buf_add(&request->bytes,
            S(" HTTP/1.1\r\nHost: myriad.example\r\nAccept: image/*\r\nAccept-Language: en-GB\r\n"
              "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
              "like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\r\n"));
    buf_done(&text);
    request->count = 1;
    return request;
}

static struct shop_request *take_body(struct flood *flood)
{
    struct shop_request *body;

    if (flood->spare_count) {
        body = flood->spare[--flood->spare_count];
    } else {
        flood->made_count++;
        body = flood->options.pixel ? build_pixel(flood->options.write_key)
                                    : shop_build(&flood->shop, flood->options.batch);
    }
    if (!body)
        client_die("memory");
    if (!flood->options.pixel)
        shop_renew(&flood->shop, body, clock_now(flood->sys));
    return body;
}

/* Connections */

static void watch(struct flood *flood, struct connection *c, unsigned events)
{
    if (c->watched != events)
        client_check(poller_watch(flood->poller, c->socket, events, c), "poller");
    c->watched = events;
}

static void rest(struct flood *flood, struct connection *c)
{
    c->next = NULL;
    if (flood->newest)
        flood->newest->next = c;
    else
        flood->oldest = c;
    flood->newest = c;
}

static struct connection *take_idle(struct flood *flood)
{
    struct connection *c = flood->oldest;

    flood->oldest = c->next;
    if (!flood->oldest)
        flood->newest = NULL;
    return c;
}

static void give_body(struct flood *flood, struct connection *c)
{
    if (c->sending)
        flood->spare[flood->spare_count++] = c->sending;
    c->sending = NULL;
}

static void connect_now(struct flood *flood, struct connection *c)
{
    net_close(c->socket);
    client_check(net_connect(flood->sys, str_of(flood->options.address), &c->socket), "connect");
    c->watched = 0;
    watch(flood, c, NET_READABLE);
}

/* Its request has its answer, or will have none. */
static void finish(struct flood *flood, struct connection *c)
{
    give_body(flood, c);
    c->events = 0;
    flood->waiting--;
    rest(flood, c);
}

static void lose(struct flood *flood, struct connection *c)
{
    bool was_waiting = c->events;

    flood->counts.closed += was_waiting;
    flood->counts.unknown += c->events;
    connect_now(flood, c);
    if (was_waiting)
        finish(flood, c);
}

static void send_rest(struct flood *flood, struct connection *c)
{
    str bytes = buf_str(&c->sending->bytes);
    enum err err = client_send(c->socket, bytes, &c->sent);

    if (err == ERR_BUSY) {
        watch(flood, c, NET_READABLE | NET_WRITABLE);
        return;
    }
    if (err) {
        lose(flood, c);
        return;
    }
    flood->counts.bytes += bytes.len;
    give_body(flood, c);
    watch(flood, c, NET_READABLE);
}

static void begin(struct flood *flood, struct connection *c, int64_t due, int64_t now)
{
    c->sending = take_body(flood);
    c->sent = 0;
    c->answer_len = 0;
    c->events = c->sending->count;
    c->due = due;
    flood->waiting++;
    flood->counts.sent++;
    add_time(&flood->late, now - due);
    send_rest(flood, c);
}

/* Answers */

static void note(struct flood *flood, const struct connection *c, int status, int64_t now)
{
    str answer = str_from(c->answer, c->answer_len);
    bool may_return = str_contains(answer, S("\r\nRetry-After: "));

    flood->ended = now;
    if (status / 100 == 2) {
        flood->counts.accepted++;
        flood->counts.events += c->events;
        if (!has_ended(flood, now))
            flood->counts.in_time += c->events;
        add_time(&flood->accepted, now - c->due);
        return;
    }
    add_time(&flood->refused, now - c->due);
    if (status == 429 && may_return)
        flood->counts.busy++;
    else if (status == 503 && may_return)
        flood->counts.unavailable++;
    else if (flood->counts.other++ == 0)
        fprintf(stderr, "flood: %.*s\n", STR_ARG(answer));
}

static void receive(struct flood *flood, struct connection *c)
{
    size_t len;
    enum err err =
        net_receive(c->socket, c->answer + c->answer_len, sizeof c->answer - c->answer_len, &len);
    bool closes;
    int status;

    if (err == ERR_BUSY)
        return;
    if (err || !len) {
        lose(flood, c);
        return;
    }
    c->answer_len += len;
    status = client_status(str_from(c->answer, c->answer_len));
    if (!status || !c->events)
        return;
    note(flood, c, status, clock_mono_ns(flood->sys));
    closes = str_contains(str_from(c->answer, c->answer_len), S("\r\nConnection: close"));
    if (closes)
        connect_now(flood, c);
    else if (c->sending)
        return; /* the rest of it has to go first */
    finish(flood, c);
}

/* The loop */

/* Begins what is due, a few so that answers are read meanwhile; returns for how many nanoseconds
 * there is nothing to begin. */
static int64_t begin_due(struct flood *flood)
{
    double space = flood->options.rate ? 1e9 / (double)flood->options.rate : 0;

    for (int i = 0; i < BEGUN_AT_ONCE; i++) {
        int64_t now = clock_mono_ns(flood->sys), due = now;

        if (has_ended(flood, now) || (!flood->oldest && !flood->options.rate))
            return 1000000000;
        if (flood->options.rate)
            due = flood->started +
                  (int64_t)((double)(flood->counts.sent + flood->counts.unsent) * space);
        if (due > now)
            return due - now;
        if (flood->oldest)
            begin(flood, take_idle(flood), due, now);
        else
            flood->counts.unsent++;
    }
    return 0;
}

static void take_event(struct flood *flood, struct connection *c, unsigned events)
{
    if ((events & NET_WRITABLE) && c->sending) {
        send_rest(flood, c);
        if (!c->sending && c->events && client_status(str_from(c->answer, c->answer_len)))
            finish(flood, c);
    }
    if (events & (NET_READABLE | NET_HUNG_UP))
        receive(flood, c);
}

static void run(struct flood *flood)
{
    int64_t patience = (int64_t)(flood->options.seconds + PATIENCE_S) * 1000000000, now;

    flood->started = flood->ended = now = clock_mono_ns(flood->sys);
    while (!has_ended(flood, now) || (flood->waiting && now - flood->started < patience)) {
        struct poll_event events[EVENTS_AT_ONCE];
        int64_t wait_ns = begin_due(flood);
        size_t count;

        client_check(poller_wait(flood->poller, events, EVENTS_AT_ONCE,
                                 flood->options.spin ? 0 : wait_ns, &count),
                     "poller");
        for (size_t i = 0; i < count; i++)
            take_event(flood, events[i].owner, events[i].events);
        now = clock_mono_ns(flood->sys);
    }
    for (size_t i = 0; i < flood->options.connections; i++) {
        flood->counts.closed += flood->connections[i].events != 0;
        flood->counts.unknown += flood->connections[i].events;
    }
}

/* Report */

static void print_times(struct buf *out, const char *name, struct times *times)
{
    static const struct {
        const char *name;
        double share;
    } wanted[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};

    if (times->count)
        qsort(times->all, times->count, sizeof *times->all, client_by_size);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        size_t at = (size_t)(wanted[i].share * (double)times->count);

        at = at < times->count ? at : times->count - 1;
        buf_print(out, ",\"%s%s_ms\":%.3f", name, wanted[i].name,
                  times->count ? (double)times->all[at] / 1000 : 0.0);
    }
}

static void report(struct flood *flood)
{
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"due", flood->options.rate * flood->options.seconds},
        {"sent", flood->counts.sent},
        {"accepted", flood->counts.accepted},
        {"events", flood->counts.events},
        {"events_in_time", flood->counts.in_time},
        {"unsent", flood->counts.unsent},
        {"busy", flood->counts.busy},
        {"unavailable", flood->counts.unavailable},
        {"other", flood->counts.other},
        {"closed", flood->counts.closed},
        {"unknown", flood->counts.unknown},
        {"bytes", flood->counts.bytes},
        {"bodies", flood->made_count},
    };
    struct buf out = {0};

    buf_print(&out, "{\"seconds\":%.4f,\"cpu_s\":%.3f",
              (double)(flood->ended - flood->started) / 1e9, (double)clock() / CLOCKS_PER_SEC);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        buf_print(&out, ",\"%s\":%llu", counts[i].name, (unsigned long long)counts[i].count);
    print_times(&out, "", &flood->accepted);
    print_times(&out, "refused_", &flood->refused);
    print_times(&out, "late_", &flood->late);
    buf_add(&out, S("}\n"));
    client_check(stream_write(STREAM_OUT, buf_str(&out)), "write");
    buf_done(&out);
}

/* Beginning */

static void connect_all(struct flood *flood)
{
    size_t count = flood->options.connections;

    flood->connections = mem_alloc(count * sizeof *flood->connections);
    flood->spare = mem_alloc(count * sizeof(struct shop_request *));
    if (!flood->connections || !flood->spare)
        client_die("memory");
    client_check(poller_open(flood->sys, &flood->poller), "poller");
    for (size_t i = 0; i < count; i++) {
        connect_now(flood, &flood->connections[i]);
        rest(flood, &flood->connections[i]);
    }
}

static bool read_options(int argc, char **argv, struct options *out)
{
    const struct client_option known[] = {
        {"--batch", &out->batch, false},     {"--connections", &out->connections, false},
        {"--seconds", &out->seconds, false}, {"--rate", &out->rate, false},
        {"--persons", &out->persons, false}, {"--seed", &out->seed, false},
        {"--pixel", &out->pixel, true},      {"--spin", &out->spin, true},
    };

    if (!client_read_options(argc, argv, known, sizeof known / sizeof known[0]))
        return false;
    out->address = argv[1];
    out->write_key = argv[2];
    return out->connections;
}

int main(int argc, char **argv)
{
    struct flood flood = {
        .sys = sys_real(),
        .options = {.connections = 32, .seconds = 5, .persons = 100000, .seed = 1}};

    if (!read_options(argc, argv, &flood.options)) {
        fprintf(stderr,
                "usage: flood ADDRESS WRITE_KEY [--rate N] [--seconds N] [--connections N]\n"
                "             [--batch N] [--pixel] [--persons N] [--seed N] [--spin]\n");
        return 2;
    }
    if (!shop_open(&flood.shop, flood.options.write_key, (uint32_t)flood.options.persons,
                   flood.options.seed))
        client_die("memory");
    connect_all(&flood);
    run(&flood);
    report(&flood);
    return 0;
}
