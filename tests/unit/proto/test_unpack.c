/* test_unpack.c - archives whole, in several parts, cut and damaged; read in pieces of any size.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/unpack.h"

#include "base/buf.h"
#include "base/mem.h"
#include "support/test.h"

#include <zlib.h>
#include <zstd.h>

static void pack(enum unpack_kind kind, str text, struct buf *out)
{
    CHECK(buf_reserve(out, text.len + 1000));
    if (kind == UNPACK_ZSTD) {
        ZSTD_CCtx *context = ZSTD_createCCtx();
        size_t len;

        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        len = ZSTD_compress2(context, out->data + out->len, out->room - out->len, text.data,
                             text.len);
        ZSTD_freeCCtx(context);
        CHECK(!ZSTD_isError(len));
        out->len += len;
        return;
    }
    z_stream stream = {.next_in = (Bytef *)text.data, .avail_in = (uInt)text.len};

    CHECK_INT(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = (Bytef *)out->data + out->len;
    stream.avail_out = (uInt)(out->room - out->len);
    CHECK_INT(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->len = out->room - stream.avail_out;
    deflateEnd(&stream);
}

/* Unpacks with so many bytes given and taken at a time. */
static enum err unpack_all(str packed, size_t piece, size_t room, struct buf *out, bool *out_whole)
{
    struct unpack *unpack;
    enum err err = OK;
    size_t len = 1;

    CHECK_OK(unpack_open(unpack_recognise(packed), &unpack));
    while (!err && (packed.len || len)) {
        str given = str_slice(packed, 0, piece);
        size_t before = given.len;

        CHECK(buf_reserve(out, room));
        err = unpack_step(unpack, &given, out->data + out->len, room, &len);
        if (err)
            break;
        CHECK(!before || len || given.len < before);
        out->len += len;
        packed = str_slice(packed, before - given.len, packed.len);
    }
    *out_whole = unpack_is_whole(unpack);
    unpack_close(unpack);
    return err;
}

static str sample(void)
{
    char *text = arena_take(test_mem, 5000);

    for (size_t i = 0; i < 5000; i++)
        text[i] = (char)('a' + (i * i / 7) % 23);
    return str_from(text, 5000);
}

TEST(unpack_gives_the_content_whatever_the_pieces)
{
    static const size_t pieces[] = {1, 7, 100, 100000};
    static const enum unpack_kind kinds[] = {UNPACK_GZIP, UNPACK_ZSTD};
    str text = sample();

    EACH_CASE(kind, kinds)
    EACH_CASE(piece, pieces)
    {
        struct buf packed = {0}, out = {0};
        bool is_whole;

        pack(*kind, text, &packed); /* two parts, one behind the other, and one of nothing */
        pack(*kind, text, &packed);
        pack(*kind, S(""), &packed);
        CHECK_INT(unpack_recognise(buf_str(&packed)), *kind);
        CHECK_OK(unpack_all(buf_str(&packed), *piece, *piece, &out, &is_whole));
        CHECK(is_whole);
        CHECK_INT(out.len, 2 * text.len);
        CHECK(str_equals(str_slice(buf_str(&out), text.len, out.len), text));
        buf_done(&packed);
        buf_done(&out);
    }
}

TEST(unpack_notices_every_cut_and_every_flipped_byte)
{
    static const enum unpack_kind kinds[] = {UNPACK_GZIP, UNPACK_ZSTD};
    str text = str_slice(sample(), 0, 300);

    EACH_CASE(kind, kinds)
    {
        struct buf packed = {0};

        pack(*kind, text, &packed);
        for (size_t len = 4; len < packed.len; len++) {
            struct buf out = {0};
            bool is_whole = false;
            enum err err = unpack_all(str_slice(buf_str(&packed), 0, len), 50, 50, &out, &is_whole);

            CHECK(err == ERR_CORRUPT || !is_whole);
            buf_done(&out);
        }
        for (size_t at = 12; at < packed.len; at++) { /* a header may say what nobody reads */
            struct buf out = {0};
            bool is_whole = false;
            enum err err;

            packed.data[at] ^= 0x55;
            err = unpack_all(buf_str(&packed), 50, 50, &out, &is_whole);
            CHECK(err == ERR_CORRUPT || !is_whole);
            packed.data[at] ^= 0x55;
            buf_done(&out);
        }
        buf_done(&packed);
    }
}

TEST(unpack_knows_archives_by_their_first_bytes)
{
    CHECK_INT(unpack_recognise(S("")), UNPACK_NOTHING);
    CHECK_INT(unpack_recognise(S("\x1f")), UNPACK_NOTHING);
    CHECK_INT(unpack_recognise(S("{\"type\":1}")), UNPACK_NOTHING);
}
