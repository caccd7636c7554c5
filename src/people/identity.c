/* identity.c - nodes by hash in an open table, persons as labels and rings over flat arrays.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A node costs 28 bytes in arrays indexed by its id, and about 8 in the table. A join costs 32.
 *
 * The nodes of a person are one ring (`next`), and every node's label names the ring's root, whose
 * own label names the oldest node. Two persons become one by relabelling the smaller ring, found
 * by walking both in step, so n joins cost O(n log n) in any order. An undo walks the joins that
 * remain from both ends and builds the one or two rings that they give: it needs no memory.
 */
#include "people/identity_int.h"

#include "base/mem.h"
#include "store/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void table_put(uint8_t *tags, node_id *slots, uint64_t slot_count, hash128 hash,
                      node_id node)
{
    uint64_t at = hash.low & (slot_count - 1);

    while (tags[at])
        at = (at + 1) & (slot_count - 1);
    tags[at] = identity_tag(hash);
    slots[at] = node;
}

/* Makes the table of those behind the base fit for `nodes`: at most 7/8 full. */
static fallible grow_table(struct identity *identity, uint64_t nodes)
{
    uint64_t slot_count = identity->slot_count ? identity->slot_count : 64;
    uint8_t *tags;
    node_id *slots;

    while (nodes > slot_count - slot_count / 8)
        slot_count *= 2;
    if (slot_count == identity->slot_count)
        return OK;
    tags = mem_alloc(slot_count);
    slots = mem_alloc(slot_count * sizeof *slots);
    if (!tags || !slots) {
        mem_free(tags);
        mem_free(slots);
        return mem_exhausted();
    }
    for (uint64_t at = 0; at < identity->slot_count; at++)
        if (identity->tags[at])
            table_put(tags, slots, slot_count, identity_hash(identity, identity->slots[at]),
                      identity->slots[at]);
    mem_free(identity->tags);
    mem_free(identity->slots);
    identity->tags = tags;
    identity->slots = slots;
    identity->slot_count = slot_count;
    return OK;
}

/* Room for `count` things and the unused place 0; on failure the array is as it was. */
static bool grow_array(void *array, uint64_t count, size_t size)
{
    void *old, *grown;

    memcpy(&old, array, sizeof old);
    grown = mem_grow(old, (count + 1) * size);
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    return true;
}

/* What to grow to when `need` do not fit `room`: by half, so that growing often stays cheap. */
static uint64_t grown_room(uint64_t room, uint64_t need, uint64_t most)
{
    uint64_t room_by_half = room + room / 2 < most ? room + room / 2 : most;

    return need > room_by_half ? need : room_by_half;
}

static fallible grow_nodes(struct identity *identity, uint64_t need)
{
    uint64_t room = grown_room(identity->node_room, need, IDENTITY_MOST_NODES);

    if (!grow_array(&identity->hashes, room - identity->base_count, sizeof *identity->hashes))
        return mem_exhausted();
    return identity_make_rings(identity, (node_id)room);
}

fallible identity_make_rings(struct identity *identity, node_id room)
{
    if (!grow_array(&identity->links, room, sizeof *identity->links) ||
        !grow_array(&identity->labels, room, sizeof *identity->labels) ||
        !grow_array(&identity->chains, room, sizeof *identity->chains))
        return mem_exhausted();
    identity->node_room = room;
    return OK;
}

static fallible grow_joins(struct identity *identity, uint64_t need)
{
    uint64_t room = grown_room(identity->join_room, need, IDENTITY_MOST_JOINS - 1);

    if (!grow_array(&identity->joins, room, sizeof *identity->joins))
        return mem_exhausted();
    identity->join_room = (uint32_t)room;
    return OK;
}

