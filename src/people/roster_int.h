/* roster_int.h - the roster's insides, for roster*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "people/roster.h"
#include "people/roster_record.h"

enum { ROSTER_PATH = 4096 };

/* How far the file is known, and what stands before that place. */
struct roster_extent {
    uint64_t bytes;
    uint64_t next_seq;
    uint64_t chain;
    node_id nodes;
    uint32_t joins;
};

struct roster_loaded;

struct roster {
    struct sys *sys;
    struct file *file;
    char path[ROSTER_PATH];
    struct roster_extent head; /* where the first block begins */
    struct roster_extent durable;
    struct roster_extent closed; /* with the whole blocks that wait */
    struct buf waiting; /* whole blocks, then from `open_at` on the one that records go into */
    size_t open_at;
    uint64_t added_seq;          /* records below it were added */
    struct roster_latest latest; /* in the open block */
    node_id nodes;
    uint32_t joins;
    bool is_broken;               /* a sync failed: nothing can be promised any more */
    struct roster_loaded *loaded; /* see roster_load; NULL: not wanted */
};

/* From one block to the next, by its head alone. */
fallible roster_step_over(const struct roster *roster, struct roster_extent *at);
/* Verifies the blocks from a place up to another and gives what they hold. */
fallible roster_read_span(const struct roster *roster, const struct roster_extent *from,
                          uint64_t to, roster_taker *each, void *argument);
