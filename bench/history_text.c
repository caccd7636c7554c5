/* history_text.c - spells events by hand: the generator must outrun every reader.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "history_text.h"

#include "shop.h"

#include <string.h>

static const char *const NAMES[HISTORY_NAMES] = {
    "product_view",  "add_to_cart",      "checkout_start", "purchase", "search",      "page_view",
    "category_view", "remove_from_cart", "wishlist_add",   "ad_click", "email_click", "sign_in"};

static const char COUNTRIES[] = "DEATCHFRITESNLBEPLCZDKSENOFIIEPTGRHUROBGHRSISKEELVLTLUMTCYGBUSCAMX"
                                "BRARCLCOPEAUNZJPKRCNINIDMYSGTHVNPHZAEGMANGKETRILAESATW";

_Static_assert(sizeof COUNTRIES == 2 * HISTORY_COUNTRIES + 1, "two letters each");

str history_name(uint32_t number)
{
    return str_of(NAMES[number]);
}

str history_country(uint32_t number)
{
    return str_from(COUNTRIES + 2 * (size_t)number, 2);
}

/* The room is there already. */
static void put(struct buf *out, str text)
{
    memcpy(out->data + out->len, text.data, text.len);
    out->len += text.len;
}

static void put_padded(struct buf *out, uint64_t number, size_t digits)
{
    char *at = out->data + out->len;

    for (size_t i = digits; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    out->len += digits;
}

static void put_number(struct buf *out, uint64_t number)
{
    size_t digits = 1;

    for (uint64_t rest = number; rest >= 10; rest /= 10)
        digits++;
    put_padded(out, number, digits);
}

static void put_money(struct buf *out, uint32_t cents)
{
    put_number(out, cents / 100);
    put(out, S("."));
    put_padded(out, cents % 100, 2);
}

/* 2026-01-05T09:30:00.125Z */
static void put_time(struct buf *out, struct history_day *day, millis at)
{
    int64_t number = at / MILLIS_DAY;
    uint64_t rest = (uint64_t)(at % MILLIS_DAY);

    if (number != day->number) {
        struct buf text = {.data = day->text, .room = sizeof day->text};
        int year, month, date;

        time_civil(number, &year, &month, &date);
        put_padded(&text, (uint64_t)year, 4);
        put(&text, S("-"));
        put_padded(&text, (uint64_t)month, 2);
        put(&text, S("-"));
        put_padded(&text, (uint64_t)date, 2);
        day->number = number;
    }
    put(out, str_from(day->text, sizeof day->text));
    put(out, S("T"));
    put_padded(out, rest / MILLIS_HOUR, 2);
    put(out, S(":"));
    put_padded(out, rest / MILLIS_MINUTE % 60, 2);
    put(out, S(":"));
    put_padded(out, rest / MILLIS_SECOND % 60, 2);
    put(out, S("."));
    put_padded(out, rest % MILLIS_SECOND, 3);
    put(out, S("Z"));
}

static void put_user(struct buf *out, uint32_t person)
{
    put(out, S("u-"));
    put_padded(out, person, 8);
}

static void put_anonymous(struct buf *out, uint32_t person)
{
    put(out, S("5a2d7c61-93f0-4b1e-8c44-0000"));
    put_padded(out, person, 8);
}

void history_identifier(struct buf *out, uint32_t person, bool is_user)
{
    if (is_user)
        put_user(out, person);
    else
        put_anonymous(out, person);
}

/* JSON */

static void put_message(struct buf *out, struct history_day *day, const struct history_event *event,
                        str message_id)
{
    if (event->identity & HISTORY_USER) {
        put(out, S(",\"userId\":\""));
        put_user(out, event->person);
        put(out, S("\""));
    }
    if (event->identity & HISTORY_ANONYMOUS) {
        put(out, S(",\"anonymousId\":\""));
        put_anonymous(out, event->person);
        put(out, S("\""));
    }
    put(out, S(",\"timestamp\":\""));
    put_time(out, day, event->time);
    put(out, S("\",\"messageId\":\""));
    put(out, message_id);
}

void history_json(struct buf *out, struct history_day *day, const struct history_event *event)
{
    put(out, S("{\"type\":\"track\",\"event\":\""));
    put(out, history_name(event->name));
    put(out, S("\",\"properties\":{\"source\":\""));
    put(out, shop_source(event->source));
    put(out, S("\",\"campaign\":\"c-"));
    put_padded(out, event->campaign, 3);
    put(out, S("\",\"device\":\""));
    put(out, shop_device(event->device));
    put(out, S("\",\"country\":\""));
    put(out, history_country(event->country));
    if (event->product != HISTORY_NO_PRODUCT) {
        put(out, S("\",\"product\":\"p-"));
        put_padded(out, event->product, 5);
    }
    put(out, S("\""));
    if (event->cents) {
        put(out, S(",\"revenue\":"));
        put_money(out, event->cents);
    }
    put(out, S("}"));
    put_message(out, day, event, S("e-"));
    put_padded(out, event->seq, 10);
    put(out, S("\"}\n"));
}

void history_json_person(struct buf *out, struct history_day *day,
                         const struct history_event *event, uint32_t country)
{
    put(out, S("{\"type\":\"identify\",\"traits\":{\"country\":\""));
    put(out, history_country(country));
    put(out, S("\"}"));
    put_message(out, day, event, S("i-"));
    put_padded(out, event->person, 10);
    put(out, S("\"}\n"));
}

/* CSV */

void history_csv_head(struct buf *out)
{
    put(out, S("type,event,timestamp,userId,anonymousId,source,campaign,device,country,product,"
               "revenue,traits.country\n"));
}

static void put_cells(struct buf *out, struct history_day *day, const struct history_event *event)
{
    put_time(out, day, event->time);
    put(out, S(","));
    if (event->identity & HISTORY_USER)
        put_user(out, event->person);
    put(out, S(","));
    if (event->identity & HISTORY_ANONYMOUS)
        put_anonymous(out, event->person);
    put(out, S(","));
}

static void put_properties(struct buf *out, const struct history_event *event)
{
    put(out, shop_source(event->source));
    put(out, S(",c-"));
    put_padded(out, event->campaign, 3);
    put(out, S(","));
    put(out, shop_device(event->device));
    put(out, S(","));
    put(out, history_country(event->country));
    put(out, S(","));
    if (event->product != HISTORY_NO_PRODUCT) {
        put(out, S("p-"));
        put_padded(out, event->product, 5);
    }
    put(out, S(","));
    if (event->cents)
        put_money(out, event->cents);
}

void history_csv(struct buf *out, struct history_day *day, const struct history_event *event)
{
    put(out, S("track,"));
    put(out, history_name(event->name));
    put(out, S(","));
    put_cells(out, day, event);
    put_properties(out, event);
    put(out, S(",\n"));
}

void history_csv_person(struct buf *out, struct history_day *day, const struct history_event *event,
                        uint32_t country)
{
    put(out, S("identify,,"));
    put_cells(out, day, event);
    put(out, S(",,,,,,"));
    put(out, history_country(country));
    put(out, S("\n"));
}

void history_peer(struct buf *out, const struct history_event *event)
{
    put_number(out, event->seq);
    put(out, S(","));
    put_number(out, event->person);
    put(out, S(","));
    put_number(out, (uint64_t)event->time);
    put(out, S(","));
    put(out, history_name(event->name));
    put(out, S(","));
    put_properties(out, event);
    put(out, S("\n"));
}
