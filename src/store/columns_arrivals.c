/* columns_arrivals.c - spans of times and sequence numbers, packed, unpacked, sorted by stripe.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * On disk: of times, the stripes (an array); whether it ever falls (then differences are of either
 * sign), the first item, the differences. In memory: the base, where each stripe ends, items.
 */
#include "store/columns_arrivals.h"

#include "store/columns_format.h"

enum { MEDIAN_OF = 5, LEAST_APART = 1 << 16, GAPS_APART = 64 };

unsigned columns_arrivals_width(struct columns_arrived *arrived)
{
    const int64_t *items = (const int64_t *)arrived->items;
    int64_t least = items[0], most = items[0];

    for (uint32_t i = 1; i < arrived->count; i++) {
        least = items[i] < least ? items[i] : least;
        most = items[i] > most ? items[i] : most;
    }
    arrived->base = (uint64_t)least;
    return (uint64_t)most - (uint64_t)least <= UINT32_MAX ? sizeof(uint32_t) : sizeof(uint64_t);
}

/* Of the base and the stripes' ends. */
static size_t head_bytes(uint32_t stripes)
{
    return sizeof(uint64_t) + (stripes + 1ull) / 2 * sizeof(uint64_t);
}

size_t columns_arrivals_bytes(uint32_t stripes, uint32_t count, unsigned width)
{
    return head_bytes(stripes) + (size_t)count * width;
}

void columns_arrivals_fill(const struct columns_arrived *arrived, unsigned width, void *out)
{
    const uint16_t *stripes = arrived->stripes;
    uint64_t base = arrived->base;
    uint32_t *at = (uint32_t *)out + sizeof base / sizeof *at, total = 0;
    void *items = (char *)out + head_bytes(arrived->stripe_count);

    memcpy(out, &base, sizeof base);
    memset(at, 0, arrived->stripe_count * sizeof *at);
    for (uint32_t i = 0; i < arrived->count; i++)
        at[stripes[i]]++;
    for (uint32_t i = 0; i < arrived->stripe_count; i++) {
        uint32_t here = at[i];

        at[i] = total;
        total += here;
    }
    /* Where stripes begin becomes where they end. */
    for (uint32_t i = 0; width == sizeof(uint32_t) && i < arrived->count; i++)
        ((uint32_t *)items)[at[stripes[i]]++] = (uint32_t)(arrived->items[i] - base);
    for (uint32_t i = 0; width == sizeof(uint64_t) && i < arrived->count; i++)
        ((uint64_t *)items)[at[stripes[i]]++] = arrived->items[i] - base;
}

struct columns_span columns_arrivals_span(const void *bytes, uint32_t stripes, unsigned width)
{
    return (struct columns_span){
        .base = *(const uint64_t *)bytes,
        .end = (const uint32_t *)bytes + sizeof(uint64_t) / sizeof(uint32_t),
        .items = (const char *)bytes + head_bytes(stripes),
        .width = width,
    };
}

void columns_arrivals_take(const struct columns_span *span, uint32_t stripe, const uint32_t *rows,
                           uint64_t *out)
{
    uint32_t from = stripe ? span->end[stripe - 1] : 0, to = span->end[stripe];

    for (uint32_t i = from; span->width == sizeof(uint32_t) && i < to; i++)
        out[*rows++] = span->base + ((const uint32_t *)span->items)[i];
    for (uint32_t i = from; span->width == sizeof(uint64_t) && i < to; i++)
        out[*rows++] = span->base + ((const uint64_t *)span->items)[i];
}

void columns_arrivals_pack_stripes(struct columns_packer *packer, struct buf *out,
                                   const uint16_t *stripes, uint32_t count, uint64_t *scratch)
{
    for (uint32_t i = 0; i < count; i++)
        scratch[i] = stripes[i];
    columns_pack(packer, out, scratch, count);
}

fallible columns_arrivals_unpack_stripes(struct columns_unpacker *in, uint32_t stripe_count,
                                         uint16_t *out, uint32_t count)
{
    const struct columns_codes codes = {.end = stripe_count, .width = sizeof *out};

    return columns_unpack_codes(in, &codes, out, count);
}

void columns_arrivals_pack(struct columns_packer *packer, struct buf *out, const uint64_t *items,
                           uint32_t count, uint64_t *scratch)
{
    bool falls = false;

    for (uint32_t i = 1; i < count; i++)
        falls = falls || (int64_t)(items[i] - items[i - 1]) < 0;
    for (uint32_t i = 1; i < count; i++) {
        uint64_t difference = items[i] - items[i - 1];

        scratch[i - 1] = falls ? columns_format_zigzag((int64_t)difference) : difference;
    }
    columns_pack_number(out, falls);
    columns_pack_number(out, columns_format_zigzag((int64_t)items[0]));
    columns_pack(packer, out, scratch, count - 1);
}

fallible columns_arrivals_unpack(struct columns_unpacker *in, uint64_t *out, uint32_t count)
{
    uint64_t falls, first;

    TRY(columns_unpack_number(in, 1, &falls));
    TRY(columns_unpack_number(in, UINT64_MAX, &first));
    TRY(columns_unpack(in, out + 1, count - 1));
    out[0] = (uint64_t)columns_format_unzigzag(first);
    for (uint32_t i = 1; i < count; i++)
        out[i] = out[i - 1] + (falls ? (uint64_t)columns_format_unzigzag(out[i]) : out[i]);
    return columns_unpack_end(in);
}

/* --- Smoothing --- */

/* The median of the times around: of times in order it is the time itself. */
static int64_t median_around(const uint64_t *times, uint32_t count, uint32_t at)
{
    uint32_t from = at < MEDIAN_OF / 2 ? 0 : at - MEDIAN_OF / 2;
    int64_t sorted[MEDIAN_OF];
    uint32_t used = 0;

    if (from + MEDIAN_OF > count)
        from = count < MEDIAN_OF ? 0 : count - MEDIAN_OF;
    for (uint32_t i = from; i < count && used < MEDIAN_OF; i++) {
        uint32_t place = used++;

        for (; place > 0 && sorted[place - 1] > (int64_t)times[i]; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = (int64_t)times[i];
    }
    return sorted[used / 2];
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return (int64_t)a < (int64_t)b ? b - a : a - b;
}

/* Sets the times from `from` up to `to` to rise evenly from the one before to the one at `to`. */
static void bridge(uint64_t *times, uint32_t from, uint32_t to, uint32_t count)
{
    uint64_t before = from ? times[from - 1] : to < count ? times[to] : times[0];
    uint64_t behind = to < count ? times[to] : before;
    int64_t each = (int64_t)(behind - before) / (int64_t)(to - from + 1);

    for (uint32_t i = from; i < to; i++)
        times[i] = before + (uint64_t)(each * (int64_t)(i - from + 1));
}

void columns_arrivals_smooth(uint64_t *times, uint32_t count, uint64_t *scratch)
{
    uint64_t most = LEAST_APART, span;
    uint32_t from = 0;

    for (uint32_t i = 0; i < count; i++)
        scratch[i] = (uint64_t)median_around(times, count, i);
    span = distance(scratch[0], scratch[count - 1]) / count * GAPS_APART;
    most = span > most ? span : most;
    for (uint32_t i = 0; i <= count; i++) {
        if (i < count && distance(times[i], scratch[i]) > most)
            continue;
        if (from < i)
            bridge(times, from, i, count);
        from = i + 1;
    }
}
