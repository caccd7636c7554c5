/* test_identity.c - persons are what the joins that stand connect, whatever came and went.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "people/identity.h"

#include "base/mem.h"
#include "base/random.h"
#include "store/log.h"
#include "support/test.h"

#include <string.h>

enum { MOST_MODEL_NODES = 64, MOST_MODEL_JOINS = 512 };

/* The naive judge: joins in a list, persons worked out anew from those that stand. */
struct model {
    uint32_t nodes;
    uint32_t joins;
    struct identity_join_info all[MOST_MODEL_JOINS];
    node_id person[MOST_MODEL_NODES + 1];
};

static hash128 hash_of(uint64_t number)
{
    random_state random = {number};
    uint64_t low = random_next(&random);

    return (hash128){.low = low, .high = random_next(&random)};
}

static node_id add(struct identity *identity, enum node_kind kind, uint64_t number)
{
    struct record_node entry = {.kind = kind, .hash = hash_of(number)};

    CHECK_OK(identity_reserve(identity, 1, 0));
    return identity_add(identity, &entry);
}

/* Nodes 1 .. count; every third is a user, the others are anonymous. */
static struct identity *open_with(uint32_t count)
{
    struct identity *identity;

    CHECK_OK(identity_open(&identity));
    for (uint32_t i = 1; i <= count; i++)
        CHECK_INT(add(identity, i % 3 ? NODE_ANONYMOUS : NODE_USER, i), i);
    return identity;
}

static void join(struct identity *identity, uint64_t seq, node_id a, node_id b,
                 enum join_cause cause)
{
    CHECK_OK(identity_join(identity, seq,
                           &(struct record_join){.a = a, .b = b, .cause = cause, .at = 5}));
}

static void undo(struct identity *identity, uint64_t seq)
{
    CHECK_OK(identity_undo(identity, &(struct record_undo){.join_seq = seq}));
}

static void model_solve(struct model *model)
{
    bool changed = true;

    for (node_id node = 1; node <= model->nodes; node++)
        model->person[node] = node;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < model->joins; i++) {
            node_id *a = &model->person[model->all[i].join.a];
            node_id *b = &model->person[model->all[i].join.b];

            if (model->all[i].is_undone || *a == *b)
                continue;
            *a = *b = *a < *b ? *a : *b;
            changed = true;
        }
    }
}

static void check_ring(const struct identity *identity, const struct model *model, node_id node)
{
    uint32_t size = 0, in_ring = 0;

    for (node_id other = 1; other <= model->nodes; other++)
        size += model->person[other] == model->person[node];
    for (node_id other = node; in_ring <= size; other = identity_next(identity, other)) {
        CHECK_INT(model->person[other], model->person[node]);
        if (in_ring && other == node)
            break;
        in_ring++;
    }
    CHECK_INT(in_ring, size);
}

static void check_joins(const struct identity *identity, const struct model *model, node_id node)
{
    struct identity_join_info *got;
    size_t count, at = 0;

    CHECK_OK(identity_joins(identity, node, test_mem, &got, &count));
    for (uint32_t i = 0; i < model->joins; i++) {
        const struct identity_join_info *want = &model->all[i];

        if (model->person[want->join.a] != model->person[node] &&
            model->person[want->join.b] != model->person[node])
            continue;
        CHECK(at < count);
        CHECK(got[at].seq == want->seq && got[at].is_undone == want->is_undone &&
              got[at].join.a == want->join.a && got[at].join.b == want->join.b &&
              got[at].join.cause == want->join.cause && got[at].join.at == want->join.at);
        at++;
    }
    CHECK_INT(at, count);
    arena_reset(test_mem);
}

static bool model_can_claim(const struct model *model, node_id anonymous, node_id user)
{
    if (anonymous % 3 == 0 || user % 3 != 0)
        return false;
    for (uint32_t i = 0; i < model->joins; i++) {
        const struct record_join *entry = &model->all[i].join;
        node_id other = entry->a == anonymous   ? entry->b
                        : entry->b == anonymous ? entry->a
                                                : NODE_NONE;

        if (other && !model->all[i].is_undone && other % 3 == 0)
            return false;
        if (other == user)
            return false;
    }
    return true;
}

