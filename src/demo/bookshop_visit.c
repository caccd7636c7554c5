/* bookshop_visit.c - visits to the site: how people come, what they look at, what they take along.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/bookshop_int.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { MEMBERS = 640, DWELL_MS = 42000, GLANCE_MS = 7000, PAGE_MS = 900, STEP_MS = 300 };

/* How people come by themselves, and what they were led by. */
enum source { DIRECT, SEARCH, PAID, SOCIAL, AFFILIATE, POSTER, SOURCES };

static const unsigned SHARES[SOURCES] = {34, 30, 8, 14, 6, 8};
static const char *const SOURCE_NAMES[SOURCES] = {"direct", "search",    "paid search",
                                                  "social", "affiliate", "poster"};
static const char *const SEARCHES[] = {"https://www.google.com/", "https://www.bing.com/",
                                       "https://duckduckgo.com/", "https://www.google.com/"};
static const char *const NETWORKS[] = {"https://www.instagram.com/", "https://www.reddit.com/",
                                       "https://t.co/", "https://www.facebook.com/"};
static const char *const PARTNERS[] = {"readers-corner", "bookblog", "cashback-club"};

/* Coming */

static const char *any(random_state *dice, const char *const *names, size_t count)
{
    return names[random_below(dice, count)];
}

static bool is_chinese(const struct bookshop_visit *visit)
{
    return visit->sender.city && visit->sender.city->language[0] == 'z';
}

/* What a campaign of the shop's own writes behind its links. */
static void write_own_query(struct bookshop_visit *visit, char *query, size_t room)
{
    if (visit->poster)
        snprintf(query, room,
                 "?utm_source=poster&utm_medium=qr&utm_campaign=city-posters&utm_content=%s",
                 visit->poster->id);
    else
        snprintf(query, room, "?utm_source=newsletter&utm_medium=email&utm_campaign=%s",
                 visit->campaign);
}

static void write_query(struct bookshop_visit *visit, enum source source, char *query, size_t room)
{
    random_state *dice = &visit->dice;

    switch (source) {
    case PAID:
        snprintf(query, room, "?utm_source=google&utm_medium=cpc&utm_campaign=books-%s&gclid=%llx",
                 visit->sender.city ? visit->sender.city->language : "en",
                 (unsigned long long)random_next(dice));
        return;
    case AFFILIATE:
        snprintf(query, room, "?utm_source=%s&utm_medium=affiliate&utm_campaign=partners",
                 any(dice, PARTNERS, COUNT(PARTNERS)));
        return;
    case DIRECT:
    case SEARCH:
    case SOCIAL:
    case POSTER:
    case SOURCES:
        break;
    }
}

static const char *find_referrer(struct bookshop_visit *visit, enum source source)
{
    random_state *dice = &visit->dice;
    const char *found = any(dice, SEARCHES, COUNT(SEARCHES));
    const char *network = any(dice, NETWORKS, COUNT(NETWORKS));

    if (source == SEARCH)
        return is_chinese(visit) ? "https://www.baidu.com/" : found;
    if (source == PAID)
        return "https://www.google.com/";
    if (source == SOCIAL)
        return is_chinese(visit) ? "https://weibo.com/" : network;
    return "";
}

static void choose_poster(struct bookshop_visit *visit)
{
    size_t from = random_below(&visit->dice, PLACES_POSTERS);

    for (size_t i = 0; i < PLACES_POSTERS; i++) {
        const struct places_poster *poster = &PLACES_POSTER[(from + i) % PLACES_POSTERS];

        if (visit->sender.city == &PLACES_CITY[poster->city])
            visit->poster = poster;
    }
}

static void scan(struct bookshop_visit *visit)
{
    const struct places_poster *poster = visit->poster;
    char members[MEMBERS];

    snprintf(members, sizeof members,
             "\"code_id\":\"%s\",\"medium\":\"poster\",\"place\":\"%s\",\"city\":\"%s\","
             "\"latitude\":%.4f,\"longitude\":%.4f",
             poster->id, poster->place, PLACES_CITY[poster->city].name, poster->latitude,
             poster->longitude);
    bookshop_visit_track(visit, "Code Scanned", members);
}

