/* traffic_crowd.c - a table of eight places a hash, and locks for parts of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: Whang, Vander-Zanden and Taylor, "A linear-time probabilistic counting algorithm for
 * database applications" (1990): of m bits, z still unset, about -m ln(z / m) distinct ones came.
 */
#include "collect/traffic_crowd.h"

#include "base/mem.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <string.h>

enum { WAYS = 8, LOCKS = 16, CACHE_LINE = 64 };

/* Its key lies apart, so that a group's are looked through in one line of the processor's cache. */
struct crowd {
    millis first, began, last;
    uint64_t kinds; /* bits */
    uint64_t members[TRAFFIC_CROWD_MEMBERS];
    uint32_t joined; /* of the span */
    bool is_used;
};

struct traffic_crowds {
    uint64_t *keys; /* of the crowds at the same places; 0: nobody's */
    struct crowd *crowds;
    size_t groups; /* of WAYS; a power of two */
    millis span;
    struct mutex *locks[LOCKS];
    atomic_uint_fast64_t made, forgotten;
};

unsigned traffic_crowd_estimate(uint64_t bits)
{
    /* By the bits that are set; of all 64 as if half a one were not. */
    static const uint16_t estimates[] = {
        0,   1,   2,   3,   4,   5,   6,   7,   9,   10,  11,  12,  13,  15,  16, 17, 18,
        20,  21,  23,  24,  25,  27,  28,  30,  32,  33,  35,  37,  39,  40,  42, 44, 46,
        48,  51,  53,  55,  58,  60,  63,  65,  68,  71,  74,  78,  81,  85,  89, 93, 97,
        102, 107, 113, 119, 126, 133, 142, 151, 163, 177, 196, 222, 266, 311,
    };

    return estimates[__builtin_popcountll(bits)];
}

fallible traffic_crowd_open(size_t count, millis span, struct traffic_crowds **out_crowds)
{
    struct traffic_crowds *crowds = mem_alloc(sizeof *crowds);
    bool is_whole;

    if (!crowds)
        return mem_exhausted();
    crowds->groups = LOCKS;
    while (crowds->groups * WAYS < count)
        crowds->groups *= 2;
    crowds->span = span;
    crowds->crowds = mem_alloc(crowds->groups * WAYS * sizeof *crowds->crowds);
    crowds->keys = mem_alloc(crowds->groups * WAYS * sizeof *crowds->keys);
    is_whole = crowds->crowds && crowds->keys;
    for (size_t i = 0; i < LOCKS && is_whole; i++) {
        crowds->locks[i] = mutex_open();
        is_whole = crowds->locks[i];
    }
    if (!is_whole) {
        traffic_crowd_close(crowds);
        return mem_exhausted();
    }
    *out_crowds = crowds;
    return OK;
}

void traffic_crowd_close(struct traffic_crowds *crowds)
{
    if (!crowds)
        return;
    for (size_t i = 0; i < LOCKS && crowds->locks[i]; i++)
        mutex_close(crowds->locks[i]);
    mem_free(crowds->keys);
    mem_free(crowds->crowds);
    mem_free(crowds);
}

uint64_t traffic_crowd_made(const struct traffic_crowds *crowds)
{
    return atomic_load(&((struct traffic_crowds *)crowds)->made);
}

uint64_t traffic_crowd_forgotten(const struct traffic_crowds *crowds)
{
    return atomic_load(&((struct traffic_crowds *)crowds)->forgotten);
}

size_t traffic_crowd_room(const struct traffic_crowds *crowds)
{
    return crowds->groups * WAYS;
}

/* All of its lines at once, instead of each when it is wanted. */
static struct crowd *warm(struct crowd *crowd)
{
    for (size_t at = CACHE_LINE; at < sizeof *crowd; at += CACHE_LINE)
        __builtin_prefetch((char *)crowd + at, 1);
    return crowd;
}

static struct crowd *find(struct traffic_crowds *crowds, uint64_t key, millis at)
{
    size_t group = (key & (crowds->groups - 1)) * WAYS, oldest = group;

    for (size_t i = group; i < group + WAYS; i++)
        if (crowds->keys[i] == key)
            return warm(&crowds->crowds[i]);
    for (size_t i = group; i < group + WAYS && crowds->keys[oldest]; i++)
        if (!crowds->keys[i] || crowds->crowds[i].last < crowds->crowds[oldest].last)
            oldest = i;
    if (crowds->keys[oldest])
        atomic_fetch_add_explicit(&crowds->forgotten, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&crowds->made, 1, memory_order_relaxed);
    crowds->keys[oldest] = key;
    crowds->crowds[oldest] = (struct crowd){.first = at, .began = at};
    return &crowds->crowds[oldest];
}

void traffic_crowd_warm(const struct traffic_crowds *crowds, uint64_t key)
{
    __builtin_prefetch(&crowds->keys[(key & (crowds->groups - 1)) * WAYS]);
}

void traffic_crowd_join(struct traffic_crowds *crowds, const struct traffic_crowd_join *join,
                        struct traffic_crowd_told *out_told)
{
    uint64_t key = join->key ? join->key : 1;
    struct mutex *lock = crowds->locks[(key & (crowds->groups - 1)) % LOCKS];
    struct crowd *crowd;

    mutex_lock(lock);
    crowd = find(crowds, key, join->at);
    if (join->at - crowd->began > crowds->span) {
        crowd->began = join->at;
        crowd->kinds = 0;
        crowd->joined = 0;
        crowd->is_used = false;
    }
    if (join->at > crowd->last)
        crowd->last = join->at;
    if (join->is_new) {
        crowd->kinds |= UINT64_C(1) << (join->kind >> 58);
        crowd->members[crowd->joined++ % TRAFFIC_CROWD_MEMBERS] = join->member;
    }
    crowd->is_used |= join->is_used;
    out_told->first = crowd->first;
    out_told->kinds = traffic_crowd_estimate(crowd->kinds);
    out_told->is_used = crowd->is_used;
    out_told->count = 0;
    if (join->wanted && out_told->kinds >= join->wanted) {
        out_told->count =
            crowd->joined < TRAFFIC_CROWD_MEMBERS ? crowd->joined : TRAFFIC_CROWD_MEMBERS;
        memcpy(out_told->members, crowd->members, out_told->count * sizeof *out_told->members);
    }
    mutex_unlock(lock);
}
