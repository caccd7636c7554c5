/* identity_int.h - the arrays of identity, for identity*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "people/identity.h"

#include <stdatomic.h>

/* Ids of nodes and places of joins share their words with flags. */
#define IDENTITY_MOST_NODES ((uint32_t)INT32_MAX)
#define IDENTITY_MOST_JOINS ((uint32_t)1 << 30)

struct identity_link {
    uint32_t next : 31; /* node in the ring */
    uint32_t is_anonymous : 1;
};

struct identity_label {
    uint32_t node : 31; /* the oldest node if this is the root, else the root */
    uint32_t is_root : 1;
};

struct identity_chain {
    uint32_t join : 31;     /* the node's latest join, 0 for none; further ones through the joins */
    uint32_t is_marked : 1; /* visited; never set between calls */
};

struct identity_edge {
    uint64_t seq;
    millis at;
    node_id a;
    node_id b;
    uint32_t next_of_a : 30;
    uint32_t cause : 2;
    uint32_t next_of_b : 30;
    uint32_t is_undone : 1;
};

_Static_assert(sizeof(struct identity_link) == 4 && sizeof(struct identity_label) == 4 &&
                   sizeof(struct identity_chain) == 4,
               "ten million nodes are lean");
_Static_assert(sizeof(struct identity_edge) == 32, "so are their joins");

/* The identifiers of nodes 1 .. count, which do not change any more: copies share them. */
struct identity_base {
    atomic_int holders;
    hash128 *hashes; /* by node */
    uint8_t *tags;
    node_id *slots;
    uint64_t slot_count;
    node_id count;
};

struct identity {
    struct identity_base *base; /* or NULL */
    node_id base_count;
    hash128 *hashes; /* of the nodes behind the base's, the first at 1 */
    /* Indexed by node; place 0 is unused. */
    struct identity_link *links;
    struct identity_label *labels;
    struct identity_chain *chains;
    uint32_t node_count;
    uint32_t node_room; /* nodes that fit the arrays */
    /* In order of seq; place 0 is unused. */
    struct identity_edge *joins;
    uint32_t join_count;
    uint32_t join_room;
    /* Of the nodes behind the base's: open addressing with linear steps, a tag of the hash for each
     * slot, 0 where it is empty, so that looking for a new hash rarely touches more than the tags.
     */
    uint8_t *tags;
    node_id *slots;
    uint64_t slot_count; /* a power of two */
};

static inline hash128 identity_hash(const struct identity *identity, node_id node)
{
    return node > identity->base_count ? identity->hashes[node - identity->base_count]
                                       : identity->base->hashes[node];
}

static inline uint8_t identity_tag(hash128 hash)
{
    uint8_t tag = (uint8_t)(hash.high >> 56);

    return tag ? tag : 1;
}

/* Room for that many nodes in all arrays but that of the hashes. */
fallible identity_make_rings(struct identity *identity, node_id room);
void identity_base_release(struct identity_base *base); /* NULL is fine */
