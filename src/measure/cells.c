/* cells.c - runs of cells in chunks.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A run is named by the place of its length cell: chunk in the high 16 bits, cell in the low 16.
 */
#include "measure/cells.h"

#include "base/mem.h"

#include <string.h>

enum {
    CHUNK_CELLS = 1 << 16,
    MOST_CHUNKS = 1 << 16,
    SLAB_CHUNKS = 4, /* come and go together */
    LARGEST_SCALE = 6,
    LINEAR_UP_TO = 16,
    CACHE_LINE = 64,
    WARM_LINES = 4, /* what the cells of an event mostly take */
};

_Static_assert(sizeof(struct cell) == 8, "a cell is 8 bytes");
_Static_assert(sizeof(decimal) == 2 * sizeof(struct cell), "a decimal is two cells");

void cells_init(struct cells *cells)
{
    *cells = (struct cells){.used = CHUNK_CELLS};
}

void cells_done(struct cells *cells)
{
    for (uint32_t i = 0; i < cells->chunk_made; i += SLAB_CHUNKS)
        mem_free(cells->chunks[i]);
    mem_free(cells->chunks);
    cells_init(cells);
}

void cells_clear(struct cells *cells)
{
    cells->chunk_count = 0;
    cells->used = CHUNK_CELLS;
    cells->bytes = 0;
}

static fallible make_slab(struct cells *cells)
{
    struct cell *slab = mem_alloc_slab(SLAB_CHUNKS * CHUNK_CELLS * sizeof *slab);

    if (!slab)
        return mem_exhausted();
    for (uint32_t i = 0; i < SLAB_CHUNKS; i++)
        cells->chunks[cells->chunk_made++] = slab + (size_t)i * CHUNK_CELLS;
    return OK;
}

static fallible add_chunk(struct cells *cells)
{
    if (cells->chunk_count == MOST_CHUNKS)
        return fail(ERR_LIMIT, "over 32 GiB of values in memory");
    if (cells->chunk_made == cells->chunk_count) {
        if (cells->chunk_made == cells->chunk_room) {
            uint32_t room = cells->chunk_room ? cells->chunk_room * 2 : 4 * SLAB_CHUNKS;
            struct cell **chunks = mem_grow(cells->chunks, room * sizeof(struct cell *));

            if (!chunks)
                return mem_exhausted();
            cells->chunks = chunks;
            cells->chunk_room = room;
        }
        TRY(make_slab(cells));
    }
    cells->bytes += CHUNK_CELLS * sizeof(struct cell);
    cells->chunk_count++;
    cells->used = 0;
    return OK;
}

fallible cells_put(struct cells *cells, const struct cell *run, uint32_t count, uint32_t *out_run)
{
    struct cell *place;

    if (count > CELLS_LONGEST_RUN)
        return fail(ERR_LIMIT, "a list or object of over %d values", CELLS_LONGEST_RUN);
    if (cells->used + count + 1 > CHUNK_CELLS)
        TRY(add_chunk(cells));
    place = cells->chunks[cells->chunk_count - 1] + cells->used;
    *place = (struct cell){.data = count};
    if (count)
        memcpy(place + 1, run, count * sizeof *run);
    *out_run = (cells->chunk_count - 1) << 16 | cells->used;
    cells->used += count + 1;
    return OK;
}

const struct cell *cells_get(const struct cells *cells, uint32_t run, uint32_t *out_count)
{
    const struct cell *place = cells->chunks[run >> 16] + (run & 0xffff);

    *out_count = place->data;
    return place + 1;
}

void cells_warm(const struct cells *cells, uint32_t run)
{
    const char *place = (const char *)(cells->chunks[run >> 16] + (run & 0xffff));

    for (size_t i = 0; i < WARM_LINES; i++)
        __builtin_prefetch(place + i * CACHE_LINE);
}

const struct cell *cells_find(const struct cells *cells, uint32_t run, uint32_t property)
{
    uint32_t count;
    const struct cell *at = cells_get(cells, run, &count);

    while (count > LINEAR_UP_TO) {
        uint32_t half = count / 2;

        if (at[half].property <= property) {
            at += half;
            count -= half;
        } else {
            count = half;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        if (at[i].property == property)
            return &at[i];
    return NULL;
}

fallible cells_put_number(struct cells *cells, decimal number, struct cell *out_cell)
{
    struct cell pair[2];
    struct cell cell = {.type = CELL_NUMBER};
    uint32_t run;

    if (!number.is_double && number.scale >= 0 && number.scale <= LARGEST_SCALE &&
        number.digits >= INT32_MIN && number.digits <= INT32_MAX) {
        cell.type = (CELL_SCALED + (unsigned)number.scale) & 0x7f;
        cell.data = (uint32_t)(int32_t)number.digits;
    } else {
        memcpy(pair, &number, sizeof number);
        TRY(cells_put(cells, pair, 2, &run));
        cell.data = run;
    }
    *out_cell = cell;
    return OK;
}

void cells_value(const struct cells *cells, struct cell cell, struct value *out_value)
{
    uint32_t count;

    *out_value = (struct value){.type = VALUE_NULL};
    switch (cell.type) {
    case CELL_NULL:
        break;
    case CELL_FALSE:
    case CELL_TRUE:
        out_value->type = VALUE_BOOL;
        out_value->code = cell.type == CELL_TRUE;
        break;
    case CELL_TEXT:
        out_value->type = VALUE_TEXT;
        out_value->code = cell.data;
        break;
    case CELL_LIST:
        out_value->type = VALUE_LIST;
        out_value->code = cell.data;
        cells_get(cells, cell.data, &out_value->count);
        break;
    case CELL_OBJECT:
        out_value->type = VALUE_OBJECT;
        out_value->code = cell.data;
        break;
    case CELL_NUMBER:
        out_value->type = VALUE_NUMBER;
        memcpy(&out_value->number, cells_get(cells, cell.data, &count), sizeof out_value->number);
        break;
    default:
        out_value->type = VALUE_NUMBER;
        out_value->number.digits = (int32_t)cell.data;
        out_value->number.scale = (int16_t)(cell.type - CELL_SCALED);
        break;
    }
}
