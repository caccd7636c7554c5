/* columns_int.h - an open columns file and the cache of its blocks. For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/columns_format.h"
#include "store/columns_knots.h"
#include "store/columns_pack.h"

#include <stdatomic.h>

struct file;
struct mutex;

/* An unpacked block: its data follow in the same piece of memory. */
struct columns_unit {
    struct columns_unit *next; /* in the cache's ring */
    struct columns_unit *former;
    struct columns_slot *slot;
    size_t bytes;
    atomic_bool is_used; /* since the clock's hand went by */
    struct columns_block block;
};

enum { COLUMNS_SLOT_LOADED = 1u << 31, COLUMNS_SLOT_LOADING = 1u << 30 };

/* Where a block of a file is, or will be. `state`: how often it is held, with one of the flags or
 * neither; `unit` may be read by who holds it. */
struct columns_slot {
    _Atomic uint32_t state;
    struct columns_unit *unit;
};

struct columns_dictionary {
    _Atomic(const struct columns_value *) values;
    char *pool; /* of values and children */
    char *texts;
};

struct columns_property {
    str path;
    uint32_t values;
    struct columns_dictionary dictionary;
};

struct columns {
    struct sys *sys;
    char *path;
    struct file *file;
    struct columns_cache *cache;
    struct mutex *mutex; /* over the reading of dictionaries and knots */
    struct columns_about about;
    uint64_t directory_at;
    struct buf directory; /* texts point into it */
    struct columns_stripe *stripes;
    uint32_t *first_piece; /* of each stripe, and of what comes behind the last */
    struct columns_piece *pieces;
    struct columns_slot *slots; /* of each piece of a stripe */
    struct columns_knots knots;
    atomic_bool has_knots;
    struct columns_kind *kinds;
    struct columns_property *properties;
    uint32_t *by_path; /* properties in order of their paths */
};

/* What unpacking needs; lent by the cache. */
struct columns_work {
    struct columns_work *next;
    struct columns_unpacker in;
    struct buf stored;
    struct buf arrays[3];
};

/* --- columns.c --- */

/* Reads a piece into work->stored, verifies it and starts to unpack there. */
fallible columns_piece_read(struct columns *columns, const struct columns_piece *piece,
                            struct columns_work *work);
/* Says what the latest failure was about. */
fallible columns_piece_fail(const struct columns *columns, const struct columns_piece *piece);
/* Makes room for `count` numbers in one of the work's arrays. */
fallible columns_work_array(struct columns_work *work, unsigned which, size_t count,
                            uint64_t **out_array);

/* --- columns_block.c --- */

/* Unpacks a block of a stripe. The unit belongs to the caller. */
fallible columns_block_load(struct columns *columns, uint32_t stripe,
                            const struct columns_piece *piece, struct columns_unit **out_unit);

/* Reads the knots when they are first needed. */
fallible columns_block_knots(struct columns *columns);

/* --- columns_cache.c --- */

fallible columns_cache_lend(struct columns_cache *cache, struct columns_work **out_work);
void columns_cache_give_back(struct columns_cache *cache, struct columns_work *work);
/* Holds what is loaded; false if it is not. */
bool columns_cache_pin_ready(struct columns_slot *slot);
/* Holds what is loaded, or waits for who loads it, or tells the caller to load it: then it ends
 * that with columns_cache_put. */
bool columns_cache_pin(struct columns_cache *cache, struct columns_slot *slot);
/* NULL: it could not be loaded. Else it is held, and others give way to it. */
void columns_cache_put(struct columns_cache *cache, struct columns_slot *slot,
                       struct columns_unit *unit);
/* Of a file that is closed: nothing of it is held. */
void columns_cache_forget(struct columns_cache *cache, struct columns_slot *slots, size_t count);
