/* parquet_page.c - a column's rows as the bytes of a page: levels, then values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"
#include "base/mem.h"
#include "proto/parquet_int.h"

#include <string.h>

enum { SLOTS = 2 * PARQUET_DICTIONARY_MOST, FEWEST_EQUAL = 8, PATIENCE = 8192 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "integers are copied as they are");

static void add_varint(struct buf *out, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        buf_add_byte(out, (char)(0x80 | (number & 0x7f)));
    buf_add_byte(out, (char)number);
}

/* Levels: bits in runs, either packed eight a byte or one value and how often it comes. */

static unsigned char level_byte(const struct parquet_chunk *chunk, uint64_t at)
{
    return at < chunk->levels.len ? (unsigned char)chunk->levels.data[at] : 0;
}

/* Bytes from `at` on that are all like the first, which is all zeros or all ones. */
static uint64_t equal_bytes(const struct parquet_chunk *chunk, uint64_t at, uint64_t end)
{
    unsigned char first = level_byte(chunk, at);
    uint64_t to = at;

    if (first != 0 && first != 0xff)
        return 0;
    if (first == 0 && at >= chunk->levels.len)
        return end - at;
    while (to < end && level_byte(chunk, to) == first)
        to++;
    return to - at;
}

static void add_levels(struct buf *out, const struct parquet_chunk *chunk, uint64_t rows)
{
    uint64_t end = rows / 8, at = 0; /* whole bytes; the rest is one packed group */

    while (at < end) {
        uint64_t equal = equal_bytes(chunk, at, end), from = at;

        if (equal >= FEWEST_EQUAL || equal == end - at) {
            add_varint(out, (equal * 8) << 1);
            buf_add_byte(out, level_byte(chunk, at) ? 1 : 0);
            at += equal;
            continue;
        }
        while (at < end && (equal = equal_bytes(chunk, at, end)) < FEWEST_EQUAL)
            at += equal ? equal : 1;
        add_varint(out, (at - from) << 1 | 1);
        for (; from < at; from++)
            buf_add_byte(out, (char)level_byte(chunk, from));
    }
    if (rows % 8) {
        add_varint(out, 1 << 1 | 1);
        buf_add_byte(out, (char)level_byte(chunk, end));
    }
}

static void put_u32(struct buf *out, size_t place, size_t number)
{
    uint32_t small = (uint32_t)number;

    if (!out->broken)
        memcpy(out->data + place, &small, sizeof small);
}

static void add_level_part(struct buf *out, const struct parquet_chunk *chunk, uint64_t rows)
{
    size_t place = out->len;

    buf_add_bytes(out, &(uint32_t){0}, sizeof(uint32_t));
    add_levels(out, chunk, rows);
    put_u32(out, place, out->len - place - sizeof(uint32_t));
}

/* Dictionaries. */

static str text_at(const struct buf *values, size_t place)
{
    uint32_t len;

    memcpy(&len, values->data + place, sizeof len);
    return str_from(values->data + place + sizeof len, len);
}

static fallible make_room(struct parquet_scratch *scratch, uint64_t count)
{
    if (!scratch->slots)
        scratch->slots = mem_alloc(SLOTS * sizeof *scratch->slots);
    if (!scratch->entries)
        scratch->entries = mem_alloc(PARQUET_DICTIONARY_MOST * sizeof *scratch->entries);
    if (!scratch->slots || !scratch->entries)
        return mem_exhausted();
    if (count > scratch->index_room) {
        uint16_t *grown = mem_grow(scratch->indexes, count * sizeof *grown);

        if (!grown)
            return mem_exhausted();
        scratch->indexes = grown;
        scratch->index_room = count;
    }
    memset(scratch->slots, 0, SLOTS * sizeof *scratch->slots);
    return OK;
}

/* The number of the text in the dictionary, a new one if need be; no more than there is room for:
 * then PARQUET_DICTIONARY_MOST. */
