/* unpack.c - zlib and libzstd behind one face.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/unpack.h"

#include "base/mem.h"

#include <limits.h>
#include <zlib.h>
#include <zstd.h>

enum { GZIP_ONLY = 16 + MAX_WBITS };

struct unpack {
    enum unpack_kind kind;
    z_stream gzip;
    ZSTD_DCtx *zstd;
    bool is_within; /* a member or frame has begun and not ended */
    bool is_begun;  /* one has ended or begun */
};

enum unpack_kind unpack_recognise(str head)
{
    if (str_starts(head, S("\x1f\x8b\x08")))
        return UNPACK_GZIP;
    if (str_starts(head, S("\x28\xb5\x2f\xfd")))
        return UNPACK_ZSTD;
    return UNPACK_NOTHING;
}

static voidpf take(voidpf owner, uInt count, uInt size)
{
    (void)owner;
    return mem_alloc((size_t)count * size);
}

static void give(voidpf owner, voidpf memory)
{
    (void)owner;
    mem_free(memory);
}

fallible unpack_open(enum unpack_kind kind, struct unpack **out_unpack)
{
    struct unpack *unpack = mem_alloc(sizeof *unpack);
    bool is_open;

    if (!unpack)
        return mem_exhausted();
    unpack->kind = kind;
    unpack->gzip.zalloc = take;
    unpack->gzip.zfree = give;
    if (kind == UNPACK_GZIP)
        is_open = inflateInit2(&unpack->gzip, GZIP_ONLY) == Z_OK;
    else
        is_open = (unpack->zstd = ZSTD_createDCtx()) != NULL;
    if (!is_open) {
        mem_free(unpack);
        return mem_exhausted();
    }
    *out_unpack = unpack;
    return OK;
}

void unpack_close(struct unpack *unpack)
{
    if (!unpack)
        return;
    if (unpack->kind == UNPACK_GZIP)
        inflateEnd(&unpack->gzip);
    ZSTD_freeDCtx(unpack->zstd);
    mem_free(unpack);
}

static fallible step_gzip(struct unpack *unpack, str *packed, void *out, size_t room,
                          size_t *out_len)
{
    z_stream *stream = &unpack->gzip;
    uInt in = (uInt)(packed->len < UINT_MAX ? packed->len : UINT_MAX);
    uInt space = (uInt)(room < UINT_MAX ? room : UINT_MAX);
    int result;

    if (!unpack->is_within && in)
        inflateReset(stream);
    stream->next_in = (Bytef *)packed->data;
    stream->avail_in = in;
    stream->next_out = out;
    stream->avail_out = space;
    result = inflate(stream, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
        return mem_exhausted();
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return fail(ERR_CORRUPT, "the gzip archive is damaged");
    *packed = str_slice(*packed, in - stream->avail_in, packed->len);
    *out_len = space - stream->avail_out;
    if (in)
        unpack->is_within = unpack->is_begun = true;
    if (result == Z_STREAM_END)
        unpack->is_within = false;
    return OK;
}

static fallible step_zstd(struct unpack *unpack, str *packed, void *out, size_t room,
                          size_t *out_len)
{
    ZSTD_inBuffer in = {packed->data, packed->len, 0};
    ZSTD_outBuffer to = {out, room, 0};
    size_t left = ZSTD_decompressStream(unpack->zstd, &to, &in);

    if (ZSTD_isError(left))
        return fail(ERR_CORRUPT, "the zstd archive is damaged: %s", ZSTD_getErrorName(left));
    *packed = str_slice(*packed, in.pos, packed->len);
    *out_len = to.pos;
    if (in.pos || to.pos) {
        unpack->is_begun = true;
        unpack->is_within = left != 0;
    }
    return OK;
}

fallible unpack_step(struct unpack *unpack, str *packed, void *out, size_t room, size_t *out_len)
{
    return unpack->kind == UNPACK_GZIP ? step_gzip(unpack, packed, out, room, out_len)
                                       : step_zstd(unpack, packed, out, room, out_len);
}

bool unpack_is_whole(const struct unpack *unpack)
{
    return unpack->is_begun && !unpack->is_within;
}
