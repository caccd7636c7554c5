/* credentials.c - UTS 46 for domains, ICU's NFKC for passwords.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/credentials.h"

#include "base/utf8.h"
#include "collect/domain.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>

enum { LOCAL_MOST = 64, PASSWORD_MOST = 1024, GROWTH = 18 };

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static str trim(str text)
{
    while (text.len && is_blank(text.data[0]))
        text = str_slice(text, 1, text.len);
    while (text.len && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* A dot-atom of RFC 5322, with what RFC 6532 adds: no quotes, which nobody has and many misread. */
static bool is_local_part(str text)
{
    if (!text.len || text.len > LOCAL_MOST || !utf8_is_valid(text) || text.data[0] == '.' ||
        text.data[text.len - 1] == '.' || str_contains(text, S("..")))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte <= ' ' || byte == 127 || str_find(S("()<>[]:;@\\,\""), (char)byte) >= 0)
            return false;
    }
    return true;
}

fallible credentials_email(str typed, struct arena *mem, str *out_email)
{
    str email = trim(typed), local, domain, ascii;
    size_t at = email.len;

    while (at && email.data[at - 1] != '@')
        at--;
    if (!at)
        return fail(ERR_INVALID, "\"email\" must be an e-mail address as ann@shop.example");
    local = str_slice(email, 0, at - 1);
    domain = str_slice(email, at, email.len);
    TRY(domain_ascii(domain, mem, &ascii));
    if (!is_local_part(local) || !ascii.data || ascii.data[ascii.len - 1] == '.' ||
        local.len + 1 + ascii.len > CREDENTIALS_EMAIL_MOST)
        return fail(ERR_INVALID, "\"email\" must be an e-mail address as ann@shop.example");
    *out_email = arena_print(mem, "%.*s@%.*s", STR_ARG(local), STR_ARG(ascii));
    return out_email->data ? OK : arena_exhausted();
}

static fallible normalise(str typed, struct arena *mem, str *out_password)
{
    int32_t room = (int32_t)typed.len * GROWTH + 1, len, bytes;
    UChar *wide = arena_array(mem, typed.len + 1, sizeof *wide);
    UChar *normal = arena_array(mem, (size_t)room, sizeof *normal);
    char *text = arena_array(mem, (size_t)room, 3);
    UErrorCode code = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFKCInstance(&code);

    if (!wide || !normal || !text)
        return arena_exhausted();
    u_strFromUTF8(wide, (int32_t)typed.len + 1, &len, typed.data, (int32_t)typed.len, &code);
    len = unorm2_normalize(form, wide, len, normal, room, &code);
    u_strToUTF8(text, 3 * room, &bytes, normal, len, &code);
    if (U_FAILURE(code))
        return fail(ERR_INVALID, "\"password\" must be text");
    *out_password = (str){text, (size_t)bytes};
    return OK;
}

fallible credentials_password(str typed, struct arena *mem, str *out_password)
{
    if (typed.len > PASSWORD_MOST || !utf8_is_valid(typed)) {
        *out_password = str_slice(typed, 0, PASSWORD_MOST);
        return OK;
    }
    return normalise(typed, mem, out_password);
}
