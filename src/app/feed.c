/* feed.c - what is exported, as lines of JSON: from a data folder or a running server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/feed.h"

#include "app/progress.h"
#include "app/remote.h"
#include "app/workspace.h"
#include "base/json.h"
#include "base/mem.h"
#include "measure/answer.h"
#include "measure/events.h"
#include "measure/export.h"
#include "sys/clock.h"

enum {
    PIECE = 4 << 20,
    /* People asked for at a time: the server looks at all of them for every page, so pages grow
     * while their answers are small. */
    FIRST_PAGE = 1000,
    MOST_PAGE = 64000,
    PAGE_GROWTH = 4,
    PAGE_BYTES = 8 << 20,
    MEMORY = 256 << 20,
    TRIES = 10,
    RETRY_MS = 500,
};

struct feed {
    struct feed_options options;
    struct config config;
    struct workspace workspace; /* open when there is a folder */
    struct json_reader *reader;
    struct arena *mem; /* of one piece */
    struct buf answer; /* to the latest question about people */
    struct buf cursor; /* of the next; empty: the first */
    size_t page;       /* people asked for */
    struct export *export;
    uint64_t place; /* events below it, or so many people, were given */
    uint64_t end;
};

/* Servers. Reading twice does no harm: a busy one or a broken connection is tried again. */

static bool goes_again(const struct feed *feed, enum err err, int tries)
{
    if ((err != ERR_BUSY && err != ERR_IO) || tries + 1 >= TRIES)
        return false;
    clock_sleep(feed->options.sys, RETRY_MS);
    return true;
}

static fallible get(struct feed *feed, const char *path, str *out_body)
{
    struct remote remote = {feed->options.url, str_of(feed->options.key), REMOTE_BEARER};
    enum err err;

    for (int tries = 0;; tries++) {
        err = remote_get(&remote, feed->mem, path, out_body);
        if (!goes_again(feed, err, tries))
            return err;
    }
}

static fallible ask_server(struct feed *feed, str question)
{
    struct remote remote = {feed->options.url, str_of(feed->options.key), REMOTE_BEARER};
    enum err err;

    for (int tries = 0;; tries++) {
        buf_clear(&feed->answer);
        err = remote_post(&remote, feed->mem, "/api/query", question, &feed->answer);
        if (!goes_again(feed, err, tries))
            return err;
    }
}

static fallible not_understood(void)
{
    return fail(ERR_INVALID, "the server's answer is not understood: is this program older?");
}

static fallible find_end(struct feed *feed)
{
    struct json doc;
    uint32_t at;
    int64_t end;
    str body;

    TRY(get(feed, "/api/export", &body));
    TRY(json_parse_copy(feed->reader, feed->mem, body, &doc));
    at = json_find(&doc, 0, S("until"));
    if (at == JSON_ABSENT || !json_to_i64(&doc, at, &end) || end < 1)
        return not_understood();
    feed->end = (uint64_t)end;
    return OK;
}

/* A line begins with its number. */
static bool read_seq(str line, uint64_t *out_seq)
{
    str head = S("{\"seq\":");

    if (!str_starts(line, head))
        return false;
    line = str_slice(line, head.len, line.len);
    return str_to_u64(str_cut(&line, ','), out_seq);
}

static fallible get_events(struct feed *feed, struct buf *out_lines, bool *out_is_end)
{
    const char *path = arena_print(feed->mem, "/api/export/events?from=%llu&until=%llu%s",
                                   (unsigned long long)feed->place, (unsigned long long)feed->end,
                                   feed->options.is_human ? "&traffic=human" : "")
                           .data;
    size_t start;
    uint64_t seq;
    str body;

    if (!path)
        return arena_exhausted();
    TRY(get(feed, path, &body));
    *out_is_end = body.len == 0;
    if (!body.len)
        return OK;
    for (start = body.len - 1; start > 0 && body.data[start - 1] != '\n'; start--)
        ;
    if (!str_ends(body, S("\n")) || !read_seq(str_slice(body, start, body.len), &seq) ||
        seq < feed->place)
        return not_understood();
    feed->place = seq + 1;
    buf_add(out_lines, body);
    return OK;
}

/* People: by questions, so that folder and server answer alike. */

static fallible ask_folder(struct feed *feed, str question)
{
    struct answer_options options = {
        .sys = feed->options.sys,
        .memory_bytes = (size_t)feed->config.query_mb << 20,
    };
    struct source source;
    enum err err;

    buf_clear(&feed->answer);
    events_begin(feed->workspace.events, &source);
    err = answer_query(&source, &options, question, &feed->answer);
    events_end(feed->workspace.events);
    return err;
}

static fallible write_question(const struct feed *feed, struct buf *out)
{
    struct json_writer w = {.out = out};

    json_open(&w, '{');
    json_key(&w, S("kind"));
    json_text(&w, S("people"));
    json_key(&w, S("segment"));
    json_verbatim(&w, S("{\"all\":[]}"));
    json_key(&w, S("as_of")); /* of all times: imported events may be still to come */
    json_text(&w, S("9999-12-31T23:59:59.999Z"));
    json_key(&w, S("traffic"));
    json_text(&w, feed->options.is_human ? S("human") : S("raw"));
    json_key(&w, S("limit"));
    json_u64(&w, feed->page);
    if (feed->cursor.len) {
        json_key(&w, S("cursor"));
        json_text(&w, buf_str(&feed->cursor));
    }
    json_shut(&w, '}');
    return buf_is_broken(out) ? mem_exhausted() : OK;
}

