/* bookshop_truth.c - what is true before anything happens.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/bookshop_int.h"

#include "base/json.h"

static void end_line(struct json_writer *w)
{
    json_shut(w, '}');
    buf_add_byte(w->out, '\n');
    w->needs_comma = false;
}

static void begin_line(struct json_writer *w, const char *what)
{
    json_open(w, '{');
    json_key(w, S("truth"));
    json_text(w, str_of(what));
}

static void add_text(struct json_writer *w, str name, const char *text)
{
    json_key(w, name);
    json_text(w, str_of(text));
}

/* Places to a ten-thousandth of a degree, as they are told everywhere. */
static void add_place(struct json_writer *w, double latitude, double longitude)
{
    json_key(w, S("latitude"));
    json_double(w, latitude);
    json_key(w, S("longitude"));
    json_double(w, longitude);
}

static void add_campaign(struct json_writer *w, const char *name, bool works, millis at)
{
    begin_line(w, "campaign");
    add_text(w, S("name"), name);
    json_key(w, S("works"));
    json_bool(w, works);
    json_key_time(w, S("at"), at);
    end_line(w);
}

static void add_person(struct json_writer *w, const struct people_person *person)
{
    begin_line(w, "person");
    add_text(w, S("user_id"), person->user_id);
    add_text(w, S("class"), people_class_name(person->class));
    json_key(w, S("tastes"));
    json_open(w, '{');
    for (size_t i = 0; i < BOOKS_GENRES; i++) {
        json_key(w, str_of(books_genre(i)));
        json_u64(w, person->tastes[i]);
    }
    json_shut(w, '}');
    add_text(w, S("city"), PLACES_CITY[person->city].name);
    add_place(w, person->latitude, person->longitude);
    json_key(w, S("shop_m"));
    if (person->shop == PLACES_SHOPS)
        json_null(w);
    else
        json_u64(w, (uint64_t)person->shop_m);
    json_key(w, S("comes_on"));
    json_i64(w, person->comes_on);
    json_key(w, S("stops_on"));
    if (person->stops_on == INT32_MAX)
        json_null(w);
    else
        json_i64(w, person->stops_on);
    json_key(w, S("target"));
    json_bool(w, person->is_target);
    json_key(w, S("allows_analytics"));
    json_bool(w, person->allows_analytics);
    json_key(w, S("allows_marketing"));
    json_bool(w, person->allows_marketing);
    json_key(w, S("devices"));
    json_open(w, '[');
    for (size_t kind = 0; kind < 2; kind++)
        if (kind == DEVICES_PHONE ? person->has_phone : person->has_computer)
            json_text(w, str_of(person->devices[kind].id));
    json_shut(w, ']');
    end_line(w);
}

void bookshop_preface(const struct bookshop *world, struct buf *out)
{
    struct json_writer w = {.out = out};

    begin_line(&w, "world");
    json_key(&w, S("seed"));
    json_u64(&w, world->options.seed);
    json_key(&w, S("people"));
    json_u64(&w, world->options.people);
    json_key(&w, S("days"));
    json_u64(&w, world->options.days);
    json_key_time(&w, S("from"), world->options.from);
    end_line(&w);
    add_campaign(&w, "reading-coupon", true, bookshop_midnight(world, bookshop_coupon_day(world)));
    add_campaign(&w, "vip-preview", false, bookshop_midnight(world, bookshop_preview_day(world)));
    for (size_t i = 0; i < PLACES_SHOPS; i++) {
        const struct places_shop *shop = &PLACES_SHOP[i];

        begin_line(&w, "shop");
        add_text(&w, S("id"), shop->id);
        add_text(&w, S("name"), shop->name);
        add_place(&w, shop->latitude, shop->longitude);
        end_line(&w);
    }
    for (uint32_t i = 0; i < world->options.people; i++)
        add_person(&w, &world->people[i]);
}
