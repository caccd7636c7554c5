/* parquet.c - row groups, their pages' headers, and the footer that says where everything lies.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The field numbers are those of parquet.thrift, version 2.
 */
#include "base/mem.h"
#include "proto/parquet_int.h"
#include "proto/thrift.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>

#define MAGIC S("PAR1")
#define GROUP_BYTES ((size_t)64 << 20)
#define GROUP_ROWS ((size_t)1 << 20)

enum { CODEC_ZSTD = 6, LEVEL = 3, LONG_BYTES = 16, UNIT_MILLIS = 1 };

enum physical {
    PHYSICAL_BOOLEAN = 0,
    PHYSICAL_INT64 = 2,
    PHYSICAL_DOUBLE = 5,
    PHYSICAL_BYTES = 6,
    PHYSICAL_FIXED = 7,
};

/* Members of the union LogicalType, and their elders in ConvertedType. */
enum { LOGICAL_STRING = 1, LOGICAL_DECIMAL = 5, LOGICAL_TIMESTAMP = 8, LOGICAL_JSON = 12 };
enum { CONVERTED_UTF8 = 0, CONVERTED_DECIMAL = 5, CONVERTED_TIME_MILLIS = 9, CONVERTED_JSON = 19 };

struct parquet {
    struct parquet_config config;
    struct parquet_chunk *chunks;
    struct parquet_scratch scratch;
    ZSTD_CCtx *packer;
    struct buf packed;
    struct buf header; /* of a page */
    struct buf groups; /* of the footer: what was written so far, one struct a group */
    uint64_t group_count;
    uint64_t offset; /* bytes given to the sink */
    uint64_t rows;   /* of all groups written */
    uint64_t row;    /* of the group under way: the one being put together */
    size_t bytes;    /* the group under way takes */
    bool is_broken;
};

static fallible give(struct parquet *file, str bytes)
{
    TRY(file->config.sink(file->config.argument, bytes));
    file->offset += bytes.len;
    return OK;
}

void parquet_close(struct parquet *file)
{
    if (!file)
        return;
    for (size_t i = 0; file->chunks && i < file->config.count; i++) {
        buf_done(&file->chunks[i].values);
        buf_done(&file->chunks[i].levels);
    }
    mem_free(file->chunks);
    parquet_page_done(&file->scratch);
    ZSTD_freeCCtx(file->packer);
    buf_done(&file->packed);
    buf_done(&file->header);
    buf_done(&file->groups);
    mem_free(file);
}

fallible parquet_open(const struct parquet_config *config, struct parquet **out_file)
{
    struct parquet *file = mem_alloc(sizeof *file);
    enum err err;

    assert(config->count > 0);
    if (!file)
        return mem_exhausted();
    file->config = *config;
    if (!config->group_bytes)
        file->config.group_bytes = GROUP_BYTES;
    if (!config->group_rows)
        file->config.group_rows = GROUP_ROWS;
    file->chunks = mem_alloc(config->count * sizeof *file->chunks);
    file->packer = ZSTD_createCCtx();
    err = file->chunks && file->packer ? give(file, MAGIC) : mem_exhausted();
    if (err) {
        parquet_close(file);
        return err;
    }
    *out_file = file;
    return OK;
}

/* Rows */

/* Notes that the row under way has a value of `len` bytes in that column. */
static struct buf *put(struct parquet *file, size_t column, size_t len)
{
    struct parquet_chunk *chunk = &file->chunks[column];
    size_t byte = file->row / 8, before = chunk->levels.len;

    assert(column < file->config.count);
    if (!file->config.columns[column].is_required) {
        if (byte >= chunk->levels.len &&
            buf_reserve(&chunk->levels, byte + 1 - chunk->levels.len)) {
            memset(chunk->levels.data + chunk->levels.len, 0, byte + 1 - chunk->levels.len);
            chunk->levels.len = byte + 1;
        }
        if (byte < chunk->levels.len)
            chunk->levels.data[byte] = (char)(chunk->levels.data[byte] | 1 << file->row % 8);
        file->is_broken |= buf_is_broken(&chunk->levels);
    }
    chunk->filled++;
    file->bytes += len + chunk->levels.len - before;
    return &chunk->values;
}

