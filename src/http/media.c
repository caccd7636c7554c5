/* media.c - media types and content codings by their names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/media.h"

bool media_is_unreadable(str type)
{
    str essence = str_trim(str_cut(&type, ';'));

    return str_equals_nocase(str_slice(essence, 0, 10), S("multipart/")) ||
           (essence.len >= 4 &&
            (str_equals_nocase(str_slice(essence, essence.len - 4, essence.len), S("/xml")) ||
             str_equals_nocase(str_slice(essence, essence.len - 4, essence.len), S("+xml"))));
}

bool media_is_packed(str coding, enum gunzip_format *out_format)
{
    bool is_deflate = str_equals_nocase(coding, S("deflate"));

    if (!is_deflate && !str_equals_nocase(coding, S("gzip")) &&
        !str_equals_nocase(coding, S("x-gzip")))
        return false;
    *out_format = is_deflate ? GUNZIP_DEFLATE : GUNZIP_GZIP;
    return true;
}

bool media_is_known_coding(str coding)
{
    enum gunzip_format format;

    return coding.len == 0 || str_equals_nocase(coding, S("identity")) ||
           media_is_packed(coding, &format);
}
