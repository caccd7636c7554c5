/* keys.h - what an answer is split by: the values of "by" as dense rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys keep their JSON type: true, 1 and "true" are three rows. All memory is the arena's.
 */
#pragma once
#include "base/arena.h"
#include "measure/scan.h"

struct json_writer;

enum { KEYS_RECENT = 256 };

struct keys {
    struct arena *mem;
    struct value *values; /* by row; null, bool, number or text */
    uint32_t count;
    uint32_t room;
    uint32_t *slots; /* row + 1, by hash; a power of two */
    uint32_t slot_count;
    /* Texts looked up lately, by the low bits of their codes: row + 1. */
    struct {
        text_code code;
        uint32_t row;
    } recent[KEYS_RECENT];
    uint32_t *rows; /* what keys_of gave last */
    uint32_t rows_room;
    uint32_t *by_number; /* row + 1, of a slot's values that have one row; 0: not known */
    uint32_t number_room;
};

void keys_init(struct keys *keys, struct arena *mem);
/* The row of a key; a new one is the next row. ERR_LIMIT. */
fallible keys_get(struct keys *keys, const struct value *key, uint32_t *out_row);
/* The rows a value counts for, each once, in no order: its own or, of a list, those of its
 * elements. Lists and objects in a list are no keys; what has none counts for the row of null.
 * Borrowed until the next call. */
fallible keys_of(struct keys *keys, const struct source *source, const struct value *value,
                 const uint32_t **out_rows, uint32_t *out_count);

/* The value of a hit in a slot, always the same slot for the same keys. */
struct keys_hit {
    const struct scan_batch *batch;
    uint32_t slot;
    uint32_t hit;
};
/* The rows it counts for, as keys_of gives them. */
fallible keys_of_hit(struct keys *keys, const struct source *source, const struct keys_hit *at,
                     const uint32_t **out_rows, uint32_t *out_count);

/* The only row of the slot's value with that number if keys_of_hit has found it; else UINT32_MAX.
 */
static inline uint32_t keys_known(const struct keys *keys, uint32_t number)
{
    return number < keys->number_room ? keys->by_number[number] - 1 : UINT32_MAX;
}

/* All rows: the largest total first, then by the key's bytes, then by its type. `compare` tells the
 * order of two rows' totals: < 0, 0, > 0 as of numbers. The order lives in `mem`. */
typedef int (*keys_comparison)(const void *totals, uint32_t row_a, uint32_t row_b);
fallible keys_rank(const struct keys *keys, const struct source *source, struct arena *mem,
                   keys_comparison compare, const void *totals, uint32_t **out_order);
void keys_write(const struct keys *keys, uint32_t row, const struct source *source,
                struct json_writer *out);