void parquet_put_text(struct parquet *file, size_t column, str text)
{
    struct buf *values = put(file, column, text.len + sizeof(uint32_t));
    uint32_t len = (uint32_t)text.len;

    assert(text.len <= INT32_MAX);
    buf_add_bytes(values, &len, sizeof len);
    buf_add(values, text);
    file->is_broken |= buf_is_broken(values);
}

void parquet_put_boolean(struct parquet *file, size_t column, bool yes)
{
    struct buf *values = put(file, column, 1);

    buf_add_byte(values, yes);
    file->is_broken |= buf_is_broken(values);
}

void parquet_put_integer(struct parquet *file, size_t column, int64_t number)
{
    struct buf *values = put(file, column, sizeof number);

    buf_add_bytes(values, &number, sizeof number);
    file->is_broken |= buf_is_broken(values);
}

void parquet_put_double(struct parquet *file, size_t column, double number)
{
    struct buf *values = put(file, column, sizeof number);

    buf_add_bytes(values, &number, sizeof number);
    file->is_broken |= buf_is_broken(values);
}

/* The number in units of 10^-scale; false when it is not a whole number of those below 10^38. */
static bool scale_to(decimal number, int32_t scale, __int128 *out_units)
{
    __int128 units = number.digits, most = 1;

    if (number.is_double || (units && number.scale > scale))
        return false;
    for (int i = 0; i < PARQUET_LONG_DECIMAL - 1; i++)
        most *= 10; /* 10^37: one more digit still fits */
    for (int32_t at = number.scale; units && at < scale; at++) {
        if (units >= most || units <= -most)
            return false;
        units *= 10;
    }
    *out_units = units;
    return true;
}

static bool fits_precision(__int128 units, int32_t precision)
{
    for (; precision > 0 && units; precision--)
        units /= 10;
    return units == 0;
}

bool parquet_put_decimal(struct parquet *file, size_t column, decimal number)
{
    const struct parquet_column *shape = &file->config.columns[column];
    unsigned char bytes[LONG_BYTES];
    struct buf *values;
    __int128 units;

    if (!scale_to(number, shape->scale, &units) || !fits_precision(units, shape->precision))
        return false;
    if (shape->precision <= PARQUET_SHORT_DECIMAL) {
        parquet_put_integer(file, column, (int64_t)units);
        return true;
    }
    for (int i = 0; i < LONG_BYTES; i++)
        bytes[LONG_BYTES - 1 - i] = (unsigned char)((unsigned __int128)units >> (8 * i));
    values = put(file, column, sizeof bytes);
    buf_add_bytes(values, bytes, sizeof bytes);
    file->is_broken |= buf_is_broken(values);
    return true;
}

/* Row groups */

static int32_t physical_of(const struct parquet_column *column)
{
    switch (column->type) {
    case PARQUET_TEXT:
    case PARQUET_JSON:
        return PHYSICAL_BYTES;
    case PARQUET_BOOLEAN:
        return PHYSICAL_BOOLEAN;
    case PARQUET_INTEGER:
    case PARQUET_TIME:
        return PHYSICAL_INT64;
    case PARQUET_DOUBLE:
        return PHYSICAL_DOUBLE;
    case PARQUET_DECIMAL:
        return column->precision <= PARQUET_SHORT_DECIMAL ? PHYSICAL_INT64 : PHYSICAL_FIXED;
    }
    return PHYSICAL_BYTES;
}

struct written {
    uint64_t start;      /* of the first page */
    uint64_t data_start; /* of the data page */
    uint64_t plain;      /* bytes, with the headers */
    bool has_dictionary;
};

static fallible write_page(struct parquet *file, int type, const struct buf *page, int64_t count,
                           struct written *written)
{
    struct thrift_writer w = {.out = &file->header};
    size_t size;

