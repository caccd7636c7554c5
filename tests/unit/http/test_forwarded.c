/* test_forwarded.c - whom a proxy speaks for, and who only says so himself.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The trusted proxies are 10.0.0.0/8, 192.0.2.1 and 2001:db8:aaaa::/48. An empty client is one
 * that stays unknown: the proxy's own address is taken then.
 */
#include "http/forwarded.h"

#include "support/test.h"

enum { MOST_LINES = 4 };

struct case_ {
    const char *lines[MOST_LINES]; /* "Name: value" */
    const char *client;
    const char *scheme; /* "", "http", "https" */
};

static struct http_request request_of(const struct case_ *c, struct http_header *headers)
{
    struct http_request request = {.headers = headers};

    for (size_t i = 0; i < MOST_LINES && c->lines[i]; i++) {
        str rest = str_of(c->lines[i]), name = str_cut(&rest, ':');

        headers[request.header_count++] = (struct http_header){name, str_trim(rest)};
    }
    return request;
}

static void check_case(const struct case_ *c, const char *header)
{
    struct http_header headers[MOST_LINES];
    struct http_request request = request_of(c, headers);
    struct networks trusted;
    struct forwarded got;
    struct buf client = {0};

    CHECK_OK(networks_read(S("10.0.0.0/8 192.0.2.1 2001:db8:aaaa::/48"), &trusted));
    forwarded_read(&request, str_of(header), &trusted, &got);
    if (got.has_client)
        address_write(&got.client, &client);
    CHECK_STR(buf_str(&client), c->client);
    CHECK_STR(got.has_scheme ? got.is_secure ? S("https") : S("http") : S(""), c->scheme);
    buf_done(&client);
    networks_done(&trusted);
}

#define XFF "X-Forwarded-For: "
#define PROTO "X-Forwarded-Proto: "
#define FWD "Forwarded: "

TEST(forwarded_believes_a_list_of_addresses_from_its_end)
{
    static const struct case_ cases[] = {
        {{XFF "203.0.113.7"}, "203.0.113.7", ""},
        {{"x-forwarded-for: 203.0.113.7"}, "203.0.113.7", ""},
        {{XFF "203.0.113.7, 10.1.1.1"}, "203.0.113.7", ""},
        {{XFF "203.0.113.7,10.1.1.1 ,192.0.2.1"}, "203.0.113.7", ""},
        {{XFF "203.0.113.7", XFF "10.1.1.1"}, "203.0.113.7", ""},
        {{XFF "203.0.113.7", "Accept: a", XFF "198.51.100.9"}, "198.51.100.9", ""},
        {{XFF "2001:db8::7"}, "2001:db8::7", ""},
        {{XFF "[2001:db8::7]"}, "2001:db8::7", ""},
        {{XFF "[2001:db8::7]:443, 2001:db8:aaaa::1"}, "2001:db8::7", ""},
        {{XFF "203.0.113.7:5123"}, "203.0.113.7", ""},
        {{XFF "::ffff:203.0.113.7"}, "203.0.113.7", ""},
        {{XFF "203.0.113.7, ::ffff:10.1.1.1"}, "203.0.113.7", ""},
        {{XFF ", 203.0.113.7,,"}, "203.0.113.7", ""},
        /* all of them trusted: the farthest one asks for himself */
        {{XFF "10.2.2.2, 10.1.1.1"}, "10.2.2.2", ""},
        {{NULL}, "", ""},
        {{XFF ""}, "", ""},
        {{FWD "for=203.0.113.7"}, "", ""}, /* not the header that is believed */
    };

    EACH_CASE(c, cases)
    check_case(c, "X-Forwarded-For");
}

TEST(forwarded_is_not_deceived_by_what_the_client_wrote)
{
    static const struct case_ cases[] = {
        {{XFF "1.1.1.1, 203.0.113.7"}, "203.0.113.7", ""},
        {{XFF "1.1.1.1", XFF "203.0.113.7, 10.1.1.1"}, "203.0.113.7", ""},
        {{XFF "10.9.9.9, 203.0.113.7, 10.1.1.1"}, "203.0.113.7", ""},
        {{XFF "<script>, 203.0.113.7"}, "203.0.113.7", ""},
        {{XFF "203.0.113.7\", 198.51.100.9"}, "198.51.100.9", ""},
        /* what is no address ends the list: the client is whom the proxy behind it named */
        {{XFF "1.1.1.1, unknown, 10.1.1.1"}, "10.1.1.1", ""},
        {{XFF "1.1.1.1, unknown"}, "", ""},
        {{XFF "127.1"}, "", ""},
        {{XFF "0x7f.0.0.1"}, "", ""},
        {{XFF "203.0.113.007"}, "", ""},
        {{XFF "203.0.113.7:99999"}, "", ""},
        {{XFF "203.0.113.7:"}, "", ""},
        {{XFF "[203.0.113.7]"}, "", ""},
        {{XFF "[2001:db8::7"}, "", ""},
        {{XFF "[2001:db8::7]x"}, "", ""},
        {{XFF "fe80::1%eth0"}, "", ""},
        {{XFF "203.0.113.7 10.0.0.1"}, "", ""},
    };

    EACH_CASE(c, cases)
    check_case(c, "X-Forwarded-For");
}

