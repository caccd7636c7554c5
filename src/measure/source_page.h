/* source_page.h - the messages of several events, asked for at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "store/record.h"

struct arena;

struct source_text {
    size_t from;
    size_t len;
    millis time;
    enum event_type type;
};

struct source_page {
    const uint64_t *seqs;
    size_t count;
    bool may_wait;             /* for a disk; else ERR_BUSY where it would have to */
    struct arena *mem;         /* for what is needed meanwhile */
    struct buf *text;          /* gains them, one after the other in any order */
    struct source_text *texts; /* [count]: where each stands in `text`, when and what it was */
};
