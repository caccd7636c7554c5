/* sheet.c - rows of a table as a CSV or a Parquet file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/sheet.h"

#include "base/mem.h"
#include "base/time.h"
#include "measure/dictionary.h"
#include "proto/csv_write.h"
#include "proto/parquet.h"

enum { FULL = 1 << 20, NAMES_MEMORY = 64 << 20, KINDS = 4, WHOLE_DIGITS = 18 };

struct sheet {
    struct sheet_config config;
    struct buf text; /* of CSV, not written yet */
    struct arena *mem;
    struct parquet *parquet;
    struct parquet_column
        *columns; /* of Parquet; in the order of the table's, KINDS at most each */
    size_t column_count;
};

/* The order in which types take the plain name. */
static const struct {
    enum table_kind kind;
    str suffix;
} TYPES[KINDS] = {
    {TABLE_TEXT, {".text", 5}},
    {TABLE_NUMBER, {".number", 7}},
    {TABLE_BOOLEAN, {".boolean", 8}},
    {TABLE_LIST, {".list", 5}},
};

/* CSV */

/* In plain notation where it is exact; then a reader that knows no exponents has it too. */
static void write_number(struct buf *scratch, const struct table_cell *cell, struct csv_writer *w)
{
    size_t len = scratch->len;

    if (cell->number.is_double) {
        csv_write_cell(w, cell->text);
        return;
    }
    decimal_write(scratch, cell->number);
    csv_write_cell(w, str_slice(buf_str(scratch), len, scratch->len));
    scratch->len = len;
}

static fallible write_text(struct sheet *sheet, size_t least)
{
    if (buf_is_broken(&sheet->text))
        return mem_exhausted();
    if (sheet->text.len < least || !sheet->text.len)
        return OK;
    TRY(sheet->config.write(sheet->config.argument, buf_str(&sheet->text)));
    buf_clear(&sheet->text);
    return OK;
}

static fallible write_csv_head(struct sheet *sheet)
{
    struct csv_writer w = {.out = &sheet->text};

    for (size_t i = 0; i < sheet->config.count; i++)
        csv_write_cell(&w, sheet->config.columns[i].name);
    csv_write_end(&w);
    return write_text(sheet, FULL);
}

static fallible write_csv_row(struct sheet *sheet)
{
    struct csv_writer w = {.out = &sheet->text};
    struct buf number = {0};

    for (size_t i = 0; i < sheet->config.count; i++) {
        const struct table_cell *cell =
            table_cell(sheet->config.table, sheet->config.columns[i].handle);

        if (cell && cell->kind == TABLE_NUMBER)
            write_number(&number, cell, &w);
        else
            csv_write_cell(&w, cell ? cell->text : S(""));
    }
    csv_write_end(&w);
    sheet->text.broken |= buf_is_broken(&number);
    buf_done(&number);
    return write_text(sheet, FULL);
}

/* Parquet: the columns */

static fallible note_names(const struct sheet *sheet, struct dictionary *names)
{
    uint32_t code;

    for (size_t i = 0; i < sheet->config.count; i++)
        TRY(dictionary_add(names, sheet->config.columns[i].name, &code));
    return OK;
}

/* A name nobody has: a property may really be called plan.number. */
static fallible name_second(struct sheet *sheet, struct dictionary *names, str name, str suffix,
                            str *out_name)
{
    str full = arena_print(sheet->mem, "%.*s%.*s", STR_ARG(name), STR_ARG(suffix));
    uint32_t code;

    while (full.data && dictionary_find(names, full) != DICTIONARY_NONE)
        full = arena_print(sheet->mem, "%.*s_", STR_ARG(full));
    if (!full.data)
        return arena_exhausted();
    TRY(dictionary_add(names, full, &code));
    *out_name = full;
    return OK;
}

static void choose_number(const struct table_column *column, struct parquet_column *out)
{
    int32_t digits = column->whole_digits + column->scale;

    out->type = PARQUET_DECIMAL;
    out->scale = column->scale;
    out->precision = digits <= PARQUET_SHORT_DECIMAL ? PARQUET_SHORT_DECIMAL : PARQUET_LONG_DECIMAL;
    if (column->has_inexact || digits > PARQUET_LONG_DECIMAL)
        out->type = PARQUET_DOUBLE;
    else if (column->scale == 0 && column->whole_digits <= WHOLE_DIGITS)
        out->type = PARQUET_INTEGER;
}

static void choose_type(const struct table_column *column, enum table_kind kind,
                        struct parquet_column *out)
{
    switch (kind) {
    case TABLE_TEXT:
        out->type = column->is_fixed && str_equals(column->name, S("timestamp")) ? PARQUET_TIME
                                                                                 : PARQUET_TEXT;
        break;
    case TABLE_NUMBER:
        choose_number(column, out);
        break;
    case TABLE_BOOLEAN:
        out->type = PARQUET_BOOLEAN;
        break;
    case TABLE_LIST:
        out->type = PARQUET_JSON;
        break;
    }
}

