/* fuzz_record.c - readers of records against any bytes: no fault, and what is read writes back.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Input: a byte for the kind, a byte for the length of the clear part, both parts.
 */
#include "store/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct buf *got, str want)
{
    if (got->len != want.len || (want.len && memcmp(got->data, want.data, want.len)))
        abort();
}

/* Writes again what reads without an error; false when the reader refuses. */
static bool rewrite_clear(uint8_t kind, str clear, struct buf *again)
{
    struct record_node node;
    struct record_join join;
    struct record_undo undo;
    struct record_release release;

    if (kind == RECORD_NODE && !record_read_node(clear, &node))
        record_write_node(again, &node);
    else if (kind == RECORD_JOIN && !record_read_join(clear, &join))
        record_write_join(again, &join);
    else if (kind == RECORD_UNDO && !record_read_undo(clear, &undo))
        record_write_undo(again, &undo);
    else if (kind == RECORD_RELEASE && !record_read_release(clear, &release))
        record_write_release(again, &release);
    else
        return false;
    return true;
}

static bool rewrite_events(str clear, str payload, struct buf *again, struct buf *again_payload)
{
    struct record_events it;
    struct record_event event;

    if (record_events_start(&it, clear, payload))
        return false;
    record_start_events(again, it.received);
    while (record_events_next(&it, &event))
        record_write_event(again, again_payload, &event);
    return !record_events_finish(&it) && !it.is_sealed;
}

static bool rewrite_deletion(str clear, struct buf *again)
{
    struct record_deletion deletion;
    struct record_ranges it;
    uint64_t from, to, place = 0;

    if (record_ranges_start(&it, clear, UINT64_MAX, &deletion))
        return false;
    record_start_deletion(again, &deletion);
    while (record_ranges_next(&it, &from, &to))
        record_write_range(again, &place, from, to);
    return !record_ranges_finish(&it);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again = {0}, again_payload = {0};
    struct record_quarantine entry;
    size_t clear_len;
    str clear, payload;

    if (size < 2)
        return 0;
    clear_len = data[1] < size - 2 ? data[1] : size - 2;
    clear = str_from(data + 2, clear_len);
    payload = str_from(data + 2 + clear_len, size - 2 - clear_len);
    if (data[0] == RECORD_EVENTS) {
        if (rewrite_events(clear, payload, &again, &again_payload)) {
            expect_same(&again, clear);
            expect_same(&again_payload, payload);
        }
    } else if (data[0] == RECORD_QUARANTINE) {
        if (!record_read_quarantine(clear, payload, &entry)) {
            record_write_quarantine(&again, &again_payload, &entry);
            expect_same(&again, clear);
            expect_same(&again_payload, payload);
        }
    } else if (data[0] == RECORD_DELETION) {
        if (rewrite_deletion(clear, &again))
            expect_same(&again, clear);
    } else if (rewrite_clear(data[0], clear, &again)) {
        expect_same(&again, clear);
    }
    buf_done(&again);
    buf_done(&again_payload);
    return 0;
}
