/* columns_block.c - blocks of a stripe: found, unpacked, held.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Persons: differences from the one before; the first stands in the directory. First rows: rows of
 * each person. Times: each person's first less the stripe's, then all differences within persons.
 * Sequence numbers: the form, then as they
 * are or how far from what the knots tell for the row's time. Nodes and devices: what each is in
 * relation to those before (enum columns_step), the number of fresh ones, these. Kinds: as they
 * are.
 *
 * Property: number of cells; unless each row has one, where they are: the form, then by kind
 * (number of kinds, an enum columns_presence each, a bit for each row of a mixed kind) or as gaps
 * between rows; then the form of their codes: plain, or number of marks, a mark for each but a
 * person's first cell (it differs from the one before), number of changes, these.
 *
 * Every number is checked before it is used as a place.
 */
#include "store/columns_int.h"

#include "base/mem.h"
#include "sys/thread.h"

#include <string.h>

/* A block being unpacked. */
struct load {
    struct columns *columns;
    const struct columns_stripe *stripe;
    struct columns_work *work;
    struct columns_block first; /* of the stripe; held where needed */
    struct columns_block other; /* persons, nodes or kinds */
    struct columns_unit *unit;
};

static fallible fail_order(const char *what)
{
    return fail(ERR_CORRUPT, "%s", what);
}

/* --- Units --- */

static size_t aligned(size_t size)
{
    return (size + 63) / 64 * 64;
}

/* A unit with room for `items` of `width` bytes and, with `words`, as many words of bits. */
static fallible make_unit(struct load *load, size_t items, uint8_t width, size_t words)
{
    size_t data = aligned(items * width + COLUMNS_PADDING);
    size_t bits = words ? aligned(words * sizeof(uint64_t) + COLUMNS_PADDING) : 0;
    size_t before = words ? aligned(words * sizeof(uint32_t) + COLUMNS_PADDING) : 0;
    size_t total = aligned(sizeof *load->unit) + 64 + data + bits + before;
    struct columns_unit *unit = mem_grow(NULL, total);
    char *at;

    if (!unit)
        return mem_exhausted();
    at = (char *)unit + aligned(sizeof *unit);
    at += (64 - (uintptr_t)at % 64) % 64;
    *unit = (struct columns_unit){.bytes = total};
    unit->block = (struct columns_block){.data = at, .width = width};
    memset(at + items * width, 0, data - items * width);
    if (words) {
        unit->block.bits = (uint64_t *)(void *)(at + data);
        unit->block.before = (uint32_t *)(void *)(at + data + bits);
        memset(at + data, 0, bits + before);
    }
    load->unit = unit;
    return OK;
}

/* The unit's data, which only its maker may write. */
static void *data_of(const struct load *load)
{
    return (void *)(uintptr_t)load->unit->block.data;
}

static fallible unpack(struct load *load, unsigned which, size_t count, uint64_t **out_array)
{
    TRY(columns_work_array(load->work, which, count, out_array));
    return columns_unpack(&load->work->in, *out_array, count);
}

static fallible unpack_number(struct load *load, uint64_t most, uint64_t *out_number)
{
    return columns_unpack_number(&load->work->in, most, out_number);
}

/* --- What every stripe has --- */

static fallible load_persons(struct load *load)
{
    uint32_t count = load->stripe->persons;
    uint64_t *deltas, person = load->stripe->first_person;
    uint32_t *out;

    TRY(unpack(load, 0, count - 1, &deltas));
    TRY(make_unit(load, count, sizeof *out, 0));
    out = data_of(load);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (uint32_t)person;
        if (i + 1 == count)
            break;
        if (!deltas[i] || deltas[i] > UINT32_MAX - person)
            return fail_order("its persons do not ascend");
        person += deltas[i];
    }
    return person == load->stripe->last_person ? OK : fail_order("its persons end elsewhere");
}

static fallible load_first(struct load *load)
{
    uint32_t count = load->stripe->persons;
    uint64_t *counts, row = 0;
    uint32_t *out;

    TRY(unpack(load, 0, count, &counts));
    TRY(make_unit(load, count + 1u, sizeof *out, 0));
    out = data_of(load);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (uint32_t)row;
        if (!counts[i] || counts[i] > load->stripe->rows - row)
            return fail_order("its persons have other numbers of rows");
        row += counts[i];
    }
    out[count] = (uint32_t)row;
    return row == load->stripe->rows ? OK : fail_order("its persons have other numbers of rows");
}

