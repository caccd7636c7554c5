/* places.h - where the bookshop's world is: cities, its shops in them, its posters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct places_city {
    const char *name, *country, *language, *locale, *timezone;
    int offset_hours; /* of its clock, the whole year: the world knows no daylight saving */
    unsigned share;   /* of all who live there */
    double latitude, longitude;
    double cosine; /* of its latitude: how much shorter a degree of longitude is */
};

struct places_shop {
    const char *id, *name;
    uint8_t city;
    double latitude, longitude;
};

/* A poster with a QR code. */
struct places_poster {
    const char *id, *place;
    uint8_t city;
    double latitude, longitude;
};

enum { PLACES_CITIES = 6, PLACES_SHOPS = 9, PLACES_POSTERS = 12, PLACES_NO_SHOP_M = 1500 };

extern const struct places_city PLACES_CITY[PLACES_CITIES];
extern const struct places_shop PLACES_SHOP[PLACES_SHOPS];
extern const struct places_poster PLACES_POSTER[PLACES_POSTERS];

/* The shop nearest to a place in `city`, and how far it is; a flat earth is right to a metre in a
 * thousand within a city. *out_shop is PLACES_SHOPS where the city has none. */
double places_nearest(size_t city, double latitude, double longitude, size_t *out_shop);
