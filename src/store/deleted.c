/* deleted.c - chunks of bits, by the high part of the sequence number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/deleted.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { CHUNK_BITS = 1 << 16, CHUNK_WORDS = CHUNK_BITS / 64 };

struct chunk {
    uint64_t *bits; /* NULL: none or, by the count, all */
    uint32_t count;
};

struct deleted {
    struct chunk *chunks;
    size_t room;
};

fallible deleted_open(struct deleted **out_set)
{
    struct deleted *set = mem_alloc(sizeof *set);

    if (!set)
        return mem_exhausted();
    *out_set = set;
    return OK;
}

void deleted_clear(struct deleted *set)
{
    for (size_t i = 0; i < set->room; i++) {
        mem_free(set->chunks[i].bits);
        set->chunks[i] = (struct chunk){0};
    }
}

void deleted_close(struct deleted *set)
{
    if (!set)
        return;
    deleted_clear(set);
    mem_free(set->chunks);
    mem_free(set);
}

/* Of one chunk. */

static bool has(const struct chunk *chunk, uint32_t bit)
{
    return chunk->bits ? chunk->bits[bit / 64] >> bit % 64 & 1 : chunk->count == CHUNK_BITS;
}

/* The bits of `word` that lie in [from, to) of the chunk. */
static uint64_t mask_of(uint32_t word, uint32_t from, uint32_t to)
{
    uint64_t mask = UINT64_MAX;

    if (from > word * 64)
        mask &= UINT64_MAX << from % 64;
    if (to < word * 64 + 64)
        mask &= (UINT64_C(1) << to % 64) - 1;
    return mask;
}

static uint32_t count(const struct chunk *chunk, uint32_t from, uint32_t to)
{
    uint32_t found = 0;

    if (to - from == CHUNK_BITS)
        return chunk->count;
    if (!chunk->bits)
        return chunk->count ? to - from : 0;
    for (uint32_t word = from / 64; word <= (to - 1) / 64; word++)
        found += (uint32_t)__builtin_popcountll(chunk->bits[word] & mask_of(word, from, to));
    return found;
}

static void note_count(struct chunk *chunk, uint32_t more)
{
    chunk->count += more;
    if (chunk->count < CHUNK_BITS)
        return;
    mem_free(chunk->bits);
    chunk->bits = NULL;
}

static fallible add(struct chunk *chunk, uint32_t from, uint32_t to)
{
    uint32_t more = 0;

    if (chunk->count == CHUNK_BITS)
        return OK;
    if (to - from == CHUNK_BITS) {
        note_count(chunk, CHUNK_BITS - chunk->count);
        return OK;
    }
    if (!chunk->bits)
        chunk->bits = mem_alloc(CHUNK_WORDS * sizeof *chunk->bits);
    if (!chunk->bits)
        return mem_exhausted();
    for (uint32_t word = from / 64; word <= (to - 1) / 64; word++) {
        uint64_t mask = mask_of(word, from, to);

        more += (uint32_t)__builtin_popcountll(mask & ~chunk->bits[word]);
        chunk->bits[word] |= mask;
    }
    note_count(chunk, more);
    return OK;
}

/* A whole chunk is written out, so that some of it can go. */
static fallible spell_out(struct chunk *chunk)
{
    if (chunk->bits || !chunk->count)
        return OK;
    chunk->bits = mem_alloc(CHUNK_WORDS * sizeof *chunk->bits);
    if (!chunk->bits)
        return mem_exhausted();
    memset(chunk->bits, 0xff, CHUNK_WORDS * sizeof *chunk->bits);
    return OK;
}

static void lose(struct chunk *chunk, const struct chunk *other)
{
    for (uint32_t word = 0; other->bits && word < CHUNK_WORDS; word++) {
        chunk->count -= (uint32_t)__builtin_popcountll(chunk->bits[word] & other->bits[word]);
        chunk->bits[word] &= ~other->bits[word];
    }
    if (other->bits && chunk->count)
        return;
    mem_free(chunk->bits);
    *chunk = (struct chunk){0};
}

static uint32_t take(struct chunk *chunk, struct chunk *other)
{
    uint32_t more = 0;

    if (chunk->count < other->count && (!chunk->count || other->count == CHUNK_BITS)) {
        more = other->count - chunk->count;
        mem_free(chunk->bits);
        *chunk = *other;
        *other = (struct chunk){0};
        return more;
    }
    for (uint32_t word = 0; chunk->bits && other->bits && word < CHUNK_WORDS; word++) {
        more += (uint32_t)__builtin_popcountll(other->bits[word] & ~chunk->bits[word]);
        chunk->bits[word] |= other->bits[word];
    }
    note_count(chunk, more);
    return more;
}

