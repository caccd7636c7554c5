/* columns_pack.h - arrays of whole numbers in as few bytes as they need. For columns*.c, and for
 * the roster of the same folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * An array says itself how it is packed. What is read is not believed: too few bytes, other counts
 * than wanted and impossible widths are ERR_CORRUPT.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <zstd.h>

enum { COLUMNS_PADDING = 64 }; /* readable bytes that must follow what is unpacked */

struct columns_packer {
    ZSTD_CCtx *zstd;
    struct buf raw;   /* one candidate before zstd */
    struct buf trial; /* one candidate */
    struct buf best;
};

fallible columns_packer_init(struct columns_packer *packer);
void columns_packer_done(struct columns_packer *packer);
/* Appends to `out`, which is broken afterwards if there was no memory. */
void columns_pack(struct columns_packer *packer, struct buf *out, const uint64_t *values,
                  size_t count);
/* The same without searching for a small form. */
void columns_pack_plain(struct columns_packer *packer, struct buf *out, const uint64_t *values,
                        size_t count);
void columns_pack_bytes(struct columns_packer *packer, struct buf *out, const void *bytes,
                        size_t len);
void columns_pack_plane(struct columns_packer *packer, struct buf *out, const void *bytes,
                        size_t len); /* the same, of a length that the reader knows */
void columns_pack_number(struct buf *out, uint64_t number);

struct columns_unpacker {
    ZSTD_DCtx *zstd;
    struct buf scratch;
    const uint8_t *at;
    const uint8_t *end; /* COLUMNS_PADDING bytes follow */
};

fallible columns_unpacker_init(struct columns_unpacker *in);
void columns_unpacker_done(struct columns_unpacker *in);
/* Exactly `count` values. */
fallible columns_unpack(struct columns_unpacker *in, uint64_t *out, size_t count);
/* Numbers below `end`, kept in 1, 2 or 4 bytes each with `plus` added, which fits. */
struct columns_codes {
    uint64_t end;
    unsigned plus;
    uint8_t width;
};
/* The same, straight into their form. */
fallible columns_unpack_codes(struct columns_unpacker *in, const struct columns_codes *codes,
                              void *out, size_t count);
/* As many bytes as were packed, at most `most`, in memory that the caller frees; COLUMNS_PADDING
 * bytes follow. */
fallible columns_unpack_bytes(struct columns_unpacker *in, size_t most, char **out_bytes,
                              size_t *out_len);
/* Exactly `len` bytes where they stand, or in the unpacker's scratch until it is used again;
 * COLUMNS_PADDING bytes are readable behind them. */
fallible columns_unpack_plane(struct columns_unpacker *in, size_t len, const uint8_t **out_bytes);
fallible columns_unpack_raw(struct columns_unpacker *in, size_t len, const uint8_t **out_bytes);
fallible columns_unpack_number(struct columns_unpacker *in, uint64_t most, uint64_t *out_number);
/* Nothing is left. */
fallible columns_unpack_end(const struct columns_unpacker *in);
