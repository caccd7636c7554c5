/* test_request.c - what the strict reader takes and what it refuses, however the bytes are split.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/request.h"

#include "support/test.h"
#include "unit/http/verdict.h"

#include <stdio.h>
#include <string.h>

enum { HEAD = 1024, BODY = 64 };

static void check_all_splits(str in, str want)
{
    random_state dice = {in.len};

    for (int round = 0; round < 12; round++) {
        enum verdict_split split = round == 0   ? SPLIT_NONE
                                   : round == 1 ? SPLIT_BYTES
                                                : SPLIT_RANDOM;
        struct buf got = {0};

        verdict_write(in, split, &dice, (struct verdict_limits){HEAD, BODY}, &got);
        if (!str_equals(buf_str(&got), want))
            print_error("request \"%.*s\", split %d\n", STR_ARG(in), round);
        test_check_str(buf_str(&got), want, __FILE__, __LINE__);
        buf_done(&got);
    }
}

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

TEST(request_malformed_is_refused_with_its_status)
{
    static const struct {
        int status;
        str in;
    } cases[] = {
        /* framing */
        {400, S(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")},
        {400, S(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")},
        {400, S(POST "Content-Length: 5, 5\r\n\r\nhello")},
        {400, S(POST "Content-Length: +5\r\n\r\nhello")},
        {400, S(POST "Content-Length: -5\r\n\r\nhello")},
        {400, S(POST "Content-Length: 0x5\r\n\r\nhello")},
        {400, S(POST "Content-Length: 5 5\r\n\r\nhello")},
        {400, S(POST "Content-Length: \r\n\r\n")},
        {400, S(POST "Content-Length: 5\t\r\n\r\nhello")},
        {400, S(POST "Content-Length: 18446744073709551616\r\n\r\n")},
        {400, S(POST "Content-Length: 99999999999999999999999999\r\n\r\n")},
        {413, S(POST "Content-Length: 65\r\n\r\n")},
        {413, S(POST "Content-Length: 18446744073709551615\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: gzip\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: identity\r\n\r\n")},
        {400, S(POST "Transfer-Encoding:\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: \x0b"
                     "chunked\r\n\r\n0\r\n\r\n")},
        {400, S(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
        {400, S("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
        /* line ends */
        {400, S("GET / HTTP/1.1\nHost: a\n\n")},
        {400, S("GET / HTTP/1.1\r\nHost: a\n\r\n")},
        {400, S(GET "\n")},
        {400, S("GET / HTTP/1.1\rHost: a\r\n\r\n")},
        {400, S(GET "A: b\rc\r\n\r\n")},
        {400, S(GET "A: b\r\r\n\r\n")},
        {400, S(GET "\r\r\n")},
        {400, S("\n" GET "\r\n")},
        {400, S("\r\n\r\n" GET "\r\n")},
        {400, S("\rG" GET "\r\n")},
        /* names and values */
        {400, S(GET ": value\r\n\r\n")},
        {400, S(GET "Name : value\r\n\r\n")},
        {400, S(GET "Name\t: value\r\n\r\n")},
        {400, S(GET " Name: value\r\n\r\n")},
        {400, S(GET "Name: value\r\n folded\r\n\r\n")},
        {400, S(GET "Name: value\r\n\tfolded\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\n " HOST "\r\n")},
        {400, S(GET "Name\r\n\r\n")},
        {400, S(GET "Na(me: value\r\n\r\n")},
        {400, S(GET "Na\x80me: value\r\n\r\n")},
        {400, S(GET "Na\0me: value\r\n\r\n")},
        {400, S(GET "Name: va\0lue\r\n\r\n")},
        {400, S(GET "Name: va\x01lue\r\n\r\n")},
        {400, S(GET "Name: va\x7flue\r\n\r\n")},
        {400, S(GET "Name: \x1b[0m\r\n\r\n")},
        /* hosts */
        {400, S("GET / HTTP/1.1\r\n\r\n")},
        {400, S(GET HOST "\r\n")},
        {400, S("GET / HTTP/1.0\r\n" HOST HOST "\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost:\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: a:http\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n")},
        {400, S("GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n")},
        {400, S("GET http://a/ HTTP/1.1\r\n\r\n")},
        /* the request line */
        {400, S("GET /\r\n")},
        {400, S("GET\r\n")},
        {400, S("GET  / HTTP/1.1\r\n")},
        {400, S("GET /  HTTP/1.1\r\n")},
        {400, S("GET / HTTP/1.1 \r\n")},
        {400, S("GET\t/ HTTP/1.1\r\n")},
        {400, S(" GET / HTTP/1.1\r\n")},
        {400, S("GET /a b HTTP/1.1\r\n")},
        {400, S("GET /\0 HTTP/1.1\r\n")},
        {400, S("GET /\xc3\xa4 HTTP/1.1\r\n")},
        {400, S("GET /a#b HTTP/1.1\r\n")},
        {400, S("GET /%4 HTTP/1.1\r\n")},
        {400, S("GET /%zz HTTP/1.1\r\n")},
        {400, S("GET a HTTP/1.1\r\n")},
        {400, S("GET * HTTP/1.1\r\n")},
        {400, S("OPTIONS ** HTTP/1.1\r\n")},
        {400, S("GET ftp://a/ HTTP/1.1\r\n")},
        {400, S("GET http:///a HTTP/1.1\r\n")},
        {400, S("GET http://u@a/ HTTP/1.1\r\n")},
        {400, S("GET / http/1.1\r\n")},
        {400, S("GET / HTTP/1\r\n")},
        {400, S("GET / HTTP/1.10\r\n")},
        {400, S("GET / HTP/1.1\r\n")},
        {400, S("G(T / HTTP/1.1\r\n")},
        {400, S("\x16\x03\x01\x02")},
        {505, S("GET / HTTP/2.0\r\n")},
        {505, S("GET / HTTP/1.2\r\n")},
        {505, S("GET / HTTP/0.9\r\n")},
        {505, S("PRI * HTTP/2.0\r\n\r\n")},
        {501, S("BREW / HTTP/1.1\r\n")},
        {501, S("get / HTTP/1.1\r\n")},
        {501, S("CONNECT a:1 HTTP/1.1\r\n")},
        {501, S("TRACE / HTTP/1.1\r\n")},
        {417, S(POST "Expect: 200-maybe\r\n\r\n")},
    };

    EACH_CASE(c, cases)
    {
        char want[32];

        snprintf(want, sizeof want, "refused %d\n", c->status);
        /* A length over the limit is refused behind the head, which is told first. */
        if (c->status == 413) {
            struct buf got = {0};

            verdict_write(c->in, SPLIT_NONE, NULL, (struct verdict_limits){HEAD, BODY}, &got);
            CHECK(str_ends(buf_str(&got), str_of(want)));
            buf_done(&got);
        } else {
            check_all_splits(c->in, str_of(want));
        }
    }
}

TEST(request_chunks_malformed_are_refused)
{
    static const struct {
        int status;
        str body;
    } cases[] = {
        {400, S("g\r\n")},
        {400, S("\r\n")},
        {400, S(" 5\r\nhello\r\n0\r\n\r\n")},
        {400, S("5 \r\nhello\r\n0\r\n\r\n")},
        {400, S("+5\r\nhello\r\n0\r\n\r\n")},
        {400, S("-1\r\nhello\r\n0\r\n\r\n")},
        {400, S("0x5\r\nhello\r\n0\r\n\r\n")},
        {400, S("5\nhello\r\n0\r\n\r\n")},
        {400, S("5\r\nhello\n0\r\n\r\n")},
        {400, S("5\r\nhello0\r\n\r\n")},
        {400, S("5\r\nhelloo\r\n0\r\n\r\n")},
        {400, S("5\r\nhello\rx0\r\n\r\n")},
        {400, S("5;\r\nhello\r\n0\r\n\r\n")},
        {400, S("5; a=b\r\nhello\r\n0\r\n\r\n")},
        {400, S("5;a =b\r\nhello\r\n0\r\n\r\n")},
        {400, S("5;a=\r\nhello\r\n0\r\n\r\n")},
        {400, S("5;a=\"b\r\nhello\r\n0\r\n\r\n")},
        {400, S("5;a=\"b\"c\r\nhello\r\n0\r\n\r\n")},
        {400, S("5;a\0\r\nhello\r\n0\r\n\r\n")},
        {400, S("5;a\rb\r\nhello\r\n0\r\n\r\n")},
        {400, S("10000000000000005\r\n")},
        {400, S("FFFFFFFFFFFFFFFFF\r\n")},
        {413, S("FFFFFFFFFFFFFFFF\r\n")},
        {413, S("41\r\n")},
        {400, S("0\r\nTrailer\r\n\r\n")},
        {400, S("0\r\n: x\r\n\r\n")},
        {400, S("0\r\nA : x\r\n\r\n")},
        {400, S("0\r\nA: x\r\n y\r\n\r\n")},
        {400, S("0\r\nA: x\n\r\n")},
        {400, S("0\r\nA: \x01\r\n\r\n")},
        {400, S("0\r\n\n")},
        {400, S("0\r\nContent-Length: 5\r\n\r\n")},
        {400, S("0\r\nTransfer-Encoding: chunked\r\n\r\n")},
        {400, S("0\r\nhost: b\r\n\r\n")},
        {400, S("0\r\nConnection: close\r\n\r\n")},
    };

    EACH_CASE(c, cases)
    {
        str in = arena_print(test_mem, "%s", CHUNKED);
        struct buf bytes = {0};
        str want = arena_print(
            test_mem, "POST /\nHost: a\nTransfer-Encoding: chunked\nrefused %d\n", c->status);

        buf_add(&bytes, in);
        buf_add(&bytes, c->body);
        check_all_splits(buf_str(&bytes), want);
        buf_done(&bytes);
    }
}

TEST(request_well_formed_is_read_exactly)
{
    static const struct {
        str in;
        const char *want;
    } cases[] = {
        {S(""), "end\n"},
        {S(GET "\r\n"), "GET /\nHost: a\nbody 0 \nend\n"},
        {S("\r\n" GET "\r\n"), "GET /\nHost: a\nbody 0 \nend\n"},
        {S("GET / HTTP/1.0\r\n\r\n"), "GET /\nbody 0 \nclosed\n"},
        {S("GET /a%20b?c={d}|%zz HTTP/1.1\r\n" HOST "\r\n"),
         "GET /a%20b?c={d}|%zz\nHost: a\nbody 0 \nend\n"},
        {S("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "OPTIONS *\nHost: a\nbody 0 \nend\n"},
        {S("GET http://b:80/x HTTP/1.1\r\n" HOST "\r\n"),
         "GET http://b:80/x\nHost: a\nbody 0 \nend\n"},
        {S("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
         "GET /\nHost: [::1]:8080\nbody 0 \nend\n"},
        {S("GET / HTTP/1.1\r\nhOST:\t a.b-c_d:1 \t\r\n\r\n"),
         "GET /\nhOST: a.b-c_d:1\nbody 0 \nend\n"},
        {S(GET "Empty:\r\nTab: a\tb\r\nText: \xc3\xa4\r\n\r\n"),
         "GET /\nHost: a\nEmpty: \nTab: a\tb\nText: \xc3\xa4\nbody 0 \nend\n"},
        {S(POST "Content-Length: 5\r\n\r\nhello"),
         "POST /\nHost: a\nContent-Length: 5\nbody 5 hello\nend\n"},
        {S(POST "Content-Length: 005\r\n\r\nhello"),
         "POST /\nHost: a\nContent-Length: 005\nbody 5 hello\nend\n"},
        {S(POST "Content-Length: 5\r\n\r\nhell"), "POST /\nHost: a\nContent-Length: 5\nmore\n"},
        {S(POST "Content-Length: 2\r\n\r\nhi" GET "\r\n"),
         "POST /\nHost: a\nContent-Length: 2\nbody 2 hi\nGET /\nHost: a\nbody 0 \nend\n"},
        {S(POST "content-length: 2\r\n\r\nhi\r\n" GET "\r\n"),
         "POST /\nHost: a\ncontent-length: 2\nbody 2 hi\nGET /\nHost: a\nbody 0 \nend\n"},
        {S(GET "Connection: x, Close\r\n\r\n" GET "\r\n"),
         "GET /\nHost: a\nConnection: x, Close\nbody 0 \nclosed\n"},
        {S("GET / HTTP/1.0\r\n\r\n" GET "\r\n"), "GET /\nbody 0 \nclosed\n"},
        {S("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" GET),
         "GET /\nConnection: Keep-Alive\n"
         "body 0 \nmore\n"},
        {S("GET / HT"), "more\n"},
        {S("\r"), "more\n"},
    };

    EACH_CASE(c, cases)
    check_all_splits(c->in, str_of(c->want));
}

TEST(request_chunks_are_joined)
{
    static const struct {
        str body;
        const char *want;
    } cases[] = {
        {S("0\r\n\r\n"), "body 0 \nend\n"},
        {S("5\r\nhello\r\n0\r\n\r\n"), "body 5 hello\nend\n"},
        {S("0005\r\nhello\r\n000\r\n\r\n"), "body 5 hello\nend\n"},
        {S("1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"), "body 5 hello\nend\n"},
        {S("A\r\n0\r\n\r\n12345\r\n0\r\n\r\n"), "body 10 0\r\n\r\n12345\nend\n"},
        {S("5;a;b=c;d=\"e \\\" f\"\r\nhello\r\n0;z\r\n\r\n"), "body 5 hello\nend\n"},
        {S("0\r\nDigest: x\r\nOther: \r\n\r\n"), "body 0 \nend\n"},
        {S("0\r\n\r\n" GET "\r\n"), "body 0 \nGET /\nHost: a\nbody 0 \nend\n"},
        {S("5\r\nhello\r\n0\r\n"), "more\n"},
    };

    EACH_CASE(c, cases)
    {
        struct buf bytes = {0};

        buf_add(&bytes, S(CHUNKED));
        buf_add(&bytes, c->body);
        check_all_splits(
            buf_str(&bytes),
            arena_print(test_mem, "POST /\nHost: a\nTransfer-Encoding: chunked\n%s", c->want));
        buf_done(&bytes);
    }
}

static void add_many(struct buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add(out, str_of(text));
}

TEST(request_head_over_its_limit_is_refused)
{
    static const struct {
        const char *before, *unit, *after;
        size_t count;
        const char *want;
    } cases[] = {
        {"GET /", "a", " HTTP/1.1\r\n" HOST "\r\n", HEAD, "refused 431\n"},
        {"GET /", "a", "", HEAD, "refused 431\n"},
        {GET, "A: b\r\n", "\r\n", HEAD / 6, "refused 431\n"},
        {GET "A: ", "b", "\r\n\r\n", HEAD, "refused 431\n"},
        {GET, "A:\r\n", "\r\n", REQUEST_HEADERS_MOST, "refused 431\n"},
    };

    EACH_CASE(c, cases)
    {
        struct buf bytes = {0};

        buf_add(&bytes, str_of(c->before));
        add_many(&bytes, c->unit, c->count);
        buf_add(&bytes, str_of(c->after));
        check_all_splits(buf_str(&bytes), str_of(c->want));
        buf_done(&bytes);
    }
}

TEST(request_chunk_overhead_is_bounded)
{
    static const struct {
        const char *before, *unit, *after;
        size_t count;
        const char *want;
    } cases[] = {
        {"1;", "a", "\r\n", 1100, "refused 400\n"},
        {"1;", "a", "", 1100, "refused 400\n"},
        {"",
         "1;"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n",
         "", 63, "refused 400\n"},
        {"0\r\n", "A: b\r\n", "\r\n", HEAD / 6 + 1, "refused 431\n"},
        {"0\r\nA: ", "b", "", HEAD, "refused 431\n"},
    };

    EACH_CASE(c, cases)
    {
        struct buf bytes = {0};

        buf_add(&bytes, S(CHUNKED));
        buf_add(&bytes, str_of(c->before));
        add_many(&bytes, c->unit, c->count);
        buf_add(&bytes, str_of(c->after));
        check_all_splits(
            buf_str(&bytes),
            arena_print(test_mem, "POST /\nHost: a\nTransfer-Encoding: chunked\n%s", c->want));
        buf_done(&bytes);
    }
}

TEST(request_views_name_path_query_and_expectation)
{
    static const str in = S("POST http://h:1?x=1 HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"
                            "Content-Length: 1\r\n\r\n");
    struct http_header headers[REQUEST_HEADERS_MOST];
    struct http_request request;
    struct request_reader r;
    size_t used;
    str piece;

    request_begin(&r, HEAD);
    CHECK(request_is_untouched(&r));
    CHECK_INT(request_read(&r, in, &used, &piece), REQUEST_HEAD);
    CHECK_INT(used, in.len);
    request_bind(&r, in.data, headers, &request);
    CHECK_INT(request.method, HTTP_POST);
    CHECK_STR(request.path, "/");
    CHECK_STR(request.query, "x=1");
    CHECK_STR(request.target, "http://h:1?x=1");
    CHECK_INT(request.header_count, 3);
    CHECK(r.expects_continue);
    CHECK(r.keeps_alive);
}
