/* columns_block_times.c - times and sequence numbers of a stripe's rows, read at their places.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_int.h"

/* Many stripes have to be unpacked again for want of one span. */
enum { SPAN_LIVES = 16 };

/* The work's arrays, and what each is for. */
enum { ITEMS, STRIPES };                             /* of a span */
enum { SLOTS, GAPS, OFF, ORDER = GAPS, LATE = OFF }; /* of a stripe */

/* The stripe of each row of a span, which stands in the piece of its times. */
static fallible unpack_stripes(struct columns_load *load, const struct columns_piece *times,
                               struct columns_arrived *arrived)
{
    uint64_t *stripes;

    TRY(columns_piece_read(load->columns, times, load->work));
    TRY(columns_work_array(load->work, STRIPES, arrived->count, &stripes));
    arrived->stripes = (uint16_t *)stripes;
    return columns_arrivals_unpack_stripes(&load->work->in, arrived->stripe_count,
                                           (uint16_t *)stripes, arrived->count);
}

fallible columns_block_span(struct columns_load *load, const struct columns_piece *piece)
{
    struct columns *columns = load->columns;
    uint32_t number = (uint32_t)(piece - columns_span_pieces(columns)) / 2;
    const struct columns_section *section =
        columns_sections_of_span(columns->sections, columns->section_count, number);
    struct columns_arrived arrived = {
        .count = columns_sections_span_rows(section, number - section->first_span),
        .stripe_count = section->stripes,
    };
    const struct columns_piece *times = &columns_span_pieces(columns)[2 * number];
    uint64_t *items;
    unsigned width;
    enum err err = unpack_stripes(load, times, &arrived);

    if (err)
        return err == ERR_CORRUPT ? columns_piece_fail(columns, times) : err;
    if (piece != times)
        TRY(columns_piece_read(columns, piece, load->work));
    TRY(columns_work_array(load->work, ITEMS, arrived.count, &items));
    TRY(columns_arrivals_unpack(&load->work->in, items, arrived.count));
    arrived.items = items;
    width = columns_arrivals_width(&arrived);
    TRY(columns_block_unit(load, columns_arrivals_bytes(arrived.stripe_count, arrived.count, width),
                           1, 0));
    load->unit->block.width = (uint8_t)width;
    load->unit->lives = SPAN_LIVES;
    columns_arrivals_fill(&arrived, width, columns_block_data(load));
    return OK;
}

/* Writes what the section's spans have of a kind for the stripe to its rows, given in order of
 * arrival. */
static fallible collect(const struct columns_load *load, int32_t column, const uint32_t *rows,
                        uint64_t *out)
{
    struct columns *columns = load->columns;
    const struct columns_section *section =
        columns_sections_of_stripe(columns->sections, columns->section_count, load->number);
    const struct columns_piece *piece = columns_span_pieces(columns) + 2ull * section->first_span;
    uint32_t left = load->stripe->rows, stripe = load->number - section->first_stripe;

    if (piece->column != column)
        piece++;
    for (uint32_t i = 0; i < section->spans; i++, piece += 2) {
        struct columns_block block;
        struct columns_span span;
        uint32_t count;

        TRY(columns_block_hold(columns, load->number, piece, &block));
        span = columns_arrivals_span(block.data, section->stripes, block.width);
        count = columns_arrivals_count(&span, stripe);
        if (count <= left)
            columns_arrivals_take(&span, stripe, rows, out);
        columns_release(columns, &block);
        if (count > left)
            break;
        rows += count;
        left -= count;
    }
    return left ? fail(ERR_CORRUPT, "other rows than its stripe has are told to have arrived") : OK;
}

/* Where each row stands among its person's by arrival, in order of arrival. */
static fallible unpack_slots(struct columns_load *load, uint32_t **out_slots)
{
    struct columns_places of = {load->first.data, load->stripe->persons};
    uint64_t *slots;

    TRY(columns_work_array(load->work, SLOTS, load->stripe->rows, &slots));
    *out_slots = (uint32_t *)slots;
    TRY(columns_places_unpack(&load->work->in, &of, *out_slots));
    return columns_unpack_end(&load->work->in);
}