static fallible load_times(struct load *load)
{
    uint32_t persons = load->stripe->persons, rows = load->stripe->rows;
    const uint32_t *first = load->first.data;
    uint64_t *starts, *deltas, *out;

    TRY(unpack(load, 0, persons, &starts));
    TRY(unpack(load, 1, rows - persons, &deltas));
    TRY(make_unit(load, rows, sizeof *out, 0));
    out = data_of(load);
    for (uint32_t i = 0; i < persons; i++) {
        uint64_t time = (uint64_t)load->stripe->first_time + starts[i];

        out[first[i]] = time;
        for (uint32_t row = first[i] + 1; row < first[i + 1]; row++)
            out[row] = time += *deltas++;
    }
    return OK;
}

static fallible load_seqs(struct load *load)
{
    uint32_t rows = load->stripe->rows;
    uint64_t form, *out, *told;

    TRY(unpack_number(load, COLUMNS_SEQS_BY_TIME, &form));
    TRY(make_unit(load, rows, sizeof *out, 0));
    out = data_of(load);
    TRY(columns_unpack(&load->work->in, out, rows));
    if (form == COLUMNS_SEQS_PLAIN)
        return OK;
    TRY(columns_work_array(load->work, 0, rows, &told));
    columns_knots_predict(&load->columns->knots, load->other.data,
                          (uint64_t)load->columns->about.first_time, told, rows);
    for (uint32_t i = 0; i < rows; i++)
        out[i] = told[i] + (uint64_t)columns_format_unzigzag(out[i]);
    return OK;
}

/* Ids from their steps. `start` is what stood before a person's first row: the person, or 0 when
 * there is `beside`. */
static fallible load_ids(struct load *load, bool is_device)
{
    const uint32_t *first = load->first.data, *other = load->other.data;
    uint64_t *steps, *fresh, fresh_count, used = 0;
    uint32_t rows = load->stripe->rows, *out;

    TRY(unpack(load, 0, rows, &steps));
    TRY(unpack_number(load, rows, &fresh_count));
    TRY(unpack(load, 1, fresh_count, &fresh));
    TRY(make_unit(load, rows, sizeof *out, 0));
    out = data_of(load);
    for (uint32_t i = 0; i < load->stripe->persons; i++) {
        uint32_t latest = is_device ? 0 : other[i], former = 0;

        for (uint32_t row = first[i]; row < first[i + 1]; row++) {
            uint32_t id;

            if (steps[row] == COLUMNS_STEP_SAME) {
                out[row] = latest;
                continue;
            }
            if (steps[row] == COLUMNS_STEP_FORMER)
                id = former;
            else if (steps[row] == COLUMNS_STEP_BESIDE && is_device)
                id = other[row];
            else if (steps[row] == COLUMNS_STEP_FRESH && used < fresh_count)
                id = (uint32_t)fresh[used++];
            else
                return fail_order("an id is told by nothing");
            former = latest;
            out[row] = latest = id;
        }
    }
    return used == fresh_count ? OK : fail_order("ids are left over");
}

/* Codes at their narrowest; `plus` is added to each. All are below `end`. */
static fallible narrow(struct load *load, const uint64_t *codes, size_t count, uint64_t end,
                       unsigned plus, size_t words)
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
    TRY(make_unit(load, count, width, words));
    out = data_of(load);
    for (size_t i = 0; width == 1 && i < count; i++)
        ((uint8_t *)out)[i] = (uint8_t)(codes[i] + plus);
    for (size_t i = 0; width == 2 && i < count; i++)
        ((uint16_t *)out)[i] = (uint16_t)(codes[i] + plus);
    for (size_t i = 0; width == 4 && i < count; i++)
        ((uint32_t *)out)[i] = (uint32_t)(codes[i] + plus);
    return OK;
}

static fallible load_kinds(struct load *load)
{
    uint64_t *kinds;

    TRY(unpack(load, 0, load->stripe->rows, &kinds));
    return narrow(load, kinds, load->stripe->rows, load->columns->about.kinds, 0, 0);
}

