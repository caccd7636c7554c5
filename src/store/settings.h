/* settings.h - what is the same for everybody in a workspace: its name, zone and currency.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * They are the console's beginning, so that colleagues in different places see the same days; a
 * question still says its own time zone. Any thread.
 */
#pragma once
#include "base/arena.h"

struct catalog;

enum { SETTINGS_NAME = 80 };

struct settings {
    str name;     /* 1 to SETTINGS_NAME characters in one line, not only spaces */
    str timezone; /* that zone_open knows */
    str currency; /* three capital letters, as of ISO 4217 */
};

/* "My workspace", UTC and EUR where nobody has said otherwise. */
fallible settings_get(struct catalog *catalog, struct arena *mem, struct settings *out_settings);
/* All of them at once. ERR_INVALID, which names the member. */
fallible settings_set(struct catalog *catalog, const struct settings *settings);
