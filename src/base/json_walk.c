/* json_walk.c - finding values in a parsed document and reading them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"

#include "base/number.h"
#include "base/utf8.h"

#include <string.h>

enum json_type json_type_of(const struct json *doc, uint32_t at)
{
    return (enum json_type)doc->nodes[at].type;
}

/* What stands between a string's quotes, escapes and all. */
static str inside(const struct json *doc, uint32_t at)
{
    const struct json_node *node = &doc->nodes[at];

    return str_slice(doc->text, node->start, node->end - 1);
}

static uint32_t hex4(const char *at)
{
    uint32_t code = 0;

    for (int i = 0; i < 4; i++) {
        uint32_t c = (unsigned char)at[i];
        code = code << 4 | (c <= '9' ? c - '0' : (c | 0x20u) - 'a' + 10u);
    }
    return code;
}

/* The code point of the \u at `*at`, which moves behind it; the reader has checked the digits. */
static uint32_t take_code(const char **at, const char *end)
{
    uint32_t code = hex4(*at + 2), low;

    *at += 6;
    if (code < 0xD800 || code > 0xDFFF)
        return code;
    if (code < 0xDC00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        low = hex4(*at + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *at += 6;
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return 0xFFFD;
}

/* Resolves the escape at `*at`, which moves behind it. */
static size_t take_escape(const char **at, const char *end, char out[UTF8_LONGEST])
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    char letter = (*at)[1];
    const char *found;

    if (letter == 'u')
        return utf8_encode(take_code(at, end), out);
    found = memchr(letters, letter, sizeof letters - 1);
    out[0] = found ? meanings[found - letters] : letter;
    *at += 2;
    return 1;
}

str json_string(const struct json *doc, uint32_t at, struct arena *mem)
{
    str text;
    const char *from, *end;
    char *value, *to;

    if (doc->nodes[at].type != JSON_STRING)
        return (str){NULL, 0};
    text = inside(doc, at);
    if (!doc->nodes[at].is_escaped)
        return text;
    value = to = arena_take(mem, text.len); /* no escape is shorter than what it stands for */
    if (!value)
        return (str){NULL, 0};
    end = text.data + text.len;
    for (from = text.data; from < end;) {
        const char *escape = memchr(from, '\\', (size_t)(end - from));
        size_t plain = (size_t)((escape ? escape : end) - from);
        memcpy(to, from, plain);
        to += plain;
        from += plain;
        if (escape) {
            char resolved[UTF8_LONGEST];
            size_t len = take_escape(&from, end, resolved);
            memcpy(to, resolved, len);
            to += len;
        }
    }
    return str_from(value, (size_t)(to - value));
}

static bool is_escaped_equal(str escaped, str text)
{
    const char *at = escaped.data, *end = at + escaped.len;

    while (at < end) {
        char resolved[UTF8_LONGEST] = {*at};
        size_t len = 1;
        if (*at == '\\')
            len = take_escape(&at, end, resolved);
        else
            at++;
        if (text.len < len || memcmp(text.data, resolved, len) != 0)
            return false;
        text = str_slice(text, len, text.len);
    }
    return text.len == 0;
}

bool json_is_string(const struct json *doc, uint32_t at, str text)
{
    if (doc->nodes[at].type != JSON_STRING)
        return false;
    return doc->nodes[at].is_escaped ? is_escaped_equal(inside(doc, at), text)
                                     : str_equals(inside(doc, at), text);
}

uint32_t json_find(const struct json *doc, uint32_t object, str key)
{
    uint32_t found = JSON_ABSENT;

    if (doc->nodes[object].type != JSON_OBJECT)
        return JSON_ABSENT;
    EACH_MEMBER(doc, object, name, value)
    {
        const struct json_node *node = &doc->nodes[name];

        if ((node->is_escaped || node->end - 1 - node->start == key.len) &&
            json_is_string(doc, name, key))
            found = value;
    }
    return found;
}

str json_raw(const struct json *doc, uint32_t at)
{
    const struct json_node *node = &doc->nodes[at];

    return str_slice(doc->text, node->start - (node->type == JSON_STRING), node->end);
}

bool json_to_i64(const struct json *doc, uint32_t at, int64_t *out_number)
{
    struct number number;

    if (doc->nodes[at].type != JSON_NUMBER)
        return false;
    if (str_to_i64(json_raw(doc, at), out_number))
        return true;
    if (!number_split(json_raw(doc, at), &number) || number.is_cut || number.exponent < 0)
        return false;
    for (; number.exponent > 0; number.exponent--)
        if (__builtin_mul_overflow(number.digits, 10u, &number.digits))
            return false;
    if (number.digits > (uint64_t)INT64_MAX + number.is_negative)
        return false;
    *out_number = (int64_t)(number.is_negative ? 0 - number.digits : number.digits);
    return true;
}

bool json_to_double(const struct json *doc, uint32_t at, double *out_number)
{
    return doc->nodes[at].type == JSON_NUMBER && number_to_double(json_raw(doc, at), out_number);
}

/* The first node that starts at or behind `place`; they stand in the order of the text. */
static uint32_t node_from(const struct json *doc, uint32_t place)
{
    uint32_t low = 0, high = doc->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (doc->nodes[middle].start < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct json_defect *json_defect_in(const struct json *doc, uint32_t at)
{
    const struct json_node *node = &doc->nodes[at];
    uint32_t low = 0, high = doc->defect_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (doc->defects[middle].at < node->start)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < doc->defect_count && doc->defects[low].at < node->end; low++) {
        const struct json_defect *defect = &doc->defects[low];
        if (defect->kind != JSON_TOO_DEEP ||
            doc->nodes[node_from(doc, defect->at)].depth > node->depth + JSON_DEPTH)
            return defect;
    }
    return NULL;
}

const char *json_defect_text(enum json_defect_kind kind)
{
    switch (kind) {
    case JSON_BAD_NUMBER:
        return "a number is too large for double precision";
    case JSON_LONE_SURROGATE:
        return "a \\u escape holds half of a surrogate pair";
    case JSON_BAD_UTF8:
        return "a text is not UTF-8";
    case JSON_TOO_DEEP:
        return "it is nested more than 32 levels deep";
    }
    return "it is damaged";
}
