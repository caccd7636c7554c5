/* utf8.c - UTF-8 by the table of well-formed sequences of the Unicode standard (3.9, D92).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"

struct lead {
    unsigned char len;    /* of the whole character; 0 for a byte that starts none */
    unsigned char lowest; /* what the second byte may be */
    unsigned char highest;
};

static struct lead lead_of(unsigned char byte)
{
    if (byte < 0xC2 || byte > 0xF4)
        return (struct lead){0};
    if (byte < 0xE0)
        return (struct lead){2, 0x80, 0xBF};
    if (byte < 0xF0) /* no overlong forms, no surrogates */
        return (struct lead){3, byte == 0xE0 ? 0xA0 : 0x80, byte == 0xED ? 0x9F : 0xBF};
    return (struct lead){4, byte == 0xF0 ? 0x90 : 0x80, byte == 0xF4 ? 0x8F : 0xBF};
}

size_t utf8_step(const char *at, const char *end, bool *out_is_valid)
{
    const unsigned char *bytes = (const unsigned char *)at;
    size_t room = (size_t)(end - at);
    struct lead lead;

    *out_is_valid = bytes[0] < 0x80;
    if (*out_is_valid)
        return 1;
    lead = lead_of(bytes[0]);
    if (lead.len == 0 || room < 2 || bytes[1] < lead.lowest || bytes[1] > lead.highest)
        return 1;
    for (size_t i = 2; i < lead.len; i++)
        if (i == room || (bytes[i] & 0xC0) != 0x80)
            return i;
    *out_is_valid = true;
    return lead.len;
}

bool utf8_is_valid(str text)
{
    const char *end = text.data + text.len;
    bool is_valid = true;

    for (const char *at = text.data; at < end && is_valid;)
        at += utf8_step(at, end, &is_valid);
    return is_valid;
}

size_t utf8_line(str text)
{
    const char *end = text.data + text.len;
    size_t characters = 0;
    bool is_valid = true;

    for (const char *at = text.data; at < end; characters++) {
        if ((unsigned char)*at < ' ' || *at == 127)
            return 0;
        at += utf8_step(at, end, &is_valid);
        if (!is_valid)
            return 0;
    }
    return str_trim(text).len ? characters : 0;
}

size_t utf8_encode(uint32_t code, char out[UTF8_LONGEST])
{
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(marks[len] | code);
    return len;
}
