/* memo.c - sixteen tables with a lock each; of four places that a text may have, the one unused
 * for longest is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/memo.h"

#include "base/hash.h"
#include "base/mem.h"
#include "sys/thread.h"

#include <assert.h>
#include <string.h>

enum { SHARDS = 16, WAYS = 4, SHARD_BITS = 4, LEAST_ENTRIES = SHARDS * WAYS };

struct place {
    uint64_t hash;
    uint64_t used; /* by the shard's count of uses */
    char *bytes;   /* the key, behind it the value; NULL: empty */
    uint32_t key_len, value_len;
};

struct shard {
    struct mutex *lock;
    struct place *places;
    uint64_t uses;
    struct memo_stats stats;
};

struct memo {
    size_t sets; /* of a shard; a power of two */
    struct shard shards[SHARDS];
};

fallible memo_open(size_t entries, struct memo **out_memo)
{
    struct memo *memo = mem_alloc(sizeof *memo);

    assert(entries >= LEAST_ENTRIES && !(entries & (entries - 1)));
    if (!memo)
        return mem_exhausted();
    memo->sets = entries / LEAST_ENTRIES;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &memo->shards[i];

        shard->lock = mutex_open();
        shard->places = mem_alloc(memo->sets * WAYS * sizeof *shard->places);
        if (!shard->lock || !shard->places) {
            memo_close(memo);
            return mem_exhausted();
        }
    }
    *out_memo = memo;
    return OK;
}

void memo_close(struct memo *memo)
{
    if (!memo)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &memo->shards[i];

        for (size_t at = 0; shard->places && at < memo->sets * WAYS; at++)
            mem_free(shard->places[at].bytes);
        mem_free(shard->places);
        mutex_close(shard->lock);
    }
    mem_free(memo);
}

static struct shard *shard_of(struct memo *memo, uint64_t hash)
{
    return &memo->shards[hash % SHARDS];
}

static struct place *set_of(const struct memo *memo, const struct shard *shard, uint64_t hash)
{
    return &shard->places[(hash >> SHARD_BITS & (memo->sets - 1)) * WAYS];
}

static struct place *find(struct place *set, uint64_t hash, str key)
{
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].bytes && set[i].hash == hash &&
            str_equals(str_from(set[i].bytes, set[i].key_len), key))
            return &set[i];
    return NULL;
}

/* Where it lies, or else an empty place, or else the one unused for longest. */
static struct place *place_for(struct place *set, uint64_t hash, str key)
{
    struct place *best = find(set, hash, key);

    if (best)
        return best;
    best = set;
    for (size_t i = 1; i < WAYS; i++) /* an empty place was never used */
        if (set[i].used < best->used)
            best = &set[i];
    return best;
}

bool memo_find(struct memo *memo, str key, struct arena *mem, str *out_value)
{
    uint64_t hash = hash_checksum(key.data, key.len);
    struct shard *shard = shard_of(memo, hash);
    struct place *place;
    str value = {NULL, 0};

    mutex_lock(shard->lock);
    place = find(set_of(memo, shard, hash), hash, key);
    if (place) {
        place->used = ++shard->uses;
        shard->stats.hits++;
        value = arena_dup(mem, str_from(place->bytes + place->key_len, place->value_len));
    } else {
        shard->stats.misses++;
    }
    mutex_unlock(shard->lock);
    if (value.data)
        *out_value = value;
    return value.data;
}

void memo_put(struct memo *memo, str key, str value)
{
    uint64_t hash = hash_checksum(key.data, key.len);
    struct shard *shard = shard_of(memo, hash);
    struct place *place;
    char *bytes, *old;

    if (key.len + value.len > MEMO_MOST_BYTES || !(bytes = mem_alloc(key.len + value.len + 1)))
        return;
    if (key.len)
        memcpy(bytes, key.data, key.len);
    if (value.len)
        memcpy(bytes + key.len, value.data, value.len);
    mutex_lock(shard->lock);
    place = place_for(set_of(memo, shard, hash), hash, key);
    old = place->bytes;
    *place = (struct place){hash, ++shard->uses, bytes, (uint32_t)key.len, (uint32_t)value.len};
    mutex_unlock(shard->lock);
    mem_free(old);
}

void memo_stats_read(struct memo *memo, struct memo_stats *out_stats)
{
    struct memo_stats sum = {0};

    for (size_t i = 0; i < SHARDS; i++) {
        mutex_lock(memo->shards[i].lock);
        sum.hits += memo->shards[i].stats.hits;
        sum.misses += memo->shards[i].stats.misses;
        mutex_unlock(memo->shards[i].lock);
    }
    *out_stats = sum;
}