/* Slots whose time is not the one of their place. */
static fallible shift_late(struct columns_load *load, const uint32_t *slots, uint64_t *times)
{
    uint64_t *gaps, *off, count, is_any_ahead, at = 0;

    TRY(columns_unpack_number(&load->work->in, load->stripe->rows, &count));
    TRY(columns_unpack_number(&load->work->in, 1, &is_any_ahead));
    TRY(columns_block_array(load, GAPS, count, &gaps));
    TRY(columns_block_array(load, OFF, count, &off));
    for (uint64_t i = 0; i < count; i++) {
        if (gaps[i] >= load->stripe->rows - at)
            return fail(ERR_CORRUPT, "a time lies behind the last row");
        at += gaps[i];
        times[slots[at]] -= is_any_ahead ? (uint64_t)columns_format_unzigzag(off[i]) : off[i];
    }
    return OK;
}

/* Times in order, and the slot of each. The latest block that was read is theirs. */
static fallible sort_times(struct columns_load *load, const uint32_t *slots, uint64_t *times,
                           uint32_t **out_order)
{
    struct columns_places of = {load->first.data, load->stripe->persons};
    uint32_t rows = load->stripe->rows, *in_order;
    uint64_t *order, *late;

    TRY(collect(load, COLUMNS_ARRIVED_TIMES, slots, times));
    TRY(shift_late(load, slots, times));
    TRY(columns_work_array(load->work, ORDER, rows, &order));
    TRY(columns_work_array(load->work, LATE, rows * sizeof(struct columns_late) / sizeof *late,
                           &late));
    in_order = (uint32_t *)order;
    for (uint32_t i = 0; i < rows; i++)
        in_order[i] = i;
    columns_places_sort(&of, (int64_t *)times, in_order, (struct columns_late *)(void *)late);
    *out_order = in_order;
    return OK;
}

/* The times stand in the piece behind. */
fallible columns_block_seqs(struct columns_load *load)
{
    struct columns *columns = load->columns;
    const struct columns_piece *times =
        &columns->pieces[columns->first_piece[load->number] + (COLUMNS_TIMES - COLUMNS_LOWEST)];
    uint32_t rows = load->stripe->rows, *slots, *order;
    uint64_t *seqs, *out;
    enum err err;

    TRY(unpack_slots(load, &slots));
    TRY(columns_block_unit(load, rows, sizeof(uint64_t), 0));
    out = columns_block_data(load);
    TRY(columns_piece_read(columns, times, load->work));
    err = sort_times(load, slots, out, &order);
    if (err)
        return err == ERR_CORRUPT ? columns_piece_fail(columns, times) : err;
    TRY(columns_work_array(load->work, LATE, rows, &seqs));
    TRY(collect(load, COLUMNS_ARRIVED_SEQS, slots, seqs));
    for (uint32_t row = 0; row < rows; row++)
        out[row] = seqs[order[row]];
    return OK;
}

/* The places stand in the piece before. */
fallible columns_block_times(struct columns_load *load)
{
    struct columns *columns = load->columns;
    const struct columns_piece *places =
        &columns->pieces[columns->first_piece[load->number] + (COLUMNS_SEQS - COLUMNS_LOWEST)];
    uint32_t *slots, *order;
    enum err err;

    TRY(columns_piece_read(columns, places, load->work));
    err = unpack_slots(load, &slots);
    if (err)
        return err == ERR_CORRUPT ? columns_piece_fail(columns, places) : err;
    TRY(columns_block_unit(load, load->stripe->rows, sizeof(uint64_t), 0));
    TRY(columns_piece_read(columns, places + 1, load->work));
    return sort_times(load, slots, columns_block_data(load), &order);
}
