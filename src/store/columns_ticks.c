/* columns_ticks.c - how long a file's ticks are, and blocks of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The earliest and the latest time of a file say little: one wrong clock is enough. Persons stand
 * in the order in which they were first seen, so that the rows of the first, the middle and the
 * last stripe spread over all that happened; of these a sample is taken, but for its ends.
 */
#include "store/columns_ticks.h"

#include "store/columns_int.h"

#include <stdlib.h>

enum {
    SAMPLED_STRIPES = 3,
    SAMPLED_ROWS = 2048, /* of each */
    ENDS = 128,          /* of so many times one may lie outside at either end */
    MARGIN = 16,         /* a part of what lies between is added there */
};

/* Beyond are no times that anybody has. */
#define MOST_TIME (INT64_C(1) << 60)

static fallible sample(struct columns *columns, uint32_t stripe, millis *out)
{
    uint64_t rows = columns->stripes[stripe].rows;
    struct columns_block times;

    TRY(columns_hold(columns, stripe, COLUMNS_TIMES, &times));
    for (uint64_t i = 0; i < SAMPLED_ROWS; i++) {
        millis time = ((const millis *)times.data)[i * rows / SAMPLED_ROWS];

        out[i] = time < -MOST_TIME ? -MOST_TIME : time > MOST_TIME ? MOST_TIME : time;
    }
    columns_release(columns, &times);
    return OK;
}

static int compare(const void *a, const void *b)
{
    millis left = *(const millis *)a, right = *(const millis *)b;

    return (left > right) - (left < right);
}

static fallible find_ticks(struct columns *columns, struct columns_ticks *out_ticks)
{
    enum { COUNT = SAMPLED_STRIPES * SAMPLED_ROWS };
    uint32_t last = columns->about.stripes - 1;
    const uint32_t stripes[SAMPLED_STRIPES] = {0, last / 2, last};
    millis times[COUNT], first, end, margin;

    for (unsigned i = 0; i < SAMPLED_STRIPES; i++)
        TRY(sample(columns, stripes[i], times + i * SAMPLED_ROWS));
    qsort(times, COUNT, sizeof *times, compare);
    first = times[COUNT / ENDS];
    end = times[COUNT - 1 - COUNT / ENDS];
    margin = (end - first) / MARGIN + 1;
    out_ticks->base = first - margin;
    out_ticks->length = (uint64_t)(end - first + 2 * margin) / COLUMNS_TICKS + 1;
    return OK;
}

/* Whoever comes first finds out; several at once find the same. */
static fallible know_ticks(struct columns *columns, struct columns_ticks *out_ticks)
{
    out_ticks->length = atomic_load_explicit(&columns->tick_length, memory_order_acquire);
    out_ticks->base = (millis)atomic_load_explicit(&columns->tick_base, memory_order_relaxed);
    if (out_ticks->length)
        return OK;
    TRY(find_ticks(columns, out_ticks));
    atomic_store_explicit(&columns->tick_base, (uint64_t)out_ticks->base, memory_order_relaxed);
    atomic_store_explicit(&columns->tick_length, out_ticks->length, memory_order_release);
    return OK;
}

/* The unit belongs to the caller. */
static fallible load(struct columns *columns, uint32_t stripe, const struct columns_ticks *ticks,
                     struct columns_unit **out_unit)
{
    const struct columns_ticks known = *ticks;
    uint32_t rows = columns->stripes[stripe].rows;
    struct columns_load load = {.columns = columns};
    struct columns_slot *slot = NULL;
    struct columns_block times;
    enum err err;

    /* Times that were wanted for this alone would take the place of four times as many ticks. */
    if (!columns_hold_ready(columns, stripe, COLUMNS_TIMES, &times)) {
        TRY(columns_hold(columns, stripe, COLUMNS_TIMES, &times));
        slot = times.held;
    }
    err = columns_block_unit(&load, rows, sizeof(uint16_t), 0);
    if (!err) {
        uint16_t *out = columns_block_data(&load);

        for (uint32_t row = 0; row < rows; row++)
            out[row] = (uint16_t)columns_ticks_of(&known, ((const millis *)times.data)[row]);
        *out_unit = load.unit;
    }
    columns_release(columns, &times);
    if (slot)
        columns_cache_let_go(columns->cache, slot);
    return err;
}

fallible columns_ticks_hold(struct columns *columns, uint32_t stripe,
                            struct columns_ticks *out_ticks, struct columns_block *out_block)
{
    size_t pieces = (size_t)(columns_dictionary_pieces(columns) - columns->pieces);
    struct columns_slot *slot = &columns->slots[pieces + stripe];
    struct columns_unit *unit = NULL;
    struct columns_ticks ticks;

    TRY(know_ticks(columns, &ticks));
    if (!columns_cache_pin(columns->cache, slot)) {
        enum err err = load(columns, stripe, &ticks, &unit);

        columns_cache_put(columns->cache, slot, unit);
        if (err)
            return err;
    }
    *out_ticks = ticks;
    *out_block = slot->unit->block;
    out_block->held = slot;
    return OK;
}
