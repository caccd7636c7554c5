/* load.c - sends a shop's events to a server and says how long the answers took.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   load ADDRESS WRITE_KEY [--batch N] [--connections N] [--seconds N] [--rate N] [--requests N]
 *        [--pack] [--persons N] [--seed N]
 *
 * Closed loop: each connection sends as soon as it has its answer. With --rate an open loop: so
 * many requests a second are due at even spaces whatever the server does, and each is timed from
 * when it was due, so that a stall counts for all whom it kept waiting. --pack sends the bodies
 * gzipped, built before the clock starts. Prints one JSON object.
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

enum { EVENTS_AT_ONCE = 256, ANSWER_ROOM = 2048, BODIES_EACH = 2, SINGLES_EACH = 32 };

struct options {
    const char *address, *write_key;
    uint64_t batch, connections, seconds, rate, requests, pack, persons, seed;
};

struct connection {
    struct net_socket *socket;
    struct shop_request *bodies[SINGLES_EACH];
    size_t next_body;
    struct shop_request *sending;
    size_t sent;
    char answer[ANSWER_ROOM];
    size_t answer_len;
    int64_t begun; /* sent, or due */
    unsigned watched;
    bool is_idle;
};

struct load {
    struct options options;
    struct sys *sys;
    struct poller *poller;
    struct shop shop;
    struct connection *connections;
    struct connection **idle;
    size_t idle_count;
    struct shop_request **packed;
    int64_t started;
    int64_t ended;
    uint64_t sent;
    uint64_t answered;
    uint64_t refused;
    uint64_t events;
    uint64_t bytes;
    uint32_t *times; /* of answers, in microseconds */
    size_t time_room;
};

static void watch(struct load *load, struct connection *c, unsigned events)
{
    if (c->watched != events)
        client_check(poller_watch(load->poller, c->socket, events, c), "poller");
    c->watched = events;
}

static void rest(struct load *load, struct connection *c)
{
    c->is_idle = true;
    load->idle[load->idle_count++] = c;
}

static void send_rest(struct load *load, struct connection *c)
{
    enum err err = client_send(c->socket, buf_str(&c->sending->bytes), &c->sent);

    if (err == ERR_BUSY) {
        watch(load, c, NET_READABLE | NET_WRITABLE);
        return;
    }
    client_check(err, "send");
    watch(load, c, NET_READABLE);
}

static size_t bodies_each(const struct load *load)
{
    return load->options.batch ? BODIES_EACH : SINGLES_EACH;
}

/* Begins the next request on an idle connection. */
static void begin(struct load *load, struct connection *c, int64_t at)
{
    size_t bodies = bodies_each(load);

    if (load->packed) {
        c->sending = load->packed[load->sent];
    } else {
        struct shop_request **body = &c->bodies[c->next_body++ % bodies];

        if (!*body && !(*body = shop_build(&load->shop, load->options.batch)))
            client_die("memory");
        c->sending = *body;
        shop_renew(&load->shop, c->sending, clock_now(load->sys));
    }
    c->sent = 0;
    c->answer_len = 0;
    c->begun = at;
    c->is_idle = false;
    load->sent++;
    send_rest(load, c);
}

static void note(struct load *load, struct connection *c, int status, int64_t now)
{
    if (status != 200) {
        if (load->refused++ == 0)
            fprintf(stderr, "load: %.*s\n", (int)c->answer_len, c->answer);
    } else {
        load->events += c->sending->count;
        load->bytes += c->sending->bytes.len;
    }
    if (load->answered == load->time_room) {
        load->time_room = load->time_room ? load->time_room * 2 : 1 << 16;
        load->times = mem_grow(load->times, load->time_room * sizeof *load->times);
        if (!load->times)
            client_die("memory");
    }
    load->times[load->answered++] = (uint32_t)((now - c->begun) / 1000);
    load->ended = now;
    rest(load, c);
}

static void receive(struct load *load, struct connection *c)
{
    size_t len;
    enum err err =
        net_receive(c->socket, c->answer + c->answer_len, sizeof c->answer - c->answer_len, &len);
    int status;

    if (err == ERR_BUSY)
        return;
    if (err || !len)
        client_die(err ? "receive" : "the server closed a connection");
    c->answer_len += len;
    status = client_status(str_from(c->answer, c->answer_len));
    if (status && !c->is_idle)
        note(load, c, status, clock_mono_ns(load->sys));
}

static bool has_more(const struct load *load, int64_t now)
{
    if (load->options.requests)
        return load->sent < load->options.requests;
    return now - load->started < (int64_t)load->options.seconds * 1000000000;
}

/* Sends what is due; returns for how many nanoseconds nothing can be. */
static int64_t begin_due(struct load *load)
{
    int64_t now = clock_mono_ns(load->sys), due;

    while (load->idle_count && has_more(load, now)) {
        due = now;
        if (load->options.rate) {
            due = load->started + (int64_t)((double)load->sent * 1e9 / (double)load->options.rate);
            if (due > now)
                return due - now;
        }
        begin(load, load->idle[--load->idle_count], due);
    }
    return 1000000000;
}

