/* headers.c - headers of a request written as lines.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/headers.h"

str headers_find(const void *lines, str name)
{
    str rest = str_of(lines);

    while (rest.len) {
        str line = str_cut(&rest, '\n'), key = str_cut(&line, ':');

        if (str_equals_nocase(key, name))
            return str_trim(line);
    }
    return (str){NULL, 0};
}

str headers_name_at(const void *lines, size_t i)
{
    str rest = str_of(lines), line = {NULL, 0};

    for (size_t at = 0; at <= i; at++)
        line = str_cut(&rest, '\n');
    return str_cut(&line, ':');
}

size_t headers_count(const char *lines)
{
    str rest = str_of(lines);
    size_t count = 0;

    for (; rest.len; count++)
        (void)str_cut(&rest, '\n');
    return count;
}
