/* scan_hits.h - carries out a plan over the rows of one column file at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/pick.h"
#include "measure/scan_files.h"
#include "measure/scan_hand.h"
#include "measure/scan_sets.h"

struct scan_met;

/* Of one scanner. */
struct scan_hits {
    const struct scan_files *files;
    const struct scan_plan *plan;
    struct matcher_scope *scope;
    struct scan_met *met;
    const struct scan_sets *sets; /* who may be a member; about the persons being added */
    const struct pick *pick;
    const uint64_t *moved; /* of the file in hand: clusters that are told as strays */
    bool has_traits;       /* some slot is a trait */
    bool are_alike;        /* all hits of the chunk have all the marks of the view */
    uint64_t *bits;        /* of the chunk's rows: the hits */
    uint64_t *others;      /* twice as many, for a moment */
    uint32_t *before;      /* hits ahead of each word of bits */
    uint32_t *kinds;       /* of the hits */
    uint32_t *members;     /* of the chunk, where most are none */
    uint32_t room;         /* rows */
    uint64_t events_read;
};

void scan_hits_init(struct scan_hits *hits, const struct scan_files *files,
                    struct matcher_scope *scope, struct scan_met *met,
                    const struct scan_sets *sets);
void scan_hits_done(struct scan_hits *hits);
/* Adds persons [from, to) of the held stripe to the piece. ERR_LIMIT. */
fallible scan_hits_add(struct scan_hits *hits, struct scan_hand *hand, uint32_t from, uint32_t to,
                       struct scan_piece *piece);
/* Adds rows [from, to) of the held stripe to the last person of the piece, who must have been
 * entered. ERR_LIMIT. */
fallible scan_hits_add_rows(struct scan_hits *hits, struct scan_hand *hand, uint32_t from,
                            uint32_t to, struct scan_piece *piece);
