/* test_record.c - layouts are fixed bytes, and hostile bytes are refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/record.h"

#include "base/random.h"
#include "support/test.h"

#include <string.h>

static const hash128 HASH = {.low = 0x0807060504030201u, .high = 0x100F0E0D0C0B0A09u};
#define HASH_BYTES "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F\x10"

static void check_bytes(const struct buf *got, str want)
{
    CHECK(!buf_is_broken(got));
    CHECK_INT(got->len, want.len);
    CHECK(!memcmp(got->data, want.data, want.len));
}

TEST(record_layouts_are_fixed_little_endian_bytes)
{
    struct buf clear = {0}, payload = {0};

    record_write_node(&clear, &(struct record_node){NODE_ANONYMOUS, HASH});
    check_bytes(&clear, S("\x02" HASH_BYTES));
    buf_clear(&clear);
    record_write_join(&clear, &(struct record_join){0x01020304, 7, JOIN_ALIAS, -2});
    check_bytes(&clear, S("\x04\x03\x02\x01\x07\0\0\0\x02\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"));
    buf_clear(&clear);
    record_write_undo(&clear, &(struct record_undo){0x0102, 3});
    check_bytes(&clear, S("\x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0"));
    buf_clear(&clear);
    record_write_release(&clear, &(struct record_release){1, 0, 5});
    check_bytes(&clear, S("\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0"));
    buf_clear(&clear);
    record_write_quarantine(&clear, &payload,
                            &(struct record_quarantine){4, HASH, S("why"), S("{")});
    check_bytes(&clear, S("\x04\0\0\0\0\0\0\0" HASH_BYTES));
    check_bytes(&payload, S("\x03\0\0\0why{"));
    buf_clear(&clear);
    buf_clear(&payload);
    record_start_events(&clear, 9);
    record_write_event(
        &clear, &payload,
        &(struct record_event){HASH, 0xAB, 6, EVENT_ALIAS, EVENT_TIME_FUTURE, 0x11, S("{}")});
    check_bytes(&clear, S("\x09\0\0\0\0\0\0\0" HASH_BYTES "\xAB\0\0\0\0\0\0\0"));
    check_bytes(&payload, S("\x02\0\0\0\x06\0\0\0\0\0\0\0\x06\x02\x11\0\0\0{}"));
    buf_done(&clear);
    buf_done(&payload);
}

TEST(record_reads_back_what_was_written)
{
    struct buf clear = {0};
    struct record_node node;
    struct record_join join;
    struct record_undo undo;
    struct record_release release;

    record_write_node(&clear, &(struct record_node){NODE_USER, HASH});
    CHECK_OK(record_read_node(buf_str(&clear), &node));
    CHECK(node.kind == NODE_USER && hash_equals(node.hash, HASH));
    buf_clear(&clear);
    record_write_join(&clear, &(struct record_join){5, UINT32_MAX, JOIN_MERGE, INT64_MIN});
    CHECK_OK(record_read_join(buf_str(&clear), &join));
    CHECK(join.a == 5 && join.b == UINT32_MAX && join.cause == JOIN_MERGE && join.at == INT64_MIN);
    buf_clear(&clear);
    record_write_undo(&clear, &(struct record_undo){UINT64_MAX, 8});
    CHECK_OK(record_read_undo(buf_str(&clear), &undo));
    CHECK(undo.join_seq == UINT64_MAX && undo.at == 8);
    buf_clear(&clear);
    record_write_release(&clear, &(struct record_release){3, 4, 5});
    CHECK_OK(record_read_release(buf_str(&clear), &release));
    CHECK(release.quarantine_seq == 3 && release.event_seq == 4 && release.at == 5);
    buf_done(&clear);
}

TEST(record_refuses_unknown_kinds_causes_and_empty_references)
{
    static const struct {
        enum record_kind kind;
        str clear;
    } cases[] = {
        {RECORD_NODE, S("\x00" HASH_BYTES)},
        {RECORD_NODE, S("\x03" HASH_BYTES)},
        {RECORD_NODE, S("\x01" HASH_BYTES "\x00")},
        {RECORD_JOIN, S("\0\0\0\0\x07\0\0\0\x02\0\0\0\0\0\0\0\0")},
        {RECORD_JOIN, S("\x07\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0")},
        {RECORD_JOIN, S("\x07\0\0\0\x08\0\0\0\x00\0\0\0\0\0\0\0\0")},
        {RECORD_JOIN, S("\x07\0\0\0\x08\0\0\0\x04\0\0\0\0\0\0\0\0")},
        {RECORD_UNDO, S("\0\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0")},
        {RECORD_RELEASE, S("\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0")},
    };
    struct record_node node;
    struct record_join join;
    struct record_undo undo;
    struct record_release release;

    EACH_CASE(c, cases)
    {
        if (c->kind == RECORD_NODE)
            CHECK_ERR(ERR_CORRUPT, record_read_node(c->clear, &node));
        else if (c->kind == RECORD_JOIN)
            CHECK_ERR(ERR_CORRUPT, record_read_join(c->clear, &join));
        else if (c->kind == RECORD_UNDO)
            CHECK_ERR(ERR_CORRUPT, record_read_undo(c->clear, &undo));
        else
            CHECK_ERR(ERR_CORRUPT, record_read_release(c->clear, &release));
    }
}

TEST(record_refuses_every_truncated_clear_part)
{
    char bytes[64];
    struct record_node node;
    struct record_join join;
    struct record_undo undo;
    struct record_release release;
    struct record_quarantine entry;

    memset(bytes, 1, sizeof bytes);
    for (size_t len = 0; len < sizeof bytes; len++) {
        CHECK_INT(record_read_node(str_from(bytes, len), &node), len == 17 ? OK : ERR_CORRUPT);
        CHECK_INT(record_read_join(str_from(bytes, len), &join), len == 17 ? OK : ERR_CORRUPT);
        CHECK_INT(record_read_undo(str_from(bytes, len), &undo), len == 16 ? OK : ERR_CORRUPT);
        CHECK_INT(record_read_release(str_from(bytes, len), &release),
                  len == 24 ? OK : ERR_CORRUPT);
        CHECK_INT(record_read_quarantine(str_from(bytes, len), (str){0}, &entry),
                  len == 24 ? OK : ERR_CORRUPT);
    }
}

TEST(record_quarantine_is_read_whole_or_sealed_or_refused)
{
    struct buf clear = {0}, payload = {0};
    struct record_quarantine entry;
    str whole;

    record_write_quarantine(&clear, &payload,
                            &(struct record_quarantine){7, HASH, S("reason"), S("")});
    whole = buf_str(&payload);
    CHECK_OK(record_read_quarantine(buf_str(&clear), whole, &entry));
    CHECK(entry.received == 7 && hash_equals(entry.body_hash, HASH));
    CHECK_STR(entry.reason, "reason");
    CHECK(entry.body.data && !entry.body.len);
    CHECK_OK(record_read_quarantine(buf_str(&clear), (str){0}, &entry));
    CHECK(entry.received == 7 && !entry.reason.data && !entry.body.data);
    for (size_t len = 0; len < whole.len; len++)
        CHECK_ERR(ERR_CORRUPT,
                  record_read_quarantine(buf_str(&clear), str_from(whole.data, len), &entry));
    buf_done(&clear);
    buf_done(&payload);
}

/* Three events with JSON of different lengths; the last carries every flag. */
static void write_three(struct buf *clear, struct buf *payload)
{
    static const char text[] = "{\"a\":123456789}";

    record_start_events(clear, 1000);
    for (unsigned i = 0; i < 3; i++)
        record_write_event(clear, payload,
                           &(struct record_event){{i, i + 1},
                                                  i + 2,
                                                  10 * i,
                                                  EVENT_TRACK + i,
                                                  i == 2 ? 7 : 0,
                                                  i,
                                                  str_from(text, 5 * i)});
}