static fallible add_columns(struct sheet *sheet, struct dictionary *names,
                            const struct table_column *column)
{
    bool is_first = true;

    for (size_t i = 0; i < KINDS; i++) {
        struct parquet_column *own = &sheet->columns[sheet->column_count];

        if (!(column->kinds & TYPES[i].kind))
            continue;
        own->name = column->name;
        if (!is_first)
            TRY(name_second(sheet, names, column->name, TYPES[i].suffix, &own->name));
        choose_type(column, TYPES[i].kind, own);
        sheet->column_count++;
        is_first = false;
    }
    return OK;
}

static fallible name_columns(struct sheet *sheet)
{
    struct dictionary names;
    enum err err;

    dictionary_init(&names, 0);
    err = note_names(sheet, &names);
    for (size_t i = 0; !err && i < sheet->config.count; i++)
        err = add_columns(sheet, &names, &sheet->config.columns[i]);
    dictionary_done(&names);
    return err;
}

static fallible open_parquet(struct sheet *sheet)
{
    struct parquet_config config = {
        .sink = sheet->config.write,
        .argument = sheet->config.argument,
    };

    sheet->columns = arena_array(sheet->mem, sheet->config.count * KINDS, sizeof *sheet->columns);
    if (!sheet->columns)
        return arena_exhausted();
    TRY(name_columns(sheet));
    config.columns = sheet->columns;
    config.count = sheet->column_count;
    return parquet_open(&config, &sheet->parquet);
}

/* Parquet: the rows */

static bool put_number(struct parquet *file, size_t column, enum parquet_type type, decimal number)
{
    if (type == PARQUET_DECIMAL)
        return parquet_put_decimal(file, column, number);
    if (type == PARQUET_DOUBLE)
        parquet_put_double(file, column, decimal_to_double(number));
    else if (number.is_double || number.scale > 0)
        return false;
    else {
        /* Below 10^18, so that zeros that were taken off fit again. */
        for (; number.digits && number.scale < 0; number.scale++)
            if (__builtin_mul_overflow(number.digits, 10, &number.digits))
                return false;
        parquet_put_integer(file, column, number.digits);
    }
    return true;
}

static fallible put_cell(struct sheet *sheet, size_t column, const struct table_cell *cell)
{
    enum parquet_type type = sheet->columns[column].type;
    millis at;

    switch (cell->kind) {
    case TABLE_TEXT:
        if (type == PARQUET_TIME) {
            TRY(time_parse(cell->text, &at));
            parquet_put_integer(sheet->parquet, column, at);
            break;
        }
        parquet_put_text(sheet->parquet, column, cell->text);
        break;
    case TABLE_NUMBER:
        if (!put_number(sheet->parquet, column, type, cell->number))
            table_leave_out(sheet->config.table);
        break;
    case TABLE_BOOLEAN:
        parquet_put_boolean(sheet->parquet, column, cell->is_true);
        break;
    case TABLE_LIST:
        parquet_put_text(sheet->parquet, column, cell->text);
        break;
    }
    return OK;
}

static fallible put_row(struct sheet *sheet)
{
    size_t column = 0;

    for (size_t i = 0; i < sheet->config.count; i++) {
        const struct table_column *shape = &sheet->config.columns[i];
        const struct table_cell *cell = table_cell(sheet->config.table, shape->handle);

        for (size_t k = 0; k < KINDS; k++) {
            if (!(shape->kinds & TYPES[k].kind))
                continue;
            if (cell && cell->kind == TYPES[k].kind)
                TRY(put_cell(sheet, column, cell));
            column++;
        }
    }
    return parquet_end_row(sheet->parquet);
}

/* Life */

fallible sheet_open(const struct sheet_config *config, struct sheet **out_sheet)
{
    struct sheet *sheet = mem_alloc(sizeof *sheet);
    enum err err;

    if (!sheet)
        return mem_exhausted();
    sheet->config = *config;
    sheet->mem = arena_open(NAMES_MEMORY);
    if (!sheet->mem)
        err = mem_exhausted();
    else
        err = config->format == SHEET_CSV ? write_csv_head(sheet) : open_parquet(sheet);
    if (err) {
        sheet_close(sheet);
        return err;
    }
    *out_sheet = sheet;
    return OK;
}

void sheet_close(struct sheet *sheet)
{
    if (!sheet)
        return;
    parquet_close(sheet->parquet);
    arena_close(sheet->mem);
    buf_done(&sheet->text);
    mem_free(sheet);
}

fallible sheet_row(struct sheet *sheet)
{
    return sheet->parquet ? put_row(sheet) : write_csv_row(sheet);
}

fallible sheet_finish(struct sheet *sheet)
{
    return sheet->parquet ? parquet_finish(sheet->parquet) : write_text(sheet, 0);
}
