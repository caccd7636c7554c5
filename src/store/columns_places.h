/* columns_places.h - places of a stripe's rows among all rows of the file, by sequence number. For
 * columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of a person stand in order of time, so their places ascend, but where one came late. How far
 * they are from each other depends on how many rows the person has: each is told by its scale in
 * relation to that, in a byte, with the bits that the scale leaves open.
 */
#pragma once
#include "store/columns_pack.h"

/* Whose rows they are. */
struct columns_places {
    const uint32_t *first; /* [person + 1] */
    uint32_t persons;
    uint32_t total; /* rows of the file */
};

/* `scratch` has room for an item a row. */
void columns_places_pack(struct columns_packer *packer, struct buf *out,
                         const struct columns_places *of, const uint32_t *places,
                         uint64_t *scratch);
/* All are below the total. `scratch` as before. */
fallible columns_places_unpack(struct columns_unpacker *in, const struct columns_places *of,
                               uint32_t *out_places, uint64_t *scratch);
