/* test_newest.c - who watches is given what is newest and told how much there was, and nothing that
 * is passed over is opened.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/newest.h"

#include "store/deleted.h"
#include "store/deletions.h"
#include "support/test.h"
#include "unit/measure/numbered.h"

static struct newest *new_newest(struct world *w, struct deletions *deletions)
{
    struct newest *newest;

    CHECK_OK(newest_open(w->log, deletions, &newest));
    CHECK_OK(newest_look(newest));
    return newest;
}

/* The numbers of what is given, one by one. */
static str numbers(const struct newest *newest, uint64_t place, uint64_t most)
{
    struct newest_event events[NEWEST_EVENTS];
    size_t count = newest_read(newest, place, most, events);
    struct buf text = {0};
    str taken;

    for (size_t i = 0; i < count; i++) {
        str number = arena_print(test_mem, "\"n\":%llu,", (unsigned long long)events[i].seq);

        CHECK(str_contains(events[i].line, number));
        CHECK(str_starts(events[i].line, S("{\"seq\":")) && str_ends(events[i].line, S("}}")));
        buf_print(&text, "%llu ", (unsigned long long)events[i].seq);
    }
    taken = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return taken;
}

TEST(newest_begins_at_the_end_of_the_log)
{
    struct world w = numbered_world();
    struct newest *newest;

    numbered_add(&w, 10);
    newest = new_newest(&w, NULL);
    CHECK_INT(newest_count(newest), 0);
    CHECK_INT(newest_place(newest), 11);
    CHECK_STR(numbers(newest, 1, 50), "");
    numbered_add(&w, 2);
    CHECK_STR(numbers(newest, 1, 50), ""); /* nobody looked */
    CHECK_OK(newest_look(newest));
    CHECK_INT(newest_count(newest), 2);
    CHECK_STR(numbers(newest, 1, 50), "11 12 ");
    newest_close(newest);
    world_done(&w);
}

TEST(newest_events_are_the_last_ones_whatever_records_and_gaps_hold_them)
{
    struct world w = numbered_world();
    struct newest *newest = new_newest(&w, NULL);

    numbered_add(&w, 30);
    numbered_gap(&w, 3);
    for (int i = 0; i < 60; i++) {
        numbered_add(&w, 1);
        numbered_gap(&w, 1);
    }
    numbered_add(&w, 4); /* 154 to 157, behind 34, 36 .. 152 */
    CHECK_OK(newest_look(newest));
    CHECK_INT(newest_count(newest), 94);
    CHECK_INT(newest_place(newest), 158);
    CHECK_STR(numbers(newest, 1, 6), "150 152 154 155 156 157 ");
    CHECK_STR(numbers(newest, 153, 50), "154 155 156 157 ");
    CHECK_STR(numbers(newest, 158, 50), "");
    CHECK(str_starts(numbers(newest, 1, 1000), S("62 64 66 "))); /* fifty of them */
    newest_close(newest);
    world_done(&w);
}

TEST(newest_events_of_looks_before_are_at_hand)
{
    struct world w = numbered_world();
    struct newest *newest = new_newest(&w, NULL);

    for (int i = 0; i < 70; i++) {
        numbered_add(&w, 1);
        CHECK_OK(newest_look(newest));
    }
    CHECK_INT(newest_count(newest), 70);
    CHECK_STR(numbers(newest, 1, 3), "68 69 70 ");
    CHECK(str_starts(numbers(newest, 1, 50), S("21 22 ")));
    newest_close(newest);
    world_done(&w);
}

TEST(newest_opens_nothing_that_is_passed_over)
{
    struct world w = numbered_world();
    struct newest *newest = new_newest(&w, NULL);

    numbered_add_broken(&w, 1000);
    numbered_add_broken(&w, 1);
    numbered_add(&w, 60);
    CHECK_OK(newest_look(newest));
    CHECK_INT(newest_count(newest), 1061);
    CHECK_STR(numbers(newest, 1, 2), "1060 1061 ");
    newest_close(newest);
    world_done(&w);
}

TEST(newest_begins_anew_behind_what_it_cannot_read)
{
    struct world w = numbered_world();
    struct newest *newest = new_newest(&w, NULL);

    numbered_add(&w, 5);
    numbered_add_broken(&w, 1);
    CHECK_ERR(ERR_CORRUPT, newest_look(newest));
    CHECK_STR(numbers(newest, 1, 50), "");
    CHECK_OK(newest_look(newest));
    numbered_add(&w, 2);
    CHECK_OK(newest_look(newest));
    CHECK_STR(numbers(newest, 1, 50), "7 8 ");
    newest_close(newest);
    world_done(&w);
}

TEST(newest_gives_no_more_bytes_at_once_than_a_page_can_use)
{
    struct world w = numbered_world();
    struct newest *newest = new_newest(&w, NULL);
    struct newest_event events[NEWEST_EVENTS];

    for (int i = 0; i < NEWEST_EVENTS; i++)
        numbered_add_wide(&w, NEWEST_BYTES / 4);
    CHECK_OK(newest_look(newest));
    CHECK_INT(newest_read(newest, 1, 50, events), 4);
    CHECK_INT(events[3].seq, NEWEST_EVENTS);
    newest_close(newest);
    world_done(&w);
}

TEST(newest_gives_nothing_that_was_deleted)
{
    struct world w = numbered_world();
    struct deletions *deletions;
    struct deleted *found;
    struct newest *newest;
    uint64_t count;

    CHECK_OK(deletions_open(0, &deletions));
    newest = new_newest(&w, deletions);
    numbered_add(&w, 6);
    CHECK_OK(newest_look(newest));
    CHECK_OK(deleted_open(&found));
    CHECK_OK(deleted_add(found, 4, 6));
    CHECK_OK(deletions_write(deletions, w.log, 5, found, &count));
    deleted_close(found);
    CHECK_STR(numbers(newest, 1, 3), "2 3 6 ");
    CHECK_OK(newest_look(newest));
    CHECK_INT(newest_count(newest), 6);
    newest_close(newest);
    deletions_close(deletions);
    world_done(&w);
}

TEST(newest_holds_nothing_while_it_rests_and_then_begins_at_the_end)
{
    struct world w = numbered_world();
    struct newest *newest = new_newest(&w, NULL);

    numbered_add(&w, 3);
    CHECK_OK(newest_look(newest));
    newest_rest(newest);
    CHECK_STR(numbers(newest, 1, 50), "");
    numbered_add(&w, 3);
    CHECK_OK(newest_look(newest));
    CHECK_INT(newest_count(newest), 3);
    CHECK_INT(newest_place(newest), 7);
    newest_close(newest);
    world_done(&w);
}
