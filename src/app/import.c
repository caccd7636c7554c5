/* import.c - files read row by row into lots, which another thread stores or sends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/import.h"

#include "app/import_sink.h"
#include "app/progress.h"
#include "app/workspace.h"
#include "base/mem.h"
#include "collect/import_json.h"
#include "collect/import_log.h"
#include "collect/import_orders.h"
#include "collect/import_source.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    PIECE = 1 << 20, /* bytes read at a time */
    LONGEST_LINE = 4 << 20,
    MAP_BYTES = 1 << 20,
    ROW_MEMORY = 16 << 20,
    REJECTS_BYTES = 64 << 10, /* written at a time */
    PATIENCE_MS = 100,
    ID_BYTES = 16,
};

#define ID_PREFIX "import-"

/* A file's content on its way through the window. */
struct reading {
    struct import_source *source;
    str rest; /* of the window: not yet read */
    bool is_end;
    crypto_generichash_state *hash; /* of all content; NULL: not wanted */
};

struct import {
    struct import_options options;
    struct workspace workspace; /* open when there is a folder */
    struct import_sink *sink;
    struct import_lot *lot; /* under way */
    struct import_map map;
    struct import_json *json;
    struct import_log log;
    hash_key visitors;
    struct arena *row_mem;
    char *window;
    struct file *rejects;
    uint64_t rejects_size;
    struct buf rejects_text;
    struct progress progress;
    /* Of the file under way */
    const char *path;
    const char *format;
    char id[sizeof ID_PREFIX + 2 * ID_BYTES + 1]; /* of its content; empty: not known yet */
    uint64_t line;                                /* where the row starts */
    uint64_t place;                               /* bytes read */
    uint64_t place_of;                            /* of all passes */
    uint64_t place_before;                        /* of the passes done */
    millis received;
    struct import_table *table;
    struct import_orders *orders; /* of its rows, when they are line items */
    struct import_codec codec;
    struct import_totals *totals;
};

/* Opening */

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
    err = workspace_open_served(options->sys, options->folder, &config, progress_step, &progress,
                                &import->workspace);
    progress_end(&progress);
    return err;
}

/* The sentence that was kept, behind the name of what it is about. */
static fallible about(const char *path, enum err err)
{
    struct buf text = {0};

    buf_print(&text, "%s: %s", path, err_text());
    err = fail(err, "%.*s", STR_ARG(buf_str(&text)));
    buf_done(&text);
    return err;
}

static fallible open_map(struct import *import)
{
    const struct import_options *options = &import->options;
    enum err err;
    str text;

    import_map_default(&import->map);
    if (!options->map)
        return OK;
    TRY(file_load(options->sys, options->map, MAP_BYTES, options->mem, &text));
    err = import_map_read(options->mem, text, &import->map);
    return err ? about(options->map, err) : OK;
}

fallible import_open(const struct import_options *options, struct import **out_import)
{
    struct import *import = mem_alloc(sizeof *import);

    *out_import = import;
    if (!import)
        return mem_exhausted();
    import->options = *options;
    import->window = mem_alloc(LONGEST_LINE + PIECE + JSON_PADDING);
    import->row_mem = arena_open(ROW_MEMORY);
    if (!import->window || !import->row_mem)
        return mem_exhausted();
    TRY(open_map(import));
    TRY(import_json_open(&import->json));
    TRY(open_target(import));
    if (options->folder) {
        import->visitors = intake_visitors(import->workspace.intake);
        import->log.key = &import->visitors;
    }
    TRY(import_sink_open(&import->options, &import->workspace, &import->sink));
    if (!options->rejects || options->dry_run)
        return OK;
    return file_open(options->sys, options->rejects,
                     FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &import->rejects);
}

void import_close(struct import *import)
{
    if (!import)
        return;
    import_sink_close(import->sink);
    workspace_close(&import->workspace);
    import_json_close(import->json);
    import_map_done(&import->map);
    file_close(import->rejects);
    arena_close(import->row_mem);
    buf_done(&import->rejects_text);
    mem_free(import->window);
    mem_free(import);
}

/* Rejects */

static fallible flush_rejects(struct import *import)
{
    struct buf *text = &import->rejects_text;

    if (buf_is_broken(text))
        return mem_exhausted();
    if (!import->rejects || !text->len)
        return OK;
    TRY(file_write(import->rejects, import->rejects_size, text->data, text->len));
    import->rejects_size += text->len;
    buf_clear(text);
    return OK;
}

