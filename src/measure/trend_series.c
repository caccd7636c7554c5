/* trend_series.c - series by key, and a hash table of (key, column) pairs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/trend_series.h"

#include "base/hash.h"
#include "measure/operator.h"

#include <string.h>

enum { FIRST_SLOTS = 64, DIRECT_ROWS = 512, DIRECT_COLUMNS = 512 };

struct trend_cell {
    uint64_t place; /* row + 1 in the high half, column in the low; 0: free */
    struct trend_figure *figure;
};

void trend_series_init(struct trend_table *table, struct arena *mem, enum query_measure measure,
                       uint32_t columns)
{
    *table = (struct trend_table){.mem = mem, .measure = measure, .columns = columns};
    keys_init(&table->keys, mem);
}

static uint64_t mix(uint64_t bits)
{
    bits ^= bits >> 33;
    bits *= 0xff51afd7ed558ccdu;
    return bits ^ bits >> 29;
}

static fallible make_numbers(const struct trend_table *table, struct trend_figure *figure)
{
    if (table->measure < MEASURE_SUM || table->measure == MEASURE_MEDIAN)
        return OK;
    figure->numbers = arena_take(table->mem, sizeof *figure->numbers);
    return figure->numbers ? OK : operator_exhausted();
}

static fallible make_figure(const struct trend_table *table, struct trend_figure **out_figure)
{
    *out_figure = arena_take(table->mem, sizeof **out_figure);
    return *out_figure ? make_numbers(table, *out_figure) : operator_exhausted();
}

fallible trend_series_cover(struct trend_table *table)
{
    for (; table->count < table->keys.count; table->count++) {
        if (table->count == table->room) {
            uint32_t room = table->keys.room;
            struct trend_series *series = arena_array(table->mem, room, sizeof *series);

            if (!series)
                return operator_exhausted();
            if (table->count)
                memcpy(series, table->series, table->count * sizeof *series);
            table->series = series;
            table->room = room;
        }
        TRY(make_figure(table, &table->series[table->count].total));
    }
    return OK;
}

static struct trend_cell *cell_of(const struct trend_table *table, uint64_t place)
{
    size_t mask = table->cell_room - 1;
    size_t at = mix(place) & mask;

    while (table->cells[at].place && table->cells[at].place != place)
        at = (at + 1) & mask;
    return &table->cells[at];
}

static fallible grow_cells(struct trend_table *table)
{
    struct trend_table old = *table;
    size_t room = old.cell_room ? old.cell_room * 2 : FIRST_SLOTS;
    struct trend_cell *cells = arena_array(table->mem, room, sizeof *cells);

    if (!cells)
        return operator_exhausted();
    table->cells = cells;
    table->cell_room = room;
    for (size_t i = 0; i < old.cell_room; i++)
        if (old.cells[i].place)
            *cell_of(table, old.cells[i].place) = old.cells[i];
    return OK;
}

static uint64_t place_of(uint32_t row, uint32_t column)
{
    return ((uint64_t)row + 1) << 32 | column;
}

static bool is_direct(const struct trend_table *table, uint32_t row)
{
    return row < DIRECT_ROWS && table->columns <= DIRECT_COLUMNS;
}

static fallible make_direct(struct trend_table *table, uint32_t row)
{
    struct trend_figure *figures = arena_array(table->mem, table->columns, sizeof *figures);

    if (!table->direct)
        table->direct = arena_array(table->mem, DIRECT_ROWS, sizeof *table->direct);
    if (!table->direct || !figures)
        return operator_exhausted();
    table->direct[row] = figures;
    return OK;
}

/* All columns of a row; NULL: it is not among the first ones, or there are many columns. */
static fallible find_columns(struct trend_table *table, uint32_t row,
                             struct trend_figure **out_figures)
{
    *out_figures = NULL;
    if (!is_direct(table, row))
        return OK;
    if (!table->direct || !table->direct[row])
        TRY(make_direct(table, row));
    *out_figures = table->direct[row];
    return OK;
}

fallible trend_series_cell(struct trend_table *table, uint32_t row, uint32_t column,
                           struct trend_figure **out_figure)
{
    uint64_t place = place_of(row, column);
    struct trend_figure *figure;
    struct trend_cell *cell;

