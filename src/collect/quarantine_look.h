/* quarantine_look.h - what waits in quarantine, read whole: which event it is, why it waits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/json.h"
#include "collect/quarantine.h"

struct log_picker;

/* Takes entry `which`, borrowed. */
typedef enum err quarantine_look_taker(void *argument, size_t which,
                                       const struct record_quarantine *entry);
/* Gives each of these entries to `take`, in any order. ERR_ABSENT: one is not in the log. */
fallible quarantine_look_read(struct log_picker *picker, struct arena *mem,
                              const struct quarantine_entry *entries, size_t count,
                              quarantine_look_taker *take, void *argument);
/* The name of the event that a body is about, as questions know it; absent where it tells none.
 * In `mem`. ERR_LIMIT. */
fallible quarantine_look_event(struct json_reader *reader, struct arena *mem, str body,
                               str *out_name);

/* Which entries are looked for, from where on. */
struct quarantine_wish {
    str event;  /* absent: any */
    str reason; /* absent: any */
    uint64_t after;
    size_t limit;
};
enum { QUARANTINE_LOOK_MOST = 100000 };
/* The next entries that are wished for, and behind which one to go on, or 0 where these are all. It
 * looks at about QUARANTINE_LOOK_MOST entries: there may be fewer than wanted though more follow.
 * `mem` must have room for them. */
fallible quarantine_look_find(struct quarantine *quarantine, struct log_picker *picker,
                              const struct quarantine_wish *wish, struct arena *mem,
                              struct quarantine_page *out_page, uint64_t *out_next);

/* What waits, counted by event and reason. */
struct quarantine_group {
    str event; /* absent: it tells none */
    str reason;
    uint64_t count;
    uint64_t first_seq, last_seq;
    millis first, last; /* when they were received */
};
enum { QUARANTINE_LOOK_GROUPS = 1000 };
struct quarantine_summary {
    struct quarantine_group *groups; /* the largest first */
    size_t count;
    uint64_t total;
    uint64_t others; /* of groups beyond QUARANTINE_LOOK_GROUPS */
};
/* Reads all that wait; may be stopped on the way (ERR_EXPIRED). In `mem`. */
fallible quarantine_look_sum(struct quarantine *quarantine, struct log_picker *picker,
                             bool (*is_over)(void *argument), void *argument, struct arena *mem,
                             struct quarantine_summary *out_summary);
