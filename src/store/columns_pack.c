/* columns_pack.c - arrays of whole numbers: constant, packed bits, planes of bytes, or lengths with
 * bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * array:  coding (1), bits (1), count, base, then unless constant: bytes that follow, these.
 *         Values are base + what is packed; counts and sizes are written seven bits a byte.
 * plane:  form (1), size, bytes; one byte a value, of a value's lowest byte first.
 * lengths: a plane with the bit length of each value, then the bits below the highest one.
 */
#include "store/columns_pack.h"

#include "base/mem.h"
#include "store/columns_bits.h"

#include <string.h>

enum {
    LEVEL = 1,
    SINK_ROOM = 8,     /* that bits are written beyond their end */
    LEAST_LENGTHS = 6, /* bits from which lengths are tried */
    SAMPLE = 1 << 13,  /* values that tell the coding of all */
};

enum coding { CODING_CONSTANT, CODING_BITS, CODING_BITS_ZSTD, CODING_PLANES, CODING_LENGTHS };
enum form { FORM_RAW, FORM_CONSTANT, FORM_ZSTD };

/* --- Packing --- */

fallible columns_packer_init(struct columns_packer *packer)
{
    *packer = (struct columns_packer){.zstd = ZSTD_createCCtx()};
    return packer->zstd ? OK : mem_exhausted();
}

void columns_packer_done(struct columns_packer *packer)
{
    ZSTD_freeCCtx(packer->zstd);
    buf_done(&packer->raw);
    buf_done(&packer->trial);
    buf_done(&packer->best);
    packer->zstd = NULL;
}

void columns_pack_number(struct buf *out, uint64_t number)
{
    while (number >= 0x80) {
        buf_add_byte(out, (char)(number | 0x80));
        number >>= 7;
    }
    buf_add_byte(out, (char)number);
}

/* Appends the compressed bytes; false and nothing added where that does not pay. */
static bool add_zstd(struct columns_packer *packer, struct buf *out, const char *bytes, size_t len)
{
    size_t got;

    if (!buf_reserve(out, ZSTD_compressBound(len))) {
        out->broken = true;
        return false;
    }
    got = ZSTD_compressCCtx(packer->zstd, out->data + out->len, out->room - out->len, bytes, len,
                            LEVEL);
    if (ZSTD_isError(got) || got + got / 32 + 4 >= len)
        return false;
    out->len += got;
    return true;
}

static bool is_constant(const char *bytes, size_t len)
{
    return len < 2 || memcmp(bytes, bytes + 1, len - 1) == 0;
}

static void add_plane(struct columns_packer *packer, struct buf *out, const char *bytes, size_t len)
{
    struct buf *best = &packer->best;

    if (is_constant(bytes, len)) {
        buf_add_byte(out, FORM_CONSTANT);
        buf_add_byte(out, len ? bytes[0] : 0);
        return;
    }
    buf_clear(best);
    if (add_zstd(packer, best, bytes, len)) {
        buf_add_byte(out, FORM_ZSTD);
        columns_pack_number(out, best->len);
        buf_add_bytes(out, best->data, best->len);
    } else {
        buf_add_byte(out, FORM_RAW);
        buf_add_bytes(out, bytes, len);
    }
    out->broken = out->broken || best->broken;
}

/* An array to be packed, what its values have in common taken off. */
struct source {
    const uint64_t *values;
    size_t count;
    uint64_t base;
    unsigned bits;
};

static void fill_bits(const struct source *in, char *out)
{
    struct columns_bits sink = {.at = out};

    for (size_t i = 0; i < in->count; i++)
        columns_bits_put(&sink, in->values[i] - in->base, in->bits);
}

static void add_planes(struct columns_packer *packer, const struct source *in)
{
    struct buf *raw = &packer->raw;

    for (unsigned shift = 0; shift < in->bits; shift += 8) {
        for (size_t i = 0; i < in->count; i++)
            raw->data[i] = (char)((in->values[i] - in->base) >> shift);
        add_plane(packer, &packer->trial, raw->data, in->count);
    }
}

