/* columns_arrivals.c - spans of times and sequence numbers, packed, unpacked, read at places.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * On disk: whether it ever falls (then differences are of either sign), the first item, the
 * differences.
 */
#include "store/columns_arrivals.h"

#include "store/columns_format.h"

enum { MEDIAN_OF = 5, LEAST_APART = 1 << 16, GAPS_APART = 64, AHEAD = 16 };

unsigned columns_arrivals_divide(uint64_t *items, uint32_t count, unsigned step,
                                 uint64_t *out_bases)
{
    uint64_t all = 0;

    for (uint32_t from = 0; from < count; from += COLUMNS_SPAN_GROUP) {
        uint32_t here = count - from < COLUMNS_SPAN_GROUP ? count - from : COLUMNS_SPAN_GROUP;
        int64_t base = (int64_t)items[from];

        for (uint32_t i = 0; i < here; i++) {
            int64_t item = (int64_t)(items[from + i] -= (uint64_t)step * i);

            base = item < base ? item : base;
        }
        for (uint32_t i = 0; i < here; i++)
            all |= items[from + i] -= (uint64_t)base;
        out_bases[from / COLUMNS_SPAN_GROUP] = (uint64_t)base;
    }
    return columns_bits_length(all);
}

size_t columns_arrivals_bytes(uint32_t count, unsigned width)
{
    return columns_arrivals_base_bytes(count) + columns_bits_bytes((size_t)count * width) +
           COLUMNS_PADDING;
}

void columns_arrivals_fill(const uint64_t *items, uint32_t count, const uint64_t *bases,
                           unsigned width, char *out)
{
    size_t base_bytes = columns_arrivals_base_bytes(count);
    size_t bytes = columns_arrivals_bytes(count, width);
    struct columns_bits sink = {.at = out + base_bytes};

    memcpy(out, bases, base_bytes);
    memset(out + bytes - COLUMNS_PADDING, 0, COLUMNS_PADDING);
    for (uint32_t i = 0; i < count; i++)
        columns_bits_put(&sink, items[i], width);
}

struct columns_span columns_arrivals_span(const char *bytes, uint32_t count, unsigned step,
                                          unsigned width)
{
    return (struct columns_span){
        .bases = (const uint64_t *)(const void *)bytes,
        .bits = (const uint8_t *)bytes + columns_arrivals_base_bytes(count),
        .mask = columns_bits_mask(width),
        .width = width,
        .step = step,
    };
}

/* Waits for memory once for many: each is fetched a while before it is read. */
void columns_arrivals_gather(const struct columns_span *spans, const uint32_t *places,
                             uint64_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct columns_span *span = &spans[places[i] / COLUMNS_SPAN];
        uint32_t at = places[i] % COLUMNS_SPAN;

        if (i + AHEAD < count) {
            const struct columns_span *next = &spans[places[i + AHEAD] / COLUMNS_SPAN];
            uint32_t there = places[i + AHEAD] % COLUMNS_SPAN;

            __builtin_prefetch(&next->bases[there / COLUMNS_SPAN_GROUP]);
            __builtin_prefetch(next->bits + (size_t)there * next->width / 8);
        }
        out[i] = span->bases[at / COLUMNS_SPAN_GROUP] +
                 (uint64_t)span->step * (at % COLUMNS_SPAN_GROUP) +
                 columns_bits_get(span->bits, (size_t)at * span->width, span->mask);
    }
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
