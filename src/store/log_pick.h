/* log_pick.h - records here and there in the log, by their sequence numbers, without reading on the
 * way to them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Within a segment numbers rise about evenly with bytes. So a guess between two places that are
 * known leads close to a record, and every guess makes another place known. A record's own checksum
 * and its seal vouch for it. Where none is found as expected, the log is read from the last mark
 * on.
 */
#pragma once
#include "store/log.h"

struct log_picker;

/* Any number of threads may pick. `log` must outlive it. */
fallible log_picker_open(struct log *log, struct log_picker **out_picker);
void log_picker_close(struct log_picker *picker); /* NULL is fine */

struct log_picks {
    const uint64_t *seqs; /* all below log_durable_seq */
    size_t count;
    bool may_wait; /* for the disk, and fetches what lies there side by side */
    /* Called once for each of them, in any order, with the record that holds seqs[which], borrowed;
     * where it is missing, with the next one that is there. */
    enum err (*take)(void *argument, size_t which, const struct log_record *record);
    void *argument;
};

/* Fails as `take` does. ERR_BUSY without a sentence: it would have to wait; some may have been
 * taken. ERR_ABSENT: there is none any more. ERR_CORRUPT never gives a wrong record. */
fallible log_pick(struct log_picker *picker, const struct log_picks *picks, struct arena *mem);
