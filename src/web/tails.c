/* tails.c - tells each follower of the log what comes next, as fast as it takes it, and those who
 * watch what is newest.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A round looks at every tail: whose turn it is gets a piece. Then the thread waits until the log
 * grows, a client has taken its piece or left, somebody is due a sign of life, or it is time to
 * look for those who watch: the log's growth does not wake the thread for them.
 */
#include "web/tails.h"

#include "base/json.h"
#include "base/mem.h"
#include "http/event_stream.h"
#include "http/exchange.h"
#include "measure/newest.h"
#include "measure/strands.h"
#include "store/access.h"
#include "store/log.h"
#include "store/log_await.h"
#include "sys/clock.h"
#include "sys/thread.h"
#include "web/gate.h"
#include "web/journal.h"

enum {
    PIECE = 32 << 10, /* bytes, and one event more */
    VIEWS = 4,        /* of the log for one tail, then it is the next one's turn */
    LOOK_MS = 500,    /* those who watch are told about twice a second */
    BEAT_MS = 15000,
    CHECK_MS = 5000,
    RETRY_MS = 2000,
    GATHER_MS = 2, /* woken for every group it would spend more on waking than on telling */
    IDLE_MS = 60000,
};

struct tail {
    struct exchange *exchange;
    struct tail *next;
    struct tail_wish wish;
    uint64_t place; /* the next event to look at */
    uint64_t known; /* the client would come again for what is behind */
    uint64_t told;
    uint64_t counted; /* by the looks, when it was last told: it watches */
    int64_t beat_at;  /* monotonic nanoseconds */
    int64_t check_at; /* whether its key is still good */
    bool has_begun;
};

struct tails {
    struct tails_config config;
    struct strands *strands;
    struct newest *newest;
    int64_t look_at; /* monotonic nanoseconds; while somebody watches */
    struct tail *tails;
    atomic_bool is_called;
    atomic_uint_fast64_t events;
    struct mutex *lock; /* of what follows */
    struct tail *arrived;
    bool is_stopping;
    atomic_uint_fast64_t open;
};

fallible tails_open(const struct tails_config *config, struct tails **out_tails)
{
    struct tails *tails = mem_alloc(sizeof *tails);
    enum err err;

    if (!tails)
        return mem_exhausted();
    tails->config = *config;
    tails->lock = mutex_open();
    err = tails->lock ? strands_open(config->log, config->deletions, &tails->strands)
                      : mem_exhausted();
    if (!err)
        err = newest_open(config->log, config->deletions, &tails->newest);
    if (err) {
        tails_close(tails);
        return err;
    }
    *out_tails = tails;
    return OK;
}

void tails_close(struct tails *tails)
{
    if (!tails)
        return;
    newest_close(tails->newest);
    strands_close(tails->strands);
    mutex_close(tails->lock);
    mem_free(tails);
}

/* Something is to be looked at. On any thread; must not block for long. */
static void call(void *argument)
{
    struct tails *tails = argument;

    if (!atomic_exchange(&tails->is_called, true))
        log_await_end(tails->config.log);
}

void tails_stop(struct tails *tails)
{
    mutex_lock(tails->lock);
    tails->is_stopping = true;
    mutex_unlock(tails->lock);
    call(tails);
}

fallible tails_add(struct tails *tails, struct exchange *x, const struct tail_wish *wish)
{
    struct tail *tail = arena_take(exchange_mem(x), sizeof *tail);
    bool is_taken, is_stopping;

    if (!tail)
        return arena_exhausted();
    *tail =
        (struct tail){.exchange = x, .wish = *wish, .place = wish->after + 1, .known = wish->after};
    mutex_lock(tails->lock);
    is_stopping = tails->is_stopping;
    is_taken = !is_stopping && atomic_load(&tails->open) < tails->config.most;
    if (is_taken) {
        atomic_fetch_add(&tails->open, 1);
        event_stream_open(x, call, tails);
        tail->next = tails->arrived;
        tails->arrived = tail;
    }
    mutex_unlock(tails->lock);
    if (is_stopping)
        return fail(ERR_BUSY, "the server is stopping");
    if (!is_taken)
        return fail(ERR_BUSY, "%llu are following already, which is the most ([server] tails)",
                    (unsigned long long)tails->config.most);
    call(tails);
    return OK;
}

void tails_stats_read(const struct tails *tails, struct tails_stats *out_stats)
{
    struct tails *changing = (struct tails *)tails;

    *out_stats = (struct tails_stats){.open = atomic_load(&changing->open),
                                      .events = atomic_load(&changing->events)};
}

/* One tail */

