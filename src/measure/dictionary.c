/* dictionary.c - a hash table over texts that are kept in blocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A slot holds the whole hash and the place of the text, and at that place stands the code before
 * the text: a look-up that finds something waits for memory twice, one that does not, once.
 *
 *   place: code (4 bytes), length (1 byte; 255: 4 more follow), text, up to a multiple of 4 bytes
 */
#include "measure/dictionary.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum {
    BLOCK_SIZE = 1 << 16,
    UNIT = 4, /* bytes that a place counts */
    UNIT_BITS = 14,
    SLAB_BLOCKS = 32,
    FEW_BLOCKS = 16, /* until then each is a slab by itself */
    MOST_BLOCKS = (1 << (32 - UNIT_BITS)) - 1,
    FIRST_SLOTS = 1024,
    AT_ONCE = 32,
    LONG_TEXT = 255,
    RECENT_BITS = 11,
    ENDS = 8, /* bytes at each end of a text that its first comparison looks at */
};

/* A text that was looked up lately. Up to 2 * ENDS bytes the ends are all of it. */
struct known {
    uint64_t head;
    uint64_t tail;
    uint32_t len_and_one; /* 0: empty */
    uint32_t code;
};

struct wanted {
    struct known key;
    struct known *known;
    uint32_t hash;
    uint32_t at; /* in the list */
};

struct dictionary_recent {
    struct known known[1 << RECENT_BITS];
    struct wanted wanted[AT_ONCE]; /* what is to be looked up now */
};

_Static_assert(BLOCK_SIZE == UNIT << UNIT_BITS, "a place names each unit of a block");

void dictionary_init(struct dictionary *texts, uint64_t seed)
{
    *texts = (struct dictionary){.seed = seed, .block_used = BLOCK_SIZE};
}

static void free_texts(struct dictionary *texts)
{
    for (uint32_t i = 0; i < texts->slab_count; i++)
        mem_free(texts->slabs[i]);
    mem_free(texts->slabs);
    mem_free(texts->blocks);
}

void dictionary_done(struct dictionary *texts)
{
    free_texts(texts);
    mem_free(texts->places);
    mem_free(texts->slots);
    mem_free(texts->recent);
    dictionary_init(texts, texts->seed);
}

void dictionary_clear(struct dictionary *texts)
{
    struct dictionary kept = *texts;

    free_texts(texts);
    dictionary_init(texts, kept.seed);
    texts->places = kept.places;
    texts->room = kept.room;
    texts->slots = kept.slots;
    texts->slot_count = kept.slot_count;
    texts->recent = kept.recent;
    texts->bytes =
        (uint64_t)kept.slot_count * sizeof *kept.slots + (uint64_t)kept.room * sizeof *kept.places;
    if (kept.slots)
        memset(kept.slots, 0, (size_t)kept.slot_count * sizeof *kept.slots);
    if (kept.recent) {
        memset(kept.recent, 0, sizeof *kept.recent);
        texts->bytes += sizeof *kept.recent;
    }
}

static uint32_t hash_of(const struct dictionary *texts, str text)
{
    return (uint32_t)(hash_checksum_seeded(text.data, text.len, texts->seed) >> 32);
}

static inline const char *at_place(const struct dictionary *texts, uint32_t place)
{
    return texts->blocks[place >> UNIT_BITS] + (size_t)(place & (BLOCK_SIZE / UNIT - 1)) * UNIT;
}

static inline str text_at(const char *at)
{
    uint32_t len = (unsigned char)at[sizeof(uint32_t)];

    at += sizeof(uint32_t) + 1;
    if (len == LONG_TEXT) {
        memcpy(&len, at, sizeof len);
        at += sizeof len;
    }
    return (str){at, len};
}

static inline uint32_t code_at(const char *at)
{
    uint32_t code;

    memcpy(&code, at, sizeof code);
    return code;
}

/* The slot that holds `text`, or the free one where it belongs. There always is a free one. */
static struct dictionary_slot *slot_of(const struct dictionary *texts, str text, uint32_t hash)
{
    uint32_t mask = texts->slot_count - 1;

    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        struct dictionary_slot *slot = &texts->slots[at];

        if (!slot->place)
            return slot;
        if (slot->hash == hash && str_equals(text_at(at_place(texts, slot->place - 1)), text))
            return slot;
    }
}

uint32_t dictionary_find(const struct dictionary *texts, str text)
{
    const struct dictionary_slot *slot;

    if (!texts->count)
        return DICTIONARY_NONE;
    slot = slot_of(texts, text, hash_of(texts, text));
    return slot->place ? code_at(at_place(texts, slot->place - 1)) : DICTIONARY_NONE;
}

