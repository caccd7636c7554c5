/* test_settings.c - a workspace's name, zone and currency: what they begin as, and what they may be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/settings.h"

#include "store/catalog.h"
#include "support/test.h"
#include "sys/sim.h"

#include <string.h>

static const struct settings SHOP = {{"Lantern Books", 13}, {"Europe/Berlin", 13}, {"CHF", 3}};

static void check_is(struct catalog *catalog, const struct settings *wanted)
{
    struct settings settings;

    CHECK_OK(settings_get(catalog, test_mem, &settings));
    CHECK_STR(settings.name, wanted->name);
    CHECK_STR(settings.timezone, wanted->timezone);
    CHECK_STR(settings.currency, wanted->currency);
}

TEST(settings_have_a_beginning_and_stay_as_they_are_set)
{
    const struct settings first = {S("My workspace"), S("UTC"), S("EUR")};
    struct sys *sys = sim_open(5);
    struct catalog *catalog;

    CHECK_OK(catalog_open(sys, "catalog.db", &catalog));
    check_is(catalog, &first);
    CHECK_OK(settings_set(catalog, &SHOP));
    check_is(catalog, &SHOP);
    catalog_close(catalog);
    CHECK_OK(catalog_open(sys, "catalog.db", &catalog));
    check_is(catalog, &SHOP);
    catalog_close(catalog);
    sim_close(sys);
}

static void check_refused(struct catalog *catalog, const struct settings *wrong, const char *member)
{
    CHECK_ERR(ERR_INVALID, settings_set(catalog, wrong));
    CHECK(strstr(err_text(), member) != NULL);
}

TEST(settings_that_nothing_can_use_are_refused_by_name)
{
    static const char *const names[] = {"", "  ", "a\nb", "a\x7f", "\xff"};
    static const char *const zones[] = {"", "Europe/Atlantis", "../UTC", "localtime", "UTC+1 hour"};
    static const char *const codes[] = {"", "EU", "EURO", "eur", "E1R", "\xe2\x82\xac"};
    struct sys *sys = sim_open(5);
    struct settings settings = SHOP;
    struct catalog *catalog;
    char name[2 * (SETTINGS_NAME + 1)];

    CHECK_OK(catalog_open(sys, "catalog.db", &catalog));
    CHECK_OK(settings_set(catalog, &SHOP));
    EACH_CASE(c, names)
    {
        settings.name = str_of(*c);
        check_refused(catalog, &settings, "\"name\"");
    }
    for (size_t i = 0; i < SETTINGS_NAME + 1; i++)
        memcpy(name + 2 * i, "\xc3\xa9", 2);
    settings.name = str_from(name, sizeof name);
    check_refused(catalog, &settings, "\"name\"");
    settings.name.len -= 2; /* characters count */
    CHECK_OK(settings_set(catalog, &settings));
    CHECK_OK(settings_set(catalog, &SHOP));

    settings = SHOP;
    EACH_CASE(c, zones)
    {
        settings.timezone = str_of(*c);
        check_refused(catalog, &settings, "\"timezone\"");
    }
    settings = SHOP;
    EACH_CASE(c, codes)
    {
        settings.currency = str_of(*c);
        check_refused(catalog, &settings, "\"currency\"");
    }
    check_is(catalog, &SHOP); /* nothing of what is refused */
    catalog_close(catalog);
    sim_close(sys);
}
