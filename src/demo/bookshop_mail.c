/* bookshop_mail.c - the newsletter, two campaigns, who opens them, and machines that do so first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/bookshop_int.h"

#include "base/json.h"

#include <stdio.h>

enum { WEEKDAYS = 7, EPOCH_WEEKDAY = 3, SEND_HOUR = 9, PREFETCH_MS = 1500, SCAN_MS = 2500 };

struct mail {
    const char *campaign, *subject, *link;
    double opens, clicks; /* of those delivered; of those opened */
};

static const struct mail NEWSLETTER = {"newsletter", "New on our shelves this week", "/", 0.36,
                                       0.22};
static const struct mail COUPON = {"reading-coupon", "15 % for a long evening", "/", 0.52, 0};
static const struct mail PREVIEW = {"vip-preview", "See next season before anybody else", "/", 0.6,
                                    0};

static struct bookshop_happening *tell(struct bookshop *world, const struct mail *mail,
                                       const char *name, const struct bookshop_sender *sender)
{
    bookshop_begin(world, "track", name);
    buf_print(&world->message, "\"campaign_name\":\"%s\",\"email_subject\":\"%s\"", mail->campaign,
              mail->subject);
    if (name[6] == 'L') /* Email Link Clicked */
        buf_print(&world->message,
                  ",\"link_url\":\"" BOOKSHOP_SITE
                  "%s?utm_source=newsletter&utm_medium=email&utm_campaign=%s\"",
                  mail->link, mail->campaign);
    return bookshop_end(world, sender);
}

static void tell_machine(struct bookshop *world, struct bookshop_happening *happening,
                         const struct people_person *person, const char *event,
                         enum devices_machine machine)
{
    struct json_writer w = {.out = &world->lines};

    if (!happening)
        return;
    buf_clear(&world->lines);
    json_open(&w, '{');
    json_key(&w, S("truth"));
    json_text(&w, S("machine"));
    json_key_time(&w, S("at"), happening->event.at);
    json_key(&w, S("person"));
    json_text(&w, str_of(person->user_id));
    json_key(&w, S("event"));
    json_text(&w, str_of(event));
    json_key(&w, S("machine"));
    json_text(&w, str_of(devices_machine_name(machine)));
    json_shut(&w, '}');
    buf_add_byte(&world->lines, '\n');
    bookshop_reveal(world, happening);
}

static void by_machine(struct bookshop *world, const struct mail *mail,
                       const struct people_person *person, random_state *dice, millis at)
{
    enum devices_machine machine = person->has_office_mail ? DEVICES_SCANNER : DEVICES_PREFETCH;
    struct devices_device device;
    struct bookshop_sender sender = {
        .at = at, .door = BOOKSHOP_SERVER, .user_id = person->user_id, .device = &device};

    devices_make_machine(dice, machine, &device);
    sender.at += PREFETCH_MS + (millis)random_below(dice, SCAN_MS);
    tell_machine(world, tell(world, mail, "Email Opened", &sender), person, "Email Opened",
                 machine);
    if (machine != DEVICES_SCANNER)
        return;
    sender.at += 1 + (millis)random_below(dice, SCAN_MS);
    tell_machine(world, tell(world, mail, "Email Link Clicked", &sender), person,
                 "Email Link Clicked", machine);
}

