/* columns_ticks.h - a file's times in two bytes a row, for who compares them with few instants.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ticks are of one length, chosen so that nearly all rows of the file lie in them; the first one
 * also stands for all times before it, the last one for all behind. They are made of the times when
 * first used, and nothing of them is stored.
 */
#pragma once
#include "store/columns.h"

enum { COLUMNS_TICKS = 1 << 16 };

struct columns_ticks {
    millis base; /* of tick 0 */
    uint64_t length;
};

/* Holds [row] the tick of its time, 2 bytes wide; to be released like any block. All stripes of a
 * file have the same ticks. ERR_IO, ERR_CORRUPT, ERR_LIMIT. */
fallible columns_ticks_hold(struct columns *columns, uint32_t stripe,
                            struct columns_ticks *out_ticks, struct columns_block *out_block);

static inline uint32_t columns_ticks_of(const struct columns_ticks *ticks, millis time)
{
    uint64_t passed = time < ticks->base ? 0 : (uint64_t)time - (uint64_t)ticks->base;

    passed /= ticks->length;
    return passed < COLUMNS_TICKS ? (uint32_t)passed : COLUMNS_TICKS - 1;
}
