/* test_backlog.c - how much may wait follows the writer's pace.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/backlog.h"
#include "support/test.h"

enum { MB = 1000000, LEAST = 8 * MB, LIMIT = 64 * MB };

#define SECOND ((int64_t)1000000000)

/* Works for a second at that pace, in groups of `group`; what it does has waited. */
static void work(struct backlog *backlog, int64_t *now_ns, size_t bytes_per_s, size_t group)
{
    for (size_t done = 0; done + group <= bytes_per_s; done += group) {
        CHECK(backlog_add(backlog, group));
        backlog_begin(backlog, *now_ns);
        backlog_remove(backlog, group);
        *now_ns += (int64_t)group * SECOND / (int64_t)bytes_per_s;
        backlog_end(backlog, *now_ns);
    }
}

/* Bytes that go in before it is full, to a tenth of a MB; they are taken out again. */
static size_t room_of(struct backlog *backlog)
{
    size_t room = 0;

    while (!backlog_is_full(backlog) && backlog_add(backlog, MB / 10))
        room += MB / 10;
    backlog_remove(backlog, room);
    return room;
}

static bool is_about(size_t value, size_t wanted)
{
    return value >= wanted && value <= wanted + wanted / 10;
}

TEST(backlog_holds_a_tenth_of_a_seconds_work)
{
    static const struct {
        size_t bytes_per_s, room;
    } cases[] = {
        {100 * MB, 10 * MB}, {300 * MB, 30 * MB},  {20 * MB, LEAST}, /* the writer is kept busy */
        {80 * MB, 8 * MB},   {2000 * MB, 48 * MB}, /* a quarter is for bodies on their way */
    };

    EACH_CASE(c, cases)
    {
        struct backlog backlog;
        int64_t now_ns = 7 * SECOND;

        backlog_init(&backlog, LEAST, LIMIT);
        CHECK(is_about(room_of(&backlog), LEAST)); /* nothing is known yet */
        work(&backlog, &now_ns, c->bytes_per_s, 4 * MB);
        CHECK(is_about(room_of(&backlog), c->room));
    }
}

TEST(backlog_follows_a_pace_that_changes)
{
    struct backlog backlog;
    int64_t now_ns = 0;

    backlog_init(&backlog, LEAST, LIMIT);
    work(&backlog, &now_ns, 400 * MB, 4 * MB);
    CHECK(is_about(room_of(&backlog), 40 * MB));
    now_ns += 3600 * SECOND; /* without work nothing is learnt */
    CHECK(is_about(room_of(&backlog), 40 * MB));
    work(&backlog, &now_ns, 100 * MB, 4 * MB);
    CHECK(is_about(room_of(&backlog), 10 * MB));
    work(&backlog, &now_ns, 400 * MB, 1 * MB);
    CHECK(is_about(room_of(&backlog), 40 * MB));
}

TEST(backlog_takes_nothing_beyond_its_limit)
{
    struct backlog backlog;

    backlog_init(&backlog, LEAST, LIMIT);
    CHECK(!backlog_add(&backlog, LIMIT + 1));
    CHECK(backlog_add(&backlog, LIMIT));
    CHECK(backlog_is_full(&backlog));
    CHECK(!backlog_add(&backlog, 1));
    backlog_remove(&backlog, 10);
    CHECK(!backlog_add(&backlog, 11));
    CHECK(backlog_add(&backlog, 10));
    backlog_remove(&backlog, LIMIT);
    CHECK(!backlog_is_full(&backlog));
}

TEST(backlog_of_a_small_queue_is_full_before_its_limit)
{
    struct backlog backlog;

    backlog_init(&backlog, LEAST, 1 * MB);
    CHECK(is_about(room_of(&backlog), 1 * MB / 4 * 3));
}

static int64_t gap_after(size_t jobs, int64_t passed_ns)
{
    struct backlog backlog;

    backlog_init(&backlog, LEAST, LIMIT);
    backlog_begin(&backlog, 5 * SECOND);
    for (size_t i = 0; i < jobs; i++) {
        CHECK(backlog_add(&backlog, 100));
        backlog_remove(&backlog, 100);
    }
    backlog_end(&backlog, 5 * SECOND + passed_ns);
    return backlog_gap(&backlog, 5 * SECOND + passed_ns);
}

TEST(backlog_gathers_senders_when_there_are_several)
{
    struct backlog fresh;

    backlog_init(&fresh, LEAST, LIMIT);
    CHECK_INT(backlog_gap(&fresh, 5 * SECOND), 0);
    CHECK_INT(gap_after(1, 100000), 0); /* nobody else is there to be waited for */
    CHECK_INT(gap_after(2, 100000), 300000);
    CHECK_INT(gap_after(50, 399999), 1);
    CHECK_INT(gap_after(50, 400000), 0); /* others came while it was written */
    CHECK_INT(gap_after(50, SECOND), 0);
}
