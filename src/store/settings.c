/* settings.c - the one row of the table `workspace_setting`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/settings.h"

#include "base/utf8.h"
#include "base/zone.h"
#include "store/catalog.h"

enum { CURRENCY_LEN = 3 };

struct reading {
    struct arena *mem;
    struct settings settings;
};

static enum err take(void *argument, struct row *row)
{
    struct reading *reading = argument;

    reading->settings = (struct settings){
        .name = catalog_row_text(row, 0, reading->mem),
        .timezone = catalog_row_text(row, 1, reading->mem),
        .currency = catalog_row_text(row, 2, reading->mem),
    };
    return arena_is_exhausted(reading->mem) ? arena_exhausted() : OK;
}

fallible settings_get(struct catalog *catalog, struct arena *mem, struct settings *out_settings)
{
    struct reading reading = {.mem = mem};
    struct tx *tx;

    TRY(catalog_begin(catalog, &tx));
    TRY(catalog_end(tx, catalog_each(tx, SQL_WORKSPACE_SETTING_GET, NO_BIND, take, &reading)));
    *out_settings = reading.settings;
    return OK;
}

static fallible check_name(str name)
{
    size_t characters = utf8_line(name);

    return characters && characters <= SETTINGS_NAME
               ? OK
               : fail(ERR_INVALID, "\"name\" is one line of 1 to %d characters, not only spaces",
                      SETTINGS_NAME);
}

static fallible check_timezone(str name)
{
    struct zone *zone;
    enum err err = zone_open(name, &zone);

    if (!err)
        zone_close(zone);
    return err == ERR_INVALID
               ? fail(err, "\"timezone\" must be a time zone of IANA's that this machine knows, "
                           "such as \"Europe/Berlin\" or \"UTC\"")
               : err;
}

/* No list of codes: it would refuse those that come after it. */
static fallible check_currency(str code)
{
    bool is_code = code.len == CURRENCY_LEN;

    for (size_t i = 0; i < code.len && is_code; i++)
        is_code = code.data[i] >= 'A' && code.data[i] <= 'Z';
    return is_code ? OK
                   : fail(ERR_INVALID, "\"currency\" must be a code of ISO 4217, three capital "
                                       "letters such as \"EUR\"");
}

fallible settings_set(struct catalog *catalog, const struct settings *settings)
{
    struct tx *tx;

    TRY(check_name(settings->name));
    TRY(check_timezone(settings->timezone));
    TRY(check_currency(settings->currency));
    TRY(catalog_begin(catalog, &tx));
    return catalog_end(tx, catalog_run(tx, SQL_WORKSPACE_SETTING_PUT,
                                       BIND(B_TEXT(settings->name), B_TEXT(settings->timezone),
                                            B_TEXT(settings->currency))));
}
