/* pick.c - one row after the other, and, where the processor has AVX-512, up to 64 at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/pick.h"

#include <string.h>

/* On any processor. */

static void find_plain(const uint8_t *bytes, uint32_t rows, const uint8_t table[PICK_KINDS],
                       uint64_t *out_bits)
{
    memset(out_bits, 0, pick_words(rows) * sizeof *out_bits);
    for (uint32_t row = 0; row < rows; row++)
        out_bits[row / 64] |= (uint64_t)(table[bytes[row]] != 0) << row % 64;
}

static void below_plain(const int64_t *items, uint32_t rows, int64_t limit, uint64_t *out_bits)
{
    memset(out_bits, 0, pick_words(rows) * sizeof *out_bits);
    for (uint32_t row = 0; row < rows; row++)
        out_bits[row / 64] |= (uint64_t)(items[row] < limit) << row % 64;
}

/* For each `row` whose bit is set, and the number `count` of those before it. */
#define EACH_ROW(does)                                                                             \
    for (uint32_t word = 0; word < pick_words(rows); word++)                                       \
        for (uint64_t left = bits[word]; left; left &= left - 1) {                                 \
            uint32_t row = word * 64 + (uint32_t)__builtin_ctzll(left);                            \
                                                                                                   \
            does;                                                                                  \
            count++;                                                                               \
        }

static uint32_t longs_plain(const uint64_t *bits, uint32_t rows, const void *items, void *out)
{
    uint32_t count = 0;

    EACH_ROW(((uint64_t *)out)[count] = ((const uint64_t *)items)[row])
    return count;
}

static uint32_t number_of(const struct pick_codes *codes, uint32_t code)
{
    return code ? code + codes->base : 0;
}

static uint32_t codes_plain(const uint64_t *bits, uint32_t rows, const struct pick_codes *codes,
                            uint32_t *out)
{
    uint32_t count = 0;

    if (codes->width == 1)
        EACH_ROW(out[count] = number_of(codes, ((const uint8_t *)codes->items)[row]))
    else if (codes->width == 2)
        EACH_ROW(out[count] = number_of(codes, ((const uint16_t *)codes->items)[row]))
    else
        EACH_ROW(out[count] = number_of(codes, ((const uint32_t *)codes->items)[row]))
    return count;
}

static void periods_plain(const uint16_t *ticks, uint32_t rows, const struct pick_periods *periods,
                          uint8_t *out, uint64_t *out_unsure)
{
    memset(out_unsure, 0, pick_words(rows) * sizeof *out_unsure);
    for (uint32_t row = 0; row < rows; row++) {
        out[row] = periods->of[ticks[row]];
        out_unsure[row / 64] |= (uint64_t)(out[row] == PICK_UNSURE) << row % 64;
    }
}

static void others_plain(const uint8_t *bytes, uint32_t rows, uint8_t byte, uint64_t *out_bits)
{
    memset(out_bits, 0, pick_words(rows) * sizeof *out_bits);
    for (uint32_t row = 0; row < rows; row++)
        out_bits[row / 64] |= (uint64_t)(bytes[row] != byte) << row % 64;
}

static void changes_plain(const uint8_t *bytes, uint32_t rows, uint64_t *out_bits)
{
    memset(out_bits, 0, pick_words(rows) * sizeof *out_bits);
    for (uint32_t row = 0; row < rows; row++)
        out_bits[row / 64] |= (uint64_t)(!row || bytes[row] != bytes[row - 1]) << row % 64;
}

static void blank_plain(const uint8_t *bytes, uint32_t rows, const uint64_t *bits, uint8_t *out)
{
    memcpy(out, bytes, rows);
    for (uint32_t word = 0; word < pick_words(rows); word++)
        for (uint64_t left = bits[word]; left; left &= left - 1)
            out[word * 64 + (uint32_t)__builtin_ctzll(left)] = PICK_BLANK;
}

static const struct pick plain = {
    .find = find_plain,
    .below = below_plain,
    .longs = longs_plain,
    .codes = codes_plain,
    .periods = periods_plain,
    .others = others_plain,
    .changes = changes_plain,
    .blank = blank_plain,
};

const struct pick *pick_plain(void)
{
    return &plain;
}

#ifndef __x86_64__

bool pick_is_possible(void)
{
    return true;
}

const struct pick *pick_best(void)
{
    return &plain;
}

#else

#include <immintrin.h>

