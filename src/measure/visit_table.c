/* visit_table.c - totals by row, and a hash table of (row, bucket) cells in an arena.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/visit_table.h"

#include "measure/operator.h"

#include <string.h>

enum { FIRST_ROWS = 16, FIRST_CELLS = 256, LIMBS = 4 };
enum { ENGAGED_MS = 10000 }; /* a visit with less of it may be a bounce */

static const int64_t MOST_WHOLE = 100000000000000000; /* twice that fits, and is a decimal */

struct visit_cell {
    uint64_t place; /* row + 1 in the high half, bucket in the low; 0: free */
    struct visit_figures figures;
};

/* Time. */

static void add_whole(struct visit_time *time, int64_t whole)
{
    time->whole += whole;
    if (time->whole > -MOST_WHOLE && time->whole < MOST_WHOLE)
        return;
    time->has_rest = true;
    decimal_sum_add(&time->rest, (decimal){.digits = time->whole});
    time->whole = 0;
}

void visit_table_time_add(struct visit_time *time, decimal number)
{
    if (!number.is_double && !number.scale && number.digits > -MOST_WHOLE &&
        number.digits < MOST_WHOLE) {
        add_whole(time, number.digits);
    } else {
        time->has_rest = true;
        decimal_sum_add(&time->rest, number);
    }
}

void visit_table_time_merge(struct visit_time *time, const struct visit_time *other)
{
    add_whole(time, other->whole);
    if (other->has_rest) {
        time->has_rest = true;
        decimal_sum_merge(&time->rest, &other->rest);
    }
}

static decimal_sum sum_of(const struct visit_time *time)
{
    decimal_sum sum = time->rest;

    decimal_sum_add(&sum, (decimal){.digits = time->whole});
    return sum;
}

void visit_table_time_write(struct buf *out, const struct visit_time *time)
{
    decimal_sum sum = sum_of(time);

    decimal_sum_write(out, &sum);
}

static struct visit_time negative(const struct visit_time *time)
{
    struct visit_time result = *time;
    bool carries = true; /* of two's complement */

    result.whole = -time->whole;
    result.rest.inexact = -time->rest.inexact;
    for (int i = 0; i < LIMBS; i++) {
        result.rest.limbs[i] = ~time->rest.limbs[i] + carries;
        carries = carries && !result.rest.limbs[i];
    }
    return result;
}

static bool is_bounce(const struct visit_sums *visit)
{
    decimal_sum sum, bound = {0};

    if (visit->views != 1)
        return false;
    if (!visit->engaged.has_rest)
        return visit->engaged.whole < ENGAGED_MS;
    sum = sum_of(&visit->engaged);
    decimal_sum_add(&bound, (decimal){.digits = ENGAGED_MS});
    return decimal_sum_compare(&sum, &bound) < 0;
}

/* The table. */

void visit_table_init(struct visit_table *table, struct arena *mem)
{
    *table = (struct visit_table){.mem = mem};
}

void visit_table_begin(struct visit_table *table)
{
    for (uint32_t i = 0; i < table->row_count; i++)
        table->totals[i].last_person = 0;
    for (size_t i = 0; i < table->cell_room; i++)
        table->cells[i].figures.last_person = 0;
}

static fallible reach_row(struct visit_table *table, uint32_t row)
{
    uint32_t room = table->row_room ? table->row_room : FIRST_ROWS;
    struct visit_figures *totals;

    if (row < table->row_count)
        return OK;
    while (room <= row)
        room *= 2;
    if (room != table->row_room) {
        totals = arena_array(table->mem, room, sizeof *totals);
        if (!totals)
            return operator_exhausted();
        if (table->row_count)
            memcpy(totals, table->totals, table->row_count * sizeof *totals);
        table->totals = totals;
        table->row_room = room;
    }
    table->row_count = row + 1;
    return OK;
}

static struct visit_cell *cell_of(const struct visit_table *table, uint64_t place)
{
    size_t mask = table->cell_room - 1;
    uint64_t hash = (place ^ place >> 29) * 0x9e3779b97f4a7c15u;
    size_t at = (hash ^ hash >> 32) & mask;

