/* test_op_funnel.c - counting chains: merging, medians over a long time, lack of memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the answers are is shown by tests/cases/measure and by the comparison with the reference.
 */
#include "support/test.h"
#include "unit/measure/op_world.h"

enum { FLAGS = SCAN_IN_RANGE | SCAN_WHERE };

#define DAYS(count) ((count)*MILLIS_DAY)

static struct scan_batch random_people(struct op_world *world, random_state *random, size_t count)
{
    scan_marks marks[] = {op_world_mark(world, "A", FLAGS), op_world_mark(world, "B", FLAGS),
                          op_world_mark(world, "C", FLAGS)};
    struct op_people people = {count, marks, 3, 0, DAYS(9)};

    return op_world_people(random, &people);
}

TEST(funnels_of_several_workers_merge_into_one)
{
    static const char *const queries[] = {
        "{\"kind\":\"funnel\",\"steps\":[\"A\",\"B\",\"C\"],\"window\":\"9d\"}",
        "{\"kind\":\"funnel\",\"steps\":[\"A\",\"B\",\"A\"],\"window\":\"9d\",\"by\":\"x\"}",
        "{\"kind\":\"funnel\",\"steps\":[\"C\",\"B\"],\"window\":\"70d\",\"by\":\"x\",\"limit\":2}",
        "{\"kind\":\"funnel\",\"steps\":[\"C\"],\"window\":\"70d\",\"by\":\"x\"}",
    };
    random_state random = {3};

    EACH_CASE(query, queries)
    for (size_t count = 0; count < 200; count += 11) {
        struct op_world world;
        struct scan_batch batch;
        str whole;

        op_world_open(&world, *query, 0, DAYS(200));
        batch = random_people(&world, &random, count);
        whole = op_world_whole(&world, &batch);
        CHECK(count < 50 || str_contains(whole, S("\"people\":")));
        CHECK(str_equals(whole, op_world_thirds(&world, &batch)));
        op_world_done(&world);
    }
}

/* Two people who need 70 days, and 70 days and 1 ms: more than 32 bits of milliseconds. */
TEST(funnel_has_the_median_of_long_times)
{
    struct op_world world;
    static const uint32_t first[] = {0, 2, 4};
    static const millis times[] = {5, 5 + DAYS(70), 8, 9 + DAYS(70)};
    scan_marks marks[4];
    struct scan_batch batch = {
        .persons = 2, .first = first, .end = first + 1, .times = times, .marks = marks};

    op_world_open(&world, "{\"kind\":\"funnel\",\"steps\":[\"A\",\"B\"],\"window\":\"90d\"}", 0,
                  DAYS(100));
    marks[0] = marks[2] = op_world_mark(&world, "A", FLAGS);
    marks[1] = marks[3] = op_world_mark(&world, "B", FLAGS);
    CHECK_STR(op_world_whole(&world, &batch),
              "{\"series\":[{\"key\":null,\"steps\":["
              "{\"event\":\"A\",\"people\":2,\"median_ms\":0},"
              "{\"event\":\"B\",\"people\":2,\"median_ms\":6048000000.5}]}],\"dropped\":0}");
    op_world_done(&world);
}

TEST(funnel_over_its_memory_is_refused_with_advice)
{
    struct op_world world;
    struct scan_batch batch;
    random_state random = {4};
    enum err err = OK;
    void *state;

    op_world_open(&world, "{\"kind\":\"funnel\",\"steps\":[\"A\",\"B\"],\"window\":\"90d\"}", 0,
                  DAYS(200));
    batch = random_people(&world, &random, 5000);
    world.worker.mem = arena_open(100 << 10);
    state = op_world_begin(&world);
    for (int i = 0; i < 100 && !err; i++)
        err = world.query.kind->step(&world.worker, state, &batch);
    CHECK_ERR(ERR_LIMIT, err);
    CHECK(str_contains(str_of(err_text()), S("shorter range")));
    arena_close(world.worker.mem);
    op_world_done(&world);
}
