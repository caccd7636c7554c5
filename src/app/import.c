/* import.c - files of events into a data folder or a running server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/import.h"

#include "app/progress.h"
#include "app/remote.h"
#include "app/workspace.h"
#include "base/json.h"
#include "base/mem.h"
#include "collect/intake.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    PIECE = 1 << 20, /* bytes read at a time */
    LONGEST_LINE = 4 << 20,
    LOT_EVENTS = 2000,     /* stored or sent at a time */
    LOT_BYTES = 400 << 10, /* below what the server takes in one body */
    LOT_MEMORY = 64 << 20,
    RETRIES = 30,
    RETRY_MS = 1000,
    ID_BYTES = 16,
};

struct import {
    struct import_options options;
    struct workspace workspace; /* open when there is a folder */
    struct json_reader *reader;
    struct file *rejects;
    uint64_t rejects_size;
    struct arena *lot; /* memory of the events under way */
    struct intake_job job;
    struct buf body; /* the same events for a server */
    /* Of the file under way */
    const char *path;
    char id[2 * ID_BYTES + 1]; /* of its content */
    uint64_t line;
    struct import_totals *totals;
};

static fallible open_target(struct import *import)
{
    const struct import_options *options = &import->options;
    struct progress progress;
    struct config config;
    enum err err;

    if (!options->folder)
        return OK;
    TRY(config_read(options->sys, NULL, &config));
    progress_start(&progress, options->sys, "Reading the log");
    err = workspace_open(options->sys, options->folder, &config, progress_step, &progress,
                         &import->workspace);
    progress_end(&progress);
    return err;
}

fallible import_open(const struct import_options *options, struct import **out_import)
{
    struct import *import = mem_alloc(sizeof *import);
    enum err err;

    *out_import = import;
    if (!import)
        return mem_exhausted();
    import->options = *options;
    import->reader = json_reader_open();
    import->lot = arena_open(LOT_MEMORY);
    if (!import->reader || !import->lot)
        return mem_exhausted();
    import->job.events = mem_alloc(LOT_EVENTS * sizeof *import->job.events);
    if (!import->job.events)
        return mem_exhausted();
    err = open_target(import);
    if (!err && options->rejects)
        err = file_open(options->sys, options->rejects,
                        FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &import->rejects);
    return err;
}

void import_close(struct import *import)
{
    if (!import)
        return;
    workspace_close(&import->workspace);
    json_reader_close(import->reader);
    file_close(import->rejects);
    arena_close(import->lot);
    mem_free(import->job.events);
    buf_done(&import->body);
    mem_free(import);
}

/* Rejects */

static fallible reject(struct import *import, str text, str reason)
{
    struct import_totals *totals = import->totals;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    enum err err;

    if (totals->rejected++ == 0)
        snprintf(totals->first_reason, sizeof totals->first_reason, "%s, line %llu: %.*s",
                 import->path, (unsigned long long)import->line, STR_ARG(reason));
    if (!import->rejects)
        return OK;
    json_open(&w, '{');
    json_key(&w, S("file"));
    json_text(&w, str_of(import->path));
    json_key(&w, S("line"));
    json_u64(&w, import->line);
    json_key(&w, S("reason"));
    json_text(&w, reason);
    json_key(&w, S("text"));
    json_text(&w, text);
    json_shut(&w, '}');
    buf_add_byte(&out, '\n');
    err = buf_is_broken(&out)
              ? mem_exhausted()
              : file_write(import->rejects, import->rejects_size, out.data, out.len);
    import->rejects_size += out.len;
    buf_done(&out);
    return err;
}

/* Lots */

static void keep_job(struct intake_job *job)
{
    (void)job; /* store_lot reads the outcome */
}

static fallible store_lot(struct import *import)
{
    struct intake_job *job = &import->job;
    struct intake *intake = import->workspace.intake;

    job->kind = INTAKE_EVENTS;
    job->mem = import->lot;
    job->done = keep_job;
    job->err = OK;
    job->counts = (struct intake_counts){0};
    TRY(intake_post(intake, job));
    TRY(intake_step(intake, 0));
    if (job->err)
        return fail(job->err, "%s", job->reason);
    import->totals->imported += job->counts.stored;
    import->totals->duplicates += job->counts.duplicates + job->counts.conflicts;
    return OK;
}

static fallible send_lot(struct import *import)
{
    struct remote remote = {import->options.url, str_of(import->options.key), REMOTE_BASIC};
    struct buf answer = {0};
    enum err err = OK;

    buf_add(&import->body, S("]}"));
    if (buf_is_broken(&import->body))
        return mem_exhausted();
    for (int tries = 0; tries < RETRIES; tries++) {
        err = remote_post(&remote, import->lot, "/v1/import", buf_str(&import->body), &answer);
        if (err != ERR_BUSY && err != ERR_IO)
            break;
        clock_sleep(import->options.sys, RETRY_MS); /* each event has its id: twice is once */
    }
    buf_done(&answer);
    if (!err)
        import->totals->imported += import->job.count;
    return err;
}

