/* seen_filter.h - tells of most ids that they are not in a run. For seen*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/hash.h"

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
bool seen_filter_may_hold(const struct seen_filter *filter, hash128 id);
void seen_filter_prefetch(const struct seen_filter *filter, hash128 id);
