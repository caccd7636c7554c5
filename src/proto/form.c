/* form.c - pairs found and decoded in one pass, none of it kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/form.h"

str form_decode(struct arena *mem, str text, bool plus_is_space)
{
    char *out;
    size_t len = 0;

    if (str_find(text, '%') < 0 && !(plus_is_space && str_find(text, '+') >= 0))
        return text;
    out = arena_take(mem, text.len);
    if (!out)
        return (str){NULL, 0};
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%' && text.len - i > 2 && str_hex(text.data[i + 1]) >= 0 &&
                   str_hex(text.data[i + 2]) >= 0) {
            c = (char)(str_hex(text.data[i + 1]) << 4 | str_hex(text.data[i + 2]));
            i += 2;
        }
        out[len++] = c;
    }
    return (str){out, len};
}

bool form_next(str *rest, str *out_name, str *out_value)
{
    while (rest->data) {
        str value = str_cut(rest, '&');
        str name = str_cut(&value, '=');

        if (!name.len && !value.data)
            continue;
        *out_name = name;
        *out_value = value.data ? value : S("");
        return true;
    }
    return false;
}

str form_find(str text, str name, struct arena *mem)
{
    str key, value;

    while (form_next(&text, &key, &value))
        if (str_equals(form_decode(mem, key, true), name))
            return form_decode(mem, value, true);
    return (str){NULL, 0};
}
