/* test_arena.c - memory of one request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/arena.h"
#include "base/mem.h"
#include "support/test.h"

#include <stdalign.h>
#include <string.h>

TEST(arena_pieces_are_zeroed_aligned_and_apart)
{
    char *pieces[200];

    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 200; i++) {
            pieces[i] = arena_take(test_mem, i);
            CHECK(pieces[i] && (uintptr_t)pieces[i] % alignof(max_align_t) == 0);
            for (size_t k = 0; k < i; k++)
                CHECK(pieces[i][k] == 0);
            memset(pieces[i], (int)(i + 1), i);
        }
        for (size_t i = 0; i < 200; i++)
            for (size_t k = 0; k < i; k++)
                CHECK((unsigned char)pieces[i][k] == (unsigned char)(i + 1));
        arena_reset(test_mem); /* the second round gets used memory, zeroed again */
        CHECK_INT(arena_used(test_mem), 0);
    }
}

TEST(arena_stops_at_its_cap)
{
    struct arena *mem = arena_open(100000);
    size_t taken = 0;

    CHECK(arena_take(mem, 100001) == NULL);
    while (arena_take(mem, 1000))
        taken += 1000;
    CHECK(taken >= 50000 && taken <= 100000);
    CHECK(arena_used(mem) >= taken);
    CHECK_ERR(ERR_LIMIT, arena_exhausted());
    arena_reset(mem);
    CHECK(arena_take(mem, 1000) != NULL);
    arena_close(mem);
    arena_close(NULL);
}

TEST(arena_refuses_sizes_that_overflow)
{
    CHECK(arena_take(test_mem, SIZE_MAX) == NULL);
    CHECK(arena_array(test_mem, SIZE_MAX / 2, 3) == NULL);
    CHECK(arena_array(test_mem, 3, 5) != NULL);
}

TEST(arena_says_when_the_heap_is_empty)
{
    struct arena *mem;

    mem_fail_after(1);
    CHECK(arena_open(1000) == NULL);
    mem_fail_after(0);
    mem = arena_open(1000);
    mem_fail_after(1);
    CHECK(arena_dup(mem, S("x")).data == NULL);
    mem_fail_after(1);
    CHECK(arena_print(mem, "%d", 1).data == NULL);
    mem_fail_after(0);
    CHECK_STR(arena_dup(mem, S("x")), "x");
    arena_close(mem);
}

TEST(arena_remembers_that_it_refused)
{
    struct arena *mem = arena_open(5000);

    CHECK(arena_take(mem, 3000));
    CHECK(!arena_is_exhausted(mem));
    CHECK(!arena_array(mem, SIZE_MAX / 2, 4));
    CHECK(arena_take(mem, 16));
    CHECK(arena_is_exhausted(mem));
    arena_reset(mem);
    CHECK(!arena_is_exhausted(mem));
    arena_close(mem);
}

TEST(arena_copies_end_in_a_nul)
{
    str copy = arena_dup(test_mem, S("abc")), text = arena_print(test_mem, "%s-%d", "a", 7);

    CHECK_STR(copy, "abc");
    CHECK(copy.data[3] == 0);
    CHECK_STR(text, "a-7");
    CHECK(text.data[3] == 0);
    CHECK_INT(arena_dup(test_mem, (str){NULL, 0}).len, 0);
}
