/* test_geography.c - addresses and databases that are not what they should be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/geography.h"

#include "support/test.h"

TEST(geography_without_a_database_knows_nothing_but_what_an_address_is)
{
    struct geography *geography;
    struct geography_fact fact;

    CHECK_OK(geography_open(S(""), &geography));
    CHECK_OK(geography_find(geography, S("203.0.113.7"), test_mem, &fact));
    CHECK(geography_is_empty(geography));
    CHECK(!fact.country.data && !fact.network.data && !fact.has_asn);
    CHECK_ERR(ERR_INVALID, geography_find(geography, S("203.0.113"), test_mem, &fact));
    CHECK_ERR(ERR_INVALID, geography_find(geography, S("::g"), test_mem, &fact));
    CHECK_ERR(ERR_INVALID, geography_find(geography, (str){NULL, 0}, test_mem, &fact));
    geography_close(geography);
    CHECK_ERR(ERR_ABSENT, geography_open(S("/nowhere/x.mmdb"), &geography));
}

TEST(geography_of_several_databases_tells_what_each_knows)
{
    str paths = arena_print(test_mem,
                            "%s/mmdb/test-data/GeoLite2-City-Test.mmdb, "
                            "%s/mmdb/test-data/GeoLite2-ASN-Test.mmdb",
                            test_data(), test_data());
    struct geography *geography;
    struct geography_fact fact;

    CHECK_OK(geography_open(paths, &geography));
    CHECK_OK(geography_find(geography, S("81.2.69.142"), test_mem, &fact));
    CHECK_STR(fact.country, "GB");
    CHECK_STR(fact.city, "London");
    CHECK_STR(fact.timezone, "Europe/London");
    CHECK(!geography_is_empty(geography));
    CHECK_OK(geography_find(geography, S("1.128.0.0"), test_mem, &fact));
    CHECK(fact.has_asn);
    CHECK_INT(fact.asn, 1221);
    geography_close(geography);
}
