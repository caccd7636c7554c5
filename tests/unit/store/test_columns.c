/* test_columns.c - columns files give back what was written, and nothing when they are damaged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns.h"

#include "columns_world.h"
#include "support/test.h"
#include "sys/sim.h"

static void check_round_trip(uint64_t seed, const struct table_shape *shape, size_t cache_bytes)
{
    struct table table = table_make(seed, shape);
    struct sys *sys = sim_open(seed);
    struct columns_cache *cache;
    struct columns *columns;

    CHECK_OK(table_write(&table, sys, "a.columns"));
    CHECK_OK(columns_cache_open(cache_bytes, &cache));
    CHECK_OK(columns_open(sys, "a.columns", world_workspace, cache, &columns));
    table_compare(&table, columns);
    table_compare(&table, columns);
    columns_close(columns);
    CHECK_INT(columns_cache_bytes(cache), 0);
    columns_cache_close(cache);
    sim_close(sys);
    arena_reset(test_mem);
}

TEST(columns_give_back_random_tables)
{
    static const struct table_shape shapes[] = {
        {.persons = 0, .most_rows = 1, .properties = 3, .values = 5},
        {.persons = 1, .most_rows = 1, .properties = 8, .values = 1},
        {.persons = 3, .most_rows = 300, .properties = 8, .values = 300},
        {.persons = 700, .most_rows = 20, .properties = 8, .values = 40},
        {.persons = 10000, .most_rows = 40, .properties = 8, .values = 500},
    };

    EACH_CASE(shape, shapes)
    for (uint64_t seed = 1; seed <= 3; seed++)
        check_round_trip(seed, shape, seed == 1 ? 0 : 1 << 28);
}

TEST(columns_give_back_a_person_with_a_hundred_thousand_events)
{
    static const struct table_shape shape = {
        .persons = 50, .most_rows = 10, .huge_rows = 100000, .properties = 8, .values = 70000};

    check_round_trip(5, &shape, 1 << 20);
}
