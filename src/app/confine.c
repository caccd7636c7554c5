/* confine.c - which places a server needs, and what to do without a sandbox.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/confine.h"

#include "sys/sandbox.h"
#include "web/journal.h"

#include <string.h>

enum { PLACES_MOST = 32 };

/* Files that settings name. */
struct places {
    struct sandbox_place list[PLACES_MOST];
    char names[PLACES_MOST][CONFIG_TEXT];
    size_t count;
};

static void add(struct places *places, const char *path, enum sandbox_use use)
{
    if (path && path[0] && places->count < PLACES_MOST)
        places->list[places->count++] = (struct sandbox_place){path, use};
}

/* Of a setting that is a list with commas between, or one name. What is no file leads nowhere. */
static void add_files(struct places *places, const char *setting)
{
    str rest = str_of(setting);

    while (rest.data && places->count < PLACES_MOST) {
        str path = str_trim(str_cut(&rest, ','));
        char *name = places->names[places->count];

        if (path.len)
            memcpy(name, path.data, path.len);
        name[path.len] = 0;
        add(places, name, SANDBOX_BESIDE);
    }
}

/* Any text may name a file: a list of those that do would be forgotten with the next. */
static void add_settings(struct places *places, const struct config *config)
{
#define SETTING(...)
#define TEXT_SETTING(section, name, field, ...) add_files(places, config->field);
#define LIVE_SETTING SETTING
#define LIVE_TEXT_SETTING TEXT_SETTING
#include "app/config.def"
#undef LIVE_TEXT_SETTING
#undef LIVE_SETTING
#undef TEXT_SETTING
#undef SETTING
}

/* Sanitizers look into their own process and start others. */
static bool is_instrumented(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#endif
#endif
    return false;
}

static unsigned told(const struct service_options *options, enum err err, unsigned part,
                     const char *otherwise)
{
    if (!err)
        return part;
    journal_error(options->sys, otherwise, err_text());
    return 0;
}

unsigned confine_files(const struct service_options *options)
{
    struct places places = {.count = 0};

    if (!options->config.sandbox) {
        journal_info(options->sys, "no sandbox: setting sandbox of [server] is 0", NULL);
        return 0;
    }
    add(&places, options->folder, SANDBOX_CHANGE);
    add(&places, options->config_path, SANDBOX_BESIDE);
    add_settings(&places, &options->config);
    return told(options, sandbox_limit_files(places.list, places.count), SANDBOX_FILES,
                "no sandbox for files");
}

unsigned confine_calls(const struct service_options *options)
{
    if (!options->config.sandbox || is_instrumented())
        return 0;
    return told(options, sandbox_limit_calls(), SANDBOX_CALLS, "no sandbox for system calls");
}
