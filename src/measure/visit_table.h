/* visit_table.h - figures of visits by key and bucket, and time spent as exact sums.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only cells that hold something exist. All memory is the arena's. Visitors are told apart by
 * remembering the last, so visits come person by person; visit_table_begin starts another round.
 */
#pragma once
#include "base/arena.h"
#include "base/decimal.h"
#include "measure/source.h"

#define VISIT_TABLE_TOTAL UINT32_MAX /* in place of a bucket: all of them */

/* A sum of milliseconds. Most are small whole numbers, which need no decimals. */
struct visit_time {
    int64_t whole;
    bool has_rest;
    decimal_sum rest;
};

struct visit_figures {
    uint64_t visitors;
    uint64_t visits;
    uint64_t views;
    uint64_t bounces;
    node_id last_person;
    struct visit_time engaged;
};

/* What one visit adds. */
struct visit_sums {
    node_id person;  /* whose visit it is */
    uint32_t bucket; /* or VISIT_TABLE_TOTAL: only the totals are wanted */
    uint64_t views;
    struct visit_time engaged;
};

struct visit_table {
    struct arena *mem;
    struct visit_figures *totals; /* by row */
    uint32_t row_count;
    uint32_t row_room;
    struct visit_cell *cells; /* by hash of row and bucket; a power of two */
    size_t cell_room;
    size_t cell_count;
};

void visit_table_time_add(struct visit_time *time, decimal number);
void visit_table_time_merge(struct visit_time *time, const struct visit_time *other);
void visit_table_time_write(struct buf *out, const struct visit_time *time);

void visit_table_init(struct visit_table *table, struct arena *mem);
/* Forgets which persons came last, before they come once more. */
void visit_table_begin(struct visit_table *table);
/* Counts a visit in each of these rows, or takes it back: in a round in which all visits of its
 * person are taken back. ERR_LIMIT. */
fallible visit_table_add(struct visit_table *table, const uint32_t *rows, uint32_t count,
                         const struct visit_sums *visit, bool is_taken_back);
/* Figures of a row in a bucket or in all; NULL where there are none. */
const struct visit_figures *visit_table_find(const struct visit_table *table, uint32_t row,
                                             uint32_t bucket);
/* Takes the figures of `other` into `table`; they share no person. `rows`: what its rows are
 * here. ERR_LIMIT. */
fallible visit_table_merge(struct visit_table *table, const struct visit_table *other,
                           const uint32_t *rows);
