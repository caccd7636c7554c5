/* scan_hits.h - carries out a plan over the rows of one column file at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/scan_files.h"
#include "measure/scan_hand.h"
#include "measure/scan_sets.h"

struct scan_met;

enum { SCAN_HITS_EIGHT = 256 };

/* Of one scanner. */
struct scan_hits {
    const struct scan_files *files;
    const struct scan_plan *plan;
    struct matcher_scope *scope;
    struct scan_met *met;
    const struct scan_sets *sets; /* who may be a member; about the persons being added */
    bool has_traits;              /* some slot is a trait */
    bool needs_rows;              /* something is told of hits besides times and marks */
    uint32_t *rows;               /* of the hits being added */
    uint32_t *gaps;               /* rows between them */
    uint32_t room;
    uint64_t events_read;
    uint32_t eight[SCAN_HITS_EIGHT][8]; /* which bits of a byte are set */
    uint8_t counts[SCAN_HITS_EIGHT];    /* and how many */
};

void scan_hits_init(struct scan_hits *hits, const struct scan_files *files,
                    struct matcher_scope *scope, struct scan_met *met,
                    const struct scan_sets *sets);
void scan_hits_done(struct scan_hits *hits);
/* Adds persons [from, to) of the held stripe to the piece. ERR_LIMIT. */
fallible scan_hits_add(struct scan_hits *hits, const struct scan_hand *hand, uint32_t from,
                       uint32_t to, struct scan_piece *piece);
/* Adds one row of the held stripe to the last person of the piece, who must have been entered. */
fallible scan_hits_add_row(struct scan_hits *hits, const struct scan_hand *hand, uint32_t row,
                           struct scan_piece *piece);
