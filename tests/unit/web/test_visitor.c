/* test_visitor.c - networks that may be told where addresses may not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/visitor.h"

#include "support/test.h"

TEST(visitor_tells_networks_instead_of_addresses)
{
    static const struct {
        const char *address;
        bool is_kept;
        const char *want;
    } cases[] = {
        {"203.0.113.77", false, "203.0.113.0/24"},
        {"203.0.113.77", true, "203.0.113.77"},
        {"::ffff:203.0.113.77", false, "203.0.113.0/24"},
        {"2001:db8:7:8:9:a:b:c", false, "2001:db8:7::/48"},
        {"2001:db8:7:8:9:a:b:c", true, "2001:db8:7:8:9:a:b:c"},
        {"::1", false, "::/48"},
        {"", false, "unknown"},
        {"ann@shop.example", true, "unknown"},
    };

    EACH_CASE(c, cases)
    {
        str network;

        CHECK_OK(visitor_network(str_of(c->address), c->is_kept, test_mem, &network));
        CHECK_STR(network, c->want);
    }
}
