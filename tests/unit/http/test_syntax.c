/* test_syntax.c - which bytes may stand where.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/syntax.h"

#include "support/test.h"

#include <string.h>

TEST(syntax_classes_hold_exactly_the_bytes_of_the_rfc)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        str text = {&byte, 1};

        CHECK_INT(syntax_is_token(text), c != 0 && strchr(token, c) != NULL);
        CHECK_INT(syntax_is_value(text), c == '\t' || (c >= ' ' && c != 0x7f));
        CHECK_INT(syntax_is_target(text), c > ' ' && c < 0x7f && c != '#');
    }
    CHECK(!syntax_is_token(S("")) && !syntax_is_target(S("")) && syntax_is_value(S("")));
}

TEST(syntax_hosts_are_names_or_addresses_with_an_optional_port)
{
    static const struct {
        const char *text;
        bool is_host;
    } cases[] = {
        {"a", true},        {"a.b-c_d~", true},  {"a:", true},      {"a:80", true},
        {"a:12345", true},  {"a:123456", false}, {"1.2.3.4", true}, {"[::1]", true},
        {"[::1]:80", true}, {"a%20b", true},     {"a%2", false},    {"", false},
        {":80", false},     {"a b", false},      {"a/b", false},    {"a@b", false},
        {"a,b", true},      {"[]", false},       {"[g]", false},    {"[::1", false},
        {"[::1]a", false},  {"[::1]:a", false},  {"a:-1", false},   {"a\\b", false},
    };

    EACH_CASE(c, cases)
    {
        if (syntax_is_host(str_of(c->text)) != c->is_host)
            print_error("host %s\n", c->text);
        CHECK_INT(syntax_is_host(str_of(c->text)), c->is_host);
    }
}

TEST(syntax_lengths_are_those_of_what_stands_first)
{
    CHECK_INT(syntax_token(S("ab=c")), 2);
    CHECK_INT(syntax_quoted(S("\"a\\\"b\";c")), 6);
    CHECK_INT(syntax_quoted(S("\"a")), 0);
    CHECK_INT(syntax_quoted(S("\"a\\")), 0);
    CHECK_INT(syntax_quoted(S("\"a\x01\"")), 0);
    CHECK_INT(syntax_quoted(S("a")), 0);
    CHECK_INT(syntax_scheme(S("HTTPS://a")), 8);
    CHECK_INT(syntax_scheme(S("http:/")), 0);
    CHECK_INT(syntax_authority(S("a:1/b")), 3);
    CHECK_INT(syntax_authority(S("a?b")), 1);
    CHECK_INT(syntax_authority(S("a")), 1);
}