TEST(forwarded_takes_the_scheme_from_the_nearest_proxy)
{
    static const struct case_ cases[] = {
        {{XFF "203.0.113.7", PROTO "https"}, "203.0.113.7", "https"},
        {{PROTO "HTTPS", XFF "203.0.113.7"}, "203.0.113.7", "https"},
        {{XFF "203.0.113.7", PROTO "http"}, "203.0.113.7", "http"},
        {{XFF "203.0.113.7", PROTO "http, https"}, "203.0.113.7", "https"},
        {{XFF "203.0.113.7", PROTO "https", PROTO "http"}, "203.0.113.7", "http"},
        {{XFF "203.0.113.7", PROTO "javascript"}, "203.0.113.7", ""},
        {{XFF "203.0.113.7", PROTO "https,"}, "203.0.113.7", "https"},
    };

    EACH_CASE(c, cases)
    check_case(c, "X-Forwarded-For");
}

TEST(forwarded_may_be_any_header_that_names_an_address)
{
    static const struct case_ cases[] = {
        {{"X-Real-IP: 203.0.113.7", XFF "1.1.1.1"}, "203.0.113.7", ""},
        {{"X-Real-IP: 203.0.113.7", PROTO "https"}, "203.0.113.7", "https"},
        {{XFF "1.1.1.1"}, "", ""},
    };

    EACH_CASE(c, cases)
    check_case(c, "x-real-ip");
}

TEST(forwarded_reads_the_standard_header)
{
    static const struct case_ cases[] = {
        {{FWD "for=203.0.113.7"}, "203.0.113.7", ""},
        {{FWD "For=\"[2001:db8::7]:4711\""}, "2001:db8::7", ""},
        {{FWD "for=[2001:db8::7]"}, "2001:db8::7", ""}, /* without its quotes, as some write it */
        {{FWD "for=203.0.113.7:80"}, "203.0.113.7", ""},
        {{FWD "for=203.0.113.7;proto=https;by=10.1.1.1"}, "203.0.113.7", "https"},
        {{FWD "proto=http; host=\"shop.example\" ; for=203.0.113.7"}, "203.0.113.7", "http"},
        {{FWD "for=203.0.113.7;proto=https, for=10.1.1.1;proto=http"}, "203.0.113.7", "https"},
        {{FWD "for=1.1.1.1", FWD "for=203.0.113.7, for=10.1.1.1"}, "203.0.113.7", ""},
        {{FWD "for=1.1.1.1, for=203.0.113.7"}, "203.0.113.7", ""},
        {{FWD "for=203.0.113.7;ext=\"a, for=1.1.1.1\""}, "203.0.113.7", ""},
        {{FWD "for=203.0.113.7;host=\"a\\\", for=1.1.1.1\""}, "203.0.113.7", ""},
        {{FWD " , for=203.0.113.7 ,"}, "203.0.113.7", ""},
        {{XFF "1.1.1.1", FWD "for=203.0.113.7"}, "203.0.113.7", ""},
        {{FWD "for=203.0.113.7", PROTO "https"}, "203.0.113.7", ""},
    };

    EACH_CASE(c, cases)
    check_case(c, "Forwarded");
}

TEST(forwarded_ends_where_the_standard_header_hides_or_is_malformed)
{
    static const struct case_ cases[] = {
        {{FWD "for=unknown"}, "", ""},
        {{FWD "for=_hidden;proto=https"}, "", "https"},
        {{FWD "for=203.0.113.7, for=_hidden, for=10.1.1.1"}, "10.1.1.1", ""},
        {{FWD "for=203.0.113.7, proto=https"}, "", "https"},
        {{FWD "for=203.0.113.7, for"}, "", ""},
        {{FWD "for=203.0.113.7;for=1.1.1.1"}, "", ""},
        {{FWD "for=203.0.113.7;"}, "", ""},
        {{FWD "for="}, "", ""},
        {{FWD "=203.0.113.7"}, "", ""},
        {{FWD "for=\"203.0.113.7"}, "", ""},
        {{FWD "for=\"1.1.1.1", FWD "for=203.0.113.7"}, "203.0.113.7", ""},
        {{FWD "203.0.113.7"}, "", ""},
        {{FWD ";"}, "", ""},
    };

    EACH_CASE(c, cases)
    check_case(c, "Forwarded");
}
