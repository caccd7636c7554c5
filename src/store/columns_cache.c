/* columns_cache.c - unpacked blocks in memory, some given up when there are too many.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A block that is there is held by one change of its own counter. The lock is taken only to bring a
 * block in, which gives others up, and to wait for somebody else who brings in the same one.
 *
 * Questions go through all blocks in order, again and again. If the oldest were given up and there
 * is room for all but a few, each would be gone just before it is asked for. So any may go.
 */
#include "store/columns_int.h"

#include "base/mem.h"
#include "base/random.h"
#include "sys/pages.h"
#include "sys/thread.h"

#include <assert.h>
#include <string.h>

enum {
    MOST_SKIPPED = 64,
    FEWEST_PAGES = 12, /* of a unit that has pages of its own */
    MOST_IDLE = 64,
    IDLE_SHARE = 16, /* of the bound, beyond it */
    FIT_SHARE = 16,
    KEEP_SHARE = 4, /* of the bound */
};

struct columns_cache {
    struct mutex *mutex; /* over all that follows */
    struct condition *loaded;
    size_t bound;
    atomic_size_t bytes;
    size_t kept;               /* of these, what is no unit and stays */
    struct columns_unit *hand; /* in the ring of all units */
    random_state random;       /* where in the ring one is given up */
    size_t units;
    struct columns_unit *idle[MOST_IDLE]; /* given up, the oldest first */
    size_t idle_count;
    size_t idle_bytes;
    struct columns_work *spare;
};

fallible columns_cache_open(size_t bytes, struct columns_cache **out_cache)
{
    struct columns_cache *cache = mem_alloc(sizeof *cache);

    if (!cache)
        return mem_exhausted();
    cache->bound = bytes;
    cache->mutex = mutex_open();
    cache->loaded = condition_open();
    if (!cache->mutex || !cache->loaded) {
        columns_cache_close(cache);
        return mem_exhausted();
    }
    *out_cache = cache;
    return OK;
}

static void free_work(struct columns_work *work)
{
    columns_unpacker_done(&work->in);
    buf_done(&work->stored);
    for (size_t i = 0; i < sizeof work->arrays / sizeof *work->arrays; i++)
        buf_done(&work->arrays[i]);
    mem_free(work);
}

static void drop_idle(struct columns_cache *cache);

void columns_cache_close(struct columns_cache *cache)
{
    struct columns_work *work;

    if (!cache)
        return;
    assert(!cache->hand);
    while ((work = cache->spare)) {
        cache->spare = work->next;
        free_work(work);
    }
    while (cache->idle_count)
        drop_idle(cache);
    if (cache->mutex)
        mutex_close(cache->mutex);
    if (cache->loaded)
        condition_close(cache->loaded);
    mem_free(cache);
}

size_t columns_cache_bytes(const struct columns_cache *cache)
{
    return atomic_load_explicit(&cache->bytes, memory_order_relaxed);
}

size_t columns_cache_bound(const struct columns_cache *cache)
{
    return cache->bound;
}

void columns_cache_widen(struct columns_cache *cache, uint64_t bytes)
{
    mutex_lock(cache->mutex);
    cache->bound += bytes < SIZE_MAX - cache->bound ? bytes : SIZE_MAX - cache->bound;
    mutex_unlock(cache->mutex);
}

fallible columns_cache_lend(struct columns_cache *cache, struct columns_work **out_work)
{
    struct columns_work *work;
    enum err err;

    mutex_lock(cache->mutex);
    work = cache->spare;
    if (work)
        cache->spare = work->next;
    mutex_unlock(cache->mutex);
    if (!work) {
        work = mem_alloc(sizeof *work);
        if (!work)
            return mem_exhausted();
        err = columns_unpacker_init(&work->in);
        if (err) {
            mem_free(work);
            return err;
        }
    }
    *out_work = work;
    return OK;
}

void columns_cache_give_back(struct columns_cache *cache, struct columns_work *work)
{
    mutex_lock(cache->mutex);
    work->next = cache->spare;
    cache->spare = work;
    mutex_unlock(cache->mutex);
}

