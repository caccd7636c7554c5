/* key_origins.c - origins as RFC 6454 writes them: scheme, host and port, nothing behind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/key_origins.h"

#include "base/buf.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_alphanumeric(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_scheme(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_alphanumeric(text.data[i]) && !(i && str_find(S("+-."), text.data[i]) >= 0))
            return false;
    return text.len > 0;
}

static bool is_port(str text)
{
    uint64_t port;

    return str_to_u64(text, &port) && port > 0 && port < 65536;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(str text)
{
    bool is_address = str_starts(text, S("[")) && str_ends(text, S("]"));

    if (is_address)
        text = str_slice(text, 1, text.len - 1);
    for (size_t i = 0; i < text.len; i++)
        if (!is_alphanumeric(text.data[i]) &&
            str_find(is_address ? S(":.") : S("-._"), text.data[i]) < 0)
            return false;
    return text.len > 0 && !str_starts(text, S("."));
}

/* Where "//" ends behind the scheme, or 0. */
static size_t host_at(str origin)
{
    ptrdiff_t colon = str_find(origin, ':');

    if (colon < 1 || !is_scheme(str_slice(origin, 0, (size_t)colon)) ||
        !str_starts(str_slice(origin, (size_t)colon, origin.len), S("://")))
        return 0;
    return (size_t)colon + 3;
}

static void split_port(str rest, str *out_host, str *out_port)
{
    size_t end = rest.len;

    while (end && rest.data[end - 1] >= '0' && rest.data[end - 1] <= '9')
        end--;
    *out_host = rest;
    *out_port = (str){NULL, 0};
    if (end && rest.data[end - 1] == ':' && (rest.data[0] != '[' || rest.data[end - 2] == ']')) {
        *out_host = str_slice(rest, 0, end - 1);
        *out_port = str_slice(rest, end, rest.len);
    }
}

static bool is_origin(str text)
{
    size_t at = host_at(text);
    str rest = str_slice(text, at, text.len), host, port;

    if (!at || !rest.len || text.len > KEY_ORIGIN_LENGTH)
        return false;
    if (str_starts(rest, S("*.")))
        rest = str_slice(rest, 2, rest.len);
    if (!rest.len)
        return false;
    split_port(rest, &host, &port);
    return is_host(host) && (!port.data || is_port(port));
}

/* Without the port that browsers leave out. */
static str without_default_port(str origin)
{
    if (str_starts(origin, S("https://")) && str_ends(origin, S(":443")))
        origin.len -= 4;
    else if (str_starts(origin, S("http://")) && str_ends(origin, S(":80")))
        origin.len -= 3;
    return origin;
}

static fallible add(str origin, struct arena *mem, struct buf *out)
{
    char *text = arena_take(mem, origin.len);

    if (!text)
        return arena_exhausted();
    for (size_t i = 0; i < origin.len; i++)
        text[i] = lower(origin.data[i]);
    if (!is_origin((str){text, origin.len}))
        return fail(ERR_INVALID,
                    "\"%.*s\" is no origin: write scheme and host, as https://shop.example or "
                    "https://*.shop.example, and nothing behind",
                    origin.len < 100 ? (int)origin.len : 100, origin.data);
    if (out->len)
        buf_add_byte(out, ' ');
    buf_add(out, without_default_port((str){text, origin.len}));
    return OK;
}

fallible key_origins_read(str text, struct arena *mem, str *out_list)
{
    struct buf list = {0};
    size_t count = 0, end;
    enum err err = OK;

    for (size_t at = 0; !err && at < text.len; at = end + 1) {
        for (end = at; end < text.len && str_find(S(" ,\t\r\n"), text.data[end]) < 0;)
            end++;
        if (end == at)
            continue;
        if (++count > KEY_ORIGINS_MOST)
            err = fail(ERR_INVALID, "a key has at most %d origins", KEY_ORIGINS_MOST);
        else
            err = add(str_slice(text, at, end), mem, &list);
    }
    if (!err && count) {
        str kept = arena_dup(mem, buf_str(&list));

        if (buf_is_broken(&list) || !kept.data)
            err = arena_exhausted();
        else
            *out_list = kept;
    } else if (!err) {
        *out_list = (str){NULL, 0};
    }
    buf_done(&list);
    return err;
}

static bool is_one(str listed, str origin)
{
    size_t at = host_at(listed);
    str behind = str_slice(listed, at + 1, listed.len); /* of "*": ".shop.example" */

    if (listed.data[at] != '*')
        return str_equals_nocase(listed, origin);
    return origin.len > at + behind.len &&
           str_equals_nocase(str_slice(origin, 0, at), str_slice(listed, 0, at)) &&
           str_equals_nocase(str_slice(origin, origin.len - behind.len, origin.len), behind) &&
           is_host(str_slice(origin, at, origin.len - behind.len));
}

bool key_origins_have(str list, str origin)
{
    while (origin.len && list.data)
        if (is_one(str_cut(&list, ' '), origin))
            return true;
    return false;
}

str key_origins_of_page(str url)
{
    size_t at = host_at(url), end;

    for (end = at; at && end < url.len && str_find(S("/?#"), url.data[end]) < 0;)
        end++;
    return at && end > at ? str_slice(url, 0, end) : (str){NULL, 0};
}
