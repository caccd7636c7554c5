/* identity_load.c - many nodes at once, and copies, made by all cores.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each part of the work owns a span of the nodes and a span of the table's slots, so that nobody
 * waits for anybody. Nodes that find no slot in their span, of which there are a handful, come
 * last.
 */
#include "base/mem.h"
#include "people/identity_int.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <string.h>

enum { MOST_PARTS = 8, SMALL = 1 << 16, AHEAD = 16, PIECE = 4 << 20, ARRAYS = 7 };

struct loading {
    struct identity *identity;
    const uint8_t *kinds;
    node_id count;
    unsigned parts; /* a power of two */
    atomic_uint next;
    struct buf left[MOST_PARTS]; /* nodes without a slot */
    atomic_bool is_double;       /* an identifier has two nodes */
};

static void fill_nodes(const struct loading *loading, unsigned part)
{
    struct identity *identity = loading->identity;
    uint64_t from = (uint64_t)loading->count * part / loading->parts;
    uint64_t to = (uint64_t)loading->count * (part + 1) / loading->parts;

    for (uint64_t at = from + 1; at <= to; at++) {
        uint32_t node = (uint32_t)at & IDENTITY_MOST_NODES;

        identity->links[at] = (struct identity_link){
            .next = node & IDENTITY_MOST_NODES, .is_anonymous = loading->kinds[at] != NODE_USER};
        identity->labels[at] =
            (struct identity_label){.node = node & IDENTITY_MOST_NODES, .is_root = 1};
        identity->chains[at] = (struct identity_chain){0};
        if (!loading->kinds[at])
            identity->hashes[at] = (hash128){0};
    }
}

static void put(struct loading *loading, unsigned part, uint64_t to, node_id node)
{
    struct identity *identity = loading->identity;
    hash128 hash = identity->hashes[node];
    uint64_t at = hash.low & (identity->slot_count - 1);
    uint8_t tag = identity_tag(hash);

    for (; at < to && identity->tags[at]; at++)
        if (identity->tags[at] == tag && hash_equals(identity->hashes[identity->slots[at]], hash) &&
            loading->kinds[identity->slots[at]] == loading->kinds[node])
            atomic_store(&loading->is_double, true);
    if (at == to) {
        buf_add_bytes(&loading->left[part], &node, sizeof node);
        return;
    }
    identity->tags[at] = tag;
    identity->slots[at] = node;
}

static void fill_slots(struct loading *loading, unsigned part)
{
    struct identity *identity = loading->identity;
    uint64_t span = identity->slot_count / loading->parts, from = part * span;
    node_id ahead[AHEAD];
    uint64_t count = 0;

    for (uint64_t node = 1; node <= loading->count; node++) {
        uint64_t at;

        if (!loading->kinds[node])
            continue;
        at = identity->hashes[node].low & (identity->slot_count - 1);
        if (at - from >= span)
            continue;
        __builtin_prefetch(&identity->tags[at], 1);
        __builtin_prefetch(&identity->slots[at], 1);
        if (count >= AHEAD)
            put(loading, part, from + span, ahead[count % AHEAD]);
        ahead[count++ % AHEAD] = (node_id)node;
    }
    for (uint64_t i = count > AHEAD ? count - AHEAD : 0; i < count; i++)
        put(loading, part, from + span, ahead[i % AHEAD]);
}

static void fill(void *argument)
{
    struct loading *loading = argument;
    unsigned task;

    while ((task = atomic_fetch_add(&loading->next, 1)) < 2 * loading->parts)
        if (task < loading->parts)
            fill_slots(loading, task);
        else
            fill_nodes(loading, task - loading->parts);
}

