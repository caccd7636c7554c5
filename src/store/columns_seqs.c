/* columns_seqs.c - makes narrow sequence numbers, span by span and then stripe by stripe.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One piece of memory for the file: of each stripe persons, first rows, numbers.
 */
#include "store/columns_seqs.h"

#include "base/mem.h"
#include "store/columns_int.h"
#include "sys/pages.h"

#include <string.h>

static size_t items_of(const struct columns_stripe *stripe)
{
    return 2 * (size_t)stripe->persons + 1 + stripe->rows;
}

static uint32_t *stripe_at(const struct columns *columns, uint32_t stripe)
{
    return columns->kept.items + columns->kept.at[stripe];
}

bool columns_seqs_find(const struct columns *columns, uint32_t stripe,
                       struct columns_seqs *out_seqs)
{
    uint32_t persons = columns->stripes[stripe].persons;
    const uint32_t *items;

    if (stripe >= atomic_load_explicit(&columns->kept.stripes, memory_order_acquire))
        return false;
    items = stripe_at(columns, stripe);
    *out_seqs = (struct columns_seqs){.persons = items,
                                      .first = items + persons,
                                      .above = items + 2 * (size_t)persons + 1,
                                      .base = columns->about.first_seq};
    return true;
}

static bool begin(struct columns *columns)
{
    struct columns_kept *kept = &columns->kept;
    uint32_t stripes = columns->about.stripes;
    size_t items = 0, bytes;

    if (columns->about.next_seq - columns->about.first_seq > UINT32_MAX)
        return false;
    kept->at = mem_alloc(stripes * sizeof *kept->at + 1);
    if (!kept->at)
        return false;
    for (uint32_t i = 0; i < stripes; i++) {
        kept->at[i] = items;
        items += items_of(&columns->stripes[i]);
    }
    bytes = (items * sizeof *kept->items + PAGES_SIZE - 1) / PAGES_SIZE * PAGES_SIZE;
    if (!bytes || !columns_cache_keep(columns->cache, bytes))
        return false;
    kept->bytes = bytes;
    kept->items = pages_take(bytes);
    kept->is_mapped = kept->items;
    if (!kept->items)
        kept->items = mem_alloc(bytes);
    return kept->items;
}

static bool is_of_seqs(const struct columns_piece *piece)
{
    return piece->column == COLUMNS_ARRIVED_SEQS;
}

/* Both: a stripe's numbers may be told by its times. */
static fallible make_span(struct columns *columns, uint32_t span)
{
    const struct columns_piece *piece = &columns_span_pieces(columns)[2ull * span];

    for (int i = 0; i < 2; i++) {
        struct columns_block block;

        TRY(columns_block_hold(columns, 0, piece + i, &block));
        columns_release(columns, &block);
    }
    return OK;
}

static fallible narrow(const struct columns *columns, const uint64_t *seqs, uint32_t count,
                       uint32_t *out)
{
    uint64_t base = columns->about.first_seq, end = columns->about.next_seq - base;
    bool fits = true;

    for (uint32_t i = 0; i < count; i++) {
        fits &= seqs[i] - base < end;
        out[i] = (uint32_t)(seqs[i] - base);
    }
    return fits ? OK : fail(ERR_CORRUPT, "a sequence number is none of the file's");
}

static fallible make_stripe(struct columns *columns, uint32_t number)
{
    const struct columns_stripe *stripe = &columns->stripes[number];
    struct columns_block persons = {0}, first = {0}, seqs = {0};
    uint32_t *out = stripe_at(columns, number);
    struct columns_slot *slot = NULL;
    enum err err = columns_hold(columns, number, COLUMNS_PERSONS, &persons);

    if (!err)
        err = columns_hold(columns, number, COLUMNS_FIRST, &first);
    if (!err)
        err = columns_hold(columns, number, COLUMNS_SEQS, &seqs);
    if (!err) {
        memcpy(out, persons.data, stripe->persons * sizeof *out);
        memcpy(out + stripe->persons, first.data, (stripe->persons + 1ull) * sizeof *out);
        err = narrow(columns, seqs.data, stripe->rows, out + 2ull * stripe->persons + 1);
        slot = seqs.held;
    }
    if (!err)
        atomic_store_explicit(&columns->kept.stripes, number + 1, memory_order_release);
    columns_release(columns, &persons);
    columns_release(columns, &first);
    columns_release(columns, &seqs);
    if (slot)
        columns_cache_let_go(columns->cache, slot);
    return err;
}

static bool end(struct columns *columns)
{
    const struct columns_piece *first = columns_span_pieces(columns);

    for (uint32_t i = 0; i < 2 * columns->spans; i++)
        if (is_of_seqs(&first[i]))
            columns_cache_let_go(columns->cache, &columns->slots[first + i - columns->pieces]);
    columns->kept.is_ended = true;
    return false;
}

bool columns_seqs_step(struct columns *columns)
{
    struct columns_kept *kept = &columns->kept;
    uint32_t step = kept->step;
    enum err err;

    if (kept->is_ended)
        return false;
    if (!kept->items && !begin(columns))
        return end(columns);
    if (step == columns->spans + columns->about.stripes)
        return end(columns);
    err = step < columns->spans ? make_span(columns, step)
                                : make_stripe(columns, step - columns->spans);
    if (err)
        return end(columns);
    kept->step++;
    return true;
}

void columns_seqs_done(struct columns *columns)
{
    struct columns_kept *kept = &columns->kept;

    if (kept->is_mapped)
        pages_give(kept->items, kept->bytes);
    else
        mem_free(kept->items);
    columns_cache_unkeep(columns->cache, kept->bytes);
    mem_free(kept->at);
}
