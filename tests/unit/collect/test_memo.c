/* test_memo.c - what is remembered, what is forgotten, and that it is a copy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/memo.h"
#include "base/mem.h"
#include "support/test.h"

TEST(memo_tells_what_was_put_there)
{
    struct memo_stats stats;
    struct memo *memo;
    str value;

    CHECK_OK(memo_open(64, &memo));
    CHECK(!memo_find(memo, S("a"), test_mem, &value));
    memo_put(memo, S("a"), S("1"));
    memo_put(memo, S(""), S("nothing"));
    memo_put(memo, S("b"), S(""));
    CHECK(memo_find(memo, S("a"), test_mem, &value));
    CHECK_STR(value, "1");
    CHECK(memo_find(memo, S(""), test_mem, &value));
    CHECK_STR(value, "nothing");
    CHECK(memo_find(memo, S("b"), test_mem, &value) && value.len == 0);
    memo_put(memo, S("a"), S("2"));
    CHECK(memo_find(memo, S("a"), test_mem, &value));
    CHECK_STR(value, "2");
    memo_stats_read(memo, &stats);
    CHECK_INT(stats.hits, 4);
    CHECK_INT(stats.misses, 1);
    memo_close(memo);
    CHECK_STR(value, "2"); /* a copy outlives it */
}

TEST(memo_forgets_what_was_unused_for_longest)
{
    enum { ENTRIES = 64, PUT = 4096 };
    size_t known = 0;
    struct memo *memo;
    str value;

    CHECK_OK(memo_open(ENTRIES, &memo));
    memo_put(memo, S("kept"), S("yes"));
    for (int i = 0; i < PUT; i++) {
        memo_put(memo, arena_print(test_mem, "%d", i), S("x"));
        CHECK(memo_find(memo, S("kept"), test_mem, &value)); /* it is used all the time */
    }
    for (int i = 0; i < PUT; i++)
        known += memo_find(memo, arena_print(test_mem, "%d", i), test_mem, &value);
    CHECK(known > 0 && known < ENTRIES);
    memo_close(memo);
}

TEST(memo_keeps_nothing_that_is_too_large)
{
    char *large = arena_take(test_mem, MEMO_MOST_BYTES + 1);
    struct memo *memo;
    str value;

    CHECK_OK(memo_open(64, &memo));
    memo_put(memo, str_from(large, MEMO_MOST_BYTES), S("x"));
    CHECK(!memo_find(memo, str_from(large, MEMO_MOST_BYTES), test_mem, &value));
    memo_put(memo, str_from(large, MEMO_MOST_BYTES - 1), S("x"));
    CHECK(memo_find(memo, str_from(large, MEMO_MOST_BYTES - 1), test_mem, &value));
    memo_close(memo);
}

TEST(memo_without_memory_is_not_opened)
{
    struct memo *memo = NULL;
    int tries = 0;

    for (enum err err = ERR_LIMIT; err; tries++) {
        mem_fail_after(tries + 1);
        err = memo_open(64, &memo);
        mem_fail_after(0);
        CHECK(!err || err == ERR_LIMIT);
    }
    CHECK(tries > 16);
    memo_close(memo);
}