fallible identity_reserve(struct identity *identity, uint32_t nodes, uint32_t joins)
{
    uint64_t node_need = (uint64_t)identity->node_count + nodes;
    uint64_t join_need = (uint64_t)identity->join_count + joins;

    if (node_need > IDENTITY_MOST_NODES || join_need >= IDENTITY_MOST_JOINS)
        return fail(ERR_LIMIT, "a workspace holds at most %u identifiers and %u joins",
                    IDENTITY_MOST_NODES, IDENTITY_MOST_JOINS - 1);
    if (node_need > identity->node_room)
        TRY(grow_nodes(identity, node_need));
    if (join_need > identity->join_room)
        TRY(grow_joins(identity, join_need));
    return grow_table(identity, node_need - identity->base_count);
}

fallible identity_open(struct identity **out_identity)
{
    struct identity *identity = mem_alloc(sizeof *identity);
    enum err err;

    if (!identity)
        return mem_exhausted();
    err = identity_reserve(identity, 16, 16);
    if (err)
        identity_close(identity);
    else
        *out_identity = identity;
    return err;
}

void identity_close(struct identity *identity)
{
    if (!identity)
        return;
    identity_base_release(identity->base);
    mem_free(identity->hashes);
    mem_free(identity->links);
    mem_free(identity->labels);
    mem_free(identity->chains);
    mem_free(identity->joins);
    mem_free(identity->tags);
    mem_free(identity->slots);
    mem_free(identity);
}

static bool is_node(const struct identity *identity, node_id node)
{
    return node >= 1 && node <= identity->node_count;
}

/* Behind the base. */
static node_id find_own(const struct identity *identity, enum node_kind kind, hash128 hash)
{
    uint64_t mask = identity->slot_count - 1;
    uint8_t tag = identity_tag(hash);

    for (uint64_t at = hash.low & mask; identity->tags[at]; at = (at + 1) & mask) {
        node_id node = identity->slots[at];

        if (identity->tags[at] == tag &&
            hash_equals(identity->hashes[node - identity->base_count], hash) &&
            identity_kind(identity, node) == kind)
            return node;
    }
    return NODE_NONE;
}

node_id identity_find(const struct identity *identity, enum node_kind kind, hash128 hash)
{
    const struct identity_base *base = identity->base;
    uint8_t tag = identity_tag(hash);
    uint64_t mask;

    if (!base)
        return find_own(identity, kind, hash);
    mask = base->slot_count - 1;
    for (uint64_t at = hash.low & mask; base->tags[at]; at = (at + 1) & mask) {
        node_id node = base->slots[at];

        if (base->tags[at] == tag && hash_equals(base->hashes[node], hash) &&
            identity_kind(identity, node) == kind)
            return node;
    }
    return find_own(identity, kind, hash);
}

static void warm_slot(const uint8_t *tags, const node_id *slots, uint64_t slot_count, hash128 hash)
{
    uint64_t at = hash.low & (slot_count - 1);

    __builtin_prefetch(&tags[at]);
    __builtin_prefetch(&slots[at]);
    /* A function that only fetches has no effect that gcc knows of: it would leave out the call. */
    __asm__ volatile("");
}

void identity_warm_place(const struct identity *identity, hash128 hash)
{
    const struct identity_base *base = identity->base;

    if (base)
        warm_slot(base->tags, base->slots, base->slot_count, hash);
    warm_slot(identity->tags, identity->slots, identity->slot_count, hash);
}

node_id identity_warm_node(const struct identity *identity, hash128 hash)
{
    const struct identity_base *base = identity->base;
    uint64_t at = hash.low & (identity->slot_count - 1);
    node_id node;

    if (identity->tags[at] == identity_tag(hash)) {
        node = identity->slots[at];
        __builtin_prefetch(&identity->hashes[node - identity->base_count]);
    } else {
        at = base ? hash.low & (base->slot_count - 1) : 0;
        if (!base || base->tags[at] != identity_tag(hash))
            return NODE_NONE;
        node = base->slots[at];
        __builtin_prefetch(&base->hashes[node]);
    }
    __builtin_prefetch(&identity->links[node]);
    return node;
}

node_id identity_count(const struct identity *identity)
{
    return identity->node_count;
}

