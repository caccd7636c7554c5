/* devices.h - what visitors come with: browsers of telephones and computers, and machines' names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"
#include "demo/dice.h"

struct devices_device {
    char id[DICE_ID]; /* the anonymousId it keeps */
    char agent[192];
    char address[20];
};

enum devices_kind { DEVICES_PHONE, DEVICES_COMPUTER };

enum devices_machine {
    DEVICES_CRAWLER,  /* says its name */
    DEVICES_HEADLESS, /* a browser without a window, says so */
    DEVICES_FARM,     /* clicks for money, under a browser's name */
    DEVICES_SCRAPER,  /* reads prices, under a browser's name */
    DEVICES_PROBER,   /* looks for a way in */
    DEVICES_PREVIEW,  /* a messenger that shows what a link leads to */
    DEVICES_SCANNER,  /* a mail filter that opens links */
    DEVICES_PREFETCH, /* a mail service that fetches images in advance */
    DEVICES_MACHINES
};

/* What a Chromium tells by itself in Sec-CH-UA, -Platform and -Mobile. */
struct devices_hints {
    char brands[128];
    const char *platform, *mobile;
};

const char *devices_machine_name(enum devices_machine machine);

/* A person's; of telephones the maker is `is_apple`'s. */
void devices_make(random_state *dice, enum devices_kind kind, bool is_apple,
                  struct devices_device *out_device);
void devices_make_machine(random_state *dice, enum devices_machine machine,
                          struct devices_device *out_device);
/* False: a browser of this agent tells nothing. */
bool devices_hint(str agent, struct devices_hints *out_hints);