static void check_all(const struct identity *identity, struct model *model)
{
    model_solve(model);
    for (node_id node = 1; node <= model->nodes; node++) {
        CHECK_INT(identity_person(identity, node), model->person[node]);
        check_ring(identity, model, node);
    }
}

static void run_random_steps(uint64_t seed, uint32_t nodes)
{
    random_state random = {seed};
    struct identity *identity = open_with(nodes);
    struct model model = {.nodes = nodes};
    uint64_t seq = 0;

    for (int step = 0; step < 400; step++) {
        if (random_chance(&random, 0.55) || !model.joins) {
            struct identity_join_info *info = &model.all[model.joins++];

            seq += 1 + random_below(&random, 3);
            info->seq = seq;
            info->join = (struct record_join){
                .a = (node_id)(1 + random_below(&random, nodes)),
                .b = (node_id)(1 + random_below(&random, nodes)),
                .cause = (enum join_cause)(JOIN_IDENTIFY + random_below(&random, 3)),
                .at = 5};
            join(identity, seq, info->join.a, info->join.b, info->join.cause);
        } else {
            struct identity_join_info *info = &model.all[random_below(&random, model.joins)];
            struct record_undo entry = {.join_seq = info->seq};

            CHECK_INT(identity_undo(identity, &entry), info->is_undone ? ERR_CONFLICT : OK);
            info->is_undone = true;
        }
        check_all(identity, &model);
        check_joins(identity, &model, (node_id)(1 + random_below(&random, nodes)));
        for (int i = 0; i < 8; i++) {
            node_id a = (node_id)(1 + random_below(&random, nodes));
            node_id b = (node_id)(1 + random_below(&random, nodes));

            CHECK_INT(identity_can_claim(identity, a, b), model_can_claim(&model, a, b));
        }
    }
    identity_close(identity);
}

TEST(identity_agrees_with_the_naive_model_through_random_joins_and_undos)
{
    static const uint32_t sizes[] = {1, 2, 3, 5, 12, 40, MOST_MODEL_NODES};

    EACH_CASE(size, sizes)
    for (uint64_t seed = 0; seed < 12; seed++)
        run_random_steps(seed, *size);
}

TEST(identity_finds_nodes_by_kind_and_hash)
{
    struct identity *identity = open_with(0);

    for (uint32_t i = 1; i <= 20000; i++) {
        CHECK_INT(identity_find(identity, NODE_USER, hash_of(i)), NODE_NONE);
        CHECK_INT(add(identity, NODE_USER, i), i);
    }
    CHECK_INT(identity_count(identity), 20000);
    for (uint32_t i = 1; i <= 20000; i++) {
        CHECK_INT(identity_find(identity, NODE_USER, hash_of(i)), i);
        CHECK_INT(identity_find(identity, NODE_ANONYMOUS, hash_of(i)), NODE_NONE);
        CHECK_INT(identity_kind(identity, i), NODE_USER);
    }
    CHECK_INT(add(identity, NODE_ANONYMOUS, 7), 20001);
    CHECK_INT(identity_find(identity, NODE_ANONYMOUS, hash_of(7)), 20001);
    CHECK_INT(identity_find(identity, NODE_USER, hash_of(7)), 7);
    identity_close(identity);
}

TEST(identity_tells_apart_hashes_that_meet_in_one_place)
{
    struct identity *identity;
    struct record_node entry = {.kind = NODE_USER, .hash = {.low = 5, .high = 0}};

    CHECK_OK(identity_open(&identity));
    CHECK_OK(identity_reserve(identity, 100, 0));
    for (uint32_t i = 0; i < 40; i++) {
        entry.hash.high = i;
        CHECK_INT(identity_find(identity, NODE_USER, entry.hash), NODE_NONE);
        CHECK_INT(identity_add(identity, &entry), i + 1);
    }
    for (uint32_t i = 0; i < 40; i++)
        CHECK_INT(identity_find(identity, NODE_USER, (hash128){5, i}), i + 1);
    identity_close(identity);
}