enum node_kind identity_kind(const struct identity *identity, node_id node)
{
    assert(is_node(identity, node));
    return identity->links[node].is_anonymous ? NODE_ANONYMOUS : NODE_USER;
}

static node_id add_alone(struct identity *identity, const struct record_node *entry)
{
    node_id node = ++identity->node_count;

    assert(node <= identity->node_room);
    identity->hashes[node - identity->base_count] = entry->hash;
    identity->links[node] = (struct identity_link){.next = node & IDENTITY_MOST_NODES,
                                                   .is_anonymous = entry->kind == NODE_ANONYMOUS};
    identity->labels[node] =
        (struct identity_label){.node = node & IDENTITY_MOST_NODES, .is_root = 1};
    identity->chains[node] = (struct identity_chain){0};
    return node;
}

node_id identity_add(struct identity *identity, const struct record_node *entry)
{
    node_id node = add_alone(identity, entry);

    table_put(identity->tags, identity->slots, identity->slot_count, entry->hash, node);
    return node;
}

static node_id root_of(const struct identity *identity, node_id node)
{
    return identity->labels[node].is_root ? node : identity->labels[node].node;
}

node_id identity_person(const struct identity *identity, node_id node)
{
    assert(is_node(identity, node));
    return identity->labels[root_of(identity, node)].node;
}

node_id identity_next(const struct identity *identity, node_id node)
{
    assert(is_node(identity, node));
    return identity->links[node].next;
}

/* The join of `node` behind `join` in the node's chain, 0 at its end. */
static uint32_t next_join(const struct identity_edge *join, node_id node)
{
    return join->a == node ? join->next_of_a : join->next_of_b;
}

static node_id other_end(const struct identity_edge *join, node_id node)
{
    return join->a == node ? join->b : join->a;
}

bool identity_can_claim(const struct identity *identity, node_id anonymous, node_id user)
{
    if (!is_node(identity, anonymous) || !is_node(identity, user) ||
        !identity->links[anonymous].is_anonymous || identity->links[user].is_anonymous)
        return false;
    for (uint32_t at = identity->chains[anonymous].join; at;) {
        const struct identity_edge *join = &identity->joins[at];
        node_id other = other_end(join, anonymous);

        /* A user node by whatever cause has it already; or this very pair was parted. */
        if (join->is_undone ? other == user : !identity->links[other].is_anonymous)
            return false;
        at = next_join(join, anonymous);
    }
    return true;
}

/* Walks both rings in step: whichever closes first belongs to the smaller person. */
static node_id smaller_ring(const struct identity *identity, node_id a, node_id b)
{
    node_id in_a = a, in_b = b;

    for (;;) {
        in_a = identity->links[in_a].next;
        if (in_a == a)
            return a;
        in_b = identity->links[in_b].next;
        if (in_b == b)
            return b;
    }
}

static void connect(struct identity *identity, node_id a, node_id b)
{
    node_id small = smaller_ring(identity, a, b);
    node_id large = small == a ? b : a;
    node_id root = root_of(identity, large);
    node_id oldest = identity_person(identity, small);
    node_id node = small, next_of_small = identity->links[small].next;

    do {
        identity->labels[node] = (struct identity_label){.node = root & IDENTITY_MOST_NODES};
        node = identity->links[node].next;
    } while (node != small);
    if (oldest < identity->labels[root].node)
        identity->labels[root].node = oldest & IDENTITY_MOST_NODES;
    identity->links[small].next = identity->links[large].next;
    identity->links[large].next = next_of_small & IDENTITY_MOST_NODES;
}

