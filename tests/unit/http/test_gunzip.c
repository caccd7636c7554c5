/* test_gunzip.c - packed bodies: whole, damaged, too large.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/gunzip.h"

#include "support/test.h"

#include <string.h>
#include <zlib.h>

static void pack(str text, struct buf *out)
{
    z_stream stream = {.next_in = (Bytef *)text.data, .avail_in = (uInt)text.len};

    CHECK_INT(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    CHECK(buf_reserve(out, text.len + 100));
    stream.next_out = (Bytef *)out->data + out->len;
    stream.avail_out = (uInt)(out->room - out->len);
    CHECK_INT(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->len = out->room - stream.avail_out;
    deflateEnd(&stream);
}

static str repeated(size_t len)
{
    char *text = arena_take(test_mem, len);

    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + i % 23);
    return (str){text, len};
}

TEST(gunzip_unpacks_members_up_to_the_limit)
{
    static const struct {
        size_t len;
        int members;
        size_t limit;
        enum err want;
    } cases[] = {
        {0, 1, 0, OK},
        {5, 1, 5, OK},
        {5, 1, 4, ERR_LIMIT},
        {5, 3, 15, OK},
        {5, 3, 14, ERR_LIMIT},
        {1 << 20, 1, 1 << 20, OK},
        {1 << 20, 1, (1 << 20) - 1, ERR_LIMIT},
        {100000, 2, 200000, OK},
    };
    struct gunzip *gunzip = gunzip_open();

    EACH_CASE(c, cases)
    {
        struct buf packed = {0}, got = {0};
        str text = repeated(c->len);

        for (int i = 0; i < c->members; i++)
            pack(text, &packed);
        CHECK_ERR(c->want, gunzip_unpack(gunzip, GUNZIP_GZIP, buf_str(&packed), c->limit, &got));
        CHECK(got.len <= c->limit + 1);
        if (c->want == OK) {
            CHECK_INT(got.len, c->len * (size_t)c->members);
            for (int i = 0; i < c->members; i++)
                CHECK(str_equals(
                    str_slice(buf_str(&got), c->len * (size_t)i, c->len * (size_t)(i + 1)), text));
        }
        buf_done(&packed);
        buf_done(&got);
    }
    gunzip_close(gunzip);
}

TEST(gunzip_refuses_every_damaged_byte_and_every_cut)
{
    struct gunzip *gunzip = gunzip_open();
    struct buf packed = {0}, got = {0};
    str text = S("{\"event\":\"Order Completed\"}");

    pack(text, &packed);
    for (size_t len = 0; len < packed.len; len++)
        CHECK_ERR(ERR_INVALID, gunzip_unpack(gunzip, GUNZIP_GZIP,
                                             str_slice(buf_str(&packed), 0, len), 1000, &got));
    for (size_t at = 0; at < packed.len; at++) {
        if (at >= 4 && at < 10)
            continue; /* time, hints and system: not covered by the checksum, without meaning here
                       */
        packed.data[at] ^= 0x11;
        buf_clear(&got);
        CHECK(gunzip_unpack(gunzip, GUNZIP_GZIP, buf_str(&packed), 1000, &got) != OK);
        packed.data[at] ^= 0x11;
    }
    buf_add(&packed, S("rest"));
    CHECK_ERR(ERR_INVALID, gunzip_unpack(gunzip, GUNZIP_GZIP, buf_str(&packed), 1000, &got));
    buf_done(&packed);
    buf_done(&got);
    gunzip_close(gunzip);
}

TEST(gunzip_of_a_bomb_stays_within_its_limit)
{
    struct gunzip *gunzip = gunzip_open();
    struct buf packed = {0}, got = {0};
    char *zeros = arena_take(test_mem, 64 << 20);

    pack(str_from(zeros, 64 << 20), &packed);
    CHECK(packed.len < 100000);
    CHECK_ERR(ERR_LIMIT, gunzip_unpack(gunzip, GUNZIP_GZIP, buf_str(&packed), 1 << 20, &got));
    CHECK(got.room <= 4 << 20);
    buf_done(&packed);
    buf_done(&got);
    gunzip_close(gunzip);
}