static fallible reject(struct import *import, const struct import_row *row, str reason)
{
    struct import_totals *totals = import->totals;
    struct json_writer w = {.out = &import->rejects_text};
    uint64_t line = row->line ? row->line : import->line;

    if (totals->rejected++ == 0)
        snprintf(totals->first_reason, sizeof totals->first_reason, "%s, line %llu: %.*s",
                 import->path, (unsigned long long)line, STR_ARG(reason));
    if (!import->rejects)
        return OK;
    json_open(&w, '{');
    json_key(&w, S("file"));
    json_text(&w, str_of(import->path));
    json_key(&w, S("line"));
    json_u64(&w, line);
    json_key(&w, S("reason"));
    json_text(&w, reason);
    json_key(&w, S("text"));
    json_text(&w, row->text);
    json_shut(&w, '}');
    buf_add_byte(w.out, '\n');
    return w.out->len >= REJECTS_BYTES ? flush_rejects(import) : OK;
}

/* Lots */

/* Notices Ctrl-C too. */
static fallible step_progress(struct import *import)
{
    if (progress_step(&import->progress, import->place, import->place_of))
        return OK;
    import_sink_stop(import->sink);
    return fail(ERR_EXPIRED, "stopped; what was imported stays: run it again to go on");
}

static fallible take_lot(struct import *import)
{
    while (!import->lot) {
        TRY(import_sink_take(import->sink, PATIENCE_MS, import->totals, &import->lot));
        if (!import->lot)
            TRY(step_progress(import));
    }
    return OK;
}

static void put_lot(struct import *import)
{
    if (!import->lot || !import->lot->job.count)
        return;
    import_sink_put(import->sink, import->lot);
    import->lot = NULL;
}

/* Waits until all that was read is stored. */
static fallible finish_lots(struct import *import)
{
    put_lot(import);
    while (import_sink_is_busy(import->sink)) {
        TRY(import_sink_wait(import->sink, PATIENCE_MS, import->totals));
        TRY(step_progress(import));
    }
    return import_sink_last(import->sink);
}

/* Content */

/* Moves what is left to the front of the window and reads behind it. */
static fallible fill(struct import *import, struct reading *reading)
{
    uint64_t done, of;
    size_t len;

    memmove(import->window, reading->rest.data, reading->rest.len);
    TRY(import_source_read(reading->source, import->window + reading->rest.len, PIECE, &len));
    if (reading->hash)
        crypto_generichash_update(reading->hash,
                                  (const unsigned char *)import->window + reading->rest.len, len);
    reading->rest = str_from(import->window, reading->rest.len + len);
    reading->is_end = len == 0;
    import_source_place(reading->source, &done, &of);
    import->place = import->place_before + done;
    return step_progress(import);
}

