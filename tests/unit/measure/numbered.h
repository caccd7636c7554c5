/* numbered.h - a log of events that carry their own sequence number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "crash/world.h"

struct world numbered_world(void);
/* A record of events named by turns "odd" and "even", each with its number as property `n`. */
void numbered_add(struct world *w, unsigned count);
void numbered_add_wide(struct world *w, int bytes); /* one, and that many bytes more */
/* A record of `count` events that are no JSON: whoever opens it fails. */
void numbered_add_broken(struct world *w, unsigned count);
void numbered_gap(struct world *w, uint32_t count); /* numbers that are no events */
