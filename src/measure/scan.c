/* scan.c - a scanner: whatever carries out the plan, and what it needs to know of persons.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/scan_files.h"

enum { SCOPE_BYTES = 16 << 20 }; /* far above what QUERY_NODES traits take */

struct scanner {
    const struct scan_plan *plan;
    struct arena *mem; /* of the scope */
    struct matcher_scope *scope;
    struct scan_rows *rows;
    struct scan_files_reader *files; /* NULL: all events are in memory */
    struct scan_piece members;       /* of a batch */
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
        err = scan_rows_open(plan, scanner->scope, &scanner->rows);
    if (!err && plan->files)
        err = scan_files_open(plan->files, scanner->scope, scanner->rows, &scanner->files);
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
    scan_piece_done(&scanner->members);
    arena_close(scanner->mem);
    mem_free(scanner);
}

/* A scan_taker: passes on the members of the audience. */
static enum err take(void *argument, const struct scan_batch *batch)
{
    struct scanner *scanner = argument;
    struct scan_piece *members = &scanner->members;
    struct scan_batch passed;

    scan_piece_clear(members);
    TRY(scan_piece_reserve(members, batch->persons, batch->first[batch->persons]));
    for (size_t i = 0; i < batch->persons; i++) {
        if (!scan_is_member(scanner, scanner->plan->audience, batch, i))
            continue;
        scan_piece_begin(members, batch->ids[i]);
        scan_piece_copy(members, batch, batch->first[i], batch->first[i + 1]);
    }
    TRY(matcher_scope_err(scanner->scope));
    if (!members->persons)
        return OK;
    scan_piece_batch(members, &passed);
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

bool scan_is_member(const struct scanner *scanner, const struct scan_segment *segment,
                    const struct scan_batch *batch, size_t person)
{
    matcher_enter(scanner->scope, batch->ids[person]);
    return scan_segment_holds(segment, scanner->scope, batch, person);
}
