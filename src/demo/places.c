/* places.c - six cities; one of them has no shop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/places.h"

#include <math.h>

#define DEGREE_M 111195.0 /* of a circle round the earth */

const struct places_city PLACES_CITY[PLACES_CITIES] = {
    {"Berlin", "DE", "de", "de-DE", "Europe/Berlin", 1, 30, 52.5200, 13.4050, 0.6085},
    {"London", "GB", "en", "en-GB", "Europe/London", 0, 22, 51.5074, -0.1278, 0.6224},
    {"Paris", "FR", "fr", "fr-FR", "Europe/Paris", 1, 14, 48.8566, 2.3522, 0.6579},
    {"上海", "CN", "zh", "zh-CN", "Asia/Shanghai", 8, 16, 31.2304, 121.4737, 0.8551},
    {"القاهرة", "EG", "ar", "ar-EG", "Africa/Cairo", 2, 10, 30.0444, 31.2357, 0.8656},
    {"New York", "US", "en", "en-US", "America/New_York", -5, 8, 40.7128, -74.0060, 0.7580},
};

const struct places_shop PLACES_SHOP[PLACES_SHOPS] = {
    {"shop-01", "Lantern Kreuzberg", 0, 52.4990, 13.4180},
    {"shop-02", "Lantern Prenzlauer Berg", 0, 52.5390, 13.4240},
    {"shop-03", "Lantern Charlottenburg", 0, 52.5050, 13.3040},
    {"shop-04", "Lantern Bloomsbury", 1, 51.5220, -0.1250},
    {"shop-05", "Lantern Hackney", 1, 51.5450, -0.0560},
    {"shop-06", "Lantern Marais", 2, 48.8590, 2.3620},
    {"shop-07", "灯笼书店 静安", 3, 31.2290, 121.4480},
    {"shop-08", "灯笼书店 徐汇", 3, 31.1880, 121.4370},
    {"shop-09", "مكتبة الفانوس الزمالك", 4, 30.0610, 31.2190},
};

const struct places_poster PLACES_POSTER[PLACES_POSTERS] = {
    {"poster-01", "U-Bahn Kottbusser Tor", 0, 52.4991, 13.4181},
    {"poster-02", "S-Bahn Hackescher Markt", 0, 52.5226, 13.4024},
    {"poster-03", "U-Bahn Zoologischer Garten", 0, 52.5072, 13.3325},
    {"poster-04", "Tube King's Cross", 1, 51.5308, -0.1238},
    {"poster-05", "Tube Liverpool Street", 1, 51.5178, -0.0823},
    {"poster-06", "Bus stop Hackney Central", 1, 51.5471, -0.0566},
    {"poster-07", "Métro Châtelet", 2, 48.8583, 2.3470},
    {"poster-08", "Métro Bastille", 2, 48.8532, 2.3691},
    {"poster-09", "地铁 人民广场", 3, 31.2327, 121.4753},
    {"poster-10", "地铁 徐家汇", 3, 31.1925, 121.4376},
    {"poster-11", "محطة السادات", 4, 30.0444, 31.2355},
    {"poster-12", "Subway Union Square", 5, 40.7359, -73.9906},
};

double places_nearest(size_t city, double latitude, double longitude, size_t *out_shop)
{
    double best = 1e9;

    *out_shop = PLACES_SHOPS;
    for (size_t i = 0; i < PLACES_SHOPS; i++) {
        double north = (PLACES_SHOP[i].latitude - latitude) * DEGREE_M;
        double east = (PLACES_SHOP[i].longitude - longitude) * DEGREE_M * PLACES_CITY[city].cosine;
        double metres = sqrt(north * north + east * east); /* IEEE 754 rounds roots exactly */

        if (PLACES_SHOP[i].city == city && metres < best) {
            best = metres;
            *out_shop = i;
        }
    }
    return best;
}
