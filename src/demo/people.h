/* people.h - the bookshop's customers as they truly are: tastes, class, home, devices, consent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "demo/books.h"
#include "demo/devices.h"
#include "demo/places.h"

enum people_class {
    PEOPLE_LOYAL,
    PEOPLE_REGULAR,
    PEOPLE_OCCASIONAL,
    PEOPLE_LAPSING, /* came often, and stops */
    PEOPLE_NEW,     /* comes for the first time on a day of the history, or later */
    PEOPLE_CLASSES
};

/* Of a campaign with a hold-out by lot. */
enum people_arm { PEOPLE_NO_ARM, PEOPLE_TREATED, PEOPLE_HELD_OUT };

struct people_person {
    uint32_t number;
    uint8_t class; /* enum people_class */
    uint8_t city;
    uint8_t shop; /* the nearest; PLACES_SHOPS: none in her city */
    uint8_t age;
    uint8_t education, occupation; /* indexes of names */
    uint8_t arms[2];               /* enum people_arm, by campaign */
    unsigned tastes[BOOKS_GENRES]; /* how often a genre: weights that add up to 1,000 */
    int32_t comes_on;              /* the day of the first visit; before 0: a customer already */
    int32_t stops_on;              /* the day from which she hardly comes; INT32_MAX: never */
    double latitude, longitude, shop_m;
    bool has_phone, has_computer;
    bool is_target; /* 18 to 35, a degree, telephone and computer, no bookshop near: buys more */
    bool allows_analytics, allows_marketing;
    bool has_office_mail; /* behind a filter that opens links */
    char user_id[12];
    char name[64];
    char email[48];
    struct devices_device devices[2]; /* by devices_kind */

    /* What the simulation remembers of her. */
    bool is_registered;   /* has an account */
    bool is_signed_in[2]; /* at the device */
    bool has_chosen[2];   /* answered the question for consent there */
    bool has_unsubscribed;
    int32_t
        called_on; /* the day of a visit that she makes because of a campaign's mail; -1: none */
};

const char *people_class_name(enum people_class class);
const char *people_education(uint8_t education);
const char *people_occupation(uint8_t occupation);
const char *people_arm_name(enum people_arm arm);

/* Makes number `number` of a world of `days` days. */
void people_make(uint64_t seed, uint32_t number, uint32_t days, struct people_person *out_person);
/* How many visits a day she is good for, on a usual day. */
double people_rate(const struct people_person *person, int32_t day);
/* The chance that a visit ends with an order. */
double people_intent(const struct people_person *person);
