/* test_columns_seqs.c - narrow numbers are those of the blocks, within their bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_seqs.h"

#include "columns_world.h"
#include "support/test.h"
#include "sys/sim.h"

#include <string.h>

static void compare_stripe(struct columns *columns, uint32_t stripe)
{
    const struct columns_stripe *about = columns_stripe(columns, stripe);
    struct columns_block persons, first, seqs;
    struct columns_seqs kept;

    CHECK(columns_seqs_find(columns, stripe, &kept));
    CHECK_OK(columns_hold(columns, stripe, COLUMNS_PERSONS, &persons));
    CHECK_OK(columns_hold(columns, stripe, COLUMNS_FIRST, &first));
    CHECK_OK(columns_hold(columns, stripe, COLUMNS_SEQS, &seqs));
    CHECK(memcmp(kept.persons, persons.data, about->persons * sizeof *kept.persons) == 0);
    CHECK(memcmp(kept.first, first.data, (about->persons + 1u) * sizeof *kept.first) == 0);
    for (uint32_t row = 0; row < about->rows; row++)
        CHECK_INT(kept.base + kept.above[row], ((const uint64_t *)seqs.data)[row]);
    columns_release(columns, &persons);
    columns_release(columns, &first);
    columns_release(columns, &seqs);
}

TEST(narrow_numbers_are_those_of_the_blocks)
{
    static const struct table_shape shapes[] = {
        {.persons = 1, .most_rows = 1},
        {.persons = 9000, .most_rows = 30},
        {.persons = 9000, .most_rows = 30, .section_rows = 70000},
        {.persons = 50, .most_rows = 10, .huge_rows = 70000},
    };

    EACH_CASE(shape, shapes)
    {
        struct arena *mem = test_mem;
        struct sys *sys = sim_open(3);
        struct columns_cache *cache;
        struct columns *columns;
        struct columns_seqs kept;
        struct table table;

        test_mem = arena_open(64 << 20);
        table = table_make(3, shape);
        CHECK_OK(table_write(&table, sys, "a.columns"));
        CHECK_OK(columns_cache_open(1 << 28, &cache));
        CHECK_OK(columns_open(sys, "a.columns", world_workspace, cache, &columns));
        CHECK(!columns_seqs_find(columns, 0, &kept));
        while (columns_seqs_step(columns))
            ;
        for (uint32_t stripe = 0; stripe < columns_about(columns)->stripes; stripe++)
            compare_stripe(columns, stripe);
        columns_close(columns);
        CHECK_INT(columns_cache_bytes(cache), 0);
        columns_cache_close(cache);
        sim_close(sys);
        arena_close(test_mem);
        test_mem = mem;
    }
}

TEST(narrow_numbers_take_no_more_than_their_share)
{
    static const struct table_shape shape = {.persons = 900, .most_rows = 12};
    struct table table = table_make(5, &shape);
    struct sys *sys = sim_open(5);
    struct columns_cache *cache;
    struct columns *columns;
    struct columns_seqs kept;

    CHECK_OK(table_write(&table, sys, "a.columns"));
    CHECK_OK(columns_cache_open(4 * (size_t)table.count, &cache));
    CHECK_OK(columns_open(sys, "a.columns", world_workspace, cache, &columns));
    CHECK(!columns_seqs_step(columns));
    CHECK(!columns_seqs_find(columns, 0, &kept));
    columns_close(columns);
    CHECK_INT(columns_cache_bytes(cache), 0);
    columns_cache_close(cache);
    sim_close(sys);
}