    TRY(find_columns(table, row, &figure));
    if (figure) {
        *out_figure = &figure[column];
        return (*out_figure)->events ? OK : make_numbers(table, *out_figure);
    }
    if (table->cell_count * 4 >= table->cell_room * 3)
        TRY(grow_cells(table));
    cell = cell_of(table, place);
    if (!cell->place) {
        TRY(make_figure(table, &figure));
        *cell = (struct trend_cell){place, figure};
        table->cell_count++;
    }
    *out_figure = cell->figure;
    return OK;
}

const struct trend_figure *trend_series_find(const struct trend_table *table, uint32_t row,
                                             uint32_t column)
{
    if (is_direct(table, row))
        return table->direct && table->direct[row] && table->direct[row][column].events
                   ? &table->direct[row][column]
                   : NULL;
    return table->cell_room ? cell_of(table, place_of(row, column))->figure : NULL;
}

void trend_series_add(struct trend_figure *figure, decimal number)
{
    struct trend_numbers *numbers = figure->numbers;

    if (!numbers->count || decimal_compare(number, numbers->least) < 0)
        numbers->least = number;
    if (!numbers->count || decimal_compare(number, numbers->most) > 0)
        numbers->most = number;
    decimal_sum_add(&numbers->sum, number);
    numbers->count++;
}

fallible trend_series_sample(struct trend_table *table, uint32_t row, uint32_t column,
                             decimal number)
{
    struct trend_series *series = &table->series[row];

    if (series->sample_count == series->sample_room) {
        size_t room = series->sample_room ? series->sample_room * 2 : 8;
        struct trend_sample *samples = arena_array(table->mem, room, sizeof *samples);

        if (!samples)
            return operator_exhausted();
        if (series->sample_count)
            memcpy(samples, series->samples, series->sample_count * sizeof *samples);
        series->samples = samples;
        series->sample_room = room;
    }
    series->samples[series->sample_count++] = (struct trend_sample){number, column};
    return OK;
}

static void merge_figure(struct trend_figure *figure, const struct trend_figure *other)
{
    struct trend_numbers *into = figure->numbers;
    const struct trend_numbers *from = other->numbers;

    figure->events += other->events;
    figure->people += other->people;
    if (!into || !from || !from->count)
        return;
    if (!into->count || decimal_compare(from->least, into->least) < 0)
        into->least = from->least;
    if (!into->count || decimal_compare(from->most, into->most) > 0)
        into->most = from->most;
    decimal_sum_merge(&into->sum, &from->sum);
    into->count += from->count;
}

static fallible merge_cell(struct trend_table *table, uint32_t row, uint32_t column,
                           const struct trend_figure *other)
{
    struct trend_figure *figure;

    TRY(trend_series_cell(table, row, column, &figure));
    merge_figure(figure, other);
    return OK;
}

static fallible merge_direct(struct trend_table *table, const struct trend_table *other,
                             const uint32_t *rows)
{
    for (uint32_t row = 0; other->direct && row < DIRECT_ROWS && row < other->count; row++)
        for (uint32_t column = 0; other->direct[row] && column < other->columns; column++)
            if (other->direct[row][column].events)
                TRY(merge_cell(table, rows[row], column, &other->direct[row][column]));
    return OK;
}

fallible trend_series_merge(struct trend_table *table, const struct trend_table *other)
{
    uint32_t *rows = arena_array(table->mem, other->count + (size_t)1, sizeof *rows);

    if (!rows)
        return operator_exhausted();
    for (uint32_t i = 0; i < other->count; i++) {
        const struct trend_series *from = &other->series[i];

        TRY(keys_get(&table->keys, &other->keys.values[i], &rows[i]));
        TRY(trend_series_cover(table));
        merge_figure(table->series[rows[i]].total, from->total);
        for (size_t k = 0; k < from->sample_count; k++)
            TRY(trend_series_sample(table, rows[i], from->samples[k].column,
                                    from->samples[k].number));
    }
    for (size_t i = 0; i < other->cell_room; i++) {
        const struct trend_cell *cell = &other->cells[i];

        if (cell->place)
            TRY(merge_cell(table, rows[(cell->place >> 32) - 1], (uint32_t)cell->place,
                           cell->figure));
    }
    return merge_direct(table, other, rows);
}
