/* test_strands.c - followers at many places see every event once, whatever is shared or forgotten.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/strands.h"

#include "store/deleted.h"
#include "store/deletions.h"
#include "support/test.h"
#include "unit/measure/numbered.h"

#include <stdio.h>

enum { FOLLOWERS = 40 };

struct follower {
    uint64_t place;
    uint64_t seen; /* the latest sequence number */
    uint64_t count;
};

/* Looks at one view, at most `most` events of it. */
static void follow(struct strands *strands, struct follower *follower, unsigned most)
{
    struct strand_view view;
    struct strand_event event;

    CHECK_OK(strands_view(strands, follower->place, &view));
    while (most--) {
        char number[32];

        if (!strands_next(&view, &event)) {
            follower->place = view.next;
            return;
        }
        CHECK(event.seq > follower->seen && event.seq >= follower->place);
        snprintf(number, sizeof number, "\"n\":%llu,", (unsigned long long)event.seq);
        CHECK(str_contains(event.line, str_of(number)));
        CHECK_STR(event.name, event.seq % 2 ? "odd" : "even");
        CHECK(str_starts(event.line, S("{\"seq\":")) && str_ends(event.line, S("}}")));
        follower->seen = event.seq;
        follower->place = event.seq + 1;
        follower->count++;
    }
}

static struct strands *new_strands(struct world *w, struct deletions *deletions)
{
    struct strands *strands;

    CHECK_OK(strands_open(w->log, deletions, &strands));
    return strands;
}

TEST(strands_give_every_event_once_to_followers_at_any_pace_and_place)
{
    struct world w = numbered_world();
    struct strands *strands = new_strands(&w, NULL);
    struct follower followers[FOLLOWERS] = {0};
    unsigned random = 1, events = 0;

    for (unsigned round = 0; round < 3000; round++) {
        if (round < 400) {
            numbered_add(&w, 1 + round % 23);
            events += 1 + round % 23;
            numbered_gap(&w, 1 + round % 5);
        }
        for (size_t i = 0; i < FOLLOWERS; i++) {
            random = random * 1103515245 + 12345;
            if ((random >> 16) % FOLLOWERS <= i || round >= 400)
                follow(strands, &followers[i], 1 + (random >> 20) % 200);
        }
    }
    for (size_t i = 0; i < FOLLOWERS; i++) {
        CHECK_INT(followers[i].count, events);
        CHECK_INT(followers[i].place, log_durable_seq(w.log));
    }
    strands_close(strands);
    world_done(&w);
}

TEST(strands_begin_in_the_middle_of_a_record)
{
    struct world w = numbered_world();
    struct strands *strands = new_strands(&w, NULL);

    numbered_add(&w, 100);
    for (uint64_t from = 1; from <= 101; from += 7) {
        struct follower follower = {.place = from, .seen = from - 1};

        strands_rest(strands);
        follow(strands, &follower, 1000);
        CHECK_INT(follower.count, 101 - from);
        CHECK_INT(follower.place, 101);
    }
    strands_close(strands);
    world_done(&w);
}

TEST(strands_leave_out_what_was_deleted_also_after_it_was_read)
{
    struct world w = numbered_world();
    struct deletions *deletions;
    struct deleted *found;
    struct strands *strands;
    uint64_t count;

    CHECK_OK(deletions_open(0, &deletions));
    strands = new_strands(&w, deletions);
    numbered_add(&w, 100);
    for (int round = 0; round < 3; round++) {
        struct follower follower = {.place = 1};

        while (follower.place < log_durable_seq(w.log))
            follow(strands, &follower, 1000);
        CHECK_INT(follower.count, 100 - 10 * round);
        CHECK_OK(deleted_open(&found));
        CHECK_OK(deleted_add(found, 1 + 20 * (unsigned)round, 11 + 20 * (unsigned)round));
        CHECK_OK(deletions_write(deletions, w.log, 5, found, &count));
        deleted_close(found);
    }
    strands_close(strands);
    deletions_close(deletions);
    world_done(&w);
}

TEST(strands_stay_where_nothing_is_durable_yet)
{
    struct world w = numbered_world();
    struct strands *strands = new_strands(&w, NULL);
    struct follower follower = {.place = 1};

    follow(strands, &follower, 10);
    CHECK_INT(follower.place, 1);
    numbered_add(&w, 3);
    follow(strands, &follower, 10);
    CHECK_INT(follower.count, 3);
    follow(strands, &follower, 10);
    CHECK_INT(follower.place, 4);
    strands_close(strands);
    world_done(&w);
}
