/* record.c - the bytes of records: fixed little-endian layouts, read without trust.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   NODE        clear    u8 kind, u64 hash.low, u64 hash.high
 *   JOIN        clear    u32 a, u32 b, u8 cause, i64 at
 *   UNDO        clear    u64 join_seq, i64 at
 *   EVENTS      clear    i64 received, then per event u64 id.low, u64 id.high, u64 body hash
 *               payload  per event u32 len, i64 time, u8 type, u8 flags, u32 anonymous, JSON
 *   QUARANTINE  clear    i64 received, u64 body hash.low, u64 body hash.high
 *               payload  u32 len, reason, body
 *   RELEASE     clear    u64 quarantine_seq, u64 event_seq, i64 at
 *   DELETION    clear    u8 flags, i64 at, then per range two numbers of 7 bits a byte, the low
 *                        ones first and the high bit set in all but the last: how far it begins
 *                        behind the end of the one before (or 0), and its length
 *   VERDICTS    clear    the same, with a flag for a machine's
 *
 * The readers accept exactly what the writers produce: what was read and is written again gives
 * the same bytes.
 */
#include "store/record.h"

#include <assert.h>
#include <string.h>

enum {
    NODE_SIZE = 1 + 16,
    JOIN_SIZE = 4 + 4 + 1 + 8,
    UNDO_SIZE = 8 + 8,
    QUARANTINE_SIZE = 8 + 16,
    RELEASE_SIZE = 8 + 8 + 8,
    DELETION_HEAD_SIZE = 1 + 8,
    EVENTS_HEAD_SIZE = 8,
    EVENT_CLEAR_SIZE = 16 + 8,
    EVENT_HEAD_SIZE = 4 + 8 + 1 + 1 + 4,
    EVENT_FLAGS = EVENT_TIME_CORRECTED | EVENT_TIME_FUTURE | EVENT_TIME_ABSENT,
};

enum { DELETION_FIRST = 1, DELETION_LAST = 2, REVISION_MACHINE = 4 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "integers are copied as they are");

static void put_u8(struct buf *out, uint8_t number)
{
    buf_add_byte(out, (char)number);
}

static void put_u32(struct buf *out, uint32_t number)
{
    buf_add_bytes(out, &number, sizeof number);
}

static void put_u64(struct buf *out, uint64_t number)
{
    buf_add_bytes(out, &number, sizeof number);
}

static void put_i64(struct buf *out, int64_t number)
{
    buf_add_bytes(out, &number, sizeof number);
}

static void put_hash(struct buf *out, hash128 hash)
{
    put_u64(out, hash.low);
    put_u64(out, hash.high);
}

/* Takes `len` bytes off the front of `rest`; whoever calls has checked that they are there. */
static const char *take(str *rest, size_t len)
{
    const char *bytes = rest->data;

    assert(len <= rest->len);
    rest->data += len;
    rest->len -= len;
    return bytes;
}

static uint8_t take_u8(str *rest)
{
    return (uint8_t)*take(rest, 1);
}

static uint32_t take_u32(str *rest)
{
    uint32_t number;

    memcpy(&number, take(rest, sizeof number), sizeof number);
    return number;
}

static uint64_t take_u64(str *rest)
{
    uint64_t number;

    memcpy(&number, take(rest, sizeof number), sizeof number);
    return number;
}

static int64_t take_i64(str *rest)
{
    int64_t number;

    memcpy(&number, take(rest, sizeof number), sizeof number);
    return number;
}

static hash128 take_hash(str *rest)
{
    uint64_t low = take_u64(rest);

    return (hash128){.low = low, .high = take_u64(rest)};
}

static fallible expect_size(str clear, size_t size, const char *kind)
{
    if (clear.len != size)
        return fail(ERR_CORRUPT, "a %s record has a clear part of %zu bytes instead of %zu", kind,
                    clear.len, size);
    return OK;
}

void record_write_node(struct buf *clear, const struct record_node *node)
{
    put_u8(clear, (uint8_t)node->kind);
    put_hash(clear, node->hash);
}

fallible record_read_node(str clear, struct record_node *out_node)
{
    uint8_t kind;

    TRY(expect_size(clear, NODE_SIZE, "node"));
    kind = take_u8(&clear);
    if (kind != NODE_USER && kind != NODE_ANONYMOUS)
        return fail(ERR_CORRUPT, "a node record has the unknown kind %u", kind);
    *out_node = (struct record_node){.kind = kind, .hash = take_hash(&clear)};
    return OK;
}

void record_write_join(struct buf *clear, const struct record_join *join)
{
    put_u32(clear, join->a);
    put_u32(clear, join->b);
    put_u8(clear, (uint8_t)join->cause);
    put_i64(clear, join->at);
}

