/* log_plain.c - committed groups in memory, plain: where they lie, how long they stay, and how the
 * writer waits for the reader that leads.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Groups lie one behind the other in slabs, which are used again: memory that is touched for the
 * first time costs a trip into the kernel. A slab is idle when the last group in it is let go; if
 * nobody wants it for a while it goes back to the system.
 */
#include "base/mem.h"
#include "store/log_int.h"
#include "sys/clock.h"

#include <assert.h>
#include <string.h>

enum {
    SLAB = 16 << 20,
    PLACE = 16,     /* what groups and their parts are aligned to */
    READ_SHARE = 4, /* of recent_bytes, for what the leading reader does not wait for */
    PACE_FROM = 2,  /* times recent_bytes: where the writer begins to wait */
    MOST_HELD = 3,  /* times recent_bytes: beyond, what is unread goes too */
    PACE_MS = 20,   /* the longest that one group waits for a reader that does not move */
};

#define TRIM_NS INT64_C(500000000)

struct log_slab {
    struct log_slab *next; /* of the idle ones */
    struct log *log;
    atomic_int holders; /* the groups in it, and the writer while it is the one to be filled */
    size_t room;        /* with this head */
    size_t used;
};

static size_t round_up(size_t size)
{
    return (size + PLACE - 1) / PLACE * PLACE;
}

/* Slabs */

static void release_slab(struct log_slab *slab)
{
    struct log *log = slab->log;
    bool is_kept;

    if (atomic_fetch_sub(&slab->holders, 1) != 1)
        return;
    mutex_lock(log->lock);
    is_kept = slab->room == SLAB &&
              log->recent + log->idle_bytes + SLAB <= log->config.recent_bytes * MOST_HELD;
    if (is_kept) {
        slab->next = log->idle;
        log->idle = slab;
        log->idle_bytes += SLAB;
    }
    mutex_unlock(log->lock);
    if (!is_kept)
        mem_free(slab);
}

static struct log_slab *take_idle(struct log *log)
{
    struct log_slab *slab;

    mutex_lock(log->lock);
    slab = log->idle;
    if (slab) {
        log->idle = slab->next;
        log->idle_bytes -= SLAB;
        log->idle_least = log->idle_bytes < log->idle_least ? log->idle_bytes : log->idle_least;
    }
    mutex_unlock(log->lock);
    return slab;
}

/* Was some slab idle all the time since the last call? */
static bool has_surplus_slab(struct log *log)
{
    bool has;

    mutex_lock(log->lock);
    has = log->idle_least >= SLAB;
    log->idle_least = log->idle_bytes;
    mutex_unlock(log->lock);
    return has;
}

void log_plain_trim(struct log *log)
{
    int64_t now = clock_mono_ns(log->config.sys);
    struct log_slab *slab;

    if (now - log->trimmed_ns < TRIM_NS)
        return;
    log->trimmed_ns = now;
    slab = has_surplus_slab(log) ? take_idle(log) : NULL;
    mem_free(slab);
}

/* A slab with room for `size` bytes becomes the one to be filled. */
static fallible next_slab(struct log *log, size_t size)
{
    size_t room = round_up(sizeof(struct log_slab)) + size;
    struct log_slab *slab = room <= SLAB ? take_idle(log) : NULL;

    room = room > SLAB ? room : SLAB;
    if (!slab)
        slab = mem_alloc_slab(room);
    if (!slab)
        return mem_exhausted();
    slab->log = log;
    slab->room = room;
    slab->used = round_up(sizeof *slab);
    atomic_store(&slab->holders, 1);
    if (log->slab)
        release_slab(log->slab);
    log->slab = slab;
    return OK;
}

void log_plain_done(struct log *log)
{
    while (log->oldest) {
        struct log_plain *next = log->oldest->next;

        log_plain_release(log->oldest);
        log->oldest = next;
    }
    log_plain_release(log->plain);
    if (log->slab)
        release_slab(log->slab);
    while (log->idle) {
        struct log_slab *next = log->idle->next;

        mem_free(log->idle);
        log->idle = next;
    }
}

/* Groups */

fallible log_plain_make(struct log *log, size_t bytes, size_t records)
{
    size_t head = round_up(sizeof(struct log_plain));
    size_t text = round_up(bytes + 1);
    size_t size = head + text + records * sizeof(struct log_plain_record);
    struct log_plain *plain;
    char *place;

    if (!log->slab || log->slab->room - log->slab->used < size)
        TRY(next_slab(log, size));
    place = (char *)log->slab + log->slab->used;
    plain = (struct log_plain *)(void *)place;
    *plain = (struct log_plain){
        .slab = log->slab,
        .text = {.data = place + head, .room = bytes + 1},
        .records = (struct log_plain_record *)(void *)(place + head + text),
        .room = records,
    };
    atomic_store(&plain->holders, 1);
    atomic_fetch_add(&log->slab->holders, 1);
    log->plain = plain;
    return OK;
}

