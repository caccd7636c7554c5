/* columns_block_property.c - blocks of codes: where a property is, and which value it has there.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Block: number of cells; unless each row has one, where they are: the form, then by kind
 * (number of kinds, an enum columns_presence each, a bit for each row of a mixed kind) or as gaps
 * between rows; then the form of their codes:
 * plain, these;
 * changes: a mark for each but a person's first cell (it differs from the one before), number of
 * changes, these;
 * usual: one code for each person with cells, number of cells that have another one, how far each
 * is from the one before, their codes.
 */
#include "store/columns_int.h"

#include <string.h>

enum { ITEMS, SPARE, WORDS, PERSONS, OTHERS }; /* the work's arrays, and what each is for */

/* A block of codes on its way. */
struct property {
    struct columns_load *load;
    struct columns_codes codes;
    uint32_t rows;
    uint32_t persons; /* with cells */
    uint32_t cells;
    const uint64_t *words; /* rows with a cell; not set where all have one */
    const uint32_t *first; /* [person + 1] cells; of persons with cells */
    void *items;           /* a code + 1 for each cell */
};

static fallible fail_order(const char *what)
{
    return fail(ERR_CORRUPT, "%s", what);
}

static fallible unpack_number(struct property *property, uint64_t most, uint64_t *out_number)
{
    return columns_unpack_number(&property->load->work->in, most, out_number);
}

/* Numbers of `width` bytes, each below `end`, into one of the work's arrays. */
static fallible unpack_small(struct property *property, unsigned which, size_t count,
                             const struct columns_codes *codes, void *out_array)
{
    uint64_t *array;

    TRY(columns_work_array(property->load->work, which, count, &array));
    TRY(columns_unpack_codes(&property->load->work->in, codes, array, count));
    memcpy(out_array, &array, sizeof array);
    return OK;
}

/* --- Where it is --- */

static size_t words_of(const struct property *property)
{
    return property->rows / 64 + 1;
}

enum { UNTOLD = 4 }; /* beside enum columns_presence */

/* What each kind says of the property, one byte each for all kinds there are. */
static fallible unpack_states(struct property *property, uint8_t **out_states)
{
    static const struct columns_codes codes = {.width = 1, .end = COLUMNS_PRESENCE_MIXED + 1};
    uint32_t kinds = property->load->columns->about.kinds;
    uint64_t count, *array;

    TRY(unpack_number(property, kinds, &count));
    TRY(columns_work_array(property->load->work, SPARE, kinds, &array));
    TRY(columns_unpack_codes(&property->load->work->in, &codes, array, count));
    *out_states = (uint8_t *)array;
    memset(*out_states + count, UNTOLD, kinds - count);
    return OK;
}

/* A bit for each row whose kind has that state. */
static void mark_rows(const struct property *property, const uint8_t *states, uint8_t state,
                      uint64_t *words)
{
    const struct columns_block *kinds = &property->load->other;

    for (uint32_t from = 0; from < property->rows; from += 64) {
        uint32_t to = property->rows - from < 64 ? property->rows - from : 64;
        uint64_t word = 0;

        if (kinds->width == 1)
            for (uint32_t i = 0; i < to; i++)
                word |= (uint64_t)(states[((const uint8_t *)kinds->data)[from + i]] == state) << i;
        else
            for (uint32_t i = 0; i < to; i++)
                word |= (uint64_t)(states[columns_item(kinds, from + i)] == state) << i;
        words[from / 64] = word;
    }
}

static size_t count_bits(const uint64_t *words, size_t count)
{
    size_t bits = 0;

    for (size_t i = 0; i < count; i++)
        bits += (size_t)__builtin_popcountll(words[i]);
    return bits;
}

/* Of rows whose kind has it now and then, a bit each tells. */
static fallible unpack_mixed(struct property *property, const uint8_t *states, uint64_t *words)
{
    static const struct columns_codes codes = {.width = 1, .end = 2};
    uint64_t *mixed;
    uint8_t *bits;

    TRY(columns_work_array(property->load->work, OTHERS, words_of(property), &mixed));
    mixed[words_of(property) - 1] = 0;
    mark_rows(property, states, COLUMNS_PRESENCE_MIXED, mixed);
    TRY(unpack_small(property, PERSONS, count_bits(mixed, words_of(property)), &codes, &bits));
    for (size_t i = 0; i < words_of(property); i++)
        for (uint64_t word = mixed[i]; word; word &= word - 1)
            words[i] |= (word & (0 - word)) * *bits++;
    return OK;
}

