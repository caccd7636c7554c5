/* judge_answers.c - folds a file of messages and answers the questions on standard input.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   judge_answers EVENTS.jsonl [WORKERS [EVERY]] < QUERIES.jsonl
 *
 * Each question line gives one answer line; a refused question gives
 * {"error":CODE,"text":SENTENCE}. EVERY so many messages the events settle in a column file, and
 * now and then some neighbouring files become one. With MEASURE_TIMES set, says on standard error
 * how long folding and each question took.
 *
 * Lines of both kinds may also be one of these; only the first two give a line, of how many:
 *
 *   !{...}     deletes what that request means
 *   !revise {...}  the same of verdicts
 *   !settle    !combine (all files)
 *   !again     starts anew over the column files
 *   !anew      starts anew without them
 */
#include "unit/measure/fold.h"

#include "measure/history.h"
#include "sys/clock.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
    fprintf(stderr, "judge_answers: %s: %s\n", what, err_text());
    exit(1);
}

static void read_all(FILE *file, struct buf *out)
{
    char block[65536];
    size_t got;

    while ((got = fread(block, 1, sizeof block, file)) > 0)
        buf_add_bytes(out, block, got);
}

static void answer(struct fold *fold, str query, unsigned workers)
{
    struct answer_options options = {.sys = sys_real(), .workers = workers};
    struct json_writer writer = {0};
    struct buf out = {0};
    int64_t began = clock_mono_ns(options.sys);
    enum err err = fold_ask(fold, &options, query, &out);

    if (err) {
        writer.out = &out;
        json_open(&writer, '{');
        json_key(&writer, S("error"));
        json_text(&writer, str_of(err_name(err)));
        json_key(&writer, S("text"));
        json_text(&writer, str_of(err_text()));
        json_shut(&writer, '}');
    }
    buf_add_byte(&out, '\n');
    fwrite(out.data, 1, out.len, stdout);
    if (getenv("MEASURE_TIMES"))
        fprintf(stderr, "%10.3f ms  %.*s\n", (double)(clock_mono_ns(options.sys) - began) / 1e6,
                STR_ARG(query));
    buf_done(&out);
}

typedef fallible namer(struct fold *fold, str request, size_t part, uint64_t *out_count);

static void name_events(struct fold *fold, namer *name, str request)
{
    uint64_t count;

    if (name(fold, request, 1 + request.len % 5, &count))
        die("events cannot be named");
    printf("%llu\n", (unsigned long long)count);
}

/* False if the line is none. */
static bool obey(struct fold *fold, str line)
{
    size_t files = history_count(fold->history);
    enum err err = OK;

    if (!str_starts(line, S("!")))
        return false;
    if (str_starts(line, S("!{")))
        name_events(fold, fold_delete, str_slice(line, 1, line.len));
    else if (str_starts(line, S("!revise ")))
        name_events(fold, fold_revise, str_slice(line, 8, line.len));
    else if (str_equals(line, S("!settle")))
        err = fold_settle(fold);
    else if (str_equals(line, S("!combine")))
        err = files ? fold_combine(fold, 0, files) : OK;
    else if (str_equals(line, S("!again")) || str_equals(line, S("!anew")))
        err = fold_again(fold, str_equals(line, S("!again")));
    else
        err = fail(ERR_INVALID, "no such line");
    if (err)
        die("a line with !");
    return true;
}

/* Settles, then combines every other time, whichever files it happens to be. */
static void settle(struct fold *fold, uint64_t *chance)
{
    size_t count, at;

    if (fold_settle(fold))
        die("fold_settle");
    count = history_count(fold->history);
    *chance = *chance * 6364136223846793005u + 1442695040888963407u;
    if (!count || *chance >> 33 & 1)
        return;
    at = (*chance >> 34) % count;
    if (fold_combine(fold, at, 1 + (*chance >> 50) % (count - at)))
        die("fold_combine");
}

static void fold_file(struct fold *fold, const char *name, unsigned long every)
{
    unsigned long taken = 0;
    uint64_t chance = every;
    struct events_stats stats;
    FILE *file = fopen(name, "rb");
    struct buf text = {0};
    str rest;

    if (!file)
        die(name);
    read_all(file, &text);
    fclose(file);
    for (rest = buf_str(&text); rest.len;) {
        str line = str_cut(&rest, '\n');

        if (!line.len || obey(fold, line))
            continue;
        if (fold_take(fold, line))
            die("fold_take");
        if (every && ++taken % every == 0)
            settle(fold, &chance);
    }
    buf_done(&text);
    events_stats_read(fold->events, &stats);
    if (getenv("MEASURE_TIMES"))
        fprintf(stderr, "%llu events, %.0f ns each to fold, %.1f bytes each in memory\n",
                (unsigned long long)stats.events,
                (double)fold->nanoseconds / (double)(stats.events ? stats.events : 1),
                (double)stats.bytes / (double)(stats.events ? stats.events : 1));
}

int main(int argc, char **argv)
{
    unsigned workers = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    unsigned long every = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    struct buf queries = {0};
    struct fold fold;
    str rest;

    if (argc < 2) {
        fprintf(stderr, "usage: judge_answers EVENTS.jsonl [WORKERS [EVERY]] < QUERIES.jsonl\n");
        return 2;
    }
    if (fold_open(&fold))
        die("fold_open");
    fold_file(&fold, argv[1], every);
    read_all(stdin, &queries);
    for (rest = buf_str(&queries); rest.len;) {
        str query = str_cut(&rest, '\n');

        if (query.len && !obey(&fold, query))
            answer(&fold, query, workers);
    }
    fold_done(&fold);
    buf_done(&queries);
    return 0;
}
