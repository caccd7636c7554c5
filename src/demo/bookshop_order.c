/* bookshop_order.c - orders on the site and at tills, and what comes of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/bookshop_int.h"

#include "base/json.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { TAX = 7, FREE_SHIPPING = 3500, SHIPPING = 390, COUPON = 15, ITEMS = 4, BROKEN_TILL = 4 };

/* What became of a hundred orders. */
enum { RETURNED = 8, COMPLAINED = 3, ASKED = 4, REVIEWED = 9 };

struct order {
    char id[24];
    const char *channel, *cause, *campaign, *coupon;
    const struct books_book *books[ITEMS];
    unsigned quantities[ITEMS];
    size_t count;
    uint64_t sum, discount, shipping; /* cents */
    const struct places_shop *shop;
};

static void add_money(struct buf *out, const char *name, uint64_t cents)
{
    buf_print(out, ",\"%s\":", name);
    bookshop_write_cents(out, cents);
}

static void add_products(struct buf *out, const struct order *order)
{
    buf_add(out, S(",\"products\":["));
    for (size_t i = 0; i < order->count; i++) {
        const struct books_book *book = order->books[i];

        buf_print(out,
                  "%s{\"product_id\":\"%s\",\"sku\":\"%s\",\"name\":\"%s\",\"brand\":\"%s\","
                  "\"category\":\"%s\",\"price\":%u.%02u,\"quantity\":%u,\"position\":%zu}",
                  i ? "," : "", book->id, book->isbn, book->title, book->author,
                  books_genre(book->genre), book->cents / 100, book->cents % 100,
                  order->quantities[i], i + 1);
    }
    buf_add_byte(out, ']');
}

static void count_up(struct bookshop *world, struct order *order)
{
    snprintf(order->id, sizeof order->id, "o-%08llu", (unsigned long long)world->made);
    for (size_t i = 0; i < order->count; i++)
        order->sum += (uint64_t)order->books[i]->cents * order->quantities[i];
    order->discount = order->coupon ? order->sum * COUPON / 100 : 0;
    order->shipping = order->shop || order->sum >= FREE_SHIPPING ? 0 : SHIPPING;
}

static uint64_t revenue_of(const struct order *order)
{
    return order->sum - order->discount;
}

static void tell_truth(struct bookshop *world, const struct order *order,
                       const struct people_person *person, const char *what, millis at)
{
    struct json_writer w = {.out = &world->lines};
    const struct {
        str name;
        const char *value;
    } texts[] = {{S("person"), person->user_id},
                 {S("order_id"), order->id},
                 {S("channel"), order->channel},
                 {S("campaign"), order->campaign},
                 {S("cause"), order->cause}};

    buf_clear(&world->lines);
    json_open(&w, '{');
    json_key(&w, S("truth"));
    json_text(&w, str_of(what));
    json_key_time(&w, S("at"), at);
    for (size_t i = 0; i < COUNT(texts); i++)
        if (texts[i].value) {
            json_key(&w, texts[i].name);
            json_text(&w, str_of(texts[i].value));
        }
    buf_add(&world->lines, S(",\"revenue\":"));
    bookshop_write_cents(&world->lines, revenue_of(order));
    buf_add(&world->lines, S("}\n"));
}

static void tell_order(struct bookshop *world, const struct order *order,
                       const struct people_person *person, const struct bookshop_sender *sender)
{
    struct buf *out = &world->message;
    uint64_t tax = revenue_of(order) * TAX / (100 + TAX);

    bookshop_begin(world, "track", "Order Completed");
    buf_print(out, "\"order_id\":\"%s\",\"channel\":\"%s\",\"currency\":\"EUR\"", order->id,
              order->channel);
    add_money(out, "revenue", revenue_of(order));
    add_money(out, "shipping", order->shipping);
    add_money(out, "tax", tax);
    add_money(out, "total", revenue_of(order) + order->shipping);
    if (order->coupon) {
        buf_print(out, ",\"coupon\":\"%s\"", order->coupon);
        add_money(out, "discount", order->discount);
    }
    if (order->shop)
        buf_print(out, ",\"place_id\":\"%s\",\"place\":\"%s\"", order->shop->id, order->shop->name);
    add_products(out, order);
    tell_truth(world, order, person, "order", sender->at);
    bookshop_reveal(world, bookshop_end(world, sender));
}

/* What the shop's own servers tell of a customer. */
static struct bookshop_sender from_shop(const struct people_person *person, millis at)
{
    return (struct bookshop_sender){.at = at, .door = BOOKSHOP_SERVER, .user_id = person->user_id};
}

static void come_back(struct bookshop *world, const struct order *order,
                      const struct people_person *person, random_state *dice, millis at)
{
    static const char *const REASONS[] = {"damaged", "not as described", "changed my mind",
                                          "wrong book"};
    struct bookshop_sender sender =
        from_shop(person, at + (4 + (millis)random_below(dice, 10)) * MILLIS_DAY);
    struct buf *out = &world->message;

    bookshop_begin(world, "track", "Order Refunded");
    buf_print(out, "\"order_id\":\"%s\",\"channel\":\"%s\",\"currency\":\"EUR\",\"reason\":\"%s\"",
              order->id, order->channel, REASONS[random_below(dice, COUNT(REASONS))]);
    add_money(out, "revenue", revenue_of(order));
    add_money(out, "total", revenue_of(order));
    add_products(out, order);
    tell_truth(world, order, person, "return", sender.at);
    bookshop_reveal(world, bookshop_end(world, &sender));
}

