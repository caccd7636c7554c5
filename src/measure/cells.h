/* cells.h - values in 8 bytes each, kept in runs that never move.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A cell is a value and, in a run that stands for an object, the property it belongs to; such runs
 * are sorted by property. Small numbers (int32 at up to six decimal places) and codes stand in the
 * cell itself; lists, objects and other numbers are runs of their own that the cell points to.
 */
#pragma once
#include "measure/source.h"

enum cell_type {
    CELL_NULL,
    CELL_FALSE,
    CELL_TRUE,
    CELL_TEXT,   /* data: text code */
    CELL_LIST,   /* data: run */
    CELL_OBJECT, /* data: run */
    CELL_NUMBER, /* data: run of two cells that hold a decimal */
    CELL_SCALED, /* data: int32 digits at scale 0; the next six types at scales 1 to 6 */
    CELL_TYPES = CELL_SCALED + 7,
};

struct cell {
    uint32_t property : 24;
    uint32_t type : 7;
    uint32_t is_derived : 1; /* products.price, made from the objects in the list products */
    uint32_t data;
};

enum { CELLS_LONGEST_RUN = (1 << 16) - 1 };

struct cells {
    struct cell **chunks;
    uint32_t chunk_count; /* in use */
    uint32_t chunk_made;  /* with those that wait to be used again */
    uint32_t chunk_room;
    uint32_t used;  /* of the newest chunk */
    uint64_t bytes; /* of chunks in use */
};

void cells_init(struct cells *cells);
void cells_done(struct cells *cells);
void cells_clear(struct cells *cells); /* forgets all runs, keeps the memory */
/* Keeps a copy of a run. ERR_LIMIT without memory or over CELLS_LONGEST_RUN. */
fallible cells_put(struct cells *cells, const struct cell *run, uint32_t count, uint32_t *out_run);
const struct cell *cells_get(const struct cells *cells, uint32_t run, uint32_t *out_count);
/* Has the run fetched, or its first cells. */
void cells_warm(const struct cells *cells, uint32_t run);
/* The cell of `property` in a run that is an object; NULL: none. */
const struct cell *cells_find(const struct cells *cells, uint32_t run, uint32_t property);
/* A number as a cell, type and data only. */
fallible cells_put_number(struct cells *cells, decimal number, struct cell *out_cell);
void cells_value(const struct cells *cells, struct cell cell, struct value *out_value);
