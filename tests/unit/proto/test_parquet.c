/* test_parquet.c - pages read back bit by bit; the frame of the file; what a decimal column takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/parquet.h"
#include "base/random.h"
#include "proto/parquet_int.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

/* Reads what the format calls the hybrid of runs and packed groups. */
static uint64_t read_varint(const unsigned char **at)
{
    uint64_t number = 0;

    for (int shift = 0;; shift += 7) {
        unsigned char byte = *(*at)++;

        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
}

static size_t read_hybrid(const unsigned char *at, const unsigned char *end, unsigned width,
                          uint32_t *out, size_t room)
{
    size_t count = 0;

    while (at < end && count < room) {
        uint64_t head = read_varint(&at);
        uint64_t values = head & 1 ? (head >> 1) * 8 : head >> 1;
        uint64_t bit = 0;

        for (uint64_t i = 0; i < values; i++, bit += width) {
            uint32_t value = 0;

            if (!(head & 1))
                value = width ? *at : 0;
            else
                for (unsigned b = 0; b < width; b++)
                    value |= (uint32_t)(at[(bit + b) / 8] >> (bit + b) % 8 & 1) << b;
            if (count < room)
                out[count++] = value;
        }
        at += head & 1 ? (size_t)(values * width / 8) : (width + 7) / 8;
    }
    return at <= end ? count : SIZE_MAX;
}

static void fill_levels(struct parquet_chunk *chunk, const bool *has, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        if (!has[i])
            continue;
        while (chunk->levels.len <= i / 8)
            buf_add_byte(&chunk->levels, 0);
        chunk->levels.data[i / 8] = (char)(chunk->levels.data[i / 8] | 1 << i % 8);
        chunk->filled++;
        buf_add_byte(&chunk->values, 1);
    }
}

/* Rows with and without a value, in stretches of about `stretch`. */
static void check_levels(random_state *random, size_t rows, uint64_t stretch)
{
    struct parquet_column column = {.type = PARQUET_BOOLEAN};
    struct parquet_scratch scratch = {0};
    struct parquet_chunk chunk = {0};
    bool *has = arena_array(test_mem, rows + 1, sizeof *has);
    uint32_t *levels = arena_array(test_mem, rows + 1, sizeof *levels);
    uint32_t texts, len;

    for (size_t i = 0; i < rows; i++)
        has[i] = i && random_below(random, stretch) ? has[i - 1] : random_below(random, 2) == 1;
    fill_levels(&chunk, has, rows);
    CHECK_OK(parquet_page_encode(&column, &chunk, rows, &scratch, &texts));
    memcpy(&len, scratch.page.data, sizeof len);
    CHECK_INT(scratch.page.len, sizeof len + len + (chunk.filled + 7) / 8);
    CHECK_INT(read_hybrid((const unsigned char *)scratch.page.data + sizeof len,
                          (const unsigned char *)scratch.page.data + sizeof len + len, 1, levels,
                          rows),
              rows);
    for (size_t i = 0; i < rows; i++)
        CHECK_INT(levels[i], has[i]);
    parquet_page_done(&scratch);
    buf_done(&chunk.levels);
    buf_done(&chunk.values);
}

TEST(parquet_says_exactly_which_rows_have_a_value)
{
    static const size_t rows[] = {1, 7, 8, 9, 63, 64, 65, 200, 1000, 5000};
    static const uint64_t stretches[] = {1, 2, 9, 100, 1000};
    random_state random = {.at = 7};

    EACH_CASE(count, rows)
    EACH_CASE(stretch, stretches)
    check_levels(&random, *count, *stretch);
}

static str text_of(char *room, size_t number)
{
    return str_from(room, (size_t)snprintf(room, 32, "text %zu", number));
}

static void add_text(struct parquet_chunk *chunk, str text)
{
    uint32_t len = (uint32_t)text.len;

    buf_add_bytes(&chunk->values, &len, sizeof len);
    buf_add(&chunk->values, text);
    chunk->filled++;
}

static str next_text(str *rest)
{
    uint32_t len;
    str text;

    memcpy(&len, rest->data, sizeof len);
    text = str_from(rest->data + sizeof len, len);
    *rest = str_slice(*rest, sizeof len + len, rest->len);
    return text;
}

static void check_dictionary(size_t count, size_t distinct)
{
    struct parquet_column column = {.type = PARQUET_TEXT, .is_required = true};
    uint32_t *indexes = arena_array(test_mem, count, sizeof *indexes);
    str *found = arena_array(test_mem, distinct, sizeof *found);
    struct parquet_scratch scratch = {0};
    struct parquet_chunk chunk = {0};
    const unsigned char *page;
    uint32_t texts;
    char room[32];
    str rest;

    for (size_t i = 0; i < count; i++)
        add_text(&chunk, text_of(room, i * i % distinct));
    CHECK_OK(parquet_page_encode(&column, &chunk, count, &scratch, &texts));
    CHECK(texts > 0 && texts <= distinct);
    rest = buf_str(&scratch.dictionary);
    for (uint32_t i = 0; i < texts; i++)
        found[i] = next_text(&rest);
    CHECK_INT(rest.len, 0);
    page = (const unsigned char *)scratch.page.data;
    CHECK_INT(read_hybrid(page + 1, page + scratch.page.len, page[0], indexes, count), count);
    for (size_t i = 0; i < count; i++)
        CHECK(str_equals(found[indexes[i]], text_of(room, i * i % distinct)));
    parquet_page_done(&scratch);
    buf_done(&chunk.values);
}

