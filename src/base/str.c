/* str.c - views of text and bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/str.h"

#include <string.h>

str str_of(const char *text)
{
    return text ? (str){text, strlen(text)} : (str){NULL, 0};
}

str str_from(const void *data, size_t len)
{
    return (str){data, len};
}

bool str_equals(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_equals_nocase(str a, str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

int str_compare(str a, str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(str text, str prefix)
{
    return text.len >= prefix.len && str_equals(str_slice(text, 0, prefix.len), prefix);
}

bool str_ends(str text, str suffix)
{
    return text.len >= suffix.len &&
           str_equals(str_slice(text, text.len - suffix.len, text.len), suffix);
}

bool str_contains(str text, str part)
{
    return part.len == 0 || (text.len && memmem(text.data, text.len, part.data, part.len));
}

ptrdiff_t str_find(str text, char byte)
{
    const char *at = text.len ? memchr(text.data, byte, text.len) : NULL;

    return at ? at - text.data : -1;
}

str str_slice(str text, size_t from, size_t to)
{
    to = to > text.len ? text.len : to;
    from = from > to ? to : from;
    return (str){text.data + from, to - from};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

str str_trim(str text)
{
    while (text.len && is_blank(text.data[0]))
        text = str_slice(text, 1, text.len);
    while (text.len && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

str str_cut(str *rest, char separator)
{
    ptrdiff_t at = str_find(*rest, separator);
    str head = *rest;

    if (at < 0) {
        *rest = (str){NULL, 0};
        return head;
    }
    head.len = (size_t)at;
    *rest = str_slice(*rest, (size_t)at + 1, rest->len);
    return head;
}

bool str_to_u64(str text, uint64_t *out_number)
{
    uint64_t number = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *out_number = number;
    return true;
}

bool str_to_i64(str text, int64_t *out_number)
{
    bool negative = text.len && text.data[0] == '-';
    uint64_t size;

    if (!str_to_u64(negative ? str_slice(text, 1, text.len) : text, &size))
        return false;
    if (size > (uint64_t)INT64_MAX + negative)
        return false;
    *out_number = negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

int str_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool str_equals_secret(str a, str b)
{
    unsigned char different = a.len != b.len;

    for (size_t i = 0; i < a.len && i < b.len; i++)
        different |= (unsigned char)(a.data[i] ^ b.data[i]);
    return !different;
}
