/* buf.h - bytes that grow at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Embedded: struct buf b = {0}; ... buf_done(&b). Adding never returns an error: a buf that could
 * not grow stays as it was, remembers it, and buf_is_broken() is asked once at the end.
 */
#pragma once
#include "base/str.h"

struct buf {
    char *data;
    size_t len;
    size_t room;
    bool broken; /* an allocation failed: the content is not complete */
};

void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* len = 0, keeps the room, mends */
bool buf_is_broken(const struct buf *b);
/* Makes room for `more` bytes behind len; false without memory. */
bool buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, str text);
void buf_add_byte(struct buf *b, char byte);
void buf_add_bytes(struct buf *b, const void *data, size_t len);
void buf_add_u64(struct buf *b, uint64_t number); /* as decimal text */
void buf_add_i64(struct buf *b, int64_t number);
void buf_print(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
str buf_str(const struct buf *b); /* borrowed until the next change */
/* Gives up the bytes to the caller (mem_free) and leaves the buf empty. */
char *buf_take(struct buf *b, size_t *out_len);