bool columns_cache_pin_ready(struct columns_slot *slot)
{
    uint32_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);

    while (state & COLUMNS_SLOT_LOADED)
        if (atomic_compare_exchange_weak_explicit(&slot->state, &state, state + 1,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

bool columns_cache_pin(struct columns_cache *cache, struct columns_slot *slot)
{
    while (!columns_cache_pin_ready(slot)) {
        uint32_t empty = 0;

        if (atomic_compare_exchange_strong(&slot->state, &empty, COLUMNS_SLOT_LOADING))
            return false;
        mutex_lock(cache->mutex);
        while (atomic_load(&slot->state) & COLUMNS_SLOT_LOADING)
            condition_wait(cache->loaded, cache->mutex);
        mutex_unlock(cache->mutex);
    }
    return true;
}

/* --- Units ---
 *
 * They come by one thread and go by another: from heaps, several times what they take would stay
 * behind. So large ones have pages of their own, and the last ones that were given up are used
 * again, as the system takes its time for new pages. */

static bool fits(const struct columns_unit *unit, size_t size)
{
    return unit->bytes >= size && unit->bytes - size <= size / FIT_SHARE + PAGES_SIZE;
}

/* One that was given up lately, or NULL. */
static struct columns_unit *take_idle(struct columns_cache *cache, size_t size)
{
    struct columns_unit *unit = NULL;

    mutex_lock(cache->mutex);
    for (size_t i = cache->idle_count; i-- && !unit;)
        if (fits(cache->idle[i], size)) {
            unit = cache->idle[i];
            cache->idle_bytes -= unit->bytes;
            memmove(&cache->idle[i], &cache->idle[i + 1],
                    (--cache->idle_count - i) * sizeof *cache->idle);
        }
    mutex_unlock(cache->mutex);
    return unit;
}

static void drop_idle(struct columns_cache *cache)
{
    struct columns_unit *unit = cache->idle[0];

    cache->idle_bytes -= unit->bytes;
    memmove(&cache->idle[0], &cache->idle[1], --cache->idle_count * sizeof *cache->idle);
    pages_give(unit, unit->bytes);
}

/* Under the lock. */
static void keep_idle(struct columns_cache *cache, struct columns_unit *unit)
{
    cache->idle[cache->idle_count++] = unit;
    cache->idle_bytes += unit->bytes;
    while (cache->idle_count == MOST_IDLE ||
           (cache->idle_count && cache->idle_bytes > cache->bound / IDLE_SHARE))
        drop_idle(cache);
}

struct columns_unit *columns_cache_unit(struct columns_cache *cache, size_t size)
{
    size_t bytes = (size + PAGES_SIZE - 1) / PAGES_SIZE * PAGES_SIZE;
    struct columns_unit *unit = NULL;
    bool is_mapped;

    if (bytes >= FEWEST_PAGES * PAGES_SIZE) {
        unit = take_idle(cache, bytes);
        bytes = unit ? unit->bytes : bytes;
        unit = unit ? unit : pages_take(bytes);
    }
    is_mapped = unit != NULL;
    if (!unit)
        unit = mem_grow(NULL, size);
    if (unit)
        *unit = (struct columns_unit){.bytes = is_mapped ? bytes : size, .is_mapped = is_mapped};
    return unit;
}

static void free_unit(struct columns_cache *cache, struct columns_unit *unit)
{
    if (unit->is_mapped)
        keep_idle(cache, unit);
    else
        mem_free(unit);
}

void columns_cache_unit_done(struct columns_cache *cache, struct columns_unit *unit)
{
    if (!unit)
        return;
    mutex_lock(cache->mutex);
    free_unit(cache, unit);
    mutex_unlock(cache->mutex);
}

/* --- The ring --- */

static void add(struct columns_cache *cache, struct columns_unit *unit)
{
    if (!cache->hand) {
        unit->next = unit->former = unit;
        cache->hand = unit;
    } else { /* behind the hand: it comes there last */
        unit->next = cache->hand;
        unit->former = cache->hand->former;
        unit->former->next = unit;
        unit->next->former = unit;
    }
    cache->units++;
    atomic_fetch_add(&cache->bytes, unit->bytes);
}

static void drop(struct columns_cache *cache, struct columns_unit *unit)
{
    if (unit->next == unit) {
        cache->hand = NULL;
    } else {
        unit->former->next = unit->next;
        unit->next->former = unit->former;
        if (cache->hand == unit)
            cache->hand = unit->next;
    }
    cache->units--;
    atomic_fetch_sub(&cache->bytes, unit->bytes);
    free_unit(cache, unit);
}

static void skip(struct columns_cache *cache)
{
    for (uint64_t steps = random_below(&cache->random, MOST_SKIPPED); steps && cache->hand; steps--)
        cache->hand = cache->hand->next;
}

/* What is held stays; a ring of nothing else is gone round once. */
static void make_room(struct columns_cache *cache)
{
    size_t tried = 0;

    while (cache->hand && atomic_load(&cache->bytes) > cache->bound && tried < cache->units) {
        struct columns_unit *unit;
        uint32_t unheld = COLUMNS_SLOT_LOADED;

        if (!tried)
            skip(cache);
        unit = cache->hand;
        cache->hand = unit->next;
        tried++;
        if (unit->lives) {
            unit->lives--;
            tried = 0;
            continue;
        }
        if (!atomic_compare_exchange_strong(&unit->slot->state, &unheld, 0))
            continue;
        drop(cache, unit);
        tried = 0;
    }
}

void columns_cache_put(struct columns_cache *cache, struct columns_slot *slot,
                       struct columns_unit *unit)
{
    mutex_lock(cache->mutex);
    slot->unit = unit;
    if (unit) {
        unit->slot = slot;
        add(cache, unit);
    }
    atomic_store(&slot->state, unit ? COLUMNS_SLOT_LOADED + 1 : 0);
    make_room(cache);
    condition_broadcast(cache->loaded);
    mutex_unlock(cache->mutex);
}

void columns_cache_let_go(struct columns_cache *cache, struct columns_slot *slot)
{
    uint32_t unheld = COLUMNS_SLOT_LOADED;

    mutex_lock(cache->mutex);
    if (atomic_compare_exchange_strong(&slot->state, &unheld, 0))
        drop(cache, slot->unit);
    mutex_unlock(cache->mutex);
}

bool columns_cache_keep(struct columns_cache *cache, size_t bytes)
{
    bool fits;

    mutex_lock(cache->mutex);
    fits = cache->kept + bytes <= cache->bound / KEEP_SHARE;
    if (fits) {
        cache->kept += bytes;
        atomic_fetch_add(&cache->bytes, bytes);
        make_room(cache);
    }
    mutex_unlock(cache->mutex);
    return fits;
}

void columns_cache_unkeep(struct columns_cache *cache, size_t bytes)
{
    mutex_lock(cache->mutex);
    cache->kept -= bytes;
    atomic_fetch_sub(&cache->bytes, bytes);
    mutex_unlock(cache->mutex);
}

void columns_cache_forget(struct columns_cache *cache, struct columns_slot *slots, size_t count)
{
    mutex_lock(cache->mutex);
    for (size_t i = 0; i < count; i++) {
        uint32_t state = atomic_load(&slots[i].state);

        assert(state == 0 || state == COLUMNS_SLOT_LOADED);
        if (state)
            drop(cache, slots[i].unit);
    }
    mutex_unlock(cache->mutex);
}