static uint32_t number_of(struct parquet_scratch *scratch, const struct buf *values, size_t place,
                          uint32_t *count)
{
    str text = text_at(values, place);
    size_t slot = hash_checksum(text.data, text.len) % SLOTS;
    uint32_t *entry;

    for (; *(entry = &scratch->slots[slot]); slot = (slot + 1) % SLOTS)
        if (str_equals(text_at(values, scratch->entries[*entry - 1]), text))
            return *entry - 1;
    if (*count == PARQUET_DICTIONARY_MOST)
        return PARQUET_DICTIONARY_MOST;
    scratch->entries[*count] = (uint32_t)place;
    *entry = ++*count;
    return *count - 1;
}

/* *out_texts stays 0 where a dictionary would not pay. */
static fallible number_texts(const struct parquet_chunk *chunk, struct parquet_scratch *scratch,
                             uint32_t *out_texts)
{
    size_t place = 0;
    uint32_t count = 0;

    TRY(make_room(scratch, chunk->filled));
    for (uint64_t i = 0; i < chunk->filled; i++) {
        uint32_t number = number_of(scratch, &chunk->values, place, &count);

        if (number == PARQUET_DICTIONARY_MOST || count > PATIENCE + i / 2)
            return OK;
        scratch->indexes[i] = (uint16_t)number;
        place += sizeof(uint32_t) + text_at(&chunk->values, place).len;
    }
    if (count <= chunk->filled / 2)
        *out_texts = count;
    return OK;
}

static void add_dictionary(struct parquet_scratch *scratch, const struct buf *values,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        str text = text_at(values, scratch->entries[i]);

        buf_add_bytes(&scratch->dictionary, text.data - sizeof(uint32_t),
                      text.len + sizeof(uint32_t));
    }
}

/* All in one packed run: eight indexes take `width` bytes. */
static void add_indexes(struct buf *out, const uint16_t *indexes, uint64_t count, uint32_t texts)
{
    uint64_t groups = (count + 7) / 8, held = 0;
    unsigned width = 0, bits = 0;

    while (width < 16 && (texts - 1) >> width)
        width++;
    buf_add_byte(out, (char)width);
    add_varint(out, groups << 1 | 1);
    for (uint64_t i = 0; i < groups * 8; i++) {
        held |= (uint64_t)(i < count ? indexes[i] : 0) << bits;
        for (bits += width; bits >= 8; bits -= 8, held >>= 8)
            buf_add_byte(out, (char)(held & 0xff));
    }
}

/* Values. */

static void add_booleans(struct buf *out, const struct buf *values)
{
    for (size_t i = 0; i < values->len; i += 8) {
        unsigned byte = 0;

        for (size_t bit = 0; bit < 8 && i + bit < values->len; bit++)
            byte |= (unsigned)(values->data[i + bit] != 0) << bit;
        buf_add_byte(out, (char)byte);
    }
}

fallible parquet_page_encode(const struct parquet_column *column, const struct parquet_chunk *chunk,
                             uint64_t rows, struct parquet_scratch *scratch, uint32_t *out_texts)
{
    struct buf *page = &scratch->page;
    uint32_t texts = 0;

    buf_clear(page);
    buf_clear(&scratch->dictionary);
    if (!column->is_required)
        add_level_part(page, chunk, rows);
    if (column->type == PARQUET_TEXT)
        TRY(number_texts(chunk, scratch, &texts));
    if (texts) {
        add_dictionary(scratch, &chunk->values, texts);
        add_indexes(page, scratch->indexes, chunk->filled, texts);
    } else if (column->type == PARQUET_BOOLEAN) {
        add_booleans(page, &chunk->values);
    } else {
        buf_add(page, buf_str(&chunk->values));
    }
    if (buf_is_broken(page) || buf_is_broken(&scratch->dictionary))
        return mem_exhausted();
    *out_texts = texts;
    return OK;
}

void parquet_page_done(struct parquet_scratch *scratch)
{
    buf_done(&scratch->page);
    buf_done(&scratch->dictionary);
    mem_free(scratch->slots);
    mem_free(scratch->entries);
    mem_free(scratch->indexes);
}