static const struct books_book *wanted(struct bookshop_visit *visit)
{
    unsigned weights[BOOKS_GENRES];
    int month = bookshop_month(
        visit->world, (int32_t)((visit->sender.at - visit->world->options.from) / MILLIS_DAY));

    for (size_t i = 0; i < BOOKS_GENRES; i++)
        weights[i] = (unsigned)(visit->tastes[i] * books_season(i, month) * 10);
    return books_pick(visit->world->books, &visit->dice,
                      dice_weighted(&visit->dice, weights, BOOKS_GENRES),
                      visit->sender.city ? visit->sender.city->language : "en");
}

void bookshop_visit_land(struct bookshop_visit *visit)
{
    enum source source = (enum source)dice_weighted(&visit->dice, SHARES, SOURCES);
    char query[160] = "", path[224];
    bool is_home;

    visit->sender.at += PAGE_MS;
    if (!visit->source && source == POSTER && visit->kind == DEVICES_PHONE)
        choose_poster(visit); /* if there is one in her city */
    if (!visit->source && source == POSTER && !visit->poster)
        source = DIRECT;
    if (visit->poster)
        visit->campaign = "city-posters";
    if (visit->poster || visit->source)
        write_own_query(visit, query, sizeof query);
    else
        write_query(visit, source, query, sizeof query);
    snprintf(visit->before, sizeof visit->before, "%s",
             visit->source ? "" : find_referrer(visit, source));
    if (!visit->source)
        visit->source = SOURCE_NAMES[source];
    is_home = source == DIRECT || random_chance(&visit->dice, 0.4);
    if (is_home) {
        snprintf(path, sizeof path, "/%s", query);
        bookshop_visit_view(visit, path, BOOKSHOP_NAME, "Home");
    } else {
        const struct books_book *book = wanted(visit);

        snprintf(path, sizeof path, "/book/%s%s", book->id, query);
        bookshop_visit_view(visit, path, book->title, "Book");
        bookshop_visit_book(visit, book);
    }
    if (visit->poster)
        scan(visit);
}

/* Looking */

struct bookshop_happening *bookshop_visit_track(struct bookshop_visit *visit, const char *name,
                                                const char *members)
{
    struct bookshop_happening *happening;

    visit->sender.at += STEP_MS;
    bookshop_begin(visit->world, "track", name);
    buf_add(&visit->world->message, str_of(members));
    happening = bookshop_end(visit->world, &visit->sender);
    visit->last = visit->sender.at;
    visit->events++;
    return happening;
}

/* Nobody leaves a page at once but machines, which never use one. */
static void leave(struct bookshop_visit *visit)
{
    millis dwell = dice_wait(&visit->dice, visit->is_glance ? GLANCE_MS : DWELL_MS);
    millis used = (millis)((double)dwell * (0.3 + 0.65 * dice_unit(&visit->dice)));
    char members[MEMBERS];

    visit->sender.at += dwell;
    if (!random_chance(&visit->dice, 0.9))
        return;
    snprintf(members, sizeof members, "\"engaged_ms\":%lld", (long long)used);
    bookshop_visit_track(visit, "Page Used", members);
}

void bookshop_visit_view(struct bookshop_visit *visit, const char *path, const char *title,
                         const char *name)
{
    struct bookshop_happening *happening;

    if (visit->views && !visit->machine)
        leave(visit);
    if (visit->views)
        snprintf(visit->before, sizeof visit->before, BOOKSHOP_SITE "%s", visit->path);
    snprintf(visit->path, sizeof visit->path, "%s", path);
    snprintf(visit->title, sizeof visit->title, "%s", title);
    visit->sender.path = visit->path;
    visit->sender.title = visit->title;
    visit->sender.referrer = visit->before;
    visit->sender.at += visit->machine ? 0 : PAGE_MS;
    bookshop_begin(visit->world, "page", name);
    happening = bookshop_end(visit->world, &visit->sender);
    if (!visit->events)
        visit->first = happening;
    visit->last = visit->sender.at;
    visit->views++;
    visit->events++;
}

void bookshop_visit_book(struct bookshop_visit *visit, const struct books_book *book)
{
    char members[MEMBERS];

    snprintf(members, sizeof members,
             "\"product_id\":\"%s\",\"sku\":\"%s\",\"name\":\"%s\",\"brand\":\"%s\",\"category\":"
             "\"%s\",\"language\":\"%s\",\"price\":%u.%02u,\"currency\":\"EUR\"",
             book->id, book->isbn, book->title, book->author, books_genre(book->genre),
             book->language, book->cents / 100, book->cents % 100);
    bookshop_visit_track(visit, "Product Viewed", members);
}