    buf_clear(&file->packed);
    buf_clear(&file->header);
    if (page->len > INT32_MAX || !buf_reserve(&file->packed, ZSTD_compressBound(page->len)))
        return mem_exhausted();
    size = ZSTD_compressCCtx(file->packer, file->packed.data, file->packed.room,
                             page->len ? page->data : "", page->len, LEVEL);
    if (ZSTD_isError(size))
        return fail(ERR_LIMIT, "a page could not be packed: %s", ZSTD_getErrorName(size));
    file->packed.len = size;
    thrift_open(&w);
    thrift_i32(&w, 1, type);
    thrift_i32(&w, 2, (int32_t)page->len);
    thrift_i32(&w, 3, (int32_t)size);
    thrift_struct(&w, type == PARQUET_PAGE_DATA ? 5 : 7);
    thrift_i32(&w, 1, (int32_t)count);
    thrift_i32(&w, 2,
               type == PARQUET_PAGE_DATA && written->has_dictionary ? PARQUET_RLE_DICTIONARY
                                                                    : PARQUET_PLAIN);
    if (type == PARQUET_PAGE_DATA) {
        thrift_i32(&w, 3, PARQUET_RLE); /* definition levels */
        thrift_i32(&w, 4, PARQUET_RLE); /* repetition levels, of which there are none */
    }
    thrift_shut(&w);
    thrift_shut(&w);
    if (buf_is_broken(&file->header))
        return mem_exhausted();
    written->plain += file->header.len + page->len;
    TRY(give(file, buf_str(&file->header)));
    return give(file, buf_str(&file->packed));
}

static void note_chunk(struct parquet *file, struct thrift_writer *w, size_t column,
                       const struct written *written)
{
    const struct parquet_column *shape = &file->config.columns[column];

    thrift_open(w);
    thrift_i64(w, 2, (int64_t)written->start);
    thrift_struct(w, 3);
    thrift_i32(w, 1, physical_of(shape));
    thrift_list(w, 2, THRIFT_I32, written->has_dictionary ? 3 : 2);
    thrift_element_i32(w, PARQUET_RLE);
    thrift_element_i32(w, PARQUET_PLAIN);
    if (written->has_dictionary)
        thrift_element_i32(w, PARQUET_RLE_DICTIONARY);
    thrift_list(w, 3, THRIFT_TEXT, 1);
    thrift_element_text(w, shape->name);
    thrift_i32(w, 4, CODEC_ZSTD);
    thrift_i64(w, 5, (int64_t)file->row);
    thrift_i64(w, 6, (int64_t)written->plain);
    thrift_i64(w, 7, (int64_t)(file->offset - written->start));
    thrift_i64(w, 9, (int64_t)written->data_start);
    if (written->has_dictionary)
        thrift_i64(w, 11, (int64_t)written->start);
    thrift_shut(w);
    thrift_shut(w);
}

static fallible write_chunk(struct parquet *file, struct thrift_writer *w, size_t column,
                            uint64_t *plain)
{
    struct parquet_chunk *chunk = &file->chunks[column];
    struct written written = {.start = file->offset};
    uint32_t texts;

    assert(!file->config.columns[column].is_required || chunk->filled == file->row);
    TRY(parquet_page_encode(&file->config.columns[column], chunk, file->row, &file->scratch,
                            &texts));
    written.has_dictionary = texts > 0;
    if (texts)
        TRY(write_page(file, PARQUET_PAGE_DICTIONARY, &file->scratch.dictionary, texts, &written));
    written.data_start = file->offset;
    TRY(write_page(file, PARQUET_PAGE_DATA, &file->scratch.page, (int64_t)file->row, &written));
    note_chunk(file, w, column, &written);
    *plain += written.plain;
    chunk->filled = 0;
    buf_clear(&chunk->values);
    buf_clear(&chunk->levels);
    return OK;
}

static fallible end_group(struct parquet *file)
{
    struct thrift_writer w = {.out = &file->groups};
    uint64_t plain = 0;

    if (!file->row)
        return OK;
    thrift_open(&w);
    thrift_list(&w, 1, THRIFT_STRUCT, file->config.count);
    for (size_t i = 0; i < file->config.count; i++)
        TRY(write_chunk(file, &w, i, &plain));
    thrift_i64(&w, 2, (int64_t)plain);
    thrift_i64(&w, 3, (int64_t)file->row);
    thrift_shut(&w);
    file->group_count++;
    file->rows += file->row;
    file->row = 0;
    file->bytes = 0;
    return buf_is_broken(&file->groups) ? mem_exhausted() : OK;
}