static void add_lengths(struct columns_packer *packer, const struct source *in)
{
    struct buf *trial = &packer->trial;
    struct columns_bits sink;
    size_t bits = 0;

    for (size_t i = 0; i < in->count; i++) {
        unsigned length = columns_bits_length(in->values[i] - in->base);

        packer->raw.data[i] = (char)length;
        bits += length ? length - 1 : 0;
    }
    add_plane(packer, trial, packer->raw.data, in->count);
    if (!buf_reserve(trial, columns_bits_bytes(bits) + SINK_ROOM)) {
        trial->broken = true;
        return;
    }
    sink = (struct columns_bits){.at = trial->data + trial->len};
    for (size_t i = 0; i < in->count; i++) {
        uint64_t value = in->values[i] - in->base;
        unsigned length = columns_bits_length(value);

        if (length > 1)
            columns_bits_put(&sink, value & (columns_bits_mask(length - 1)), length - 1);
    }
    trial->len += columns_bits_bytes(bits);
}

static void add_head(struct buf *out, enum coding coding, const struct source *in)
{
    buf_add_byte(out, (char)coding);
    buf_add_byte(out, (char)in->bits);
    columns_pack_number(out, in->count);
    columns_pack_number(out, in->base);
}

static struct source source_of(const uint64_t *values, size_t count)
{
    struct source in = {.values = values, .count = count};
    uint64_t most = count ? values[0] : 0;

    in.base = most;
    for (size_t i = 1; i < count; i++) {
        in.base = values[i] < in.base ? values[i] : in.base;
        most = values[i] > most ? values[i] : most;
    }
    in.bits = columns_bits_length(most - in.base);
    return in;
}

static bool can_be(enum coding coding, unsigned bits)
{
    switch (coding) {
    case CODING_CONSTANT:
        return bits == 0;
    case CODING_BITS:
        return bits <= COLUMNS_MOST_BITS;
    case CODING_BITS_ZSTD:
        return bits < 8;
    case CODING_PLANES:
        return bits > 0;
    case CODING_LENGTHS:
        return bits >= LEAST_LENGTHS && bits <= COLUMNS_MOST_BITS;
    }
    return false;
}

/* Makes packer->trial the packed values; false where that does not pay. */
static bool encode(struct columns_packer *packer, const struct source *in, enum coding coding)
{
    struct buf *trial = &packer->trial, *raw = &packer->raw;
    size_t packed = columns_bits_bytes(in->bits * in->count);

    buf_clear(trial);
    buf_clear(raw);
    if (!buf_reserve(raw, (packed > in->count ? packed : in->count) + SINK_ROOM)) {
        trial->broken = true;
        return true;
    }
    switch (coding) {
    case CODING_CONSTANT:
        break;
    case CODING_BITS:
        fill_bits(in, raw->data);
        buf_add_bytes(trial, raw->data, packed);
        break;
    case CODING_BITS_ZSTD:
        fill_bits(in, raw->data);
        return add_zstd(packer, trial, raw->data, packed);
    case CODING_PLANES:
        add_planes(packer, in);
        break;
    case CODING_LENGTHS:
        add_lengths(packer, in);
        break;
    }
    return true;
}

/* What packs a piece from the middle best; what is easier to unpack, if the gain is small. */
static enum coding choose(struct columns_packer *packer, const struct source *in)
{
    struct source sample = *in;
    enum coding best = can_be(CODING_BITS, in->bits) ? CODING_BITS : CODING_PLANES;
    size_t least = SIZE_MAX;

    if (sample.count > SAMPLE) {
        sample.values += (sample.count - SAMPLE) / 2;
        sample.count = SAMPLE;
    }
    for (enum coding coding = CODING_BITS; coding <= CODING_LENGTHS; coding++)
        if (can_be(coding, in->bits) && encode(packer, &sample, coding) &&
            (least == SIZE_MAX || packer->trial.len + packer->trial.len / 32 < least)) {
            least = packer->trial.len;
            best = coding;
        }
    return best;
}

static void pack_as(struct columns_packer *packer, struct buf *out, const struct source *in,
                    enum coding coding)
{
    size_t plain = columns_bits_bytes(in->bits * in->count);