TEST(identity_claims_an_anonymous_node_once)
{
    struct identity *identity = open_with(9); /* users: 3, 6, 9 */

    CHECK(identity_can_claim(identity, 1, 3));
    CHECK(!identity_can_claim(identity, 3, 1));
    CHECK(!identity_can_claim(identity, 1, 2));
    CHECK(!identity_can_claim(identity, 3, 6));
    CHECK(!identity_can_claim(identity, 0, 3));
    CHECK(!identity_can_claim(identity, 1, 99));

    join(identity, 10, 1, 3, JOIN_IDENTIFY);
    CHECK(!identity_can_claim(identity, 1, 3));
    CHECK(!identity_can_claim(identity, 1, 6));
    CHECK(identity_can_claim(identity, 2, 3));

    join(identity, 11, 2, 6, JOIN_ALIAS);
    CHECK(!identity_can_claim(identity, 2, 9));
    join(identity, 12, 4, 9, JOIN_MERGE);
    CHECK(!identity_can_claim(identity, 4, 6));
    join(identity, 13, 5, 7, JOIN_MERGE);
    CHECK(identity_can_claim(identity, 5, 6));
    identity_close(identity);
}

TEST(identity_never_lets_events_repeat_a_join_that_was_undone)
{
    struct identity *identity = open_with(9);

    join(identity, 10, 1, 3, JOIN_IDENTIFY);
    undo(identity, 10);
    CHECK(!identity_can_claim(identity, 1, 3));
    CHECK(identity_can_claim(identity, 1, 6));
    join(identity, 11, 1, 6, JOIN_IDENTIFY);
    CHECK(!identity_can_claim(identity, 1, 9));
    undo(identity, 11);
    CHECK(!identity_can_claim(identity, 1, 3));
    CHECK(!identity_can_claim(identity, 1, 6));
    CHECK(identity_can_claim(identity, 1, 9));
    identity_close(identity);
}

TEST(identity_join_within_one_person_counts_once_the_other_path_is_undone)
{
    struct identity *identity = open_with(6);

    join(identity, 1, 4, 5, JOIN_MERGE);
    join(identity, 2, 5, 6, JOIN_MERGE);
    join(identity, 3, 4, 6, JOIN_MERGE);
    undo(identity, 2);
    CHECK_INT(identity_person(identity, 6), 4);
    undo(identity, 3);
    CHECK_INT(identity_person(identity, 6), 6);
    CHECK_INT(identity_person(identity, 5), 4);
    identity_close(identity);
}

TEST(identity_refuses_what_cannot_be)
{
    struct identity *identity = open_with(3);
    struct identity_join_info *infos;
    size_t count;
    static const struct record_join to_nobody = {.a = 1, .b = 4, .cause = JOIN_MERGE};
    static const struct record_join fine = {.a = 1, .b = 2, .cause = JOIN_MERGE};

    CHECK_ERR(ERR_CORRUPT, identity_join(identity, 1, &to_nobody));
    CHECK_ERR(ERR_ABSENT, identity_undo(identity, &(struct record_undo){.join_seq = 1}));
    CHECK_OK(identity_join(identity, 5, &fine));
    CHECK_ERR(ERR_CORRUPT, identity_join(identity, 5, &fine));
    CHECK_ERR(ERR_ABSENT, identity_undo(identity, &(struct record_undo){.join_seq = 4}));
    CHECK_ERR(ERR_ABSENT, identity_joins(identity, 4, test_mem, &infos, &count));
    CHECK_ERR(ERR_LIMIT, identity_reserve(identity, UINT32_MAX, 0));
    CHECK_ERR(ERR_LIMIT, identity_reserve(identity, 0, UINT32_MAX));
    undo(identity, 5);
    CHECK_ERR(ERR_CONFLICT, identity_undo(identity, &(struct record_undo){.join_seq = 5}));
    identity_close(identity);
}

