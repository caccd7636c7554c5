/* roster_record.h - records of the roster in as few bytes as they need. For roster*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "store/log.h"

enum {
    ROSTER_MOST_RECORD = 1 + 10 + 5 + 5 + 5, /* without its parts */
    ROSTER_UUID_TEXT = 36,
};

/* What the next record is told from. */
struct roster_latest {
    uint64_t seq; /* of the record before, or where the block begins */
    node_id node; /* of the block's latest record of a node, or 0 */
};

struct roster_taken {
    struct log_record record;
    struct roster_latest latest;
    bool has_node;               /* the record told its node itself */
    char uuid[ROSTER_UUID_TEXT]; /* the payload may stand here */
};

/* Takes the record at `at`, which follows the one taken before; returns what stands behind it, or
 * NULL where none is whole. */
const char *roster_record_take(const char *at, const char *end, struct roster_taken *taken);
void roster_record_put(struct buf *out, const struct log_record *record,
                       struct roster_latest *latest);