    if (coding == CODING_CONSTANT) {
        add_head(out, coding, in);
        return;
    }
    /* The rest may be unlike its sample. */
    if ((!encode(packer, in, coding) || packer->trial.len > plain) &&
        can_be(CODING_BITS, in->bits)) {
        coding = CODING_BITS;
        encode(packer, in, coding);
    }
    add_head(out, coding, in);
    columns_pack_number(out, packer->trial.len);
    buf_add(out, buf_str(&packer->trial));
    out->broken = out->broken || buf_is_broken(&packer->trial);
}

void columns_pack_plain(struct columns_packer *packer, struct buf *out, const uint64_t *values,
                        size_t count)
{
    struct source in = source_of(values, count);

    pack_as(packer, out, &in,
            !in.bits                       ? CODING_CONSTANT
            : can_be(CODING_BITS, in.bits) ? CODING_BITS
                                           : CODING_PLANES);
}

void columns_pack(struct columns_packer *packer, struct buf *out, const uint64_t *values,
                  size_t count)
{
    struct source in = source_of(values, count);

    pack_as(packer, out, &in, in.bits ? choose(packer, &in) : CODING_CONSTANT);
}

void columns_pack_bytes(struct columns_packer *packer, struct buf *out, const void *bytes,
                        size_t len)
{
    columns_pack_number(out, len);
    if (len)
        add_plane(packer, out, bytes, len);
}

void columns_pack_plane(struct columns_packer *packer, struct buf *out, const void *bytes,
                        size_t len)
{
    add_plane(packer, out, bytes, len);
}

/* --- Unpacking --- */

static fallible fail_short(void)
{
    return fail(ERR_CORRUPT, "an array ends too early");
}

fallible columns_unpacker_init(struct columns_unpacker *in)
{
    *in = (struct columns_unpacker){.zstd = ZSTD_createDCtx()};
    return in->zstd ? OK : mem_exhausted();
}

void columns_unpacker_done(struct columns_unpacker *in)
{
    ZSTD_freeDCtx(in->zstd);
    buf_done(&in->scratch);
    in->zstd = NULL;
}

static size_t left(const struct columns_unpacker *in)
{
    return (size_t)(in->end - in->at);
}

fallible columns_unpack_number(struct columns_unpacker *in, uint64_t most, uint64_t *out_number)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (in->at == in->end)
            return fail_short();
        byte = *in->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (number > most)
            return fail(ERR_CORRUPT, "a number is too large");
        *out_number = number;
        return OK;
    }
    return fail(ERR_CORRUPT, "a number does not end");
}

static fallible take_bytes(struct columns_unpacker *in, size_t len, const uint8_t **out_bytes)
{
    if (len > left(in))
        return fail_short();
    *out_bytes = in->at;
    in->at += len;
    return OK;
}

static fallible inflate(struct columns_unpacker *in, const uint8_t *bytes, size_t len, void *out,
                        size_t want)
{
    size_t got = ZSTD_decompressDCtx(in->zstd, out, want, bytes, len);

    if (ZSTD_isError(got) || got != want)
        return fail(ERR_CORRUPT, "an array does not unpack");
    return OK;
}

static fallible reserve_scratch(struct columns_unpacker *in, size_t len)
{
    buf_clear(&in->scratch);
    return buf_reserve(&in->scratch, len + COLUMNS_PADDING) ? OK : mem_exhausted();
}

/* The plane's bytes where they stand, or in the scratch. */
static fallible take_plane(struct columns_unpacker *in, size_t count, const uint8_t **out_bytes)
{
    const uint8_t *bytes;
    uint64_t len;

    TRY(take_bytes(in, 1, &bytes));
    switch (*bytes) {
    case FORM_RAW:
        return take_bytes(in, count, out_bytes);
    case FORM_CONSTANT:
        TRY(take_bytes(in, 1, &bytes));
        TRY(reserve_scratch(in, count));
        memset(in->scratch.data, *bytes, count);
        break;
    case FORM_ZSTD:
        TRY(columns_unpack_number(in, left(in), &len));
        TRY(take_bytes(in, len, &bytes));
        TRY(reserve_scratch(in, count));
        TRY(inflate(in, bytes, len, in->scratch.data, count));
        break;
    default:
        return fail(ERR_CORRUPT, "an array has an unknown form");
    }
    *out_bytes = (const uint8_t *)in->scratch.data;
    return OK;
}

