/* mask.c - reads a file's sequence numbers once for each change to what is deleted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/mask.h"

#include "base/mem.h"
#include "store/deleted.h"
#include "sys/thread.h"

struct mask {
    struct mutex *lock;
    uint64_t covered; /* deleted events among those that the file covers, when it was made */
    bool is_made;
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
    mask->is_made = false;
}

struct mask *mask_open(void)
{
    struct mask *mask = mem_alloc(sizeof *mask);

    if (!mask)
        return NULL;
    mask->lock = mutex_open();
    if (mask->lock)
        return mask;
    mem_free(mask);
    return NULL;
}

void mask_close(struct mask *mask)
{
    if (!mask)
        return;
    forget(mask);
    mutex_close(mask->lock);
    mem_free(mask);
}

static void widen(struct mask_rows *rows, millis first, millis last, uint32_t count)
{
    if (!rows->rows || first < rows->first_time)
        rows->first_time = first;
    if (!rows->rows || last > rows->last_time)
        rows->last_time = last;
    rows->rows += count;
}

static uint32_t find_deleted(const uint64_t *seqs, uint32_t rows, const struct deleted *deleted,
                             uint64_t *bits)
{
    uint32_t count = 0;

    for (uint32_t row = 0; row < rows; row++)
        if (deleted_has(deleted, seqs[row])) {
            bits[row / 64] |= UINT64_C(1) << row % 64;
            count++;
        }
    return count;
}

static fallible see_times(struct mask *mask, struct columns *columns, uint32_t stripe)
{
    uint32_t rows = columns_stripe(columns, stripe)->rows;
    struct columns_block times = {0};
    enum err err = columns_hold(columns, stripe, COLUMNS_TIMES, &times);

    for (uint32_t row = 0; !err && row < rows; row++)
        if (!mask_has(mask->stripes[stripe], row)) {
            millis time = ((const millis *)times.data)[row];

            widen(&mask->rows, time, time, 1);
        }
    columns_release(columns, &times);
    return err;
}

static fallible make_stripe(struct mask *mask, struct columns *columns,
                            const struct deleted *deleted, uint32_t at)
{
    const struct columns_stripe *stripe = columns_stripe(columns, at);
    uint64_t *bits = mem_alloc((stripe->rows / 64 + 1u) * sizeof *bits);
    struct columns_block seqs = {0};
    uint32_t count = 0;
    enum err err = bits ? columns_hold(columns, at, COLUMNS_SEQS, &seqs) : mem_exhausted();

    if (!err)
        count = find_deleted(seqs.data, stripe->rows, deleted, bits);
    columns_release(columns, &seqs);
    if (err || !count) {
        mem_free(bits);
        if (!err)
            widen(&mask->rows, stripe->first_time, stripe->last_time, stripe->rows);
        return err;
    }
    mask->stripes[at] = bits;
    mask->rows.deleted += count;
    return count < stripe->rows ? see_times(mask, columns, at) : OK;
}

static fallible make(struct mask *mask, struct columns *columns, const struct deleted *deleted)
{
    uint32_t count = columns_about(columns)->stripes;

    mask->stripes = mem_alloc((count + 1u) * sizeof *mask->stripes);
    if (!mask->stripes)
        return mem_exhausted();
    mask->stripe_count = count;
    for (uint32_t i = 0; i < count; i++)
        TRY(make_stripe(mask, columns, deleted, i));
    mask->rows.stripes = (const uint64_t *const *)mask->stripes;
    return OK;
}

fallible mask_read(struct mask *mask, struct columns *columns, const struct deleted *deleted,
                   const struct mask_rows **out_rows)
{
    const struct columns_about *about = columns_about(columns);
    uint64_t covered = deleted_count(deleted, about->first_seq, about->next_seq);
    enum err err = OK;

    mutex_lock(mask->lock);
    if (!mask->is_made || mask->covered != covered) {
        forget(mask);
        mask->rows = (struct mask_rows){
            .rows = about->rows, .first_time = about->first_time, .last_time = about->last_time};
        if (covered) {
            mask->rows = (struct mask_rows){0};
            err = make(mask, columns, deleted);
        }
        mask->covered = covered;
        mask->is_made = !err;
    }
    mutex_unlock(mask->lock);
    if (!err)
        *out_rows = &mask->rows;
    return err;
}
