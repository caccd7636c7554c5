/* test_path_table.c - paths of few and of many names are found again and merged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/path_table.h"

#include "base/random.h"
#include "support/test.h"

enum { MOST_STEPS = 32, ROW = 1000 };

static const text_code FIRST_NAME = 1000;

/* Counts the paths that begin at [from, to) of a row of names. */
static void count_paths(struct path_table *table, const text_code *names, uint32_t from,
                        uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t numbers[MOST_STEPS];
        struct path *path;

        for (uint32_t k = 0; k < table->steps; k++)
            CHECK_OK(path_table_number(table, names[i + k], &numbers[k]));
        CHECK_OK(path_table_get(table, numbers, &path));
        path->count++;
        path->people += 2;
    }
}

static bool is_same(const struct path_table *table, const struct path *path, const text_code *names)
{
    for (uint32_t k = 0; k < table->steps; k++)
        if (table->names[path->numbers[k]] != names[k])
            return false;
    return true;
}

/* Every path of the row has its count, and there are no others. */
static void check_counts(const struct path_table *table, const text_code *names, uint32_t count)
{
    uint64_t all = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct path *path = table->paths[i];
        uint64_t found = 0;

        for (uint32_t k = 0; k < count; k++)
            found += is_same(table, path, names + k);
        CHECK_INT(path->count, found);
        CHECK_INT(path->people, found * 2);
        all += found;
    }
    CHECK_INT(all, count);
}

static const struct {
    uint32_t steps;
    uint64_t names;
} cases[] = {
    {1, 1}, {3, 2}, {3, 12}, {3, 40}, {2, 400}, {1, 2000}, {5, 3}, {16, 2}, {32, 2}, {32, 5},
};

TEST(paths_are_counted_whatever_their_length_and_names)
{
    random_state random = {3};

    EACH_CASE(c, cases)
    {
        struct path_table table, other;
        text_code names[ROW + MOST_STEPS];

        for (uint32_t i = 0; i < ROW + MOST_STEPS; i++)
            names[i] = FIRST_NAME + (text_code)random_below(&random, c->names);
        path_table_init(&table, test_mem, c->steps);
        path_table_init(&other, test_mem, c->steps);
        count_paths(&table, names, 0, ROW / 3);
        count_paths(&other, names, ROW / 3, ROW);
        CHECK_OK(path_table_merge(&table, &other));
        check_counts(&table, names, ROW);
    }
}