/* The address sanitizer's own stack, on which it looks for use after return, is not aligned as wide
 * variables must be (gcc 12); what these functions read and write the plain ones do, too. */
#define AVX512                                                                                     \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,popcnt"), no_sanitize_address))

/* The processor fetches ahead within a page only. */
enum { AHEAD_BYTES = 4096 };

static void fetch_ahead(const void *items)
{
    __builtin_prefetch((const char *)items + AHEAD_BYTES);
}

static uint64_t bits_until(uint32_t rows)
{
    return rows < 64 ? (UINT64_C(1) << rows) - 1 : ~UINT64_C(0);
}

/* A table of 256 bytes lies in four registers; two of them are looked up at once. */
struct quarters {
    __m512i first, second, third, fourth;
};

AVX512 static inline struct quarters load_quarters(const uint8_t table[PICK_KINDS])
{
    return (struct quarters){_mm512_loadu_si512(table), _mm512_loadu_si512(table + 64),
                             _mm512_loadu_si512(table + 128), _mm512_loadu_si512(table + 192)};
}

AVX512 static inline __m512i look_up(const struct quarters *table, __m512i at)
{
    __m512i low = _mm512_permutex2var_epi8(table->first, at, table->second);
    __m512i high = _mm512_permutex2var_epi8(table->third, at, table->fourth);

    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high);
}

AVX512 static void find_avx512(const uint8_t *bytes, uint32_t rows, const uint8_t table[PICK_KINDS],
                               uint64_t *out_bits)
{
    struct quarters quarters = load_quarters(table);

    for (uint32_t row = 0; row < rows; row += 64) {
        __m512i found = look_up(&quarters, _mm512_loadu_si512(bytes + row));

        fetch_ahead(bytes + row);
        out_bits[row / 64] = _mm512_test_epi8_mask(found, found) & bits_until(rows - row);
    }
}

AVX512 static void below_avx512(const int64_t *items, uint32_t rows, int64_t limit,
                                uint64_t *out_bits)
{
    __m512i most = _mm512_set1_epi64(limit);

    for (uint32_t row = 0; row < rows; row += 64) {
        uint32_t end = rows - row < 64 ? rows - row : 64;
        uint64_t found = 0;

        for (uint32_t at = 0; at < end; at += 8) {
            __m512i eight = _mm512_loadu_si512(items + row + at);

            fetch_ahead(items + row + at);
            found |= (uint64_t)_mm512_cmplt_epi64_mask(eight, most) << at;
        }
        out_bits[row / 64] = found & bits_until(end);
    }
}

AVX512 static uint32_t longs_avx512(const uint64_t *bits, uint32_t rows, const void *items,
                                    void *out)
{
    uint32_t count = 0;

    for (uint32_t word = 0; word < pick_words(rows); word++) {
        const uint64_t *at = (const uint64_t *)items + word * (size_t)64;

        for (uint64_t left = bits[word]; left; left >>= 8, at += 8) {
            __m512i eight = _mm512_maskz_compress_epi64((__mmask8)left, _mm512_loadu_si512(at));

            fetch_ahead(at);
            _mm512_storeu_si512((uint64_t *)out + count, eight);
            count += (uint32_t)_mm_popcnt_u32((uint32_t)left & 0xff);
        }
    }
    return count;
}

AVX512 static inline __m512i load_sixteen(const struct pick_codes *codes, size_t row)
{
    if (codes->width == 1)
        return _mm512_cvtepu8_epi32(
            _mm_loadu_si128((const void *)((const uint8_t *)codes->items + row)));
    if (codes->width == 2)
        return _mm512_cvtepu16_epi32(
            _mm256_loadu_si256((const void *)((const uint16_t *)codes->items + row)));
    return _mm512_loadu_si512((const uint32_t *)codes->items + row);
}

AVX512 static uint32_t codes_avx512(const uint64_t *bits, uint32_t rows,
                                    const struct pick_codes *codes, uint32_t *out)
{
    __m512i base = _mm512_set1_epi32((int)codes->base);
    uint32_t count = 0;

    for (uint32_t word = 0; word < pick_words(rows); word++) {
        size_t row = word * (size_t)64;

        for (uint64_t left = bits[word]; left; left >>= 16, row += 16) {
            __m512i sixteen = load_sixteen(codes, row);
            __mmask16 has = _mm512_test_epi32_mask(sixteen, sixteen);

            fetch_ahead((const char *)codes->items + row * codes->width);
            sixteen = _mm512_maskz_add_epi32(has, sixteen, base);
            _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi32((__mmask16)left, sixteen));
            count += (uint32_t)_mm_popcnt_u32((uint32_t)left & 0xffff);
        }
    }
    return count;
}