static void look_at_book(struct bookshop_visit *visit, bool wants)
{
    static const char *const MANNERS[] = {"Product Liked", "Product Shared",
                                          "Product Added to Wishlist", "Author Followed"};
    const struct books_book *book = wanted(visit);
    char path[64], members[MEMBERS];

    snprintf(path, sizeof path, "/book/%s", book->id);
    bookshop_visit_view(visit, path, book->title, "Book");
    bookshop_visit_book(visit, book);
    snprintf(members, sizeof members,
             "\"product_id\":\"%s\",\"name\":\"%s\",\"brand\":\"%s\",\"category\":\"%s\","
             "\"price\":%u.%02u,\"currency\":\"EUR\",\"quantity\":1",
             book->id, book->title, book->author, books_genre(book->genre), book->cents / 100,
             book->cents % 100);
    if (random_chance(&visit->dice, 0.05))
        bookshop_visit_track(visit, any(&visit->dice, MANNERS, COUNT(MANNERS)), members);
    if (visit->cart_count < COUNT(visit->cart) && random_chance(&visit->dice, wants ? 0.5 : 0.06)) {
        visit->sender.at += dice_wait(&visit->dice, DWELL_MS / 2);
        visit->cart[visit->cart_count++] = book;
        bookshop_visit_track(visit, "Product Added", members);
    }
}

static void look_at_list(struct bookshop_visit *visit)
{
    const struct books_book *book = wanted(visit);
    const char *genre = books_genre(book->genre);
    char path[64], members[MEMBERS];

    if (random_chance(&visit->dice, 0.4)) {
        snprintf(members, sizeof members, "\"query\":\"%s\"",
                 random_chance(&visit->dice, 0.5) ? book->author : genre);
        bookshop_visit_view(visit, "/search", "Search - " BOOKSHOP_NAME, "Search");
        bookshop_visit_track(visit, "Products Searched", members);
        return;
    }
    snprintf(path, sizeof path, "/genre/%s", genre);
    snprintf(members, sizeof members, "\"list_id\":\"genre-%s\",\"category\":\"%s\"", genre, genre);
    bookshop_visit_view(visit, path, genre, "Genre");
    bookshop_visit_track(visit, "Product List Viewed", members);
}

/* Who she is: told once at each device, which then keeps it. */
static void sign_in(struct bookshop_visit *visit)
{
    struct people_person *person = visit->person;
    const struct places_city *city = &PLACES_CITY[person->city];
    struct buf *out = &visit->world->message;

    person->is_registered = true;
    person->is_signed_in[visit->kind] = true;
    visit->sender.user_id = person->user_id;
    visit->sender.at += STEP_MS;
    bookshop_begin(visit->world, "identify", NULL);
    buf_print(out,
              "\"name\":\"%s\",\"email\":\"%s\",\"age\":%u,\"education\":\"%s\","
              "\"occupation\":\"%s\",",
              person->name, person->email, person->age, people_education(person->education),
              people_occupation(person->occupation));
    buf_print(out,
              "\"language\":\"%s\",\"country\":\"%s\",\"city\":\"%s\",\"latitude\":%.4f,"
              "\"longitude\":%.4f,\"newsletter\":%s",
              city->language, city->country, city->name, person->latitude, person->longitude,
              person->allows_marketing && !person->has_unsubscribed ? "true" : "false");
    bookshop_end(visit->world, &visit->sender);
    visit->last = visit->sender.at;
    visit->events++;
}

static void choose_consent(struct bookshop_visit *visit)
{
    const struct people_person *person = visit->person;
    char members[MEMBERS];

    snprintf(members, sizeof members, "\"analytics\":%s,\"marketing\":%s",
             !person || person->allows_analytics ? "true" : "false",
             person && person->allows_marketing ? "true" : "false");
    bookshop_visit_track(visit, "Segment Consent Preference Updated", members);
}

/* Going */

