/* selection.c - a scan of everything, by one mark.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/selection.h"

#include "measure/answer.h"

enum { MORSEL = 2048 };

static fallible scan_all(const struct source *source, const struct answer_options *options,
                         const struct scan_plan *plan, const struct selection *selection)
{
    node_id end = source_end(source);
    struct scanner *scanner;
    enum err err = OK;

    TRY(scan_open(plan, &scanner));
    for (node_id from = 1; !err && from < end; from += MORSEL) {
        err = scan_range(scanner, from, end - from < MORSEL ? end : from + MORSEL, selection->taker,
                         selection->argument);
        if (!err && options->is_cancelled && options->is_cancelled(options->argument))
            err = fail(ERR_EXPIRED, "the request was given up before it was done");
    }
    scan_close(scanner);
    return err;
}

fallible selection_scan(const struct source *source, const struct answer_options *options,
                        struct arena *mem, const struct selection *selection)
{
    const struct query *query = selection->query;
    const struct query_event *event = selection->event;
    struct scan_bounds bounds = {
        .from = query->has_from ? query->from : INT64_MIN,
        .to = query->has_to ? query->to : INT64_MAX,
        .as_of = INT64_MAX,
    };
    struct scan_plan *plan;
    scan_marks mark;
    uint32_t slot;

    TRY(scan_plan_open(mem, source, bounds, query->where, &plan));
    if (!event->name.data)
        event = NULL; /* any */
    TRY(scan_plan_mark(plan, event, event != NULL, SCAN_IN_RANGE | SCAN_WHERE, &mark));
    if (selection->path.data)
        TRY(scan_plan_slot(plan, selection->path, mark, &slot));
    scan_plan_seqs(plan);
    TRY(scan_plan_ready(plan));
    return scan_all(source, options, plan, selection);
}
