/* test_pages.c - pages are taken zeroed, and gone when they are given back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/pages.h"

#include "support/test.h"

#include <string.h>

enum { ROUNDS = 64, SIZE = 16 * PAGES_SIZE };

TEST(pages_are_zeroed_and_can_be_used_whole)
{
    for (int round = 0; round < ROUNDS; round++) {
        char *pages = pages_take(SIZE);
        size_t sum = 0;

        if (!pages)
            return; /* under a sanitizer there are none */
        for (size_t i = 0; i < SIZE; i++)
            sum += (unsigned char)pages[i];
        CHECK_INT(sum, 0);
        CHECK_INT((uintptr_t)pages % PAGES_SIZE, 0);
        memset(pages, 0xa5, SIZE);
        pages_give(pages, SIZE);
    }
}
