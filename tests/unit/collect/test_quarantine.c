/* test_quarantine.c - open entries, in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/quarantine.h"
#include "support/test.h"

TEST(quarantine_lists_open_entries_by_page)
{
    struct quarantine_page page;
    struct quarantine *quarantine;

    CHECK_OK(quarantine_open(&quarantine));
    CHECK_OK(quarantine_list(quarantine, test_mem, 0, 3, &page));
    CHECK_INT(page.count, 0);
    CHECK_INT(quarantine_last(quarantine), 0);
    CHECK_OK(quarantine_reserve(quarantine, 100));
    for (uint64_t i = 1; i <= 100; i++)
        quarantine_add(quarantine, i * 10, (millis)i);
    CHECK_OK(quarantine_list(quarantine, test_mem, 0, 3, &page));
    CHECK_INT(page.count, 3);
    CHECK_INT(page.total, 100);
    CHECK_INT(page.entries[2].seq, 30);
    CHECK_INT(page.entries[2].received, 3);
    CHECK_OK(quarantine_list(quarantine, test_mem, 30, 3, &page));
    CHECK_INT(page.entries[0].seq, 40);
    CHECK_OK(quarantine_list(quarantine, test_mem, 985, 30, &page));
    CHECK_INT(page.count, 2);
    CHECK_OK(quarantine_list(quarantine, test_mem, 1000, 30, &page));
    CHECK_INT(page.count, 0);
    CHECK_INT(page.total, 100);
    CHECK_INT(quarantine_last(quarantine), 1000);
    quarantine_close(quarantine);
}

TEST(quarantine_forgets_what_was_released)
{
    struct quarantine *quarantine;

    CHECK_OK(quarantine_open(&quarantine));
    CHECK_OK(quarantine_reserve(quarantine, 3));
    for (uint64_t i = 1; i <= 3; i++)
        quarantine_add(quarantine, i, 0);
    CHECK(quarantine_has(quarantine, 2));
    quarantine_remove(quarantine, 2);
    quarantine_remove(quarantine, 2); /* once more does nothing */
    quarantine_remove(quarantine, 9);
    CHECK(!quarantine_has(quarantine, 2));
    CHECK(quarantine_has(quarantine, 1) && quarantine_has(quarantine, 3));
    CHECK_INT(quarantine_count(quarantine), 2);
    quarantine_close(quarantine);
}