static fallible put_left(struct loading *loading)
{
    struct identity *identity = loading->identity;

    for (unsigned part = 0; part < loading->parts; part++) {
        const struct buf *left = &loading->left[part];

        if (buf_is_broken(left))
            return mem_exhausted();
        for (size_t at = 0; at < left->len; at += sizeof(node_id)) {
            node_id node;

            memcpy(&node, left->data + at, sizeof node);
            if (identity_find(identity, identity_kind(identity, node), identity->hashes[node]))
                atomic_store(&loading->is_double, true);
            identity_place(identity, node);
        }
    }
    return OK;
}

fallible identity_load(struct identity *identity, hash128 **hashes, const uint8_t *kinds,
                       node_id count)
{
    struct loading loading = {.identity = identity, .kinds = kinds, .count = count, .parts = 1};
    int cores = thread_cores();
    enum err err;

    if (!count)
        return OK;
    TRY(identity_reserve(identity, count, 0));
    while (count >= SMALL && (int)loading.parts * 2 <= cores && loading.parts < MOST_PARTS)
        loading.parts *= 2;
    mem_free(identity->hashes);
    identity->hashes = *hashes;
    *hashes = NULL;
    identity->node_room = identity->node_count = count;
    thread_gather((int)loading.parts, fill, &loading);
    err = put_left(&loading);
    for (unsigned part = 0; part < loading.parts; part++)
        buf_done(&loading.left[part]);
    if (!err && atomic_load(&loading.is_double))
        err = fail(ERR_CORRUPT, "an identifier has two nodes");
    return err;
}

/* Copies */

struct copying {
    struct array {
        void *to;
        const void *from;
        uint64_t bytes;
    } arrays[ARRAYS];
    atomic_uint_fast64_t next; /* piece of all arrays */
};

static void copy_pieces(void *argument)
{
    struct copying *copying = argument;
    uint64_t at;

    do {
        at = atomic_fetch_add(&copying->next, 1) * PIECE;
        for (unsigned i = 0; i < ARRAYS; i++) {
            const struct array *array = &copying->arrays[i];
            uint64_t whole = (array->bytes + PIECE - 1) / PIECE * PIECE;

            if (at < whole) {
                uint64_t left = array->bytes - at;

                memcpy((char *)array->to + at, (const char *)array->from + at,
                       left < PIECE ? left : PIECE);
                break;
            }
            at -= whole;
            if (i == ARRAYS - 1)
                return;
        }
    } while (true);
}

/* NULL without memory. */
static void *copied(struct copying *copying, unsigned number, const void *array, uint64_t bytes)
{
    void *copy = mem_grow(NULL, bytes);

    copying->arrays[number] = (struct array){copy, array, copy ? bytes : 0};
    return copy;
}

fallible identity_copy(const struct identity *identity, struct identity **out_identity)
{
    struct identity *copy = mem_alloc(sizeof *copy);
    uint64_t nodes = (uint64_t)identity->node_count + 1;
    struct copying copying = {0};

    if (!copy)
        return mem_exhausted();
    *copy = *identity;
    copy->node_room = identity->node_count;
    copy->join_room = identity->join_count;
    copy->hashes = copied(&copying, 0, identity->hashes, nodes * sizeof *copy->hashes);
    copy->links = copied(&copying, 1, identity->links, nodes * sizeof *copy->links);
    copy->labels = copied(&copying, 2, identity->labels, nodes * sizeof *copy->labels);
    copy->chains = copied(&copying, 3, identity->chains, nodes * sizeof *copy->chains);
    copy->joins = copied(&copying, 4, identity->joins,
                         ((uint64_t)identity->join_count + 1) * sizeof *copy->joins);
    copy->tags = copied(&copying, 5, identity->tags, identity->slot_count);
    copy->slots = copied(&copying, 6, identity->slots, identity->slot_count * sizeof *copy->slots);
    for (unsigned i = 0; i < ARRAYS; i++)
        if (!copying.arrays[i].to) {
            identity_close(copy);
            return mem_exhausted();
        }
    thread_gather(identity->node_count >= SMALL ? MOST_PARTS : 1, copy_pieces, &copying);
    *out_identity = copy;
    return OK;
}
