/* sheet.h - rows of a table as a CSV or a Parquet file.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * CSV has a column for each of the table's. Parquet has typed columns: where a column holds several
 * types, each has its own; the first of text, number, boolean, list takes the plain name, the
 * others are NAME.number, NAME.boolean, NAME.list. Numbers are 64-bit integers where all of them
 * are, else decimals where 38 digits hold them all exactly, else doubles. Lists are JSON.
 */
#pragma once
#include "measure/table.h"

struct sheet;

enum sheet_format { SHEET_CSV, SHEET_PARQUET };

/* `write` takes the bytes of the file in turn. The table is settled and outlives the sheet. */
struct sheet_config {
    enum sheet_format format;
    struct table *table;
    const struct table_column *columns;
    size_t count;
    enum err (*write)(void *argument, str bytes);
    void *argument;
};

fallible sheet_open(const struct sheet_config *config, struct sheet **out_sheet);
void sheet_close(struct sheet *sheet);   /* NULL is fine */
fallible sheet_row(struct sheet *sheet); /* of the table's latest line */
fallible sheet_finish(struct sheet *sheet);
