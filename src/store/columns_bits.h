/* columns_bits.h - numbers of any width, bit behind bit. For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { COLUMNS_MOST_BITS = 56 }; /* that one load of eight bytes at any bit gives */

/* Bits that are gathered to whole bytes. */
struct columns_bits {
    char *at; /* eight bytes at least are left, beyond what is put */
    uint64_t word;
    unsigned used; /* below 8 */
};

/* `value` has no more than `bits`, at most COLUMNS_MOST_BITS. */
static inline void columns_bits_put(struct columns_bits *sink, uint64_t value, unsigned bits)
{
    sink->word |= value << sink->used;
    sink->used += bits;
    memcpy(sink->at, &sink->word, sizeof sink->word);
    sink->at += sink->used / 8;
    sink->word >>= sink->used / 8 * 8;
    sink->used %= 8;
}

static inline size_t columns_bits_bytes(size_t bits)
{
    return bits / 8 + (bits % 8 != 0);
}

static inline uint64_t columns_bits_mask(unsigned bits)
{
    return (1ull << bits) - 1;
}

/* At most COLUMNS_MOST_BITS of what begins at bit `at`; eight bytes must be readable there. */
static inline uint64_t columns_bits_get(const uint8_t *bytes, size_t at, uint64_t mask)
{
    uint64_t word;

    memcpy(&word, bytes + at / 8, sizeof word);
    return word >> at % 8 & mask;
}

static inline unsigned columns_bits_length(uint64_t value)
{
    return value ? 64u - (unsigned)__builtin_clzll(value) : 0;
}
