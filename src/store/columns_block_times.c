/* columns_block_times.c - times and sequence numbers of a stripe's rows, read at their places.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_int.h"

#include "base/mem.h"

#include <string.h>

static uint32_t span_rows(const struct columns *columns, uint32_t span)
{
    uint64_t left = columns->about.rows - (uint64_t)span * COLUMNS_SPAN;

    return left < COLUMNS_SPAN ? (uint32_t)left : COLUMNS_SPAN;
}

static unsigned step_of(int32_t column)
{
    return column == COLUMNS_ARRIVED_SEQS;
}

fallible columns_block_span(struct columns_load *load, const struct columns_piece *piece)
{
    uint32_t number = (uint32_t)(piece - columns_span_pieces(load->columns)) / 2;
    uint32_t rows = span_rows(load->columns, number);
    unsigned step = step_of(piece->column), width;
    uint64_t *items, *bases;

    TRY(columns_work_array(load->work, 0, rows, &items));
    TRY(columns_arrivals_unpack(&load->work->in, items, rows));
    TRY(columns_work_array(load->work, 1, COLUMNS_SPAN_GROUPS, &bases));
    memset(bases, 0, COLUMNS_SPAN_GROUPS * sizeof *bases);
    width = columns_arrivals_divide(items, rows, step, bases);
    if (width > COLUMNS_MOST_BITS)
        return fail(ERR_CORRUPT, "its items are too far from each other");
    TRY(columns_block_unit(load, columns_arrivals_bytes(rows, width), 1, 0));
    load->unit->block.width = (uint8_t)width;
    columns_arrivals_fill(items, rows, bases, width, columns_block_data(load));
    return OK;
}

/* All spans of a kind, held. */
struct spans {
    struct columns_span *list;
    struct columns_block *blocks;
};

static fallible hold_spans(const struct columns_load *load, int32_t column, struct spans *spans)
{
    struct columns *columns = load->columns;
    const struct columns_piece *piece = columns_span_pieces(columns);

    spans->list = mem_alloc(columns->spans * sizeof *spans->list);
    spans->blocks = mem_alloc(columns->spans * sizeof *spans->blocks);
    if (!spans->list || !spans->blocks)
        return mem_exhausted();
    if (piece->column != column)
        piece++;
    for (uint32_t i = 0; i < columns->spans; i++, piece += 2) {
        struct columns_block *block = &spans->blocks[i];

        TRY(columns_block_hold(columns, 0, piece, block));
        spans->list[i] = columns_arrivals_span(block->data, span_rows(columns, i), step_of(column),
                                               block->width);
    }
    return OK;
}

static void release_spans(struct columns *columns, struct spans *spans)
{
    for (uint32_t i = 0; spans->blocks && i < columns->spans; i++)
        columns_release(columns, &spans->blocks[i]);
    mem_free(spans->blocks);
    mem_free(spans->list);
}

/* The unit's data become the items of a kind at the rows' places. */
static fallible gather(struct columns_load *load, int32_t column)
{
    struct columns *columns = load->columns;
    uint32_t rows = load->stripe->rows;
    struct columns_places of = {load->first.data, load->stripe->persons,
                                (uint32_t)columns->about.rows};
    struct spans spans = {0};
    uint64_t *scratch, *places;
    enum err err;

    TRY(columns_work_array(load->work, 0, rows, &scratch));
    TRY(columns_work_array(load->work, 1, rows, &places));
    TRY(columns_places_unpack(&load->work->in, &of, (uint32_t *)(void *)places, scratch));
    TRY(columns_unpack_end(&load->work->in));
    TRY(columns_block_unit(load, rows, sizeof(uint64_t), 0));
    err = hold_spans(load, column, &spans);
    if (!err)
        columns_arrivals_gather(spans.list, (const uint32_t *)(void *)places,
                                columns_block_data(load), rows);
    release_spans(columns, &spans);
    return err;
}

fallible columns_block_seqs(struct columns_load *load)
{
    return gather(load, COLUMNS_ARRIVED_SEQS);
}

/* Rows whose time is not the one of their place. */
static fallible shift_late(struct columns_load *load)
{
    uint64_t *gaps, *off, *times = columns_block_data(load), count, row = 0;

    TRY(columns_unpack_number(&load->work->in, load->stripe->rows, &count));
    TRY(columns_block_array(load, 0, count, &gaps));
    TRY(columns_block_array(load, 1, count, &off));
    for (uint64_t i = 0; i < count; i++) {
        if (gaps[i] >= load->stripe->rows - row)
            return fail(ERR_CORRUPT, "a time lies behind the last row");
        row += gaps[i];
        times[row] += (uint64_t)columns_format_unzigzag(off[i]);
    }
    return OK;
}

/* The places stand in the piece before. */
fallible columns_block_times(struct columns_load *load)
{
    struct columns *columns = load->columns;
    const struct columns_piece *places =
        &columns->pieces[columns->first_piece[load->number] + (COLUMNS_SEQS - COLUMNS_LOWEST)];
    enum err err;

    TRY(columns_piece_read(columns, places, load->work));
    err = gather(load, COLUMNS_ARRIVED_TIMES);
    if (err)
        return err == ERR_CORRUPT ? columns_piece_fail(columns, places) : err;
    TRY(columns_piece_read(columns, places + 1, load->work));
    return shift_late(load);
}