    while (table->cells[at].place && table->cells[at].place != place)
        at = (at + 1) & mask;
    return &table->cells[at];
}

static fallible grow_cells(struct visit_table *table)
{
    struct visit_table old = *table;
    size_t room = old.cell_room ? old.cell_room * 2 : FIRST_CELLS;
    struct visit_cell *cells = arena_array(table->mem, room, sizeof *cells);

    if (!cells)
        return operator_exhausted();
    table->cells = cells;
    table->cell_room = room;
    for (size_t i = 0; i < old.cell_room; i++)
        if (old.cells[i].place)
            *cell_of(table, old.cells[i].place) = old.cells[i];
    return OK;
}

static uint64_t place_of(uint32_t row, uint32_t bucket)
{
    return ((uint64_t)row + 1) << 32 | bucket;
}

static fallible get_cell(struct visit_table *table, uint64_t place,
                         struct visit_figures **out_figures)
{
    struct visit_cell *cell;

    if (table->cell_count * 4 >= table->cell_room * 3)
        TRY(grow_cells(table));
    cell = cell_of(table, place);
    table->cell_count += !cell->place;
    cell->place = place;
    *out_figures = &cell->figures;
    return OK;
}

/* One more, or one less in the arithmetic of unsigned numbers. */
static void count(struct visit_figures *figures, const struct visit_sums *visit, bool bounces,
                  bool is_taken_back)
{
    uint64_t sign = is_taken_back ? UINT64_MAX : 1;

    figures->visits += sign;
    figures->views += sign * visit->views;
    figures->bounces += sign * bounces;
    if (figures->last_person != visit->person)
        figures->visitors += sign;
    figures->last_person = visit->person;
    visit_table_time_merge(&figures->engaged, &visit->engaged);
}

fallible visit_table_add(struct visit_table *table, const uint32_t *rows, uint32_t row_count,
                         const struct visit_sums *visit, bool is_taken_back)
{
    struct visit_sums sums = *visit;
    struct visit_figures *figures;
    bool bounces = is_bounce(visit);

    if (is_taken_back)
        sums.engaged = negative(&visit->engaged);
    for (uint32_t i = 0; i < row_count; i++) {
        TRY(reach_row(table, rows[i]));
        count(&table->totals[rows[i]], &sums, bounces, is_taken_back);
        if (visit->bucket == VISIT_TABLE_TOTAL)
            continue;
        TRY(get_cell(table, place_of(rows[i], visit->bucket), &figures));
        count(figures, &sums, bounces, is_taken_back);
    }
    return OK;
}

const struct visit_figures *visit_table_find(const struct visit_table *table, uint32_t row,
                                             uint32_t bucket)
{
    const struct visit_cell *cell;

    if (row >= table->row_count)
        return NULL;
    if (bucket == VISIT_TABLE_TOTAL)
        return &table->totals[row];
    if (!table->cell_room)
        return NULL;
    cell = cell_of(table, place_of(row, bucket));
    return cell->place ? &cell->figures : NULL;
}

static void merge_figures(struct visit_figures *into, const struct visit_figures *from)
{
    into->visitors += from->visitors;
    into->visits += from->visits;
    into->views += from->views;
    into->bounces += from->bounces;
    visit_table_time_merge(&into->engaged, &from->engaged);
}

fallible visit_table_merge(struct visit_table *table, const struct visit_table *other,
                           const uint32_t *rows)
{
    struct visit_figures *figures;

    for (uint32_t i = 0; i < other->row_count; i++) {
        TRY(reach_row(table, rows[i]));
        merge_figures(&table->totals[rows[i]], &other->totals[i]);
    }
    for (size_t i = 0; i < other->cell_room; i++) {
        const struct visit_cell *cell = &other->cells[i];

        if (!cell->place)
            continue;
        TRY(get_cell(table, place_of(rows[(cell->place >> 32) - 1], (uint32_t)cell->place),
                     &figures));
        merge_figures(figures, &cell->figures);
    }
    return OK;
}
