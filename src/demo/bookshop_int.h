/* bookshop_int.h - the parts of a world: its queue, its calendar, who sends what.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "demo/people.h"
#include "demo/bookshop.h"

#define BOOKSHOP_SITE "https://lantern.example"
#define BOOKSHOP_NAME "Lantern Books"

/* What dice are for: those of two purposes never meet. */
enum bookshop_purpose {
    BOOKSHOP_COMES = 1,
    BOOKSHOP_WALKS_IN,
    BOOKSHOP_MAIL,
    BOOKSHOP_LOT,
    BOOKSHOP_LURED,
    BOOKSHOP_PASSES,
    BOOKSHOP_EXTRA,
    BOOKSHOP_MACHINE = 0x100, /* and 0x100 more for each kind */
    BOOKSHOP_VISIT = 0x10000, /* and the number of the visit */
};

struct bookshop_happening {
    struct bookshop_event event;
    uint64_t serial; /* of making: what happens at one time stays in this order */
    char *truth;     /* owned; `text` is behind the struct */
};

struct bookshop {
    struct bookshop_options options;
    struct books_book *books;
    struct people_person *people;
    struct bookshop_happening **queue; /* of the days made, and of what is to come of them */
    size_t count, room, at;
    struct bookshop_happening *told; /* the event that the caller looks at */
    int32_t day;                     /* the next to be made */
    uint64_t made, numbered;
    struct buf message; /* the one that is being written */
    struct buf lines;   /* of truth, the same */
    bool is_broken;     /* without memory */
};

/* Who sends a message, when and from which page. Absent: NULL. */
struct bookshop_sender {
    millis at;
    enum bookshop_door door;
    const char *anonymous_id, *user_id;
    const struct devices_device *device;
    const struct places_city *city;
    const char *path, *title, *referrer; /* of the page; the path with its query */
    const char *time;                    /* as who does not know RFC 3339 writes it; else NULL */
};

/* A visit: a person's, of somebody who passes by (`person` NULL), or a machine's. */
struct bookshop_visit {
    struct bookshop *world;
    struct people_person *person;
    const char *machine; /* which kind; NULL: none */
    random_state dice;
    struct bookshop_sender sender;
    enum devices_kind kind;
    char id[DICE_ID];
    char path[224], before[256], title[192];
    const char *source;   /* where she comes from: "search", "poster" ... */
    const char *campaign; /* of which; NULL: none */
    const char *cause;    /* the campaign without which she would not have come */
    const char *coupon;
    const struct places_poster *poster;
    const unsigned *tastes;
    double intent, bounces;
    bool is_glance; /* she sees one page and goes */
    const struct books_book *cart[4];
    size_t cart_count;
    struct bookshop_happening *first;
    millis last;
    uint32_t views, events;
};

/* Messages: bookshop_begin, members of its properties with commas between, bookshop_end. `type` is
 * track, page or identify; of identify the properties are traits. */
void bookshop_begin(struct bookshop *world, const char *type, const char *name);
/* NULL without memory. */
struct bookshop_happening *bookshop_end(struct bookshop *world,
                                        const struct bookshop_sender *sender);
void bookshop_write_cents(struct buf *out, uint64_t cents);
/* What is true from this happening on: what world->lines holds; NULL is fine. */
void bookshop_reveal(struct bookshop *world, struct bookshop_happening *happening);

/* Calendar: how busy a day is, 1 on a usual one; when in it a visitor of a city comes. */
millis bookshop_midnight(const struct bookshop *world, int32_t day);
int bookshop_month(const struct bookshop *world, int32_t day);
double bookshop_bustle(const struct bookshop *world, int32_t day);
millis bookshop_hour(const struct bookshop *world, random_state *dice, int32_t day,
                     const struct places_city *city);
/* Of `count` usual visits, number `at` of a day that begins at `start`: does it happen at this
 * pace? Those above `count` are what the pace adds. */
bool bookshop_happens(const struct bookshop *world, uint32_t at, uint32_t count, millis start);
/* How many times as many visits as usual are to be tried besides. */
double bookshop_extra(const struct bookshop *world, int32_t day);

int32_t bookshop_coupon_day(const struct bookshop *world);
int32_t bookshop_preview_day(const struct bookshop *world);

/* Parts of a day. */
void bookshop_visit_day(struct bookshop *world, int32_t day);
void bookshop_mail_day(struct bookshop *world, int32_t day);
void bookshop_machine_day(struct bookshop *world, int32_t day);

/* A person's visit at `at`, the dice's number `which`. `how` tells source, campaign, cause, coupon
 * and intent where there is a reason for it; NULL: she comes as she pleases. */
void bookshop_visit_person(struct bookshop *world, struct people_person *person, uint64_t which,
                           millis at, const struct bookshop_visit *how);
/* The page that a visit begins with, and what led there; then pages, and its end. */
void bookshop_visit_land(struct bookshop_visit *visit);
/* `path` and the rest are told by the page; what was there before is left. */
void bookshop_visit_view(struct bookshop_visit *visit, const char *path, const char *title,
                         const char *name);
void bookshop_visit_end(struct bookshop_visit *visit);
void bookshop_visit_book(struct bookshop_visit *visit, const struct books_book *book);
/* An event on the page of now, whose properties are `members`. */
struct bookshop_happening *bookshop_visit_track(struct bookshop_visit *visit, const char *name,
                                                const char *members);

/* Orders: of the cart of a visit, or at the till of a shop; what follows later comes by itself. */
void bookshop_order_web(struct bookshop_visit *visit);
void bookshop_order_shop(struct bookshop *world, struct people_person *person, random_state *dice,
                         millis at);
