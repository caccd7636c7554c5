/* quarantine.h - which events wait to be mended: a fold of the log's QUARANTINE and RELEASE
 * records.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bodies stay in the log. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "store/record.h"

struct quarantine;
struct log_record;

struct quarantine_entry {
    uint64_t seq;
    millis received;
};

fallible quarantine_open(struct quarantine **out_quarantine);
void quarantine_close(struct quarantine *quarantine);
/* Makes sure that `count` more entries fit. ERR_LIMIT. */
fallible quarantine_reserve(struct quarantine *quarantine, size_t count);
void quarantine_add(struct quarantine *quarantine, uint64_t seq, millis received);
void quarantine_remove(struct quarantine *quarantine, uint64_t seq);
bool quarantine_has(struct quarantine *quarantine, uint64_t seq);
uint64_t quarantine_count(struct quarantine *quarantine);
/* The newest entry's number; 0: there is none. */
uint64_t quarantine_last(struct quarantine *quarantine);
struct quarantine_page {
    struct quarantine_entry *entries;
    size_t count;
    uint64_t total; /* open entries in all */
};
/* Entries with seq > `after`, at most `limit`, in `mem`. */
fallible quarantine_list(struct quarantine *quarantine, struct arena *mem, uint64_t after,
                         size_t limit, struct quarantine_page *out_page);
