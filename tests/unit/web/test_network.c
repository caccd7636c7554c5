/* test_network.c - addresses that belong to one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/network.h"

#include "support/test.h"

TEST(network_is_an_address_or_half_of_one)
{
    static const struct {
        const char *address, *network;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:"},
        {"2001:db8:1:2::6", "2001:db8:1:2:"},
        {"2001:0db8:0001:2::", "2001:db8:1:2:"},
        {"2001:db8::6", "2001:db8:0:0:"},
        {"2001::db8:1:2:3:4", "2001:0:0:db8:"},
        {"::1", "0:0:0:0:"},
        {"::", "0:0:0:0:"},
        {"::1:2:3:4:5:6:7", "0:1:2:3:"},
        {"fe80::1", "fe80:0:0:0:"},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.7"},
        {"", ""},
        {"unix", "unix"},
        {"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"},
        {"12345::", "12345::"},
    };

    EACH_CASE(c, cases)
    {
        char text[NETWORK_TEXT];

        CHECK_STR(network_of(str_of(c->address), text), c->network);
    }
}
