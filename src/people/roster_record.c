/* roster_record.c - records of the roster, written and read one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   kind 1 (its high bits: enum mark), then as numbers of 7 bits a byte the distance from the
 *   sequence number before, the node, the length of the clear part and that of the payload; then
 *   both. Without the node: it is the one behind that of the block's latest record of a node.
 *   Without a length: 16 bytes, of which the payload is the UUID.
 */
#include "people/roster_record.h"

enum { UUID_BYTES = 16 };

enum mark {
    IS_NEXT = 0x20, /* no node */
    IS_UUID = 0x40, /* no length of the payload, which is there */
    HAS_PAYLOAD = 0x80,
    MARKS = IS_NEXT | IS_UUID | HAS_PAYLOAD,
};

/* The number at `at`; returns what stands behind it, or NULL where it does not end. */
static inline const char *take_number(const char *at, const char *end, uint64_t *out)
{
    uint64_t number = 0;

    for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
        unsigned char byte = (unsigned char)*at++;

        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = number;
            return at;
        }
    }
    return NULL;
}

/* --- UUIDs --- */

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False where the text is none, or not in the usual form. */
static bool pack_uuid(str text, char out[UUID_BYTES])
{
    size_t used = 0;

    if (text.len != ROSTER_UUID_TEXT)
        return false;
    for (size_t i = 0; i < ROSTER_UUID_TEXT; i++) {
        int digit = digit_of(text.data[i]);

        if (is_dash(i) ? text.data[i] != '-' : digit < 0)
            return false;
        if (is_dash(i))
            continue;
        if (used % 2 == 0)
            out[used / 2] = (char)(digit << 4);
        else
            out[used / 2] = (char)(out[used / 2] | digit);
        used++;
    }
    return true;
}

static void write_uuid(const char *bytes, char out[ROSTER_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    size_t used = 0;

    for (size_t i = 0; i < ROSTER_UUID_TEXT; i++) {
        unsigned char byte;

        if (is_dash(i)) {
            out[i] = '-';
            continue;
        }
        byte = (unsigned char)bytes[used / 2];
        out[i] = digits[used++ % 2 ? byte & 15 : byte >> 4];
    }
}

/* --- Records --- */

const char *roster_record_take(const char *at, const char *end, struct roster_taken *taken)
{
    struct log_record *record = &taken->record;
    uint64_t distance, node = taken->latest.node + 1ull, clear, payload = UUID_BYTES;
    unsigned char kind;

    if (at == end)
        return NULL;
    kind = (unsigned char)*at++;
    taken->has_node = !(kind & IS_NEXT);
    at = take_number(at, end, &distance);
    if (at && taken->has_node)
        at = take_number(at, end, &node);
    if (at)
        at = take_number(at, end, &clear);
    if (at && !(kind & IS_UUID))
        at = take_number(at, end, &payload);
    if (!at || node > UINT32_MAX || clear > (size_t)(end - at) ||
        payload > (size_t)(end - at) - clear)
        return NULL;
    taken->latest.seq += distance;
    record->seq = taken->latest.seq;
    record->count = 1;
    record->kind = (enum record_kind)(kind & ~MARKS);
    record->node = (node_id)node;
    record->clear = str_from(at, clear);
    at += clear;
    record->payload = kind & HAS_PAYLOAD ? str_from(at, payload) : (str){NULL, 0};
    if (kind & IS_UUID) {
        write_uuid(at, taken->uuid);
        record->payload = str_from(taken->uuid, ROSTER_UUID_TEXT);
    }
    if (record->kind == RECORD_NODE)
        taken->latest.node = record->node;
    return at + payload;
}

static void put_number(struct buf *out, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        buf_add_byte(out, (char)(number | 0x80));
    buf_add_byte(out, (char)number);
}

void roster_record_put(struct buf *out, const struct log_record *record,
                       struct roster_latest *latest)
{
    bool is_node = record->kind == RECORD_NODE;
    bool has_payload = is_node && record->payload.data && !record->is_erased;
    bool is_next = is_node && latest->node && record->node == latest->node + 1;
    char uuid[UUID_BYTES];
    bool is_uuid = has_payload && pack_uuid(record->payload, uuid);

    buf_add_byte(out, (char)(record->kind | (has_payload ? HAS_PAYLOAD : 0) |
                             (is_next ? IS_NEXT : 0) | (is_uuid ? IS_UUID : 0)));
    put_number(out, record->seq - latest->seq);
    if (!is_next)
        put_number(out, record->node);
    put_number(out, record->clear.len);
    if (!is_uuid)
        put_number(out, has_payload ? record->payload.len : 0);
    buf_add(out, record->clear);
    if (is_uuid)
        buf_add_bytes(out, uuid, sizeof uuid);
    else if (has_payload)
        buf_add(out, record->payload);
    latest->seq = record->seq;
    if (is_node)
        latest->node = record->node;
}
