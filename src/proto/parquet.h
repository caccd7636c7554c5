/* parquet.h - writes Apache Parquet files: flat columns, front to back, in bounded memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows are gathered into a row group; when it holds enough, each of its columns becomes one chunk:
 * a page packed with zstd, PLAIN or, where texts repeat, RLE_DICTIONARY with a dictionary page.
 * A file is whole only after parquet_finish. Pure: bytes leave through a sink.
 *
 *   TRY(parquet_open(&config, &file));
 *   parquet_put_text(file, 0, S("a")); ... TRY(parquet_end_row(file)); ...
 * TRY(parquet_finish(file));
 */
#pragma once
#include "base/buf.h"
#include "base/decimal.h"
#include "base/time.h"

struct parquet;

enum parquet_type {
    PARQUET_TEXT,    /* UTF-8 */
    PARQUET_JSON,    /* UTF-8 that is one JSON value */
    PARQUET_BOOLEAN, /* */
    PARQUET_INTEGER, /* 64 bits, signed */
    PARQUET_DOUBLE,  /* */
    PARQUET_TIME,    /* milliseconds, UTC */
    PARQUET_DECIMAL, /* exact: at most `precision` digits, `scale` of them behind the point */
};

/* Up to this precision a decimal is kept in 8 bytes, beyond it in 16. */
enum { PARQUET_SHORT_DECIMAL = 18, PARQUET_LONG_DECIMAL = 38 };

struct parquet_column {
    str name;
    enum parquet_type type;
    bool is_required; /* has a value in every row */
    int32_t precision;
    int32_t scale;
};

struct parquet_config {
    const struct parquet_column *columns; /* these and their names outlive the file */
    size_t count;
    size_t group_bytes; /* memory for a row group, roughly; 0: 64 MiB */
    size_t group_rows;  /* at most; 0: 1 Mi */
    /* Takes the next bytes of the file; a failure ends the writing with it. */
    enum err (*sink)(void *argument, str bytes);
    void *argument;
};

fallible parquet_open(const struct parquet_config *config, struct parquet **out_file);
void parquet_close(struct parquet *file); /* NULL is fine; does not finish */

/* One value of the row under way, at most one a column; a column that is given none is null. */
void parquet_put_text(struct parquet *file, size_t column, str text); /* also JSON */
void parquet_put_boolean(struct parquet *file, size_t column, bool yes);
void parquet_put_integer(struct parquet *file, size_t column, int64_t number); /* also time */
void parquet_put_double(struct parquet *file, size_t column, double number);
/* False, and nothing was put, where the column's precision or scale does not hold it exactly. */
bool parquet_put_decimal(struct parquet *file, size_t column, decimal number);
/* ERR_LIMIT, or how the sink failed. */
fallible parquet_end_row(struct parquet *file);
/* Writes what is left and the footer; nothing may be put afterwards. */
fallible parquet_finish(struct parquet *file);
