/* columns_arrivals.h - times and sequence numbers of a file's rows in the order of their arrival.
 * For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row's place is its rank by sequence number among all rows of the file. In that order times
 * hardly differ from one row to the next, and numbers differ by little more than one: so both are
 * stored once for the file, in spans of places, and with the times of which stripe each row is;
 * stripes tell the order in which their rows arrived. Rows that came late or with a wrong clock are
 * smoothed away here; stripes tell how far off they are.
 */
#pragma once
#include "store/columns_bits.h"
#include "store/columns_pack.h"

enum {
    COLUMNS_SPAN = 1 << 16,
    COLUMNS_MOST_STRIPES = 1 << 16, /* of a file */
};

/* Times or numbers of a span and the stripe of each. */
struct columns_arrived {
    const uint64_t *items;
    const uint16_t *stripes;
    uint32_t count;
    uint32_t stripe_count;
    uint64_t base; /* of the items, by columns_arrivals_width */
};

/* The form in memory: what each stripe has of the span, in order. */
struct columns_span {
    uint64_t base;       /* of all items */
    const uint32_t *end; /* [stripe] one past its last item; the first stripe begins at 0 */
    const void *items;   /* by how much each is above the base */
    unsigned width;      /* of each, in bytes: 4 or 8 */
};

/* The width that items need; sets their base. */
unsigned columns_arrivals_width(struct columns_arrived *arrived);
/* Bytes of a span in memory. */
size_t columns_arrivals_bytes(uint32_t stripes, uint32_t count, unsigned width);
/* Fills as many bytes, aligned to 8. */
void columns_arrivals_fill(const struct columns_arrived *arrived, unsigned width, void *out);
struct columns_span columns_arrivals_span(const void *bytes, uint32_t stripes, unsigned width);

/* How many items of the stripe there are. */
static inline uint32_t columns_arrivals_count(const struct columns_span *span, uint32_t stripe)
{
    return span->end[stripe] - (stripe ? span->end[stripe - 1] : 0);
}

/* Writes each to the row that `rows` names in turn. */
void columns_arrivals_take(const struct columns_span *span, uint32_t stripe, const uint32_t *rows,
                           uint64_t *out);

/* Items as differences. `scratch` has room for as many. */
void columns_arrivals_pack(struct columns_packer *packer, struct buf *out, const uint64_t *items,
                           uint32_t count, uint64_t *scratch);
fallible columns_arrivals_unpack(struct columns_unpacker *in, uint64_t *out, uint32_t count);

/* Stripes, with such a scratch. */
void columns_arrivals_pack_stripes(struct columns_packer *packer, struct buf *out,
                                   const struct columns_arrived *arrived, uint64_t *scratch);
/* Each is below `stripe_count`. */
fallible columns_arrivals_unpack_stripes(struct columns_unpacker *in, uint32_t stripe_count,
                                         uint16_t *out, uint32_t count);

/* Replaces times that lie apart from those around by ones between their neighbours. */
void columns_arrivals_smooth(uint64_t *times, uint32_t count, uint64_t *scratch);
