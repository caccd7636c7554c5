/* proxy_header.c - the text and the binary form, each by its layout.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: HAProxy, "The PROXY protocol, Versions 1 & 2" (proxy-protocol.txt), sections 2.1 and 2.2.
 */
#include "http/proxy_header.h"

#include "http/networks.h"

#include <string.h>

enum {
    TEXT_LEAST = 15, /* "PROXY UNKNOWN\r\n" */
    TEXT_MOST = 107,
    MOST_PORT = 65535,
    SIGNATURE = 12,
    HEAD = 16, /* of the binary form */
    FAMILY_NONE = 0,
    FAMILY_FOUR = 1,
    FAMILY_SIX = 2,
    FAMILY_UNIX = 3,
    BY_STREAM = 1,
    NAMED_MOST = 3, /* the highest family */
    TLV_HEAD = 3,
    TLV_SSL = 0x20,
    CLIENT_SSL = 1,
};

static const char BINARY[SIGNATURE] = {'\r', '\n', '\r', '\n', 0,   '\r',
                                       '\n', 'Q',  'U',  'I',  'T', '\n'};

static bool begins_like(str bytes, str start)
{
    size_t len = bytes.len < start.len ? bytes.len : start.len;

    return !len || memcmp(bytes.data, start.data, len) == 0;
}

static fallible refuse(const char *what)
{
    return fail(ERR_INVALID, "the PROXY protocol header %s", what);
}

/* Version 1 */

/* Decimal as it is written by everybody: no sign, no zero in front. */
static bool is_port(str text)
{
    uint64_t port;

    return text.len && (text.len == 1 || text.data[0] != '0') && str_to_u64(text, &port) &&
           port <= MOST_PORT;
}

static bool read_address(str text, bool is_four, struct address *out)
{
    return address_read(text, out) && out->is_four == is_four;
}

/* The line without its end. */
static fallible read_line(str line, struct proxy_header *out)
{
    str rest = line, kind, from, to, from_port, to_port;
    struct address client, server;
    bool is_four;

    (void)str_cut(&rest, ' ');
    kind = str_cut(&rest, ' ');
    if (str_equals(kind, S("UNKNOWN")))
        return OK;
    from = str_cut(&rest, ' ');
    to = str_cut(&rest, ' ');
    from_port = str_cut(&rest, ' ');
    to_port = rest;
    is_four = str_equals(kind, S("TCP4"));
    if (!is_four && !str_equals(kind, S("TCP6")))
        return refuse("is of another kind than TCP4, TCP6 and UNKNOWN");
    if (!read_address(from, is_four, &client) || !read_address(to, is_four, &server) ||
        !is_port(from_port) || !is_port(to_port))
        return refuse("must have two addresses and two ports, with a space between");
    networks_unmap(&client);
    out->has_client = true;
    out->client = client;
    return OK;
}

static fallible read_text(str bytes, struct proxy_header *out)
{
    size_t most = bytes.len < TEXT_MOST ? bytes.len : TEXT_MOST, end = 0;

    while (end + 2 <= most && memcmp(bytes.data + end, "\r\n", 2) != 0)
        end++;
    if (end + 2 <= most) {
        out->size = end + 2;
        return read_line(str_slice(bytes, 0, end), out);
    }
    if (most == TEXT_MOST)
        return refuse("has no end within 107 bytes");
    out->wanted = bytes.len && bytes.data[bytes.len - 1] == '\r' ? 1 : 2;
    if (bytes.len + out->wanted < TEXT_LEAST)
        out->wanted = TEXT_LEAST - bytes.len;
    else if (bytes.len + out->wanted > TEXT_MOST)
        out->wanted = TEXT_MOST - bytes.len;
    return OK;
}

/* Version 2 */

static unsigned byte_at(str bytes, size_t at)
{
    return (unsigned char)bytes.data[at];
}

static size_t number_at(str bytes, size_t at)
{
    return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

static fallible read_extras(str rest, struct proxy_header *out)
{
    while (rest.len) {
        size_t len;

        if (rest.len < TLV_HEAD || number_at(rest, 1) > rest.len - TLV_HEAD)
            return refuse("has a field that is cut off");
        len = number_at(rest, 1);
        if (byte_at(rest, 0) == TLV_SSL && len)
            out->is_secure = byte_at(rest, TLV_HEAD) & CLIENT_SSL;
        rest = str_slice(rest, TLV_HEAD + len, rest.len);
    }
    return OK;
}

/* Both addresses, then both ports. */
static fallible read_ends(unsigned family, unsigned transport, str rest, struct proxy_header *out)
{
    static const size_t sizes[NAMED_MOST + 1] = {
        [FAMILY_FOUR] = 12, [FAMILY_SIX] = 36, [FAMILY_UNIX] = 216};

    if (family > NAMED_MOST || transport > BY_STREAM ||
        (family == FAMILY_NONE) != (transport == FAMILY_NONE))
        return refuse("must tell of TCP");
    if (rest.len < sizes[family])
        return refuse("is too short for its addresses");
    out->has_client = family == FAMILY_FOUR || family == FAMILY_SIX;
    if (out->has_client) {
        out->client.is_four = family == FAMILY_FOUR;
        memcpy(out->client.bytes, rest.data, out->client.is_four ? 4 : 16);
        networks_unmap(&out->client);
    }
    if (family == FAMILY_NONE)
        return OK; /* what is there is for others */
    return read_extras(str_slice(rest, sizes[family], rest.len), out);
}

static fallible read_binary(str bytes, struct proxy_header *out)
{
    unsigned version, command;
    size_t size;

    if (bytes.len < HEAD) {
        out->wanted = HEAD - bytes.len;
        return OK;
    }
    version = byte_at(bytes, 12) >> 4;
    command = byte_at(bytes, 12) & 15;
    size = HEAD + number_at(bytes, 14);
    if (version != 2 || command > 1)
        return refuse("must be of version 2, and be LOCAL or PROXY");
    if (size > PROXY_HEADER_MOST)
        return refuse("is longer than 2048 bytes");
    if (bytes.len < size) {
        out->wanted = size - bytes.len;
        return OK;
    }
    out->size = size;
    if (!command)
        return OK; /* the balancer itself, to see whether we are there */
    return read_ends(byte_at(bytes, 13) >> 4, byte_at(bytes, 13) & 15, str_slice(bytes, HEAD, size),
                     out);
}

fallible proxy_header_read(str bytes, struct proxy_header *out_header)
{
    struct proxy_header header = {0};

    if (begins_like(bytes, S("PROXY ")))
        TRY(read_text(bytes, &header));
    else if (begins_like(bytes, str_from(BINARY, sizeof BINARY)))
        TRY(read_binary(bytes, &header));
    else
        return refuse("is missing: the balancer must send one, or the setting proxy_protocol be 0");
    *out_header = header;
    return OK;
}
