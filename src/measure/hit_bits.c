/* hit_bits.c - finds kinds many at once, or looks at marks one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/hit_bits.h"

#include "measure/operator.h"

#include <assert.h>
#include <string.h>

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

static void look_at_marks(const struct hit_bits *bits, const struct scan_batch *batch,
                          scan_marks marks, uint32_t from, uint32_t to)
{
    for (uint32_t hit = from; hit < to; hit += 64) {
        uint32_t count = to - hit < 64 ? to - hit : 64;
        uint64_t word = 0;

        for (uint32_t i = 0; i < count; i++)
            word |= (uint64_t)((batch->marks[hit + i] & marks) != 0) << i;
        bits->words[(hit - from) / 64] = word;
    }
}

/* Which kinds have one of the marks. */
static void list_kinds(struct hit_bits *bits, const struct scan_kinds *kinds, scan_marks marks)
{
    bits->kinds_of = kinds;
    for (uint32_t i = 0; i < PICK_KINDS; i++)
        bits->table[i] = (kinds->marks[i] & marks) != 0;
}

static fallible make_room(struct hit_bits *bits, struct arena *mem, uint32_t from, uint32_t to)
{
    uint32_t words = pick_words(to - from);

    if (words + 1 > bits->room) {
        bits->room = 0;
        bits->words = arena_array(mem, (words + 1) * (size_t)2, sizeof *bits->words);
        if (!bits->words)
            return operator_exhausted();
        bits->room = (words + 1) * 2;
    }
    bits->base = from;
    return OK;
}

fallible hit_bits_find(struct hit_bits *bits, struct arena *mem, const struct scan_batch *batch,
                       scan_marks marks, uint32_t from, uint32_t to)
{
    assert(!batch->timely || from == batch->row);
    TRY(make_room(bits, mem, from, to));
    if (!batch->kinds_of) {
        look_at_marks(bits, batch, marks, from, to);
        return OK;
    }
    if (bits->kinds_of != batch->kinds_of)
        list_kinds(bits, batch->kinds_of, marks);
    pick_best()->find(batch->kinds + from, to - from, bits->table, bits->words);
    for (uint32_t i = 0; batch->timely && i < pick_words(to - from); i++)
        bits->words[i] &= batch->timely[i];
    return OK;
}

fallible hit_bits_firsts(struct hit_bits *bits, struct arena *mem, const struct scan_batch *batch,
                         uint32_t from, uint32_t to)
{
    TRY(make_room(bits, mem, from, to));
    memset(bits->words, 0, pick_words(to - from) * sizeof *bits->words);
    for (size_t person = 0; person < batch->persons; person++) {
        uint32_t at = batch->first[person] - from;

        bits->words[at / 64] |= UINT64_C(1) << at % 64;
    }
    return OK;
}