/* Of all. */

bool deleted_has(const struct deleted *set, uint64_t seq)
{
    return set && seq / CHUNK_BITS < set->room &&
           has(&set->chunks[seq / CHUNK_BITS], (uint32_t)(seq % CHUNK_BITS));
}

/* The part of [from, to) in the chunk `at`, which the range touches. */
static uint32_t begin_in(uint64_t at, uint64_t from)
{
    return from > at * CHUNK_BITS ? (uint32_t)(from % CHUNK_BITS) : 0;
}

static uint32_t end_in(uint64_t at, uint64_t to)
{
    return to / CHUNK_BITS > at ? CHUNK_BITS : (uint32_t)(to % CHUNK_BITS);
}

uint64_t deleted_count(const struct deleted *set, uint64_t from, uint64_t to)
{
    uint64_t found = 0;

    for (uint64_t at = from / CHUNK_BITS; set && from < to && at < set->room; at++) {
        if (at * CHUNK_BITS >= to)
            break;
        if (set->chunks[at].count)
            found += count(&set->chunks[at], begin_in(at, from), end_in(at, to));
    }
    return found;
}

/* The first at or behind `from` that is in the set (or is not); `room * CHUNK_BITS`: none. */
static uint64_t find(const struct deleted *set, uint64_t from, bool is_in)
{
    uint64_t end = set->room * (uint64_t)CHUNK_BITS;

    while (from < end) {
        const struct chunk *chunk = &set->chunks[from / CHUNK_BITS];
        uint32_t bit = (uint32_t)(from % CHUNK_BITS);
        uint64_t word;

        if (!chunk->bits) {
            if ((chunk->count != 0) == is_in)
                return from;
            from += CHUNK_BITS - bit;
            continue;
        }
        word = (is_in ? chunk->bits[bit / 64] : ~chunk->bits[bit / 64]) >> bit % 64;
        if (word)
            return from + (uint64_t)__builtin_ctzll(word);
        from += 64 - bit % 64;
    }
    return end;
}

bool deleted_next(const struct deleted *set, uint64_t from, uint64_t *out_from, uint64_t *out_to)
{
    uint64_t first = find(set, from, true);

    if (first >= set->room * (uint64_t)CHUNK_BITS)
        return false;
    *out_from = first;
    *out_to = find(set, first, false);
    return true;
}

static fallible make_room(struct deleted *set, uint64_t chunks)
{
    size_t room = set->room ? set->room : 16;
    struct chunk *grown;

    if (chunks <= set->room)
        return OK;
    while (room < chunks)
        room *= 2;
    grown = mem_grow(set->chunks, room * sizeof *grown);
    if (!grown)
        return mem_exhausted();
    memset(grown + set->room, 0, (room - set->room) * sizeof *grown);
    set->chunks = grown;
    set->room = room;
    return OK;
}

fallible deleted_add(struct deleted *set, uint64_t from, uint64_t to)
{
    assert(from < to);
    TRY(make_room(set, (to - 1) / CHUNK_BITS + 1));
    for (uint64_t at = from / CHUNK_BITS; at <= (to - 1) / CHUNK_BITS; at++)
        TRY(add(&set->chunks[at], begin_in(at, from), end_in(at, to)));
    return OK;
}

fallible deleted_reserve(struct deleted *set, const struct deleted *other)
{
    return make_room(set, other->room);
}

uint64_t deleted_take(struct deleted *set, struct deleted *other)
{
    uint64_t more = 0;

    for (size_t i = 0; i < other->room; i++)
        if (other->chunks[i].count)
            more += take(&set->chunks[i], &other->chunks[i]);
    deleted_clear(other);
    return more;
}

static size_t common(const struct deleted *set, const struct deleted *other)
{
    return set->room < other->room ? set->room : other->room;
}

fallible deleted_reserve_removal(struct deleted *set, const struct deleted *other)
{
    for (size_t i = 0; i < common(set, other); i++)
        if (other->chunks[i].bits)
            TRY(spell_out(&set->chunks[i]));
    return OK;
}

void deleted_remove(struct deleted *set, const struct deleted *other)
{
    for (size_t i = 0; i < common(set, other); i++)
        if (set->chunks[i].count && other->chunks[i].count)
            lose(&set->chunks[i], &other->chunks[i]);
}
