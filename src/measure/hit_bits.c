/* hit_bits.c - compares kinds sixteen at once, or looks at marks one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/hit_bits.h"

#include "measure/operator.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { LANES = 16, WORD_BITS = 64, FEW = 3, MOST_COMPARED = 24 };

typedef uint8_t lanes __attribute__((vector_size(LANES)));

void hit_bits_span(const struct scan_batch *batch, uint32_t *out_from, uint32_t *out_to)
{
    uint32_t from = UINT32_MAX, to = 0;

    for (size_t i = 0; i < batch->persons; i++) {
        from = batch->first[i] < from ? batch->first[i] : from;
        to = batch->end[i] > to ? batch->end[i] : to;
    }
    *out_from = from < to ? from : 0;
    *out_to = to;
}

/* The top bits of lanes that are 0 or 0xff. */
static inline uint64_t gather(lanes equal)
{
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_epi8((__m128i)equal);
#else
    uint64_t halves[2], ones = 0x8040201008040201u;

    memcpy(halves, &equal, sizeof halves);
    for (int i = 0; i < 2; i++)
        halves[i] = ((halves[i] & ones) * 0x0101010101010101u) >> 56;
    return halves[0] | halves[1] << 8;
#endif
}

/* Sixteen bits: which kinds are among the wanted ones. */
static inline uint64_t compare_row(const uint8_t *kinds, const lanes *wanted, uint32_t count)
{
    lanes row, found;

    memcpy(&row, kinds, sizeof row);
    found = (lanes)(row == wanted[0]);
    if (count > 1)
        found |= (lanes)(row == wanted[1]);
    if (count > 2)
        found |= (lanes)(row == wanted[2]);
    for (uint32_t i = FEW; i < count; i++)
        found |= (lanes)(row == wanted[i]);
    return gather(found);
}

#define COMPARE(count)                                                                             \
    for (uint32_t i = 0; i < words; i++, kinds += WORD_BITS)                                       \
        out[i] = flip ^ (compare_row(kinds, wanted, count) |                                       \
                         compare_row(kinds + LANES, wanted, count) << LANES |                      \
                         compare_row(kinds + LANES * 2, wanted, count) << LANES * 2 |              \
                         compare_row(kinds + LANES * 3, wanted, count) << LANES * 3);

/* Of at least one kind; the usual counts are known to the loops. */
static void compare(const struct hit_bits *bits, const uint8_t *kinds, uint32_t words)
{
    uint64_t flip = bits->are_without ? ~UINT64_C(0) : 0, *out = bits->words;
    lanes wanted[MOST_COMPARED];

    for (uint32_t i = 0; i < bits->kind_count; i++)
        wanted[i] = (lanes){0} + bits->kinds[i];
    if (bits->kind_count == 1)
        COMPARE(1)
    else if (bits->kind_count == 2)
        COMPARE(2)
    else if (bits->kind_count == FEW)
        COMPARE(FEW)
    else
        COMPARE(bits->kind_count)
}

static void look_up(const struct hit_bits *bits, const struct scan_batch *batch, scan_marks marks,
                    uint32_t from, uint32_t to)
{
    for (uint32_t hit = from; hit < to; hit += WORD_BITS) {
        uint32_t count = to - hit < WORD_BITS ? to - hit : WORD_BITS;
        uint64_t word = 0;

        if (batch->kinds_of)
            for (uint32_t i = 0; i < count; i++)
                word |= (uint64_t)((batch->kinds_of->marks[batch->kinds[hit + i]] & marks) != 0)
                        << i;
        else
            for (uint32_t i = 0; i < count; i++)
                word |= (uint64_t)((batch->marks[hit + i] & marks) != 0) << i;
        bits->words[(hit - from) / WORD_BITS] = word;
    }
}

static void list_kinds(struct hit_bits *bits, const struct scan_kinds *kinds, scan_marks marks)
{
    uint32_t with = 0;

    for (uint32_t i = 0; i < kinds->count; i++)
        with += (kinds->marks[i] & marks) != 0;
    bits->kinds_of = kinds;
    bits->are_without = with > kinds->count - with;
    bits->kind_count = 0;
    for (uint32_t i = 0; i < kinds->count; i++)
        if (!(kinds->marks[i] & marks) == bits->are_without)
            bits->kinds[bits->kind_count++] = (uint8_t)i;
}

fallible hit_bits_find(struct hit_bits *bits, struct arena *mem, const struct scan_batch *batch,
                       scan_marks marks, uint32_t from, uint32_t to)
{
    uint32_t words = (to - from + WORD_BITS - 1) / WORD_BITS;

    if (words + 1 > bits->room) {
        bits->room = 0;
        bits->words = arena_array(mem, (words + 1) * (size_t)2, sizeof *bits->words);
        if (!bits->words)
            return operator_exhausted();
        bits->room = (words + 1) * 2;
    }
    bits->base = from;
    if (batch->kinds_of && bits->kinds_of != batch->kinds_of)
        list_kinds(bits, batch->kinds_of, marks);
    if (batch->kinds_of && !bits->kind_count)
        memset(bits->words, bits->are_without ? 0xff : 0, words * sizeof *bits->words);
    else if (batch->kinds_of && bits->kind_count <= MOST_COMPARED)
        compare(bits, batch->kinds + from, words);
    else
        look_up(bits, batch, marks, from, to);
    return OK;
}
