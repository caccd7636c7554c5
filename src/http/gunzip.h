/* gunzip.h - unpacks gzip and deflate bodies within bounds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum gunzip_format {
    GUNZIP_GZIP,    /* one member or several, RFC 1952 */
    GUNZIP_DEFLATE, /* RFC 1950, as HTTP means it, or bare RFC 1951, as some senders do */
};

struct gunzip; /* scratch memory reused from body to body; one thread at a time */

struct gunzip *gunzip_open(void); /* NULL without memory */
void gunzip_close(struct gunzip *gunzip);
/* Appends what `packed` holds. `out` grows with what really comes out. ERR_LIMIT: more than `limit`
 * bytes, or no memory; ERR_INVALID: damaged, cut short or followed by something else. */
fallible gunzip_unpack(struct gunzip *gunzip, enum gunzip_format format, str packed, size_t limit,
                       struct buf *out);
