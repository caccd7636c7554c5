/* view_text.c - allow-lists of names, pages and addresses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/view_text.h"

#include "base/utf8.h"

static bool is_letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static bool is_control(char byte)
{
    return (unsigned char)byte < ' ' || byte == 127;
}

fallible view_text_check_name(str name)
{
    size_t characters = utf8_line(name);

    return characters && characters <= VIEW_TEXT_NAME
               ? OK
               : fail(ERR_INVALID, "\"name\" is one line of 1 to %d characters, not only spaces",
                      VIEW_TEXT_NAME);
}

fallible view_text_check_page(str page)
{
    bool is_fine = page.len >= 1 && page.len <= VIEW_TEXT_PAGE;

    for (size_t i = 0; i < page.len && is_fine; i++)
        is_fine = (page.data[i] >= 'a' && page.data[i] <= 'z') ||
                  (page.data[i] >= '0' && page.data[i] <= '9') || page.data[i] == '-';
    return is_fine ? OK
                   : fail(ERR_INVALID, "\"page\" has 1 to %d lower-case letters, digits and \"-\"",
                          VIEW_TEXT_PAGE);
}

/* What a parameter's name may hold; its value besides: "=:,;@/?$". */
static bool may_stand(char byte, bool is_in_value)
{
    return is_letter_or_digit(byte) || str_find(S("-._~*+!()"), byte) >= 0 ||
           (is_in_value && str_find(S("=:,;@/?$"), byte) >= 0);
}

/* The byte of "%XX" at `at`, or -1. */
static int escaped(str text, size_t at)
{
    int high, low;

    if (at + 2 >= text.len)
        return -1;
    high = str_hex(text.data[at + 1]);
    low = str_hex(text.data[at + 2]);
    return high < 0 || low < 0 ? -1 : 16 * high + low;
}

fallible view_text_check_address(str address, struct arena *mem)
{
    char *decoded;
    size_t len = 0;
    bool is_in_value = false;

    if (address.len > VIEW_TEXT_ADDRESS)
        return fail(ERR_INVALID, "\"address\" has at most %d bytes", VIEW_TEXT_ADDRESS);
    decoded = arena_take(mem, address.len + 1);
    if (!decoded)
        return arena_exhausted();
    for (size_t i = 0; i < address.len; i++) {
        char byte = address.data[i];

        if (byte == '&' || (byte == '=' && !is_in_value)) {
            is_in_value = byte == '=';
        } else if (byte == '%') {
            int code = escaped(address, i);

            if (code < 0 || is_control((char)code))
                return fail(ERR_INVALID,
                            "\"address\" holds a \"%%\" that stands for no character "
                            "of text, at byte %zu",
                            i);
            byte = (char)code;
            i += 2;
        } else if (!may_stand(byte, is_in_value)) {
            return fail(ERR_INVALID,
                        "\"address\" must be the query string of a page, as "
                        "\"from=2026-01-01&by=country\", encoded and without its "
                        "\"?\": byte %zu cannot stand there",
                        i);
        }
        decoded[len++] = byte;
    }
    /* A page that decodes it would stumble over anything else. */
    if (!utf8_is_valid((str){decoded, len}))
        return fail(ERR_INVALID, "\"address\" is not UTF-8 where it is decoded");
    return OK;
}
