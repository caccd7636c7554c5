/* network.c - the first half of an IPv6 address.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/network.h"

#include <string.h>

enum { GROUPS = 8, SHOWN = 4, GROUP = 4 };

static size_t split(str text, str *groups)
{
    size_t count = 0;

    while (text.data && count <= GROUPS)
        groups[count++] = str_cut(&text, ':');
    return count;
}

static void add(char *text, size_t *len, str group)
{
    while (group.len > 1 && group.data[0] == '0')
        group = str_slice(group, 1, group.len);
    memcpy(text + *len, group.data, group.len);
    text[*len + group.len] = ':';
    *len += group.len + 1;
}

str network_of(str address, char *text)
{
    size_t zeros = GROUPS, shown = 0, len = 0, count;
    str groups[GROUPS + 1];

    if (str_find(address, ':') < 0 || str_find(address, '.') >= 0)
        return address;
    count = split(address, groups);
    for (size_t i = 0; i < count; i++) {
        if (groups[i].len > GROUP || (groups[i].len && !zeros--))
            return address;
    }
    for (size_t i = 0; i < count; i++) {
        for (; !groups[i].len && zeros; zeros--) /* "::" stands for all that are missing */
            if (shown++ < SHOWN)
                add(text, &len, S("0"));
        if (groups[i].len && shown++ < SHOWN)
            add(text, &len, groups[i]);
    }
    return str_from(text, len);
}
