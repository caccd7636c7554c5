/* columns_places.h - whose each row of a stripe is, in the order of their arrival. For columns*.c
 * alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of a stripe stand person by person, and each person's in order of time. They arrived in
 * another order, in which persons take turns: the list of whose turn it was, with a code whose
 * words are the shorter the more rows a person has, tells whose each is. Slots are rows of which
 * each person's stand in order of arrival; their times tell which row each is.
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
/* `rows` in the order of their arrival. `out` is broken afterwards if there was no memory. */
void columns_places_pack(struct buf *out, const struct columns_places *of, const uint32_t *rows);
/* Each slot once, in the order of arrival. */
fallible columns_places_unpack(struct columns_unpacker *in, const struct columns_places *of,
                               uint32_t *out_slots);

struct columns_late {
    int64_t time;
    uint32_t slot;
};
/* Sorts each person's items by time, and of one time by slot, in which order they are given: few
 * are late. `scratch` has room for each person's. */
void columns_places_sort(const struct columns_places *of, int64_t *times, uint32_t *slots,
                         struct columns_late *scratch);
