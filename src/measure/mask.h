/* mask.h - which rows of a column file a question leaves out: deleted ones, and those of machines.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made when a question first needs it and made anew when more of the events that the file covers
 * were deleted or revised: from the column of verdicts, and where events were deleted or revised
 * from the sequence numbers in the file. Any thread may ask, as long as the sets of these events
 * stay as they are; what it was given lasts as long.
 */
#pragma once
#include "store/columns.h"

struct deleted;
struct mask;
struct verdicts;

struct mask_wish {
    const struct deleted *deleted;
    const struct verdicts *verdicts;
    bool is_human; /* rows of machines are left out, too */
};

struct mask_rows {
    uint64_t masked;                /* of the file; 0: it has no mask */
    const uint64_t *const *stripes; /* [stripe] a bit a row; NULL: all of it is left */
    uint64_t rows;                  /* that are left */
    millis first_time;              /* of these; 0 without any */
    millis last_time;
};

struct mask *mask_open(void);       /* NULL without memory */
void mask_close(struct mask *mask); /* NULL is fine */
/* Always for the same `is_human`. ERR_IO, ERR_CORRUPT, ERR_LIMIT. */
fallible mask_read(struct mask *mask, struct columns *columns, const struct mask_wish *wish,
                   const struct mask_rows **out_rows);
/* The same if it is made already, without waiting; false if it is not. */
bool mask_ready(struct mask *mask, const struct columns *columns, const struct mask_wish *wish,
                const struct mask_rows **out_rows);
/* May the file have rows of machines? */
bool mask_tells_apart(const struct columns *columns, const struct verdicts *verdicts);

static inline bool mask_has(const uint64_t *bits, uint32_t row)
{
    return bits && bits[row / 64] >> row % 64 & 1;
}

/* How many of the rows [from, to) are masked. */
uint32_t mask_count(const uint64_t *bits, uint32_t from, uint32_t to);
