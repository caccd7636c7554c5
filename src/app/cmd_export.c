/* cmd_export.c - myriad export: events or people into a file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/feed.h"
#include "app/outfile.h"
#include "app/progress.h"
#include "app/sheet.h"
#include "base/json.h"
#include "sys/stream.h"

enum format { FORMAT_JSONL, FORMAT_CSV, FORMAT_PARQUET };

static const char *const FORMATS[] = {"jsonl", "csv", "parquet"};

struct exporting {
    enum feed_subject subject;
    enum format format;
    struct feed *feed;
    struct outfile out;
    struct progress progress;
    struct table *table;
    struct sheet *sheet; /* once the columns are known */
    struct buf lines;
    uint64_t passes_done;
    uint64_t passes;
    uint64_t count; /* of what was written */
};

static fallible take_lines(struct exporting *exporting)
{
    str rest = buf_str(&exporting->lines);

    while (rest.len) {
        str line = str_cut(&rest, '\n');

        exporting->count++;
        if (exporting->table)
            TRY(table_take(exporting->table, line));
        if (exporting->sheet)
            TRY(sheet_row(exporting->sheet));
    }
    return exporting->table ? OK : outfile_write(&exporting->out, buf_str(&exporting->lines));
}

/* Goes through everything once. */
static fallible pass(struct exporting *exporting)
{
    uint64_t done, of;
    bool is_end = false;

    exporting->count = 0;
    while (!is_end) {
        buf_clear(&exporting->lines);
        TRY(feed_next(exporting->feed, &exporting->lines, &is_end));
        TRY(take_lines(exporting));
        feed_progress(exporting->feed, &done, &of);
        done += exporting->passes_done * of;
        if (!progress_step(&exporting->progress, done, of * exporting->passes))
            return fail(ERR_EXPIRED, "stopped; nothing was exported");
    }
    exporting->passes_done++;
    return OK;
}

static fallible write_sheet(struct exporting *exporting)
{
    struct sheet_config config = {
        .format = exporting->format == FORMAT_CSV ? SHEET_CSV : SHEET_PARQUET,
        .write = outfile_write,
        .argument = &exporting->out,
    };

    exporting->passes = 2;
    TRY(table_open(exporting->subject == FEED_EVENTS ? TABLE_EVENTS : TABLE_PEOPLE,
                   &exporting->table));
    TRY(pass(exporting));
    TRY(feed_rewind(exporting->feed));
    TRY(table_settle(exporting->table, &config.columns, &config.count));
    config.table = exporting->table;
    TRY(sheet_open(&config, &exporting->sheet));
    TRY(pass(exporting));
    return sheet_finish(exporting->sheet);
}

static fallible write_all(struct exporting *exporting)
{
    enum err err;

    progress_start(&exporting->progress, exporting->out.sys, "Exporting");
    if (!exporting->out.path && stream_is_terminal(STREAM_OUT))
        exporting->progress.is_shown = false; /* the result is being shown there */
    exporting->passes = 1;
    err = exporting->format == FORMAT_JSONL ? pass(exporting) : write_sheet(exporting);
    progress_end(&exporting->progress);
    return err ? err : outfile_finish(&exporting->out);
}

static fallible export_to(const struct feed_options *options, struct exporting *exporting,
                          const char *path)
{
    TRY(outfile_init(options->sys, path, &exporting->out));
    TRY(feed_open(options, &exporting->feed));
    return write_all(exporting);
}

static int tell(const struct exporting *exporting, const char *path)
{
    uint64_t left_out = exporting->table ? table_left_out(exporting->table) : 0;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    int status = EXIT_DONE;

    if (left_out)
        command_say("%llu values were left out: there are over %d columns, or the data changed "
                    "meanwhile; JSON lines hold everything",
                    (unsigned long long)left_out, TABLE_MOST_COLUMNS);
    if (path) {
        json_open(&w, '{');
        json_key(&w, S("exported"));
        json_u64(&w, exporting->count);
        json_key(&w, S("file"));
        json_text(&w, str_of(path));
        json_shut(&w, '}');
        status = command_print(&out);
    }
    buf_done(&out);
    return status;
}

static int run(const struct feed_options *options, enum format format, const char *path)
{
    struct exporting exporting = {.subject = options->subject, .format = format};
    enum err err = export_to(options, &exporting, path);
    int status = err ? command_failed() : tell(&exporting, path);

    sheet_close(exporting.sheet);
    table_close(exporting.table);
    feed_close(exporting.feed);
    outfile_done(&exporting.out);
    buf_done(&exporting.lines);
    return status;
}

/* False: it was said what is wrong with it. */
static bool read_subject(const char *word, enum feed_subject *out_subject, int *out_status)
{
    str what = str_of(word);

    if (str_equals(what, S("events"))) {
        *out_subject = FEED_EVENTS;
    } else if (str_equals(what, S("people"))) {
        *out_subject = FEED_PEOPLE;
    } else if (str_starts(what, S("segment:"))) {
        fail(ERR_ABSENT, "there is no segment named \"%.*s\"",
             STR_ARG(str_slice(what, S("segment:").len, what.len)));
        *out_status = command_failed();
        return false;
    } else {
        *out_status =
            command_misused("export needs what to export: events, people or segment:NAME");
        return false;
    }
    return true;
}

static bool read_traffic(const char *word, bool *out_is_human)
{
    *out_is_human = word && str_equals(str_of(word), S("human"));
    return !word || *out_is_human || str_equals(str_of(word), S("raw"));
}

static bool read_format(const char *word, enum format *out_format)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (str_equals(str_of(word), str_of(FORMATS[i]))) {
            *out_format = (enum format)i;
            return true;
        }
    return false;
}

int command_export(struct command_line *line)
{
    struct feed_options options = {
        .sys = line->sys,
        .folder = command_option(line, "--data"),
        .url = command_option(line, "--url"),
        .key = command_option(line, "--key"),
    };
    const char *name = command_option(line, "--format"), *path = command_option(line, "--out");
    const char *traffic = command_option(line, "--traffic");
    const char *what = command_word(line);
    enum format format;
    int status;

    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (!options.folder == !options.url || !options.url != !options.key)
        return command_misused("export needs --data DIR, or --url URL and --key KEY");
    if (!read_format(name, &format))
        return command_misused("export needs --format csv, jsonl or parquet");
    if (!read_traffic(traffic, &options.is_human))
        return command_misused("--traffic must be human or raw");
    if (!read_subject(what, &options.subject, &status))
        return status;
    if (!path && format == FORMAT_PARQUET && stream_is_terminal(STREAM_OUT))
        return command_misused("a Parquet file is nothing to read on a terminal: name it by --out");
    return run(&options, format, path);
}
