/* negotiate.c - Accept-Encoding and If-None-Match.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/negotiate.h"

/* The weight behind a coding: is it nothing ("q=0", "q=0.000")? What is no weight counts as one. */
static bool is_refused(str parameters)
{
    while (parameters.len) {
        str value = str_trim(str_cut(&parameters, ';'));
        str name = str_trim(str_cut(&value, '='));

        if (!str_equals_nocase(name, S("q")))
            continue;
        value = str_trim(value);
        if (!str_starts(value, S("0")))
            return false;
        for (size_t i = 1; i < value.len; i++)
            if (value.data[i] != '.' && value.data[i] != '0')
                return false;
        return true;
    }
    return false;
}

bool negotiate_gzip(str accept_encoding)
{
    bool takes_any = false;

    while (accept_encoding.len) {
        str parameters = str_cut(&accept_encoding, ',');
        str coding = str_trim(str_cut(&parameters, ';'));

        if (str_equals_nocase(coding, S("gzip")) || str_equals_nocase(coding, S("x-gzip")))
            return !is_refused(parameters); /* goes before "*", wherever that stands */
        if (str_equals(coding, S("*")))
            takes_any = !is_refused(parameters);
    }
    return takes_any;
}

bool negotiate_is_held(str if_none_match, str tag)
{
    while (if_none_match.len) {
        str held = str_trim(str_cut(&if_none_match, ','));

        if (str_starts(held, S("W/"))) /* a proxy may have made it weak, and the bytes are ours */
            held = str_slice(held, 2, held.len);
        if (str_equals(held, tag) || str_equals(held, S("*")))
            return true;
    }
    return false;
}