TEST(identity_stays_whole_when_memory_runs_out)
{
    enum err err = ERR_LIMIT;

    for (long k = 1; err; k++) {
        struct identity *identity = open_with(20);

        join(identity, 1, 1, 2, JOIN_MERGE);
        mem_fail_after(k);
        err = identity_reserve(identity, 100000, 5000);
        mem_fail_after(0);
        CHECK(!err || err == ERR_LIMIT);
        CHECK_INT(identity_person(identity, 2), 1);
        CHECK_INT(identity_find(identity, NODE_USER, hash_of(18)), 18);
        CHECK_INT(add(identity, NODE_USER, 21), 21);
        CHECK_INT(identity_find(identity, NODE_USER, hash_of(21)), 21);
        identity_close(identity);
        CHECK(k < 20);
    }
}

TEST(identity_reserved_room_needs_no_memory)
{
    struct identity *identity = open_with(3);
    long calls;

    CHECK_OK(identity_reserve(identity, 5000, 5000));
    calls = mem_calls();
    for (uint32_t i = 0; i < 5000; i++) {
        struct record_node entry = {.kind = NODE_USER, .hash = hash_of(100 + i)};
        node_id node = identity_add(identity, &entry);

        join(identity, i + 1, node, node - 1, JOIN_MERGE);
    }
    undo(identity, 2500);
    CHECK_INT(mem_calls(), calls);
    CHECK_INT(identity_person(identity, 2501), 3);
    CHECK_INT(identity_person(identity, 2502), 3);
    CHECK_INT(identity_person(identity, 5003), 2503);
    identity_close(identity);
}

/* Ever older nodes join one large person: relabelling her each time would take hours. */
TEST(identity_joins_a_large_person_to_ever_older_nodes)
{
    enum { NODES = 300000 };
    struct identity *identity;
    struct record_node entry = {.kind = NODE_USER};

    CHECK_OK(identity_open(&identity));
    CHECK_OK(identity_reserve(identity, NODES, NODES));
    for (uint32_t i = 1; i <= NODES; i++) {
        entry.hash = hash_of(i);
        identity_add(identity, &entry);
    }
    for (uint32_t i = NODES - 1; i; i--) {
        join(identity, NODES - i, i, NODES, JOIN_ALIAS);
        CHECK_INT(identity_person(identity, NODES), i);
    }
    undo(identity, NODES - 1);
    CHECK_INT(identity_person(identity, NODES), 2);
    CHECK_INT(identity_person(identity, 1), 1);
    identity_close(identity);
}

static enum err apply(struct identity *identity, enum record_kind kind, uint64_t seq, node_id node,
                      const struct buf *clear)
{
    return identity_apply(
        identity, &(struct log_record){
                      .seq = seq, .count = 1, .kind = kind, .node = node, .clear = buf_str(clear)});
}

TEST(identity_folds_records)
{
    struct identity *identity = open_with(0);
    struct buf clear = {0};

    for (uint32_t i = 1; i <= 3; i++) {
        buf_clear(&clear);
        record_write_node(&clear, &(struct record_node){NODE_USER, hash_of(i)});
        CHECK_OK(apply(identity, RECORD_NODE, i, i, &clear));
    }
    CHECK_ERR(ERR_CORRUPT, apply(identity, RECORD_NODE, 4, 4, &clear)); /* the same identifier */
    buf_clear(&clear);
    record_write_join(&clear, &(struct record_join){3, 2, JOIN_ALIAS, 9});
    CHECK_OK(apply(identity, RECORD_JOIN, 5, 0, &clear));
    CHECK_INT(identity_person(identity, 3), 2);
    CHECK_OK(apply(identity, RECORD_EVENTS, 6, 1, &clear));
    buf_clear(&clear);
    record_write_undo(&clear, &(struct record_undo){5, 10});
    CHECK_OK(apply(identity, RECORD_UNDO, 7, 0, &clear));
    CHECK_INT(identity_person(identity, 3), 3);
    CHECK_ERR(ERR_CONFLICT, apply(identity, RECORD_UNDO, 8, 0, &clear));
    CHECK_ERR(ERR_CORRUPT, apply(identity, RECORD_NODE, 9, 4, &clear)); /* another layout */
    buf_done(&clear);
    identity_close(identity);
}