static size_t read_all(str clear, str payload, enum err *out_err)
{
    struct record_events it;
    struct record_event event;
    size_t count = 0;

    *out_err = record_events_start(&it, clear, payload);
    if (*out_err)
        return 0;
    while (record_events_next(&it, &event))
        count++;
    *out_err = record_events_finish(&it);
    return count;
}

TEST(record_events_are_read_in_order)
{
    struct buf clear = {0}, payload = {0};
    struct record_events it;
    struct record_event event;

    write_three(&clear, &payload);
    CHECK(clear.len + payload.len <= 3 * record_event_size(10));
    CHECK_OK(record_events_start(&it, buf_str(&clear), buf_str(&payload)));
    CHECK_INT(it.received, 1000);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(record_events_next(&it, &event));
        CHECK(hash_equals(event.message_id, (hash128){i, i + 1}) && event.body_hash == i + 2);
        CHECK(event.time == 10 * i && event.type == EVENT_TRACK + i && event.anonymous == i);
        CHECK_INT(event.flags, i == 2 ? 7 : 0);
        CHECK_INT(event.json.len, 5 * i);
    }
    CHECK(!record_events_next(&it, &event));
    CHECK_OK(record_events_finish(&it));
    buf_done(&clear);
    buf_done(&payload);
}

