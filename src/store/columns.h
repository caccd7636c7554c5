/* columns.h - immutable files of events, clustered by person and sorted by time, one block a
 * column.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A columns file holds the events of a span of the log. Its rows stand person by person (ascending
 * ids, as persons stood when the file was written), a person's rows in order of (time, sequence
 * number). Rows are cut into stripes of whole persons; in a stripe every column is one block with
 * a checksum. Each column of a property has a dictionary of its distinct values, of any type, and
 * its blocks hold codes into it. Blocks are unpacked when first used and kept in a cache.
 *
 * A file is written beside its name and renamed when it is whole and synced.
 */
#pragma once
#include "store/columns_value.h"
#include "store/record.h"

struct sys;
struct columns;
struct columns_cache;

enum { COLUMNS_FORMAT = 5, COLUMNS_STRIPE_ROWS = 1 << 16, COLUMNS_WORKSPACE = 16 };

#define COLUMNS_NONE UINT32_MAX

struct columns_kind { /* what events are called */
    enum event_type type;
    str name; /* of EVENT_TRACK; else empty */
};

struct columns_about {
    uint64_t first_seq; /* the log's records [first_seq, next_seq) are folded here */
    uint64_t next_seq;
    uint64_t identity_seq; /* joins and undos below it have been followed */
    uint64_t rows;
    uint64_t persons;
    uint32_t stripes;
    uint32_t kinds;
    uint32_t properties;
    millis first_time; /* 0 without rows */
    millis last_time;
    uint64_t bytes; /* of the file */
};

/* --- Reading: any number of threads ----------------------------------------------------------- */

/* Holds unpacked blocks up to about `bytes`; what is in use stays whatever it takes. */
fallible columns_cache_open(size_t bytes, struct columns_cache **out_cache);
void columns_cache_close(struct columns_cache *cache);         /* after all files that use it */
size_t columns_cache_bytes(const struct columns_cache *cache); /* held now */
size_t columns_cache_bound(const struct columns_cache *cache);
/* Lets it hold so many bytes more. */
void columns_cache_widen(struct columns_cache *cache, uint64_t bytes);

/* Reads head and directory only. ERR_CORRUPT names file and place; ERR_CONFLICT: made by a newer
 * program or of another workspace. */
fallible columns_open(struct sys *sys, const char *path,
                      const unsigned char workspace[COLUMNS_WORKSPACE], struct columns_cache *cache,
                      struct columns **out_columns);
void columns_close(struct columns *columns); /* NULL is fine; nothing of it may be held */
const struct columns_about *columns_about(const struct columns *columns);
const struct columns_kind *columns_kind(const struct columns *columns, uint32_t kind);
str columns_path(const struct columns *columns, uint32_t property);
uint32_t columns_find(const struct columns *columns, str path); /* the property, or COLUMNS_NONE */
/* What a cache has to have room for, so that times and sequence numbers of all stripes in turn are
 * unpacked without reading anything again. */
uint64_t columns_span_bytes(const struct columns *columns);

/* The values by code; read once and kept for the life of the file. ERR_IO, ERR_CORRUPT, ERR_LIMIT.
 */
fallible columns_dictionary(struct columns *columns, uint32_t property,
                            const struct columns_value **out_values, uint32_t *out_count);

struct columns_stripe {
    node_id first_person;
    node_id last_person;
    uint32_t persons;
    uint32_t rows;
    millis first_time;
    millis last_time;
};
const struct columns_stripe *columns_stripe(const struct columns *columns, uint32_t stripe);
/* The first stripe that ends at `id` or behind it; may be the end of all. */
uint32_t columns_find_stripe(const struct columns *columns, node_id id);
/* The first of ascending persons with `id` or a greater one; may be the end of all. */
uint32_t columns_find_person(const node_id *persons, uint32_t count, node_id id);

/* Which block of a stripe; a property's is its number. */
enum {
    COLUMNS_PERSONS = -1, /* [person] node_id, 4 bytes wide */
    COLUMNS_FIRST = -2,   /* [person + 1] the first row of each and the end, 4 bytes wide */
    COLUMNS_TIMES = -3,   /* [row] millis, 8 bytes wide */
    COLUMNS_SEQS = -4,    /* [row] 8 bytes wide */
    COLUMNS_NODES = -5,   /* [row] node_id, 4 bytes wide */
    COLUMNS_DEVICES = -6, /* [row] node_id or 0, 4 bytes wide */
    COLUMNS_KINDS = -7,   /* [row] 1, 2 or 4 bytes wide */
};

/* An unpacked block, at least 64 readable bytes beyond its end. Of a property: either dense, where
 * data[row] is 0 without a value and else code + 1; or sparse, where `bits` tells the rows with a
 * value and data holds code + 1 of these alone, `before[word]` of them ahead of a word of bits; or
 * data is NULL: no row of the stripe has a value. */
struct columns_block {
    const void *data;
    const uint64_t *bits;
    const uint32_t *before;
    uint8_t width; /* 1, 2, 4 or 8 bytes an item */
    void *held;    /* for columns_release */
};
fallible columns_hold(struct columns *columns, uint32_t stripe, int column,
                      struct columns_block *out_block);
/* The same if it takes no unpacking and no waiting; false if it would. */
bool columns_hold_ready(struct columns *columns, uint32_t stripe, int column,
                        struct columns_block *out_block);
void columns_release(struct columns *columns,
                     struct columns_block *block); /* a zeroed one is fine */

static inline uint32_t columns_item(const struct columns_block *block, uint32_t at)
{
    if (block->width == 1)
        return ((const uint8_t *)block->data)[at];
    if (block->width == 2)
        return ((const uint16_t *)block->data)[at];
    return ((const uint32_t *)block->data)[at];
}

/* Of a property's block: 0 without a value, else code + 1. */
static inline uint32_t columns_code(const struct columns_block *block, uint32_t row)
{
    uint64_t word;

    if (!block->data)
        return 0;
    if (!block->bits)
        return columns_item(block, row);
    word = block->bits[row / 64];
    if (!(word >> row % 64 & 1))
        return 0;
    return columns_item(block, block->before[row / 64] +
                                   (uint32_t)__builtin_popcountll(word & ((1ull << row % 64) - 1)));
}

/* Verifies every checksum and that every code has a value, persons ascend and rows are in order;
 * reports each damage in a sentence, then ERR_CORRUPT. */
fallible columns_check(struct sys *sys, const char *path,
                       const unsigned char workspace[COLUMNS_WORKSPACE],
                       void (*report)(void *, const char *), void *argument);
