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

#include <math.h>
#include <string.h>

enum { WAYS = 8, LOCKS = 16 };

struct crowd {
    uint64_t key; /* 0: nobody's place */
    millis first, began, last;
    uint64_t kinds; /* bits */
    uint64_t members[TRAFFIC_CROWD_MEMBERS];
    uint32_t joined; /* of the span */
    bool is_used;
};

struct traffic_crowds {
    struct crowd *crowds;
    size_t groups; /* of WAYS; a power of two */
    millis span;
    struct mutex *locks[LOCKS];
};

unsigned traffic_crowd_estimate(uint64_t bits)
{
    enum { BITS = 64 };
    int unset = BITS - __builtin_popcountll(bits);

    return (unsigned)(0.5 - BITS * log((unset ? unset : 0.5) / BITS));
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
    is_whole = crowds->crowds;
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
    mem_free(crowds->crowds);
    mem_free(crowds);
}

static struct crowd *find(struct traffic_crowds *crowds, uint64_t key, millis at)
{
    struct crowd *group = &crowds->crowds[(key & (crowds->groups - 1)) * WAYS], *oldest = group;

    for (size_t i = 0; i < WAYS; i++) {
        if (group[i].key == key)
            return &group[i];
        if (!group[i].key || (oldest->key && group[i].last < oldest->last))
            oldest = &group[i];
    }
    *oldest = (struct crowd){.key = key, .first = at, .began = at};
    return oldest;
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
    *out_told = (struct traffic_crowd_told){.first = crowd->first,
                                            .kinds = traffic_crowd_estimate(crowd->kinds),
                                            .is_used = crowd->is_used};
    out_told->count = crowd->joined < TRAFFIC_CROWD_MEMBERS ? crowd->joined : TRAFFIC_CROWD_MEMBERS;
    memcpy(out_told->members, crowd->members, out_told->count * sizeof *out_told->members);
    mutex_unlock(lock);
}
