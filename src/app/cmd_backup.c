/* cmd_backup.c - myriad backup and myriad restore.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/backup_parts.h"
#include "app/command.h"
#include "app/commands.h"
#include "app/progress.h"
#include "app/workspace.h"
#include "base/json.h"
#include "store/backup.h"
#include "sys/clock.h"

static fallible back_up(struct command_line *line, const char *folder, const char *path)
{
    struct workspace workspace = {0};
    struct backup_parts parts = {0};
    struct progress progress;
    struct config config;
    enum err err;

    TRY(config_read(line->sys, NULL, &config));
    progress_start(&progress, line->sys, "Backing up");
    err = workspace_open(line->sys, folder, &config, progress_step, &progress, &workspace);
    if (!err)
        err = backup_parts_open(&workspace, line->mem, &parts);
    parts.source.progress = progress_step;
    parts.source.progress_argument = &progress;
    if (!err)
        err = backup_write(line->sys, &parts.source, path, clock_now(line->sys));
    backup_parts_close(&parts);
    workspace_close(&workspace);
    progress_end(&progress);
    return err;
}

static int tell(const char *name, const char *path)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    int status;

    json_open(&w, '{');
    json_key(&w, str_of(name));
    json_text(&w, str_of(path));
    json_shut(&w, '}');
    status = command_print(&out);
    buf_done(&out);
    return status;
}

int command_backup(struct command_line *line)
{
    const char *folder = command_option(line, "--data"), *path = command_word(line);

    if (!folder || !path)
        return command_misused("backup needs --data DIR and the file to write");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (back_up(line, folder, path) != OK)
        return command_failed();
    return tell("backup", path);
}

int command_restore(struct command_line *line)
{
    const char *keys = command_option(line, "--keys"), *path = command_word(line);
    const char *folder = command_word(line);
    struct progress progress;
    enum err err;

    if (!path || !folder || !keys)
        return command_misused("restore needs the backup, the folder to make, and --keys");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    progress_start(&progress, line->sys, "Restoring");
    err = backup_restore(line->sys, path, keys, folder, progress_step, &progress);
    progress_end(&progress);
    return err ? command_failed() : tell("restored", folder);
}