TEST(parquet_keeps_texts_that_repeat_once)
{
    static const struct {
        size_t count, distinct;
    } cases[] = {{2, 1}, {20, 2}, {100, 3}, {999, 17}, {5000, 256}, {5000, 257}, {200000, 65536}};

    EACH_CASE(c, cases)
    check_dictionary(c->count, c->distinct);
}

TEST(parquet_keeps_texts_that_do_not_repeat_as_they_are)
{
    struct parquet_column column = {.type = PARQUET_TEXT, .is_required = true};
    struct parquet_scratch scratch = {0};
    struct parquet_chunk chunk = {0};
    uint32_t texts = 7;
    char room[32];

    for (size_t i = 0; i < 100000; i++)
        add_text(&chunk, text_of(room, i));
    CHECK_OK(parquet_page_encode(&column, &chunk, chunk.filled, &scratch, &texts));
    CHECK_INT(texts, 0);
    CHECK(str_equals(buf_str(&scratch.page), buf_str(&chunk.values)));
    parquet_page_done(&scratch);
    buf_done(&chunk.values);
}

/* Whole files. */

struct sunk {
    struct buf bytes;
    size_t calls;
    size_t fails_at; /* call; 0: never */
};

static enum err sink(void *argument, str bytes)
{
    struct sunk *sunk = argument;

    if (++sunk->calls == sunk->fails_at)
        return ERR_FULL;
    buf_add(&sunk->bytes, bytes);
    return OK;
}

static const struct parquet_column COLUMNS[] = {
    {{"number", 6}, PARQUET_INTEGER, .is_required = true},
    {{"word", 4}, PARQUET_TEXT, .is_required = false},
    {{"money", 5}, PARQUET_DECIMAL, .precision = 18, .scale = 2},
    {{"large", 5}, PARQUET_DECIMAL, .precision = 38, .scale = 18},
};

static struct parquet *open_file(struct sunk *sunk, size_t group_rows)
{
    struct parquet_config config = {
        .columns = COLUMNS,
        .count = sizeof COLUMNS / sizeof *COLUMNS,
        .group_rows = group_rows,
        .sink = sink,
        .argument = sunk,
    };
    struct parquet *file = NULL;

    CHECK_OK(parquet_open(&config, &file));
    return file;
}

TEST(parquet_file_is_framed_by_its_magic_and_the_length_of_its_footer)
{
    struct sunk sunk = {0};
    struct parquet *file = open_file(&sunk, 2);
    str bytes;
    uint32_t len;

    for (int i = 0; i < 5; i++) {
        parquet_put_integer(file, 0, i);
        if (i % 2)
            parquet_put_text(file, 1, S("odd"));
        CHECK_OK(parquet_end_row(file));
    }
    CHECK_OK(parquet_finish(file));
    parquet_close(file);
    bytes = buf_str(&sunk.bytes);
    CHECK(str_starts(bytes, S("PAR1")) && str_ends(bytes, S("PAR1")));
    memcpy(&len, bytes.data + bytes.len - 8, sizeof len);
    CHECK(len < bytes.len - 12);
    CHECK(str_starts(str_slice(bytes, bytes.len - 8 - len, bytes.len), S("\x15\x04\x19\x5c")));
    buf_done(&sunk.bytes);
}

TEST(parquet_decimal_columns_refuse_what_they_cannot_hold_exactly)
{
    static const struct {
        const char *number;
        size_t column;
        bool fits;
    } cases[] = {
        {"0", 2, true},
        {"-12.5", 2, true},
        {"12.34", 2, true},
        {"12.345", 2, false},
        {"9999999999999999.99", 2, true},
        {"10000000000000000", 2, false},
        {"1e30", 2, false},
        {"0.000000000000000001", 3, true},
        {"12345678901234567800", 3, true},
        {"-99999999999999999900", 3, true}, /* 38 digits in all */
        {"1e19", 3, true},
        {"1e20", 3, false},
        {"1.2345678901234567890123", 3, false}, /* a double */
    };
    struct sunk sunk = {0};

    EACH_CASE(c, cases)
    {
        struct parquet *file = open_file(&sunk, 0);
        decimal number;

        CHECK_OK(decimal_parse(str_of(c->number), &number));
        parquet_put_integer(file, 0, 1);
        CHECK_INT(parquet_put_decimal(file, c->column, number), c->fits);
        CHECK_OK(parquet_end_row(file));
        CHECK_OK(parquet_finish(file));
        parquet_close(file);
    }
    buf_done(&sunk.bytes);
}

TEST(parquet_ends_with_the_failure_of_its_sink)
{
    for (size_t at = 2; at < 12; at++) {
        struct sunk sunk = {.fails_at = at};
        struct parquet *file = open_file(&sunk, 1);
        enum err err = OK;

        for (int i = 0; !err && i < 3; i++) {
            parquet_put_integer(file, 0, i);
            err = parquet_end_row(file);
        }
        CHECK_INT(err, ERR_FULL);
        parquet_close(file);
        buf_done(&sunk.bytes);
    }
}
