/* scan_piece.h - a batch that grows: what one place where events are kept adds to a range.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/scan_int.h"

struct scan_piece {
    uint32_t slot_count;
    bool has_seqs;
    bool has_names;
    uint32_t persons, person_room;
    uint32_t hits, hit_room;
    node_id *ids;
    uint32_t *first; /* [person + 1]: where her hits end is kept up by who adds them */
    millis *times;
    scan_marks *marks;
    text_code *names;
    uint64_t *seqs;
    struct value *slots[SCAN_MOST_SLOTS];
};

void scan_piece_init(struct scan_piece *piece, const struct scan_plan *plan);
void scan_piece_done(struct scan_piece *piece);
void scan_piece_clear(struct scan_piece *piece);
/* Room for that many more. ERR_LIMIT. */
fallible scan_piece_reserve(struct scan_piece *piece, size_t persons, size_t hits);
/* Adds hits [from, to) of a batch to the last person. The room must be reserved. */
void scan_piece_copy(struct scan_piece *piece, const struct scan_batch *batch, uint32_t from,
                     uint32_t to);
/* Begins a person without hits; the room must be reserved. */
void scan_piece_begin(struct scan_piece *piece, node_id id);
void scan_piece_batch(const struct scan_piece *piece, struct scan_batch *out_batch);
