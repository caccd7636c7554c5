/* columns_places.c - places as distances, in bytes of scale and bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Block: number of rows aside, how far each is from where it was expected; a plane of one byte a
 * row; the number of bits below the scales, these.
 *
 * A scale is a quarter of an octave: 0 to 3 stand for themselves, then four for each bit length. A
 * byte is the distance's scale less that of the person's mean distance.
 */
#include "store/columns_places.h"

#include "base/mem.h"
#include "store/columns_bits.h"

enum {
    SCALES = 4 + 4 * 30, /* of numbers of 32 bits */
    MIDDLE = 126,        /* the byte of a distance of the mean's scale */
    ASIDE = 254,         /* ahead, and the next is told from the one before */
    BACK = 255,
};

static inline unsigned scale_of(uint32_t number)
{
    unsigned length;

    if (number < 4)
        return number;
    length = columns_bits_length(number);
    return 4 * (length - 2) + (number >> (length - 3) & 3);
}

static inline unsigned bits_below(unsigned scale)
{
    return scale < 8 ? 0 : scale / 4 - 1;
}

static inline uint32_t number_from(unsigned scale)
{
    return scale < 4 ? scale : (4 + scale % 4) << bits_below(scale);
}

static unsigned mean_scale(const struct columns_places *of, uint32_t person)
{
    return scale_of(of->total / (of->first[person + 1] - of->first[person]));
}

/* --- Packing --- */

struct packing {
    char *bytes;
    struct columns_bits bits;
    uint64_t *aside;
    size_t aside_count;
    size_t bit_count;
};

static void pack_person(struct packing *out, const uint32_t *places, uint32_t count, unsigned mean)
{
    uint32_t expected = 0; /* the least place behind the row before */

    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = places[i], distance = place - expected;
        unsigned scale = scale_of(distance), below = bits_below(scale);

        if (place < expected) {
            *out->bytes++ = (char)BACK;
            out->aside[out->aside_count++] = expected - place;
            expected = place + 1;
        } else if (i + 1 < count && places[i + 1] >= expected && places[i + 1] < place) {
            *out->bytes++ = (char)ASIDE;
            out->aside[out->aside_count++] = distance;
        } else {
            *out->bytes++ = (char)(MIDDLE + scale - mean);
            columns_bits_put(&out->bits, distance & columns_bits_mask(below), below);
            out->bit_count += below;
            expected = place + 1;
        }
    }
}

void columns_places_pack(struct columns_packer *packer, struct buf *out,
                         const struct columns_places *of, const uint32_t *places, uint64_t *scratch)
{
    uint32_t rows = of->first[of->persons];
    struct buf bytes = {0}, bits = {0};
    struct packing packing = {.aside = scratch};

    if (!buf_reserve(&bytes, rows) || !buf_reserve(&bits, rows * sizeof *places + 8)) {
        out->broken = true;
    } else {
        packing.bytes = bytes.data;
        packing.bits.at = bits.data;
        for (uint32_t i = 0; i < of->persons; i++)
            pack_person(&packing, places + of->first[i], of->first[i + 1] - of->first[i],
                        mean_scale(of, i));
        columns_pack_number(out, packing.aside_count);
        columns_pack(packer, out, scratch, packing.aside_count);
        columns_pack_plane(packer, out, bytes.data, rows);
        columns_pack_number(out, packing.bit_count);
        buf_add_bytes(out, bits.data, columns_bits_bytes(packing.bit_count));
    }
    buf_done(&bytes);
    buf_done(&bits);
}

/* --- Unpacking --- */

struct unpacking {
    const uint8_t *bytes;
    const uint8_t *bits; /* padding follows */
    size_t bit_count;
    size_t bit_at;
    const uint64_t *aside;
    size_t aside_count;
    size_t aside_at;
};

static fallible fail_places(void)
{
    return fail(ERR_CORRUPT, "places of its rows do not fit");
}

/* A byte that is no scale. */
static fallible take_aside(struct unpacking *in, unsigned byte, uint64_t *expected,
                           uint64_t *out_place)
{
    uint64_t distance;

    if (in->aside_at == in->aside_count || byte < ASIDE)
        return fail_places();
    distance = in->aside[in->aside_at++];
    if (distance > UINT32_MAX || (byte == BACK && distance > *expected))
        return fail_places();
    *out_place = byte == BACK ? *expected - distance : *expected + distance;
    if (byte == BACK)
        *expected = *out_place + 1;
    return OK;
}

static fallible unpack_person(struct unpacking *in, uint32_t *out, uint32_t count, uint32_t total,
                              unsigned mean)
{
    uint64_t expected = 0, place;

    for (uint32_t i = 0; i < count; i++) {
        unsigned byte = *in->bytes++, scale = byte + mean - MIDDLE;

        if (byte < ASIDE && scale < SCALES) {
            unsigned below = bits_below(scale);

            place = expected + number_from(scale) +
                    columns_bits_get(in->bits, in->bit_at, columns_bits_mask(below));
            in->bit_at += below;
            expected = place + 1;
        } else {
            TRY(take_aside(in, byte, &expected, &place));
        }
        if (place >= total || in->bit_at > in->bit_count)
            return fail_places();
        out[i] = (uint32_t)place;
    }
    return OK;
}

fallible columns_places_unpack(struct columns_unpacker *from, const struct columns_places *of,
                               uint32_t *out_places, uint64_t *scratch)
{
    uint32_t rows = of->first[of->persons];
    uint64_t aside_count, bit_count;
    struct unpacking in = {.aside = scratch};

    TRY(columns_unpack_number(from, rows, &aside_count));
    TRY(columns_unpack(from, scratch, aside_count));
    TRY(columns_unpack_plane(from, rows, &in.bytes));
    TRY(columns_unpack_number(from, (uint64_t)rows * 32, &bit_count));
    TRY(columns_unpack_raw(from, columns_bits_bytes(bit_count), &in.bits));
    in.aside_count = aside_count;
    in.bit_count = bit_count;
    for (uint32_t i = 0; i < of->persons; i++)
        TRY(unpack_person(&in, out_places + of->first[i], of->first[i + 1] - of->first[i],
                          of->total, mean_scale(of, i)));
    return in.aside_at == in.aside_count && in.bit_at == in.bit_count ? OK : fail_places();
}
