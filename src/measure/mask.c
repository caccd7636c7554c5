/* mask.c - reads a file's verdicts once, and its sequence numbers once for each change.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The times of what is left are read of the few stripes alone that can have the first or the last.
 */
#include "measure/mask.h"

#include "base/mem.h"
#include "base/pick.h"
#include "measure/machines.h"
#include "store/columns_seqs.h"
#include "store/deleted.h"
#include "store/verdicts.h"
#include "sys/thread.h"

#include <string.h>

struct mask {
    struct mutex *lock;
    struct condition *was_made;
    bool is_making; /* then who makes it has what follows */
    bool is_made;
    uint64_t covered; /* deleted events among those that the file covers, when it was made */
    uint64_t version; /* of their verdicts */
    uint64_t **stripes;
    uint32_t stripe_count;
    struct mask_rows rows;
};

static void forget(struct mask *mask)
{
    for (uint32_t i = 0; i < mask->stripe_count; i++)
        mem_free(mask->stripes[i]);
    mem_free(mask->stripes);
    mask->stripes = NULL;
    mask->stripe_count = 0;
}

struct mask *mask_open(void)
{
    struct mask *mask = mem_alloc(sizeof *mask);

    if (!mask)
        return NULL;
    mask->lock = mutex_open();
    mask->was_made = condition_open();
    if (mask->lock && mask->was_made)
        return mask;
    mask_close(mask);
    return NULL;
}

void mask_close(struct mask *mask)
{
    if (!mask)
        return;
    forget(mask);
    condition_close(mask->was_made);
    mutex_close(mask->lock);
    mem_free(mask);
}

bool mask_tells_apart(const struct columns *columns, const struct verdicts *verdicts)
{
    const struct columns_about *about = columns_about(columns);

    return columns_find(columns, S(MACHINES_PATH)) != COLUMNS_NONE ||
           verdicts_has(verdicts, about->first_seq, about->next_seq);
}

/* The bits of a word that stand for [from, to). */
static uint64_t word_of(uint64_t bits, uint32_t word, uint32_t from, uint32_t to)
{
    if (word == from / 64)
        bits &= ~UINT64_C(0) << from % 64;
    if (word == to / 64)
        bits &= (UINT64_C(1) << to % 64) - 1;
    return bits;
}

uint32_t mask_count(const uint64_t *bits, uint32_t from, uint32_t to)
{
    uint32_t count = 0;

    for (uint32_t word = from / 64; bits && word * 64 < to; word++)
        count += (uint32_t)__builtin_popcountll(word_of(bits[word], word, from, to));
    return count;
}

/* Making */

struct making {
    struct mask *mask;
    struct columns *columns;
    const struct mask_wish *wish;
    uint32_t property; /* of verdicts */
    uint32_t machine;  /* code + 1 of a machine's; 0: no row has it */
    bool is_named;     /* rows were deleted or revised */
    bool *is_seen;     /* by stripe: its times were looked at, or need not be */
};

static fallible find_machine(struct making *making)
{
    const struct columns_value *values;
    uint32_t count;

    making->property =
        making->wish->is_human ? columns_find(making->columns, S(MACHINES_PATH)) : COLUMNS_NONE;
    if (making->property == COLUMNS_NONE)
        return OK;
    TRY(columns_dictionary(making->columns, making->property, &values, &count));
    for (uint32_t i = 0; i < count && !making->machine; i++)
        if (values[i].type == COLUMNS_TEXT && str_equals(values[i].text, S(MACHINES_VERDICT)))
            making->machine = i + 1;
    return OK;
}

static void see_dense(const struct columns_block *block, uint32_t rows, uint32_t code,
                      uint64_t *bits)
{
    uint8_t table[PICK_KINDS] = {0};

    if (block->width == 1 && code < PICK_KINDS) {
        table[code] = 1;
        pick_best()->find(block->data, rows, table, bits);
        return;
    }
    for (uint32_t row = 0; row < rows; row++)
        bits[row / 64] |= (uint64_t)(columns_item(block, row) == code) << row % 64;
}

static void see_sparse(const struct columns_block *block, uint32_t rows, uint32_t code,
                       uint64_t *bits)
{
    for (uint32_t word = 0; word < pick_words(rows); word++) {
        uint32_t at = block->before[word];

        for (uint64_t left = block->bits[word]; left; left &= left - 1)
            if (columns_item(block, at++) == code)
                bits[word] |= left & -left;
    }
}

