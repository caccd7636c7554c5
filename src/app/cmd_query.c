/* cmd_query.c - myriad query: a question in, its answer out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/progress.h"
#include "app/remote.h"
#include "app/workspace.h"
#include "measure/answer.h"
#include "measure/events.h"
#include "sys/file.h"
#include "sys/stream.h"
#include "sys/thread.h"

enum { QUERY_MOST = 1 << 20, PIECE = 65536 };

static fallible read_input(struct command_line *line, const char *path, struct buf *out)
{
    char piece[PIECE];
    size_t len;
    str text;

    if (!str_equals(str_of(path), S("-"))) {
        TRY(file_load(line->sys, path, QUERY_MOST, line->mem, &text));
        buf_add(out, text);
        return OK;
    }
    do {
        TRY(stream_read(STREAM_IN, piece, sizeof piece, &len));
        buf_add_bytes(out, piece, len);
        if (out->len > QUERY_MOST)
            return fail(ERR_LIMIT, "the question is larger than 1 MiB");
    } while (len);
    return OK;
}

static fallible ask_folder(struct command_line *line, const char *folder, str query,
                           struct buf *out)
{
    struct answer_options options = {.sys = line->sys};
    struct workspace workspace = {0};
    struct progress progress;
    struct config config;
    struct source source;
    enum err err;

    TRY(config_read(line->sys, NULL, &config));
    options.memory_bytes = (size_t)config.query_mb << 20;
    progress_start(&progress, line->sys, "Reading the log");
    err = workspace_open(line->sys, folder, &config, progress_step, &progress, &workspace);
    if (!err)
        err = workspace_fold(&workspace, progress_step, &progress);
    progress_end(&progress);
    if (!err) {
        events_begin(workspace.events, &source);
        options.workers = answer_workers(&source, (unsigned)thread_cores());
        err = answer_query(&source, &options, query, out);
        events_end(workspace.events);
    }
    workspace_close(&workspace);
    return err;
}

int command_query(struct command_line *line)
{
    const char *folder = command_option(line, "--data"), *url = command_option(line, "--url");
    const char *key = command_option(line, "--key"), *path = command_word(line);
    struct remote remote = {url, str_of(key), REMOTE_BEARER};
    struct buf query = {0}, out = {0};
    enum err err;
    int status;

    if (!path || !folder == !url || (url && !key))
        return command_misused(
            "query needs --data DIR, or --url URL and --key KEY, and a file or -");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    err = read_input(line, path, &query);
    if (!err && folder)
        err = ask_folder(line, folder, buf_str(&query), &out);
    else if (!err)
        err = remote_post(&remote, line->mem, "/api/query", buf_str(&query), &out);
    status = err ? command_failed() : command_print(&out);
    buf_done(&query);
    buf_done(&out);
    return status;
}
