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

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

enum { MOST_PARTS = 8, SMALL = 1 << 16, SLOTS_LEAST = 64, AHEAD = 16, PIECE = 4 << 20, ARRAYS = 7 };

struct loading {
    struct identity *identity;
    struct identity_base *base;
    const uint8_t *kinds;
    unsigned parts; /* a power of two */
    atomic_uint next;
    struct buf left[MOST_PARTS]; /* nodes without a slot */
    atomic_bool is_double;       /* an identifier has two nodes */
};

void identity_base_release(struct identity_base *base)
{
    if (!base || atomic_fetch_sub(&base->holders, 1) != 1)
        return;
    mem_free(base->hashes);
    mem_free(base->tags);
    mem_free(base->slots);
    mem_free(base);
}

static fallible make_base(hash128 **hashes, node_id count, struct identity_base **out_base)
{
    struct identity_base *base = mem_alloc(sizeof *base);

    if (!base)
        return mem_exhausted();
    atomic_store(&base->holders, 1);
    base->count = count;
    base->slot_count = SLOTS_LEAST;
    while (count > base->slot_count - base->slot_count / 8)
        base->slot_count *= 2;
    base->tags = mem_alloc(base->slot_count);
    base->slots = mem_grow(NULL, base->slot_count * sizeof *base->slots);
    if (!base->tags || !base->slots) {
        identity_base_release(base);
        return mem_exhausted();
    }
    base->hashes = *hashes;
    *hashes = NULL;
    *out_base = base;
    return OK;
}

static void fill_nodes(const struct loading *loading, unsigned part)
{
    struct identity *identity = loading->identity;
    struct identity_base *base = loading->base;
    uint64_t from = (uint64_t)base->count * part / loading->parts;
    uint64_t to = (uint64_t)base->count * (part + 1) / loading->parts;

    for (uint64_t at = from + 1; at <= to; at++) {
        uint32_t node = (uint32_t)at & IDENTITY_MOST_NODES;

        identity->links[at] = (struct identity_link){
            .next = node & IDENTITY_MOST_NODES, .is_anonymous = loading->kinds[at] != NODE_USER};
        identity->labels[at] =
            (struct identity_label){.node = node & IDENTITY_MOST_NODES, .is_root = 1};
        identity->chains[at] = (struct identity_chain){0};
        if (!loading->kinds[at])
            base->hashes[at] = (hash128){0};
    }
}

/* Finds a slot from `at` on, `to` where there is none before it. */
static uint64_t find_slot(struct loading *loading, uint64_t at, uint64_t to, node_id node)
{
    const struct identity_base *base = loading->base;
    hash128 hash = base->hashes[node];
    uint8_t tag = identity_tag(hash);

    for (; at < to && base->tags[at]; at++)
        if (base->tags[at] == tag && hash_equals(base->hashes[base->slots[at]], hash) &&
            loading->kinds[base->slots[at]] == loading->kinds[node])
            atomic_store(&loading->is_double, true);
    return at;
}

static void take_slot(struct loading *loading, uint64_t at, node_id node)
{
    loading->base->tags[at] = identity_tag(loading->base->hashes[node]);
    loading->base->slots[at] = node;
}

static uint64_t place_of(const struct loading *loading, node_id node)
{
    return loading->base->hashes[node].low & (loading->base->slot_count - 1);
}

static void put(struct loading *loading, unsigned part, uint64_t to, node_id node)
{
    uint64_t at = find_slot(loading, place_of(loading, node), to, node);

    if (at < to)
        take_slot(loading, at, node);
    else
        buf_add_bytes(&loading->left[part], &node, sizeof node);
}

static void fill_slots(struct loading *loading, unsigned part)
{
    const struct identity_base *base = loading->base;
    uint64_t span = base->slot_count / loading->parts, from = part * span, count = 0;
    node_id ahead[AHEAD];

    for (uint64_t node = 1; node <= base->count; node++) {
        uint64_t at;

        if (!loading->kinds[node])
            continue;
        at = place_of(loading, (node_id)node);
        if (at - from >= span)
            continue;
        __builtin_prefetch(&base->tags[at], 1);
        __builtin_prefetch(&base->slots[at], 1);
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

/* In no particular span, but as before in the first free slot. */
static fallible put_left(struct loading *loading)
{
    uint64_t slots = loading->base->slot_count;

    for (unsigned part = 0; part < loading->parts; part++) {
        const struct buf *left = &loading->left[part];

        if (buf_is_broken(left))
            return mem_exhausted();
        for (size_t i = 0; i < left->len; i += sizeof(node_id)) {
            node_id node;
            uint64_t at;

            memcpy(&node, left->data + i, sizeof node);
            at = find_slot(loading, place_of(loading, node), slots, node);
            take_slot(loading, at < slots ? at : find_slot(loading, 0, slots, node), node);
        }
    }
    return OK;
}

fallible identity_load(struct identity *identity, hash128 **hashes, const uint8_t *kinds,
                       node_id count)
{
    struct loading loading = {.identity = identity, .kinds = kinds, .parts = 1};
    int cores = thread_cores();
    enum err err;

    assert(!identity->base && !identity->node_count);
    if (!count)
        return OK;
    /* Of the hashes there is room for as many as before, now behind the base's. */
    TRY(identity_make_rings(identity, count + identity->node_room));
    TRY(make_base(hashes, count, &loading.base));
    identity->base = loading.base;
    identity->base_count = identity->node_count = count;
    while (count >= SMALL && (int)loading.parts * 2 <= cores && loading.parts < MOST_PARTS)
        loading.parts *= 2;
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
    if (copy->base)
        atomic_fetch_add(&copy->base->holders, 1);
    copy->hashes = copied(&copying, 0, identity->hashes,
                          (nodes - identity->base_count) * sizeof *copy->hashes);
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
