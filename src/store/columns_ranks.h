/* columns_ranks.h - a set of sequence numbers, and which place each has in it. For columns*.c
 * alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes little more than a bit for each number of the span that the set covers.
 */
#pragma once
#include "base/err.h"
#include "store/columns_format.h"

struct columns_rank_page;

struct columns_ranks {
    struct columns_rank_page **pages; /* ascending, once counted */
    uint32_t *slots; /* a page's number here + 1, or 0; by the page's first number */
    uint32_t count;
    uint32_t room; /* of the slots, a power of two; at most half are taken */
};

void columns_ranks_done(struct columns_ranks *ranks);
/* One that is there already is fine. */
fallible columns_ranks_add(struct columns_ranks *ranks, const uint64_t *seqs, size_t count);
/* Ends adding; returns how many there are. */
uint64_t columns_ranks_count(struct columns_ranks *ranks);
/* Of numbers that were added. */
void columns_ranks_find(const struct columns_ranks *ranks, const uint64_t *seqs,
                        uint32_t *out_places, size_t count);

/* Goes through the numbers, ascending. */
struct columns_rank_walk {
    uint32_t page;
    uint32_t at;
};
/* Up to `most` more of them. */
uint32_t columns_ranks_next(const struct columns_ranks *ranks, struct columns_rank_walk *walk,
                            uint64_t *out_seqs, uint32_t most);
