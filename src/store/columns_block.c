/* columns_block.c - blocks of a stripe: found, unpacked, held.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Persons: differences from the one before; the first stands in the directory. First rows: rows of
 * each person. Sequence numbers: whose rows arrived one after the other (columns_places.c), of
 * which the spans (columns_arrivals.c) tell number and time. Times: of how many that is not the
 * time, whether any is ahead of it (then differences are of either sign), how far each is from the
 * one before in order of arrival, by how much its time is behind.
 * Nodes and devices: what each is in relation to those before (enum columns_step), in two lists
 * (enum columns_steps), the second backwards, after the length of the first; the number of fresh
 * ones, these. Kinds: as they are. Properties: columns_block_property.c.
 *
 * Every number is checked before it is used as a place.
 */
#include "store/columns_int.h"

#include "base/mem.h"
#include "sys/thread.h"

#include <string.h>

static fallible fail_order(const char *what)
{
    return fail(ERR_CORRUPT, "%s", what);
}

/* --- Units --- */

static size_t aligned(size_t size)
{
    return (size + 63) / 64 * 64;
}

fallible columns_block_unit(struct columns_load *load, size_t items, uint8_t width, size_t words)
{
    size_t data = aligned(items * width + COLUMNS_PADDING);
    size_t bits = words ? aligned(words * sizeof(uint64_t) + COLUMNS_PADDING) : 0;
    size_t before = words ? aligned(words * sizeof(uint32_t) + COLUMNS_PADDING) : 0;
    size_t total = aligned(sizeof *load->unit) + 64 + data + bits + before;
    struct columns_unit *unit = columns_cache_unit(load->columns->cache, total);
    char *at;

    if (!unit)
        return mem_exhausted();
    at = (char *)unit + aligned(sizeof *unit);
    at += (64 - (uintptr_t)at % 64) % 64;
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

void *columns_block_data(const struct columns_load *load)
{
    return (void *)(uintptr_t)load->unit->block.data;
}

fallible columns_block_array(struct columns_load *load, unsigned which, size_t count,
                             uint64_t **out_array)
{
    TRY(columns_work_array(load->work, which, count, out_array));
    return columns_unpack(&load->work->in, *out_array, count);
}

static fallible unpack_number(struct columns_load *load, uint64_t most, uint64_t *out_number)
{
    return columns_unpack_number(&load->work->in, most, out_number);
}

/* --- What every stripe has --- */

static fallible load_persons(struct columns_load *load)
{
    uint32_t count = load->stripe->persons;
    uint64_t *deltas, person = load->stripe->first_person;
    uint32_t *out;

    TRY(columns_block_array(load, 0, count - 1, &deltas));
    TRY(columns_block_unit(load, count, sizeof *out, 0));
    out = columns_block_data(load);
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

static fallible load_first(struct columns_load *load)
{
    uint32_t count = load->stripe->persons;
    uint64_t *counts, row = 0;
    uint32_t *out;

    TRY(columns_block_array(load, 0, count, &counts));
    TRY(columns_block_unit(load, count + 1u, sizeof *out, 0));
    out = columns_block_data(load);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (uint32_t)row;
        if (!counts[i] || counts[i] > load->stripe->rows - row)
            return fail_order("its persons have other numbers of rows");
        row += counts[i];
    }
    out[count] = (uint32_t)row;
    return row == load->stripe->rows ? OK : fail_order("its persons have other numbers of rows");
}

/* Ids that are told by their steps. */
struct ids {
    const uint8_t *steps[COLUMNS_STEPS_LISTS]; /* the next; of the later ones, one behind it */
    uint32_t left[COLUMNS_STEPS_LISTS];
    uint32_t *fresh;
    uint64_t fresh_count;
    uint64_t used;
};

static fallible unpack_steps(struct columns_load *load, struct ids *ids, enum columns_steps list,
                             unsigned which)
{
    static const struct columns_codes step = {.width = 1, .end = COLUMNS_STEPS};
    uint64_t *array;

    TRY(columns_work_array(load->work, which, ids->left[list], &array));
    ids->steps[list] = (uint8_t *)array;
    return columns_unpack_codes(&load->work->in, &step, array, ids->left[list]);
}

static fallible unpack_ids(struct columns_load *load, struct ids *ids)
{
    static const struct columns_codes id = {.width = 4, .end = 1ull << 32};
    uint64_t *array, first;

    TRY(unpack_number(load, load->stripe->rows, &first));
    ids->left[COLUMNS_STEPS_FIRST] = (uint32_t)first;
    ids->left[COLUMNS_STEPS_LATER] = load->stripe->rows - (uint32_t)first;
    TRY(unpack_steps(load, ids, COLUMNS_STEPS_FIRST, 0));
    TRY(unpack_steps(load, ids, COLUMNS_STEPS_LATER, 1));
    ids->steps[COLUMNS_STEPS_LATER] += ids->left[COLUMNS_STEPS_LATER];
    TRY(unpack_number(load, load->stripe->rows, &ids->fresh_count));
    TRY(columns_work_array(load->work, 2, ids->fresh_count, &array));
    TRY(columns_unpack_codes(&load->work->in, &id, array, ids->fresh_count));
    ids->fresh = (uint32_t *)array;
    return OK;
}

/* The next step of a list, of which there may be no more: then one that is none. */
static inline uint8_t next_step(struct ids *ids, enum columns_steps list)
{
    if (!ids->left[list])
        return COLUMNS_STEPS;
    ids->left[list]--;
    return list == COLUMNS_STEPS_FIRST ? *ids->steps[list]++ : *--ids->steps[list];
}

/* What an id that is not as before can be. */
struct others {
    node_id former;
    node_id beside; /* 0: there is none */
    node_id across;
};

static fallible take_id(struct ids *ids, uint8_t step, const struct others *others, node_id *out_id)
{
    if (step == COLUMNS_STEP_FORMER)
        *out_id = others->former;
    else if (step == COLUMNS_STEP_BESIDE && others->beside)
        *out_id = others->beside;
    else if (step == COLUMNS_STEP_ACROSS && others->across)
        *out_id = others->across;
    else if (step == COLUMNS_STEP_FRESH && ids->used < ids->fresh_count)
        *out_id = ids->fresh[ids->used++];
    else
        return fail_order("an id is told by nothing");
    return OK;
}

static fallible load_nodes(struct columns_load *load)
{
    const uint32_t *first = load->first.data, *persons = load->other.data;
    struct ids ids = {0};
    node_id *out;

    TRY(unpack_ids(load, &ids));
    TRY(columns_block_unit(load, load->stripe->rows, sizeof *out, 0));
    out = columns_block_data(load);
    for (uint32_t i = 0; i < load->stripe->persons; i++) {
        node_id latest = persons[i], former = 0;

        for (uint32_t row = first[i]; row < first[i + 1]; row++) {
            uint8_t step = next_step(&ids, former ? COLUMNS_STEPS_LATER : COLUMNS_STEPS_FIRST);

            if (step != COLUMNS_STEP_SAME) {
                const struct others others = {.former = former};
                node_id id;

                TRY(take_id(&ids, step, &others, &id));
                former = latest;
                latest = id;
            }
            out[row] = latest;
        }
    }
    return ids.used == ids.fresh_count ? OK : fail_order("ids are left over");
}

static fallible load_devices(struct columns_load *load)
{
    const uint32_t *first = load->first.data, *nodes = load->other.data;
    struct ids ids = {0};
    node_id *out;

    TRY(unpack_ids(load, &ids));
    TRY(columns_block_unit(load, load->stripe->rows, sizeof *out, 0));
    out = columns_block_data(load);
    for (uint32_t i = 0; i < load->stripe->persons; i++) {
        struct columns_devices known[2] = {0};

        for (uint32_t row = first[i]; row < first[i + 1]; row++) {
            struct columns_devices *of = columns_format_devices(known, nodes[row]);
            uint8_t step = next_step(&ids, of->steps);

            if (step != COLUMNS_STEP_SAME) {
                const struct others others = {of->former, nodes[row], known[1].node};
                node_id id;

                TRY(take_id(&ids, step, &others, &id));
                of->former = of->latest;
                of->latest = id;
            }
            out[row] = of->latest;
        }
    }
    return ids.used == ids.fresh_count ? OK : fail_order("ids are left over");
}

struct columns_codes columns_block_codes(uint64_t end, unsigned plus)
{
    uint64_t most = end ? end - 1 + plus : 0;

    return (struct columns_codes){.end = end,
                                  .plus = plus,
                                  .width = most <= UINT8_MAX    ? 1
                                           : most <= UINT16_MAX ? 2
                                                                : 4};
}

static fallible load_kinds(struct columns_load *load)
{
    const struct columns_codes kinds = columns_block_codes(load->columns->about.kinds, 0);

    TRY(columns_block_unit(load, load->stripe->rows, kinds.width, 0));
    return columns_unpack_codes(&load->work->in, &kinds, columns_block_data(load),
                                load->stripe->rows);
}

/* --- Any block --- */

/* Holds what the block is told in relation to. */
static fallible hold_related(struct columns_load *load, int32_t column)
{
    struct columns *columns = load->columns;

    if (column <= COLUMNS_ARRIVED_SEQS || column == COLUMNS_PERSONS || column == COLUMNS_FIRST ||
        column == COLUMNS_KINDS)
        return OK;
    TRY(columns_hold(columns, load->number, COLUMNS_FIRST, &load->first));
    if (column == COLUMNS_TIMES || column == COLUMNS_SEQS)
        return OK;
    return columns_hold(columns, load->number,
                        column == COLUMNS_NODES     ? COLUMNS_PERSONS
                        : column == COLUMNS_DEVICES ? COLUMNS_NODES
                                                    : COLUMNS_KINDS,
                        &load->other);
}

static fallible unpack_block(struct columns_load *load, const struct columns_piece *piece)
{
    TRY(columns_piece_read(load->columns, piece, load->work));
    switch (piece->column) {
    case COLUMNS_PERSONS:
        return load_persons(load);
    case COLUMNS_FIRST:
        return load_first(load);
    case COLUMNS_TIMES:
        return columns_block_times(load);
    case COLUMNS_SEQS:
        return columns_block_seqs(load);
    case COLUMNS_NODES:
        return load_nodes(load);
    case COLUMNS_DEVICES:
        return load_devices(load);
    case COLUMNS_KINDS:
        return load_kinds(load);
    case COLUMNS_ARRIVED_SEQS:
    case COLUMNS_ARRIVED_TIMES:
        return columns_block_span(load, piece);
    default:
        return columns_block_property(load, (uint32_t)piece->column);
    }
}

/* The unit belongs to the caller. */
static fallible load_block(struct columns *columns, uint32_t stripe,
                           const struct columns_piece *piece, struct columns_unit **out_unit)
{
    struct columns_load load = {
        .columns = columns, .number = stripe, .stripe = &columns->stripes[stripe]};
    enum err err;

    err = hold_related(&load, piece->column);
    if (!err)
        err = columns_cache_lend(columns->cache, &load.work);
    if (!err) {
        err = unpack_block(&load, piece);
        if (!err)
            err = columns_unpack_end(&load.work->in);
        columns_cache_give_back(columns->cache, load.work);
        if (err == ERR_CORRUPT)
            err = columns_piece_fail(columns, piece);
    }
    columns_release(columns, &load.first);
    columns_release(columns, &load.other);
    if (err)
        columns_cache_unit_done(columns->cache, load.unit);
    else
        *out_unit = load.unit;
    return err;
}

fallible columns_block_hold(struct columns *columns, uint32_t stripe,
                            const struct columns_piece *piece, struct columns_block *out_block)
{
    struct columns_slot *slot = &columns->slots[piece - columns->pieces];
    struct columns_unit *unit = NULL;

    if (!columns_cache_pin(columns->cache, slot)) {
        enum err err = load_block(columns, stripe, piece, &unit);

        columns_cache_put(columns->cache, slot, unit);
        if (err)
            return err;
    }
    *out_block = slot->unit->block;
    out_block->held = slot;
    return OK;
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

    if (!piece) {
        *out_block = (struct columns_block){0};
        return OK;
    }
    return columns_block_hold(columns, stripe, piece, out_block);
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
