/* samples.c - chunks in an arena, and selection by digits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/samples.h"

#include "measure/operator.h"

enum { FIRST_ROOM = 4, MOST_ROOM = 4096, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

struct samples_chunk {
    struct samples_chunk *next;
    uint32_t count;
    uint32_t room;
    uint32_t words[]; /* the low halves of all; then, where they are wide, the high ones */
};

static fallible add_chunk(struct samples *samples, struct arena *mem)
{
    uint32_t room = samples->last ? samples->last->room * 2 : FIRST_ROOM;
    struct samples_chunk *chunk;

    if (room > MOST_ROOM)
        room = MOST_ROOM;
    chunk = arena_take(mem, sizeof *chunk +
                                (size_t)room * sizeof *chunk->words * (samples->is_wide ? 2 : 1));
    if (!chunk)
        return operator_exhausted();
    chunk->room = room;
    if (samples->last)
        samples->last->next = chunk;
    else
        samples->first = chunk;
    samples->last = chunk;
    return OK;
}

fallible samples_add(struct samples *samples, struct arena *mem, uint64_t number)
{
    struct samples_chunk *chunk;

    if (!samples->last || samples->last->count == samples->last->room)
        TRY(add_chunk(samples, mem));
    chunk = samples->last;
    chunk->words[chunk->count] = (uint32_t)number;
    if (samples->is_wide)
        chunk->words[chunk->room + chunk->count] = (uint32_t)(number >> 32);
    chunk->count++;
    samples->count++;
    return OK;
}

static inline uint64_t number_at(const struct samples *samples, const struct samples_chunk *chunk,
                                 uint32_t index)
{
    uint64_t high = samples->is_wide ? chunk->words[chunk->room + index] : 0;

    return high << 32 | chunk->words[index];
}

fallible samples_merge(struct samples *samples, struct arena *mem, const struct samples *other)
{
    for (const struct samples_chunk *chunk = other->first; chunk; chunk = chunk->next)
        for (uint32_t i = 0; i < chunk->count; i++)
            TRY(samples_add(samples, mem, number_at(other, chunk, i)));
    return OK;
}

/* How many there are of each digit, among the numbers that begin with `prefix`: their bits above
 * `shift` + DIGIT_BITS. */
static void count_digits(const struct samples *samples, uint64_t prefix, unsigned shift,
                         uint64_t counts[DIGITS])
{
    for (unsigned i = 0; i < DIGITS; i++)
        counts[i] = 0;
    for (const struct samples_chunk *chunk = samples->first; chunk; chunk = chunk->next)
        for (uint32_t i = 0; i < chunk->count; i++) {
            uint64_t rest = number_at(samples, chunk, i) >> shift;

            if (rest >> DIGIT_BITS == prefix)
                counts[rest & (DIGITS - 1)]++;
        }
}

/* The number with `rank` smaller or equal ones before it. */
static uint64_t select_rank(const struct samples *samples, uint64_t rank)
{
    uint64_t counts[DIGITS];
    uint64_t prefix = 0;

    for (unsigned bits = samples->is_wide ? 64 : 32; bits; bits -= DIGIT_BITS) {
        unsigned digit = 0;

        count_digits(samples, prefix, bits - DIGIT_BITS, counts);
        while (rank >= counts[digit])
            rank -= counts[digit++];
        prefix = prefix << DIGIT_BITS | digit;
    }
    return prefix;
}

void samples_middle(const struct samples *samples, uint64_t *out_low, uint64_t *out_high)
{
    *out_low = select_rank(samples, (samples->count - 1) / 2);
    *out_high = samples->count % 2 ? *out_low : select_rank(samples, samples->count / 2);
}
