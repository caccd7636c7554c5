/* test_op_retention.c - counting returns: merging, each period once, lack of memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the answers are is shown by tests/cases/measure and by the comparison with the reference.
 */
#include "support/test.h"
#include "unit/measure/op_world.h"

#define DAYS(count) ((count)*MILLIS_DAY)
#define QUESTION(more)                                                                             \
    "{\"kind\":\"retention\",\"start\":\"A\",\"return\":\"B\",\"interval\":" more "}"

static struct scan_batch random_people(struct op_world *world, random_state *random, size_t count)
{
    scan_marks marks[] = {op_world_mark(world, "A", SCAN_IN_RANGE | SCAN_WHERE),
                          op_world_mark(world, "B", SCAN_IN_RANGE)};
    struct op_people people = {count, marks, 2, 0, DAYS(9)};

    return op_world_people(random, &people);
}

TEST(retentions_of_several_workers_merge_into_one)
{
    static const char *const queries[] = {
        QUESTION("\"day\""),
        QUESTION("\"day\",\"periods\":366"),
        QUESTION("\"week\",\"periods\":1"),
        QUESTION("\"month\",\"periods\":3,\"timezone\":\"Europe/Vienna\""),
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

TEST(retention_counts_a_person_once_a_period)
{
    struct op_world world;
    static const uint32_t first[] = {0, 1, 7};
    static const millis times[] = {DAYS(2), 7, 7, 8, DAYS(1), DAYS(3) - 1, DAYS(5)};
    scan_marks marks[7];
    struct scan_batch batch = {
        .persons = 2, .first = first, .end = first + 1, .times = times, .marks = marks};
    scan_marks start, back;

    op_world_open(&world, QUESTION("\"day\",\"periods\":3"), 0, DAYS(5) + 1);
    start = op_world_mark(&world, "A", SCAN_IN_RANGE | SCAN_WHERE);
    back = op_world_mark(&world, "B", SCAN_IN_RANGE);
    marks[0] = start;
    marks[1] = back; /* before she started */
    marks[2] = start | back;
    for (int i = 3; i < 7; i++)
        marks[i] = back;
    CHECK_STR(op_world_whole(&world, &batch),
              "{\"cohorts\":["
              "{\"start\":\"1970-01-01T00:00:00+00:00\",\"people\":1,\"returned\":[1,1,1,0]},"
              "{\"start\":\"1970-01-03T00:00:00+00:00\",\"people\":1,\"returned\":[0,0,0,null]}],"
              "\"dropped\":0}");
    op_world_done(&world);
}

TEST(retention_over_its_memory_is_refused_with_advice)
{
    struct op_world world;
    struct scan_batch batch;
    random_state random = {4};
    void *state;

    op_world_open(&world, QUESTION("\"day\",\"periods\":366"), 0, DAYS(3000));
    batch = random_people(&world, &random, 5000);
    world.worker.mem = arena_open(150 << 10);
    state = op_world_begin(&world);
    CHECK_ERR(ERR_LIMIT, world.query.kind->step(&world.worker, state, &batch));
    CHECK(str_contains(str_of(err_text()), S("shorter range")));
    arena_close(world.worker.mem);
    op_world_done(&world);
}
