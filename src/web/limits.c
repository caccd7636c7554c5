/* limits.c - sets of a few buckets, found by hash; a set is one cache line or two.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/limits.h"

#include "base/mem.h"
#include "sys/thread.h"

enum { WAYS = 8, NS_MS = 1000 * 1000 };

struct bucket {
    uint64_t tag;    /* of its name; 0: there is none */
    int64_t full_ns; /* when all of its burst is there again */
};

struct limits {
    hash_key key;
    struct mutex *lock;
    size_t set_mask;
    struct bucket (*sets)[WAYS];
};

fallible limits_open(const hash_key *key, size_t names, struct limits **out_limits)
{
    struct limits *limits = mem_alloc(sizeof *limits);
    size_t sets = 16;

    if (!limits)
        return mem_exhausted();
    while (sets * WAYS < names)
        sets *= 2;
    limits->key = *key;
    limits->set_mask = sets - 1;
    limits->sets = mem_alloc(sets * sizeof *limits->sets);
    limits->lock = mutex_open();
    if (!limits->sets || !limits->lock) {
        limits_close(limits);
        return mem_exhausted();
    }
    *out_limits = limits;
    return OK;
}

void limits_close(struct limits *limits)
{
    if (!limits)
        return;
    mutex_close(limits->lock);
    mem_free(limits->sets);
    mem_free(limits);
}

size_t limits_bytes(const struct limits *limits)
{
    return sizeof *limits + (limits->set_mask + 1) * sizeof *limits->sets;
}

/* The bucket of `tag`, or the one that is full soonest. */
static struct bucket *find(struct bucket *set, uint64_t tag)
{
    struct bucket *found = NULL, *soonest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].tag == tag)
            found = &set[i];
        if (set[i].full_ns < soonest->full_ns)
            soonest = &set[i];
    }
    return found ? found : soonest;
}

static int64_t ms_up(int64_t ns)
{
    return ns > 0 ? (ns + NS_MS - 1) / NS_MS : 0;
}

static int64_t step_ns(const struct limits_rate *rate)
{
    int64_t step = rate->span_ms * NS_MS / (int64_t)rate->count;

    return step > 0 ? step : 1;
}

static void judge(const struct limits_rate *rate, struct bucket *bucket, int64_t now_ns,
                  struct limits_state *out)
{
    int64_t step = step_ns(rate), room = (int64_t)rate->burst * step;
    int64_t full = bucket->full_ns > now_ns ? bucket->full_ns : now_ns;

    out->is_over = full + step - now_ns > room;
    if (!out->is_over) {
        full += step;
        bucket->full_ns = full;
    }
    out->left = full - now_ns < room ? (uint64_t)((now_ns + room - full) / step) : 0;
    out->wait_ms = ms_up(full + step - now_ns - room);
    out->full_ms = ms_up(full - now_ns);
}

void limits_take(struct limits *limits, const struct limits_rate *rate, str name, int64_t now_ns,
                 struct limits_state *out_state)
{
    hash128 hash = hash_keyed(&limits->key, name);
    uint64_t tag = hash.high | 1;
    struct bucket *bucket;

    *out_state = (struct limits_state){.left = rate->burst};
    if (!rate->burst || !rate->count)
        return;
    mutex_lock(limits->lock);
    bucket = find(limits->sets[hash.low & limits->set_mask], tag);
    if (bucket->tag != tag)
        *bucket = (struct bucket){.tag = tag};
    judge(rate, bucket, now_ns, out_state);
    mutex_unlock(limits->lock);
}
