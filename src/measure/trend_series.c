/* trend_series.c - two hash tables in an arena: keys, and (key, column) pairs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/trend_series.h"

#include "base/hash.h"
#include "measure/operator.h"

#include <string.h>

enum { FIRST_SLOTS = 64 };

struct trend_cell {
    uint64_t place; /* series index + 1 in the high half, column in the low; 0: free */
    struct trend_figure *figure;
};

void trend_series_init(struct trend_table *table, struct arena *mem, enum query_measure measure)
{
    *table = (struct trend_table){.mem = mem, .measure = measure};
}

static uint64_t mix(uint64_t bits)
{
    bits ^= bits >> 33;
    bits *= 0xff51afd7ed558ccdu;
    return bits ^ bits >> 29;
}

static bool same_key(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == VALUE_NUMBER)
        return decimal_compare(a->number, b->number) == 0;
    return a->type == VALUE_NULL || a->code == b->code;
}

/* Equal numbers have equal decimals, so hashing their parts is sound. */
static uint64_t hash_key_of(const struct value *key)
{
    if (key->type == VALUE_NUMBER)
        return mix((uint64_t)key->number.digits * 31 + (uint16_t)key->number.scale + 7);
    return mix((uint64_t)key->type << 32 | (key->type == VALUE_NULL ? 0 : key->code));
}

static size_t slot_of(const struct trend_table *table, const struct value *key)
{
    size_t mask = table->slot_count - 1;
    size_t at = hash_key_of(key) & mask;

    while (table->slots[at] && !same_key(&table->series[table->slots[at] - 1]->key, key))
        at = (at + 1) & mask;
    return at;
}

static fallible grow_series(struct trend_table *table)
{
    size_t room = table->room ? table->room * 2 : FIRST_SLOTS / 2;
    struct trend_series **series = arena_array(table->mem, room, sizeof(struct trend_series *));
    uint32_t *slots = arena_array(table->mem, room * 2, sizeof *slots);

    if (!series || !slots || room > UINT32_MAX / 4)
        return operator_exhausted();
    if (table->count)
        memcpy(series, table->series, table->count * sizeof(struct trend_series *));
    table->series = series;
    table->room = room;
    table->slots = slots;
    table->slot_count = room * 2;
    for (uint32_t i = 0; i < table->count; i++)
        slots[slot_of(table, &series[i]->key)] = i + 1;
    return OK;
}

static fallible make_numbers(const struct trend_table *table, struct trend_figure *figure)
{
    if (table->measure < MEASURE_SUM || table->measure == MEASURE_MEDIAN)
        return OK;
    figure->numbers = arena_take(table->mem, sizeof *figure->numbers);
    return figure->numbers ? OK : operator_exhausted();
}

fallible trend_series_get(struct trend_table *table, const struct value *key,
                          struct trend_series **out_series)
{
    struct trend_series *series;
    size_t slot;

    if (table->count == table->room)
        TRY(grow_series(table));
    slot = slot_of(table, key);
    if (table->slots[slot]) {
        *out_series = table->series[table->slots[slot] - 1];
        return OK;
    }
    series = arena_take(table->mem, sizeof *series);
    if (!series)
        return operator_exhausted();
    series->key = *key;
    series->index = (uint32_t)table->count;
    TRY(make_numbers(table, &series->total));
    table->series[table->count++] = series;
    table->slots[slot] = (uint32_t)table->count;
    *out_series = series;
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

static uint64_t place_of(const struct trend_series *series, uint32_t column)
{
    return ((uint64_t)series->index + 1) << 32 | column;
}

fallible trend_series_cell(struct trend_table *table, const struct trend_series *series,
                           uint32_t column, struct trend_figure **out_figure)
{
    uint64_t place = place_of(series, column);
    struct trend_figure *figure;
    struct trend_cell *cell;

    if (table->cell_count * 4 >= table->cell_room * 3)
        TRY(grow_cells(table));
    cell = cell_of(table, place);
    if (!cell->place) {
        figure = arena_take(table->mem, sizeof *figure);
        if (!figure)
            return operator_exhausted();
        TRY(make_numbers(table, figure));
        *cell = (struct trend_cell){place, figure};
        table->cell_count++;
    }
    *out_figure = cell->figure;
    return OK;
}

const struct trend_figure *trend_series_find(const struct trend_table *table,
                                             const struct trend_series *series, uint32_t column)
{
    return table->cell_room ? cell_of(table, place_of(series, column))->figure : NULL;
}

void trend_series_count(struct trend_figure *figure, node_id person)
{
    figure->events++;
    if (figure->last_person != person) {
        figure->people++;
        figure->last_person = person;
    }
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

fallible trend_series_sample(struct trend_table *table, struct trend_series *series,
                             uint32_t column, decimal number)
{
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

fallible trend_series_merge(struct trend_table *table, const struct trend_table *other)
{
    struct trend_series *series;
    struct trend_figure *figure;

    for (size_t i = 0; i < other->count; i++) {
        const struct trend_series *from = other->series[i];

        TRY(trend_series_get(table, &from->key, &series));
        merge_figure(&series->total, &from->total);
        for (size_t k = 0; k < from->sample_count; k++)
            TRY(trend_series_sample(table, series, from->samples[k].column,
                                    from->samples[k].number));
    }
    for (size_t i = 0; i < other->cell_room; i++) {
        const struct trend_cell *cell = &other->cells[i];

        if (!cell->place)
            continue;
        TRY(trend_series_get(table, &other->series[(cell->place >> 32) - 1]->key, &series));
        TRY(trend_series_cell(table, series, (uint32_t)cell->place, &figure));
        merge_figure(figure, cell->figure);
    }
    return OK;
}
