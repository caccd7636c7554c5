/* site.c - reuse of exchanges and buffers, and the Date header.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/site.h"

#include "base/mem.h"
#include "http/connection.h"

#include <stdio.h>

enum {
    SPARE_EXCHANGES = 512,
    SPARE_BUFS = 512,
    KEPT_ROOM = 256 << 10,    /* a larger buffer is given back to the heap */
    KEPT_MEMORY = 64 << 10,   /* an arena that took more is given back */
    REFUSED_BYTES = 96 << 10, /* to drop so many takes as long as the refusal itself */
    REFUSED_MOST = 1 << 20,   /* dropped: beyond it the connection ends */
};

#define SECOND_NS ((int64_t)1000000000)
#define REFUSED_AT_ONCE_NS (SECOND_NS / 4) /* worth of them */

fallible site_init(struct site *site, const struct server_config *config,
                   const struct router *router, struct site_totals *totals)
{
    *site = (struct site){.sys = config->sys,
                          .config = config,
                          .router = router,
                          .totals = totals,
                          .date_second = -1};
    site->bufs = mem_alloc(SPARE_BUFS * sizeof site->bufs[0]);
    site->gunzip = gunzip_open();
    if (site->bufs && site->gunzip)
        return OK;
    site_done(site);
    return mem_exhausted();
}

static void free_exchange(struct exchange *x)
{
    arena_close(x->mem);
    buf_done(&x->input);
    buf_done(&x->unpacked);
    buf_done(&x->headers);
    buf_done(&x->body);
    mem_free(x);
}

void site_done(struct site *site)
{
    while (site->spare) {
        struct exchange *x = site->spare;

        site->spare = x->next;
        free_exchange(x);
    }
    while (site->buf_count)
        buf_done(&site->bufs[--site->buf_count]);
    mem_free(site->bufs);
    gunzip_close(site->gunzip);
    site->bufs = NULL;
    site->gunzip = NULL;
}

/* The address of a thread's own constant tells threads apart without asking the system. */
static const void *this_thread(void)
{
    static _Thread_local const char mark;

    return &mark;
}

void site_enter(struct site *site)
{
    site->thread = this_thread();
}

bool site_is_entered(const struct site *site)
{
    return site->thread == this_thread();
}

void site_set_time(struct site *site, millis now)
{
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t second = now / MILLIS_SECOND, day = now / MILLIS_DAY, rest = second % 86400;
    int year, month, date, len;

    if (second == site->date_second || now < 0)
        return;
    time_civil(day, &year, &month, &date);
    len = snprintf(site->date, sizeof site->date, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                   days[day % 7], date, months[month - 1], year, (int)(rest / 3600),
                   (int)(rest / 60 % 60), (int)(rest % 60));
    site->date_second = second;
    site->date_len = len > 0 && (size_t)len < sizeof site->date ? (size_t)len : 0;
}

struct exchange *site_take_exchange(struct site *site)
{
    struct exchange *x = site->spare;

    if (x) {
        site->spare = x->next;
        site->spare_count--;
        return x;
    }
    x = mem_alloc(sizeof *x);
    if (!x)
        return NULL;
    x->site = site;
    x->mem = arena_open(site->config->limits.exchange_memory);
    if (!x->mem) {
        mem_free(x);
        return NULL;
    }
    return x;
}

static void tidy_buf(struct buf *buf)
{
    if (buf->room > KEPT_ROOM)
        buf_done(buf);
    buf_clear(buf);
}

void site_give_exchange(struct site *site, struct exchange *x)
{
    if (x->charged)
        atomic_fetch_sub_explicit(&site->totals->body_bytes, x->charged, memory_order_relaxed);
    site_give_buf(site, &x->input);
    if (site->spare_count == SPARE_EXCHANGES || arena_used(x->mem) > KEPT_MEMORY) {
        free_exchange(x);
        return;
    }
    arena_reset(x->mem);
    tidy_buf(&x->unpacked);
    tidy_buf(&x->headers);
    tidy_buf(&x->body);
    x->connection = NULL;
    x->route = NULL;
    x->match.value_count = 0;
    x->request.body = (str){NULL, 0};
    x->status = 0;
    x->watcher_count = 0;
    x->closes = x->is_broken = false;
    x->stream = (struct event_stream){0};
    atomic_store_explicit(&x->is_abandoned, false, memory_order_relaxed);
    x->charged = 0;
    x->next = site->spare;
    site->spare = x;
    site->spare_count++;
}

int64_t site_rest(struct site *site, uint64_t bytes, int64_t now_ns, int64_t most_ns)
{
    int refusals = site->config->limits.refusals;
    int64_t until = site->refused_until;

    if (!refusals)
        return now_ns + most_ns;
    if (until < now_ns - REFUSED_AT_ONCE_NS)
        until = now_ns - REFUSED_AT_ONCE_NS;
    if (bytes > REFUSED_MOST)
        bytes = REFUSED_MOST;
    until += SECOND_NS / refusals * (int64_t)(1 + bytes / REFUSED_BYTES);
    if (until > now_ns + most_ns)
        return now_ns + most_ns;
    site->refused_until = until;
    return until > now_ns ? until : CONNECTION_NEVER;
}

bool site_take_buf(struct site *site, struct buf *out)
{
    if (site->buf_count) {
        *out = site->bufs[--site->buf_count];
        return true;
    }
    *out = (struct buf){0};
    return buf_reserve(out, SITE_BUF_ROOM);
}

void site_give_buf(struct site *site, struct buf *buf)
{
    if (buf->room < SITE_BUF_ROOM || buf->room > KEPT_ROOM || site->buf_count == SPARE_BUFS) {
        buf_done(buf);
        return;
    }
    buf_clear(buf);
    site->bufs[site->buf_count++] = *buf;
    *buf = (struct buf){0};
}

bool site_grow_buf(struct site *site, struct buf *buf)
{
    struct buf large;

    if (buf->room >= SITE_BUF_ROOM)
        return buf_reserve(buf, buf->room + SITE_PADDING);
    if (!site_take_buf(site, &large))
        return false;
    buf_add(&large, buf_str(buf));
    site_give_buf(site, buf);
    *buf = large;
    return true;
}

void site_hand_back(struct exchange *x)
{
    struct site *site = x->site;

    if (!site_is_entered(site)) {
        atomic_fetch_add_explicit(&site->late_posts, 1, memory_order_relaxed);
        mailbox_post(site->box, &x->letter);
        atomic_fetch_sub_explicit(&site->late_posts, 1, memory_order_release);
    } else if (site->running == x) {
        site->has_answered = true;
    } else {
        x->next = site->ready;
        site->ready = x;
    }
}

struct exchange *site_next_ready(struct site *site)
{
    struct exchange *x = site->ready;

    if (x)
        site->ready = x->next;
    return x;
}
