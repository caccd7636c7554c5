/* test_networks.c - lists of networks: what they hold, and what is no list.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/networks.h"

#include "support/test.h"

TEST(networks_hold_what_their_prefix_says)
{
    static const struct {
        const char *list;
        const char *address;
        bool is_within;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},
        {"192.168.16.0/20", "192.168.31.255", true},
        {"192.168.16.0/20", "192.168.32.0", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "::1", true},
        {"::/0", "127.0.0.1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::7", "2001:0db8:0:0::7", true},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"::ffff:10.0.0.7", "10.0.0.7", true},
        {"127.0.0.1, 10.0.0.0/8 ::1", "::1", true},
        {"127.0.0.1,10.0.0.0/8,::1", "10.3.4.5", true},
        {"", "127.0.0.1", false},
        {" , ", "127.0.0.1", false},
    };

    EACH_CASE(c, cases)
    {
        struct networks networks;
        struct address address;

        CHECK(address_read(str_of(c->address), &address));
        CHECK_OK(networks_read(str_of(c->list), &networks));
        CHECK_INT(networks_have(&networks, &address), c->is_within);
        networks_done(&networks);
    }
}

TEST(networks_refuse_what_is_none_and_name_it)
{
    static const struct {
        const char *list;
        const char *named;
    } cases[] = {
        {"10.0.0.0/33", "10.0.0.0/33"}, {"::/129", "::/129"},
        {"10.0.0.0/", "10.0.0.0/"},     {"10.0.0.0/-1", "10.0.0.0/-1"},
        {"10.0.0/8", "10.0.0/8"},       {"10.0.0.1/8", "10.0.0.1/8"}, /* bits behind the prefix */
        {"2001:db8::1/32", "::1/32"},   {"127.0.0.1,localhost", "localhost"},
        {"fe80::1%eth0", "fe80"},       {"127.0.0.1;10.0.0.1", "127.0.0.1;10.0.0.1"},
        {"10.0.0.0/8x", "10.0.0.0/8x"}, {"/8", "/8"},
    };

    EACH_CASE(c, cases)
    {
        struct networks networks = {.count = 77};

        CHECK_ERR(ERR_INVALID, networks_read(str_of(c->list), &networks));
        CHECK(str_contains(str_of(err_text()), str_of(c->named)));
        CHECK_INT(networks.count, 77);
    }
}
