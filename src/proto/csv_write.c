/* csv_write.c - rows of comma-separated values by RFC 4180.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/csv_write.h"

/* Spaces at an end are quoted too: some readers trim what is bare. */
static bool needs_quotes(str text)
{
    for (size_t i = 0; i < text.len; i++)
        switch (text.data[i]) {
        case ',':
        case '"':
        case '\r':
        case '\n':
            return true;
        default:
            break;
        }
    return text.len && str_trim(text).len != text.len;
}

void csv_write_cell(struct csv_writer *w, str text)
{
    if (w->is_begun)
        buf_add_byte(w->out, ',');
    w->is_begun = true;
    if (!needs_quotes(text)) {
        buf_add(w->out, text);
        return;
    }
    buf_add_byte(w->out, '"');
    for (str rest = text; rest.data;) {
        buf_add(w->out, str_cut(&rest, '"'));
        if (rest.data)
            buf_add(w->out, S("\"\""));
    }
    buf_add_byte(w->out, '"');
}

void csv_write_end(struct csv_writer *w)
{
    buf_add(w->out, S("\r\n"));
    w->is_begun = false;
}
