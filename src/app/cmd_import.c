/* cmd_import.c - myriad import: JSON lines into a data folder or a running server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/import.h"
#include "base/json.h"

static void add_figure(struct json_writer *w, str name, uint64_t figure)
{
    json_key(w, name);
    json_u64(w, figure);
}

static int tell(const struct import_totals *totals, bool dry_run)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    int status;

    json_open(&w, '{');
    add_figure(&w, S("lines"), totals->lines);
    add_figure(&w, S("imported"), totals->imported);
    add_figure(&w, S("duplicates"), totals->duplicates);
    add_figure(&w, S("rejected"), totals->rejected);
    json_key(&w, S("dry_run"));
    json_bool(&w, dry_run);
    json_shut(&w, '}');
    status = command_print(&out);
    buf_done(&out);
    if (totals->rejected)
        command_say("%llu lines were rejected; the first: %s", (unsigned long long)totals->rejected,
                    totals->first_reason);
    return status;
}

int command_import(struct command_line *line)
{
    struct import_options options = {
        .sys = line->sys,
        .mem = line->mem,
        .folder = command_option(line, "--data"),
        .url = command_option(line, "--url"),
        .key = command_option(line, "--key"),
        .rejects = command_option(line, "--rejects"),
        .dry_run = command_flag(line, "--dry-run"),
    };
    struct import_totals totals = {0};
    const char *what = command_word(line);
    const char **paths = arena_array(line->mem, (size_t)line->count + 1, sizeof *paths);
    struct import *import;
    size_t count = 0;
    enum err err;
    int status;

    if (!what || !str_equals(str_of(what), S("events")))
        return command_misused("import needs what to import: events");
    while (paths && (paths[count] = command_word(line)))
        count++;
    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (!count || !options.folder == !options.url || (options.url && !options.key))
        return command_misused(
            "import needs --data DIR, or --url URL and --key KEY, and the files to import");
    err = import_open(&options, &import);
    for (size_t i = 0; !err && i < count; i++)
        err = import_file(import, paths[i], &totals);
    status = err ? command_failed() : tell(&totals, options.dry_run);
    import_close(import);
    return status;
}