TEST(record_events_without_payload_give_ids_only)
{
    struct buf clear = {0}, payload = {0};
    struct record_events it;
    struct record_event event;

    write_three(&clear, &payload);
    CHECK_OK(record_events_start(&it, buf_str(&clear), (str){0}));
    CHECK(it.is_sealed);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(record_events_next(&it, &event));
        CHECK(event.message_id.low == i && event.body_hash == i + 2 && !event.json.data);
    }
    CHECK(!record_events_next(&it, &event));
    CHECK_OK(record_events_finish(&it));
    buf_done(&clear);
    buf_done(&payload);
}

TEST(record_events_that_do_not_fit_are_corrupt)
{
    struct buf clear = {0}, payload = {0};
    enum err err;
    str ids, rest;

    write_three(&clear, &payload);
    buf_add_byte(&payload, '!');
    ids = buf_str(&clear);
    rest = buf_str(&payload);
    read_all(ids, rest, &err);
    CHECK_INT(err, ERR_CORRUPT);
    rest.len--;
    CHECK_INT(read_all(ids, rest, &err), 3);
    CHECK_INT(err, OK);
    for (size_t len = 0; len < rest.len; len++) {
        CHECK(read_all(ids, str_from(rest.data, len), &err) < 3);
        CHECK_INT(err, ERR_CORRUPT);
    }
    for (size_t len = 0; len < ids.len; len++) {
        read_all(str_from(ids.data, len), rest, &err);
        CHECK_INT(err, ERR_CORRUPT);
    }
    payload.data[12] = EVENT_ALIAS + 1;
    read_all(ids, rest, &err);
    CHECK_INT(err, ERR_CORRUPT);
    payload.data[12] = EVENT_TRACK;
    payload.data[13] = 8;
    read_all(ids, rest, &err);
    CHECK_INT(err, ERR_CORRUPT);
    buf_done(&clear);
    buf_done(&payload);
}

TEST(record_events_survive_random_damage)
{
    random_state random = {1};
    struct buf clear = {0}, payload = {0};
    enum err err;

    for (int round = 0; round < 20000; round++) {
        buf_clear(&clear);
        buf_clear(&payload);
        write_three(&clear, &payload);
        for (uint64_t flips = 1 + random_below(&random, 4); flips; flips--)
            payload.data[random_below(&random, payload.len)] ^=
                (char)(1u << random_below(&random, 8));
        CHECK(read_all(buf_str(&clear), buf_str(&payload), &err) <= 3);
        CHECK(err == OK || err == ERR_CORRUPT);
    }
    buf_done(&clear);
    buf_done(&payload);
}

