/* import_codec.c - a text cut into lines.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_codec.h"

bool import_codec_next_line(void *state, str *rest, bool is_last, struct import_row *out_row)
{
    ptrdiff_t end = str_find(*rest, '\n');
    str text = end < 0 ? *rest : str_slice(*rest, 0, (size_t)end);

    (void)state;
    if (end < 0 && !is_last)
        return false;
    *rest = str_slice(*rest, text.len + (end >= 0), rest->len);
    if (str_ends(text, S("\r")))
        text.len--;
    *out_row = (struct import_row){text, 1, 1, 0};
    return true;
}
