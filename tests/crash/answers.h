/* answers.h - do questions get the answers that the log gives?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "crash/world.h"

/* Asks the open world, whose events settle, and a fold of its whole log: who there is, and what
 * some of the plan's names did. False with a sentence where they differ or one cannot answer. */
bool answers_agree(struct world *world, struct buf *out_trouble);
/* Do questions see just `events`, of all kinds, once all is folded, and of humans just `humans`? */
bool answers_count(struct world *world, uint64_t events, uint64_t humans, struct buf *out_trouble);
/* The same of a disk that may be damaged: what is answered must be right, but an error is fine. */
bool answers_trust(struct world *world, struct buf *out_trouble);