fallible identity_join(struct identity *identity, uint64_t seq, const struct record_join *entry)
{
    uint32_t at = identity->join_count + 1;
    struct identity_edge join = {.seq = seq, .at = entry->at, .a = entry->a, .b = entry->b};

    if (!is_node(identity, entry->a) || !is_node(identity, entry->b))
        return fail(ERR_CORRUPT, "join %llu names nodes %u and %u, but there are %u",
                    (unsigned long long)seq, entry->a, entry->b, identity->node_count);
    if (seq <= (at > 1 ? identity->joins[at - 1].seq : 0))
        return fail(ERR_CORRUPT, "join %llu is out of order", (unsigned long long)seq);
    TRY(identity_reserve(identity, 0, 1));
    join.cause = entry->cause & 3;
    join.next_of_a = identity->chains[entry->a].join & (IDENTITY_MOST_JOINS - 1);
    identity->chains[entry->a].join = at & (IDENTITY_MOST_JOINS - 1);
    if (entry->a != entry->b) {
        join.next_of_b = identity->chains[entry->b].join & (IDENTITY_MOST_JOINS - 1);
        identity->chains[entry->b].join = at & (IDENTITY_MOST_JOINS - 1);
    }
    identity->joins[at] = join;
    identity->join_count = at;
    if (root_of(identity, entry->a) != root_of(identity, entry->b))
        connect(identity, entry->a, entry->b);
    return OK;
}