void bookshop_visit_end(struct bookshop_visit *visit)
{
    struct bookshop *world = visit->world;
    struct json_writer w = {.out = &world->lines};

    if (visit->views && !visit->machine)
        leave(visit);
    buf_clear(&world->lines);
    json_open(&w, '{');
    json_key(&w, S("truth"));
    json_text(&w, S("visit"));
    json_key_time(&w, S("at"), visit->first ? visit->first->event.at : 0);
    json_key_time(&w, S("until"), visit->last);
    json_key(&w, S("visitor"));
    json_text(&w, str_of(visit->sender.anonymous_id));
    const struct {
        str name;
        const char *value;
    } texts[] = {{S("person"), visit->person ? visit->person->user_id : NULL},
                 {S("machine"), visit->machine},
                 {S("source"), visit->source},
                 {S("campaign"), visit->campaign},
                 {S("cause"), visit->cause},
                 {S("code_id"), visit->poster ? visit->poster->id : NULL}};
    for (size_t i = 0; i < COUNT(texts); i++)
        if (texts[i].value) {
            json_key(&w, texts[i].name);
            json_text(&w, str_of(texts[i].value));
        }
    json_key(&w, S("views"));
    json_u64(&w, visit->views);
    json_key(&w, S("events"));
    json_u64(&w, visit->events);
    json_shut(&w, '}');
    buf_add_byte(&world->lines, '\n');
    bookshop_reveal(world, visit->first);
}

/* With the decision to buy made before anything else: what led here does not change it. */
static void run(struct bookshop_visit *visit)
{
    bool wants = random_chance(&visit->dice, visit->intent);
    bool stays = wants || !random_chance(&visit->dice, visit->bounces);
    uint32_t steps = stays ? 1 + (uint32_t)random_below(&visit->dice, 6) : 0;
    struct people_person *person = visit->person;

    visit->is_glance = !stays;
    bookshop_visit_land(visit);
    if (person ? !person->has_chosen[visit->kind] : random_chance(&visit->dice, 0.7))
        choose_consent(visit);
    if (person)
        person->has_chosen[visit->kind] = true;
    for (uint32_t i = 0; i < steps; i++) {
        if (person && person->is_registered && !visit->sender.user_id && i == 1 &&
            random_chance(&visit->dice, 0.55))
            sign_in(visit);
        if (random_chance(&visit->dice, 0.35))
            look_at_list(visit);
        else
            look_at_book(visit, wants);
    }
    while (wants && !visit->cart_count)
        look_at_book(visit, true);
    if (visit->cart_count) {
        bookshop_visit_view(visit, "/cart", "Cart - " BOOKSHOP_NAME, "Cart");
        bookshop_visit_track(visit, "Cart Viewed", "\"currency\":\"EUR\"");
    }
    if (visit->cart_count && (wants || random_chance(&visit->dice, 0.25))) {
        bookshop_visit_view(visit, "/checkout", "Checkout - " BOOKSHOP_NAME, "Checkout");
        bookshop_visit_track(visit, "Checkout Started", "\"currency\":\"EUR\"");
        if (wants && person) {
            if (!visit->sender.user_id)
                sign_in(visit);
            bookshop_order_web(visit);
        }
    }
    bookshop_visit_end(visit);
}

/* Who comes */

void bookshop_visit_person(struct bookshop *world, struct people_person *person, uint64_t which,
                           millis at, const struct bookshop_visit *how)
{
    struct bookshop_visit visit =
        how ? *how : (struct bookshop_visit){.intent = people_intent(person)};
    struct devices_device *device;

    visit.world = world;
    visit.person = person;
    visit.dice =
        dice_for(world->options.seed, person->number,
                 (uint64_t)((at - world->options.from) / MILLIS_DAY), BOOKSHOP_VISIT + which);
    visit.kind = person->has_phone && (!person->has_computer || random_chance(&visit.dice, 0.6))
                     ? DEVICES_PHONE
                     : DEVICES_COMPUTER;
    device = &person->devices[visit.kind];
    visit.tastes = person->tastes;
    visit.bounces = 0.22;
    visit.sender = (struct bookshop_sender){
        .at = at, .anonymous_id = device->id, .device = device, .city = &PLACES_CITY[person->city]};
    if (!person->allows_analytics) { /* nothing is kept at the device */
        dice_id(&visit.dice, visit.id);
        visit.sender.anonymous_id = visit.id;
    } else if (person->is_signed_in[visit.kind]) {
        visit.sender.user_id = person->user_id;
    }
    run(&visit);
}