fallible columns_unpack_plane(struct columns_unpacker *in, size_t len, const uint8_t **out_bytes)
{
    return take_plane(in, len, out_bytes);
}

fallible columns_unpack_raw(struct columns_unpacker *in, size_t len, const uint8_t **out_bytes)
{
    return take_bytes(in, len, out_bytes);
}

static void spread_bits(const uint8_t *bytes, unsigned bits, uint64_t base, uint64_t *out,
                        size_t count)
{
    uint64_t mask = columns_bits_mask(bits);
    size_t at = 0;

    for (size_t i = 0; i < count; i++, at += bits)
        out[i] = base + columns_bits_get(bytes, at, mask);
}

static fallible unpack_planes(struct columns_unpacker *in, unsigned bits, uint64_t base,
                              uint64_t *out, size_t count)
{
    const uint8_t *plane;

    TRY(take_plane(in, count, &plane));
    for (size_t i = 0; i < count; i++)
        out[i] = base + plane[i];
    for (unsigned shift = 8; shift < bits; shift += 8) {
        TRY(take_plane(in, count, &plane));
        for (size_t i = 0; i < count; i++)
            out[i] += (uint64_t)plane[i] << shift;
    }
    return OK;
}

/* Bit lengths, and how many bits stand below them. */
static fallible take_lengths(struct columns_unpacker *in, size_t count, unsigned bits,
                             const uint8_t **out_lengths, size_t *out_total)
{
    const uint8_t *lengths;
    size_t total = 0;
    uint8_t most = 0;

    TRY(take_plane(in, count, &lengths));
    for (size_t i = 0; i < count; i++) {
        most = lengths[i] > most ? lengths[i] : most;
        total += lengths[i];
        total -= lengths[i] > 0;
    }
    if (most > bits)
        return fail(ERR_CORRUPT, "an array has an impossible width");
    *out_lengths = lengths;
    *out_total = total;
    return OK;
}

static fallible unpack_lengths(struct columns_unpacker *in, unsigned bits, uint64_t base,
                               uint64_t *out, size_t count)
{
    const uint8_t *lengths, *bytes;
    size_t total, at = 0;

    TRY(take_lengths(in, count, bits, &lengths, &total));
    TRY(take_bytes(in, columns_bits_bytes(total), &bytes));
    for (size_t i = 0; i < count; i++) {
        unsigned low = lengths[i] ? lengths[i] - 1u : 0;
        uint64_t top = (uint64_t)(lengths[i] > 0) << low;

        out[i] = base + (top | columns_bits_get(bytes, at, columns_bits_mask(low)));
        at += low;
    }
    return OK;
}

static fallible unpack_coded(struct columns_unpacker *in, enum coding coding, unsigned bits,
                             uint64_t base, uint64_t *out, size_t count)
{
    size_t packed = columns_bits_bytes(bits * count);
    const uint8_t *bytes;

    if (!bits || bits > 64 || ((coding != CODING_PLANES) && bits > COLUMNS_MOST_BITS))
        return fail(ERR_CORRUPT, "an array has an impossible width");
    switch (coding) {
    case CODING_BITS:
        TRY(take_bytes(in, packed, &bytes));
        spread_bits(bytes, bits, base, out, count);
        return OK;
    case CODING_BITS_ZSTD:
        TRY(reserve_scratch(in, packed));
        TRY(inflate(in, in->at, left(in), in->scratch.data, packed));
        in->at = in->end;
        spread_bits((const uint8_t *)in->scratch.data, bits, base, out, count);
        return OK;
    case CODING_PLANES:
        return unpack_planes(in, bits, base, out, count);
    case CODING_LENGTHS:
        return unpack_lengths(in, bits, base, out, count);
    case CODING_CONSTANT:
        break;
    }
    return fail(ERR_CORRUPT, "an array has an unknown coding");
}

/* What an array says of itself. */
struct array_head {
    enum coding coding;
    unsigned bits;
    uint64_t base;
    uint64_t bytes; /* that follow */
};

