/* bookshop_machine.c - machines at the door of the site.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/bookshop_int.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* How a kind comes: for a thousand people so many visits a day, each of so many pages. */
struct manner {
    enum devices_machine machine;
    double visits;
    unsigned least, most;
    millis gap;
    bool is_even; /* one page as long after the other as the next */
    bool is_paid; /* for by an affiliate who is paid by the click; in the middle of the history */
};

static const struct manner MANNERS[] = {
    {DEVICES_CRAWLER, 5, 6, 24, 5000, false, false},
    {DEVICES_HEADLESS, 3, 3, 12, 2500, false, false},
    {DEVICES_FARM, 14, 9, 14, 4000, true, true},
    {DEVICES_SCRAPER, 0.4, 60, 120, 2000, true, false},
    {DEVICES_PROBER, 1, 4, 8, 400, false, false},
    {DEVICES_PREVIEW, 4, 1, 1, 100, false, false},
};

static const char *const HOLES[] = {"/.env",        "/wp-login.php",    "/.git/config",
                                    "/phpmyadmin/", "/admin.php",       "/backup.zip",
                                    "/xmlrpc.php",  "/.aws/credentials"};

static void look_at(struct bookshop_visit *visit, const struct manner *manner, unsigned page)
{
    const struct books_book *book =
        &visit->world->books[(random_below(&visit->dice, 8) + page * 5) % BOOKS_COUNT];
    char path[224];

    if (manner->machine == DEVICES_PROBER) {
        bookshop_visit_view(visit, HOLES[page % COUNT(HOLES)], "Not found", "Not found");
        return;
    }
    if (manner->is_paid && page == 0)
        snprintf(path, sizeof path,
                 "/book/%s?utm_source=bargain-links&utm_medium=affiliate&utm_campaign=partners",
                 book->id);
    else
        snprintf(path, sizeof path, "/book/%s", book->id);
    bookshop_visit_view(visit, path, book->title, "Book");
}

static void run(struct bookshop *world, const struct manner *manner, random_state dice, millis at)
{
    struct devices_device device;
    struct bookshop_visit visit = {.world = world,
                                   .machine = devices_machine_name(manner->machine),
                                   .source = manner->is_paid ? "affiliate" : "direct",
                                   .campaign = manner->is_paid ? "partners" : NULL};
    unsigned pages =
        manner->least + (unsigned)random_below(&dice, manner->most - manner->least + 1);

    devices_make_machine(&dice, manner->machine, &device);
    visit.sender = (struct bookshop_sender){.at = at, .anonymous_id = device.id, .device = &device};
    visit.dice = dice;
    for (unsigned i = 0; i < pages; i++) {
        look_at(&visit, manner, i);
        visit.sender.at += manner->is_even ? manner->gap : dice_wait(&visit.dice, manner->gap);
    }
    bookshop_visit_end(&visit);
}

static bool is_paid_for(const struct bookshop *world, int32_t day)
{
    int32_t days = (int32_t)world->options.days;

    return day >= days * 3 / 10 && day < days * 6 / 10;
}

void bookshop_machine_day(struct bookshop *world, int32_t day)
{
    for (size_t kind = 0; kind < COUNT(MANNERS); kind++) {
        const struct manner *manner = &MANNERS[kind];
        uint64_t purpose = BOOKSHOP_MACHINE + (kind << 8);
        random_state all = dice_for(world->options.seed, 0, (uint64_t)day, purpose);
        uint32_t count = dice_count(&all, manner->visits * world->options.people / 1000), most;

        if (manner->is_paid && !is_paid_for(world, day))
            continue;
        most = count + (uint32_t)(count * bookshop_extra(world, day));
        for (uint32_t i = 0; i < most; i++) {
            random_state dice = dice_for(world->options.seed, i + 1, (uint64_t)day, purpose);
            millis at = bookshop_midnight(world, day) + (millis)random_below(&dice, MILLIS_DAY);

            if (bookshop_happens(world, i, count, at))
                run(world, manner, dice, at);
        }
    }
}
