/* oracle.h - what the clients of a workspace know, and whether its log agrees.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Naive on purpose: it shares nothing with the store but the reading of records. Persons are worked
 * out anew from the events in their order, as the reference does.
 */
#pragma once
#include "crash/plan.h"
#include "crash/world.h"

struct deleted;
struct oracle;

struct oracle *oracle_open(const struct plan *plan); /* aborts without memory */
void oracle_close(struct oracle *oracle);

void oracle_sent(struct oracle *oracle, const struct plan_ask *ask);
/* The ask was answered: what it asked for must last. `seq` names a merge; 0: there was nothing to
 * delete or revise. */
void oracle_acked(struct oracle *oracle, const struct plan_ask *ask, uint64_t seq);
/* A deletion or a revision of these events is on its way: it must happen whole or not at all. */
void oracle_names(struct oracle *oracle, const struct plan_ask *ask, const struct deleted *found);
unsigned oracle_attempts(const struct oracle *oracle, const struct plan_ask *ask); /* at it */
/* Answered by a refusal that a repetition would meet again. */
void oracle_refused(struct oracle *oracle, const struct plan_ask *ask);
bool oracle_is_settled(const struct oracle *oracle, const struct plan_ask *ask);
uint64_t oracle_merge_seq(const struct oracle *oracle,
                          const struct plan_ask *merge); /* 0: unknown */

/* Reads the whole log of the open world: every acknowledged event is there, nothing is there twice
 * or as nobody sent it, every node and person is as it must be. Writes a sentence to `out_trouble`
 * and returns false when not so. */
bool oracle_agrees(struct oracle *oracle, struct world *world, struct buf *out_trouble);
/* The same of what a log gives that may be damaged: it may end with an error, but what it gives is
 * right. `*out_events` counts them. */
bool oracle_trusts(struct oracle *oracle, struct world *world, struct buf *out_trouble,
                   unsigned *out_events);
unsigned oracle_count(const struct oracle *oracle); /* acknowledged events */
/* Events that the log holds and that are not deleted, by the latest reading. */
uint64_t oracle_left(const struct oracle *oracle);
uint64_t oracle_humans(const struct oracle *oracle); /* of these, a human's */