/* The mail of a campaign whose readers come anyway: they take its link instead of their own way. */
static const struct bookshop_visit *lured(struct bookshop *world, struct people_person *person,
                                          int32_t day, uint64_t which, struct bookshop_visit *room)
{
    random_state dice = dice_for(world->options.seed, person->number, (uint64_t)day,
                                 BOOKSHOP_LURED + (which << 32));
    int32_t since = day - bookshop_preview_day(world);

    if (person->arms[1] != PEOPLE_TREATED || since < 0 || since >= BOOKSHOP_PREVIEW_DAYS ||
        !random_chance(&dice, 0.5))
        return NULL;
    *room = (struct bookshop_visit){
        .source = "newsletter", .campaign = "vip-preview", .intent = people_intent(person)};
    return room;
}

static void make_person_day(struct bookshop *world, struct people_person *person, int32_t day)
{
    const struct places_city *city = &PLACES_CITY[person->city];
    double bustle = bookshop_bustle(world, day), rate = people_rate(person, day) * bustle;
    random_state dice =
        dice_for(world->options.seed, person->number, (uint64_t)day, BOOKSHOP_COMES);
    random_state door =
        dice_for(world->options.seed, person->number, (uint64_t)day, BOOKSHOP_WALKS_IN);
    random_state extra =
        dice_for(world->options.seed, person->number, (uint64_t)day, BOOKSHOP_EXTRA);
    uint32_t count = dice_count(&dice, rate);
    uint32_t most = count + dice_count(&extra, rate * bookshop_extra(world, day));

    for (uint32_t i = 0; i < most; i++) {
        millis at = bookshop_hour(world, i < count ? &dice : &extra, day, city);
        struct bookshop_visit how;

        if (bookshop_happens(world, i, count, at))
            bookshop_visit_person(world, person, i, at, lured(world, person, day, i, &how));
    }
    if (person->is_registered && person->shop_m < 4 * PLACES_NO_SHOP_M &&
        random_chance(&door, rate * (person->shop_m < PLACES_NO_SHOP_M ? 0.12 : 0.04)))
        bookshop_order_shop(world, person, &door,
                            bookshop_midnight(world, day) +
                                (10 - city->offset_hours + 24) % 24 * MILLIS_HOUR +
                                (millis)random_below(&door, 9 * MILLIS_HOUR));
    if (person->called_on == day) {
        struct bookshop_visit how = {.source = "newsletter",
                                     .campaign = "reading-coupon",
                                     .cause = "reading-coupon",
                                     .coupon = "READ15",
                                     .intent = 0.55};

        bookshop_visit_person(world, person, BOOKSHOP_VISIT, bookshop_hour(world, &door, day, city),
                              &how);
    }
}

static void pass_by(struct bookshop *world, int32_t day, uint32_t number, uint32_t count)
{
    random_state dice = dice_for(world->options.seed, number, (uint64_t)day, BOOKSHOP_PASSES);
    unsigned shares[PLACES_CITIES], tastes[BOOKS_GENRES];
    const struct places_city *city;
    struct devices_device device;
    struct bookshop_visit visit = {.world = world, .tastes = tastes, .bounces = 0.55};

    for (size_t i = 0; i < PLACES_CITIES; i++)
        shares[i] = PLACES_CITY[i].share;
    for (size_t i = 0; i < BOOKS_GENRES; i++)
        tastes[i] = 1 + (unsigned)random_below(&dice, 100);
    city = &PLACES_CITY[dice_weighted(&dice, shares, PLACES_CITIES)];
    visit.kind = random_chance(&dice, 0.65) ? DEVICES_PHONE : DEVICES_COMPUTER;
    devices_make(&dice, visit.kind, random_chance(&dice, 0.4), &device);
    visit.sender = (struct bookshop_sender){.at = bookshop_hour(world, &dice, day, city),
                                            .anonymous_id = device.id,
                                            .device = &device,
                                            .city = city};
    visit.dice = dice;
    if (bookshop_happens(world, number, count, visit.sender.at))
        run(&visit);
}

void bookshop_visit_day(struct bookshop *world, int32_t day)
{
    random_state dice =
        dice_for(world->options.seed, 0, (uint64_t)day, BOOKSHOP_PASSES + BOOKSHOP_VISIT);
    uint32_t count, most;

    for (uint32_t i = 0; i < world->options.people; i++)
        make_person_day(world, &world->people[i], day);
    count = dice_count(&dice, world->options.people * 0.08 * bookshop_bustle(world, day));
    most = count + (uint32_t)(count * bookshop_extra(world, day));
    for (uint32_t i = 0; i < most; i++)
        pass_by(world, day, i, count);
}
