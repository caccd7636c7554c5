/* test_strands.c - followers at many places see every event once, whatever is shared or forgotten.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/strands.h"

#include "crash/world.h"
#include "store/deleted.h"
#include "store/deletions.h"
#include "store/log_format.h"
#include "support/test.h"

#include <stdio.h>

enum { FOLLOWERS = 40, PADDING = 300 };

struct follower {
    uint64_t place;
    uint64_t seen; /* the latest sequence number */
    uint64_t count;
};

static struct world new_world(void)
{
    struct world w = {.sys = sim_open(7), .segment_bytes = 16 << 20};

    CHECK(w.sys != NULL);
    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    return w;
}

/* A record of events named by turns "odd" and "even", each with its number. */
static void add_events(struct world *w, unsigned count)
{
    struct buf clear = {0}, payload = {0};
    uint64_t seq = log_next_seq(w->log);

    record_start_events(&clear, 1000);
    for (unsigned i = 0; i < count; i++) {
        str json = arena_print(
            test_mem, "{\"event\":\"%s\",\"properties\":{\"n\":%llu,\"padding\":\"%*s\"}}",
            (seq + i) % 2 ? "odd" : "even", (unsigned long long)(seq + i), PADDING, "");
        struct record_event event = {.type = EVENT_TRACK, .time = 5, .json = json};

        record_write_event(&clear, &payload, &event);
    }
    CHECK_OK(log_begin(w->log, clear.len + payload.len, 1, 1));
    (void)log_add(w->log,
                  &(struct log_entry){RECORD_EVENTS, 0, count, buf_str(&clear), buf_str(&payload)});
    CHECK_OK(log_commit(w->log));
    buf_done(&clear);
    buf_done(&payload);
}

static void add_gap(struct world *w, uint32_t count)
{
    struct log_entry entry = {RECORD_RELEASE, 0, count, S("x"), {NULL, 0}};

    CHECK_OK(log_begin(w->log, 64, 1, 1));
    (void)log_add(w->log, &entry);
    CHECK_OK(log_commit(w->log));
}

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
    struct world w = new_world();
    struct strands *strands = new_strands(&w, NULL);
    struct follower followers[FOLLOWERS] = {0};
    unsigned random = 1, events = 0;

    for (unsigned round = 0; round < 3000; round++) {
        if (round < 400) {
            add_events(&w, 1 + round % 23);
            events += 1 + round % 23;
            add_gap(&w, 1 + round % 5);
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
    struct world w = new_world();
    struct strands *strands = new_strands(&w, NULL);

    add_events(&w, 100);
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
    struct world w = new_world();
    struct deletions *deletions;
    struct deleted *found;
    struct strands *strands;
    uint64_t count;

    CHECK_OK(deletions_open(0, &deletions));
    strands = new_strands(&w, deletions);
    add_events(&w, 100);
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
    struct world w = new_world();
    struct strands *strands = new_strands(&w, NULL);
    struct follower follower = {.place = 1};

    follow(strands, &follower, 10);
    CHECK_INT(follower.place, 1);
    add_events(&w, 3);
    follow(strands, &follower, 10);
    CHECK_INT(follower.count, 3);
    follow(strands, &follower, 10);
    CHECK_INT(follower.place, 4);
    strands_close(strands);
    world_done(&w);
}