/* --- Properties --- */

static fallible load_presence_by_kind(struct load *load, uint64_t *words)
{
    uint64_t *states, *bits, count;
    uint32_t rows = load->stripe->rows;
    size_t mixed = 0, used = 0;

    TRY(unpack_number(load, load->columns->about.kinds, &count));
    TRY(unpack(load, 0, count, &states));
    for (uint32_t row = 0; row < rows; row++) {
        uint32_t kind = columns_item(&load->other, row);

        if (kind >= count)
            return fail_order("a kind is not told where a property is");
        mixed += states[kind] == COLUMNS_PRESENCE_MIXED;
    }
    TRY(unpack(load, 1, mixed, &bits));
    for (uint32_t row = 0; row < rows; row++) {
        uint64_t state = states[columns_item(&load->other, row)];
        bool is_there =
            state == COLUMNS_PRESENCE_MIXED ? bits[used++] & 1 : state == COLUMNS_PRESENCE_ALL;

        words[row / 64] |= (uint64_t)is_there << row % 64;
    }
    return OK;
}

static fallible load_presence_gaps(struct load *load, uint64_t cells, uint64_t *words)
{
    uint64_t *gaps, row = 0;

    TRY(unpack(load, 0, cells, &gaps));
    for (uint64_t i = 0; i < cells; i++, row++) {
        if (row >= load->stripe->rows || gaps[i] >= load->stripe->rows - row)
            return fail_order("a cell lies behind the last row");
        row += gaps[i];
        words[row / 64] |= 1ull << row % 64;
    }
    return OK;
}

static size_t words_of(const struct load *load)
{
    return load->stripe->rows / 64 + 1;
}

