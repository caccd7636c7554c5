/* test_proxy_header.c - what a balancer says of a connection, by the layouts of its specification.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/proxy_header.h"

#include "support/test.h"

#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR_ENDS "\xcb\x00\x71\x07\xc0\x00\x02\x01\x1f\x90\x01\xbb" /* 203.0.113.7 192.0.2.1 */
#define SIX "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\x00\x71\x07"
#define PORTS "\x1f\x90\x01\xbb"

/* Given by whole number of bytes as the compiler counts them, without the NUL. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static void check(str bytes, const char *client, bool is_secure)
{
    struct proxy_header got;
    struct buf name = {0};

    CHECK_OK(proxy_header_read(bytes, &got));
    CHECK_INT(got.size, bytes.len);
    CHECK_INT(got.wanted, 0);
    if (got.has_client)
        address_write(&got.client, &name);
    CHECK_STR(buf_str(&name), client);
    CHECK_INT(got.is_secure, is_secure);
    buf_done(&name);
}

/* A byte is never asked for that stands behind the header, and one is always asked for. */
static void check_steps(str bytes)
{
    struct proxy_header got;
    size_t len = 0;

    for (;;) {
        CHECK_OK(proxy_header_read(str_slice(bytes, 0, len), &got));
        if (got.size)
            break;
        CHECK(got.wanted > 0 && got.wanted <= bytes.len - len);
        len += got.wanted;
    }
    CHECK_INT(got.size, bytes.len);
    CHECK_INT(len, bytes.len);
    for (len = 0; len < bytes.len; len++) {
        CHECK_OK(proxy_header_read(str_slice(bytes, 0, len), &got));
        CHECK(!got.size && got.wanted && got.wanted <= bytes.len - len);
    }
}

TEST(proxy_header_of_version_1_is_a_line)
{
    static const struct {
        const char *line, *client;
    } cases[] = {
        {"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n", "203.0.113.7"},
        {"PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", "0.0.0.0"},
        {"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "2001:db8::7"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"},
        {"PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n", "203.0.113.7"},
        {"PROXY UNKNOWN\r\n", ""},
        {"PROXY UNKNOWN ffff:f...f:ffff whatever \x01 65535 65535\r\n", ""},
    };

    EACH_CASE(c, cases)
    {
        check(str_of(c->line), c->client, false);
        check_steps(str_of(c->line));
    }
}

TEST(proxy_header_of_version_2_is_binary)
{
    static const struct {
        str bytes;
        const char *client;
        bool is_secure;
    } cases[] = {
        {BYTES(SIGNATURE "\x21\x11\0\x0c" FOUR_ENDS), "203.0.113.7", false},
        {BYTES(SIGNATURE "\x21\x21\0\x24" SIX SIX PORTS), "2001:db8::7", false},
        {BYTES(SIGNATURE "\x21\x21\0\x24" MAPPED SIX PORTS), "203.0.113.7", false},
        /* extras: NOOP, an authority, TLS with its version within, and TLS that was not used */
        {BYTES(SIGNATURE "\x21\x11\0\x10" FOUR_ENDS "\x04\0\x01x"), "203.0.113.7", false},
        {BYTES(SIGNATURE "\x21\x11\0\x1c" FOUR_ENDS "\x02\0\x02"
                         "ab\x20\0\x08\x01\0\0\0\0\x21\0\0"),
         "203.0.113.7", true},
        {BYTES(SIGNATURE "\x21\x11\0\x14" FOUR_ENDS "\x20\0\x05\0\0\0\0\0"), "203.0.113.7", false},
        /* LOCAL: whatever follows is passed over; no family; a socket of Unix */
        {BYTES(SIGNATURE "\x20\x00\0\0"), "", false},
        {BYTES(SIGNATURE "\x20\x11\0\x0c" FOUR_ENDS), "", false},
        {BYTES(SIGNATURE "\x20\xff\0\x02xx"), "", false},
        {BYTES(SIGNATURE "\x21\x00\0\x03xyz"), "", false},
    };

    EACH_CASE(c, cases)
    {
        check(c->bytes, c->client, c->is_secure);
        check_steps(c->bytes);
    }
}

