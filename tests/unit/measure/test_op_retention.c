/* test_op_retention.c - counting returns: merging, each period once, lack of memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the answers are is shown by tests/cases/measure and by the comparison with the reference.
 */
#include "support/test.h"
#include "unit/measure/op_world.h"

#include <stdlib.h>

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

/* One hit, by which part it is of. */
struct parted {
    millis time;
    uint32_t part, at;
    scan_marks marks;
};

static int by_order(const void *a, const void *b)
{
    const struct parted *left = a, *right = b;

    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    if (left->part != right->part)
        return left->part < right->part ? -1 : 1;
    return left->at < right->at ? -1 : left->at > right->at;
}

enum { PARTS = 3, MOST_OF_PART = 3000, PARTED = 24 };

/* A part of up to 30 or very many hits, now and then with the same marks; adds them to `all`, too.
 */
static struct scan_part random_part(random_state *random, const scan_marks marks[2],
                                    uint32_t number, struct parted *all)
{
    bool is_even = random_chance(random, 0.6);
    uint32_t count =
        1 + (uint32_t)random_below(random, random_chance(random, 0.2) ? MOST_OF_PART : 30);
    millis *times = arena_array(test_mem, count, sizeof *times);
    scan_marks *own = arena_array(test_mem, count, sizeof *own);
    millis span = (millis)random_below(random, DAYS(199)) + 1;
    scan_marks same =
        random_chance(random, 0.8) ? marks[0] | marks[1] : marks[random_below(random, 2)];

    for (uint32_t i = 0; i < count; i++)
        all[i] = (struct parted){.time = (millis)random_below(random, (uint64_t)span),
                                 .part = number,
                                 .marks = is_even ? same : marks[random_below(random, 2)]};
    qsort(all, count, sizeof *all, by_order);
    for (uint32_t i = 0; i < count; i++) {
        all[i].at = i;
        times[i] = all[i].time;
        own[i] = all[i].marks;
    }
    return (struct scan_part){
        .count = count, .times = times, .marks = is_even ? NULL : own, .all = same};
}

/* The hits of one person, merged, behind those of others. */
static void add_whole(struct parted *all, uint32_t count, millis *times, scan_marks *marks)
{
    qsort(all, count, sizeof *all, by_order);
    for (uint32_t i = 0; i < count; i++) {
        times[i] = all[i].time;
        marks[i] = all[i].marks;
    }
}

static void compare_parted(struct op_world *world, random_state *random)
{
    scan_marks marks[2] = {op_world_mark(world, "A", SCAN_IN_RANGE | SCAN_WHERE),
                           op_world_mark(world, "B", SCAN_IN_RANGE)};
    uint32_t first[PARTED + 1] = {0};
    struct scan_part parts[PARTED * PARTS];
    struct parted *all = arena_array(test_mem, PARTS * MOST_OF_PART, sizeof *all);
    millis *times = arena_array(test_mem, PARTED * PARTS * MOST_OF_PART, sizeof *times);
    scan_marks *own = arena_array(test_mem, PARTED * PARTS * MOST_OF_PART, sizeof *own);
    struct scan_batch whole = {
        .persons = PARTED, .first = first, .end = first + 1, .times = times, .marks = own};
    struct scan_batch parted = {.parts = parts};

    for (uint32_t person = 0; person < PARTED; person++) {
        uint32_t count = 0, pieces = 1 + (uint32_t)random_below(random, PARTS);

        for (uint32_t i = 0; i < pieces; i++) {
            struct scan_part *part = &parts[parted.part_count++];

            *part = random_part(random, marks, i, all + count);
            part->person = person + 1;
            count += part->count;
        }
        add_whole(all, count, times + first[person], own + first[person]);
        first[person + 1] = first[person] + count;
    }
    CHECK(str_equals(op_world_whole(world, &parted), op_world_whole(world, &whole)));
}

TEST(retention_of_people_in_parts_is_that_of_whole_ones)
{
    static const char *const queries[] = {
        QUESTION("\"day\""),
        QUESTION("\"day\",\"periods\":366"),
        QUESTION("\"week\",\"periods\":28"),
        QUESTION("\"week\",\"timezone\":\"Europe/Vienna\""),
        QUESTION("\"month\",\"periods\":3"),
    };
    random_state random = {5};

    EACH_CASE(query, queries)
    for (int i = 0; i < 4; i++) {
        struct op_world world;

        op_world_open(&world, *query, 0, DAYS(200));
        compare_parted(&world, &random);
        op_world_done(&world);
    }
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
