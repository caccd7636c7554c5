/* columns_int.h - an open columns file and the cache of its blocks. For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/columns_arrivals.h"
#include "store/columns_cache_int.h"
#include "store/columns_format.h"
#include "store/columns_pack.h"
#include "store/columns_places.h"
#include "store/columns_sections.h"

#include <stdatomic.h>

struct file;
struct mutex;

/* An unpacked block: its data follow in the same piece of memory. */
struct columns_unit {
    struct columns_unit *next; /* in the cache's ring */
    struct columns_unit *former;
    struct columns_slot *slot;
    size_t bytes;
    bool is_mapped; /* of pages_take; else of mem_grow */
    uint8_t lives;  /* how often it stays when it might be given up */
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

/* Narrow sequence numbers: columns_seqs.h. */
struct columns_kept {
    _Atomic uint32_t stripes; /* those before it are made */
    uint32_t *items;
    size_t *at; /* [stripe] in items */
    size_t bytes;
    uint32_t step;
    bool is_mapped; /* of pages_take */
    bool is_ended;
};

struct columns {
    struct sys *sys;
    char *path;
    struct file *file;
    struct columns_cache *cache;
    struct mutex *mutex; /* over the reading of dictionaries */
    struct columns_about about;
    uint64_t directory_at;
    struct buf directory; /* texts point into it */
    struct columns_stripe *stripes;
    uint32_t *first_piece; /* of each stripe, and of what comes behind the last */
    struct columns_piece *pieces;
    struct columns_section *sections;
    uint32_t section_count;
    uint32_t spans;             /* their pieces follow those of the stripes */
    struct columns_slot *slots; /* of each piece of a stripe or a span, then each stripe's ticks */
    _Atomic uint64_t tick_length, tick_base; /* 0 and 0: nobody knows yet */
    struct columns_kept kept;
    struct columns_kind *kinds;
    struct columns_property *properties;
    uint32_t *by_path; /* properties in order of their paths */
};

/* The first of the spans' pieces: times and numbers of each in turn. */
static inline const struct columns_piece *columns_span_pieces(const struct columns *columns)
{
    return &columns->pieces[columns->first_piece[columns->about.stripes]];
}

/* The first of those of the dictionaries. */
static inline const struct columns_piece *columns_dictionary_pieces(const struct columns *columns)
{
    return columns_span_pieces(columns) + 2ull * columns->spans;
}

/* What unpacking needs; lent by the cache. */
struct columns_work {
    struct columns_work *next;
    struct columns_unpacker in;
    struct buf stored;
    struct buf arrays[5];
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

/* A block being unpacked. */
struct columns_load {
    struct columns *columns;
    uint32_t number; /* of the stripe */
    const struct columns_stripe *stripe;
    struct columns_work *work;
    struct columns_block first; /* of the stripe; held where needed */
    struct columns_block other; /* persons, nodes or kinds */
    struct columns_unit *unit;  /* what it becomes */
};

/* A unit with room for `items` of `width` bytes and, with `words`, as many words of bits. */
fallible columns_block_unit(struct columns_load *load, size_t items, uint8_t width, size_t words);
/* The unit's data, which only its maker may write. */
void *columns_block_data(const struct columns_load *load);
/* Unpacks `count` numbers into one of the work's arrays. */
fallible columns_block_array(struct columns_load *load, unsigned which, size_t count,
                             uint64_t **out_array);
/* How numbers below `end` are kept, and `plus` above each. */
struct columns_codes columns_block_codes(uint64_t end, unsigned plus);
/* Holds what the piece, of a stripe or of a span, unpacks to. */
fallible columns_block_hold(struct columns *columns, uint32_t stripe,
                            const struct columns_piece *piece, struct columns_block *out_block);

/* --- columns_block_property.c, columns_block_times.c --- */

fallible columns_block_property(struct columns_load *load, uint32_t number);
fallible columns_block_times(struct columns_load *load);
fallible columns_block_seqs(struct columns_load *load);
fallible columns_block_span(struct columns_load *load, const struct columns_piece *piece);

/* --- columns_seqs.c --- */

void columns_seqs_done(struct columns *columns);
