/* test_places.c - distances within a city.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/places.h"
#include "support/test.h"

#include <math.h>

TEST(the_nearest_shop_is_found_as_on_a_sphere)
{
    /* Haversine on a sphere of 6,371,008.8 m, by another program. */
    static const struct {
        size_t city;
        double latitude, longitude;
        size_t shop;
        double metres;
    } cases[] = {
        {0, 52.5200, 13.4050, 1, 2472.9},
        {1, 51.5074, -0.1278, 3, 1635.0},
        {4, 30.0444, 31.2357, 8, 2447.6},
    };

    EACH_CASE(c, cases)
    {
        size_t shop;
        double metres = places_nearest(c->city, c->latitude, c->longitude, &shop);

        CHECK_INT(shop, c->shop);
        CHECK(fabs(metres - c->metres) < c->metres / 500);
    }
}

TEST(a_city_without_a_shop_has_none_near)
{
    size_t shop;

    CHECK(places_nearest(5, 40.7128, -74.0060, &shop) > 1e8);
    CHECK_INT(shop, PLACES_SHOPS);
}

TEST(every_shop_and_poster_lies_within_its_city)
{
    for (size_t i = 0; i < PLACES_SHOPS; i++)
        CHECK(fabs(PLACES_SHOP[i].latitude - PLACES_CITY[PLACES_SHOP[i].city].latitude) < 0.2);
    for (size_t i = 0; i < PLACES_POSTERS; i++)
        CHECK(fabs(PLACES_POSTER[i].longitude - PLACES_CITY[PLACES_POSTER[i].city].longitude) <
              0.2);
}
