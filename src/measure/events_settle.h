/* events_settle.h - writes the events in memory to a column file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/columns.h"

struct events;

/* Traits stand beside an identify call's properties, under a first byte that no text has. */
#define EVENTS_SETTLE_TRAIT "\xff"

/* Whose the rows in memory are as persons are joined now; 0: nobody's. Of mem_grow. */
fallible events_settle_persons(const struct events *events, node_id **out_persons);

/* Writes every event in memory as it stands to `path`, persons as events->persons says, or as
 * they are joined now; `out_about` tells which records of the log it covers. The events stay as
 * they are, and nothing may change them meanwhile. On failure no file is there. */
fallible events_settle_write(struct events *events, struct sys *sys, const char *path,
                             const unsigned char workspace[COLUMNS_WORKSPACE],
                             struct columns_about *out_about);
