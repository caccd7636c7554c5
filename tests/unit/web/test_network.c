/* test_network.c - addresses that belong to one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/network.h"

#include "support/test.h"

TEST(network_is_an_address_or_half_of_one)
{
    static const struct {
        const char *one, *other;
        bool is_same;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.7", "::ffff:192.0.2.7", true},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.8", false},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::6", true},
        {"2001:0db8:0001:2::", "2001:db8:1:2:ffff::", true},
        {"2001:db8:1:2::", "2001:db8:1:3::", false},
        {"2001::db8:1:2:3:4", "2001:0:0:db8::", true},
        {"::1", "::", true},
        {"::1", "fe80::1", false},
        {"unix", "unix", true},
        {"unix", "", false},
        {"12345::", "12346::", false},
    };

    EACH_CASE(c, cases)
    {
        struct address rooms[2];

        CHECK_INT(str_equals(network_of(str_of(c->one), &rooms[0]),
                             network_of(str_of(c->other), &rooms[1])),
                  c->is_same);
    }
}
