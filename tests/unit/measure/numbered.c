/* numbered.c - a log of events that carry their own sequence number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit/measure/numbered.h"

#include "support/test.h"

enum { PADDING = 300 };

struct world numbered_world(void)
{
    struct world w = {.sys = sim_open(7), .segment_bytes = 16 << 20};

    CHECK(w.sys != NULL);
    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    return w;
}

static void add(struct world *w, unsigned count, int padding, bool is_broken)
{
    struct buf clear = {0}, payload = {0};
    uint64_t seq = log_next_seq(w->log);

    record_start_events(&clear, 1000);
    for (unsigned i = 0; i < count; i++) {
        str json = arena_print(
            test_mem, "{\"event\":\"%s\",\"properties\":{\"n\":%llu,\"padding\":\"%*s\"}}",
            (seq + i) % 2 ? "odd" : "even", (unsigned long long)(seq + i), padding, "");
        struct record_event event = {
            .type = EVENT_TRACK, .time = 5, .json = is_broken ? S("broken") : json};

        record_write_event(&clear, &payload, &event);
    }
    CHECK_OK(log_begin(w->log, clear.len + payload.len, 1, 1));
    (void)log_add(w->log,
                  &(struct log_entry){RECORD_EVENTS, 0, count, buf_str(&clear), buf_str(&payload)});
    CHECK_OK(log_commit(w->log));
    buf_done(&clear);
    buf_done(&payload);
}

void numbered_add(struct world *w, unsigned count)
{
    add(w, count, PADDING, false);
}

void numbered_add_wide(struct world *w, int bytes)
{
    add(w, 1, bytes, false);
}

void numbered_add_broken(struct world *w, unsigned count)
{
    add(w, count, PADDING, true);
}

void numbered_gap(struct world *w, uint32_t count)
{
    struct log_entry entry = {RECORD_RELEASE, 0, count, S("x"), {NULL, 0}};

    CHECK_OK(log_begin(w->log, 64, 1, 1));
    (void)log_add(w->log, &entry);
    CHECK_OK(log_commit(w->log));
}
