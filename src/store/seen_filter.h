/* seen_filter.h - tells of most ids that they are not in a run. For seen*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/hash.h"

#include <string.h>

/* A split-block Bloom filter: one cache line a look-up, 12 bits an id, about 0.5 % false. */
struct seen_filter {
    void *memory;
    uint32_t (*blocks)[8];
    uint64_t block_count;
};

uint64_t seen_filter_blocks(uint64_t ids);
bool seen_filter_open(struct seen_filter *filter, uint64_t ids); /* false without memory */
void seen_filter_close(struct seen_filter *filter);
void seen_filter_add(struct seen_filter *filter, hash128 id);
static inline uint32_t *seen_filter_block(const struct seen_filter *filter, hash128 id)
{
    return filter->blocks[(uint64_t)(((unsigned __int128)id.low * filter->block_count) >> 64)];
}
/* What one id has in any filter: made once for all of them. */
struct seen_filter_bits {
    uint64_t words[4];
};
struct seen_filter_bits seen_filter_bits_of(hash128 id);
/* Without a branch: of an id that is not there some bit is missing, but nobody can guess which. */
static inline bool seen_filter_may_hold(const struct seen_filter *filter, hash128 id,
                                        const struct seen_filter_bits *bits)
{
    uint64_t words[4];

    memcpy(words, seen_filter_block(filter, id), sizeof words);
    return !((bits->words[0] & ~words[0]) | (bits->words[1] & ~words[1]) |
             (bits->words[2] & ~words[2]) | (bits->words[3] & ~words[3]));
}
static inline void seen_filter_prefetch(const struct seen_filter *filter, hash128 id)
{
    __builtin_prefetch(seen_filter_block(filter, id));
}
