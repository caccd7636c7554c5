/* bookshop.c - days made one after another, their events sorted and told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/bookshop_int.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 4096, MONTHS = 12, WEEKDAYS = 7, HOURS = 24, EPOCH_WEEKDAY = 3 };

/* Tenths and hundredths. */
static const unsigned char SEASON[MONTHS] = {10, 9, 9, 9, 9, 9, 8, 9, 10, 11, 13, 16};
static const unsigned char WEEK[WEEKDAYS] = {86, 84, 88, 94, 98, 122, 128};
/* By the local clock: lunch, and the evening above all. */
static const unsigned DAY[HOURS] = {12, 6,  3,  2,  2,  4,  12, 26, 38, 42, 44, 50,
                                    62, 58, 46, 44, 48, 56, 66, 84, 98, 92, 60, 28};

/* Calendar */

millis bookshop_midnight(const struct bookshop *world, int32_t day)
{
    return world->options.from + day * MILLIS_DAY;
}

int bookshop_month(const struct bookshop *world, int32_t day)
{
    int year, month, date;

    time_civil(bookshop_midnight(world, day) / MILLIS_DAY, &year, &month, &date);
    return month;
}

double bookshop_bustle(const struct bookshop *world, int32_t day)
{
    int64_t weekday = (bookshop_midnight(world, day) / MILLIS_DAY + EPOCH_WEEKDAY) % WEEKDAYS;

    return SEASON[bookshop_month(world, day) - 1] / 10.0 * WEEK[weekday] / 100.0;
}

millis bookshop_hour(const struct bookshop *world, random_state *dice, int32_t day,
                     const struct places_city *city)
{
    millis hour = (millis)dice_weighted(dice, DAY, HOURS) - city->offset_hours;

    return bookshop_midnight(world, day) + (hour + HOURS) % HOURS * MILLIS_HOUR +
           (millis)random_below(dice, MILLIS_HOUR);
}

double bookshop_extra(const struct bookshop *world, int32_t day)
{
    double extra = world->options.pace - 1;

    return extra > 0 && bookshop_midnight(world, day + 1) > world->options.living ? extra : 0;
}

bool bookshop_happens(const struct bookshop *world, uint32_t at, uint32_t count, millis start)
{
    if (start < world->options.living)
        return at < count;
    return world->options.pace >= 1 || at < (uint32_t)(count * world->options.pace + 0.5);
}

int32_t bookshop_coupon_day(const struct bookshop *world)
{
    return (int32_t)(world->options.days * 11 / 20);
}

int32_t bookshop_preview_day(const struct bookshop *world)
{
    return (int32_t)(world->options.days * 7 / 10);
}

/* Messages */

void bookshop_write_cents(struct buf *out, uint64_t cents)
{
    buf_print(out, "%llu.%02u", (unsigned long long)(cents / 100), (unsigned)(cents % 100));
}

void bookshop_begin(struct bookshop *world, const char *type, const char *name)
{
    bool is_track = type[0] == 't';

    buf_clear(&world->message);
    buf_print(&world->message, "{\"messageId\":\"demo-%llx-%llu\",\"type\":\"%s\",",
              (unsigned long long)world->options.seed, (unsigned long long)world->made, type);
    if (name)
        buf_print(&world->message, "\"%s\":\"%s\",", is_track ? "event" : "name", name);
    buf_print(&world->message, "\"%s\":{", type[0] == 'i' ? "traits" : "properties");
}

static void write_context(struct buf *out, const struct bookshop_sender *sender)
{
    const struct places_city *city = sender->city;

    buf_add(out, S(",\"context\":{\"channel\":"));
    buf_add(out, sender->door == BOOKSHOP_BROWSER ? S("\"browser\"") : S("\"server\""));
    if (city)
        buf_print(out,
                  ",\"locale\":\"%s\",\"timezone\":\"%s\",\"location\":{\"country\":\"%s\","
                  "\"city\":\"%s\"}",
                  city->locale, city->timezone, city->country, city->name);
    if (sender->path) {
        str rest = str_of(sender->path), path = str_cut(&rest, '?');

        buf_print(out, ",\"page\":{\"path\":\"%.*s\",\"url\":\"" BOOKSHOP_SITE "%s\"",
                  STR_ARG(path), sender->path);
        if (rest.data)
            buf_print(out, ",\"search\":\"?%.*s\"", STR_ARG(rest));
        buf_print(out, ",\"title\":\"%s\",\"referrer\":\"%s\"}", sender->title, sender->referrer);
    }
}

static bool grow(struct bookshop *world)
{
    size_t room = world->room ? world->room * 2 : FIRST_ROOM;
    void *queue;

    if (world->count < world->room)
        return true;
    queue = mem_grow(world->queue, room * sizeof *world->queue);
    if (!queue)
        return false;
    world->queue = queue;
    world->room = room;
    return true;
}

static void copy_text(char **at, str from, str *out)
{
    if (from.len)
        memcpy(*at, from.data, from.len);
    *out = (str){*at, from.len};
    *at += from.len;
}

static struct bookshop_happening *put(struct bookshop *world, const struct bookshop_sender *sender)
{
    str agent = str_of(sender->device ? sender->device->agent : "");
    str address = str_of(sender->device ? sender->device->address : "");
    str message = buf_str(&world->message);
    struct bookshop_happening *happening;
    char *text;

