/* columns_arrivals.h - times and sequence numbers of a file's rows in the order of their arrival.
 * For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row's place is its rank by sequence number among all rows of the file. In that order times
 * hardly differ from one row to the next, and numbers differ by little more than one: so both are
 * stored once for the file, in spans of places, and stripes hold the place of each row. Rows that
 * came late or with a wrong clock are smoothed away here; stripes tell how far off they are.
 */
#pragma once
#include "store/columns_bits.h"
#include "store/columns_pack.h"

enum {
    COLUMNS_SPAN = 1 << 16,
    COLUMNS_SPAN_GROUP = 64,
    COLUMNS_SPAN_GROUPS = COLUMNS_SPAN / COLUMNS_SPAN_GROUP + 1,
};

/* The form in memory, from which any single item is read at once: what a group's items have in
 * common, then by how much each is above it. */
struct columns_span {
    const uint64_t *bases; /* one a group */
    const uint8_t *bits;
    uint64_t mask;
    unsigned width;
    unsigned step; /* by which each item of a group is above the one before, besides */
};

static inline size_t columns_arrivals_base_bytes(uint32_t count)
{
    return ((size_t)count / COLUMNS_SPAN_GROUP + 1) * sizeof(uint64_t);
}

/* Replaces each item by what it is above its group, and fills in the groups' bases. Returns the
 * bits that the largest needs; over COLUMNS_MOST_BITS: not to be kept so. */
unsigned columns_arrivals_divide(uint64_t *items, uint32_t count, unsigned step,
                                 uint64_t *out_bases);
/* Bytes with padding. */
size_t columns_arrivals_bytes(uint32_t count, unsigned width);
/* Fills as many bytes, with what columns_arrivals_divide gave. */
void columns_arrivals_fill(const uint64_t *items, uint32_t count, const uint64_t *bases,
                           unsigned width, char *out);
struct columns_span columns_arrivals_span(const char *bytes, uint32_t count, unsigned step,
                                          unsigned width);

/* Items at places, of spans of which all but the last are full. */
void columns_arrivals_gather(const struct columns_span *spans, const uint32_t *places,
                             uint64_t *out, size_t count);

/* Items as differences. `scratch` has room for as many. */
void columns_arrivals_pack(struct columns_packer *packer, struct buf *out, const uint64_t *items,
                           uint32_t count, uint64_t *scratch);
fallible columns_arrivals_unpack(struct columns_unpacker *in, uint64_t *out, uint32_t count);

/* Replaces times that lie apart from those around by ones between their neighbours. */
void columns_arrivals_smooth(uint64_t *times, uint32_t count, uint64_t *scratch);