static bool is_wanted(const struct tail *tail, const struct strand_event *event)
{
    for (size_t i = 0; i < tail->wish.name_count; i++)
        if (str_equals(tail->wish.names[i], event->name))
            return true;
    return !tail->wish.name_count;
}

static bool has_all(const struct tail *tail)
{
    return tail->wish.limit && tail->told >= tail->wish.limit;
}

/* Takes from the view what fits into the piece. */
static void tell_view(struct tail *tail, struct strand_view *view, struct buf *piece)
{
    struct strand_event event;

    while (piece->len < PIECE && !has_all(tail)) {
        if (!strands_next(view, &event)) {
            tail->place = view->next;
            return;
        }
        tail->place = event.seq + 1;
        if (!is_wanted(tail, &event))
            continue;
        event_stream_write(piece, event.seq, S("message"), event.line);
        tail->known = event.seq;
        tail->told++;
    }
}

/* `*out_is_behind`: there is more to look at. */
static fallible tell(struct tails *tails, struct tail *tail, struct buf *piece, bool *out_is_behind)
{
    uint64_t durable = log_durable_seq(tails->config.log), before = tail->told;
    struct strand_view view;

    for (int i = 0; i < VIEWS && tail->place < durable && piece->len < PIECE && !has_all(tail);
         i++) {
        TRY(strands_view(tails->strands, tail->place, &view));
        tell_view(tail, &view, piece);
    }
    atomic_fetch_add_explicit(&tails->events, tail->told - before, memory_order_relaxed);
    *out_is_behind = tail->place < durable && piece->len < PIECE;
    return OK;
}

/* Watching */

static void note_look(const struct tails *tails, struct tail *tail)
{
    tail->counted = newest_count(tails->newest);
    tail->place = newest_place(tails->newest);
    tail->known = tail->place - 1;
}

static void write_count(const struct tails *tails, uint64_t events, uint64_t told,
                        struct buf *piece)
{
    struct buf data = {0};
    struct json_writer w = {.out = &data};

    json_open(&w, '{');
    json_key(&w, S("events"));
    json_u64(&w, events);
    json_key(&w, S("passed_over"));
    json_u64(&w, events - told);
    json_key(&w, S("time"));
    json_time(&w, clock_now(tails->config.sys));
    json_shut(&w, '}');
    event_stream_write(piece, newest_place(tails->newest) - 1, S("count"), buf_str(&data));
    piece->broken |= buf_is_broken(&data);
    buf_done(&data);
}

/* The first of those who watch looks for all of them. */
static fallible look(struct tails *tails, int64_t now_ns)
{
    if (now_ns < tails->look_at)
        return OK;
    tails->look_at = now_ns + LOOK_MS * INT64_C(1000000);
    return newest_look(tails->newest);
}

static fallible tell_newest(struct tails *tails, struct tail *tail, int64_t now_ns,
                            struct buf *piece)
{
    struct newest_event events[NEWEST_EVENTS];
    uint64_t most = tail->wish.newest, arrived;
    size_t count;

    TRY(look(tails, now_ns));
    arrived = newest_count(tails->newest) - tail->counted;
    if (!arrived)
        return OK;
    if (tail->wish.limit && tail->wish.limit - tail->told < most)
        most = tail->wish.limit - tail->told;
    count = newest_read(tails->newest, tail->place, most, events);
    for (size_t i = 0; i < count; i++)
        event_stream_write(piece, events[i].seq, S("message"), events[i].line);
    write_count(tails, arrived, count, piece);
    note_look(tails, tail);
    tail->told += count;
    atomic_fetch_add_explicit(&tails->events, count, memory_order_relaxed);
    return OK;
}

/* Both */

/* Who watches begins at the end of the log as it is now. */
static fallible begin(struct tails *tails, struct tail *tail, struct buf *piece)
{
    if (tail->wish.newest) {
        TRY(newest_look(tails->newest));
        note_look(tails, tail);
    }
    event_stream_write_retry(piece, RETRY_MS);
    event_stream_write_place(piece, tail->known);
    tail->has_begun = true;
    return OK;
}

static fallible tell_any(struct tails *tails, struct tail *tail, int64_t now_ns, struct buf *piece,
                         bool *out_is_behind)
{
    if (!tail->has_begun)
        TRY(begin(tails, tail, piece));
    if (!tail->wish.newest)
        return tell(tails, tail, piece, out_is_behind);
    *out_is_behind = false;
    return tell_newest(tails, tail, now_ns, piece);
}

/* Events that it does not want were passed: it need not look at them again. */
static void beat(struct tail *tail, struct buf *piece)
{
    event_stream_write_beat(piece);
    if (tail->place - 1 > tail->known)
        event_stream_write_place(piece, tail->place - 1);
    tail->known = tail->place - 1;
}