/* Which rows have a cell, as a set of bits in array 2 of the work. */
static fallible load_presence(struct load *load, uint64_t cells, uint64_t **out_words)
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
static fallible spread_dense_changes(struct load *load, const uint64_t *marks,
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
static fallible spread_changes(struct load *load, const uint64_t *words, uint64_t cells,
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
    TRY(unpack(load, 1, change_count, &changes));
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

static fallible load_codes(struct load *load, const uint64_t *words, uint64_t cells,
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
static void spread_cells(struct load *load, const uint64_t *words, size_t cells)
{
    uint8_t width = load->unit->block.width;
    char *data = data_of(load);

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

static fallible load_property(struct load *load, uint32_t number)
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
    TRY(narrow(load, codes, is_sparse ? cells : rows, end, 1, is_sparse ? words_of(load) : 0));
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

/* --- Any block --- */

static fallible load_knots(struct columns *columns)
{
    const struct columns_piece *piece =
        &columns->pieces[columns->first_piece[columns->about.stripes]];
    uint64_t rows = columns->about.rows;
    struct columns_work *work;
    enum err err;

    TRY(columns_cache_lend(columns->cache, &work));
    err = columns_piece_read(columns, piece, work);
    if (!err)
        err = columns_knots_unpack(&work->in, rows < UINT32_MAX ? (uint32_t)rows : UINT32_MAX,
                                   &columns->knots);
    columns_cache_give_back(columns->cache, work);
    if (!err)
        atomic_store_explicit(&columns->has_knots, true, memory_order_release);
    return err == ERR_CORRUPT ? columns_piece_fail(columns, piece) : err;
}

fallible columns_block_knots(struct columns *columns)
{
    enum err err = OK;

    if (atomic_load_explicit(&columns->has_knots, memory_order_acquire))
        return OK;
    mutex_lock(columns->mutex);
    if (!atomic_load_explicit(&columns->has_knots, memory_order_relaxed))
        err = load_knots(columns);
    mutex_unlock(columns->mutex);
    return err;
}

/* Holds what the block is told in relation to. */
static fallible hold_related(struct load *load, uint32_t stripe, int32_t column)
{
    struct columns *columns = load->columns;

    if (column == COLUMNS_PERSONS || column == COLUMNS_FIRST || column == COLUMNS_KINDS)
        return OK;
    if (column == COLUMNS_SEQS) {
        TRY(columns_block_knots(columns));
        return columns_hold(columns, stripe, COLUMNS_TIMES, &load->other);
    }
    TRY(columns_hold(columns, stripe, COLUMNS_FIRST, &load->first));
    if (column == COLUMNS_TIMES)
        return OK;
    return columns_hold(columns, stripe,
                        column == COLUMNS_NODES     ? COLUMNS_PERSONS
                        : column == COLUMNS_DEVICES ? COLUMNS_NODES
                                                    : COLUMNS_KINDS,
                        &load->other);
}

static fallible unpack_block(struct load *load, const struct columns_piece *piece)
{
    TRY(columns_piece_read(load->columns, piece, load->work));
    switch (piece->column) {
    case COLUMNS_PERSONS:
        TRY(load_persons(load));
        break;
    case COLUMNS_FIRST:
        TRY(load_first(load));
        break;
    case COLUMNS_TIMES:
        TRY(load_times(load));
        break;
    case COLUMNS_SEQS:
        TRY(load_seqs(load));
        break;
    case COLUMNS_NODES:
        TRY(load_ids(load, false));
        break;
    case COLUMNS_DEVICES:
        TRY(load_ids(load, true));
        break;
    case COLUMNS_KINDS:
        TRY(load_kinds(load));
        break;
    default:
        TRY(load_property(load, (uint32_t)piece->column));
        break;
    }
    return columns_unpack_end(&load->work->in);
}

fallible columns_block_load(struct columns *columns, uint32_t stripe,
                            const struct columns_piece *piece, struct columns_unit **out_unit)
{
    struct load load = {.columns = columns, .stripe = &columns->stripes[stripe]};
    enum err err;

    err = hold_related(&load, stripe, piece->column);
    if (!err)
        err = columns_cache_lend(columns->cache, &load.work);
    if (!err) {
        err = unpack_block(&load, piece);
        columns_cache_give_back(columns->cache, load.work);
        if (err == ERR_CORRUPT)
            err = columns_piece_fail(columns, piece);
    }
    columns_release(columns, &load.first);
    columns_release(columns, &load.other);
    if (err)
        mem_free(load.unit);
    else
        *out_unit = load.unit;
    return err;
}

/* The stripe's piece of a column, or NULL. */
static const struct columns_piece *find_piece(const struct columns *columns, uint32_t stripe,
                                              int column)
{
    uint32_t low = columns->first_piece[stripe], high = columns->first_piece[stripe + 1];

    if (column < 0)
        return &columns->pieces[low + (uint32_t)(column - COLUMNS_LOWEST)];
    low += COLUMNS_FIXED;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (columns->pieces[middle].column == column)
            return &columns->pieces[middle];
        if (columns->pieces[middle].column < column)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

fallible columns_hold(struct columns *columns, uint32_t stripe, int column,
                      struct columns_block *out_block)
{
    const struct columns_piece *piece = find_piece(columns, stripe, column);
    struct columns_unit *unit = NULL;
    struct columns_slot *slot;

    if (!piece) {
        *out_block = (struct columns_block){0};
        return OK;
    }
    slot = &columns->slots[piece - columns->pieces];
    if (!columns_cache_pin(columns->cache, slot)) {
        enum err err = columns_block_load(columns, stripe, piece, &unit);

        columns_cache_put(columns->cache, slot, unit);
        if (err)
            return err;
    }
    *out_block = slot->unit->block;
    out_block->held = slot;
    return OK;
}

bool columns_hold_ready(struct columns *columns, uint32_t stripe, int column,
                        struct columns_block *out_block)
{
    const struct columns_piece *piece = find_piece(columns, stripe, column);
    struct columns_slot *slot;

    *out_block = (struct columns_block){0};
    if (!piece)
        return true;
    slot = &columns->slots[piece - columns->pieces];
    if (!columns_cache_pin_ready(slot))
        return false;
    *out_block = slot->unit->block;
    out_block->held = slot;
    return true;
}

void columns_release(struct columns *columns, struct columns_block *block)
{
    struct columns_slot *slot = block->held;

    (void)columns;
    if (slot)
        atomic_fetch_sub_explicit(&slot->state, 1, memory_order_release);
    *block = (struct columns_block){0};
}
