/* range_records.h - a set of events written to the log, as records of ranges.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/deleted.h"
#include "store/record.h"

struct log;

enum { RANGE_RECORDS_BYTES = 1 << 20 }; /* of ranges: more is another record */

struct range_records {
    enum record_kind kind; /* RECORD_DELETION or RECORD_VERDICTS */
    bool is_machine;
    millis at;
    size_t part_bytes; /* a record is ended there */
};

/* Writes all of `found`, which is not empty, in groups of their own: durable on return. What was
 * written of one that fails half-way is passed over by who reads it: its last part is missing. */
fallible range_records_write(const struct range_records *how, struct log *log,
                             const struct deleted *found);
