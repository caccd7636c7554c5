/* scan.c - a scanner: whatever carries out the plan, and what it needs to know of persons.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/scan_files.h"
#include "measure/scan_met.h"

enum { SCOPE_BYTES = 16 << 20 }; /* far above what QUERY_NODES traits take */

struct scanner {
    const struct scan_plan *plan;
    struct arena *mem; /* of the scope */
    struct matcher_scope *scope;
    struct scan_met *met;
    struct scan_rows *rows;
    struct scan_files_reader *files; /* NULL: all events are in memory */
    struct scan_piece members;       /* of a batch */
    struct scan_judge judge;
    scan_taker taker;
    void *argument;
};

fallible scan_open(const struct scan_plan *plan, struct scanner **out_scanner)
{
    struct scanner *scanner = mem_alloc(sizeof *scanner);
    enum err err;

    if (!scanner)
        return mem_exhausted();
    scanner->plan = plan;
    scan_piece_init(&scanner->members, plan);
    scanner->mem = arena_open(SCOPE_BYTES);
    err = scanner->mem ? matcher_scope_open(scanner->mem, plan->matchers, &scanner->scope)
                       : mem_exhausted();
    if (!err)
        err = scan_met_open(plan, &scanner->met);
    if (!err)
        err = scan_rows_open(plan, scanner->scope, scanner->met, &scanner->rows);
    if (!err && plan->files)
        err = scan_files_open(plan->files, scanner->scope, scanner->met, scanner->rows,
                              &scanner->files);
    if (!err)
        scanner->judge = (struct scan_judge){
            scanner->scope, scanner->files ? scan_files_sets(scanner->files) : NULL};
    if (err)
        scan_close(scanner);
    else
        *out_scanner = scanner;
    return err;
}

void scan_close(struct scanner *scanner)
{
    if (!scanner)
        return;
    scan_files_close(scanner->files);
    scan_rows_close(scanner->rows);
    scan_met_close(scanner->met);
    scan_piece_done(&scanner->members);
    arena_close(scanner->mem);
    mem_free(scanner);
}

/* A scan_taker: passes on the members of the audience. */
static enum err take(void *argument, const struct scan_batch *batch)
{
    struct scanner *scanner = argument;
    struct scan_piece *members = &scanner->members; /* no hits of its own */
    struct scan_batch passed = *batch;

    scan_piece_clear(members);
    TRY(scan_piece_reserve(members, batch->persons, 0));
    for (size_t i = 0; i < batch->persons; i++) {
        matcher_enter(scanner->scope, batch->ids[i]);
        if (!scan_segment_holds(scanner->plan->audience, &scanner->judge, batch, i))
            continue;
        members->ids[members->persons] = batch->ids[i];
        members->first[members->persons] = batch->first[i];
        members->end[members->persons++] = batch->end[i];
    }
    TRY(matcher_scope_err(scanner->scope));
    if (!members->persons)
        return OK;
    passed.persons = members->persons;
    passed.ids = members->ids;
    passed.first = members->first;
    passed.end = members->end;
    return scanner->taker(scanner->argument, &passed);
}

fallible scan_range(struct scanner *scanner, node_id from, node_id to, scan_taker taker,
                    void *argument)
{
    if (scanner->plan->audience) {
        scanner->taker = taker;
        scanner->argument = argument;
        taker = take;
        argument = scanner;
    }
    if (scanner->files)
        TRY(scan_files_range(scanner->files, from, to, taker, argument));
    else
        TRY(scan_rows_range(scanner->rows, from, to, taker, argument));
    return matcher_scope_err(scanner->scope);
}

uint64_t scan_events_read(const struct scanner *scanner)
{
    return scanner->files ? scan_files_read(scanner->files) : scan_rows_read(scanner->rows);
}
