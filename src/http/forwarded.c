/* forwarded.c - X-Forwarded-For and RFC 7239, read from hostile bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A list is told from left to right, and what was told is revised: an address that is not trusted
 * replaces everything before it, and so does an entry that is none.
 */
#include "http/forwarded.h"

#include "http/syntax.h"

struct hop {
    struct address address;
    bool has_address;
    bool has_scheme;
    bool is_secure;
};

/* "203.0.113.7", "203.0.113.7:80", "2001:db8::7", "[2001:db8::7]" or "[2001:db8::7]:80". */
static bool read_node(str text, struct address *out)
{
    uint64_t port;
    str rest = text, name;

    if (str_starts(text, S("["))) {
        rest = str_slice(text, 1, text.len);
        name = str_cut(&rest, ']');
        if (!rest.data || (rest.len && !str_starts(rest, S(":"))))
            return false;
        rest = rest.len ? str_slice(rest, 1, rest.len) : (str){NULL, 0};
        if (!address_read(name, out) || out->is_four)
            return false;
    } else {
        name = str_cut(&rest, ':');
        if (rest.data && str_find(rest, ':') >= 0) {
            name = text; /* more colons than one: IPv6 without brackets, so no port */
            rest = (str){NULL, 0};
        }
        if (!address_read(name, out))
            return false;
    }
    if (rest.data && (!str_to_u64(rest, &port) || port > UINT16_MAX))
        return false;
    networks_unmap(out);
    return true;
}

static void take_hop(const struct hop *hop, const struct networks *trusted, struct forwarded *out)
{
    bool is_trusted = hop->has_address && networks_have(trusted, &hop->address);

    if (is_trusted && out->has_client)
        return;
    out->has_client = hop->has_address;
    out->client = hop->address;
    out->has_scheme = hop->has_scheme;
    out->is_secure = hop->is_secure;
}

/* X-Forwarded-For */

static void read_list(str value, const struct networks *trusted, struct forwarded *out)
{
    while (value.len) {
        str entry = str_trim(str_cut(&value, ','));
        struct hop hop = {0};

        if (!entry.len)
            continue;
        hop.has_address = read_node(entry, &hop.address);
        take_hop(&hop, trusted, out);
    }
}

static bool read_scheme(str text, bool *out_is_secure)
{
    *out_is_secure = str_equals_nocase(text, S("https"));
    return *out_is_secure || str_equals_nocase(text, S("http"));
}

/* The nearest proxy has the last word. */
static void read_proto(str value, struct forwarded *out)
{
    str last = value;

    while (value.len)
        last = str_cut(&value, ',');
    out->has_scheme = read_scheme(str_trim(last), &out->is_secure);
}

/* RFC 7239 */

static str skip_spaces(str text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = str_slice(text, 1, text.len);
    return text;
}

/* A token, or an address as proxies write it that forget the quotes. */
static size_t bare_value(str text)
{
    size_t len = 0, more;

    while ((more = syntax_token(str_slice(text, len, text.len))) > 0 ||
           (len < text.len &&
            (text.data[len] == ':' || text.data[len] == '[' || text.data[len] == ']')))
        len += more ? more : 1;
    return len;
}

/* One "name=value" at the start of `*rest`. What a quoted value holds behind a backslash is not
 * unpacked: no address needs it. */
static bool read_pair(str *rest, str *out_name, str *out_value)
{
    size_t len = syntax_token(*rest);
    str value = str_slice(*rest, len + 1, rest->len);

    *out_name = str_slice(*rest, 0, len);
    if (!len || len >= rest->len || rest->data[len] != '=')
        return false;
    len = syntax_quoted(value);
    *out_value = str_slice(value, 1, len ? len - 1 : 0);
    if (!len) {
        len = bare_value(value);
        *out_value = str_slice(value, 0, len);
    }
    *rest = skip_spaces(str_slice(value, len, value.len));
    return len > 0;
}

/* False where it is malformed: then what follows in this header means nothing either. */
static bool read_element(str *rest, struct hop *out)
{
    bool has_for = false;

    for (;;) {
        str name, value;

        if (!read_pair(rest, &name, &value))
            return false;
        if (str_equals_nocase(name, S("for"))) {
            if (has_for)
                return false;
            has_for = true;
            out->has_address = read_node(value, &out->address);
        } else if (str_equals_nocase(name, S("proto"))) {
            out->has_scheme = read_scheme(value, &out->is_secure);
        }
        if (!rest->len || rest->data[0] == ',')
            return true;
        if (rest->data[0] != ';')
            return false;
        *rest = skip_spaces(str_slice(*rest, 1, rest->len));
    }
}

static void read_elements(str value, const struct networks *trusted, struct forwarded *out)
{
    for (value = skip_spaces(value); value.len; value = skip_spaces(value)) {
        struct hop hop = {0};

        if (value.data[0] != ',') {
            if (!read_element(&value, &hop)) {
                *out = (struct forwarded){0};
                return;
            }
            take_hop(&hop, trusted, out);
        }
        value = str_slice(value, 1, value.len);
    }
}

void forwarded_read(const struct http_request *request, str name, const struct networks *trusted,
                    struct forwarded *out)
{
    bool is_standard = str_equals_nocase(name, S("forwarded"));

    *out = (struct forwarded){0};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];

        if (!str_equals_nocase(header->name, name))
            continue;
        if (is_standard)
            read_elements(header->value, trusted, out);
        else
            read_list(header->value, trusted, out);
    }
    for (size_t i = 0; i < request->header_count && !is_standard; i++)
        if (str_equals_nocase(request->headers[i].name, S("x-forwarded-proto")))
            read_proto(request->headers[i].value, out);
}

void forwarded_apply(struct http_request *request, struct arena *mem, str name,
                     const struct networks *trusted)
{
    struct buf text = {0};
    struct forwarded forwarded;
    str client;

    forwarded_read(request, name, trusted, &forwarded);
    if (forwarded.has_scheme)
        request->is_secure = forwarded.is_secure;
    if (!forwarded.has_client)
        return;
    address_write(&forwarded.client, &text);
    client = arena_dup(mem, buf_str(&text));
    buf_done(&text);
    if (client.len)
        request->peer = client;
}
