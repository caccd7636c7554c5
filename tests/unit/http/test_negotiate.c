/* test_negotiate.c - what clients say they take and have.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/negotiate.h"

#include "support/test.h"

TEST(gzip_is_sent_to_who_takes_it)
{
    static const struct {
        const char *header;
        bool takes;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"x-gzip", true},
        {"gzip, deflate, br, zstd", true}, /* as browsers say */
        {"br;q=1.0 , gzip ; q=0.8, *;q=0.1", true},
        {"br, deflate", false},
        {"identity", false},
        {"gzipped, agzip", false},
        {"*", true},
        {"*;q=0", false},
        {"identity, *;q=0.5", true},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip; Q=0.001", true},
        {"gzip;level=9;q=0", false},
        {"gzip;q=0, *", false},
        {"*, gzip;q=0", false},
        {"*;q=0, gzip", true},
        {"gzip;q", true},
        {",, ;q=0,gzip", true},
    };

    EACH_CASE(c, cases)
    {
        if (negotiate_gzip(str_of(c->header)) != c->takes)
            print_error("Accept-Encoding: %s\n", c->header);
        CHECK_INT(negotiate_gzip(str_of(c->header)), c->takes);
    }
}

TEST(what_the_client_holds_is_known_by_its_tag)
{
    static const struct {
        const char *header;
        bool is_held;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"\"a1\"", true},
        {"W/\"a1\"", true},
        {"\"b2\", \"a1\"", true},
        {"\"b2\" ,W/\"a1\",\"c3\"", true},
        {"*", true},
        {"a1", false},
        {"\"a1", false},
        {"\"a1-gzip\"", false},
        {"\"b2\"", false},
        {"w/\"a1\"", false},
    };

    EACH_CASE(c, cases)
    {
        if (negotiate_is_held(str_of(c->header), S("\"a1\"")) != c->is_held)
            print_error("If-None-Match: %s\n", c->header);
        CHECK_INT(negotiate_is_held(str_of(c->header), S("\"a1\"")), c->is_held);
    }
}