static fallible unpack_by_kind(struct property *property, uint64_t *words)
{
    static const struct columns_codes none = {.width = 1, .end = 2};
    uint32_t kinds = property->load->columns->about.kinds;
    uint8_t *states;
    char nothing[COLUMNS_PADDING];

    TRY(unpack_states(property, &states));
    if (kinds && memchr(states, UNTOLD, kinds)) {
        mark_rows(property, states, UNTOLD, words);
        if (count_bits(words, words_of(property)))
            return fail_order("a kind is not told where a property is");
    }
    mark_rows(property, states, COLUMNS_PRESENCE_ALL, words);
    if (kinds && memchr(states, COLUMNS_PRESENCE_MIXED, kinds))
        return unpack_mixed(property, states, words);
    return columns_unpack_codes(&property->load->work->in, &none, nothing, 0);
}

static fallible unpack_gaps(struct property *property, uint64_t *words)
{
    const struct columns_codes codes = {.width = 4, .end = property->rows};
    uint64_t row = 0;
    uint32_t *gaps;

    TRY(unpack_small(property, SPARE, property->cells, &codes, &gaps));
    for (uint32_t i = 0; i < property->cells; i++, row++) {
        row += gaps[i];
        if (row >= property->rows)
            return fail_order("a cell lies behind the last row");
        words[row / 64] |= 1ull << row % 64;
    }
    return OK;
}

static fallible unpack_presence(struct property *property)
{
    size_t count = words_of(property);
    uint64_t form, *words;

    if (property->cells == property->rows)
        return OK;
    TRY(columns_work_array(property->load->work, WORDS, count, &words));
    memset(words, 0, count * sizeof *words);
    TRY(unpack_number(property, COLUMNS_PRESENCE_GAPS, &form));
    if (form == COLUMNS_PRESENCE_GAPS)
        TRY(unpack_gaps(property, words));
    else
        TRY(unpack_by_kind(property, words));
    property->words = words;
    return count_bits(words, count) == property->cells
               ? OK
               : fail_order("it has another number of cells");
}

/* --- Which value --- */

/* Where the cells of each person begin who has some. */
static fallible count_cells(struct property *property)
{
    const uint32_t *rows = property->load->first.data;
    uint32_t persons = property->load->stripe->persons, cell = 0, used = 0, *first;
    uint64_t *array;

    property->persons = persons;
    property->first = rows;
    if (!property->words)
        return OK;
    TRY(columns_work_array(property->load->work, PERSONS, persons + 1, &array));
    first = (uint32_t *)array;
    for (uint32_t i = 0; i < persons; i++) {
        uint32_t before = cell;

        for (uint32_t row = rows[i]; row < rows[i + 1]; row++)
            cell += (uint32_t)(property->words[row / 64] >> row % 64 & 1);
        first[used] = before;
        used += cell > before;
    }
    first[used] = cell;
    property->persons = used;
    property->first = first;
    return OK;
}

static void put_item(const struct property *property, size_t at, uint32_t item)
{
    if (property->codes.width == 1)
        ((uint8_t *)property->items)[at] = (uint8_t)item;
    else if (property->codes.width == 2)
        ((uint16_t *)property->items)[at] = (uint16_t)item;
    else
        ((uint32_t *)property->items)[at] = item;
}

static void fill_items(const struct property *property, size_t from, size_t to, uint32_t item)
{
    if (property->codes.width == 1)
        memset((uint8_t *)property->items + from, (int)item, to - from);
    for (size_t i = from; property->codes.width == 2 && i < to; i++)
        ((uint16_t *)property->items)[i] = (uint16_t)item;
    for (size_t i = from; property->codes.width == 4 && i < to; i++)
        ((uint32_t *)property->items)[i] = item;
}

/* The same codes, wider. */
static struct columns_codes wide(const struct property *property)
{
    return (struct columns_codes){.width = 4, .plus = 1, .end = property->codes.end};
}

static fallible unpack_changes(struct property *property)
{
    static const struct columns_codes bit = {.width = 1, .end = 2};
    const struct columns_codes codes = wide(property);
    uint64_t change_count, told;
    uint32_t *changes;
    uint8_t *marks;

    TRY(count_cells(property));
    TRY(unpack_small(property, SPARE, property->cells - property->persons, &bit, &marks));
    TRY(unpack_number(property, property->cells, &change_count));
    TRY(unpack_small(property, OTHERS, change_count, &codes, &changes));
    told = property->persons;
    for (uint32_t i = 0; i < property->cells - property->persons; i++)
        told += marks[i];
    if (told != change_count)
        return fail_order("codes and marks of their changes do not fit");
    for (uint32_t i = 0; i < property->persons; i++) {
        put_item(property, property->first[i], *changes++);
        for (uint32_t cell = property->first[i] + 1; cell < property->first[i + 1]; cell++) {
            changes += *marks++;
            put_item(property, cell, changes[-1]);
        }
    }
    return OK;
}

