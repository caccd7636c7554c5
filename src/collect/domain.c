/* domain.c - ICU's UTS 46 and libpsl's list behind two functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/domain.h"

#include "sys/address.h"

#include <libpsl.h>
#include <string.h>
#include <unicode/uidna.h>

enum { MOST = 1000 }; /* bytes looked at; no name that DNS carries has more than 253 */

static const uint32_t RULES = UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                              UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE;

fallible domain_ascii(str name, struct arena *mem, str *out_ascii)
{
    UErrorCode code = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UIDNA *rules;
    char *text;
    int32_t len;

    *out_ascii = (str){NULL, 0};
    if (!name.len || name.len > MOST)
        return OK;
    rules = uidna_openUTS46(RULES, &code);
    text = arena_take(mem, MOST);
    if (U_FAILURE(code) || !text) {
        uidna_close(rules);
        return arena_exhausted();
    }
    len = uidna_nameToASCII_UTF8(rules, name.data, (int32_t)name.len, text, MOST, &info, &code);
    uidna_close(rules);
    if (U_SUCCESS(code) && !info.errors && len > 0 && len <= MOST)
        *out_ascii = str_from(text, (size_t)len);
    return OK;
}

fallible domain_registrable(str name, struct arena *mem, str *out_registrable)
{
    const char *found = NULL;
    struct address address;
    char *lower = NULL;
    str text = arena_dup(mem, name);

    *out_registrable = (str){NULL, 0};
    if (!text.data)
        return arena_exhausted();
    if (!name.len || name.len > MOST || *name.data == '.' || str_contains(name, S("..")) ||
        memchr(name.data, 0, name.len) || address_read(name, &address))
        return OK;
    if (psl_str_to_utf8lower(text.data, "utf-8", NULL, &lower) != PSL_SUCCESS)
        return OK;
    found = psl_registrable_domain(psl_builtin(), lower);
    if (found)
        *out_registrable = arena_dup(mem, str_of(found));
    psl_free_string(lower);
    return found && !out_registrable->data ? arena_exhausted() : OK;
}
