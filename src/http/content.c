/* content.c - Content-Type and Content-Encoding.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/content.h"

static bool ends_nocase(str text, str end)
{
    return text.len >= end.len &&
           str_equals_nocase(str_slice(text, text.len - end.len, text.len), end);
}

bool content_is_unreadable(str type)
{
    str essence = str_trim(str_cut(&type, ';'));

    return str_equals_nocase(str_slice(essence, 0, 10), S("multipart/")) ||
           ends_nocase(essence, S("/xml")) || ends_nocase(essence, S("+xml"));
}

bool content_is_packed(str encoding, enum gunzip_format *out_format)
{
    bool is_deflate = str_equals_nocase(encoding, S("deflate"));

    *out_format = is_deflate ? GUNZIP_DEFLATE : GUNZIP_GZIP;
    return is_deflate || str_equals_nocase(encoding, S("gzip")) ||
           str_equals_nocase(encoding, S("x-gzip"));
}

bool content_is_known(str encoding)
{
    enum gunzip_format format;

    return encoding.len == 0 || str_equals_nocase(encoding, S("identity")) ||
           content_is_packed(encoding, &format);
}