static fallible unpack_usual(struct property *property)
{
    const struct columns_codes codes = wide(property), gap = {.width = 4, .end = property->cells};
    uint32_t *usual, *gaps, *others;
    uint64_t count, cell = 0;

    TRY(count_cells(property));
    TRY(unpack_small(property, SPARE, property->persons, &codes, &usual));
    for (uint32_t i = 0; i < property->persons; i++)
        fill_items(property, property->first[i], property->first[i + 1], usual[i]);
    TRY(unpack_number(property, property->cells, &count));
    TRY(unpack_small(property, SPARE, count, &gap, &gaps));
    TRY(unpack_small(property, OTHERS, count, &codes, &others));
    for (uint64_t i = 0; i < count; i++) {
        cell += gaps[i];
        if (cell >= property->cells)
            return fail_order("a code lies behind the last cell");
        put_item(property, cell, others[i]);
    }
    return OK;
}

static fallible unpack_items(struct property *property)
{
    uint64_t form;

    TRY(unpack_number(property, COLUMNS_CODES_USUAL, &form));
    switch (form) {
    case COLUMNS_CODES_CHANGES:
        return unpack_changes(property);
    case COLUMNS_CODES_USUAL:
        return unpack_usual(property);
    default:
        return columns_unpack_codes(&property->load->work->in, &property->codes, property->items,
                                    property->cells);
    }
}

/* --- The unit --- */

/* Moves items to the rows that have one; others become 0. */
static void spread(const struct property *property)
{
    const uint64_t *words = property->words;
    void *out = columns_block_data(property->load);
    const void *items = property->items;
    uint32_t at = 0;

    for (uint32_t row = 0; property->codes.width == 1 && row < property->rows; row++) {
        uint32_t is_there = words[row / 64] >> row % 64 & 1;

        ((uint8_t *)out)[row] = ((const uint8_t *)items)[at] & (uint8_t)(0 - is_there);
        at += is_there;
    }
    for (uint32_t row = 0; property->codes.width == 2 && row < property->rows; row++) {
        uint32_t is_there = words[row / 64] >> row % 64 & 1;

        ((uint16_t *)out)[row] = ((const uint16_t *)items)[at] & (uint16_t)(0 - is_there);
        at += is_there;
    }
    for (uint32_t row = 0; property->codes.width == 4 && row < property->rows; row++) {
        uint32_t is_there = words[row / 64] >> row % 64 & 1;

        ((uint32_t *)out)[row] = ((const uint32_t *)items)[at] & (0 - is_there);
        at += is_there;
    }
}

/* Bits of rows and how many are ahead of each word. */
static void tell_rows(const struct property *property)
{
    struct columns_block *block = &property->load->unit->block;
    size_t count = words_of(property);
    uint32_t before = 0;

    memcpy((void *)(uintptr_t)block->bits, property->words, count * sizeof *property->words);
    for (size_t i = 0; i < count; i++) {
        ((uint32_t *)(uintptr_t)block->before)[i] = before;
        before += (uint32_t)__builtin_popcountll(property->words[i]);
    }
}

fallible columns_block_property(struct columns_load *load, uint32_t number)
{
    struct property property = {.load = load, .rows = load->stripe->rows};
    uint64_t cells, *array;
    bool is_sparse, is_moved;

    property.codes = columns_block_codes(load->columns->properties[number].values, 1);
    TRY(unpack_number(&property, property.rows, &cells));
    property.cells = (uint32_t)cells;
    TRY(unpack_presence(&property));
    is_sparse = property.cells < property.rows / 8;
    is_moved = property.words && !is_sparse;
    TRY(columns_block_unit(load, is_sparse ? property.cells : property.rows, property.codes.width,
                           is_sparse ? words_of(&property) : 0));
    TRY(columns_work_array(load->work, ITEMS, property.cells, &array));
    property.items = is_moved ? (void *)array : columns_block_data(load);
    TRY(unpack_items(&property));
    if (is_moved) {
        spread(&property);
    } else if (is_sparse) {
        tell_rows(&property);
    }
    return OK;
}