TEST(identity_keeps_ids_of_nodes_whose_records_were_lost)
{
    struct identity *identity = open_with(2);
    struct buf clear = {0};

    record_write_node(&clear, &(struct record_node){NODE_USER, hash_of(50)});
    CHECK_ERR(ERR_CORRUPT, apply(identity, RECORD_NODE, 1, 2, &clear));
    CHECK_OK(apply(identity, RECORD_NODE, 1, 5, &clear));
    CHECK_INT(identity_count(identity), 5);
    CHECK_INT(identity_find(identity, NODE_USER, hash_of(50)), 5);
    CHECK_INT(identity_find(identity, NODE_ANONYMOUS, (hash128){0}), NODE_NONE);
    CHECK_INT(identity_person(identity, 4), 4);
    CHECK_INT(identity_next(identity, 3), 3);
    buf_done(&clear);
    identity_close(identity);
}

/* Every 1000th node was lost with its part of the log. */
TEST(identity_loaded_by_threads_is_what_adding_one_by_one_gives)
{
    static const uint32_t counts[] = {1, 7, 1000, 200001};

    EACH_CASE(count, counts)
    {
        hash128 *hashes = mem_grow(NULL, (*count + 1) * sizeof *hashes);
        uint8_t *kinds = mem_alloc(*count + 1);
        struct identity *identity, *copy;

        for (uint32_t i = 1; i <= *count; i++) {
            kinds[i] = i % 1000 == 0 ? 0 : i % 3 ? NODE_ANONYMOUS : NODE_USER;
            hashes[i] = hash_of(i);
        }
        CHECK_OK(identity_open(&identity));
        CHECK_OK(identity_load(identity, &hashes, kinds, *count));
        CHECK(hashes == NULL);
        CHECK_INT(add(identity, NODE_USER, *count + 1), *count + 1);
        CHECK_OK(identity_copy(identity, &copy));
        identity_close(identity);
        CHECK_INT(add(copy, NODE_USER, *count + 2), *count + 2);
        CHECK_INT(identity_count(copy), *count + 2);
        for (uint32_t i = 1; i <= *count + 2; i++) {
            enum node_kind kind =
                i > *count || (i % 3 == 0 && i % 1000) ? NODE_USER : NODE_ANONYMOUS;
            bool is_lost = i <= *count && i % 1000 == 0;

            CHECK_INT(identity_kind(copy, i), kind);
            CHECK_INT(identity_person(copy, i), i);
            CHECK_INT(identity_next(copy, i), i);
            CHECK_INT(identity_find(copy, kind, hash_of(i)), is_lost ? NODE_NONE : i);
        }
        identity_close(copy);
        mem_free(kinds);
    }
}

TEST(identity_loaded_by_threads_refuses_two_nodes_of_one_identifier)
{
    enum { COUNT = 100000 };
    hash128 *hashes = mem_grow(NULL, (COUNT + 1) * sizeof *hashes);
    uint8_t *kinds = mem_alloc(COUNT + 1);
    struct identity *identity;

    for (uint32_t i = 1; i <= COUNT; i++) {
        kinds[i] = NODE_USER;
        hashes[i] = hash_of(i == COUNT ? 5 : i);
    }
    CHECK_OK(identity_open(&identity));
    CHECK_ERR(ERR_CORRUPT, identity_load(identity, &hashes, kinds, COUNT));
    identity_close(identity);
    mem_free(kinds);
}
