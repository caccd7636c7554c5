/* scan_strays.h - one thread's way to the strays of files: puts a person's clusters together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/scan_hits.h"

struct scan_strays;

/* `hits` must outlive it. */
fallible scan_strays_open(const struct scan_files *files, struct scan_hits *hits,
                          struct scan_strays **out_strays);
void scan_strays_close(struct scan_strays *strays); /* NULL is fine */
/* Adds what the file has of persons [from, to) who have strays there. ERR_LIMIT, ERR_IO,
 * ERR_CORRUPT. */
fallible scan_strays_add(struct scan_strays *strays, uint32_t file, node_id from, node_id to,
                         struct scan_piece *piece);
/* A hand that holds the stripe until the next one is wanted. */
fallible scan_strays_hand(struct scan_strays *strays, uint32_t file, uint32_t stripe,
                          struct scan_hand **out_hand);
