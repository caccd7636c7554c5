/* roster_int.h - the roster's insides, for roster*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "people/roster.h"
#include "people/roster_block.h"

#include <stddef.h>

struct mutex;

enum { ROSTER_PATH = 4096 };

#define ROSTER_BLOCK_MAGIC 0x314b4c425052594du /* "MYRPBLK1" */

/* What stands before a block's body. */
struct roster_block_head {
    uint64_t magic;
    uint32_t body_bytes;
    uint32_t nodes; /* ids taken so far */
    uint32_t joins; /* so far */
    uint32_t reserved;
    uint64_t first_seq;
    uint64_t next_seq;
    uint64_t previous; /* checksum of the block before, or of the file's head */
    uint64_t checksum; /* over the bytes before it and the body */
};

_Static_assert(sizeof(struct roster_block_head) == 56, "no padding");

/* Where a record stands: its block, and which one of it, from 1. */
enum { ROSTER_PLACE_BITS = 16 };
_Static_assert(ROSTER_BLOCK_RECORDS < 1 << ROSTER_PLACE_BITS, "any record of a block has a place");

static inline uint64_t roster_place(uint64_t block_at, size_t record)
{
    return block_at << ROSTER_PLACE_BITS | (record + 1);
}

/* How far the file is known, and what stands before that place. */
struct roster_extent {
    uint64_t bytes;
    uint64_t next_seq;
    uint64_t chain;
    node_id nodes;
    uint32_t joins;
};

struct roster_loaded;

/* Blocks as they are read: what unpacks them, and the latest. */
struct roster_reading {
    struct columns_unpacker in;
    struct roster_block block;
    struct buf clear; /* parts that follow from identifiers */
};

/* The block of the latest identifier that was asked for. */
struct roster_asked {
    struct mutex *mutex;
    struct roster_reading reading;
    uint64_t at; /* 0: none */
};

struct roster {
    struct sys *sys;
    struct file *file;
    char path[ROSTER_PATH];
    struct roster_hash hash;
    struct roster_extent head; /* where the first block begins */
    struct roster_extent durable;
    struct roster_extent closed; /* with the blocks that wait */
    struct buf waiting;          /* closed blocks */
    struct roster_block open;    /* stands behind them */
    struct columns_packer packer;
    struct roster_asked asked;
    uint64_t added_seq; /* records below it were added */
    node_id nodes;
    uint32_t joins;
    bool is_broken;               /* a sync failed: nothing can be promised any more */
    struct roster_loaded *loaded; /* see roster_load; NULL: not wanted */
};

/* Zeroed at first; may be called at any time. */
fallible roster_reading_init(struct roster_reading *reading);
void roster_reading_done(struct roster_reading *reading);
uint64_t roster_block_checksum(const struct roster_block_head *head, const char *body);
/* From one block to the next, by its head alone. */
fallible roster_step_over(const struct roster *roster, struct roster_extent *at);
/* Verifies the blocks from a place up to another and gives what they hold. */
fallible roster_read_span(const struct roster *roster, const struct roster_extent *from,
                          uint64_t to, roster_taker *each, void *argument);