void log_plain_release(struct log_plain *plain)
{
    if (plain && atomic_fetch_sub(&plain->holders, 1) == 1)
        release_slab(plain->slab);
}

/* What was reserved for the group and is not used goes to the next one. */
static void fit(struct log_plain *plain)
{
    size_t before = (size_t)(plain->text.data - (char *)plain) + round_up(plain->text.len);
    size_t size = plain->count * sizeof *plain->records;
    char *records = (char *)plain + before;

    assert(!buf_is_broken(&plain->text));
    if (size)
        memmove(records, plain->records, size);
    plain->records = (struct log_plain_record *)(void *)records;
    plain->bytes = round_up(before + size);
    plain->slab->used = (size_t)((char *)plain - (char *)plain->slab) + plain->bytes;
}

/* Who stays */

static bool is_surplus(const struct log *log)
{
    size_t recent = log->config.recent_bytes;

    if (!log->oldest || log->oldest == log->newest)
        return false;
    if (log->lead && log->oldest->end > log->lead_end)
        return log->recent > recent * MOST_HELD;
    return log->recent > recent / READ_SHARE;
}

static struct log_plain *take_surplus(struct log *log)
{
    struct log_plain *oldest = NULL;

    mutex_lock(log->lock);
    if (is_surplus(log)) {
        oldest = log->oldest;
        log->oldest = oldest->next;
        log->recent -= oldest->bytes;
    }
    mutex_unlock(log->lock);
    return oldest;
}

static void drop_surplus(struct log *log)
{
    struct log_plain *dropped;

    while ((dropped = take_surplus(log)))
        log_plain_release(dropped);
}

struct log_plain *log_plain_close(struct log *log, uint64_t first_seq, uint64_t next_seq)
{
    struct log_plain *plain = log->plain;

    log->plain = NULL;
    plain->first_seq = first_seq;
    plain->next_seq = next_seq;
    fit(plain);
    return plain;
}

void log_plain_publish(struct log *log, struct log_plain *plain)
{
    mutex_lock(log->lock);
    if (log->oldest)
        log->newest->next = plain;
    else
        log->oldest = plain;
    log->newest = plain;
    log->recent += plain->bytes;
    log->published += plain->bytes;
    plain->end = log->published;
    atomic_store_explicit(&log->durable_seq, plain->next_seq, memory_order_release);
    mutex_unlock(log->lock);
    condition_broadcast(log->grown); /* whoever wakes shall find the lock free */
    drop_surplus(log);
}

struct log_plain *log_plain_hold(struct log *log, const struct log_reader *reader, uint64_t seq,
                                 struct log_plain *before)
{
    struct log_plain *found = NULL;
    bool leads;

    mutex_lock(log->lock);
    if (log->oldest && log->oldest->first_seq <= seq) {
        found = before && before->first_seq >= log->oldest->first_seq ? before : log->oldest;
        while (found && found->next_seq <= seq)
            found = found->next;
        if (found)
            atomic_fetch_add(&found->holders, 1);
    }
    leads = log->lead == reader;
    if (leads && (found || before)) {
        log->lead_end = found ? found->end - found->bytes : before->end;
        condition_signal(log->paced);
    }
    mutex_unlock(log->lock);
    log_plain_release(before);
    if (leads)
        drop_surplus(log);
    return found;
}

/* The reader that leads */

void log_plain_lead(struct log *log, const struct log_reader *reader, uint64_t seq)
{
    mutex_lock(log->lock);
    if (atomic_load(&log->durable_seq) <= seq) {
        log->lead = reader;
        log->lead_end = log->published;
        condition_signal(log->paced);
    }
    mutex_unlock(log->lock);
}

void log_plain_unlead(struct log *log, const struct log_reader *reader)
{
    mutex_lock(log->lock);
    if (log->lead == reader)
        log->lead = NULL;
    condition_signal(log->paced);
    mutex_unlock(log->lock);
}

void log_pace(struct log *log)
{
    uint64_t most = (uint64_t)log->config.recent_bytes * PACE_FROM;
    bool moves = true;

    mutex_lock(log->lock);
    while (moves && log->lead && log->published - log->lead_end > most)
        moves = condition_wait_for(log->paced, log->lock, PACE_MS);
    mutex_unlock(log->lock);
}
