/* config.h - what the operator may set: one INI file, and the environment.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * config.def lists the settings. The environment wins over the file, the file over the defaults.
 */
#pragma once
#include "base/arena.h"

struct sys;

enum { CONFIG_TEXT = 4096 }; /* bytes of a setting that is a text, with a NUL behind it */

struct config {
#define SETTING(section, name, field, ...) uint64_t field;
#define TEXT_SETTING(section, name, field, ...) char field[CONFIG_TEXT];
#define LIVE_SETTING SETTING
#define LIVE_TEXT_SETTING TEXT_SETTING
#include "app/config.def"
#undef LIVE_TEXT_SETTING
#undef LIVE_SETTING
#undef TEXT_SETTING
#undef SETTING
};

/* Reads `path` (NULL: no file), then the environment. ERR_INVALID names file, section and
 * setting: an unknown one is refused. */
fallible config_read(struct sys *sys, const char *path, struct config *out_config);
/* The next setting from `*at` on, which begins at 0, that differs between the two and that only a
 * new start puts to work. False: there is none. */
bool config_next_fixed(const struct config *a, const struct config *b, size_t *at,
                       const char **out_section, const char **out_name);
/* Appends all settings with their defaults as an INI file with comments. */
struct buf;
void config_write_help(struct buf *out);