static void tell_service(struct bookshop *world, const struct order *order,
                         const struct bookshop_sender *sender, const char *name, const char *topic)
{
    bookshop_begin(world, "track", name);
    buf_print(&world->message, "\"order_id\":\"%s\",\"topic\":\"%s\",\"medium\":\"%s\"", order->id,
              topic, sender->at % 3 ? "mail" : "telephone");
    bookshop_end(world, sender);
}

static void review(struct bookshop *world, const struct order *order,
                   const struct bookshop_sender *sender, random_state *dice)
{
    const struct books_book *book = order->books[0];

    bookshop_begin(world, "track", "Product Reviewed");
    buf_print(&world->message,
              "\"product_id\":\"%s\",\"name\":\"%s\",\"category\":\"%s\",\"rating\":%u", book->id,
              book->title, books_genre(book->genre), 5 - (unsigned)random_below(dice, 9) / 4);
    bookshop_end(world, sender);
}

/* Each by a throw of its own: what one does tells nothing of the other. */
static void follow(struct bookshop *world, const struct order *order,
                   const struct people_person *person, random_state *dice, millis at)
{
    struct bookshop_sender later = from_shop(person, at);
    bool is_returned = random_below(dice, 100) < RETURNED;
    bool is_complaint = random_below(dice, 100) < COMPLAINED;
    bool is_asked = random_below(dice, 100) < ASKED;
    bool is_reviewed = random_below(dice, 100) < REVIEWED;

    later.at += MILLIS_DAY + (millis)random_below(dice, 3 * MILLIS_DAY);
    if (is_asked && !order->shop)
        tell_service(world, order, &later, "Service Requested", "where is my order");
    later.at += (millis)random_below(dice, 2 * MILLIS_DAY);
    if (is_complaint)
        tell_service(world, order, &later, "Complaint Received",
                     random_chance(dice, 0.5) ? "late" : "damaged");
    if (is_returned)
        come_back(world, order, person, dice, at);
    later.at += (millis)random_below(dice, 12 * MILLIS_DAY);
    if (is_reviewed && !is_returned)
        review(world, order, &later, dice);
}

void bookshop_order_web(struct bookshop_visit *visit)
{
    struct order order = {.channel = "web",
                          .cause = visit->cause,
                          .campaign = visit->campaign,
                          .coupon = visit->coupon,
                          .count = visit->cart_count};

    for (size_t i = 0; i < order.count; i++) {
        order.books[i] = visit->cart[i];
        order.quantities[i] = 1 + random_chance(&visit->dice, 0.08);
    }
    count_up(visit->world, &order);
    bookshop_visit_view(visit, "/thanks", "Thank you - " BOOKSHOP_NAME, "Order placed");
    visit->sender.at += 1;
    tell_order(visit->world, &order, visit->person, &visit->sender);
    visit->last = visit->sender.at;
    visit->events++;
    follow(visit->world, &order, visit->person, &visit->dice, visit->sender.at);
}

/* The printer at one till writes times as people do there: what it tells is a misfit. */
static void print_receipt(struct bookshop *world, const struct order *order,
                          const struct people_person *person, millis at)
{
    struct bookshop_sender sender = from_shop(person, at);
    int year, month, day;
    char time[32];

    time_civil(at / MILLIS_DAY, &year, &month, &day);
    snprintf(time, sizeof time, "%02d/%02d/%d %02d:%02d", day, month, year,
             (int)(at % MILLIS_DAY / MILLIS_HOUR), (int)(at % MILLIS_HOUR / MILLIS_MINUTE));
    sender.time = time;
    bookshop_begin(world, "track", "Receipt Printed");
    buf_print(&world->message, "\"order_id\":\"%s\",\"place_id\":\"%s\"", order->id,
              order->shop->id);
    tell_truth(world, order, person, "misfit", at);
    bookshop_reveal(world, bookshop_end(world, &sender));
}

void bookshop_order_shop(struct bookshop *world, struct people_person *person, random_state *dice,
                         millis at)
{
    struct bookshop_sender sender = from_shop(person, at);
    struct order order = {
        .channel = "shop", .shop = &PLACES_SHOP[person->shop], .count = 1 + random_below(dice, 3)};

    for (size_t i = 0; i < order.count; i++) {
        order.books[i] =
            books_pick(world->books, dice, dice_weighted(dice, person->tastes, BOOKS_GENRES),
                       PLACES_CITY[person->city].language);
        order.quantities[i] = 1;
    }
    count_up(world, &order);
    tell_order(world, &order, person, &sender);
    if (person->shop == BROKEN_TILL)
        print_receipt(world, &order, person, at + MILLIS_SECOND);
    follow(world, &order, person, dice, at);
}
