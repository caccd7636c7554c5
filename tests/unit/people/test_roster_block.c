/* test_roster_block.c - packed records come back as they were, damaged ones do no harm.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "people/roster_block.h"

#include "base/random.h"
#include "support/test.h"

#include <string.h>

enum { RECORDS = 200, FIRST = 50, STEP = 7 };

static hash128 hash_of(void *argument, enum node_kind kind, str text)
{
    return hash_keyed(&(hash_key){{(unsigned char)(kind + *(unsigned char *)argument)}}, text);
}

static unsigned char key;
static const struct roster_hash hash = {hash_of, &key};

/* One of each sort of identifiers, different for each `i`; an empty and an absent one among them.
 */
static str text_of(unsigned i)
{
    char *out = arena_take(test_mem, 120);

    switch (i % 10) {
    case 0:
        return str_of(arena_print(test_mem, "u-%08u", i * 31).data);
    case 1:
        return str_of(arena_print(test_mem, "%08x-93f0-4b1e-8c44-%012u", i * 2654435761u, i).data);
    case 2:
        return str_of(arena_print(test_mem, "person%u@example.com", i).data);
    case 3:
        return str_of(arena_print(test_mem, "%u", i * i * 1000003u).data);
    case 4:
        return S("");
    case 5:
        memset(out, 'a' + (int)(i % 26), 100); /* a number alone is too long to be one */
        memset(out + 40, '0' + (int)(i % 10), 60);
        return str_from(out, 100);
    case 6:
        return str_of(arena_print(test_mem, "%08X-93F0-4B1E-8C44-00000000000A", i).data);
    case 7:
        return str_of(arena_print(test_mem, "id%u-%03u", i, i).data); /* few of a template */
    case 8:
        return str_from("\0\377x", 3);
    default:
        return (str){NULL, 0};
    }
}

static struct log_record record_of(unsigned i, bool is_told, struct buf *clear)
{
    struct log_record record = {.seq = FIRST + STEP * (uint64_t)i, .count = 1};
    struct record_node node = {i % 3 ? NODE_USER : NODE_ANONYMOUS, {i, 1}};

    buf_clear(clear);
    if (i % 11 == 10) {
        record.kind = RECORD_JOIN;
        record_write_join(clear, &(struct record_join){i, i + 1, JOIN_ALIAS, -5 + (int)i});
    } else if (i % 13 == 12) {
        record.kind = RECORD_DELETION;
        buf_add(clear, str_slice(S("of whatever length"), 0, i % 18));
    } else {
        record.kind = RECORD_NODE;
        record.node = i % 5 ? i + 1 : 4000000000u - i;
        record.payload = text_of(i);
        if (is_told && record.payload.data)
            node.hash = hash_of(&key, node.kind, record.payload);
        record_write_node(clear, &node);
    }
    record.clear = buf_str(clear);
    return record;
}

static struct roster_block block_of(bool is_told)
{
    struct roster_block block = {0};
    struct buf clear = {0};

    for (unsigned i = 0; i < RECORDS; i++) {
        struct log_record record = record_of(i, is_told, &clear);

        CHECK(roster_block_reserve(&block, &record));
        roster_block_add(&block, &record, &hash);
    }
    buf_done(&clear);
    return block;
}

static bool are_same(const struct log_record *a, const struct log_record *b)
{
    return a->seq == b->seq && a->count == b->count && a->kind == b->kind && a->node == b->node &&
           !a->payload.data == !b->payload.data && str_equals(a->payload, b->payload) &&
           str_equals(a->clear, b->clear);
}

static void expect_all(const struct roster_block *block, bool is_told)
{
    struct buf clear = {0}, told = {0};

    CHECK_INT(roster_block_count(block), RECORDS);
    for (unsigned i = 0; i < RECORDS; i++) {
        struct log_record want = record_of(i, is_told, &clear), got;

        buf_clear(&told);
        CHECK_OK(roster_block_record(block, i, &hash, &told, &got));
        CHECK(are_same(&want, &got));
    }
    buf_done(&clear);
    buf_done(&told);
}

static struct buf packed(bool is_told)
{
    struct roster_block block = block_of(is_told);
    struct columns_packer packer;
    struct buf body = {0};

    expect_all(&block, is_told);
    CHECK_OK(columns_packer_init(&packer));
    CHECK_OK(roster_block_pack(&block, FIRST, &packer, &body));
    columns_packer_done(&packer);
    roster_block_done(&block);
    CHECK(buf_reserve(&body, COLUMNS_PADDING));
    memset(body.data + body.len, 0, COLUMNS_PADDING);
    return body;
}

TEST(roster_block_comes_back_as_it_was)
{
    static const bool tells[] = {false, true};

    EACH_CASE(is_told, tells)
    {
        struct buf body = packed(*is_told);
        struct columns_unpacker in;
        struct roster_block block = {0};
        uint64_t last = FIRST + STEP * (RECORDS - 1);

        CHECK_OK(columns_unpacker_init(&in));
        CHECK_OK(roster_block_unpack(&block, FIRST, last + 1, buf_str(&body), &in));
        expect_all(&block, *is_told);
        CHECK_ERR(ERR_CORRUPT, roster_block_unpack(&block, FIRST, last, buf_str(&body), &in));
        CHECK_INT(roster_block_count(&block), 0);
        CHECK_OK(roster_block_unpack(&block, FIRST, FIRST, S(""), &in));
        CHECK_INT(roster_block_count(&block), 0);
        roster_block_done(&block);
        columns_unpacker_done(&in);
        buf_done(&body);
    }
}

TEST(roster_block_takes_fewer_bytes_where_hashes_follow_from_identifiers)
{
    struct buf whole = packed(false), told = packed(true);

    CHECK(told.len < whole.len);
    buf_done(&whole);
    buf_done(&told);
}

TEST(roster_block_tells_no_hash_without_its_key)
{
    struct roster_block block = block_of(true);
    struct log_record record;
    struct buf clear = {0};

    CHECK_ERR(ERR_CORRUPT,
              roster_block_record(&block, 0, &(struct roster_hash){0}, &clear, &record));
    buf_done(&clear);
    roster_block_done(&block);
}

/* Whatever comes out can be read. */
static void touch(const struct roster_block *block)
{
    struct buf clear = {0};
    struct log_record record;

    for (size_t i = 0; i < roster_block_count(block); i++) {
        buf_clear(&clear);
        CHECK_OK(roster_block_record(block, i, &hash, &clear, &record));
        CHECK(record.seq >= FIRST);
        (void)hash_keyed(&(hash_key){{0}}, record.clear);
    }
    buf_done(&clear);
}

TEST(roster_block_does_no_harm_when_forged)
{
    struct buf body = packed(true);
    random_state random = {4};
    struct columns_unpacker in;
    struct roster_block block = {0};
    char *bytes = arena_take(test_mem, body.len + COLUMNS_PADDING);

    CHECK_OK(columns_unpacker_init(&in));
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = i % 4 ? body.len : random_below(&random, body.len);
        enum err err;

        memcpy(bytes, body.data, body.len + COLUMNS_PADDING);
        for (uint64_t flips = random_below(&random, 4); flips; flips--)
            bytes[random_below(&random, body.len)] ^= (char)(1 << random_below(&random, 8));
        err = roster_block_unpack(&block, FIRST, FIRST + STEP * RECORDS, str_from(bytes, len), &in);
        CHECK(err == OK || err == ERR_CORRUPT);
        if (!err)
            touch(&block);
    }
    roster_block_done(&block);
    columns_unpacker_done(&in);
    buf_done(&body);
}
