/* config.c - settings from an INI file (inih) and the environment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/config.h"

#include "base/buf.h"
#include "sys/file.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 20 };

static const struct {
    const char *section;
    const char *name;
    size_t offset;
    uint64_t fallback, least, most;
    const char *text; /* the default of a text; NULL: it is a number */
    const char *help;
    bool is_live;
} SETTINGS[] = {
#define NUMBER_ROW(section, name, field, fallback, least, most, help, is_live)                     \
    {#section, #name, offsetof(struct config, field), fallback, least, most, NULL, help, is_live},
#define TEXT_ROW(section, name, field, fallback, help, is_live)                                    \
    {#section, #name, offsetof(struct config, field), 0, 0, 0, fallback, help, is_live},
#define SETTING(...) NUMBER_ROW(__VA_ARGS__, false)
#define TEXT_SETTING(...) TEXT_ROW(__VA_ARGS__, false)
#define LIVE_SETTING(...) NUMBER_ROW(__VA_ARGS__, true)
#define LIVE_TEXT_SETTING(...) TEXT_ROW(__VA_ARGS__, true)
#include "app/config.def"
#undef LIVE_TEXT_SETTING
#undef LIVE_SETTING
#undef TEXT_SETTING
#undef SETTING
#undef TEXT_ROW
#undef NUMBER_ROW
};
enum { COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

static uint64_t *number_of(struct config *config, size_t i)
{
    return (uint64_t *)((char *)config + SETTINGS[i].offset);
}

static fallible set_text(struct config *config, size_t i, str value)
{
    char *text = (char *)config + SETTINGS[i].offset;

    if (value.len >= CONFIG_TEXT)
        return fail(ERR_INVALID, "setting %s of [%s] is longer than %d bytes", SETTINGS[i].name,
                    SETTINGS[i].section, CONFIG_TEXT - 1);
    memset(text, 0, CONFIG_TEXT);
    if (value.len)
        memcpy(text, value.data, value.len);
    return OK;
}

static fallible set(struct config *config, size_t i, str value)
{
    uint64_t number;

    if (SETTINGS[i].text)
        return set_text(config, i, value);
    if (!str_to_u64(value, &number) || number < SETTINGS[i].least || number > SETTINGS[i].most)
        return fail(ERR_INVALID, "setting %s of [%s] must be a whole number from %llu to %llu",
                    SETTINGS[i].name, SETTINGS[i].section, (unsigned long long)SETTINGS[i].least,
                    (unsigned long long)SETTINGS[i].most);
    *number_of(config, i) = number;
    return OK;
}

struct reading {
    struct config *config;
    enum err err;
};

static int on_setting(void *argument, const char *section, const char *name, const char *value)
{
    struct reading *reading = argument;

    for (size_t i = 0; i < COUNT; i++) {
        if (!str_equals(str_of(section), str_of(SETTINGS[i].section)) ||
            !str_equals(str_of(name), str_of(SETTINGS[i].name)))
            continue;
        reading->err = set(reading->config, i, str_of(value));
        return reading->err == OK;
    }
    reading->err = fail(ERR_INVALID, "there is no setting %s in [%s]", name, section);
    return 0;
}

static fallible read_file(struct sys *sys, const char *path, struct config *config)
{
    struct reading reading = {config, OK};
    struct arena *mem = arena_open(2 * MOST_BYTES);
    str text;
    enum err err = mem ? file_load(sys, path, MOST_BYTES, mem, &text) : arena_exhausted();
    int line;

    if (!err) {
        text = arena_dup(mem, text); /* with a NUL behind it, for inih */
        line = text.data ? ini_parse_string(text.data, on_setting, &reading) : -1;
        if (reading.err)
            err = fail(reading.err, "%s: %s", path, err_text());
        else if (line)
            err = fail(ERR_INVALID, "%s, line %d is no setting", path, line);
    }
    arena_close(mem);
    return err;
}

static void upper(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_add_byte(out, *text >= 'a' && *text <= 'z' ? (char)(*text - 32) : *text);
}

static fallible read_environment(struct config *config)
{
    for (size_t i = 0; i < COUNT; i++) {
        struct buf text = {0};
        const char *value;

        buf_add(&text, S("MYRIAD_"));
        upper(&text, SETTINGS[i].section);
        buf_add_byte(&text, '_');
        upper(&text, SETTINGS[i].name);
        buf_add_byte(&text, 0);
        value = buf_is_broken(&text) ? NULL : getenv(text.data);
        if (value && set(config, i, str_of(value)) != OK) {
            buf_done(&text);
            return ERR_INVALID;
        }
        buf_done(&text);
    }
    return OK;
}

fallible config_read(struct sys *sys, const char *path, struct config *out_config)
{
    struct config config;

    for (size_t i = 0; i < COUNT; i++) {
        if (SETTINGS[i].text)
            TRY(set_text(&config, i, str_of(SETTINGS[i].text)));
        else
            *number_of(&config, i) = SETTINGS[i].fallback;
    }
    if (path)
        TRY(read_file(sys, path, &config));
    TRY(read_environment(&config));
    *out_config = config;
    return OK;
}

bool config_next_fixed(const struct config *a, const struct config *b, size_t *at,
                       const char **out_section, const char **out_name)
{
    for (size_t i = *at; i < COUNT; i++) {
        size_t size = SETTINGS[i].text ? CONFIG_TEXT : sizeof(uint64_t);

        if (SETTINGS[i].is_live || memcmp((const char *)a + SETTINGS[i].offset,
                                          (const char *)b + SETTINGS[i].offset, size) == 0)
            continue;
        *at = i + 1;
        *out_section = SETTINGS[i].section;
        *out_name = SETTINGS[i].name;
        return true;
    }
    return false;
}

void config_write_help(struct buf *out)
{
    const char *section = "";

    for (size_t i = 0; i < COUNT; i++) {
        if (!str_equals(str_of(section), str_of(SETTINGS[i].section)))
            buf_print(out, "%s[%s]\n", i ? "\n" : "", SETTINGS[i].section);
        section = SETTINGS[i].section;
        buf_print(out, "; %s\n%s = ", SETTINGS[i].help, SETTINGS[i].name);
        if (SETTINGS[i].text)
            buf_add(out, str_of(SETTINGS[i].text));
        else
            buf_add_u64(out, SETTINGS[i].fallback);
        buf_add_byte(out, '\n');
    }
}