static fallible grow_slots(struct dictionary *texts)
{
    uint32_t count = texts->slot_count ? texts->slot_count * 2 : FIRST_SLOTS;
    struct dictionary_slot *slots;

    if (!count)
        return fail(ERR_LIMIT, "over two thousand million different texts");
    slots = mem_alloc((size_t)count * sizeof *slots);
    if (!slots)
        return mem_exhausted();
    for (uint32_t i = 0; i < texts->slot_count; i++) {
        uint32_t at = texts->slots[i].hash & (count - 1);

        if (!texts->slots[i].place)
            continue;
        while (slots[at].place)
            at = (at + 1) & (count - 1);
        slots[at] = texts->slots[i];
    }
    texts->bytes += (uint64_t)(count - texts->slot_count) * sizeof *slots;
    mem_free(texts->slots);
    texts->slots = slots;
    texts->slot_count = count;
    return OK;
}

static fallible grow_places(struct dictionary *texts)
{
    uint32_t room = texts->room ? texts->room + texts->room / 2 : 256;
    uint32_t *places = mem_grow(texts->places, (size_t)room * sizeof *places);

    if (!places)
        return mem_exhausted();
    texts->bytes += (uint64_t)(room - texts->room) * sizeof *places;
    texts->places = places;
    texts->room = room;
    return OK;
}

static fallible grow_blocks(struct dictionary *texts)
{
    uint32_t room = texts->block_room ? texts->block_room * 2 : 16;
    char **blocks = mem_grow(texts->blocks, (size_t)room * sizeof *blocks);
    char **slabs = blocks ? mem_grow(texts->slabs, (size_t)room * sizeof *slabs) : NULL;

    if (blocks)
        texts->blocks = blocks;
    if (!slabs)
        return mem_exhausted();
    texts->slabs = slabs;
    texts->block_room = room;
    return OK;
}

static fallible add_slab(struct dictionary *texts, size_t size, char **out_slab)
{
    char *slab =
        size < (size_t)SLAB_BLOCKS * BLOCK_SIZE ? mem_grow(NULL, size) : mem_alloc_slab(size);

    if (!slab)
        return mem_exhausted();
    texts->slabs[texts->slab_count++] = slab;
    texts->bytes += size;
    *out_slab = slab;
    return OK;
}

/* A new block of at least `size` bytes. A long text gets a block of its own, which leaves the
 * half-full one before it unused. */
static fallible add_block(struct dictionary *texts, size_t size)
{
    bool is_many = texts->block_count >= FEW_BLOCKS;
    char *block;

    if (texts->block_count == MOST_BLOCKS)
        return fail(ERR_LIMIT, "over 16 GiB of texts in memory");
    if (texts->block_count == texts->block_room)
        TRY(grow_blocks(texts));
    if (size > BLOCK_SIZE) {
        TRY(add_slab(texts, size, &block));
        texts->slab_left = 0;
    } else if (texts->slab_left) {
        block = texts->blocks[texts->block_count - 1] + BLOCK_SIZE;
        texts->slab_left--;
    } else {
        TRY(add_slab(texts, is_many ? SLAB_BLOCKS * BLOCK_SIZE : BLOCK_SIZE, &block));
        texts->slab_left = is_many ? SLAB_BLOCKS - 1 : 0;
    }
    texts->blocks[texts->block_count++] = block;
    texts->block_used = 0;
    return OK;
}

/* Keeps a copy of the text under the next code. */
static fallible put(struct dictionary *texts, str text, uint32_t *out_place)
{
    uint32_t len = (uint32_t)text.len;
    size_t size = sizeof len + 1 + (len < LONG_TEXT ? 0 : sizeof len) + text.len;
    char *at;

    size = (size + UNIT - 1) & ~(size_t)(UNIT - 1);
    if (texts->count == texts->room)
        TRY(grow_places(texts));
    if (size > BLOCK_SIZE || texts->block_used > BLOCK_SIZE - size)
        TRY(add_block(texts, size));
    at = texts->blocks[texts->block_count - 1] + texts->block_used;
    *out_place = (texts->block_count - 1) << UNIT_BITS | texts->block_used / UNIT;
    texts->block_used += size > BLOCK_SIZE ? BLOCK_SIZE : (uint32_t)size;
    memcpy(at, &texts->count, sizeof texts->count);
    at += sizeof texts->count;
    *at++ = (char)(len < LONG_TEXT ? len : LONG_TEXT);
    if (len >= LONG_TEXT) {
        memcpy(at, &len, sizeof len);
        at += sizeof len;
    }
    if (len)
        memcpy(at, text.data, len);
    return OK;
}

