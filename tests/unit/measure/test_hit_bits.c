/* test_hit_bits.c - bits of hits by marks and by kinds, against looking at each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/hit_bits.h"

#include "base/random.h"
#include "support/test.h"

enum { HITS = 300 };

struct world {
    scan_marks table[SCAN_KINDS];
    scan_marks marks[HITS];
    uint8_t kinds[HITS + 64];
    struct scan_kinds kinds_of;
    struct scan_batch batch;
};

/* A batch of so many kinds, each with a given mark or without. */
static void make_world(random_state *random, uint32_t kinds, double share, bool by_kinds,
                       struct world *world)
{
    *world = (struct world){.kinds_of = {.count = kinds, .marks = world->table}};
    for (uint32_t i = 0; i < kinds; i++)
        world->table[i] = random_chance(random, share) ? 5 : 2;
    for (uint32_t i = 0; i < HITS; i++) {
        world->kinds[i] = (uint8_t)random_below(random, kinds);
        world->marks[i] = world->table[world->kinds[i]];
    }
    world->batch.marks = by_kinds ? NULL : world->marks;
    world->batch.kinds = by_kinds ? world->kinds : NULL;
    world->batch.kinds_of = by_kinds ? &world->kinds_of : NULL;
}

static void check_range(const struct world *world, const struct hit_bits *bits, uint32_t from,
                        uint32_t to)
{
    uint32_t next = to, last = to, count = 0;

    for (uint32_t hit = to; hit-- > from;) {
        next = world->marks[hit] & 4 ? hit : next;
        last = last == to && world->marks[hit] & 4 ? hit : last;
        count += (world->marks[hit] & 4) != 0;
    }
    CHECK_INT(hit_bits_next(bits, from, to), next);
    CHECK_INT(hit_bits_last(bits, from, to), last);
    CHECK(hit_bits_most(bits, from, to) >= count);
    CHECK(hit_bits_most(bits, from, to) <= count + 126);
    if (to > from && to - from <= 64)
        CHECK(hit_bits_all(bits, from, to - from) == (count == to - from));
}

TEST(bits_of_hits_are_those_with_the_mark)
{
    static const uint32_t kinds[] = {1, 2, 3, 5, 12, 40, 90, 256};
    static const double shares[] = {0, 0.1, 0.5, 0.95, 1};
    random_state random = {7};

    for (int round = 0; round < 4000; round++) {
        uint32_t from = (uint32_t)random_below(&random, HITS), at, end;
        uint32_t to = from + (uint32_t)random_below(&random, HITS - from + 1);
        struct hit_bits bits = {0};
        struct world world;

        make_world(&random, kinds[round % 8], shares[round / 8 % 5], round / 40 % 2, &world);
        arena_reset(test_mem);
        CHECK_OK(hit_bits_find(&bits, test_mem, &world.batch, 4, from, to));
        for (int i = 0; i < 20; i++) {
            at = from + (uint32_t)random_below(&random, to - from + 1);
            end = at + (uint32_t)random_below(&random, to - at + 1);
            check_range(&world, &bits, at, end);
        }
        check_range(&world, &bits, from, to);
    }
}

TEST(bits_follow_the_kinds_of_each_batch)
{
    random_state random = {8};
    struct hit_bits bits = {0};
    struct world worlds[2];

    make_world(&random, 9, 0.5, true, &worlds[0]);
    make_world(&random, 12, 0.2, true, &worlds[1]);
    for (int round = 0; round < 4; round++) {
        const struct world *world = &worlds[round % 2];

        CHECK_OK(hit_bits_find(&bits, test_mem, &world->batch, 4, 0, HITS));
        for (uint32_t hit = 0; hit < HITS; hit++)
            check_range(world, &bits, hit, hit + 1);
    }
}

TEST(span_of_a_batch_holds_the_hits_of_its_persons)
{
    uint32_t first[] = {40, 7, 90}, end[] = {60, 9, 90}, from, to;
    struct scan_batch batch = {.persons = 3, .first = first, .end = end};

    hit_bits_span(&batch, &from, &to);
    CHECK_INT(from, 7);
    CHECK_INT(to, 90);
    batch.persons = 0;
    hit_bits_span(&batch, &from, &to);
    CHECK_INT(from, 0);
    CHECK_INT(to, 0);
}

TEST(firsts_are_where_persons_begin)
{
    uint32_t first[] = {70, 71, 133, 134}, end[] = {71, 133, 134, 300};
    struct scan_batch batch = {.persons = 4, .first = first, .end = end};
    struct hit_bits bits = {0};

    for (int again = 0; again < 2; again++) {
        CHECK_OK(hit_bits_firsts(&bits, test_mem, &batch, 70, 300));
        CHECK_INT(hit_bits_next(&bits, 70, 300), 70);
        CHECK_INT(hit_bits_next(&bits, 71, 300), 71);
        CHECK_INT(hit_bits_next(&bits, 72, 300), 133);
        CHECK_INT(hit_bits_next(&bits, 134, 300), 134);
        CHECK_INT(hit_bits_next(&bits, 135, 300), 300);
    }
}