TEST(record_deletions_read_back_and_refuse_what_no_writer_makes)
{
    static const struct {
        str ranges;
        bool is_sound;
    } cases[] = {
        {S("\x01\x01"), true},
        {S("\x01\x63"), true},
        {S("\x01\x64"), false},        /* beyond the end */
        {S("\x64\x01"), false},        /* so is this */
        {S("\x00\x01"), false},        /* touches what is before it */
        {S("\x01\x00"), false},        /* empty */
        {S("\x01\x01\x01\x01"), true}, /* 1, and 3 */
        {S("\x01\x01\x01"), false},    /* without a length */
        {S("\x81\x00\x01"), false},    /* a number longer than need be */
        {S("\x01\x81"), false},        /* that has no end */
        {S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01"), false},
        {S("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), false},
    };
    struct record_deletion deletion = {.is_last = true, .at = -3};
    struct record_ranges it;
    struct buf clear = {0};
    uint64_t from, to, place;

    record_start_deletion(&clear, &(struct record_deletion){.is_first = true, .at = 9});
    place = 0;
    record_write_range(&clear, &place, 2, 5);
    record_write_range(&clear, &place, 300, 301);
    check_bytes(&clear, S("\x01\x09\0\0\0\0\0\0\0\x02\x03\xA7\x02\x01"));
    CHECK_OK(record_ranges_start(&it, buf_str(&clear), 301, &deletion));
    CHECK(deletion.is_first && !deletion.is_last && deletion.at == 9);
    CHECK(record_ranges_next(&it, &from, &to) && from == 2 && to == 5);
    CHECK(record_ranges_next(&it, &from, &to) && from == 300 && to == 301);
    CHECK(!record_ranges_next(&it, &from, &to));
    CHECK_OK(record_ranges_finish(&it));
    CHECK_ERR(ERR_CORRUPT, record_ranges_start(&it, S("\x01\0\0\0\0\0\0\0\0"), 9, &deletion));
    CHECK_ERR(ERR_CORRUPT,
              record_ranges_start(&it, S("\x04\0\0\0\0\0\0\0\0\x01\x01"), 9, &deletion));
    EACH_CASE(c, cases)
    {
        buf_clear(&clear);
        record_start_deletion(&clear, &deletion);
        buf_add(&clear, c->ranges);
        CHECK_OK(record_ranges_start(&it, buf_str(&clear), 100, &deletion));
        while (record_ranges_next(&it, &from, &to))
            CHECK(from > 0 && from < to && to <= 100);
        CHECK_INT(record_ranges_finish(&it), c->is_sound ? OK : ERR_CORRUPT);
    }
    buf_done(&clear);
}

TEST(record_of_verdicts_tells_which_one_it_is)
{
    struct record_deletion revision;
    struct record_ranges it;
    struct buf clear = {0};
    uint64_t from, to, place = 0;

    record_start_deletion(&clear,
                          &(struct record_deletion){.is_last = true, .is_machine = true, .at = 9});
    record_write_range(&clear, &place, 2, 5);
    check_bytes(&clear, S("\x06\x09\0\0\0\0\0\0\0\x02\x03"));
    CHECK_OK(record_verdicts_start(&it, buf_str(&clear), 301, &revision));
    CHECK(!revision.is_first && revision.is_last && revision.is_machine && revision.at == 9);
    CHECK(record_ranges_next(&it, &from, &to) && from == 2 && to == 5);
    CHECK(!record_ranges_next(&it, &from, &to));
    CHECK_OK(record_ranges_finish(&it));
    CHECK_ERR(ERR_CORRUPT, record_ranges_start(&it, buf_str(&clear), 301, &revision));
    CHECK_ERR(ERR_CORRUPT,
              record_verdicts_start(&it, S("\x08\0\0\0\0\0\0\0\0\x01\x01"), 9, &revision));
    buf_done(&clear);
}
