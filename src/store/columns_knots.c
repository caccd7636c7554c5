/* columns_knots.c - sequence numbers told from times.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_knots.h"

#include "base/mem.h"

#include <string.h>

enum { SLOPE_BITS = 32, AT_ONCE = 64 };

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

/* A time on its way to its number. */
struct seeking {
    uint64_t time;
    uint32_t low; /* the knot wanted is one from `low` to `high` */
    uint32_t high;
};

/* Of all knots up to a time the last is at the guess or behind it, and not behind the next guess.
 * Times beyond the last knot count as its own. */
static struct seeking seek(const struct columns_knots *knots, uint64_t time)
{
    uint64_t last = knots->list[knots->count - 1].time;
    uint64_t bucket = (time < last ? time : last) >> knots->shift;

    return (struct seeking){time, knots->guess[bucket], knots->guess[bucket + 1]};
}

static uint64_t find(const struct columns_knots *knots, struct seeking at)
{
    const struct columns_knot *knot;

    while (at.low < at.high) {
        uint32_t middle = at.high - (at.high - at.low) / 2;

        if (knots->list[middle].time <= at.time)
            at.low = middle;
        else
            at.high = middle - 1;
    }
    knot = &knots->list[at.low];
    if (at.time < knot->time)
        return knot->seq;
    return knot->seq + ((at.time - knot->time) * knot->slope >> SLOPE_BITS);
}

/* Waits for memory once for many times: first for all guesses, then for all knots. */
void columns_knots_predict(const struct columns_knots *knots, const uint64_t *times, uint64_t start,
                           uint64_t *out, size_t count)
{
    struct seeking seeking[AT_ONCE];

    if (!knots->count) {
        memset(out, 0, count * sizeof *out);
        return;
    }
    for (size_t from = 0; from < count; from += AT_ONCE) {
        size_t here = count - from < AT_ONCE ? count - from : AT_ONCE;

        for (size_t i = 0; i < here; i++) {
            seeking[i] = seek(knots, times[from + i] - start);
            __builtin_prefetch(&knots->list[seeking[i].low]);
        }
        for (size_t i = 0; i < here; i++)
            out[from + i] = find(knots, seeking[i]);
    }
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
