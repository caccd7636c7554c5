/* gunzip.c - zlib's inflate, member by member, into a growing buffer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/gunzip.h"

#include "base/mem.h"

#include <limits.h>
#include <zlib.h>

enum { GZIP_ONLY = 16 + MAX_WBITS, LEAST_STEP = 16 << 10 };
enum { ZLIB_METHOD = 8, ZLIB_CHECK = 31 }; /* of the first two bytes, RFC 1950, 2.2 */

struct gunzip {
    z_stream stream;
};

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

struct gunzip *gunzip_open(void)
{
    struct gunzip *gunzip = mem_alloc(sizeof *gunzip);

    if (!gunzip)
        return NULL;
    gunzip->stream.zalloc = take;
    gunzip->stream.zfree = give;
    if (inflateInit2(&gunzip->stream, GZIP_ONLY) != Z_OK) {
        mem_free(gunzip);
        return NULL;
    }
    return gunzip;
}

void gunzip_close(struct gunzip *gunzip)
{
    if (!gunzip)
        return;
    inflateEnd(&gunzip->stream);
    mem_free(gunzip);
}

/* Lets inflate write into the room behind out->len, never past one byte over `limit`. */
static int inflate_step(z_stream *stream, size_t limit, struct buf *out)
{
    size_t room = out->room - out->len, left = limit - out->len + 1;
    int result;

    if (room > left)
        room = left;
    if (room > UINT_MAX)
        room = UINT_MAX;
    stream->next_out = (Bytef *)out->data + out->len;
    stream->avail_out = (uInt)room;
    result = inflate(stream, Z_NO_FLUSH);
    out->len += room - stream->avail_out;
    return result;
}

static int window_of(enum gunzip_format format, str packed)
{
    const unsigned char *bytes = (const unsigned char *)packed.data;
    bool has_header = packed.len >= 2 && (bytes[0] & 15) == ZLIB_METHOD &&
                      (bytes[0] << 8 | bytes[1]) % ZLIB_CHECK == 0;

    if (format == GUNZIP_GZIP)
        return GZIP_ONLY;
    return has_header ? MAX_WBITS : -MAX_WBITS;
}

fallible gunzip_unpack(struct gunzip *gunzip, enum gunzip_format format, str packed, size_t limit,
                       struct buf *out)
{
    z_stream *stream = &gunzip->stream;
    size_t before = out->len;
    int window = window_of(format, packed), result;

    if (packed.len > UINT_MAX || __builtin_add_overflow(limit, before, &limit) || limit == SIZE_MAX)
        return fail(ERR_LIMIT, "the body is too large to unpack");
    stream->next_in = (Bytef *)packed.data;
    stream->avail_in = (uInt)packed.len;
    do {
        if (inflateReset2(stream, window) != Z_OK)
            return mem_exhausted();
        do {
            if (!buf_reserve(out, LEAST_STEP))
                return mem_exhausted();
            result = inflate_step(stream, limit, out);
            if (out->len > limit)
                return fail(ERR_LIMIT, "the unpacked body is too large");
        } while (result == Z_OK);
        if (result != Z_STREAM_END)
            return fail(ERR_INVALID, "the packed body is damaged or cut short");
    } while (format == GUNZIP_GZIP && stream->avail_in > 0);
    if (stream->avail_in > 0)
        return fail(ERR_INVALID, "the packed body is followed by something else");
    return OK;
}