/* The join of that sequence number, or NULL. */
static struct identity_edge *find_join(const struct identity *identity, uint64_t seq)
{
    uint32_t low = 1, high = identity->join_count + 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (identity->joins[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > identity->join_count || identity->joins[low].seq != seq)
        return NULL;
    return &identity->joins[low];
}

/* Makes one ring of all that joins connect to `start`, and leaves its nodes marked. The ring
 * itself is the queue of those whose joins are still to be followed. */
static void rebuild_from(struct identity *identity, node_id start)
{
    node_id tail = start, oldest = start, node = start;

    identity->chains[start].is_marked = 1;
    for (;;) {
        for (uint32_t at = identity->chains[node].join; at;) {
            const struct identity_edge *join = &identity->joins[at];
            node_id other = other_end(join, node);

            if (!join->is_undone && !identity->chains[other].is_marked) {
                identity->chains[other].is_marked = 1;
                identity->links[tail].next = other & IDENTITY_MOST_NODES;
                tail = other;
            }
            at = next_join(join, node);
        }
        identity->labels[node] = (struct identity_label){.node = start & IDENTITY_MOST_NODES};
        if (node < oldest)
            oldest = node;
        if (node == tail)
            break;
        node = identity->links[node].next;
    }
    identity->links[tail].next = start & IDENTITY_MOST_NODES;
    identity->labels[start] =
        (struct identity_label){.node = oldest & IDENTITY_MOST_NODES, .is_root = 1};
}

static void unmark_ring(struct identity *identity, node_id start)
{
    node_id node = start;

    do {
        identity->chains[node].is_marked = 0;
        node = identity->links[node].next;
    } while (node != start);
}

bool identity_ends(const struct identity *identity, uint64_t seq, node_id *out_a, node_id *out_b)
{
    const struct identity_edge *join = find_join(identity, seq);

    if (!join)
        return false;
    *out_a = join->a;
    *out_b = join->b;
    return true;
}

fallible identity_undo(struct identity *identity, const struct record_undo *undo)
{
    struct identity_edge *join = find_join(identity, undo->join_seq);

    if (!join)
        return fail(ERR_ABSENT, "there is no join %llu", (unsigned long long)undo->join_seq);
    if (join->is_undone)
        return fail(ERR_CONFLICT, "join %llu is undone already",
                    (unsigned long long)undo->join_seq);
    join->is_undone = 1;
    rebuild_from(identity, join->a);
    if (!identity->chains[join->b].is_marked) {
        rebuild_from(identity, join->b);
        unmark_ring(identity, join->b);
    }
    unmark_ring(identity, join->a);
    return OK;
}

/* Calls for every join of the person once: those inside are met at both ends, taken at `a`. */
static size_t gather_joins(const struct identity *identity, node_id person, uint32_t *out_places)
{
    node_id root = root_of(identity, person), node = person;
    size_t count = 0;

    do {
        for (uint32_t at = identity->chains[node].join; at;) {
            const struct identity_edge *join = &identity->joins[at];

            if (join->a == node || root_of(identity, join->a) != root) {
                if (out_places)
                    out_places[count] = at;
                count++;
            }
            at = next_join(join, node);
        }
        node = identity->links[node].next;
    } while (node != person);
    return count;
}

static int by_number(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

fallible identity_joins(const struct identity *identity, node_id node, struct arena *mem,
                        struct identity_join_info **out_joins, size_t *out_count)
{
    struct identity_join_info *infos;
    uint32_t *places;
    size_t count;

    if (!is_node(identity, node))
        return fail(ERR_ABSENT, "there is no node %u", node);
    count = gather_joins(identity, node, NULL);
    places = arena_array(mem, count + 1, sizeof *places);
    infos = arena_array(mem, count + 1, sizeof *infos);
    if (!places || !infos)
        return arena_exhausted();
    gather_joins(identity, node, places);
    qsort(places, count, sizeof *places, by_number);
    for (size_t i = 0; i < count; i++) {
        const struct identity_edge *join = &identity->joins[places[i]];

        infos[i] = (struct identity_join_info){
            .seq = join->seq,
            .join = {.a = join->a, .b = join->b, .cause = join->cause, .at = join->at},
            .is_undone = join->is_undone,
        };
    }
    *out_joins = infos;
    *out_count = count;
    return OK;
}

fallible identity_keep(struct identity *identity, node_id last)
{
    struct record_node lost = {.kind = NODE_ANONYMOUS};

    if (last <= identity->node_count)
        return OK;
    TRY(identity_reserve(identity, last - identity->node_count, 0));
    while (identity->node_count < last)
        add_alone(identity, &lost);
    return OK;
}

static fallible apply_node(struct identity *identity, const struct log_record *record)
{
    struct record_node entry;

    TRY(record_read_node(record->clear, &entry));
    if (record->node <= identity->node_count ||
        identity_find(identity, entry.kind, entry.hash) != NODE_NONE)
        return fail(ERR_CORRUPT, "record %llu gives node %u a second time",
                    (unsigned long long)record->seq, record->node);
    TRY(identity_keep(identity, record->node - 1));
    TRY(identity_reserve(identity, 1, 0));
    identity_add(identity, &entry);
    return OK;
}

static fallible apply_join(struct identity *identity, const struct log_record *record)
{
    struct record_join join;

    TRY(record_read_join(record->clear, &join));
    TRY(identity_keep(identity, join.a > join.b ? join.a : join.b));
    return identity_join(identity, record->seq, &join);
}

/* The join it takes back may have been in a part of the log that was lost. */
static fallible apply_undo(struct identity *identity, const struct log_record *record)
{
    struct record_undo undo;
    enum err err;

    TRY(record_read_undo(record->clear, &undo));
    err = identity_undo(identity, &undo);
    return err == ERR_ABSENT ? OK : err;
}

void identity_warm(const struct identity *identity, const struct log_record *record)
{
    struct record_join join;

    if (record->kind != RECORD_JOIN || record_read_join(record->clear, &join) != OK ||
        !is_node(identity, join.a) || !is_node(identity, join.b))
        return;
    __builtin_prefetch(&identity->chains[join.a], 1);
    __builtin_prefetch(&identity->chains[join.b], 1);
    __builtin_prefetch(&identity->labels[join.a], 1);
    __builtin_prefetch(&identity->labels[join.b], 1);
    __builtin_prefetch(&identity->links[join.a], 1);
    __builtin_prefetch(&identity->links[join.b], 1);
}

fallible identity_apply(struct identity *identity, const struct log_record *record)
{
    switch (record->kind) {
    case RECORD_NODE:
        return apply_node(identity, record);
    case RECORD_JOIN:
        return apply_join(identity, record);
    case RECORD_UNDO:
        return apply_undo(identity, record);
    case RECORD_EVENTS:
        return identity_keep(identity, record->node);
    case RECORD_QUARANTINE:
    case RECORD_RELEASE:
    case RECORD_DELETION:
    case RECORD_VERDICTS:
        break;
    }
    return OK;
}
