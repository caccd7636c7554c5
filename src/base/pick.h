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

enum {
    PICK_SLACK = 16,
    PICK_KINDS = 256,
    PICK_UNSURE = 255,
    PICK_BLANK = 255,
    PICK_BYTES_SLACK = 64
};

/* What becomes numbers: 0 stays 0, any other item has `base` added. */
struct pick_codes {
    const void *items;
    uint8_t width; /* 1, 2 or 4 bytes an item */
    uint32_t base;
};

/* What ticks become: the period that each is in, or PICK_UNSURE. Where `is_coarse`, the same is
 * told for each 256 of them by which they begin with, up to where, and which follows: there it is
 * unsure, if these differ. */
struct pick_periods {
    uint8_t of[1 << 16];
    bool is_coarse;
    uint8_t before[PICK_KINDS];
    uint8_t behind[PICK_KINDS];
    uint8_t split[PICK_KINDS];
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
    /* The period of each tick, and which are unsure. Up to PICK_BYTES_SLACK bytes are written
     * beyond the last row's. */
    void (*periods)(const uint16_t *ticks, uint32_t rows, const struct pick_periods *periods,
                    uint8_t *out, uint64_t *out_unsure);
    /* The rows whose byte is not `byte`; those whose byte is not that of the row before, and the
     * first. */
    void (*others)(const uint8_t *bytes, uint32_t rows, uint8_t byte, uint64_t *out_bits);
    void (*changes)(const uint8_t *bytes, uint32_t rows, uint64_t *out_bits);
    /* The bytes, but PICK_BLANK for the rows that have a bit. Up to PICK_BYTES_SLACK bytes are
     * written beyond the last row's. */
    void (*blank)(const uint8_t *bytes, uint32_t rows, const uint64_t *bits, uint8_t *out);
};

/* False: the processor is too old for what this program was built for. */
bool pick_is_possible(void);
const struct pick *pick_best(void);  /* for this processor */
const struct pick *pick_plain(void); /* for any */

static inline uint32_t pick_words(uint32_t rows)
{
    return rows / 64 + (rows % 64 != 0);
}
