/* mask.h - which rows of a column file are deleted.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made when a question first needs it, from the sequence numbers in the file, and made anew when
 * more of the events that the file covers were deleted. Any thread may ask, as long as the set of
 * deleted events stays as it is; what it was given lasts as long.
 */
#pragma once
#include "store/columns.h"

struct deleted;
struct mask;

struct mask_rows {
    uint64_t deleted;               /* of the file; 0: it has no mask */
    const uint64_t *const *stripes; /* [stripe] a bit a row; NULL: none of it is deleted */
    uint64_t rows;                  /* that are left */
    millis first_time;              /* of these; 0 without any */
    millis last_time;
};

struct mask *mask_open(void);       /* NULL without memory */
void mask_close(struct mask *mask); /* NULL is fine */
/* ERR_IO, ERR_CORRUPT, ERR_LIMIT. */
fallible mask_read(struct mask *mask, struct columns *columns, const struct deleted *deleted,
                   const struct mask_rows **out_rows);

static inline bool mask_has(const uint64_t *bits, uint32_t row)
{
    return bits && bits[row / 64] >> row % 64 & 1;
}
