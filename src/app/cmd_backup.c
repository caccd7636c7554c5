/* cmd_backup.c - myriad backup and myriad restore.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/backup_remote.h"
#include "app/command.h"
#include "app/commands.h"
#include "app/progress.h"
#include "app/workspace.h"
#include "base/json.h"
#include "store/backup_parts.h"
#include "store/users.h"
#include "store/webhooks.h"
#include "sys/clock.h"

static fallible write_folder(struct command_line *line, struct workspace *workspace,
                             struct progress *progress, const char *path)
{
    struct backup_stock stock = {
        .sys = line->sys,
        .datadir = workspace->datadir,
        .catalog = workspace->catalog,
        .vault = workspace->vault,
        .log = workspace->log,
    };
    struct backup_parts parts = {0};
    enum err err = backup_parts_open(&stock, line->mem, &parts);

    parts.source.progress = progress_step;
    parts.source.progress_argument = progress;
    if (!err)
        err = backup_write(line->sys, &parts.source, path, clock_now(line->sys));
    backup_parts_close(&parts);
    return err;
}

static fallible back_up_folder(struct command_line *line, const char *folder, const char *path,
                               struct progress *progress)
{
    struct workspace workspace = {0};
    struct config config;
    enum err err;

    TRY(config_read(line->sys, NULL, &config));
    err = workspace_open(line->sys, folder, &config, progress_step, progress, &workspace);
    if (err == ERR_CONFLICT && !workspace.datadir)
        err = fail(err, "%s; to back up what is being served, use --url URL --key KEY", err_text());
    if (!err)
        err = write_folder(line, &workspace, progress, path);
    workspace_close(&workspace);
    return err;
}

static fallible back_up_server(struct command_line *line, const char *url, const char *key,
                               const char *path, struct progress *progress)
{
    struct backup_remote remote;
    enum err err = backup_remote_open(line->sys, url, str_of(key), line->mem, &remote);

    remote.source.progress = progress_step;
    remote.source.progress_argument = progress;
    if (!err)
        err = backup_write(line->sys, &remote.source, path, clock_now(line->sys));
    backup_remote_close(&remote);
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
    const char *folder = command_option(line, "--data"), *url = command_option(line, "--url");
    const char *key = command_option(line, "--key"), *path = command_word(line);
    struct progress progress;
    enum err err;

    if (!path || !folder == !url || !url != !key)
        return command_misused(
            "backup needs --data DIR, or --url URL and --key KEY, and the file to write");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    progress_start(&progress, line->sys, "Backing up");
    err = folder ? back_up_folder(line, folder, path, &progress)
                 : back_up_server(line, url, key, path, &progress);
    progress_end(&progress);
    return err ? command_failed() : tell("backup", path);
}

/* Nobody is told anything by a copy until somebody says so, and nobody is signed in to it. */
static fallible hold(struct sys *sys, const char *folder)
{
    struct audit_by by = {S("command"), {NULL, 0}};
    struct workspace workspace;
    enum err err = workspace_open_catalog(sys, folder, &workspace);

    if (!err)
        err = webhooks_hold(workspace.catalog,
                            S("restored from a backup: set \"state\" to \"active\" to go on"));
    if (!err)
        err = users_end_all(workspace.users, &by, clock_now(sys));
    workspace_close(&workspace);
    return err;
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
    if (!err)
        err = hold(line->sys, folder);
    progress_end(&progress);
    return err ? command_failed() : tell("restored", folder);
}