/* True: she opened it. */
static bool deliver(struct bookshop *world, const struct mail *mail, struct people_person *person,
                    int32_t day, random_state *dice)
{
    const struct places_city *city = &PLACES_CITY[person->city];
    struct bookshop_sender sender = {.door = BOOKSHOP_SERVER, .user_id = person->user_id};
    bool opens = random_chance(dice, mail->opens), clicks = random_chance(dice, mail->clicks);
    struct bookshop_visit how = {
        .source = "newsletter", .campaign = mail->campaign, .intent = people_intent(person)};

    sender.at = bookshop_midnight(world, day) + (SEND_HOUR - city->offset_hours) * MILLIS_HOUR +
                (millis)random_below(dice, 20 * MILLIS_MINUTE);
    tell(world, mail, "Email Delivered", &sender);
    if (person->has_office_mail || random_chance(dice, 0.2))
        by_machine(world, mail, person, dice, sender.at);
    if (!opens)
        return false;
    sender.device = &person->devices[person->has_phone ? DEVICES_PHONE : DEVICES_COMPUTER];
    sender.at += dice_wait(dice, 5 * MILLIS_HOUR) / 3 + MILLIS_MINUTE;
    tell(world, mail, "Email Opened", &sender);
    if (clicks) {
        sender.at += dice_wait(dice, 30 * MILLIS_SECOND);
        tell(world, mail, "Email Link Clicked", &sender);
        bookshop_visit_person(world, person, BOOKSHOP_VISIT + 1, sender.at + MILLIS_SECOND, &how);
    } else if (random_chance(dice, 0.004)) {
        sender.at += dice_wait(dice, MILLIS_MINUTE);
        tell(world, mail, "Unsubscribed", &sender);
        person->has_unsubscribed = true;
    }
    return true;
}

static bool is_reader(const struct people_person *person, int32_t day)
{
    return person->is_registered && person->allows_marketing && !person->has_unsubscribed &&
           person->comes_on <= day;
}

/* Lots are drawn, told to the product as a trait, and the treated get the mail. */
static enum people_arm draw(struct bookshop *world, struct people_person *person, size_t campaign,
                            int32_t day, double held_out)
{
    static const char *const TRAITS[] = {"reading_coupon", "vip_preview"};
    random_state dice = dice_for(world->options.seed, person->number, campaign, BOOKSHOP_LOT);
    enum people_arm arm = random_chance(&dice, held_out) ? PEOPLE_HELD_OUT : PEOPLE_TREATED;
    struct bookshop_sender sender = {
        .at = bookshop_midnight(world, day), .door = BOOKSHOP_SERVER, .user_id = person->user_id};

    person->arms[campaign] = (uint8_t)arm;
    bookshop_begin(world, "identify", NULL);
    buf_print(&world->message, "\"%s\":\"%s\"", TRAITS[campaign], people_arm_name(arm));
    buf_clear(&world->lines);
    buf_print(&world->lines,
              "{\"truth\":\"lot\",\"person\":\"%s\",\"campaign\":\"%s\",\"arm\":\"%s\"}\n",
              person->user_id, campaign ? PREVIEW.campaign : COUPON.campaign, people_arm_name(arm));
    bookshop_reveal(world, bookshop_end(world, &sender));
    return arm;
}

static void make_person_mail(struct bookshop *world, struct people_person *person, int32_t day)
{
    random_state dice = dice_for(world->options.seed, person->number, (uint64_t)day, BOOKSHOP_MAIL);
    int64_t weekday = (bookshop_midnight(world, day) / MILLIS_DAY + EPOCH_WEEKDAY) % WEEKDAYS;

    if (!is_reader(person, day))
        return;
    if (weekday == BOOKSHOP_NEWSLETTER_WEEKDAY)
        deliver(world, &NEWSLETTER, person, day, &dice);
    if (day == bookshop_coupon_day(world) && draw(world, person, 0, day, 0.5) == PEOPLE_TREATED &&
        deliver(world, &COUPON, person, day, &dice) && random_chance(&dice, 0.6))
        person->called_on = day + 1 + (int32_t)random_below(&dice, BOOKSHOP_COUPON_DAYS - 1);
    if (day == bookshop_preview_day(world) && person->class == PEOPLE_LOYAL &&
        draw(world, person, 1, day, 0.3) == PEOPLE_TREATED)
        deliver(world, &PREVIEW, person, day, &dice);
}

void bookshop_mail_day(struct bookshop *world, int32_t day)
{
    for (uint32_t i = 0; i < world->options.people; i++)
        make_person_mail(world, &world->people[i], day);
}
