/* deletion.c - a scan of everything that keeps nothing but sequence numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/deletion.h"

#include "base/mem.h"
#include "measure/dictionary.h"
#include "measure/scan.h"
#include "store/deleted.h"
#include "sys/entropy.h"

enum { MORSEL = 2048 };

#define DEFAULT_BYTES ((size_t)256 << 20)

/* A scan_taker. */
static enum err take(void *argument, const struct scan_batch *batch)
{
    struct deleted *found = argument;

    for (size_t i = 0; i < batch->persons; i++)
        for (uint32_t hit = batch->first[i]; hit < batch->end[i]; hit++)
            TRY(deleted_add(found, batch->seqs[hit], batch->seqs[hit] + 1));
    return OK;
}

static fallible scan_all(const struct source *source, const struct answer_options *options,
                         const struct scan_plan *plan, struct deleted *found)
{
    node_id end = source_end(source);
    struct scanner *scanner;
    enum err err = OK;

    TRY(scan_open(plan, &scanner));
    for (node_id from = 1; !err && from < end; from += MORSEL) {
        err = scan_range(scanner, from, end - from < MORSEL ? end : from + MORSEL, take, found);
        if (!err && options->is_cancelled && options->is_cancelled(options->argument))
            err = fail(ERR_EXPIRED, "the request was given up before it was done");
    }
    scan_close(scanner);
    return err;
}

static fallible find(const struct source *source, const struct answer_options *options,
                     struct arena *mem, const struct query *query, const struct query_event *event,
                     struct deleted *found)
{
    struct scan_bounds bounds = {
        .from = query->has_from ? query->from : INT64_MIN,
        .to = query->has_to ? query->to : INT64_MAX,
        .as_of = INT64_MAX,
    };
    struct scan_plan *plan;
    scan_marks mark;

    TRY(scan_plan_open(mem, source, bounds, query->where, &plan));
    if (!event->name.data)
        event = NULL; /* any */
    TRY(scan_plan_mark(plan, event, event != NULL, SCAN_IN_RANGE | SCAN_WHERE, &mark));
    scan_plan_seqs(plan);
    TRY(scan_plan_ready(plan));
    return scan_all(source, options, plan, found);
}

fallible deletion_find(const struct source *source, const struct answer_options *options,
                       str request, struct deleted *found)
{
    size_t bytes = options->memory_bytes ? options->memory_bytes : DEFAULT_BYTES;
    struct arena *mem = arena_open(bytes);
    struct json_reader *reader = json_reader_open();
    struct query query = {0};
    struct query_event event;
    struct dictionary more;
    struct source own = *source;
    uint64_t seed;
    enum err err;

    entropy_fill(options->sys, &seed, sizeof seed);
    dictionary_init(&more, seed);
    own.more = &more;
    own.more_bytes = bytes;
    err =
        mem && reader ? query_parse_events(reader, mem, request, &query, &event) : mem_exhausted();
    if (!err)
        err = find(&own, options, mem, &query, &event, found);
    query_done(&query);
    dictionary_done(&more);
    json_reader_close(reader);
    arena_close(mem);
    return err;
}