static fallible read_people(struct feed *feed, struct buf *out_lines, bool *out_is_end)
{
    struct json doc;
    uint32_t count, people, cursor;
    int64_t end;

    TRY(json_parse_copy(feed->reader, feed->mem, buf_str(&feed->answer), &doc));
    count = json_find(&doc, 0, S("count"));
    people = json_find(&doc, 0, S("people"));
    cursor = json_find(&doc, 0, S("cursor"));
    if (count == JSON_ABSENT || people == JSON_ABSENT || cursor == JSON_ABSENT ||
        json_type_of(&doc, people) != JSON_ARRAY || !json_to_i64(&doc, count, &end) || end < 0)
        return not_understood();
    EACH_ELEMENT(&doc, people, at)
    {
        buf_add(out_lines, json_raw(&doc, at));
        buf_add_byte(out_lines, '\n');
        feed->place++;
    }
    feed->end = (uint64_t)end;
    buf_clear(&feed->cursor);
    *out_is_end = json_type_of(&doc, cursor) != JSON_STRING;
    if (!*out_is_end)
        buf_add(&feed->cursor, json_string(&doc, cursor, feed->mem));
    return buf_is_broken(&feed->cursor) ? mem_exhausted() : OK;
}

static fallible ask(struct feed *feed)
{
    struct buf question = {0};
    enum err err = write_question(feed, &question);

    if (!err)
        err = feed->options.folder ? ask_folder(feed, buf_str(&question))
                                   : ask_server(feed, buf_str(&question));
    buf_done(&question);
    return err;
}

static fallible ask_people(struct feed *feed, struct buf *out_lines, bool *out_is_end)
{
    enum err err = ask(feed);

    if (err && feed->page > FIRST_PAGE) { /* the next people may have more traits than these */
        feed->page = FIRST_PAGE;
        err = ask(feed);
    }
    TRY(err);
    if (feed->answer.len * PAGE_GROWTH <= PAGE_BYTES && feed->page * PAGE_GROWTH <= MOST_PAGE)
        feed->page *= PAGE_GROWTH;
    return read_people(feed, out_lines, out_is_end);
}

/* Life */

static fallible open_folder(struct feed *feed)
{
    struct workspace *workspace = &feed->workspace;
    struct progress progress;
    enum err err;

    progress_start(&progress, feed->options.sys, "Reading the log");
    err = workspace_open(feed->options.sys, feed->options.folder, &feed->config, progress_step,
                         &progress, workspace);
    if (!err && feed->options.subject == FEED_PEOPLE)
        err = workspace_fold(workspace, progress_step, &progress);
    progress_end(&progress);
    if (err == ERR_CONFLICT && !workspace->datadir)
        err = fail(err, "%s; to export what is being served, use --url URL --key KEY", err_text());
    if (!err)
        feed->end = log_durable_seq(workspace->log);
    return err;
}

static fallible open_parts(struct feed *feed)
{
    feed->reader = json_reader_open();
    feed->mem = arena_open(MEMORY);
    if (!feed->reader || !feed->mem)
        return mem_exhausted();
    TRY(config_read(feed->options.sys, NULL, &feed->config));
    if (feed->options.folder)
        TRY(open_folder(feed));
    else if (feed->options.subject == FEED_EVENTS)
        TRY(find_end(feed));
    return feed_rewind(feed);
}

fallible feed_open(const struct feed_options *options, struct feed **out_feed)
{
    struct feed *feed = mem_alloc(sizeof *feed);
    enum err err;

    if (!feed)
        return mem_exhausted();
    feed->options = *options;
    err = open_parts(feed);
    if (err) {
        feed_close(feed);
        return err;
    }
    *out_feed = feed;
    return OK;
}

void feed_close(struct feed *feed)
{
    if (!feed)
        return;
    export_close(feed->export);
    workspace_close(&feed->workspace);
    json_reader_close(feed->reader);
    arena_close(feed->mem);
    buf_done(&feed->answer);
    buf_done(&feed->cursor);
    mem_free(feed);
}

fallible feed_rewind(struct feed *feed)
{
    feed->place = feed->options.subject == FEED_EVENTS;
    feed->page = FIRST_PAGE;
    buf_clear(&feed->cursor);
    export_close(feed->export);
    feed->export = NULL;
    if (feed->options.subject != FEED_EVENTS || !feed->options.folder)
        return OK;
    TRY(export_open(feed->workspace.log, feed->place, feed->end, &feed->export));
    export_without(feed->export, feed->workspace.deletions);
    export_verdicts(feed->export, feed->workspace.verdicts, feed->options.is_human);
    return OK;
}

fallible feed_next(struct feed *feed, struct buf *out_lines, bool *out_is_end)
{
    arena_reset(feed->mem);
    if (feed->options.subject == FEED_PEOPLE)
        TRY(ask_people(feed, out_lines, out_is_end));
    else if (!feed->export)
        TRY(get_events(feed, out_lines, out_is_end));
    else {
        TRY(export_read(feed->export, PIECE, out_lines, out_is_end));
        feed->place = export_place(feed->export);
    }
    return buf_is_broken(out_lines) ? mem_exhausted() : OK;
}

void feed_progress(const struct feed *feed, uint64_t *out_done, uint64_t *out_of)
{
    *out_done = feed->place;
    *out_of = feed->end;
}