TEST(proxy_header_of_a_socket_of_unix_names_nobody)
{
    char bytes[16 + 216] = SIGNATURE "\x21\x31\0\xd8";

    check(str_from(bytes, sizeof bytes), "", false);
}

TEST(proxy_header_that_is_none_is_refused)
{
    static const str cases[] = {
        BYTES("G"),
        BYTES("GET / HTTP/1.1\r\n\r\n"),
        BYTES("PROXX TCP4 203.0.113.7"),
        BYTES("proxy TCP4 203.0.113.7 192.0.2.1 1 2\r\n"),
        BYTES("\x16\x03\x01"), /* TLS at once */
        BYTES("PROXY \r\n"),
        BYTES("PROXY TCP5 203.0.113.7 192.0.2.1 1 2\r\n"),
        BYTES("PROXY TCP4\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 1 2 3\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 1 2 \r\n"),
        BYTES("PROXY TCP4  203.0.113.7 192.0.2.1 1 2\r\n"),
        BYTES("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"),
        BYTES("PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n"),
        BYTES("PROXY TCP4 203.0.113.07 192.0.2.1 1 2\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 here 1 2\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 01 2\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 1 65536\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 +1 2\r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 1 \r\n"),
        BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 1 2\n\r\n"),
        BYTES("PROXY UNKNOWNS\r\n"),
        BYTES("PROXY UNKNOWN "
              "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
              "12345678901234567890\r\n"),
        BYTES("\r\n\r\n\0\r\nQUIX"),
        BYTES(SIGNATURE "\x11\x11\0\x0c"), /* of version 1, in binary */
        BYTES(SIGNATURE "\x22\x11\0\x0c"), /* a command that there is not */
        BYTES(SIGNATURE "\x21\x11\xff\xff"),
        BYTES(SIGNATURE "\x21\x12\0\x0c" FOUR_ENDS), /* UDP */
        BYTES(SIGNATURE "\x21\x10\0\x0c" FOUR_ENDS),
        BYTES(SIGNATURE "\x21\x01\0\x0c" FOUR_ENDS),
        BYTES(SIGNATURE "\x21\x41\0\x0c" FOUR_ENDS),
        BYTES(SIGNATURE "\x21\x11\0\x0bxxxxxxxxxxx"),
        BYTES(SIGNATURE "\x21\x21\0\x0c" FOUR_ENDS),
        BYTES(SIGNATURE "\x21\x11\0\x0e" FOUR_ENDS "\x04\0"),
        BYTES(SIGNATURE "\x21\x11\0\x10" FOUR_ENDS "\x04\0\x02x"),
    };
    struct proxy_header got;

    EACH_CASE(c, cases)
    CHECK_ERR(ERR_INVALID, proxy_header_read(*c, &got));
}

/* The rest is the connection's: TLS's, say. */
TEST(proxy_header_ends_where_it_says)
{
    static const struct {
        str bytes;
        size_t size;
    } cases[] = {
        {BYTES("PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\nGET / HTTP/1.1\r\n\r\n"), 38},
        {BYTES(SIGNATURE "\x21\x11\0\x0c" FOUR_ENDS "GET"), 28},
        {BYTES(SIGNATURE "\x20\x00\0\0\x16\x03\x01"), 16},
    };
    struct proxy_header got;

    EACH_CASE(c, cases)
    {
        CHECK_OK(proxy_header_read(c->bytes, &got));
        CHECK_INT(got.size, c->size);
    }
}

TEST(proxy_header_that_is_long_is_read_up_to_a_bound)
{
    char bytes[PROXY_HEADER_MOST + 1] = SIGNATURE "\x21\x00";
    struct proxy_header got;

    bytes[14] = (char)((PROXY_HEADER_MOST - 16) >> 8);
    bytes[15] = (char)((PROXY_HEADER_MOST - 16) & 0xff);
    check(str_from(bytes, PROXY_HEADER_MOST), "", false);
    bytes[15]++;
    CHECK_ERR(ERR_INVALID, proxy_header_read(str_from(bytes, 16), &got));
}