fallible parquet_end_row(struct parquet *file)
{
    if (file->is_broken)
        return mem_exhausted();
    file->row++;
    if (file->row >= file->config.group_rows || file->bytes >= file->config.group_bytes)
        return end_group(file);
    return OK;
}

/* The footer */

static void write_logical(struct thrift_writer *w, const struct parquet_column *column)
{
    thrift_struct(w, 10);
    switch (column->type) {
    case PARQUET_TEXT:
        thrift_struct(w, LOGICAL_STRING);
        thrift_shut(w);
        break;
    case PARQUET_JSON:
        thrift_struct(w, LOGICAL_JSON);
        thrift_shut(w);
        break;
    case PARQUET_TIME:
        thrift_struct(w, LOGICAL_TIMESTAMP);
        thrift_bool(w, 1, true); /* adjusted to UTC */
        thrift_struct(w, 2);
        thrift_struct(w, UNIT_MILLIS);
        thrift_shut(w);
        thrift_shut(w);
        thrift_shut(w);
        break;
    case PARQUET_DECIMAL:
        thrift_struct(w, LOGICAL_DECIMAL);
        thrift_i32(w, 1, column->scale);
        thrift_i32(w, 2, column->precision);
        thrift_shut(w);
        break;
    case PARQUET_BOOLEAN:
    case PARQUET_INTEGER:
    case PARQUET_DOUBLE:
        break;
    }
    thrift_shut(w);
}

/* What the type means beyond its bytes, for readers of before and after LogicalType. */
static void write_meaning(struct thrift_writer *w, const struct parquet_column *column)
{
    static const int converted[] = {
        [PARQUET_TEXT] = CONVERTED_UTF8,
        [PARQUET_JSON] = CONVERTED_JSON,
        [PARQUET_TIME] = CONVERTED_TIME_MILLIS,
        [PARQUET_DECIMAL] = CONVERTED_DECIMAL,
    };

    if (column->type == PARQUET_BOOLEAN || column->type == PARQUET_INTEGER ||
        column->type == PARQUET_DOUBLE)
        return;
    thrift_i32(w, 6, converted[column->type]);
    if (column->type == PARQUET_DECIMAL) {
        thrift_i32(w, 7, column->scale);
        thrift_i32(w, 8, column->precision);
    }
    write_logical(w, column);
}

static void write_schema(struct thrift_writer *w, const struct parquet_config *config)
{
    thrift_list(w, 2, THRIFT_STRUCT, config->count + 1);
    thrift_open(w);
    thrift_text(w, 4, S("schema"));
    thrift_i32(w, 5, (int32_t)config->count);
    thrift_shut(w);
    for (size_t i = 0; i < config->count; i++) {
        const struct parquet_column *column = &config->columns[i];

        thrift_open(w);
        thrift_i32(w, 1, physical_of(column));
        if (physical_of(column) == PHYSICAL_FIXED)
            thrift_i32(w, 2, LONG_BYTES);
        thrift_i32(w, 3, column->is_required ? 0 : 1);
        thrift_text(w, 4, column->name);
        write_meaning(w, column);
        thrift_shut(w);
    }
}

fallible parquet_finish(struct parquet *file)
{
    struct buf footer = {0};
    struct thrift_writer w = {.out = &footer};
    uint32_t len;
    enum err err;

    if (file->is_broken)
        return mem_exhausted();
    TRY(end_group(file));
    thrift_open(&w);
    thrift_i32(&w, 1, 2);
    write_schema(&w, &file->config);
    thrift_i64(&w, 3, (int64_t)file->rows);
    thrift_list(&w, 4, THRIFT_STRUCT, file->group_count);
    buf_add(&footer, buf_str(&file->groups));
    thrift_text(&w, 6, S("myriad"));
    thrift_shut(&w);
    len = (uint32_t)footer.len;
    buf_add_bytes(&footer, &len, sizeof len);
    buf_add(&footer, MAGIC);
    err = buf_is_broken(&footer) || footer.len > INT32_MAX ? mem_exhausted()
                                                           : give(file, buf_str(&footer));
    buf_done(&footer);
    return err;
}
