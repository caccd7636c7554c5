/* columns_writer_int.h - what a columns file in the making holds. For columns_writer*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/columns_arrivals.h"
#include "store/columns_format.h"
#include "store/columns_pack.h"
#include "store/columns_places.h"
#include "store/columns_ranks.h"
#include "store/columns_sections.h"
#include "store/columns_writer.h"

/* A property: its dictionary as it grows, and its cells in the stripe under way. The values stand
 * in the order in which they are written, each list or object before its children. */
struct columns_writer_property {
    struct buf path;
    uint32_t values;
    uint64_t codes_end; /* over the highest code in any row */
    struct buf types;   /* uint8_t */
    struct buf counts;  /* uint32_t; of children */
    struct buf digits;  /* int64_t */
    struct buf scales;  /* uint8_t; see columns_writer_value.c */
    struct buf lengths; /* uint32_t */
    struct buf texts;
    struct buf rows;  /* uint32_t, ascending */
    struct buf codes; /* uint32_t */
};

struct columns_writer_kind {
    enum event_type type;
    struct buf name;
};

/* The stripe under way. One item a person, then one a row. */
struct columns_writer_stripe {
    struct buf persons; /* node_id */
    struct buf firsts;  /* uint32_t; of persons with rows */
    struct buf times;
    struct buf seqs;
    struct buf nodes;
    struct buf devices;
    struct buf kinds;
    uint32_t rows;
};

/* Times and sequence numbers of a stripe, and the place in stripe_pieces of what they become. */
struct columns_writer_wait {
    size_t pieces; /* of the sequence numbers, then of the times */
    uint64_t at;
    uint64_t bytes;
    uint32_t rows;
    uint32_t reserved;
};

struct columns_writer_waiting {
    char *path;
    struct file *file; /* NULL while all fits into memory */
    struct buf bytes;
    uint64_t written;   /* of the file */
    struct buf stripes; /* struct columns_writer_wait */
    struct buf firsts;  /* uint32_t; of each stripe those of its persons, and its rows */
    struct columns_ranks ranks;
    struct columns_section section; /* whose stripes wait */
};

struct columns_writer {
    struct sys *sys;
    char *path;
    char *new_path;
    struct file *file;
    struct buf out;   /* not written yet */
    uint64_t written; /* bytes of the file before it */
    uint64_t unsynced;
    bool is_renamed;
    struct columns_head head;
    struct columns_packer packer;
    struct columns_writer_stripe stripe;
    struct columns_writer_waiting waiting;
    node_id person; /* the latest; 0 before the first */
    bool person_has_rows;
    uint64_t kinds_end; /* over the highest kind of any row */
    struct columns_writer_kind *kind_list;
    uint32_t kind_room;
    struct columns_writer_property *property_list;
    uint32_t property_room;
    struct buf stripe_entries;
    struct buf stripe_pieces;
    struct buf last_pieces; /* spans and dictionaries */
    uint64_t *one;          /* scratch of a stripe, one item a row */
    uint64_t *other;
    uint32_t scratch_room;
};

/* --- columns_writer.c --- */

/* What was added to `out` since `at` becomes a piece; `pieces` takes its entry. */
fallible columns_writer_piece(struct columns_writer *writer, struct buf *pieces, int32_t column,
                              uint64_t at);
/* Where the next byte will stand. */
uint64_t columns_writer_place(const struct columns_writer *writer);

/* Of two candidates, one from `first` and one from `second` to the end, the smaller one stays; the
 * first, if the gain is small. */
void columns_writer_choose(struct buf *out, size_t first, size_t second);

/* --- columns_writer_arrivals.c --- */

/* The stripe under way has so many rows: those of the section before are written, if it is full. */
fallible columns_writer_enter_section(struct columns_writer *writer, uint32_t rows);
fallible columns_writer_keep_arrivals(struct columns_writer *writer, const uint64_t *times,
                                      const uint64_t *seqs, uint32_t rows);
/* Writes what waits. */
fallible columns_writer_arrivals(struct columns_writer *writer);
void columns_writer_waiting_done(struct columns_writer_waiting *waiting, struct sys *sys);

/* --- columns_writer_stripe.c --- */

/* Writes the stripe under way, if it has rows, and starts the next. */
fallible columns_writer_end_stripe(struct columns_writer *writer);
void columns_writer_stripe_done(struct columns_writer_stripe *stripe);

/* --- columns_writer_value.c --- */

fallible columns_writer_dictionary(struct columns_writer *writer,
                                   const struct columns_writer_property *property);
void columns_writer_property_done(struct columns_writer_property *property);

static inline void columns_writer_put(struct buf *b, const void *item, size_t size)
{
    if (b->room - b->len < size && !buf_reserve(b, size)) {
        b->broken = true;
        return;
    }
    __builtin_memcpy(b->data + b->len, item, size);
    b->len += size;
}

static inline void columns_writer_put32(struct buf *b, uint32_t item)
{
    columns_writer_put(b, &item, sizeof item);
}

static inline void columns_writer_put64(struct buf *b, uint64_t item)
{
    columns_writer_put(b, &item, sizeof item);
}
