/* thrift.h - writes Thrift's compact protocol, in which Parquet keeps its headers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   struct thrift_writer w = {.out = &buf};
 *   thrift_open(&w); thrift_i32(&w, 1, 7); thrift_struct(&w, 2); ... thrift_shut(&w);
 * thrift_shut(&w);
 *
 * Fields of a struct are written in the order of their numbers, from 1.
 */
#pragma once
#include "base/buf.h"

enum { THRIFT_DEPTH = 8 };

enum thrift_type { THRIFT_I32 = 5, THRIFT_TEXT = 8, THRIFT_STRUCT = 12 }; /* elements of lists */

struct thrift_writer {
    struct buf *out;
    int depth;
    int last[THRIFT_DEPTH]; /* number of the latest field of each open struct */
};

void thrift_open(struct thrift_writer *w); /* a struct: the outermost, or an element of a list */
void thrift_shut(struct thrift_writer *w);
/* Fields. */
void thrift_bool(struct thrift_writer *w, int field, bool yes);
void thrift_i32(struct thrift_writer *w, int field, int32_t number);
void thrift_i64(struct thrift_writer *w, int field, int64_t number);
void thrift_text(struct thrift_writer *w, int field, str text);
void thrift_struct(struct thrift_writer *w, int field); /* opens it; thrift_shut ends it */
/* `count` elements of that type follow. */
void thrift_list(struct thrift_writer *w, int field, enum thrift_type type, size_t count);
void thrift_element_i32(struct thrift_writer *w, int32_t number);
void thrift_element_text(struct thrift_writer *w, str text);