fallible record_read_join(str clear, struct record_join *out_join)
{
    node_id a, b;
    uint8_t cause;

    TRY(expect_size(clear, JOIN_SIZE, "join"));
    a = take_u32(&clear);
    b = take_u32(&clear);
    cause = take_u8(&clear);
    if (!a || !b)
        return fail(ERR_CORRUPT, "a join record names no node");
    if (cause < JOIN_IDENTIFY || cause > JOIN_MERGE)
        return fail(ERR_CORRUPT, "a join record has the unknown cause %u", cause);
    *out_join = (struct record_join){.a = a, .b = b, .cause = cause, .at = take_i64(&clear)};
    return OK;
}

void record_write_undo(struct buf *clear, const struct record_undo *undo)
{
    put_u64(clear, undo->join_seq);
    put_i64(clear, undo->at);
}

fallible record_read_undo(str clear, struct record_undo *out_undo)
{
    uint64_t join_seq;

    TRY(expect_size(clear, UNDO_SIZE, "undo"));
    join_seq = take_u64(&clear);
    if (!join_seq)
        return fail(ERR_CORRUPT, "an undo record names no join");
    *out_undo = (struct record_undo){.join_seq = join_seq, .at = take_i64(&clear)};
    return OK;
}

void record_write_quarantine(struct buf *clear, struct buf *payload,
                             const struct record_quarantine *entry)
{
    assert(entry->reason.len <= UINT32_MAX);
    put_i64(clear, entry->received);
    put_hash(clear, entry->body_hash);
    put_u32(payload, (uint32_t)entry->reason.len);
    buf_add(payload, entry->reason);
    buf_add(payload, entry->body);
}

fallible record_read_quarantine(str clear, str payload, struct record_quarantine *out_entry)
{
    struct record_quarantine entry = {0};
    uint32_t reason_len;

    TRY(expect_size(clear, QUARANTINE_SIZE, "quarantine"));
    entry.received = take_i64(&clear);
    entry.body_hash = take_hash(&clear);
    if (payload.data) {
        if (payload.len < sizeof reason_len)
            return fail(ERR_CORRUPT, "a quarantine record's payload has %zu bytes", payload.len);
        reason_len = take_u32(&payload);
        if (reason_len > payload.len)
            return fail(ERR_CORRUPT,
                        "a quarantine record's reason of %u bytes does not fit the %zu that follow",
                        reason_len, payload.len);
        entry.reason = str_from(take(&payload, reason_len), reason_len);
        entry.body = payload;
    }
    *out_entry = entry;
    return OK;
}

void record_write_release(struct buf *clear, const struct record_release *release)
{
    put_u64(clear, release->quarantine_seq);
    put_u64(clear, release->event_seq);
    put_i64(clear, release->at);
}

fallible record_read_release(str clear, struct record_release *out_release)
{
    struct record_release release;

    TRY(expect_size(clear, RELEASE_SIZE, "release"));
    release.quarantine_seq = take_u64(&clear);
    release.event_seq = take_u64(&clear);
    release.at = take_i64(&clear);
    if (!release.quarantine_seq)
        return fail(ERR_CORRUPT, "a release record names no quarantined event");
    *out_release = release;
    return OK;
}

void record_start_events(struct buf *clear, millis received)
{
    put_i64(clear, received);
}

/* Thousands of times in a group: as few pieces as can be. */
void record_write_event(struct buf *clear, struct buf *payload, const struct record_event *event)
{
    uint32_t len = (uint32_t)event->json.len;
    char hashes[EVENT_CLEAR_SIZE];
    char head[EVENT_HEAD_SIZE];

    assert(event->json.len <= UINT32_MAX);
    memcpy(hashes, &event->message_id, 16);
    memcpy(hashes + 16, &event->body_hash, 8);
    memcpy(head, &len, 4);
    memcpy(head + 4, &event->time, 8);
    head[12] = (char)event->type;
    head[13] = (char)event->flags;
    memcpy(head + 14, &event->anonymous, 4);
    buf_add_bytes(clear, hashes, sizeof hashes);
    buf_add_bytes(payload, head, sizeof head);
    buf_add(payload, event->json);
}

size_t record_event_size(size_t json_len)
{
    return EVENTS_HEAD_SIZE + EVENT_CLEAR_SIZE + EVENT_HEAD_SIZE + json_len;
}

fallible record_events_start(struct record_events *it, str clear, str payload)
{
    if (clear.len <= EVENTS_HEAD_SIZE || (clear.len - EVENTS_HEAD_SIZE) % EVENT_CLEAR_SIZE != 0)
        return fail(ERR_CORRUPT, "an events record has a clear part of %zu bytes", clear.len);
    *it = (struct record_events){.payload = payload, .is_sealed = !payload.data};
    it->received = take_i64(&clear);
    it->clear = clear;
    return OK;
}

