/* trend_series.h - figures by key and column: the table behind a trend.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only cells that hold something exist. All memory is the arena's. Persons come one after the
 * other, so a figure tells whether it has seen this one by remembering the last.
 */
#pragma once
#include "base/arena.h"
#include "measure/keys.h"
#include "measure/query.h"

struct trend_numbers {
    uint64_t count;
    decimal_sum sum;
    decimal least;
    decimal most;
};

struct trend_figure {
    uint64_t events;
    uint64_t people;
    node_id last_person;
    struct trend_numbers *numbers; /* of measures of a property, but for the median */
};

struct trend_sample {
    decimal number;
    uint32_t column;
};

/* What counts for one key. */
struct trend_series {
    struct trend_figure *total;   /* stays in place */
    struct trend_sample *samples; /* of the median */
    size_t sample_count;
    size_t sample_room;
};

struct trend_table {
    struct arena *mem;
    enum query_measure measure;
    struct keys keys;
    struct trend_series *series; /* by row of keys */
    uint32_t count;
    uint32_t room;
    uint32_t columns;             /* of the answer */
    struct trend_figure **direct; /* [row][column] of the first rows, where columns are few; those
                                   * without events are no figures */
    struct trend_cell *cells;     /* of others, by hash of row and column; a power of two */
    size_t cell_room;
    size_t cell_count;
};

void trend_series_init(struct trend_table *table, struct arena *mem, enum query_measure measure,
                       uint32_t columns);
/* Makes a series for each row of the keys that has none yet. ERR_LIMIT. */
fallible trend_series_cover(struct trend_table *table);
/* The figure of a column, made if need be. ERR_LIMIT. */
fallible trend_series_cell(struct trend_table *table, uint32_t row, uint32_t column,
                           struct trend_figure **out_figure);
/* The figure, or NULL where there is none. */
const struct trend_figure *trend_series_find(const struct trend_table *table, uint32_t row,
                                             uint32_t column);

static inline void trend_series_count(struct trend_figure *figure, node_id person)
{
    figure->events++;
    figure->people += figure->last_person != person;
    figure->last_person = person;
}

void trend_series_add(struct trend_figure *figure, decimal number);
fallible trend_series_sample(struct trend_table *table, uint32_t row, uint32_t column,
                             decimal number);
/* Takes all that `other` holds into `table`; they share no person. */
fallible trend_series_merge(struct trend_table *table, const struct trend_table *other);
