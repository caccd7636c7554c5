/* test_deleted.c - the set against plain flags.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/deleted.h"

#include "base/mem.h"
#include "base/random.h"
#include "support/test.h"

enum { END = 5 << 16 };

static bool *new_flags(void)
{
    return arena_array(test_mem, END + 1, sizeof(bool));
}

static void check_same(const struct deleted *set, const bool *flags)
{
    uint64_t from, to, place = 0, count = 0;

    for (uint64_t i = 0; i < END; i++)
        count += flags[i];
    CHECK_INT(deleted_count(set, 0, UINT64_MAX), count);
    while (deleted_next(set, place, &from, &to)) {
        CHECK(from < to && to <= END);
        for (; place < from; place++)
            CHECK(!flags[place] && !deleted_has(set, place));
        for (; place < to; place++)
            CHECK(flags[place] && deleted_has(set, place));
    }
    for (; place < END; place++)
        CHECK(!flags[place] && !deleted_has(set, place));
    CHECK(!deleted_has(set, END) && !deleted_has(set, UINT64_MAX));
}

/* Ranges of any length, now and then whole chunks. */
static void add_some(struct deleted *set, bool *flags, random_state *random)
{
    for (int i = 0; i < 40; i++) {
        uint64_t most = random_chance(random, 0.1) ? 3 << 16 : random_chance(random, 0.5) ? 2 : 500;
        uint64_t from = random_below(random, END), to = from + 1 + random_below(random, most);

        if (random_chance(random, 0.1))
            from -= from % (1 << 16);
        if (to > END)
            to = END;
        CHECK_OK(deleted_add(set, from, to));
        for (uint64_t at = from; at < to; at++)
            flags[at] = true;
    }
}

static void check_counts(const struct deleted *set, const bool *flags, random_state *random)
{
    for (int i = 0; i < 50; i++) {
        uint64_t from = random_below(random, END), to = random_below(random, END + 1), count = 0;

        for (uint64_t at = from; at < to; at++)
            count += flags[at];
        CHECK_INT(deleted_count(set, from, to), count);
    }
}

TEST(a_set_of_deleted_events_knows_what_was_added)
{
    random_state random = {1};

    for (int round = 0; round < 10; round++) {
        bool *flags = new_flags();
        struct deleted *set;

        CHECK_OK(deleted_open(&set));
        check_same(set, flags);
        add_some(set, flags, &random);
        check_same(set, flags);
        check_counts(set, flags, &random);
        deleted_clear(set);
        check_same(set, new_flags());
        deleted_close(set);
    }
}

TEST(a_set_of_deleted_events_takes_in_another)
{
    random_state random = {2};

    for (int round = 0; round < 10; round++) {
        bool *flags = new_flags(), *others = new_flags();
        struct deleted *set, *other;
        uint64_t more = 0;

        CHECK_OK(deleted_open(&set));
        CHECK_OK(deleted_open(&other));
        add_some(set, flags, &random);
        add_some(other, others, &random);
        for (uint64_t i = 0; i < END; i++) {
            more += others[i] && !flags[i];
            flags[i] |= others[i];
        }
        CHECK_OK(deleted_reserve(set, other));
        mem_fail_after(1);
        CHECK_INT(deleted_take(set, other), more);
        mem_fail_after(0);
        check_same(set, flags);
        check_same(other, new_flags());
        deleted_close(set);
        deleted_close(other);
    }
}

TEST(a_set_of_deleted_events_loses_another)
{
    random_state random = {3};

    for (int round = 0; round < 10; round++) {
        bool *flags = new_flags(), *others = new_flags();
        struct deleted *set, *other;

        CHECK_OK(deleted_open(&set));
        CHECK_OK(deleted_open(&other));
        add_some(set, flags, &random);
        add_some(other, others, &random);
        for (uint64_t i = 0; i < END; i++)
            flags[i] &= !others[i];
        CHECK_OK(deleted_reserve_removal(set, other));
        mem_fail_after(1);
        deleted_remove(set, other);
        mem_fail_after(0);
        check_same(set, flags);
        check_same(other, others);
        add_some(set, flags, &random);
        check_same(set, flags);
        deleted_close(set);
        deleted_close(other);
    }
}

TEST(no_set_holds_nothing)
{
    CHECK(!deleted_has(NULL, 1));
    CHECK_INT(deleted_count(NULL, 0, UINT64_MAX), 0);
}

TEST(a_set_of_deleted_events_without_memory_says_so)
{
    struct deleted *set;

    CHECK_OK(deleted_open(&set));
    for (long k = 1; k <= 2; k++) {
        mem_fail_after(k);
        CHECK_ERR(ERR_LIMIT, deleted_add(set, 3, 4));
        mem_fail_after(0);
        deleted_clear(set);
    }
    CHECK_OK(deleted_add(set, 3, 4));
    CHECK_INT(deleted_count(set, 0, 10), 1);
    deleted_close(set);
}
