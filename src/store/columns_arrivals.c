/* columns_arrivals.c - spans of times and sequence numbers, packed, unpacked, sorted by stripe.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * On disk: of times, the stripes, as an array or as digits, the lowest first, of numbers bit behind
 * bit; whether it ever falls (then differences are of either sign), the first item, the
 * differences. In memory: the base, where each stripe ends, items.
 */
#include "store/columns_arrivals.h"

#include "store/columns_format.h"

enum { MEDIAN_OF = 9, LEAST_APART = 1 << 16, GAPS_APART = 64, MOST_DIGITS = 32 };
enum stripes_form { STRIPES_ARRAY, STRIPES_DIGITS };

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

/* How many numbers below a base, as the digits of one number, make up a word of so many bits that
 * the fewest are wasted. To the base of 1 they take none. */
struct digits {
    uint64_t base;
    unsigned each;
    unsigned bits;
};

static struct digits digits_of(uint64_t base)
{
    struct digits best = {base, 1, columns_bits_length(base - 1)};
    uint64_t power = base;

    for (unsigned each = 2;
         each <= MOST_DIGITS && power <= columns_bits_mask(COLUMNS_MOST_BITS) / base; each++) {
        unsigned bits = columns_bits_length((power *= base) - 1);

        if (bits * best.each < best.bits * each) {
            best.each = each;
            best.bits = bits;
        }
    }
    return best;
}

static size_t digits_bytes(const struct digits *digits, size_t count)
{
    return columns_bits_bytes((count + digits->each - 1) / digits->each * digits->bits);
}

static void put_digits(struct buf *out, const struct digits *digits, const uint16_t *stripes,
                       uint32_t count)
{
    size_t bytes = digits_bytes(digits, count);
    struct columns_bits sink;

    if (!buf_reserve(out, bytes + sizeof sink.word)) {
        out->broken = true;
        return;
    }
    sink = (struct columns_bits){.at = out->data + out->len};
    for (uint32_t from = 0; from < count; from += digits->each) {
        uint32_t to = count - from < digits->each ? count : from + digits->each;
        uint64_t word = 0;

        for (uint32_t i = to; i-- > from;)
            word = word * digits->base + stripes[i];
        columns_bits_put(&sink, word, digits->bits);
    }
    out->len += bytes;
}

void columns_arrivals_pack_stripes(struct columns_packer *packer, struct buf *out,
                                   const struct columns_arrived *arrived, uint64_t *scratch)
{
    struct digits digits = digits_of(arrived->stripe_count);
    size_t start = out->len;

    for (uint32_t i = 0; i < arrived->count; i++)
        scratch[i] = arrived->stripes[i];
    columns_pack_number(out, STRIPES_ARRAY);
    columns_pack(packer, out, scratch, arrived->count);
    if (buf_is_broken(out) || out->len - start <= 1 + digits_bytes(&digits, arrived->count))
        return;
    out->len = start;
    columns_pack_number(out, STRIPES_DIGITS);
    put_digits(out, &digits, arrived->stripes, arrived->count);
}

/* Words are divided by multiplying: the quotient is one too high at most. */
static fallible take_digits(struct columns_unpacker *in, const struct digits *digits, uint16_t *out,
                            uint32_t count)
{
    uint64_t inverse = UINT64_MAX / digits->base + 1; /* of 1: 0, as all numbers are */
    uint64_t mask = columns_bits_mask(digits->bits);
    const uint8_t *bytes;
    uint64_t rest = 0;
    size_t at = 0;

    TRY(columns_unpack_raw(in, digits_bytes(digits, count), &bytes));
    for (uint32_t from = 0; from < count; from += digits->each, at += digits->bits) {
        uint32_t to = count - from < digits->each ? count : from + digits->each;
        uint64_t word = columns_bits_get(bytes, at, mask);

        for (uint32_t i = from; i < to; i++) {
            uint64_t quotient = (uint64_t)((unsigned __int128)word * inverse >> 64);

            quotient -= quotient * digits->base > word;
            out[i] = (uint16_t)(word - quotient * digits->base);
            word = quotient;
        }
        rest |= word;
    }
    return rest ? fail(ERR_CORRUPT, "a row has no stripe") : OK;
}

fallible columns_arrivals_unpack_stripes(struct columns_unpacker *in, uint32_t stripe_count,
                                         uint16_t *out, uint32_t count)
{
    const struct columns_codes codes = {.end = stripe_count, .width = sizeof *out};
    struct digits digits = digits_of(stripe_count);
    uint64_t form;

    TRY(columns_unpack_number(in, STRIPES_DIGITS, &form));
    return form == STRIPES_ARRAY ? columns_unpack_codes(in, &codes, out, count)
                                 : take_digits(in, &digits, out, count);
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

static uint64_t median(const uint64_t *times, uint32_t count)
{
    int64_t sorted[MEDIAN_OF];

    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = i;

        for (; place > 0 && sorted[place - 1] > (int64_t)times[i]; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = (int64_t)times[i];
    }
    return (uint64_t)sorted[count / 2];
}

/* Of each time the median of those around: of times in order it is the time itself. */
static void find_medians(const uint64_t *times, uint32_t count, uint64_t *out)
{
    uint32_t around = count < MEDIAN_OF ? count : MEDIAN_OF;
    uint32_t seen = 0, in_order = 0; /* of what was seen, the latest */

    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = i < around / 2 ? 0 : i - around / 2;

        if (from > count - around)
            from = count - around;
        for (; seen < from + around; seen++)
            in_order = seen && (int64_t)times[seen - 1] <= (int64_t)times[seen] ? in_order + 1 : 1;
        out[i] = in_order >= around ? times[from + around / 2] : median(times + from, around);
    }
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

    find_medians(times, count, scratch);
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