static bool is_allowed(const struct tails *tails, struct tail *tail, int64_t now_ns)
{
    if (now_ns < tail->check_at)
        return true;
    tail->check_at = now_ns + CHECK_MS * INT64_C(1000000);
    return gate_still_allows(tails->config.access, tails->config.sessions, tail->wish.secret,
                             ACCESS_QUERY, clock_now(tails->config.sys));
}

/* False: it is over. */
static bool serve(struct tails *tails, struct tail *tail, int64_t now_ns, bool *out_is_behind)
{
    struct exchange *x = tail->exchange;
    struct buf *piece;
    bool is_due = now_ns >= tail->beat_at;
    enum err err;

    *out_is_behind = false;
    if (exchange_is_abandoned(x))
        return false;
    if (!event_stream_is_ready(x))
        return true;
    if (!is_allowed(tails, tail, now_ns))
        return false;
    piece = event_stream_piece(x);
    err = tell_any(tails, tail, now_ns, piece, out_is_behind);
    if (err == ERR_CORRUPT || err == ERR_IO)
        journal_error(tails->config.sys, "a tail of the log had to end", err_text());
    if (err || has_all(tail) || buf_is_broken(piece))
        return false;
    if (!piece->len && is_due)
        beat(tail, piece);
    if (piece->len) {
        tail->beat_at = now_ns + BEAT_MS * INT64_C(1000000);
        event_stream_send(x);
    }
    return true;
}

static void end(struct tails *tails, struct tail *tail)
{
    atomic_fetch_sub(&tails->open, 1);
    event_stream_end(tail->exchange); /* the tail is gone with it */
}

/* All */

/* False: it is to stop. */
static bool take_arrived(struct tails *tails)
{
    struct tail *tail;
    bool goes_on;

    mutex_lock(tails->lock);
    while ((tail = tails->arrived) != NULL) {
        tails->arrived = tail->next;
        tail->next = tails->tails;
        tails->tails = tail;
    }
    goes_on = !tails->is_stopping;
    mutex_unlock(tails->lock);
    return goes_on;
}

struct round {
    bool is_behind;   /* somebody could be told more at once */
    bool is_waiting;  /* somebody waits for the log */
    bool is_watched;  /* somebody watches */
    int64_t until_ns; /* somebody is due a sign of life */
};

static void serve_all(struct tails *tails, int64_t now_ns, struct round *out_round)
{
    struct tail **link = &tails->tails;

    *out_round = (struct round){.until_ns = now_ns + IDLE_MS * INT64_C(1000000)};
    while (*link) {
        struct tail *tail = *link;
        bool is_behind;

        if (!serve(tails, tail, now_ns, &is_behind)) {
            *link = tail->next;
            end(tails, tail);
            continue;
        }
        link = &tail->next;
        out_round->is_watched |= tail->wish.newest != 0;
        if (!event_stream_is_ready(tail->exchange))
            continue;
        out_round->is_behind |= is_behind;
        out_round->is_waiting |= !is_behind && !tail->wish.newest;
        if (tail->wish.newest && tails->look_at < out_round->until_ns)
            out_round->until_ns = tails->look_at;
        if (tail->beat_at < out_round->until_ns)
            out_round->until_ns = tail->beat_at;
        if (tail->check_at < out_round->until_ns)
            out_round->until_ns = tail->check_at;
    }
}

/* `seen`: how far the log was when the round began. */
static void wait(struct tails *tails, const struct round *round, uint64_t seen)
{
    int64_t left_ms = (round->until_ns - clock_mono_ns(tails->config.sys)) / 1000000 + 1;

    if (round->is_behind)
        return;
    log_await(tails->config.log, round->is_waiting ? seen : LOG_AWAIT_NOTHING, &tails->is_called,
              left_ms > 0 ? left_ms : 0);
    if (round->is_waiting && log_durable_seq(tails->config.log) > seen)
        clock_sleep(tails->config.sys, GATHER_MS);
}

void tails_run(void *argument)
{
    struct tails *tails = argument;
    struct round round;

    thread_give_way(THREAD_BEHIND);
    for (;;) {
        uint64_t seen = log_durable_seq(tails->config.log);

        atomic_store(&tails->is_called, false);
        if (!take_arrived(tails))
            break;
        serve_all(tails, clock_mono_ns(tails->config.sys), &round);
        if (!tails->tails)
            strands_rest(tails->strands);
        if (!round.is_watched)
            newest_rest(tails->newest);
        wait(tails, &round, seen);
    }
    while (tails->tails) {
        struct tail *tail = tails->tails;

        tails->tails = tail->next;
        end(tails, tail);
    }
}
