/* scan.c - a scanner: whatever carries out the plan, and what it needs to know of persons.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_int.h"

#include "base/mem.h"

enum { SCOPE_BYTES = 16 << 20 }; /* far above what QUERY_NODES traits take */

struct scanner {
    struct arena *mem; /* of the scope */
    struct matcher_scope *scope;
    struct scan_rows *rows;
};

fallible scan_open(const struct scan_plan *plan, struct scanner **out_scanner)
{
    struct scanner *scanner = mem_alloc(sizeof *scanner);
    enum err err;

    if (!scanner)
        return mem_exhausted();
    scanner->mem = arena_open(SCOPE_BYTES);
    err = scanner->mem ? matcher_scope_open(scanner->mem, plan->matchers, &scanner->scope)
                       : mem_exhausted();
    if (!err)
        err = scan_rows_open(plan, scanner->scope, &scanner->rows);
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
    scan_rows_close(scanner->rows);
    arena_close(scanner->mem);
    mem_free(scanner);
}

fallible scan_range(struct scanner *scanner, node_id from, node_id to, scan_taker taker,
                    void *argument)
{
    return scan_rows_range(scanner->rows, from, to, taker, argument);
}

uint64_t scan_events_read(const struct scanner *scanner)
{
    return scan_rows_read(scanner->rows);
}

bool scan_is_member(const struct scanner *scanner, const struct scan_segment *segment,
                    const struct scan_batch *batch, size_t person)
{
    matcher_enter(scanner->scope, batch->ids[person]);
    return scan_segment_holds(segment, scanner->scope, batch, person);
}
