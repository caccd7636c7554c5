/* import_text.c - JSON text for rows of imported files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_text.h"

#include "base/utf8.h"

static const uint64_t ONES = UINT64_C(0x0101010101010101), HIGHS = UINT64_C(0x8080808080808080);

/* Not zero when one of the eight bytes is a quote, a backslash or a control character. */
static inline uint64_t has_special(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"'), slash = word ^ (ONES * '\\');

    return (((word - ONES * 0x20) & ~word) | ((quote - ONES) & ~quote) |
            ((slash - ONES) & ~slash)) &
           HIGHS;
}

static char *add_escaped(char *at, char c)
{
    static const char hex[] = "0123456789abcdef";

    *at++ = '\\';
    switch (c) {
    case '"':
    case '\\':
        *at++ = c;
        return at;
    case '\n':
        *at++ = 'n';
        return at;
    case '\r':
        *at++ = 'r';
        return at;
    case '\t':
        *at++ = 't';
        return at;
    default:
        at = import_text_add(at, S("u00"));
        *at++ = hex[(unsigned char)c >> 4];
        *at++ = hex[(unsigned char)c & 15];
        return at;
    }
}

char *import_text_quoted(char *at, str text)
{
    const char *from = text.data, *end = from + text.len;

    *at++ = '"';
    while (from < end) {
        if (end - from >= 8) {
            uint64_t word;

            memcpy(&word, from, sizeof word);
            if (!has_special(word)) {
                memcpy(at, &word, sizeof word);
                at += sizeof word;
                from += sizeof word;
                continue;
            }
        }
        if ((unsigned char)*from < 0x20 || *from == '"' || *from == '\\')
            at = add_escaped(at, *from++);
        else
            *at++ = *from++;
    }
    *at++ = '"';
    return at;
}

char *import_text_u64(char *at, uint64_t number)
{
    char digits[20];
    size_t first = sizeof digits;

    do
        digits[--first] = (char)('0' + number % 10);
    while (number /= 10);
    memcpy(at, digits + first, sizeof digits - first);
    return at + sizeof digits - first;
}

static char *add_padded(char *at, uint32_t number, int width)
{
    for (int i = width; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + width;
}

char *import_text_time(char *at, millis time)
{
    int64_t days = time / MILLIS_DAY - (time % MILLIS_DAY < 0);
    uint32_t of_day = (uint32_t)(time - days * MILLIS_DAY);
    int year, month, day;

    time_civil(days, &year, &month, &day);
    at = add_padded(at, (uint32_t)year, 4);
    *at++ = '-';
    at = add_padded(at, (uint32_t)month, 2);
    *at++ = '-';
    at = add_padded(at, (uint32_t)day, 2);
    *at++ = 'T';
    at = add_padded(at, of_day / 3600000, 2);
    *at++ = ':';
    at = add_padded(at, of_day / 60000 % 60, 2);
    *at++ = ':';
    at = add_padded(at, of_day / 1000 % 60, 2);
    *at++ = '.';
    at = add_padded(at, of_day % 1000, 3);
    *at++ = 'Z';
    return at;
}

char *import_text_keep(char *at, str *text)
{
    if (!text->data)
        return at;
    memcpy(at, text->data, text->len);
    text->data = at;
    return at + text->len;
}

char *import_text_id(char *at, str file_id, uint64_t line, str *out_id)
{
    char *start;

    *at++ = '"';
    start = at;
    at = import_text_add(at, file_id);
    at = import_text_u64(at, line);
    *out_id = str_from(start, (size_t)(at - start));
    *at++ = '"';
    return at;
}

bool import_text_is_utf8(str text)
{
    const char *at = text.data, *end = at + text.len;
    uint64_t all = 0, word = 0;

    for (; end - at >= 8; at += 8) {
        memcpy(&word, at, sizeof word);
        all |= word;
    }
    word = 0;
    if (at < end)
        memcpy(&word, at, (size_t)(end - at));
    return !((all | word) & HIGHS) || utf8_is_valid(text);
}