/* The lower bytes of 64 numbers. */
AVX512 static inline __m512i lower_bytes(__m512i first, __m512i second)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(first)),
                              _mm512_cvtepi16_epi8(second), 1);
}

AVX512 static void coarse_avx512(const uint16_t *ticks, uint32_t rows,
                                 const struct pick_periods *periods, uint8_t *out,
                                 uint64_t *out_unsure)
{
    struct quarters before = load_quarters(periods->before), split = load_quarters(periods->split);
    struct quarters behind = load_quarters(periods->behind);
    __m512i unsure = _mm512_set1_epi8((char)PICK_UNSURE);

    for (uint32_t row = 0; row < rows; row += 64) {
        __m512i first = _mm512_loadu_si512(ticks + row);
        /* Beyond the last row there may not be so many bytes. */
        __m512i second =
            rows - row > 32 ? _mm512_loadu_si512(ticks + row + 32) : _mm512_setzero_si512();
        __m512i fine = lower_bytes(first, second);
        __m512i coarse = lower_bytes(_mm512_srli_epi16(first, 8), _mm512_srli_epi16(second, 8));
        __m512i least = look_up(&before, coarse), most = look_up(&behind, coarse);
        __m512i at = look_up(&split, coarse), found;
        __mmask64 is_at = _mm512_cmpeq_epu8_mask(fine, at);

        fetch_ahead(ticks + row);
        fetch_ahead(ticks + row + 32);
        found = _mm512_mask_blend_epi8(_mm512_cmplt_epu8_mask(fine, at), most, least);
        found =
            _mm512_mask_blend_epi8(_mm512_mask_cmpneq_epu8_mask(is_at, least, most), found, unsure);
        _mm512_storeu_si512(out + row, found);
        out_unsure[row / 64] = _mm512_cmpeq_epu8_mask(found, unsure) & bits_until(rows - row);
    }
}

static void periods_avx512(const uint16_t *ticks, uint32_t rows, const struct pick_periods *periods,
                           uint8_t *out, uint64_t *out_unsure)
{
    if (periods->is_coarse)
        coarse_avx512(ticks, rows, periods, out, out_unsure);
    else
        periods_plain(ticks, rows, periods, out, out_unsure);
}

AVX512 static void others_avx512(const uint8_t *bytes, uint32_t rows, uint8_t byte,
                                 uint64_t *out_bits)
{
    __m512i wanted = _mm512_set1_epi8((char)byte);

    for (uint32_t row = 0; row < rows; row += 64)
        out_bits[row / 64] = _mm512_cmpneq_epu8_mask(_mm512_loadu_si512(bytes + row), wanted) &
                             bits_until(rows - row);
}

AVX512 static void changes_avx512(const uint8_t *bytes, uint32_t rows, uint64_t *out_bits)
{
    for (uint32_t row = 0; row < rows; row += 64) {
        __m512i here = _mm512_loadu_si512(bytes + row);
        /* Nothing may be read ahead of the first. */
        __m512i before = row ? _mm512_loadu_si512(bytes + row - 1)
                             : _mm512_maskz_loadu_epi8(~UINT64_C(1), bytes - 1);

        out_bits[row / 64] = _mm512_cmpneq_epu8_mask(here, before) & bits_until(rows - row);
    }
    if (rows)
        *out_bits |= 1;
}

AVX512 static void blank_avx512(const uint8_t *bytes, uint32_t rows, const uint64_t *bits,
                                uint8_t *out)
{
    __m512i blank = _mm512_set1_epi8((char)PICK_BLANK);

    for (uint32_t row = 0; row < rows; row += 64)
        _mm512_storeu_si512(out + row, _mm512_mask_blend_epi8(
                                           bits[row / 64], _mm512_loadu_si512(bytes + row), blank));
}

static const struct pick avx512 = {
    .find = find_avx512,
    .below = below_avx512,
    .longs = longs_avx512,
    .codes = codes_avx512,
    .periods = periods_avx512,
    .others = others_avx512,
    .changes = changes_avx512,
    .blank = blank_avx512,
};

bool pick_is_possible(void)
{
    return __builtin_cpu_supports("popcnt");
}

const struct pick *pick_best(void)
{
    bool has_all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");

    return has_all ? &avx512 : &plain;
}

#endif
