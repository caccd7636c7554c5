/* csv.c - delimited text cut into cells, eight bytes at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/csv.h"

#include <string.h>

static const uint64_t ONES = UINT64_C(0x0101010101010101), HIGHS = UINT64_C(0x8080808080808080);

/* Where a row is being read. */
struct scan {
    const char *at;
    const char *end;
    bool is_last;
    bool is_short; /* the text ended before the row did */
};

/* A bit in every byte of `word` that is zero; bits above the first are not to be trusted. */
static inline uint64_t zeros(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

/* The first place of either byte, or `end`. */
static inline const char *find_either(const char *at, const char *end, char a, char b)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t all_a = ONES * (unsigned char)a, all_b = ONES * (unsigned char)b;

    while (end - at >= 8) {
        uint64_t word, found;

        memcpy(&word, at, sizeof word);
        found = zeros(word ^ all_a) | zeros(word ^ all_b);
        if (found)
            return at + __builtin_ctzll(found) / 8;
        at += 8;
    }
#endif
    while (at < end && *at != a && *at != b)
        at++;
    return at;
}

static bool add_cell(struct csv_row *row, const char *data, const char *end, bool is_doubled)
{
    if (row->count == row->room) {
        row->defect = "it has too many cells";
        return false;
    }
    row->cells[row->count++] = (struct csv_cell){data, (uint32_t)(end - data), is_doubled};
    return true;
}

/* Behind the closing quote of the cell whose opening one stands at scan->at; NULL when there is
 * none. */
static const char *find_quote(struct scan *scan, struct csv_row *row, bool *out_is_doubled)
{
    const char *at = scan->at + 1;

    *out_is_doubled = false;
    for (;;) {
        const char *quote = find_either(at, scan->end, '"', '\n');

        if (quote == scan->end)
            return NULL;
        at = quote + 1;
        if (*quote == '\n') {
            row->lines++;
            continue;
        }
        if (at == scan->end && !scan->is_last)
            return NULL; /* whether it is doubled is not known yet */
        if (at == scan->end || *at != '"')
            return at;
        *out_is_doubled = true;
        at++;
    }
}

/* Reads the quoted cell at scan->at, up to what must be a delimiter or the row's end. */
static bool read_quoted(struct scan *scan, char delimiter, struct csv_row *row)
{
    const char *start = scan->at + 1, *end;
    bool is_doubled;

    end = find_quote(scan, row, &is_doubled);
    if (!end) {
        scan->is_short = true;
        row->defect = "a quote that opens a cell is not closed";
        return false;
    }
    scan->at = end;
    if (scan->end - end >= 2 && end[0] == '\r' && end[1] == '\n')
        scan->at++;
    else if (scan->end - end == 1 && *end == '\r')
        scan->at++, scan->is_short = !scan->is_last;
    if (scan->is_short)
        return false;
    if (scan->at < scan->end && *scan->at != delimiter && *scan->at != '\n') {
        row->defect = "something stands behind a closing quote";
        return false;
    }
    return add_cell(row, start, end - 1, is_doubled);
}

static bool read_plain(struct scan *scan, char delimiter, struct csv_row *row)
{
    const char *start = scan->at, *end = find_either(start, scan->end, delimiter, '\n');

    scan->at = end;
    if ((end == scan->end || *end == '\n') && end > start && end[-1] == '\r')
        end--;
    return add_cell(row, start, end, false);
}

static bool read_cells(struct scan *scan, char delimiter, struct csv_row *row)
{
    for (;;) {
        bool is_quoted = scan->at < scan->end && *scan->at == '"';

        if (!(is_quoted ? read_quoted(scan, delimiter, row) : read_plain(scan, delimiter, row)))
            return false;
        if (scan->at == scan->end) {
            scan->is_short = !scan->is_last;
            return true;
        }
        if (*scan->at++ == '\n')
            return true;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool read_spaced(struct scan *scan, struct csv_row *row)
{
    const char *at = scan->at, *end = NULL;

    if (at < scan->end) /* of nothing there may be no address */
        end = memchr(at, '\n', (size_t)(scan->end - at));
    scan->is_short = !end && !scan->is_last;
    if (!end)
        end = scan->end;
    scan->at = end + (end < scan->end);
    for (;;) {
        const char *start;

        while (at < end && is_blank(*at))
            at++;
        if (at == end)
            return true;
        start = at;
        while (at < end && !is_blank(*at))
            at++;
        if (!add_cell(row, start, at, false))
            return false;
    }
}

/* A row with a defect is its first line, so that what follows is read all the same. */
static bool end_defect(const struct scan *scan, str text, struct csv_row *row)
{
    ptrdiff_t end = str_find(text, '\n');

    if (end < 0 && !scan->is_last)
        return false;
    row->len = end < 0 ? text.len : (size_t)end + 1;
    row->text = str_slice(text, 0, end < 0 ? text.len : (size_t)end);
    row->lines = 1;
    return true;
}

bool csv_next(char delimiter, str text, bool is_last, struct csv_row *row)
{
    struct scan scan = {text.data, text.data + text.len, is_last, false};
    bool is_read;

    row->count = 0;
    row->lines = 1;
    row->defect = NULL;
    is_read = delimiter == CSV_SPACES ? read_spaced(&scan, row) : read_cells(&scan, delimiter, row);
    if (scan.is_short && !is_last)
        return false;
    if (!is_read)
        return end_defect(&scan, text, row);
    row->len = (size_t)(scan.at - text.data);
    row->text = str_slice(text, 0, row->len);
    if (str_ends(row->text, S("\n")))
        row->text.len--;
    if (str_ends(row->text, S("\r")))
        row->text.len--;
    return true;
}

size_t csv_unquote(const struct csv_cell *cell, char *out)
{
    const char *at = cell->data, *end = at + cell->len;
    char *to = out;

    while (at < end) {
        *to++ = *at;
        at += *at == '"' && end - at > 1 ? 2 : 1;
    }
    return (size_t)(to - out);
}
