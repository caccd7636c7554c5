/* columns_block_property.c - blocks of codes: where a property is, and which value it has there.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Block: number of cells; unless each row has one, where they are: the form, then by kind
 * (number of kinds, an enum columns_presence each, a bit for each row of a mixed kind) or as gaps
 * between rows; then the form of their codes: plain, or number of marks, a mark for each but a
 * person's first cell (it differs from the one before), number of changes, these.
 */
#include "store/columns_int.h"

#include <string.h>

static fallible fail_order(const char *what)
{
    return fail(ERR_CORRUPT, "%s", what);
}

static fallible unpack_number(struct columns_load *load, uint64_t most, uint64_t *out_number)
{
    return columns_unpack_number(&load->work->in, most, out_number);
}

fallible columns_block_codes(struct columns_load *load, const uint64_t *codes, size_t count,
                             uint64_t end, unsigned plus, size_t words)
{
    uint64_t most = 0;
    uint8_t width;
    void *out;

    for (size_t i = 0; i < count; i++)
        most = codes[i] > most ? codes[i] : most;
    if (count && most >= end)
        return fail_order("a code has no value");
    most += plus;
    width = most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : 4;
    TRY(columns_block_unit(load, count, width, words));
    out = columns_block_data(load);
    for (size_t i = 0; width == 1 && i < count; i++)
        ((uint8_t *)out)[i] = (uint8_t)(codes[i] + plus);
    for (size_t i = 0; width == 2 && i < count; i++)
        ((uint16_t *)out)[i] = (uint16_t)(codes[i] + plus);
    for (size_t i = 0; width == 4 && i < count; i++)
        ((uint32_t *)out)[i] = (uint32_t)(codes[i] + plus);
    return OK;
}

/* --- Properties --- */

static fallible load_presence_by_kind(struct columns_load *load, uint64_t *words)
{
    uint64_t *states, *bits, count;
    uint32_t rows = load->stripe->rows;
    size_t mixed = 0, used = 0;

    TRY(unpack_number(load, load->columns->about.kinds, &count));
    TRY(columns_block_array(load, 0, count, &states));
    for (uint32_t row = 0; row < rows; row++) {
        uint32_t kind = columns_item(&load->other, row);

        if (kind >= count)
            return fail_order("a kind is not told where a property is");
        mixed += states[kind] == COLUMNS_PRESENCE_MIXED;
    }
    TRY(columns_block_array(load, 1, mixed, &bits));
    for (uint32_t row = 0; row < rows; row++) {
        uint64_t state = states[columns_item(&load->other, row)];
        bool is_there =
            state == COLUMNS_PRESENCE_MIXED ? bits[used++] & 1 : state == COLUMNS_PRESENCE_ALL;

        words[row / 64] |= (uint64_t)is_there << row % 64;
    }
    return OK;
}

static fallible load_presence_gaps(struct columns_load *load, uint64_t cells, uint64_t *words)
{
    uint64_t *gaps, row = 0;

    TRY(columns_block_array(load, 0, cells, &gaps));
    for (uint64_t i = 0; i < cells; i++, row++) {
        if (row >= load->stripe->rows || gaps[i] >= load->stripe->rows - row)
            return fail_order("a cell lies behind the last row");
        row += gaps[i];
        words[row / 64] |= 1ull << row % 64;
    }
    return OK;
}

static size_t words_of(const struct columns_load *load)
{
    return load->stripe->rows / 64 + 1;
}

/* Which rows have a cell, as a set of bits in array 2 of the work. */
static fallible load_presence(struct columns_load *load, uint64_t cells, uint64_t **out_words)
{
    size_t words = words_of(load);
    uint64_t form, found = 0;

    TRY(columns_work_array(load->work, 2, words, out_words));
    if (cells == load->stripe->rows) {
        memset(*out_words, 0xff, words * sizeof **out_words);
        (*out_words)[cells / 64] = (1ull << cells % 64) - 1;
        return OK;
    }
    memset(*out_words, 0, words * sizeof **out_words);
    TRY(unpack_number(load, COLUMNS_PRESENCE_GAPS, &form));
    if (form == COLUMNS_PRESENCE_GAPS)
        TRY(load_presence_gaps(load, cells, *out_words));
    else
        TRY(load_presence_by_kind(load, *out_words));
    for (size_t i = 0; i < words; i++)
        found += (uint64_t)__builtin_popcountll((*out_words)[i]);
    return found == cells ? OK : fail_order("it has another number of cells");
}

