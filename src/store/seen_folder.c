/* seen_folder.c - finds the runs that cover one unbroken span of sequence numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A run that is missing at the front had expired; a gap anywhere else is damage, and all behind it
 * is given up, so that the log fills it in.
 */
#include "store/seen_int.h"

#include "base/mem.h"

#include <stdlib.h>

enum { MOST_LIST_BYTES = 64 << 20 };

struct span {
    uint64_t from;
    uint64_t to;
    bool is_unfinished;
    bool is_kept;
};

static int by_place(const void *a, const void *b)
{
    const struct span *left = a, *right = b;

    if (left->from != right->from)
        return left->from < right->from ? -1 : 1;
    if (left->to != right->to)
        return left->to > right->to ? -1 : 1; /* the longer first: it replaces the other */
    return left->is_unfinished - right->is_unfinished;
}

/* Files that are not ours are left alone. */
static fallible list_spans(struct sys *sys, const char *folder, struct arena *mem,
                           struct span **out_spans, size_t *out_count)
{
    struct span *spans;
    str *names;
    size_t name_count, count = 0;

    TRY(folder_list(sys, folder, mem, &names, &name_count));
    spans = arena_array(mem, name_count + 1, sizeof *spans);
    if (!spans)
        return arena_exhausted();
    for (size_t i = 0; i < name_count; i++) {
        struct span *span = &spans[count];

        if (seen_run_parse_name(names[i], &span->from, &span->to, &span->is_unfinished))
            count++;
    }
    qsort(spans, count, sizeof *spans, by_place);
    *out_spans = spans;
    *out_count = count;
    return OK;
}

static fallible remove_span(struct sys *sys, const char *folder, const struct span *span)
{
    char *path = seen_run_path(folder, span->from, span->to, span->is_unfinished ? ".new" : "");
    enum err err = path ? file_remove(sys, path) : mem_exhausted();

    mem_free(path);
    return err;
}

/* From the last to the first. Where nothing is kept, the first goes only when the others are gone
 * for good: else a power loss could leave those, and the first would pass for expired. */
static fallible remove_others(struct sys *sys, const char *folder, const struct span *spans,
                              size_t count, bool is_any_kept)
{
    bool is_any_removed = false;

    for (size_t i = count; i > 0; i--) {
        if (spans[i - 1].is_kept)
            continue;
        if (!is_any_kept && is_any_removed)
            TRY(folder_sync(sys, folder));
        TRY(remove_span(sys, folder, &spans[i - 1]));
        is_any_removed = true;
    }
    return is_any_removed ? folder_sync(sys, folder) : OK;
}

struct chain {
    struct seen_run **runs;
    uint32_t count;
    uint64_t covered; /* where the runs end; 0 as long as no file was looked at */
};

/* Opens what continues the chain. */
static fallible open_spans(struct sys *sys, const char *folder, struct span *spans, size_t count,
                           struct chain *chain)
{
    for (size_t i = 0; i < count; i++) {
        struct span *span = &spans[i];
        enum err err;

        if (span->is_unfinished)
            continue;
        if (!chain->covered)
            chain->covered = span->from;
        if (span->from > chain->covered || span->to <= chain->covered)
            continue;
        err = seen_run_open(sys, folder, span->from, span->to, &chain->runs[chain->count]);
        if (err && err != ERR_CORRUPT)
            return err;
        if (err)
            continue;
        chain->count++;
        chain->covered = span->to;
        span->is_kept = true;
    }
    return OK;
}

fallible seen_folder_load(struct sys *sys, const char *folder, struct seen_run ***out_runs,
                          uint32_t *out_count, uint64_t *out_covered)
{
    struct arena *mem = arena_open(MOST_LIST_BYTES);
    struct chain chain = {0};
    struct span *spans;
    size_t count;
    enum err err;

    if (!mem)
        return mem_exhausted();
    err = list_spans(sys, folder, mem, &spans, &count);
    if (err)
        goto done;
    chain.runs = mem_alloc((count + 1) * sizeof(struct seen_run *));
    err = chain.runs ? OK : mem_exhausted();
    if (!err)
        err = open_spans(sys, folder, spans, count, &chain);
    if (!err)
        err = remove_others(sys, folder, spans, count, chain.count > 0);

done:
    arena_close(mem);
    if (err) {
        for (uint32_t i = 0; i < chain.count; i++)
            seen_run_close(chain.runs[i]);
        mem_free(chain.runs);
        return err;
    }
    *out_runs = chain.runs;
    *out_count = chain.count;
    *out_covered = chain.covered ? chain.covered : 1;
    return OK;
}

struct check {
    void (*report)(void *, const char *);
    void *argument;
    enum err worst; /* the first failure that is not damage, else ERR_CORRUPT for damage */
};

static void note(struct check *check, enum err err)
{
    check->report(check->argument, err_text());
    if (!check->worst || check->worst == ERR_CORRUPT)
        check->worst = err;
}

static void check_span(struct check *check, struct sys *sys, const char *folder,
                       const struct span *span)
{
    struct seen_run *run;
    enum err err = seen_run_open(sys, folder, span->from, span->to, &run);

    if (!err) {
        err = seen_run_check(run);
        seen_run_close(run);
    }
    if (err)
        note(check, err);
}

fallible seen_folder_check(struct sys *sys, const char *folder,
                           void (*report)(void *, const char *), void *argument)
{
    struct check check = {.report = report, .argument = argument};
    struct arena *mem = arena_open(MOST_LIST_BYTES);
    struct span *spans;
    uint64_t covered = 0;
    size_t count = 0;
    enum err err;

    if (!mem)
        return mem_exhausted();
    err = list_spans(sys, folder, mem, &spans, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (spans[i].is_unfinished)
            continue;
        if (covered && spans[i].from > covered)
            note(&check, fail(ERR_CORRUPT, "%s lacks the run of the events %llu to %llu", folder,
                              (unsigned long long)covered, (unsigned long long)spans[i].from - 1));
        check_span(&check, sys, folder, &spans[i]);
        covered = spans[i].to > covered ? spans[i].to : covered;
    }
    arena_close(mem);
    if (!err && check.worst)
        err = fail(check.worst, "the message ids in %s are damaged", folder);
    return err;
}
