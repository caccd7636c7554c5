/* columns_knots.h - sequence numbers told from times. For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events come nearly in order of their times. A knot is a time and the sequence number that came
 * about then; between two knots the numbers are taken to rise evenly. Blocks hold only by how much
 * a row's number differs. Writer and reader compute the same to the bit.
 */
#pragma once
#include "store/columns_pack.h"

enum { COLUMNS_KNOT_ROWS = 64 }; /* sequence numbers from one knot to the next */

struct columns_knot {
    uint64_t time;  /* since the file's first; never falls */
    uint64_t seq;   /* ascending */
    uint64_t slope; /* numbers a millisecond up to the next knot, times 2^32 */
};

struct columns_knots {
    struct columns_knot *list;
    uint32_t count;
    uint32_t *guess; /* for times t, the last knot up to (t >> shift) << shift, or 0 */
    unsigned shift;
};

/* Takes over `list`, of which times and numbers are filled; frees it also on failure. */
fallible columns_knots_init(struct columns_knots *knots, struct columns_knot *list, uint32_t count);
void columns_knots_done(struct columns_knots *knots);
/* What the knots tell for each of `times`, which count from `start`; `out` may be the same array.
 */
void columns_knots_predict(const struct columns_knots *knots, const uint64_t *times, uint64_t start,
                           uint64_t *out, size_t count);
/* Times, then numbers, each less the one before. */
fallible columns_knots_pack(const struct columns_knots *knots, struct columns_packer *packer,
                            struct buf *out);
fallible columns_knots_unpack(struct columns_unpacker *in, uint32_t most,
                              struct columns_knots *out_knots);
