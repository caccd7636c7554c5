/* test_chain.c - the deepest chain, against the rule as it is worded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/chain.h"

#include "base/random.h"
#include "support/test.h"

enum { MOST_HITS = 40 };

#define A 1u
#define B 2u
#define C 4u

/* Tries every start and walks on from it. */
static void find_naively(const struct chain_rule *rule, const millis *times,
                         const scan_marks *marks, uint32_t count, struct chain *out_chain)
{
    out_chain->depth = 0;
    for (uint32_t start = 0; start < count; start++) {
        struct chain chain = {.depth = 1, .hits = {start}};

        if (!(marks[start] & rule->marks[0]))
            continue;
        for (uint32_t hit = start + 1; hit < count && chain.depth < rule->step_count; hit++) {
            if (times[hit] - times[start] > rule->window)
                break;
            if (marks[hit] & rule->marks[chain.depth])
                chain.hits[chain.depth++] = hit;
        }
        if (chain.depth > out_chain->depth)
            *out_chain = chain;
    }
}

/* The chain of one person among others, by marks or by kinds: each hit's marks are a kind. */
static void find_as(const struct chain_rule *rule, const millis *times, const scan_marks *marks,
                    uint32_t count, bool by_kinds, struct chain *out_chain)
{
    struct chain_finder finder = {.rule = rule, .mem = test_mem};
    uint8_t bytes[MOST_HITS * 2 + 64] = {0};
    scan_marks table[SCAN_KINDS] = {0};
    struct scan_kinds kinds = {.count = count + 1, .marks = table};
    uint32_t first[] = {0, 0}, end[] = {0, count};
    struct scan_batch batch = {
        .persons = 2, .first = first, .end = end, .times = times, .marks = marks};

    for (uint32_t i = 0; by_kinds && i < count; i++) {
        table[i + 1] = marks[i];
        bytes[i] = (uint8_t)(i + 1);
    }
    if (by_kinds) {
        batch.kinds_of = &kinds;
        batch.kinds = bytes;
        batch.since = first;
        batch.marks = NULL;
    }
    CHECK_OK(chain_begin(&finder, &batch));
    chain_find(&finder, 0, out_chain);
    CHECK_INT(out_chain->depth, 0);
    chain_find(&finder, 1, out_chain);
}

static bool is_same(const struct chain *a, const struct chain *b)
{
    for (uint32_t i = 0; i < a->depth && a->depth == b->depth; i++)
        if (a->hits[i] != b->hits[i])
            return false;
    return a->depth == b->depth;
}

static struct chain_rule random_rule(random_state *random)
{
    struct chain_rule rule = {.window = (millis)random_below(random, 20)};
    uint32_t steps = 1 + (uint32_t)random_below(random, 5);
    uint64_t names = 1 + random_below(random, 4);

    while (rule.step_count < steps)
        chain_rule_add(&rule, UINT64_C(1) << (random_below(random, names) * 21));
    return rule;
}

static uint32_t random_history(random_state *random, millis *times, scan_marks *marks)
{
    uint32_t count = (uint32_t)random_below(random, MOST_HITS + 1);
    double several = random_chance(random, 0.5) ? 0.4 : 0.0;
    uint64_t pace = 1 + random_below(random, 5);
    millis time = -5;

    for (uint32_t i = 0; i < count; i++) {
        time += (millis)random_below(random, pace);
        times[i] = time;
        marks[i] = UINT64_C(1) << (random_below(random, 4) * 21);
        while (random_chance(random, several))
            marks[i] |= UINT64_C(1) << random_below(random, 64);
    }
    return count;
}

TEST(chains_are_those_of_the_naive_rule)
{
    random_state random = {20261122};
    uint32_t depths[QUERY_STEPS + 1] = {0};
    millis times[MOST_HITS];
    scan_marks marks[MOST_HITS];

    for (int round = 0; round < 200000; round++) {
        struct chain_rule rule = random_rule(&random);
        uint32_t count = random_history(&random, times, marks);
        struct chain want, got;

        if (round % 1000 == 0)
            arena_reset(test_mem);
        find_naively(&rule, times, marks, count, &want);
        find_as(&rule, times, marks, count, round % 2, &got);
        CHECK(is_same(&want, &got));
        depths[got.depth]++;
    }
    for (int depth = 0; depth <= 5; depth++)
        CHECK(depths[depth] > 1000);
}

struct chain_case {
    uint32_t step_count;
    scan_marks steps[4];
    millis window;
    uint32_t count;
    millis times[6];
    scan_marks marks[6];
    uint32_t depth;
    uint32_t hits[4];
};

static const struct chain_case cases[] = {
    /* nobody starts */
    {2, {A, B}, 9, 2, {1, 2}, {B, B}, 0, {0}},
    /* the window is inclusive, and counts from the start */
    {3, {A, B, C}, 4, 3, {1, 3, 5}, {A, B, C}, 3, {0, 1, 2}},
    {3, {A, B, C}, 3, 3, {1, 3, 5}, {A, B, C}, 2, {0, 1}},
    /* of equals the earliest start, though a later one would be faster */
    {2, {A, B}, 9, 3, {1, 4, 5}, {A, A, B}, 2, {0, 2}},
    /* a later start that gets deeper */
    {2, {A, B}, 3, 3, {1, 4, 5}, {A, A, B}, 2, {1, 2}},
    /* greedy: the first B counts, whatever comes later */
    {3, {A, B, C}, 9, 4, {1, 2, 3, 4}, {A, B, C, B}, 3, {0, 1, 2}},
    /* an event serves one step, and equal steps need as many events */
    {3, {A, A, A}, 9, 2, {1, 1}, {A, A}, 2, {0, 1}},
    {2, {A, B}, 9, 1, {1}, {A | B}, 1, {0}},
    {2, {A, B}, 9, 2, {1, 1}, {A | B, A | B}, 2, {0, 1}},
    /* later in order, even at the same time */
    {2, {A, B}, 0, 2, {1, 1}, {B, A}, 1, {1}},
    {2, {A, B}, 0, 2, {1, 1}, {A, B}, 2, {0, 1}},
};

TEST(chain_is_the_deepest_and_then_the_earliest)
{
    EACH_CASE(c, cases)
    {
        struct chain_rule rule = {.window = c->window};
        struct chain want = {.depth = c->depth}, got;

        for (uint32_t i = 0; i < c->step_count; i++)
            chain_rule_add(&rule, c->steps[i]);
        for (uint32_t i = 0; i < c->depth; i++)
            want.hits[i] = c->hits[i];
        find_as(&rule, c->times, c->marks, c->count, false, &got);
        CHECK(is_same(&want, &got));
        find_as(&rule, c->times, c->marks, c->count, true, &got);
        CHECK(is_same(&want, &got));
    }
}

TEST(chain_takes_as_many_steps_as_a_question_may_have)
{
    struct chain_rule rule = {.window = QUERY_STEPS};
    millis times[QUERY_STEPS * 2];
    scan_marks marks[QUERY_STEPS * 2];
    struct chain chain;

    for (uint32_t i = 0; i < QUERY_STEPS; i++)
        chain_rule_add(&rule, UINT64_C(1) << (i % 3));
    for (uint32_t i = 0; i < QUERY_STEPS * 2; i++) {
        times[i] = i / 2;
        marks[i] = UINT64_C(1) << (i / 2 % 3);
    }
    find_as(&rule, times, marks, QUERY_STEPS * 2, false, &chain);
    CHECK_INT(chain.depth, QUERY_STEPS);
    for (uint32_t i = 0; i < QUERY_STEPS; i++)
        CHECK_INT(chain.hits[i], i * 2);
}
