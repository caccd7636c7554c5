/* identity.h - nodes, the joins between them, and the persons they make.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A fold of the log's NODE, JOIN and UNDO records, in memory. A person is a set of nodes that
 * joins connect; her id is her oldest node (the smallest id). An undo removes that one join, in
 * any order, and what remains is exactly what the other joins alone would have made. Not locked:
 * its owner sees to that.
 */
#pragma once
#include "base/arena.h"
#include "store/record.h"

struct identity;

enum { NODE_NONE = 0 };

fallible identity_open(struct identity **out_identity);
void identity_close(struct identity *identity);
/* A copy that goes its own way from there. */
fallible identity_copy(const struct identity *identity, struct identity **out_identity);

/* Fills one that knows no node yet with nodes 1 .. count, those of kind 0 without an identifier;
 * takes `*hashes` over, of mem_grow and indexed by node, and leaves NULL. ERR_CORRUPT: two nodes
 * have one identifier. */
fallible identity_load(struct identity *identity, hash128 **hashes, const uint8_t *kinds,
                       node_id count);

/* The node of an identifier's keyed hash, or NODE_NONE. */
node_id identity_find(const struct identity *identity, enum node_kind kind, hash128 hash);
/* Fetch what identity_find will touch, ahead of need: first the place in the table, some time later
 * what stands there. Returns the node that the hash is likely to be, or NODE_NONE. */
void identity_warm_place(const struct identity *identity, hash128 hash);
node_id identity_warm_node(const struct identity *identity, hash128 hash);
node_id identity_count(const struct identity *identity); /* nodes so far; ids are 1 .. count */
enum node_kind identity_kind(const struct identity *identity, node_id node);
/* Room for that many more nodes and joins, so that adding cannot fail. */
fallible identity_reserve(struct identity *identity, uint32_t nodes, uint32_t joins);
node_id identity_add(struct identity *identity, const struct record_node *node);

/* May an event that carries both join them? An anonymous node joins one user node, once; a pair
 * whose join was undone is not joined again by events. */
bool identity_can_claim(const struct identity *identity, node_id anonymous, node_id user);
/* `seq` names the join. ERR_CORRUPT: no such node. A join within one person is kept and counts
 * once another path is undone. */
fallible identity_join(struct identity *identity, uint64_t seq, const struct record_join *join);
/* ERR_ABSENT: no such join, ERR_CONFLICT: undone already. */
fallible identity_undo(struct identity *identity, const struct record_undo *undo);

node_id identity_person(const struct identity *identity, node_id node); /* oldest node of hers */
/* The node behind `node` in the ring of its person's nodes (itself when alone). */
node_id identity_next(const struct identity *identity, node_id node);

/* The ends of the join named `seq`; false where there is none. */
bool identity_ends(const struct identity *identity, uint64_t seq, node_id *out_a, node_id *out_b);

struct identity_join_info {
    uint64_t seq;
    struct record_join join;
    bool is_undone;
};
/* Joins that touch the person of `node`, undone ones too, in order of seq. */
fallible identity_joins(const struct identity *identity, node_id node, struct arena *mem,
                        struct identity_join_info **out_joins, size_t *out_count);
/* Folds one record: of nodes, joins and undos what they say, of the others which nodes there are.
 * What a lost part of the log leaves behind is no error: see log_check. */
struct log_record;
fallible identity_apply(struct identity *identity, const struct log_record *record);
/* Fetches what applying this join will touch, while others are applied. */
void identity_warm(const struct identity *identity, const struct log_record *record);
/* Every node up to `last` is taken from now on. Those without a record of their own were in a part
 * of the log that was lost: no identifier leads to them. */
fallible identity_keep(struct identity *identity, node_id last);