/* By the verdicts that events came with. */
static fallible see_verdicts(const struct making *making, uint32_t at, uint64_t *bits)
{
    uint32_t rows = columns_stripe(making->columns, at)->rows;
    struct columns_block block = {0};
    enum err err = columns_hold(making->columns, at, (int)making->property, &block);

    if (!err && block.data) {
        if (block.bits)
            see_sparse(&block, rows, making->machine, bits);
        else
            see_dense(&block, rows, making->machine, bits);
    }
    columns_release(making->columns, &block);
    return err;
}

static void see_seq(const struct making *making, uint64_t seq, uint32_t row, uint64_t *bits)
{
    const struct mask_wish *wish = making->wish;
    uint64_t bit = UINT64_C(1) << row % 64;
    enum verdict verdict = wish->is_human ? verdicts_look(wish->verdicts, seq) : VERDICT_UNREVISED;

    if (verdict == VERDICT_HUMAN)
        bits[row / 64] &= ~bit;
    if (verdict == VERDICT_MACHINE || deleted_has(wish->deleted, seq))
        bits[row / 64] |= bit;
}

/* By what was said of events later. */
static fallible see_seqs(const struct making *making, uint32_t at, uint64_t *bits)
{
    uint32_t rows = columns_stripe(making->columns, at)->rows;
    struct columns_block seqs = {0};
    struct columns_seqs kept;

    if (columns_seqs_find(making->columns, at, &kept)) {
        for (uint32_t row = 0; row < rows; row++)
            see_seq(making, kept.base + kept.above[row], row, bits);
        return OK;
    }
    TRY(columns_hold(making->columns, at, COLUMNS_SEQS, &seqs));
    for (uint32_t row = 0; row < rows; row++)
        see_seq(making, ((const uint64_t *)seqs.data)[row], row, bits);
    columns_release(making->columns, &seqs);
    return OK;
}

static fallible make_stripe(struct making *making, uint32_t at)
{
    uint32_t rows = columns_stripe(making->columns, at)->rows, count;
    uint64_t *bits = mem_alloc((pick_words(rows) + (size_t)1) * sizeof *bits);
    enum err err = bits ? OK : mem_exhausted();

    if (!err && making->machine)
        err = see_verdicts(making, at, bits);
    if (!err && making->is_named)
        err = see_seqs(making, at, bits);
    count = err ? 0 : mask_count(bits, 0, rows);
    if (!count) {
        mem_free(bits);
        return err;
    }
    making->mask->stripes[at] = bits;
    making->mask->rows.masked += count;
    return OK;
}

/* When what is left of the file happened. */

static void widen(struct mask_rows *rows, bool *is_any, millis first, millis last)
{
    if (!*is_any || first < rows->first_time)
        rows->first_time = first;
    if (!*is_any || last > rows->last_time)
        rows->last_time = last;
    *is_any = true;
}

static fallible see_times(struct making *making, uint32_t stripe, bool *is_any)
{
    const uint64_t *bits = making->mask->stripes[stripe];
    uint32_t rows = columns_stripe(making->columns, stripe)->rows;
    struct columns_block times = {0};

    TRY(columns_hold(making->columns, stripe, COLUMNS_TIMES, &times));
    for (uint32_t row = 0; row < rows; row++)
        if (!mask_has(bits, row)) {
            millis time = ((const millis *)times.data)[row];

            widen(&making->mask->rows, is_any, time, time);
        }
    columns_release(making->columns, &times);
    making->is_seen[stripe] = true;
    return OK;
}

/* The stripe that may have what is earliest (or latest), and earlier than is known. */
static bool find_beyond(const struct making *making, bool is_any, bool is_end, uint32_t *out_stripe)
{
    const struct mask_rows *rows = &making->mask->rows;
    const struct columns_stripe *best = NULL;

    for (uint32_t i = 0; i < making->mask->stripe_count; i++) {
        const struct columns_stripe *stripe = columns_stripe(making->columns, i);

        if (making->is_seen[i] || (is_any && (is_end ? stripe->last_time <= rows->last_time
                                                     : stripe->first_time >= rows->first_time)))
            continue;
        if (best && (is_end ? stripe->last_time <= best->last_time
                            : stripe->first_time >= best->first_time))
            continue;
        best = stripe;
        *out_stripe = i;
    }
    return best;
}

