/* samples.h - the exact median of many whole numbers, in little memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers are kept in chunks of 4 bytes each, or 8 where they may be large, and never copied: the
 * median is found by counting digits, so it takes no memory and leaves them as they are.
 */
#pragma once
#include "base/arena.h"

struct samples_chunk;

struct samples { /* begins as {0} but for is_wide */
    uint64_t count;
    struct samples_chunk *first;
    struct samples_chunk *last;
    bool is_wide; /* has numbers over UINT32_MAX */
};

/* ERR_LIMIT. */
fallible samples_add(struct samples *samples, struct arena *mem, uint64_t number);
/* Adds all of `other`, which is as wide. ERR_LIMIT. */
fallible samples_merge(struct samples *samples, struct arena *mem, const struct samples *other);
/* The two numbers in the middle of the sorted ones, the same twice where one is. count > 0. */
void samples_middle(const struct samples *samples, uint64_t *out_low, uint64_t *out_high);