/* Where each row has a cell. */
static fallible spread_dense_changes(struct columns_load *load, const uint64_t *marks,
                                     const uint64_t *changes, size_t change_count, uint64_t *out)
{
    const uint32_t *first = load->first.data;
    size_t change = 0;

    for (uint32_t i = 0; i < load->stripe->persons; i++) {
        uint64_t code;

        if (change == change_count)
            return fail_order("codes are missing");
        code = out[first[i]] = changes[change++];
        for (uint32_t row = first[i] + 1; row < first[i + 1]; row++) {
            if (*marks++) {
                if (change == change_count)
                    return fail_order("codes are missing");
                code = changes[change++];
            }
            out[row] = code;
        }
    }
    return change == change_count ? OK : fail_order("codes are left over");
}

/* Codes from marks and changes; the marks stand behind them for a while. */
static fallible spread_changes(struct columns_load *load, const uint64_t *words, uint64_t cells,
                               uint64_t *out)
{
    const uint32_t *first = load->first.data;
    uint64_t mark_count, change_count, *marks, *changes, mark = 0, change = 0, code = 0, at = 0;
    uint32_t person = 0;
    bool is_first = true;

    TRY(unpack_number(load, cells, &mark_count));
    marks = out + cells;
    TRY(columns_unpack(&load->work->in, marks, mark_count));
    TRY(unpack_number(load, cells, &change_count));
    TRY(columns_block_array(load, 1, change_count, &changes));
    if (mark_count == load->stripe->rows - load->stripe->persons && cells == load->stripe->rows)
        return spread_dense_changes(load, marks, changes, change_count, out);
    for (size_t i = 0; i < words_of(load); i++)
        for (uint64_t word = words[i]; word; word &= word - 1) {
            uint32_t row = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(word);

            for (; row >= first[person + 1]; person++)
                is_first = true;
            if (!is_first && mark == mark_count)
                return fail_order("marks of its codes are missing");
            if (is_first || marks[mark++]) {
                if (change == change_count)
                    return fail_order("codes are missing");
                code = changes[change++];
            }
            is_first = false;
            out[at++] = code;
        }
    return mark == mark_count && change == change_count ? OK : fail_order("codes are left over");
}

static fallible load_codes(struct columns_load *load, const uint64_t *words, uint64_t cells,
                           uint64_t **out_codes)
{
    uint64_t form, rows = load->stripe->rows;

    TRY(unpack_number(load, COLUMNS_CODES_CHANGES, &form));
    /* Room for the marks, and for an item a row. */
    TRY(columns_work_array(load->work, 0, 2 * cells > rows ? 2 * cells : rows, out_codes));
    if (form == COLUMNS_CODES_CHANGES)
        return spread_changes(load, words, cells, *out_codes);
    return columns_unpack(&load->work->in, *out_codes, cells);
}

/* Moves the cells of an unpacked block from the front to their rows, from the last to the first. */
static void spread_cells(struct columns_load *load, const uint64_t *words, size_t cells)
{
    uint8_t width = load->unit->block.width;
    char *data = columns_block_data(load);

    for (size_t row = load->stripe->rows; row-- > 0;) {
        bool is_there = words[row / 64] >> row % 64 & 1;

        cells -= is_there;
        if (width == 1)
            data[row] = is_there ? data[cells] : 0;
        else if (width == 2)
            ((uint16_t *)(void *)data)[row] = is_there ? ((uint16_t *)(void *)data)[cells] : 0;
        else
            ((uint32_t *)(void *)data)[row] = is_there ? ((uint32_t *)(void *)data)[cells] : 0;
    }
}

fallible columns_block_property(struct columns_load *load, uint32_t number)
{
    uint64_t end = load->columns->properties[number].values;
    uint32_t rows = load->stripe->rows, before = 0;
    uint64_t cells, *words, *codes;
    bool is_sparse;

    TRY(unpack_number(load, rows, &cells));
    TRY(load_presence(load, cells, &words));
    TRY(load_codes(load, words, cells, &codes));
    is_sparse = cells < rows / 8;
    if (!is_sparse)
        memset(codes + cells, 0, (rows - cells) * sizeof *codes);
    TRY(columns_block_codes(load, codes, is_sparse ? cells : rows, end, 1,
                            is_sparse ? words_of(load) : 0));
    if (cells == rows)
        return OK;
    if (!is_sparse) {
        spread_cells(load, words, cells);
        return OK;
    }
    memcpy((void *)(uintptr_t)load->unit->block.bits, words, words_of(load) * sizeof *words);
    for (size_t i = 0; i < words_of(load); i++) {
        ((uint32_t *)(uintptr_t)load->unit->block.before)[i] = before;
        before += (uint32_t)__builtin_popcountll(words[i]);
    }
    return OK;
}
