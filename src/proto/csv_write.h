/* csv_write.h - rows of comma-separated values by RFC 4180.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   struct csv_writer w = {.out = &buf};
 *   csv_write_cell(&w, S("a")); csv_write_cell(&w, S("")); csv_write_end(&w);   gives   a,<CR><LF>
 */
#pragma once
#include "base/buf.h"

struct csv_writer {
    struct buf *out;
    bool is_begun; /* the row has a cell */
};

/* The next cell, quoted where it has to be. */
void csv_write_cell(struct csv_writer *w, str text);
void csv_write_end(struct csv_writer *w); /* of the row */