    if (buf_is_broken(&world->message) || !grow(world))
        return NULL;
    happening = mem_alloc(sizeof *happening + message.len + agent.len + address.len);
    if (!happening)
        return NULL;
    text = (char *)(happening + 1);
    happening->event.at = sender->at;
    happening->event.door = sender->door;
    happening->event.language = str_of(sender->city ? sender->city->locale : "");
    happening->serial = world->made;
    copy_text(&text, message, &happening->event.message);
    copy_text(&text, agent, &happening->event.agent);
    copy_text(&text, address, &happening->event.address);
    world->queue[world->count++] = happening;
    return happening;
}

struct bookshop_happening *bookshop_end(struct bookshop *world,
                                        const struct bookshop_sender *sender)
{
    struct buf *out = &world->message;
    struct bookshop_happening *happening;

    buf_add_byte(out, '}');
    if (sender->anonymous_id)
        buf_print(out, ",\"anonymousId\":\"%s\"", sender->anonymous_id);
    if (sender->user_id)
        buf_print(out, ",\"userId\":\"%s\"", sender->user_id);
    buf_add(out, S(",\"timestamp\":\""));
    if (sender->time)
        buf_add(out, str_of(sender->time));
    else
        time_write_utc(out, sender->at);
    buf_add_byte(out, '"');
    write_context(out, sender);
    happening = put(world, sender);
    world->made++;
    if (!happening)
        world->is_broken = true;
    return happening;
}

void bookshop_message(const struct bookshop_event *event, bool is_told, struct buf *out)
{
    buf_add(out, event->message);
    if (is_told && event->agent.len)
        buf_print(out, ",\"userAgent\":\"%.*s\",\"ip\":\"%.*s\"", STR_ARG(event->agent),
                  STR_ARG(event->address));
    buf_add(out, S("}}"));
}

void bookshop_reveal(struct bookshop *world, struct bookshop_happening *happening)
{
    size_t len = world->lines.len, held = happening ? happening->event.truth.len : 0;
    char *truth;

    if (!happening || !len)
        return;
    truth = buf_is_broken(&world->lines) ? NULL : mem_grow(happening->truth, held + len);
    if (!truth) {
        world->is_broken = true;
        return;
    }
    memcpy(truth + held, world->lines.data, len);
    happening->truth = truth;
    happening->event.truth = (str){truth, held + len};
    buf_clear(&world->lines);
}

/* Days */

static int compare(const void *left, const void *right)
{
    const struct bookshop_happening *a = *(struct bookshop_happening *const *)left;
    const struct bookshop_happening *b = *(struct bookshop_happening *const *)right;

    if (a->event.at != b->event.at)
        return a->event.at < b->event.at ? -1 : 1;
    return a->serial < b->serial ? -1 : a->serial > b->serial;
}

/* What is left of the days before, and the next day's, in order. */
static void make_day(struct bookshop *world)
{
    int32_t day = world->day++;

    memmove(world->queue, world->queue + world->at,
            (world->count - world->at) * sizeof *world->queue);
    world->count -= world->at;
    world->at = 0;
    bookshop_mail_day(world, day);
    bookshop_visit_day(world, day);
    bookshop_machine_day(world, day);
    qsort(world->queue, world->count, sizeof *world->queue, compare);
}

static void drop(struct bookshop_happening *happening)
{
    if (happening)
        mem_free(happening->truth);
    mem_free(happening);
}

fallible bookshop_next(struct bookshop *world, const struct bookshop_event **out_event)
{
    drop(world->told);
    world->told = NULL;
    while (!world->is_broken &&
           (world->at == world->count ||
            world->queue[world->at]->event.at >= bookshop_midnight(world, world->day)))
        make_day(world);
    if (world->is_broken)
        return mem_exhausted();
    world->told = world->queue[world->at++];
    world->told->event.number = world->numbered++;
    *out_event = &world->told->event;
    return OK;
}

/* Life */

fallible bookshop_open(const struct bookshop_options *options, struct bookshop **out_world)
{
    struct bookshop *world = mem_alloc(sizeof *world);

    if (!world)
        return mem_exhausted();
    world->options = *options;
    world->books = mem_alloc(BOOKS_COUNT * sizeof *world->books);
    world->people = mem_alloc((options->people + (size_t)1) * sizeof *world->people);
    world->queue = mem_alloc(FIRST_ROOM * sizeof *world->queue);
    world->room = FIRST_ROOM;
    if (!world->books || !world->people || !world->queue) {
        bookshop_close(world);
        return mem_exhausted();
    }
    books_make(options->seed, world->books);
    for (uint32_t i = 0; i < options->people; i++)
        people_make(options->seed, i, options->days, &world->people[i]);
    *out_world = world;
    return OK;
}

void bookshop_close(struct bookshop *world)
{
    if (!world)
        return;
    drop(world->told);
    for (size_t i = world->at; i < world->count; i++)
        drop(world->queue[i]);
    mem_free(world->queue);
    mem_free(world->books);
    mem_free(world->people);
    buf_done(&world->message);
    buf_done(&world->lines);
    mem_free(world);
}
