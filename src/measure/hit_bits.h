/* hit_bits.h - which hits of a batch have some mark, a bit each, so that others cost nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "measure/scan.h"

struct hit_bits {    /* begins as {0} */
    uint32_t base;   /* the hit of the first bit */
    uint64_t *words; /* bits of hits outside what was looked at mean nothing */
    uint32_t room;
    uint8_t table[PICK_KINDS];         /* [kind] has it a mark? */
    const struct scan_kinds *kinds_of; /* whose they are */
};

/* Looks at the hits [from, to) of the batch, always for the same marks; of one with periods at all
 * of them. ERR_LIMIT. */
fallible hit_bits_find(struct hit_bits *bits, struct arena *mem, const struct scan_batch *batch,
                       scan_marks marks, uint32_t from, uint32_t to);
/* Instead, each person's first hit [first, ..) among those, whether it has any mark or not.
 * ERR_LIMIT.
 */
fallible hit_bits_firsts(struct hit_bits *bits, struct arena *mem, const struct scan_batch *batch,
                         uint32_t from, uint32_t to);
/* The hits that the persons of a batch have, and maybe others: [*out_from, *out_to). */
void hit_bits_span(const struct scan_batch *batch, uint32_t *out_from, uint32_t *out_to);

/* The first one of [at, end), or `end`. */
static inline uint32_t hit_bits_next(const struct hit_bits *bits, uint32_t at, uint32_t end)
{
    uint32_t place = at - bits->base;
    const uint64_t *word = &bits->words[place / 64];
    uint64_t left;

    if (at >= end)
        return end;
    left = *word >> place % 64;
    if (!left) {
        at += 64 - place % 64;
        while (at < end && !*++word)
            at += 64;
        if (at >= end)
            return end;
        left = *word;
    }
    at += (uint32_t)__builtin_ctzll(left);
    return at < end ? at : end;
}

/* The last one of [from, at), or `at`. */
static inline uint32_t hit_bits_last(const struct hit_bits *bits, uint32_t from, uint32_t at)
{
    uint32_t last = at, place;

    while (last > from) {
        uint64_t left;

        place = last - 1 - bits->base;
        left = bits->words[place / 64] << (63 - place % 64);
        if (left) {
            last -= 1 + (uint32_t)__builtin_clzll(left);
            return last >= from ? last : at;
        }
        if (last - from <= place % 64)
            return at;
        last -= place % 64 + 1;
    }
    return at;
}

/* At least as many as there are of [from, to), and no more than 126 over it. */
static inline uint32_t hit_bits_most(const struct hit_bits *bits, uint32_t from, uint32_t to)
{
    uint32_t count = 0;

    for (uint32_t word = (from - bits->base) / 64; from < to && word <= (to - 1 - bits->base) / 64;
         word++)
        count += (uint32_t)__builtin_popcountll(bits->words[word]);
    return count;
}

/* Has every one of [at, at + count) its bit? count <= 64 */
static inline bool hit_bits_all(const struct hit_bits *bits, uint32_t at, uint32_t count)
{
    uint32_t place = at - bits->base, shift = place % 64;
    uint64_t missing = ~bits->words[place / 64] >> shift;

    if (shift + count > 64)
        missing |= ~bits->words[place / 64 + 1] << (64 - shift);
    return !(missing << (64 - count));
}

/* Where the bits that are set without a gap from `at` on end; at most `end`. `at` has its bit. */
static inline uint32_t hit_bits_run(const struct hit_bits *bits, uint32_t at, uint32_t end)
{
    uint32_t place = at - bits->base;
    uint64_t missing = ~bits->words[place / 64] >> place % 64;

    while (!missing) {
        at += 64 - place % 64;
        if (at >= end)
            return end;
        place = at - bits->base;
        missing = ~bits->words[place / 64];
    }
    at += (uint32_t)__builtin_ctzll(missing);
    return at < end ? at : end;
}
