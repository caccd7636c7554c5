/* columns_knots.c - sequence numbers told from times.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_knots.h"

#include "base/mem.h"

#include <string.h>

enum { SLOPE_BITS = 32 };

static void set_slopes(struct columns_knots *knots)
{
    for (uint32_t i = 0; i < knots->count; i++) {
        struct columns_knot *knot = &knots->list[i];
        uint64_t span = i + 1 < knots->count ? knot[1].time - knot->time : 0;

        knot->slope = span ? ((knot[1].seq - knot->seq) << SLOPE_BITS) / span : 0;
    }
}

/* About one guess a knot. */
static fallible make_guesses(struct columns_knots *knots)
{
    uint64_t last = knots->count ? knots->list[knots->count - 1].time : 0;
    uint64_t buckets;
    uint32_t at = 0;

    while (last >> knots->shift > knots->count)
        knots->shift++;
    buckets = (last >> knots->shift) + 2;
    knots->guess = mem_alloc(buckets * sizeof *knots->guess);
    if (!knots->guess)
        return mem_exhausted();
    for (uint64_t i = 0; i < buckets; i++) {
        while (at + 1 < knots->count && knots->list[at + 1].time >> knots->shift < i)
            at++;
        knots->guess[i] = at;
    }
    return OK;
}

fallible columns_knots_init(struct columns_knots *knots, struct columns_knot *list, uint32_t count)
{
    enum err err;

    *knots = (struct columns_knots){.list = list, .count = count};
    set_slopes(knots);
    err = make_guesses(knots);
    if (err)
        columns_knots_done(knots);
    return err;
}

void columns_knots_done(struct columns_knots *knots)
{
    mem_free(knots->list);
    mem_free(knots->guess);
    *knots = (struct columns_knots){0};
}

uint64_t columns_knots_predict(const struct columns_knots *knots, uint64_t time)
{
    const struct columns_knot *list = knots->list;
    uint64_t bucket = time >> knots->shift;
    uint32_t low, high;

    if (!knots->count || time < list[0].time)
        return knots->count ? list[0].seq : 0;
    if (time >= list[knots->count - 1].time)
        return list[knots->count - 1].seq;
    /* Of all knots up to `time` the last: at the guess or behind it, not behind the next one. */
    low = knots->guess[bucket];
    high = knots->guess[bucket + 1];
    while (low < high) {
        uint32_t middle = high - (high - low) / 2;

        if (list[middle].time <= time)
            low = middle;
        else
            high = middle - 1;
    }
    return list[low].seq + ((time - list[low].time) * list[low].slope >> SLOPE_BITS);
}

fallible columns_knots_pack(const struct columns_knots *knots, struct columns_packer *packer,
                            struct buf *out)
{
    uint64_t *deltas = mem_alloc(knots->count * sizeof *deltas);

    if (!deltas)
        return mem_exhausted();
    columns_pack_number(out, knots->count);
    for (uint32_t i = 0; i < knots->count; i++)
        deltas[i] = knots->list[i].time - (i ? knots->list[i - 1].time : 0);
    columns_pack(packer, out, deltas, knots->count);
    for (uint32_t i = 0; i < knots->count; i++)
        deltas[i] = knots->list[i].seq - (i ? knots->list[i - 1].seq : 0);
    if (knots->count)
        columns_pack_number(out, deltas[0]);
    if (knots->count)
        columns_pack(packer, out, deltas + 1, knots->count - 1);
    mem_free(deltas);
    return OK;
}

static fallible unpack_list(struct columns_unpacker *in, struct columns_knot *list, uint32_t count,
                            uint64_t *deltas)
{
    uint64_t time = 0, seq;

    TRY(columns_unpack(in, deltas, count));
    for (uint32_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(time, deltas[i], &time))
            return fail(ERR_CORRUPT, "its knots go back in time");
        list[i].time = time;
    }
    TRY(columns_unpack_number(in, UINT64_MAX, &seq));
    TRY(columns_unpack(in, deltas, count - 1));
    for (uint32_t i = 0; i < count; i++) {
        list[i].seq = seq;
        if (i + 1 < count && __builtin_add_overflow(seq, deltas[i], &seq))
            return fail(ERR_CORRUPT, "its knots do not ascend");
    }
    return columns_unpack_end(in);
}

fallible columns_knots_unpack(struct columns_unpacker *in, uint32_t most,
                              struct columns_knots *out_knots)
{
    struct columns_knot *list;
    uint64_t *deltas, count;
    enum err err;

    TRY(columns_unpack_number(in, most, &count));
    list = mem_alloc(count * sizeof *list);
    deltas = mem_alloc(count * sizeof *deltas);
    if (!list || !deltas)
        err = mem_exhausted();
    else if (count)
        err = unpack_list(in, list, (uint32_t)count, deltas);
    else
        err = columns_unpack(in, deltas, 0);
    mem_free(deltas);
    if (err) {
        mem_free(list);
        return err;
    }
    return columns_knots_init(out_knots, list, (uint32_t)count);
}
