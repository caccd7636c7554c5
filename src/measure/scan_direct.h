/* scan_direct.h - gives hits as they lie in a file, where their kinds alone decide.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/pick.h"
#include "measure/scan_hand.h"

/* Of one scanner. */
struct scan_direct {
    const struct scan_files *files;
    const struct scan_values *values;
    struct scan_kinds *kinds; /* [file]; of no kinds: not by kinds alone; NULL: nothing is */
    struct scan_filed *filed; /* [slot] of the batch given last */
    uint32_t *first;          /* [person] of it, where time cuts */
    uint32_t *end;
    uint32_t *since;
    uint32_t room;
    struct pick_periods **periods; /* [file] NULL: not told yet */
    uint8_t *period_of;            /* [hit - row] of the batch given last */
    uint64_t *unsure; /* bits of these, later of those in range; as many of those decided */
    uint32_t period_room;
    uint8_t *blanked; /* [hit] kinds of the batch given last, where some rows do not count */
    uint32_t blanked_room;
};

/* `values` must outlive it. ERR_LIMIT. */
fallible scan_direct_init(struct scan_direct *direct, const struct scan_files *files,
                          const struct scan_values *values);
void scan_direct_done(struct scan_direct *direct); /* a zeroed one is fine */
/* Can batches of a file have periods? Then hands should hold ticks. */
bool scan_direct_takes_ticks(const struct scan_direct *direct, uint32_t file);
/* The persons [from, to) of the held stripe as a batch, borrowed until the stripe is given back,
 * and with no persons where that is impossible. They must be nowhere else. ERR_LIMIT. */
fallible scan_direct_batch(struct scan_direct *direct, struct scan_hand *hand, uint32_t from,
                           uint32_t to, struct scan_batch *out_batch);
