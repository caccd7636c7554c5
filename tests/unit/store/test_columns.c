/* test_columns.c - columns files give back what was written, and nothing when they are damaged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_ticks.h"

#include "columns_world.h"
#include "support/test.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/thread.h"

#include <stdlib.h>

static void report(void *unused, const char *damage)
{
    (void)unused;
    CHECK_STR(str_of(damage), "no damage");
}

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
    CHECK_OK(columns_check(sys, "a.columns", world_workspace, report, NULL));
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
        {.persons = 10000, .most_rows = 40, .properties = 2, .values = 50, .section_rows = 1},
        {.persons = 10000, .most_rows = 40, .section_rows = 140000},
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

TEST(ticks_are_cut_as_fine_as_most_times_allow)
{
    static const struct table_shape shape = {.persons = 3000, .most_rows = 40};
    const millis first = INT64_C(1772323200000), days = 90 * MILLIS_DAY;
    struct table table = table_make(8, &shape);
    struct sys *sys = sim_open(8);
    struct columns_ticks ticks;
    struct columns_block block;
    struct columns_cache *cache;
    struct columns *columns;

    /* Times of 90 days, but for some clocks that show 1970, the year 10000, or nothing sensible. */
    for (uint32_t i = 0; i < table.count; i++)
        table.rows[i].time = first + days / (table.count + 1) * i;
    for (uint32_t i = 0; i + 1 < table.count; i += 400)
        if (table.rows[i].person != table.rows[i + 1].person)
            table.rows[i].time = i % 3 ? INT64_C(253402300800000) : INT64_MAX;
        else if (!i || table.rows[i - 1].person != table.rows[i].person)
            table.rows[i].time = i % 3 ? 0 : INT64_MIN;
    table.rows[0].time = INT64_MIN;
    CHECK_OK(table_write(&table, sys, "a.columns"));
    CHECK_OK(columns_cache_open(1 << 20, &cache));
    CHECK_OK(columns_open(sys, "a.columns", world_workspace, cache, &columns));
    CHECK_OK(columns_ticks_hold(columns, 0, &ticks, &block));
    columns_release(columns, &block);
    CHECK(ticks.length >= (uint64_t)days / COLUMNS_TICKS);
    CHECK(ticks.length <= (uint64_t)days / COLUMNS_TICKS / 8 * 9);
    CHECK(columns_ticks_of(&ticks, first + days / 2) > COLUMNS_TICKS / 8 * 3);
    CHECK(columns_ticks_of(&ticks, first + days / 2) < COLUMNS_TICKS / 8 * 5);
    CHECK_INT(columns_ticks_of(&ticks, INT64_MIN), 0);
    CHECK_INT(columns_ticks_of(&ticks, 0), 0);
    CHECK_INT(columns_ticks_of(&ticks, INT64_MAX), COLUMNS_TICKS - 1);
    table_compare(&table, columns);
    columns_close(columns);
    CHECK_INT(columns_cache_bytes(cache), 0);
    columns_cache_close(cache);
    sim_close(sys);
}

/* --- Many readers --- */

struct reader {
    struct columns *columns;
    const struct table *table;
    uint64_t seed;
    uint32_t wrong;
    enum err err;
};

static void read_at_random(void *argument)
{
    struct reader *reader = argument;
    const struct columns_about *about = columns_about(reader->columns);
    random_state random = {reader->seed};

    for (int i = 0; i < 400 && !reader->err; i++) {
        uint32_t stripe = (uint32_t)random_below(&random, about->stripes), from = 0;
        uint32_t property = (uint32_t)random_below(&random, about->properties);
        uint32_t row =
            (uint32_t)random_below(&random, columns_stripe(reader->columns, stripe)->rows);
        struct columns_block codes = {0}, seqs = {0};

        for (uint32_t j = 0; j < stripe; j++)
            from += columns_stripe(reader->columns, j)->rows;
        reader->err = columns_hold(reader->columns, stripe, (int)property, &codes);
        if (!reader->err)
            reader->err = columns_hold(reader->columns, stripe, COLUMNS_SEQS, &seqs);
        if (!reader->err) {
            const struct table_row *want = &reader->table->rows[from + row];

            reader->wrong += columns_code(&codes, row) != want->codes[property] ||
                             ((const uint64_t *)seqs.data)[row] != want->seq;
        }
        columns_release(reader->columns, &codes);
        columns_release(reader->columns, &seqs);
    }
}

TEST(columns_are_read_by_threads_while_blocks_come_and_go)
{
    static const struct table_shape shape = {
        .persons = 7000, .most_rows = 40, .properties = 8, .values = 50, .section_rows = 70000};
    struct table table = table_make(6, &shape);
    struct reader readers[4];
    struct thread *threads[4];
    struct sys *sys = sys_real();
    struct columns_cache *cache;
    struct columns *columns;
    const char *base = getenv("TMPDIR"), *path;
    uint64_t id;

    entropy_fill(sys, &id, sizeof id);
    path = arena_print(test_mem, "%s/myriad-columns-%016llx", base ? base : "/tmp",
                       (unsigned long long)id)
               .data;
    CHECK_OK(table_write(&table, sys, path));
    CHECK_OK(columns_cache_open(2 << 20, &cache)); /* less than all of it */
    CHECK_OK(columns_open(sys, path, world_workspace, cache, &columns));
    for (size_t i = 0; i < 4; i++) {
        readers[i] = (struct reader){.columns = columns, .table = &table, .seed = i};
        CHECK_OK(thread_start("reader", read_at_random, &readers[i], &threads[i]));
    }
    for (size_t i = 0; i < 4; i++) {
        thread_join(threads[i]);
        CHECK_OK(readers[i].err);
        CHECK_INT(readers[i].wrong, 0);
    }
    CHECK(columns_cache_bytes(cache) <= 2 << 20);
    columns_close(columns);
    columns_cache_close(cache);
    CHECK_OK(file_remove(sys, path));
}

TEST(columns_that_are_held_stay_while_others_give_way)
{
    static const struct table_shape shape = {
        .persons = 7000, .most_rows = 40, .properties = 8, .values = 50};
    struct table table = table_make(8, &shape);
    struct sys *sys = sim_open(8);
    struct columns_block held, again, other;
    struct columns_cache *cache;
    struct columns *columns;

    CHECK_OK(table_write(&table, sys, "a.columns"));
    CHECK_OK(columns_cache_open(0, &cache));
    CHECK_OK(columns_open(sys, "a.columns", world_workspace, cache, &columns));
    CHECK_OK(columns_hold(columns, 0, 1, &held));
    for (int column = COLUMNS_KINDS; column < 8; column++) {
        CHECK_OK(columns_hold(columns, 1, column, &other));
        columns_release(columns, &other);
    }
    CHECK_OK(columns_hold(columns, 0, 1, &again));
    CHECK(again.data == held.data);
    columns_release(columns, &again);
    for (uint32_t i = 0; i < columns_stripe(columns, 0)->rows; i++)
        CHECK_INT(columns_code(&held, i), table.rows[i].codes[1]);
    columns_release(columns, &held);
    columns_release(columns, &held); /* is zeroed now */
    columns_close(columns);
    columns_cache_close(cache);
    sim_close(sys);
}