static fallible find_span(struct making *making)
{
    struct mask *mask = making->mask;
    bool is_any = false;
    uint32_t at;

    for (uint32_t i = 0; i < mask->stripe_count; i++) {
        const struct columns_stripe *stripe = columns_stripe(making->columns, i);

        making->is_seen[i] =
            !mask->stripes[i] || mask_count(mask->stripes[i], 0, stripe->rows) == stripe->rows;
        if (!mask->stripes[i])
            widen(&mask->rows, &is_any, stripe->first_time, stripe->last_time);
    }
    while (find_beyond(making, is_any, false, &at))
        TRY(see_times(making, at, &is_any));
    while (find_beyond(making, is_any, true, &at))
        TRY(see_times(making, at, &is_any));
    return OK;
}

static fallible make_stripes(struct making *making)
{
    const struct columns_about *about = columns_about(making->columns);
    struct mask *mask = making->mask;

    mask->stripes = mem_alloc((about->stripes + 1u) * sizeof *mask->stripes);
    making->is_seen = mem_alloc(about->stripes + 1u);
    if (!mask->stripes || !making->is_seen)
        return mem_exhausted();
    mask->stripe_count = about->stripes;
    for (uint32_t i = 0; i < about->stripes; i++)
        TRY(make_stripe(making, i));
    if (!mask->rows.masked)
        return OK;
    mask->rows.stripes = (const uint64_t *const *)mask->stripes;
    mask->rows.rows = about->rows - mask->rows.masked;
    mask->rows.first_time = mask->rows.last_time = 0;
    return find_span(making);
}

/* What of the file the wish depends on. */
struct state {
    uint64_t covered;
    uint64_t version;
};

static struct state state_of(const struct columns *columns, const struct mask_wish *wish)
{
    const struct columns_about *about = columns_about(columns);
    uint64_t from = about->first_seq, to = about->next_seq;

    return (struct state){deleted_count(wish->deleted, from, to),
                          wish->is_human ? verdicts_version(wish->verdicts, from, to) : 0};
}

/* A mask that leaves all rows. */
static void make_none(struct mask *mask, const struct columns *columns, const struct state *state)
{
    const struct columns_about *about = columns_about(columns);

    forget(mask);
    mask->rows = (struct mask_rows){
        .rows = about->rows, .first_time = about->first_time, .last_time = about->last_time};
    mask->is_made = true;
    mask->covered = state->covered;
    mask->version = state->version;
}

static bool is_trivial(const struct state *state, const struct mask_wish *wish)
{
    return !state->covered && !wish->is_human;
}

static fallible make(struct mask *mask, struct columns *columns, const struct mask_wish *wish,
                     const struct state *state)
{
    const struct columns_about *about = columns_about(columns);
    struct making making = {.mask = mask, .columns = columns, .wish = wish};
    enum err err;

    make_none(mask, columns, state);
    making.is_named =
        state->covered ||
        (wish->is_human && verdicts_has(wish->verdicts, about->first_seq, about->next_seq));
    err = find_machine(&making);
    if (!err && (making.machine || making.is_named))
        err = make_stripes(&making);
    mem_free(making.is_seen);
    return err;
}

static bool is_current(const struct mask *mask, const struct state *state)
{
    return mask->is_made && mask->covered == state->covered && mask->version == state->version;
}

fallible mask_read(struct mask *mask, struct columns *columns, const struct mask_wish *wish,
                   const struct mask_rows **out_rows)
{
    struct state state = state_of(columns, wish);
    enum err err = OK;

    mutex_lock(mask->lock);
    while (mask->is_making)
        condition_wait(mask->was_made, mask->lock);
    if (!is_current(mask, &state)) {
        mask->is_making = true;
        mutex_unlock(mask->lock);
        err = make(mask, columns, wish, &state);
        mutex_lock(mask->lock);
        mask->is_making = false;
        mask->is_made = !err;
        condition_broadcast(mask->was_made);
    }
    mutex_unlock(mask->lock);
    if (!err)
        *out_rows = &mask->rows;
    return err;
}

bool mask_ready(struct mask *mask, const struct columns *columns, const struct mask_wish *wish,
                const struct mask_rows **out_rows)
{
    struct state state = state_of(columns, wish);
    bool is_ready;

    mutex_lock(mask->lock);
    is_ready = !mask->is_making && (is_current(mask, &state) || is_trivial(&state, wish));
    if (is_ready && !is_current(mask, &state))
        make_none(mask, columns, &state);
    mutex_unlock(mask->lock);
    if (is_ready)
        *out_rows = &mask->rows;
    return is_ready;
}
