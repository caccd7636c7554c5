/* columns_places.h - whose each row of a stripe is, in the order of their arrival. For columns*.c
 * alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of a stripe stand person by person, and each person's in order of time. They arrived in
 * another order, in which persons take turns: the list of whose turn it was, with a code whose
 * words are the shorter the more rows a person has, tells the order of all. Rows that came late
 * are listed aside.
 */
#pragma once
#include "store/columns_pack.h"

/* Whose rows they are. */
struct columns_places {
    const uint32_t *first; /* [person + 1] */
    uint32_t persons;
};

/* Sorts rows by their places, which differ. Both scratches have room for an item a row. */
void columns_places_order(const uint32_t *places, uint32_t rows, uint64_t *scratch,
                          uint64_t *other_scratch, uint32_t *out_rows);
/* `rows` in the order of their arrival. */
void columns_places_pack(struct columns_packer *packer, struct buf *out,
                         const struct columns_places *of, const uint32_t *rows);
enum { COLUMNS_PLACES_SCRATCHES = 3 };

/* Each row once. Scratches have room for an item a row. */
fallible columns_places_unpack(struct columns_unpacker *in, const struct columns_places *of,
                               uint64_t *const scratch[COLUMNS_PLACES_SCRATCHES],
                               uint32_t *out_rows);
