/* columns_seqs.h - the sequence numbers of a file's rows, narrow and in memory while it is open.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who wants the numbers of one person's rows needs a few of a stripe; to unpack a stripe's takes
 * the spans of the whole file. So they are made once, when nothing else is to be done, and stay:
 * four bytes a row and eight a person, within a quarter of what the cache may hold. Of a file that
 * has more there are none.
 */
#pragma once
#include "store/columns.h"

struct columns_seqs { /* of a stripe; until the file is closed */
    const node_id *persons;
    const uint32_t *first; /* [person + 1] the first row of each, and the end */
    const uint32_t *above; /* [row] by how much its number is above `base` */
    uint64_t base;
};

/* Any thread. False: they are not made. */
bool columns_seqs_find(const struct columns *columns, uint32_t stripe,
                       struct columns_seqs *out_seqs);
/* Makes a part of them; one thread at a time. False: nothing is left to be done, or no more can be
 * done. What is damaged is told by who needs it. */
bool columns_seqs_step(struct columns *columns);
