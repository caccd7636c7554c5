/* quarantine.c - open entries in order of their sequence numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/quarantine.h"

#include "base/mem.h"
#include "sys/thread.h"

#include <assert.h>
#include <string.h>

struct quarantine {
    struct mutex *lock;
    struct quarantine_entry *entries; /* by seq */
    size_t count;
    size_t room;
};

fallible quarantine_open(struct quarantine **out_quarantine)
{
    struct quarantine *quarantine = mem_alloc(sizeof *quarantine);

    if (!quarantine)
        return mem_exhausted();
    quarantine->lock = mutex_open();
    if (!quarantine->lock) {
        mem_free(quarantine);
        return mem_exhausted();
    }
    *out_quarantine = quarantine;
    return OK;
}

void quarantine_close(struct quarantine *quarantine)
{
    if (!quarantine)
        return;
    mutex_close(quarantine->lock);
    mem_free(quarantine->entries);
    mem_free(quarantine);
}

fallible quarantine_reserve(struct quarantine *quarantine, size_t count)
{
    size_t need = quarantine->count + count;
    size_t room = quarantine->room ? quarantine->room : 16;
    struct quarantine_entry *grown;

    if (need <= quarantine->room)
        return OK;
    while (room < need)
        room *= 2;
    mutex_lock(quarantine->lock);
    grown = mem_grow(quarantine->entries, room * sizeof *grown);
    if (grown) {
        quarantine->entries = grown;
        quarantine->room = room;
    }
    mutex_unlock(quarantine->lock);
    return grown ? OK : mem_exhausted();
}

void quarantine_add(struct quarantine *quarantine, uint64_t seq, millis received)
{
    mutex_lock(quarantine->lock);
    assert(quarantine->count < quarantine->room);
    quarantine->entries[quarantine->count++] = (struct quarantine_entry){seq, received};
    mutex_unlock(quarantine->lock);
}

/* The first entry with seq >= `seq`. */
static size_t find(const struct quarantine *quarantine, uint64_t seq)
{
    size_t low = 0, high = quarantine->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (quarantine->entries[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct quarantine *quarantine, size_t at, uint64_t seq)
{
    return at < quarantine->count && quarantine->entries[at].seq == seq;
}

void quarantine_remove(struct quarantine *quarantine, uint64_t seq)
{
    size_t at;

    mutex_lock(quarantine->lock);
    at = find(quarantine, seq);
    if (is_at(quarantine, at, seq)) {
        quarantine->count--;
        memmove(quarantine->entries + at, quarantine->entries + at + 1,
                (quarantine->count - at) * sizeof *quarantine->entries);
    }
    mutex_unlock(quarantine->lock);
}

bool quarantine_has(struct quarantine *quarantine, uint64_t seq)
{
    bool has;

    mutex_lock(quarantine->lock);
    has = is_at(quarantine, find(quarantine, seq), seq);
    mutex_unlock(quarantine->lock);
    return has;
}

uint64_t quarantine_count(struct quarantine *quarantine)
{
    uint64_t count;

    mutex_lock(quarantine->lock);
    count = quarantine->count;
    mutex_unlock(quarantine->lock);
    return count;
}

uint64_t quarantine_last(struct quarantine *quarantine)
{
    uint64_t seq = 0;

    mutex_lock(quarantine->lock);
    if (quarantine->count)
        seq = quarantine->entries[quarantine->count - 1].seq;
    mutex_unlock(quarantine->lock);
    return seq;
}

fallible quarantine_list(struct quarantine *quarantine, struct arena *mem, uint64_t after,
                         size_t limit, struct quarantine_page *out_page)
{
    struct quarantine_entry *entries;
    size_t from, count;

    mutex_lock(quarantine->lock);
    from = find(quarantine, after + 1);
    count = quarantine->count - from < limit ? quarantine->count - from : limit;
    entries = arena_array(mem, count, sizeof *entries);
    if (entries) {
        memcpy(entries, quarantine->entries + from, count * sizeof *entries);
        *out_page = (struct quarantine_page){entries, count, quarantine->count};
    }
    mutex_unlock(quarantine->lock);
    return entries ? OK : arena_exhausted();
}
