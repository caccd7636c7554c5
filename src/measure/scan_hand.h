/* scan_hand.h - what one thread holds of one column file: the blocks of a stripe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/scan_files.h"
#include "store/columns_ticks.h"

struct scan_hand {
    const struct scan_files *files;
    const struct scan_plan *plan;
    const struct scan_view *view;
    uint32_t file;
    int64_t stripe;         /* -1: nothing is held */
    const uint64_t *masked; /* its rows that do not count; NULL: all do */
    uint32_t last;          /* the person found last */
    bool takes_ticks;       /* then times are held only when asked for */
    struct columns_ticks scale;
    struct columns_block persons, first, kinds, times, ticks, seqs, devices;
    struct columns_block *blocks; /* of the view */
};

fallible scan_hand_open(struct scan_hand *hand, const struct scan_files *files, uint32_t file);
void scan_hand_close(struct scan_hand *hand); /* a zeroed one is fine */
/* Holds a stripe, instead of the one held before. ERR_IO, ERR_CORRUPT, ERR_LIMIT. */
fallible scan_hand_turn(struct scan_hand *hand, uint32_t stripe);
/* Holds the times of the held stripe. ERR_IO, ERR_CORRUPT, ERR_LIMIT. */
fallible scan_hand_times(struct scan_hand *hand);
/* The first stripe that ends at `id` or behind it; may be the end of all. */
uint32_t scan_hand_find_stripe(const struct scan_hand *hand, node_id id);
/* The first person of the held stripe with `id` or a greater one. */
uint32_t scan_hand_find_person(struct scan_hand *hand, node_id id);

static inline uint32_t scan_hand_stripes(const struct scan_hand *hand)
{
    return columns_about(hand->view->columns)->stripes;
}

static inline const struct columns_stripe *scan_hand_stripe(const struct scan_hand *hand,
                                                            uint32_t stripe)
{
    return columns_stripe(hand->view->columns, stripe);
}