static fallible add(struct dictionary *texts, str text, uint32_t hash, uint32_t *out_code)
{
    struct dictionary_slot *slot;
    uint32_t place;

    if ((uint64_t)(texts->count + 1) * 10 > (uint64_t)texts->slot_count * 8)
        TRY(grow_slots(texts));
    slot = slot_of(texts, text, hash);
    if (slot->place) {
        *out_code = code_at(at_place(texts, slot->place - 1));
        return OK;
    }
    if (text.len >= UINT32_MAX)
        return fail(ERR_LIMIT, "a text of over 4 GiB");
    TRY(put(texts, text, &place));
    texts->places[texts->count] = place;
    *slot = (struct dictionary_slot){hash, place + 1};
    *out_code = texts->count++;
    return OK;
}

fallible dictionary_add(struct dictionary *texts, str text, uint32_t *out_code)
{
    return add(texts, text, hash_of(texts, text), out_code);
}

static inline uint64_t eight_bytes(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static inline struct known key_of(str text)
{
    struct known key = {.len_and_one = (uint32_t)text.len + 1};

    if (text.len >= ENDS) {
        key.head = eight_bytes(text.data);
        key.tail = eight_bytes(text.data + text.len - ENDS);
    } else {
        for (size_t i = 0; i < text.len; i++)
            key.head = key.head << 8 | (unsigned char)text.data[i];
    }
    return key;
}

static inline struct known *known_of(const struct dictionary *texts, const struct known *key)
{
    uint64_t mixed = (key->head ^ texts->seed) * 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ mixed >> 32 ^ key->tail ^ key->len_and_one) * 0xd6e8feb86659fd93u;
    return &texts->recent->known[mixed >> (64 - RECENT_BITS)];
}

static inline bool is_same(const struct dictionary *texts, const struct known *known,
                           const struct known *key, str text)
{
    return known->len_and_one == key->len_and_one && known->head == key->head &&
           known->tail == key->tail &&
           (text.len <= (size_t)2 * ENDS || str_equals(dictionary_text(texts, known->code), text));
}

/* Looks up those that did not come lately: first all slots are fetched, then all texts. */
static fallible add_wanted(struct dictionary *texts, const str *list, uint32_t count,
                           uint32_t *out_codes)
{
    struct wanted *wanted = texts->recent->wanted;

    for (uint32_t i = 0; i < count && texts->slot_count; i++) {
        const struct dictionary_slot *slot =
            &texts->slots[wanted[i].hash & (texts->slot_count - 1)];

        if (slot->place && slot->hash == wanted[i].hash)
            __builtin_prefetch(at_place(texts, slot->place - 1));
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = wanted[i].at;

        TRY(add(texts, list[at], wanted[i].hash, &out_codes[at]));
        wanted[i].key.code = out_codes[at];
        *wanted[i].known = wanted[i].key;
    }
    return OK;
}

fallible dictionary_add_all(struct dictionary *texts, const str *list, uint32_t count,
                            uint32_t *out_codes)
{
    struct wanted *wanted;
    uint32_t found = 0;

    if (!texts->recent) {
        texts->recent = mem_alloc(sizeof *texts->recent);
        if (!texts->recent)
            return mem_exhausted();
        texts->bytes += sizeof *texts->recent;
    }
    wanted = texts->recent->wanted;
    for (uint32_t i = 0; i < count; i++) {
        struct known key = key_of(list[i]);
        struct known *known = known_of(texts, &key);

        if (is_same(texts, known, &key, list[i])) {
            out_codes[i] = known->code;
            continue;
        }
        wanted[found] = (struct wanted){key, known, hash_of(texts, list[i]), i};
        if (texts->slot_count)
            __builtin_prefetch(&texts->slots[wanted[found].hash & (texts->slot_count - 1)]);
        if (++found == AT_ONCE) {
            TRY(add_wanted(texts, list, found, out_codes));
            found = 0;
        }
    }
    return add_wanted(texts, list, found, out_codes);
}

static void warm(const struct dictionary *texts, const str *list, uint32_t count)
{
    uint32_t mask = texts->slot_count - 1;
    uint32_t hashes[AT_ONCE];

    for (uint32_t i = 0; i < count; i++) {
        hashes[i] = hash_of(texts, list[i]);
        __builtin_prefetch(&texts->slots[hashes[i] & mask]);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct dictionary_slot *slot = &texts->slots[hashes[i] & mask];

        if (slot->place && slot->hash == hashes[i])
            __builtin_prefetch(at_place(texts, slot->place - 1));
    }
}

void dictionary_warm(const struct dictionary *texts, const str *list, uint32_t count)
{
    if (!texts->slot_count)
        return;
    for (uint32_t from = 0; from < count; from += AT_ONCE)
        warm(texts, list + from, count - from < AT_ONCE ? count - from : AT_ONCE);
}

str dictionary_text(const struct dictionary *texts, uint32_t code)
{
    return text_at(at_place(texts, texts->places[code]));
}
