/* cmd_import.c - myriad import: files of events into a data folder or a running server.
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

static int tell(const struct import_totals *totals, bool dry_run, const struct buf *files)
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
    if (dry_run) {
        json_key(&w, S("files"));
        json_verbatim(&w, buf_str(files));
    }
    json_shut(&w, '}');
    status = command_print(&out);
    buf_done(&out);
    if (totals->rejected)
        command_say("%llu lines were rejected; the first: %s", (unsigned long long)totals->rejected,
                    totals->first_reason);
    return status;
}

static bool read_kind(const char *what, struct import_options *options)
{
    static const struct {
        const char *name;
        enum import_table_kind kind;
    } kinds[] = {{"events", IMPORT_EVENTS}, {"people", IMPORT_PEOPLE}, {"orders", IMPORT_ORDERS}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_equals(str_of(what), str_of(kinds[i].name))) {
            options->kind = kinds[i].kind;
            return true;
        }
    return false;
}

static int run(const struct import_options *options, const char **paths, size_t count)
{
    struct import_totals totals = {0};
    struct buf text = {0};
    struct json_writer files = {.out = &text};
    struct import *import;
    enum err err;
    int status;

    json_open(&files, '[');
    err = import_open(options, &import);
    for (size_t i = 0; !err && i < count; i++)
        err = import_file(import, paths[i], &totals, &files);
    if (!err)
        err = import_finish(import);
    json_shut(&files, ']');
    status = err ? command_failed() : tell(&totals, options->dry_run, &text);
    import_close(import);
    buf_done(&text);
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
        .map = command_option(line, "--map"),
        .rejects = command_option(line, "--rejects"),
        .dry_run = command_flag(line, "--dry-run"),
    };
    const char *what = command_word(line);
    const char **paths = arena_array(line->mem, (size_t)line->count + 1, sizeof *paths);
    size_t count = 0;

    if (!what || !read_kind(what, &options))
        return command_misused("import needs what to import, events, people or orders: returns, "
                               "complaints, service, items and places are not there yet");
    while (paths && (paths[count] = command_word(line)))
        count++;
    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (!count || !options.folder == !options.url || (options.url && !options.key))
        return command_misused(
            "import needs --data DIR, or --url URL and --key KEY, and the files to import");
    return run(&options, paths, count);
}
