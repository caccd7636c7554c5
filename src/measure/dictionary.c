/* dictionary.c - a hash table over texts that are kept in blocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/dictionary.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { BLOCK_SIZE = 1 << 16, FIRST_SLOTS = 1024, WARM_AT_ONCE = 32 };

struct dictionary_entry {
    const char *data;
    uint32_t len;
    uint32_t hash;
};

void dictionary_init(struct dictionary *texts, uint64_t seed)
{
    *texts = (struct dictionary){.seed = seed, .block_used = BLOCK_SIZE};
}

void dictionary_done(struct dictionary *texts)
{
    for (uint32_t i = 0; i < texts->block_count; i++)
        mem_free(texts->blocks[i]);
    mem_free(texts->blocks);
    mem_free(texts->entries);
    mem_free(texts->slots);
    dictionary_init(texts, texts->seed);
}

static uint32_t hash_of(const struct dictionary *texts, str text)
{
    return (uint32_t)(hash_checksum_seeded(text.data, text.len, texts->seed) >> 32);
}

/* The slot that holds `text`, or the free one where it belongs. There always is a free one. */
static uint32_t slot_of(const struct dictionary *texts, str text, uint32_t hash)
{
    uint32_t mask = texts->slot_count - 1;

    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        const struct dictionary_entry *entry;

        if (!texts->slots[at])
            return at;
        entry = &texts->entries[texts->slots[at] - 1];
        if (entry->hash == hash && entry->len == text.len &&
            (!text.len || !memcmp(entry->data, text.data, text.len)))
            return at;
    }
}

uint32_t dictionary_find(const struct dictionary *texts, str text)
{
    uint32_t slot;

    if (!texts->count)
        return DICTIONARY_NONE;
    slot = slot_of(texts, text, hash_of(texts, text));
    return texts->slots[slot] ? texts->slots[slot] - 1 : DICTIONARY_NONE;
}

static fallible grow_slots(struct dictionary *texts)
{
    uint32_t count = texts->slot_count ? texts->slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots;

    if (!count)
        return fail(ERR_LIMIT, "over two thousand million different texts");
    slots = mem_alloc((size_t)count * sizeof *slots);
    if (!slots)
        return mem_exhausted();
    for (uint32_t code = 0; code < texts->count; code++) {
        uint32_t at = texts->entries[code].hash & (count - 1);

        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = code + 1;
    }
    texts->bytes += (uint64_t)(count - texts->slot_count) * sizeof *slots;
    mem_free(texts->slots);
    texts->slots = slots;
    texts->slot_count = count;
    return OK;
}

static fallible grow_entries(struct dictionary *texts)
{
    uint32_t room = texts->room ? texts->room + texts->room / 2 : 256;
    struct dictionary_entry *entries = mem_grow(texts->entries, (size_t)room * sizeof *entries);

    if (!entries)
        return mem_exhausted();
    texts->bytes += (uint64_t)(room - texts->room) * sizeof *entries;
    texts->entries = entries;
    texts->room = room;
    return OK;
}

/* A new block of at least `size` bytes. A long text gets a block of its own, which leaves the
 * half-full one before it unused. */
static fallible add_block(struct dictionary *texts, size_t size)
{
    char *block;

    if (texts->block_count == texts->block_room) {
        uint32_t room = texts->block_room ? texts->block_room * 2 : 16;
        char **blocks = mem_grow(texts->blocks, (size_t)room * sizeof *blocks);

        if (!blocks)
            return mem_exhausted();
        texts->blocks = blocks;
        texts->block_room = room;
    }
    if (size < BLOCK_SIZE)
        size = BLOCK_SIZE;
    block = mem_alloc(size);
    if (!block)
        return mem_exhausted();
    texts->blocks[texts->block_count++] = block;
    texts->block_used = 0;
    texts->bytes += size;
    return OK;
}

fallible dictionary_add(struct dictionary *texts, str text, uint32_t *out_code)
{
    uint32_t hash = hash_of(texts, text);
    uint32_t slot;
    char *place;

    if ((uint64_t)(texts->count + 1) * 10 > (uint64_t)texts->slot_count * 7)
        TRY(grow_slots(texts));
    slot = slot_of(texts, text, hash);
    if (texts->slots[slot]) {
        *out_code = texts->slots[slot] - 1;
        return OK;
    }
    if (text.len >= UINT32_MAX)
        return fail(ERR_LIMIT, "a text of over 4 GiB");
    if (texts->count == texts->room)
        TRY(grow_entries(texts));
    if (text.len > BLOCK_SIZE || texts->block_used > BLOCK_SIZE - text.len)
        TRY(add_block(texts, text.len));
    place = texts->blocks[texts->block_count - 1] + texts->block_used;
    if (text.len)
        memcpy(place, text.data, text.len);
    texts->block_used += text.len > BLOCK_SIZE ? BLOCK_SIZE : (uint32_t)text.len;
    texts->entries[texts->count] =
        (struct dictionary_entry){.data = place, .len = (uint32_t)text.len, .hash = hash};
    *out_code = texts->count++;
    texts->slots[slot] = texts->count;
    return OK;
}

/* A look-up goes from slot to entry to text, and each is likely to be far away in memory. */
static void warm(const struct dictionary *texts, const str *list, uint32_t count)
{
    uint32_t mask = texts->slot_count - 1;
    uint32_t hashes[WARM_AT_ONCE], codes[WARM_AT_ONCE];

    for (uint32_t i = 0; i < count; i++) {
        hashes[i] = hash_of(texts, list[i]);
        __builtin_prefetch(&texts->slots[hashes[i] & mask]);
    }
    for (uint32_t i = 0; i < count; i++) {
        codes[i] = texts->slots[hashes[i] & mask];
        if (codes[i])
            __builtin_prefetch(&texts->entries[codes[i] - 1]);
    }
    for (uint32_t i = 0; i < count; i++)
        if (codes[i] && texts->entries[codes[i] - 1].hash == hashes[i])
            __builtin_prefetch(texts->entries[codes[i] - 1].data);
}

void dictionary_warm(const struct dictionary *texts, const str *list, uint32_t count)
{
    if (!texts->slot_count)
        return;
    for (uint32_t from = 0; from < count; from += WARM_AT_ONCE)
        warm(texts, list + from, count - from < WARM_AT_ONCE ? count - from : WARM_AT_ONCE);
}

str dictionary_text(const struct dictionary *texts, uint32_t code)
{
    return str_from(texts->entries[code].data, texts->entries[code].len);
}