static void run(struct load *load)
{
    load->started = clock_mono_ns(load->sys);
    while (has_more(load, clock_mono_ns(load->sys)) ||
           load->idle_count < load->options.connections) {
        struct poll_event events[EVENTS_AT_ONCE];
        int64_t wait_ns = begin_due(load);
        size_t count;

        client_check(poller_wait(load->poller, events, EVENTS_AT_ONCE, wait_ns, &count), "poller");
        for (size_t i = 0; i < count; i++) {
            struct connection *c = events[i].owner;

            if ((events[i].events & NET_WRITABLE) && !c->is_idle)
                send_rest(load, c);
            if (events[i].events & (NET_READABLE | NET_HUNG_UP))
                receive(load, c);
        }
    }
}

static double quantile_ms(const struct load *load, double share)
{
    size_t at = (size_t)(share * (double)load->answered);

    if (!load->answered)
        return 0;
    return (double)load->times[at < load->answered ? at : load->answered - 1] / 1000;
}

static void report(struct load *load)
{
    double seconds = (double)(load->ended - load->started) / 1e9;
    struct buf out = {0};

    qsort(load->times, load->answered, sizeof *load->times, client_by_size);
    buf_print(&out,
              "{\"events\":%llu,\"requests\":%llu,\"refused\":%llu,\"bytes\":%llu,"
              "\"seconds\":%.4f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f",
              (unsigned long long)load->events, (unsigned long long)load->answered,
              (unsigned long long)load->refused, (unsigned long long)load->bytes, seconds,
              quantile_ms(load, 0.5), quantile_ms(load, 0.99), quantile_ms(load, 0.999),
              quantile_ms(load, 1));
    buf_add(&out, S("}\n"));
    client_check(stream_write(STREAM_OUT, buf_str(&out)), "write");
    buf_done(&out);
}

static void connect_all(struct load *load)
{
    size_t count = load->options.connections;

    load->connections = mem_alloc(count * sizeof *load->connections);
    load->idle = mem_alloc(count * sizeof(struct connection *));
    if (!load->connections || !load->idle)
        client_die("memory");
    client_check(poller_open(load->sys, &load->poller), "poller");
    for (size_t i = 0; i < count; i++) {
        struct connection *c = &load->connections[i];

        client_check(net_connect(load->sys, str_of(load->options.address), &c->socket), "connect");
        watch(load, c, NET_READABLE);
        c->is_idle = true;
        load->idle[load->idle_count++] = c;
        for (size_t k = 0; k < bodies_each(load); k++)
            if (!load->options.pack &&
                !(c->bodies[k] = shop_build(&load->shop, load->options.batch)))
                client_die("memory");
    }
}

static void pack_all(struct load *load)
{
    load->packed = mem_alloc(load->options.requests * sizeof(struct shop_request *));
    for (uint64_t i = 0; i < load->options.requests; i++) {
        struct shop_request *request =
            load->packed ? shop_build(&load->shop, load->options.batch) : NULL;

        if (!request)
            client_die("memory");
        shop_renew(&load->shop, request, clock_now(load->sys));
        if (!shop_pack(request))
            client_die("pack");
        load->packed[i] = request;
    }
}

static bool read_options(int argc, char **argv, struct options *out)
{
    const struct client_option known[] = {
        {"--batch", &out->batch, false},       {"--connections", &out->connections, false},
        {"--seconds", &out->seconds, false},   {"--rate", &out->rate, false},
        {"--requests", &out->requests, false}, {"--persons", &out->persons, false},
        {"--seed", &out->seed, false},         {"--pack", &out->pack, true},
    };

    if (!client_read_options(argc, argv, known, sizeof known / sizeof known[0]))
        return false;
    out->address = argv[1];
    out->write_key = argv[2];
    return out->connections && (!out->pack || out->requests);
}

int main(int argc, char **argv)
{
    struct load load = {.sys = sys_real(),
                        .options = {.connections = 32, .seconds = 5, .persons = 100000, .seed = 1}};

    if (!read_options(argc, argv, &load.options)) {
        fprintf(stderr,
                "usage: load ADDRESS WRITE_KEY [--batch N] [--connections N] [--seconds N]\n"
                "            [--rate N] [--requests N] [--pack] [--persons N] [--seed N]\n"
                "--pack needs --requests\n");
        return 2;
    }
    if (!shop_open(&load.shop, load.options.write_key, (uint32_t)load.options.persons,
                   load.options.seed))
        client_die("memory");
    if (load.options.pack)
        pack_all(&load);
    connect_all(&load);
    run(&load);
    report(&load);
    return load.refused ? 1 : 0;
}