static fallible end_lot(struct import *import)
{
    enum err err = OK;

    if (import->job.count && import->options.dry_run)
        import->totals->imported += import->job.count;
    else if (import->job.count)
        err = import->options.folder ? store_lot(import) : send_lot(import);
    import->job.count = 0;
    buf_clear(&import->body);
    arena_reset(import->lot);
    return err;
}

/* Lines */

/* The object with a messageId of its own; of equal keys the last wins. */
static str with_id(struct import *import, const struct json *doc)
{
    str object = json_raw(doc, 0);
    const char *comma = doc->nodes[0].next > 1 ? "," : "";

    return arena_print(import->lot, "%.*s%s\"messageId\":\"import-%s-%llu\"}",
                       STR_ARG(str_slice(object, 0, object.len - 1)), comma, import->id,
                       (unsigned long long)import->line);
}

static fallible read_line(struct import *import, str text, const struct message_setting *setting,
                          struct message *out_message)
{
    struct json doc;

    TRY(json_parse_copy(import->reader, import->lot, text, &doc));
    TRY(message_read(&doc, 0, setting, import->lot, out_message));
    if (out_message->is_misfit || out_message->message_id.data)
        return OK;
    text = with_id(import, &doc);
    if (!text.data)
        return arena_exhausted();
    TRY(json_parse_copy(import->reader, import->lot, text, &doc));
    return message_read(&doc, 0, setting, import->lot, out_message);
}

static fallible take_line(struct import *import, str text)
{
    struct message_setting setting = {
        .received = clock_now(import->options.sys), .context = JSON_ABSENT, .is_history = true};
    struct intake_event *event = &import->job.events[import->job.count];
    enum err err = read_line(import, text, &setting, &event->message);

    if (err == ERR_INVALID)
        return reject(import, text, str_of(err_text()));
    if (err)
        return err;
    if (event->message.is_misfit)
        return reject(import, text, event->message.reason);
    import->job.received = setting.received;
    if (import->workspace.intake)
        intake_hash(import->workspace.intake, event);
    buf_add(&import->body, import->job.count ? S(",") : S("{\"batch\":["));
    buf_add(&import->body, event->message.json);
    import->job.count++;
    if (import->job.count == LOT_EVENTS || import->body.len >= LOT_BYTES)
        return end_lot(import);
    return OK;
}

static fallible take_lines(struct import *import, str *rest, bool is_last)
{
    while (rest->len) {
        ptrdiff_t end = str_find(*rest, '\n');
        str text = end < 0 ? *rest : str_slice(*rest, 0, (size_t)end);

        if (end < 0 && !is_last)
            return OK;
        *rest = str_slice(*rest, text.len + (end >= 0), rest->len);
        import->line++;
        if (str_ends(text, S("\r")))
            text.len--;
        if (str_trim(text).len == 0)
            continue;
        import->totals->lines++;
        TRY(take_line(import, text));
    }
    return OK;
}

/* Files */

static fallible hash_file(struct import *import, struct file *file, char *piece)
{
    unsigned char hash[ID_BYTES];
    crypto_generichash_state state;
    uint64_t offset = 0;
    size_t len;

    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    do {
        TRY(file_read(file, offset, piece, PIECE, &len));
        crypto_generichash_update(&state, (const unsigned char *)piece, len);
        offset += len;
    } while (len);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(import->id, sizeof import->id, hash, sizeof hash);
    return OK;
}

static fallible read_lines(struct import *import, struct file *file, char *window,
                           struct progress *progress)
{
    uint64_t size, offset = 0;
    size_t kept = 0, len;

    TRY(file_size(file, &size));
    do {
        str rest;

        TRY(file_read(file, offset, window + kept, PIECE, &len));
        offset += len;
        rest = str_from(window, kept + len);
        TRY(take_lines(import, &rest, len == 0));
        kept = rest.len;
        if (kept > LONGEST_LINE)
            return fail(ERR_INVALID, "%s, line %llu is longer than 4 MiB", import->path,
                        (unsigned long long)import->line + 1);
        memmove(window, rest.data, kept);
        if (!progress_step(progress, offset, size))
            return fail(ERR_EXPIRED, "stopped; what was imported stays: run it again to go on");
    } while (len);
    return end_lot(import);
}

fallible import_file(struct import *import, const char *path, struct import_totals *totals)
{
    char *window = mem_alloc(LONGEST_LINE + PIECE);
    struct file *file = NULL;
    struct progress progress;
    enum err err =
        window ? file_open(import->options.sys, path, FILE_READ, &file) : mem_exhausted();

    import->path = path;
    import->line = 0;
    import->totals = totals;
    progress_start(&progress, import->options.sys, path);
    if (!err)
        err = hash_file(import, file, window);
    if (!err)
        err = read_lines(import, file, window, &progress);
    progress_end(&progress);
    file_close(file);
    mem_free(window);
    return err;
}