static fallible take_head(struct columns_unpacker *in, size_t count, struct array_head *out_head)
{
    struct array_head head = {0};
    const uint8_t *bytes;
    uint64_t have;

    TRY(take_bytes(in, 2, &bytes));
    head.coding = bytes[0];
    head.bits = bytes[1];
    TRY(columns_unpack_number(in, UINT32_MAX, &have));
    TRY(columns_unpack_number(in, UINT64_MAX, &head.base));
    if (have != count)
        return fail(ERR_CORRUPT, "an array has another length");
    if (head.coding != CODING_CONSTANT)
        TRY(columns_unpack_number(in, left(in), &head.bytes));
    *out_head = head;
    return OK;
}

fallible columns_unpack(struct columns_unpacker *in, uint64_t *out, size_t count)
{
    const uint8_t *end = in->end;
    struct array_head head;
    enum err err;

    TRY(take_head(in, count, &head));
    if (head.coding == CODING_CONSTANT) {
        for (size_t i = 0; i < count; i++)
            out[i] = head.base;
        return OK;
    }
    in->end =
        in->at + head.bytes; /* loads may go beyond: more of the block or its padding follow */
    err = unpack_coded(in, head.coding, head.bits, head.base, out, count);
    if (!err)
        err = columns_unpack_end(in);
    in->end = end;
    return err;
}

/* --- Straight into small items --- */

/* Where the items of an array go. */
struct small {
    uint8_t width;
    void *out;
    size_t count;
};

static inline void put_small(const struct small *to, size_t at, uint64_t item)
{
    if (to->width == 1)
        ((uint8_t *)to->out)[at] = (uint8_t)item;
    else if (to->width == 2)
        ((uint16_t *)to->out)[at] = (uint16_t)item;
    else
        ((uint32_t *)to->out)[at] = (uint32_t)item;
}

static void spread_small_bits(const struct small *to, const uint8_t *bytes, unsigned bits)
{
    uint64_t mask = columns_bits_mask(bits);
    size_t at = 0;

    if (bits == 8 && to->width == 1) {
        memcpy(to->out, bytes, to->count);
        return;
    }
    for (size_t i = 0; to->width == 1 && i < to->count; i++, at += bits)
        ((uint8_t *)to->out)[i] = (uint8_t)columns_bits_get(bytes, at, mask);
    for (size_t i = 0; to->width == 2 && i < to->count; i++, at += bits)
        ((uint16_t *)to->out)[i] = (uint16_t)columns_bits_get(bytes, at, mask);
    for (size_t i = 0; to->width == 4 && i < to->count; i++, at += bits)
        ((uint32_t *)to->out)[i] = (uint32_t)columns_bits_get(bytes, at, mask);
}

static fallible unpack_small_planes(struct columns_unpacker *in, const struct small *to,
                                    unsigned bits)
{
    const uint8_t *plane;

    TRY(take_plane(in, to->count, &plane));
    for (size_t i = 0; to->width == 1 && i < to->count; i++)
        ((uint8_t *)to->out)[i] = plane[i];
    for (size_t i = 0; to->width == 2 && i < to->count; i++)
        ((uint16_t *)to->out)[i] = plane[i];
    for (size_t i = 0; to->width == 4 && i < to->count; i++)
        ((uint32_t *)to->out)[i] = plane[i];
    for (unsigned shift = 8; shift < bits; shift += 8) {
        TRY(take_plane(in, to->count, &plane));
        for (size_t i = 0; to->width == 2 && i < to->count; i++)
            ((uint16_t *)to->out)[i] |= (uint16_t)(plane[i] << 8);
        for (size_t i = 0; to->width == 4 && i < to->count; i++)
            ((uint32_t *)to->out)[i] |= (uint32_t)plane[i] << shift;
    }
    return OK;
}

static fallible unpack_small_lengths(struct columns_unpacker *in, const struct small *to,
                                     unsigned bits)
{
    const uint8_t *lengths, *bytes;
    size_t total, at = 0;

    TRY(take_lengths(in, to->count, bits, &lengths, &total));
    TRY(take_bytes(in, columns_bits_bytes(total), &bytes));
    for (size_t i = 0; i < to->count; i++) {
        unsigned low = lengths[i] ? lengths[i] - 1u : 0;

        put_small(to, i,
                  (uint64_t)(lengths[i] > 0) << low |
                      columns_bits_get(bytes, at, columns_bits_mask(low)));
        at += low;
    }
    return OK;
}

