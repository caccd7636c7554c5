/* syntax.c - one table of character classes and the checks that use it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/syntax.h"

enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8, ADDRESS = 16 };
enum { SEEN = VALUE | TARGET, WORD = TOKEN | SEEN | HOST };

/* TOKEN is RFC 9110's tchar, HOST what a registered name may hold, ADDRESS what stands between the
 * brackets of an IPv6 address. */
static const uint8_t classes[256] = {
    ['\t'] = VALUE,
    [' '] = VALUE,
    ['!'] = WORD,
    ['"'] = SEEN,
    ['#'] = TOKEN | VALUE,
    ['$' ... '\''] = WORD,
    ['('] = SEEN | HOST,
    [')'] = SEEN | HOST,
    ['*'] = WORD,
    ['+'] = WORD,
    [','] = SEEN | HOST,
    ['-'] = WORD,
    ['.'] = WORD | ADDRESS,
    ['/'] = SEEN,
    ['0' ... '9'] = WORD | ADDRESS,
    [':'] = SEEN | ADDRESS,
    [';'] = SEEN | HOST,
    ['<'] = SEEN,
    ['='] = SEEN | HOST,
    ['>'] = SEEN,
    ['?'] = SEEN,
    ['@'] = SEEN,
    ['A' ... 'F'] = WORD | ADDRESS,
    ['G' ... 'Z'] = WORD,
    ['['] = SEEN,
    ['\\'] = SEEN,
    [']'] = SEEN,
    ['^'] = TOKEN | SEEN,
    ['_'] = WORD,
    ['`'] = TOKEN | SEEN,
    ['a' ... 'f'] = WORD | ADDRESS,
    ['g' ... 'z'] = WORD,
    ['{'] = SEEN,
    ['|'] = TOKEN | SEEN,
    ['}'] = SEEN,
    ['~'] = WORD,
    [0x80 ... 0xff] = VALUE,
};

/* Length of the run of characters of that class at the start. */
static size_t run(str text, uint8_t class)
{
    size_t at = 0;

    while (at < text.len && classes[(uint8_t)text.data[at]] & class)
        at++;
    return at;
}

size_t syntax_token(str text)
{
    return run(text, TOKEN);
}

bool syntax_is_token(str text)
{
    return text.len > 0 && run(text, TOKEN) == text.len;
}

bool syntax_is_value(str text)
{
    return run(text, VALUE) == text.len;
}

bool syntax_is_target(str text)
{
    return text.len > 0 && run(text, TARGET) == text.len;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool syntax_is_version(str text)
{
    return text.len == 8 && str_starts(text, S("HTTP/")) && is_digit(text.data[5]) &&
           text.data[6] == '.' && is_digit(text.data[7]);
}

bool syntax_is_escaped_well(str text)
{
    for (ptrdiff_t at = str_find(text, '%'); at >= 0; at = str_find(text, '%')) {
        if (text.len - (size_t)at < 3 || str_hex(text.data[at + 1]) < 0 ||
            str_hex(text.data[at + 2]) < 0)
            return false;
        text = str_slice(text, (size_t)at + 3, text.len);
    }
    return true;
}

static bool is_port(str text)
{
    if (text.len == 0)
        return true;
    if (text.data[0] != ':' || text.len > 6)
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!is_digit(text.data[i]))
            return false;
    return true;
}

bool syntax_is_host(str text)
{
    size_t len;

    if (text.len && text.data[0] == '[') {
        str rest = str_slice(text, 1, text.len);

        len = run(rest, ADDRESS);
        return len >= 2 && len < rest.len && rest.data[len] == ']' &&
               is_port(str_slice(rest, len + 1, rest.len));
    }
    len = run(text, HOST);
    return len > 0 && syntax_is_escaped_well(str_slice(text, 0, len)) &&
           is_port(str_slice(text, len, text.len));
}

size_t syntax_quoted(str text)
{
    if (text.len == 0 || text.data[0] != '"')
        return 0;
    for (size_t at = 1; at < text.len; at++) {
        if (text.data[at] == '"')
            return at + 1;
        if (text.data[at] == '\\')
            at++;
        if (at == text.len || !(classes[(uint8_t)text.data[at]] & VALUE))
            return 0;
    }
    return 0;
}

size_t syntax_scheme(str text)
{
    static const str schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (str_equals_nocase(str_slice(text, 0, schemes[i].len), schemes[i]))
            return schemes[i].len;
    return 0;
}

size_t syntax_authority(str text)
{
    size_t at = 0;

    while (at < text.len && text.data[at] != '/' && text.data[at] != '?')
        at++;
    return at;
}
