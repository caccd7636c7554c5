/* cookie.c - RFC 6265 as far as one cookie needs it; Origin, Sec-Fetch-Site and a token.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/cookie.h"

#include "store/sessions.h"

#include <sodium.h>

#define SECURE_NAME S("__Host-myriad")
#define PLAIN_NAME S("myriad_session")
#define MEANING S("csrf")

enum { HASH = 32, BASE64URL = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

static str name_of(const struct exchange *x)
{
    return exchange_request(x)->is_secure ? SECURE_NAME : PLAIN_NAME;
}

/* The first of that name that can be a token: others may have set more of the plain name. */
static str find_in(str header, str name)
{
    while (header.data) {
        str value = str_trim(str_cut(&header, ';'));
        str found = str_cut(&value, '=');

        if (str_equals(found, name) && value.len == SESSIONS_TOKEN)
            return value;
    }
    return (str){NULL, 0};
}

str cookie_find(const struct exchange *x)
{
    const struct http_request *request = exchange_request(x);
    str found = {NULL, 0};

    for (size_t i = 0; !found.data && i < request->header_count; i++)
        if (str_equals_nocase(request->headers[i].name, S("Cookie")))
            found = find_in(request->headers[i].value, name_of(x));
    return found;
}

static void set(struct exchange *x, str token, int64_t seconds)
{
    struct buf line = {0};

    buf_print(&line, "%.*s=%.*s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
              STR_ARG(name_of(x)), STR_ARG(token), (long long)seconds,
              exchange_request(x)->is_secure ? "; Secure" : "");
    exchange_add_header(x, S("Set-Cookie"), buf_str(&line));
    buf_done(&line);
}

void cookie_give(struct exchange *x, str token)
{
    set(x, token, SESSIONS_LONGEST / MILLIS_SECOND);
}

void cookie_end(struct exchange *x)
{
    set(x, S(""), 0);
}

void cookie_csrf(str token, char out[COOKIE_CSRF + 1])
{
    unsigned char hash[HASH];

    crypto_generichash(hash, HASH, (const unsigned char *)MEANING.data, MEANING.len,
                       (const unsigned char *)token.data, token.len);
    sodium_bin2base64(out, COOKIE_CSRF + 1, hash, HASH, BASE64URL);
}

/* Is it this very server's? Behind a proxy that is not trusted nobody knows whether it is https. */
static bool is_our_origin(const struct exchange *x, str origin)
{
    str host = exchange_header(x, S("Host"));

    if (str_starts(origin, S("https://")))
        origin = str_slice(origin, 8, origin.len);
    else if (str_starts(origin, S("http://")) && !exchange_request(x)->is_secure)
        origin = str_slice(origin, 7, origin.len);
    else
        return false;
    return host.len && str_equals_nocase(origin, host);
}

fallible cookie_check_origin(const struct exchange *x, bool must_tell)
{
    str origin = exchange_header(x, S("Origin"));
    str site = exchange_header(x, S("Sec-Fetch-Site"));

    if (origin.data && !is_our_origin(x, origin))
        return fail(ERR_DENIED, "another site's page sends this (\"Origin\"), which none may");
    if (site.data && !str_equals(site, S("same-origin")))
        return fail(ERR_DENIED,
                    "another site's page sends this (\"Sec-Fetch-Site\"), which none may");
    if (must_tell && !origin.data && !site.data)
        return fail(ERR_DENIED, "a change by a session tells its \"Origin\", as browsers do");
    return OK;
}

/* Other sites may not even make a browser look, but the user may follow a link of hers. */
static fallible check_look(const struct exchange *x)
{
    str site = exchange_header(x, S("Sec-Fetch-Site"));

    if (site.data && !str_equals(site, S("same-origin")) && !str_equals(site, S("none")))
        return fail(ERR_DENIED,
                    "another site's page asks this (\"Sec-Fetch-Site\"), which none may");
    return OK;
}

fallible cookie_check_request(const struct exchange *x, str token)
{
    enum http_method method = exchange_request(x)->method;
    str given = exchange_header(x, S("X-CSRF-Token"));
    char wanted[COOKIE_CSRF + 1];

    if (method == HTTP_GET || method == HTTP_HEAD)
        return check_look(x);
    TRY(cookie_check_origin(x, true));
    cookie_csrf(token, wanted);
    if (!str_equals_secret(given, (str){wanted, COOKIE_CSRF}))
        return fail(ERR_DENIED, "a change by a session needs its token in X-CSRF-Token: GET "
                                "/api/me tells it as \"csrf\"");
    return OK;
}