static void name_content(struct import *import, crypto_generichash_state *hash)
{
    unsigned char bytes[ID_BYTES];
    char hex[2 * ID_BYTES + 1];

    crypto_generichash_final(hash, bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    snprintf(import->id, sizeof import->id, ID_PREFIX "%s-", hex);
}

/* For files that are read once and have a row without an id of its own. */
static fallible hash_content(struct import *import)
{
    crypto_generichash_state hash;
    struct import_source *source;
    char *piece = mem_alloc(PIECE);
    enum err err;
    size_t len;

    if (!piece)
        return mem_exhausted();
    err = import_source_open(import->options.sys, import->path, &source);
    if (err) {
        mem_free(piece);
        return err;
    }
    crypto_generichash_init(&hash, NULL, 0, ID_BYTES);
    do {
        err = import_source_read(source, piece, PIECE, &len);
        if (!err)
            err = step_progress(import);
        if (!err)
            crypto_generichash_update(&hash, (const unsigned char *)piece, len);
    } while (!err && len);
    if (!err)
        name_content(import, &hash);
    import_source_close(source);
    mem_free(piece);
    return err;
}

/* Rows */

/* Room for the row in a lot, and the room's bounds. */
static fallible make_room(struct import *import, size_t row_len)
{
    size_t need = IMPORT_GROWTH * row_len + IMPORT_FIXED + import->codec.overhead;

    TRY(take_lot(import));
    if (import->lot->room - import->lot->len >= need)
        return OK;
    put_lot(import);
    TRY(take_lot(import));
    return import->lot->room >= need
               ? OK
               : fail(ERR_LIMIT, "%s: its columns are too many to import", import->path);
}

static fallible read_row(struct import *import, const struct import_row *row,
                         struct import_out *out)
{
    enum err err = import->codec.read(import->codec.state, row, out);

    if (err == ERR_ABSENT && !import->id[0]) {
        TRY(hash_content(import));
        out->file_id = str_of(import->id);
        err = import->codec.read(import->codec.state, row, out);
    }
    return err;
}

static fallible take_row(struct import *import, const struct import_row *row)
{
    struct intake_event *event;
    struct import_out out = {.mem = import->row_mem, .line = import->line};
    enum err err;

    import->totals->lines += row->rows;
    if (row->text.len > IMPORT_LONGEST_ROW)
        return reject(import, row, S("the event is larger than 32 KB"));
    TRY(make_room(import, row->text.len));
    event = &import->lot->job.events[import->lot->job.count];
    out.message = &event->message;
    out.at = import->lot->text + import->lot->len;
    out.file_id = str_of(import->id[0] ? import->id : NULL);
    out.received = import->received;
    err = read_row(import, row, &out);
    if (arena_used(import->row_mem))
        arena_reset(import->row_mem);
    if (err == ERR_INVALID)
        return reject(import, row, str_of(err_text()));
    if (err)
        return import->orders ? about(import->path, err) : err;
    if (import->workspace.intake)
        intake_hash(import->workspace.intake, event);
    import->lot->len = (size_t)(out.at - import->lot->text);
    import->lot->json_bytes += event->message.json.len;
    import->lot->job.received = import->received;
    import->lot->job.count++;
    import_sink_measure(import->sink, import->lot);
    if (import->lot->is_full)
        put_lot(import);
    return OK;
}

static fallible scan_row(struct import *import, const struct import_row *row)
{
    enum err err = OK;

    (void)row;
    if (import->orders)
        err = import_orders_scan(import->orders);
    else
        import_table_scan(import->table);
    return err ? about(import->path, err) : OK;
}

static bool next_row(struct import *import, struct reading *reading, struct import_row *row)
{
    /* A quote that is not closed must not swallow more than the window: it ends there. */
    bool is_last = reading->is_end || reading->rest.len > LONGEST_LINE;

    return reading->rest.len &&
           import->codec.next(import->codec.state, &reading->rest, is_last, row);
}

/* All rows of the file, from what is in the window on. */
static fallible each_row(struct import *import, struct reading *reading,
                         fallible (*each)(struct import *, const struct import_row *))
{
    struct import_row row;

    import->line = 1;
    for (;;) {
        while (next_row(import, reading, &row)) {
            if (row.text.len > LONGEST_LINE)
                return fail(ERR_INVALID, "%s, line %llu is longer than 4 MiB", import->path,
                            (unsigned long long)import->line);
            if (row.text.data && str_trim(row.text).len)
                TRY(each(import, &row));
            import->line += row.lines;
        }
        if (reading->is_end)
            return OK;
        TRY(fill(import, reading));
    }
}

/* Files */

static fallible open_reading(struct import *import, struct reading *reading)
{
    *reading = (struct reading){.rest = {import->window, 0}};
    return import_source_open(import->options.sys, import->path, &reading->source);
}

/* Fills the window and takes off what marks the file as UTF-8. */
static fallible begin(struct import *import, struct reading *reading)
{
    while (!reading->is_end && reading->rest.len < PIECE)
        TRY(fill(import, reading));
    if (str_starts(reading->rest, S("\xEF\xBB\xBF")))
        reading->rest = str_slice(reading->rest, 3, reading->rest.len);
    if (str_starts(reading->rest, S("\xFF\xFE")) || str_starts(reading->rest, S("\xFE\xFF")))
        return fail(ERR_INVALID, "%s is UTF-16: save it as UTF-8", import->path);
    return OK;
}

static fallible open_table(struct import *import, const struct reading *reading)
{
    enum err err = import_table_open(import->options.kind, &import->map, reading->rest,
                                     reading->is_end, &import->table);

    if (err)
        return about(import->path, err);
    import->codec = import_table_codec(import->table);
    if (import->options.kind != IMPORT_ORDERS)
        return OK;
    TRY(import_orders_open(import->table, &import->orders));
    import->codec = import_orders_codec(import->orders);
    return OK;
}

/* What a file is: by its map, by its first signs, by its name. */
static fallible recognise(struct import *import, const struct reading *reading)
{
    str name = import_source_name(str_of(import->path)), head = reading->rest;
    bool is_lines =
        str_ends(name, S(".jsonl")) || str_ends(name, S(".ndjson")) || str_ends(name, S(".json"));

    while (head.len && ((unsigned char)head.data[0] <= ' '))
        head = str_slice(head, 1, head.len);
    import->table = NULL;
    import->format = import->options.map ? "columns" : "CSV";
    if (import->options.map)
        return open_table(import, reading);
    if (import->options.kind == IMPORT_ORDERS && (is_lines || str_starts(head, S("{"))))
        return fail(ERR_INVALID,
                    "%s is JSON lines: orders are read from columns, a line item a "
                    "row; import messages as events",
                    import->path);
    if (!head.len || head.data[0] == '{' || is_lines) {
        import->format = "JSON lines";
        import->codec = import_json_codec(import->json);
        return OK;
    }
    if (!import_log_recognise(head))
        return open_table(import, reading);
    if (import->options.kind != IMPORT_EVENTS)
        return fail(ERR_INVALID, "%s is a web server's log: import it as events", import->path);
    import->format = "web log";
    import->codec = import_log_codec(&import->log);
    return OK;
}

/* The first of two passes: the types of the columns, and the content's hash. */
static fallible scan(struct import *import, struct reading *reading)
{
    uint64_t done, of;

    TRY(each_row(import, reading, scan_row));
    if (import->orders)
        import_orders_decide(import->orders);
    else
        import_table_decide(import->table);
    name_content(import, reading->hash);
    import_source_place(reading->source, &done, &of);
    import_source_close(reading->source);
    reading->source = NULL;
    import->place_before = of;
    TRY(open_reading(import, reading));
    return begin(import, reading);
}

static fallible read_file(struct import *import, struct reading *reading)
{
    crypto_generichash_state hash;
    uint64_t done, of;
    enum err err;

    TRY(open_reading(import, reading));
    import_source_place(reading->source, &done, &of);
    import->place_of = 2 * of;
    crypto_generichash_init(&hash, NULL, 0, ID_BYTES);
    reading->hash = &hash;
    TRY(begin(import, reading));
    TRY(recognise(import, reading));
    if (import->table)
        TRY(scan(import, reading));
    else
        import->place_of = of;
    reading->hash = NULL;
    TRY(each_row(import, reading, take_row));
    if (import->codec.finish && (err = import->codec.finish(import->codec.state)) != OK)
        return about(import->path, err);
    return OK;
}

static void describe(const struct import *import, struct json_writer *files)
{
    json_open(files, '{');
    json_key(files, S("file"));
    json_text(files, str_of(import->path));
    json_key(files, S("format"));
    json_text(files, str_of(import->format));
    if (import->table) {
        json_key(files, S("columns"));
        import_table_describe(import->table, files);
    }
    json_shut(files, '}');
}

/* What was read before something went wrong is stored all the same, unless storing is what went
 * wrong. */
static fallible end_file(struct import *import, enum err err)
{
    struct buf sentence = {0};
    enum err later;

    if (err == OK)
        return finish_lots(import);
    buf_add(&sentence, str_of(err_text()));
    later = err == ERR_CORRUPT || err == ERR_INVALID ? finish_lots(import) : OK;
    if (!later)
        fail(err, "%.*s", STR_ARG(buf_str(&sentence)));
    buf_done(&sentence);
    return later ? later : err;
}

fallible import_file(struct import *import, const char *path, struct import_totals *totals,
                     struct json_writer *files)
{
    struct reading reading = {0};
    enum err err, later;

    import->path = path;
    import->id[0] = '\0';
    import->place = import->place_before = 0;
    import->totals = totals;
    import->received = clock_now(import->options.sys);
    progress_start(&import->progress, import->options.sys, path);
    err = end_file(import, read_file(import, &reading));
    later = flush_rejects(import);
    progress_end(&import->progress);
    if (!err && !later)
        describe(import, files);
    import_orders_close(import->orders);
    import_table_close(import->table);
    import->orders = NULL;
    import->table = NULL;
    import_source_close(reading.source);
    return err ? err : later;
}

fallible import_finish(struct import *import)
{
    enum err err;

    progress_start(&import->progress, import->options.sys, "Settling");
    err = import_sink_finish(import->sink, progress_step, &import->progress);
    progress_end(&import->progress);
    return err;
}
