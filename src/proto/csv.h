/* csv.h - rows of delimited text: RFC 4180, and columns set apart by spaces.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pure and without memory of its own: a row's cells are views of the text. Quotes as RFC 4180 says;
 * besides, a quote within a cell that does not start with one is a sign like any other, and a line
 * may end with LF alone. With spaces, cells have no quotes and runs of blanks set them apart.
 */
#pragma once
#include "base/str.h"

enum {
    CSV_SPACES = ' ',      /* as delimiter: runs of spaces and tabs */
    CSV_MOST_CELLS = 4096, /* in a row */
};

struct csv_cell {
    const char *data; /* without the quotes around it */
    uint32_t len;
    bool is_doubled; /* it holds doubled quotes: see csv_unquote */
};

struct csv_row {
    struct csv_cell *cells; /* of the caller */
    uint32_t room;
    uint32_t count;
    str text;           /* of the whole row, without the line's end */
    size_t len;         /* with it: where the next row starts */
    uint32_t lines;     /* that the row took */
    const char *defect; /* what is wrong with it, or NULL; then the row is one line */
};

/* Reads the row at the start of `text`, which is not empty; false when its end is not in sight and
 * more text can follow (`is_last` false). */
bool csv_next(char delimiter, str text, bool is_last, struct csv_row *row);
/* Writes the cell's text with doubled quotes made single; returns its length (<= cell->len). */
size_t csv_unquote(const struct csv_cell *cell, char *out);
