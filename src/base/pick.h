/* pick.h - chooses rows of arrays by bits, as many at once as the processor can.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bit r % 64 of word r / 64 stands for row r; bits behind the last row are 0. Items of rows may be
 * read up to 64 bytes beyond the last, and PICK_SLACK items be written beyond the last one given.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { PICK_SLACK = 16, PICK_KINDS = 256 };

/* What becomes numbers: 0 stays 0, any other item has `base` added. */
struct pick_codes {
    const void *items;
    uint8_t width; /* 1, 2 or 4 bytes an item */
    uint32_t base;
};

/* All return or set what a loop over the rows in turn would; `out` tells how many were picked. */
struct pick {
    /* The rows whose byte is not 0 in the table. */
    void (*find)(const uint8_t *bytes, uint32_t rows, const uint8_t table[PICK_KINDS],
                 uint64_t *out_bits);
    void (*below)(const int64_t *items, uint32_t rows, int64_t limit, uint64_t *out_bits);
    uint32_t (*longs)(const uint64_t *bits, uint32_t rows, const void *items, void *out);
    uint32_t (*codes)(const uint64_t *bits, uint32_t rows, const struct pick_codes *codes,
                      uint32_t *out);
};

/* False: the processor is too old for what this program was built for. */
bool pick_is_possible(void);
const struct pick *pick_best(void);  /* for this processor */
const struct pick *pick_plain(void); /* for any */

static inline uint32_t pick_words(uint32_t rows)
{
    return rows / 64 + (rows % 64 != 0);
}
