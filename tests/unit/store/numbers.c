/* numbers.c - a log of few records with many numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numbers.h"

#include "store/log_format.h"
#include "support/test.h"

struct world numbers_log(uint32_t end)
{
    struct world w = {.sys = sim_open(7), .segment_bytes = 16 << 20};
    struct log_entry entry = {RECORD_RELEASE, 0, LOG_MOST_COUNT, S("x"), {NULL, 0}};

    CHECK(w.sys != NULL);
    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    while (log_next_seq(w.log) <= end) {
        CHECK_OK(log_begin(w.log, 64, 1, 1));
        (void)log_add(w.log, &entry);
        CHECK_OK(log_commit(w.log));
    }
    return w;
}
