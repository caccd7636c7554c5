/* parquet_int.h - a row group under way, for parquet.c and parquet_page.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "proto/parquet.h"

#include "base/err.h"

/* Numbers of the format (parquet.thrift). */
enum { PARQUET_PAGE_DATA = 0, PARQUET_PAGE_DICTIONARY = 2 };
enum { PARQUET_PLAIN = 0, PARQUET_RLE = 3, PARQUET_RLE_DICTIONARY = 8 };
enum { PARQUET_DICTIONARY_MOST = 1 << 16 };

struct parquet_chunk {
    struct buf values; /* of the group's rows as PLAIN has them; of booleans, a byte each */
    struct buf levels; /* bit of each row that has a value, lowest first; zeros at the end absent */
    uint64_t filled;   /* rows that have one */
};

/* Memory used again for every page. */
struct parquet_scratch {
    struct buf page;
    struct buf dictionary;
    uint32_t *slots;   /* of the texts of a chunk: entry + 1, or 0; twice PARQUET_DICTIONARY_MOST */
    uint32_t *entries; /* where each text of the dictionary lies in the values */
    uint16_t *indexes; /* of each value, in the dictionary */
    size_t index_room;
};

/* Writes the data page of a chunk of `rows` rows to scratch->page and, where texts repeat, a
 * dictionary page to scratch->dictionary. *out_texts is the number of texts in it; 0: there is no
 * dictionary. ERR_LIMIT. */
fallible parquet_page_encode(const struct parquet_column *column, const struct parquet_chunk *chunk,
                             uint64_t rows, struct parquet_scratch *scratch, uint32_t *out_texts);
void parquet_page_done(struct parquet_scratch *scratch);
