/* columns_format.h - the bytes of a columns file around its packed arrays. For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * File: head, pieces, directory. A piece is a block of a stripe, a span of times or sequence
 * numbers, or a dictionary; pieces lie in any order without gaps, each has its place and checksum
 * in the directory. Directory: each stripe; each stripe's pieces in order of their column, from the
 * lowest; then two for each span, of times with stripes and of numbers, and one for each property's
 * dictionary; then kinds and properties with their texts. It is packed by zstd where that pays.
 * Integers are little-endian.
 */
#pragma once
#include "store/columns.h"

#define COLUMNS_MAGIC "MYRCOLS1"

/* Was the same without sections. */
enum { COLUMNS_FORMAT_WHOLE = 4 };

enum {
    COLUMNS_MAGIC_SIZE = 8,
    COLUMNS_FIXED = 7,                         /* columns that every stripe has */
    COLUMNS_LOWEST = COLUMNS_KINDS,            /* of them, the lowest number */
    COLUMNS_ARRIVED_SEQS = COLUMNS_LOWEST - 1, /* of a span of places */
    COLUMNS_ARRIVED_TIMES = COLUMNS_LOWEST - 2,
    COLUMNS_MOST_ROWS = 1 << 28,      /* of a stripe */
    COLUMNS_MOST_DIRECTORY = 1 << 30, /* bytes */
};

/* Of the same size and with the checksum at the same place in every format to come. */
struct columns_head {
    char magic[COLUMNS_MAGIC_SIZE];
    uint32_t format;
    uint32_t section_rows; /* columns_sections.h */
    unsigned char workspace[COLUMNS_WORKSPACE];
    uint64_t first_seq;
    uint64_t next_seq;
    uint64_t identity_seq;
    uint64_t rows;
    uint64_t persons;
    int64_t first_time;
    int64_t last_time;
    uint64_t size; /* of the file */
    uint64_t directory_at;
    uint64_t directory_bytes; /* unpacked; as it stands if that is the same */
    uint64_t directory_checksum;
    uint32_t stripes;
    uint32_t kinds;
    uint32_t properties;
    uint32_t pieces;
    uint64_t checksum;
};

struct columns_stripe_entry {
    struct columns_stripe stripe;
    uint32_t pieces;
    uint32_t reserved;
};

struct columns_piece {
    uint64_t at;
    uint64_t bytes;
    uint64_t checksum;
    int32_t column; /* or number of the property */
    uint32_t reserved;
};

struct columns_kind_entry {
    uint32_t type;
    uint32_t name_bytes;
};

struct columns_property_entry {
    uint32_t values;
    uint32_t path_bytes;
};

uint64_t columns_format_head_checksum(const struct columns_head *head);
/* What stands at one place does not pass for what belongs at another. */
uint64_t columns_format_checksum(const void *bytes, size_t len, uint64_t at);

/* What an id is, in relation to the person's rows before: for a device, those with the same node.
 */
enum columns_step {
    COLUMNS_STEP_SAME,   /* as the one before; a person's first node is the person */
    COLUMNS_STEP_FORMER, /* the one that was before the latest change */
    COLUMNS_STEP_FRESH,  /* listed behind */
    COLUMNS_STEP_BESIDE, /* of a device: the row's node */
    COLUMNS_STEP_ACROSS, /* of a device: the node before the row's */
    COLUMNS_STEPS,
};

/* Steps are listed in two arrays, for what they say is not alike: of nodes, those before the
 * person's first other node and those behind; of devices, those of nodes that are not remembered
 * and the others. */
enum columns_steps { COLUMNS_STEPS_FIRST, COLUMNS_STEPS_LATER, COLUMNS_STEPS_LISTS };

/* A node's devices: the latest and the one before it. 0: none. */
struct columns_devices {
    node_id node;
    node_id latest;
    node_id former;
    enum columns_steps steps; /* where to find the row's */
};

/* The devices of `node`: of two nodes, the latest first, they are remembered. */
static inline struct columns_devices *columns_format_devices(struct columns_devices of[2],
                                                             node_id node)
{
    of[0].steps = COLUMNS_STEPS_LATER;
    if (of[0].node != node) {
        struct columns_devices other = of[1];

        of[1] = of[0];
        of[0] = other.node == node ? other : (struct columns_devices){.node = node};
    }
    return &of[0];
}

enum columns_presence { COLUMNS_PRESENCE_NONE, COLUMNS_PRESENCE_ALL, COLUMNS_PRESENCE_MIXED };
enum columns_presence_form { COLUMNS_PRESENCE_BY_KIND, COLUMNS_PRESENCE_GAPS };
enum columns_codes_form { COLUMNS_CODES_PLAIN, COLUMNS_CODES_CHANGES, COLUMNS_CODES_USUAL };

/* Scale of a number: its scale + COLUMNS_SCALE_ZERO, or COLUMNS_SCALE_DOUBLE. */
enum { COLUMNS_SCALE_ZERO = 64, COLUMNS_SCALE_DOUBLE = 255 };

/* Numbers near zero, of either sign, become small ones. */
static inline uint64_t columns_format_zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
}

static inline int64_t columns_format_unzigzag(uint64_t number)
{
    return (int64_t)(number >> 1 ^ (0 - (number & 1)));
}