/* Reads what the payload holds of one event; false if it does not fit. */
static bool read_event_payload(str *payload, struct record_event *event)
{
    uint32_t len;
    uint8_t type;

    if (payload->len < EVENT_HEAD_SIZE)
        return false;
    len = take_u32(payload);
    event->time = take_i64(payload);
    type = take_u8(payload);
    event->flags = take_u8(payload);
    event->anonymous = take_u32(payload);
    if (type < EVENT_TRACK || type > EVENT_ALIAS || event->flags & ~EVENT_FLAGS ||
        len > payload->len)
        return false;
    event->type = type;
    event->json = str_from(take(payload, len), len);
    return true;
}

bool record_events_next(struct record_events *it, struct record_event *out_event)
{
    struct record_event event = {0};

    if (it->is_damaged || !it->clear.len)
        return false;
    event.message_id = take_hash(&it->clear);
    event.body_hash = take_u64(&it->clear);
    if (!it->is_sealed && !read_event_payload(&it->payload, &event)) {
        it->is_damaged = true;
        return false;
    }
    *out_event = event;
    return true;
}

fallible record_events_finish(const struct record_events *it)
{
    if (it->is_damaged)
        return fail(ERR_CORRUPT, "an events record's payload does not fit its layout");
    if (!it->clear.len && it->payload.len)
        return fail(ERR_CORRUPT, "%zu bytes stand behind the events of a record", it->payload.len);
    return OK;
}

/* Deletions */

static void put_number(struct buf *out, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        put_u8(out, (uint8_t)(number | 0x80));
    put_u8(out, (uint8_t)number);
}

/* False if there is no number, or not in its shortest form. */
static bool take_number(str *rest, uint64_t *out_number)
{
    uint64_t number = 0;

    for (unsigned shift = 0; rest->len && shift < 64; shift += 7) {
        uint8_t byte = take_u8(rest);

        if (shift == 63 && byte > 1)
            return false;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        *out_number = number;
        return byte || !shift;
    }
    return false;
}

void record_start_deletion(struct buf *clear, const struct record_deletion *deletion)
{
    put_u8(clear, (uint8_t)((deletion->is_first ? DELETION_FIRST : 0) |
                            (deletion->is_last ? DELETION_LAST : 0) |
                            (deletion->is_machine ? REVISION_MACHINE : 0)));
    put_i64(clear, deletion->at);
}

void record_write_range(struct buf *clear, uint64_t *place, uint64_t from, uint64_t to)
{
    assert(*place < from && from < to);
    put_number(clear, from - *place);
    put_number(clear, to - from);
    *place = to;
}

static fallible start_ranges(struct record_ranges *it, str clear, uint64_t end, uint8_t known_flags,
                             struct record_deletion *out_head)
{
    uint8_t flags;

    if (clear.len <= DELETION_HEAD_SIZE)
        return fail(ERR_CORRUPT, "a record that names events has a clear part of %zu bytes",
                    clear.len);
    flags = take_u8(&clear);
    if (flags & ~known_flags)
        return fail(ERR_CORRUPT, "a record that names events has the unknown flags %u", flags);
    *out_head = (struct record_deletion){.is_first = flags & DELETION_FIRST,
                                         .is_last = flags & DELETION_LAST,
                                         .is_machine = flags & REVISION_MACHINE,
                                         .at = take_i64(&clear)};
    *it = (struct record_ranges){.rest = clear, .end = end};
    return OK;
}

fallible record_ranges_start(struct record_ranges *it, str clear, uint64_t end,
                             struct record_deletion *out_deletion)
{
    return start_ranges(it, clear, end, DELETION_FIRST | DELETION_LAST, out_deletion);
}

fallible record_verdicts_start(struct record_ranges *it, str clear, uint64_t end,
                               struct record_deletion *out_revision)
{
    return start_ranges(it, clear, end, DELETION_FIRST | DELETION_LAST | REVISION_MACHINE,
                        out_revision);
}

bool record_ranges_next(struct record_ranges *it, uint64_t *out_from, uint64_t *out_to)
{
    uint64_t gap, length, left = it->end - it->place;

    if (it->is_damaged || !it->rest.len)
        return false;
    it->is_damaged = !take_number(&it->rest, &gap) || !take_number(&it->rest, &length) || !gap ||
                     !length || gap >= left || length > left - gap;
    if (it->is_damaged)
        return false;
    *out_from = it->place + gap;
    *out_to = it->place = *out_from + length;
    return true;
}

fallible record_ranges_finish(const struct record_ranges *it)
{
    if (it->is_damaged)
        return fail(ERR_CORRUPT, "a record names events that cannot be");
    return OK;
}
