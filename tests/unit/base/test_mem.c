/* test_mem.c - heap memory and its injected failures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "support/test.h"

TEST(mem_fails_once_where_it_is_told)
{
    long calls = mem_calls();
    void *first, *second, *third;

    mem_fail_after(2);
    first = mem_alloc(8);
    second = mem_alloc(8);
    third = mem_grow(first, 16);
    CHECK(first && !second && third);
    CHECK_INT(mem_calls(), calls + 3);
    mem_fail_after(0);
    mem_free(third);
    mem_free(NULL);
    CHECK_ERR(ERR_LIMIT, mem_exhausted());
}

TEST(mem_copies_text_and_zeroes)
{
    char *copy = mem_text("abc"), *zeroed = mem_alloc(100);

    CHECK_STR(str_of(copy), "abc");
    for (int i = 0; i < 100; i++)
        CHECK(zeroed[i] == 0);
    mem_free(copy);
    mem_free(zeroed);
}

TEST(mem_aligns_where_asked_and_gives_zeros)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 100000};

    EACH_CASE(size, sizes)
    {
        char *memory = mem_alloc_aligned(*size, 4096);

        CHECK(memory && (uintptr_t)memory % 4096 == 0);
        for (size_t i = 0; i < *size; i++)
            CHECK_INT(memory[i], 0);
        mem_free(memory);
    }
}
