/* thrift.c - writes Thrift's compact protocol: field numbers as differences, numbers as zigzags.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/thrift.h"

#include <assert.h>

enum { TYPE_TRUE = 1, TYPE_FALSE = 2, TYPE_I64 = 6, TYPE_LIST = 9 };

static void add_varint(struct buf *out, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        buf_add_byte(out, (char)(0x80 | (number & 0x7f)));
    buf_add_byte(out, (char)number);
}

static void add_zigzag(struct buf *out, int64_t number)
{
    add_varint(out, ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

static void add_field(struct thrift_writer *w, int field, int type)
{
    int *last = &w->last[w->depth - 1];
    int step = field - *last;

    assert(w->depth > 0 && step > 0 && step <= 15);
    buf_add_byte(w->out, (char)(step << 4 | type));
    *last = field;
}

void thrift_open(struct thrift_writer *w)
{
    assert(w->depth < THRIFT_DEPTH);
    w->last[w->depth++] = 0;
}

void thrift_shut(struct thrift_writer *w)
{
    assert(w->depth > 0);
    buf_add_byte(w->out, 0);
    w->depth--;
}

void thrift_bool(struct thrift_writer *w, int field, bool yes)
{
    add_field(w, field, yes ? TYPE_TRUE : TYPE_FALSE);
}

void thrift_i32(struct thrift_writer *w, int field, int32_t number)
{
    add_field(w, field, THRIFT_I32);
    add_zigzag(w->out, number);
}

void thrift_i64(struct thrift_writer *w, int field, int64_t number)
{
    add_field(w, field, TYPE_I64);
    add_zigzag(w->out, number);
}

void thrift_text(struct thrift_writer *w, int field, str text)
{
    add_field(w, field, THRIFT_TEXT);
    thrift_element_text(w, text);
}

void thrift_struct(struct thrift_writer *w, int field)
{
    add_field(w, field, THRIFT_STRUCT);
    thrift_open(w);
}

void thrift_list(struct thrift_writer *w, int field, enum thrift_type type, size_t count)
{
    add_field(w, field, TYPE_LIST);
    buf_add_byte(w->out, (char)((count < 15 ? count << 4 : 0xf0) | type));
    if (count >= 15)
        add_varint(w->out, count);
}

void thrift_element_i32(struct thrift_writer *w, int32_t number)
{
    add_zigzag(w->out, number);
}

void thrift_element_text(struct thrift_writer *w, str text)
{
    add_varint(w->out, text.len);
    buf_add(w->out, text);
}
