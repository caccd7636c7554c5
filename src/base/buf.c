/* buf.c - bytes that grow at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_done(struct buf *b)
{
    mem_free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->broken = false;
}

bool buf_is_broken(const struct buf *b)
{
    return b->broken;
}

bool buf_reserve(struct buf *b, size_t more)
{
    size_t need, room = b->room ? b->room : 64;
    char *grown;

    if (b->room - b->len >= more)
        return true;
    if (__builtin_add_overflow(b->len, more, &need))
        return false;
    while (room < need)
        if (__builtin_mul_overflow(room, 2u, &room))
            room = need;
    grown = mem_grow(b->data, room);
    if (!grown)
        return false;
    b->data = grown;
    b->room = room;
    return true;
}

void buf_add_bytes(struct buf *b, const void *data, size_t len)
{
    if (!buf_reserve(b, len)) {
        b->broken = true;
        return;
    }
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

void buf_add(struct buf *b, str text)
{
    buf_add_bytes(b, text.data, text.len);
}

void buf_add_byte(struct buf *b, char byte)
{
    buf_add_bytes(b, &byte, 1);
}

void buf_add_u64(struct buf *b, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    buf_add_bytes(b, digits + at, sizeof digits - at);
}

void buf_add_i64(struct buf *b, int64_t number)
{
    if (number < 0)
        buf_add_byte(b, '-');
    buf_add_u64(b, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void buf_print(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    if (len < 0 || !buf_reserve(b, (size_t)len + 1)) {
        b->broken = true;
    } else {
        vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

str buf_str(const struct buf *b)
{
    return (str){b->data, b->len};
}

char *buf_take(struct buf *b, size_t *out_len)
{
    char *data = b->data;

    *out_len = b->len;
    *b = (struct buf){0};
    return data;
}