static fallible unpack_small(struct columns_unpacker *in, enum coding coding, unsigned bits,
                             const struct small *to)
{
    size_t packed = columns_bits_bytes(bits * to->count);
    const uint8_t *bytes;

    if (!bits || bits > 8u * to->width)
        return fail(ERR_CORRUPT, "an array has an impossible width");
    switch (coding) {
    case CODING_BITS:
        TRY(take_bytes(in, packed, &bytes));
        spread_small_bits(to, bytes, bits);
        return OK;
    case CODING_BITS_ZSTD:
        TRY(reserve_scratch(in, packed));
        TRY(inflate(in, in->at, left(in), in->scratch.data, packed));
        in->at = in->end;
        spread_small_bits(to, (const uint8_t *)in->scratch.data, bits);
        return OK;
    case CODING_PLANES:
        return unpack_small_planes(in, to, bits);
    case CODING_LENGTHS:
        return unpack_small_lengths(in, to, bits);
    case CODING_CONSTANT:
        break;
    }
    return fail(ERR_CORRUPT, "an array has an unknown coding");
}

static uint32_t most_of(const struct small *in)
{
    uint8_t most1 = 0;
    uint16_t most2 = 0;
    uint32_t most4 = 0;

    for (size_t i = 0; in->width == 1 && i < in->count; i++)
        most1 = ((uint8_t *)in->out)[i] > most1 ? ((uint8_t *)in->out)[i] : most1;
    for (size_t i = 0; in->width == 2 && i < in->count; i++)
        most2 = ((uint16_t *)in->out)[i] > most2 ? ((uint16_t *)in->out)[i] : most2;
    for (size_t i = 0; in->width == 4 && i < in->count; i++)
        most4 = ((uint32_t *)in->out)[i] > most4 ? ((uint32_t *)in->out)[i] : most4;
    return most1 | most2 | most4;
}

static void raise(const struct small *to, uint64_t by)
{
    for (size_t i = 0; by && to->width == 1 && i < to->count; i++)
        ((uint8_t *)to->out)[i] += (uint8_t)by;
    for (size_t i = 0; by && to->width == 2 && i < to->count; i++)
        ((uint16_t *)to->out)[i] += (uint16_t)by;
    for (size_t i = 0; by && to->width == 4 && i < to->count; i++)
        ((uint32_t *)to->out)[i] += (uint32_t)by;
}

fallible columns_unpack_codes(struct columns_unpacker *in, const struct columns_codes *codes,
                              void *out, size_t count)
{
    const struct small to = {codes->width, out, count};
    struct array_head head;
    const uint8_t *end = in->end;
    uint64_t most = 0;

    TRY(take_head(in, count, &head));
    if (head.coding == CODING_CONSTANT) {
        memset(out, 0, count * codes->width);
    } else {
        enum err err;

        in->end = in->at + head.bytes;
        err = unpack_small(in, head.coding, head.bits, &to);
        if (!err)
            err = columns_unpack_end(in);
        in->end = end;
        TRY(err);
        most = most_of(&to);
    }
    if (count && (head.base >= codes->end || most >= codes->end - head.base))
        return fail(ERR_CORRUPT, "a code has no value");
    raise(&to, head.base + codes->plus);
    return OK;
}

fallible columns_unpack_bytes(struct columns_unpacker *in, size_t most, char **out_bytes,
                              size_t *out_len)
{
    const uint8_t *bytes;
    uint64_t len;
    char *copy;

    TRY(columns_unpack_number(in, most, &len));
    copy = NULL;
    if (len)
        TRY(take_plane(in, len, &bytes));
    copy = mem_grow(NULL, len + COLUMNS_PADDING);
    if (!copy)
        return mem_exhausted();
    if (len)
        memcpy(copy, bytes, len);
    memset(copy + len, 0, COLUMNS_PADDING);
    *out_bytes = copy;
    *out_len = len;
    return OK;
}

fallible columns_unpack_end(const struct columns_unpacker *in)
{
    return in->at == in->end ? OK : fail(ERR_CORRUPT, "more bytes than were expected");
}
