/* test_log_plain.c - groups in memory, and the writer that waits for the reader that leads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/world.h"
#include "support/test.h"
#include "sys/thread.h"

#include <stdio.h>
#include <string.h>

static struct world new_world(uint64_t segment_bytes, uint64_t recent_bytes)
{
    struct world w = {
        .sys = sim_open(7), .segment_bytes = segment_bytes, .recent_bytes = recent_bytes};

    CHECK(w.sys != NULL);
    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    return w;
}

/* One group of one record whose payload is its number, in ten digits, and `size` bytes in all. */
static void put(struct world *w, unsigned number, size_t size)
{
    struct log_entry entry = {RECORD_EVENTS, 1 + number % 5, 1, S("clear"), {NULL, 0}};
    struct buf *payload;

    CHECK_OK(log_begin(w->log, size + 64, 1, 8));
    payload = log_payload(w->log); /* written where it stays, as the writer does */
    buf_print(payload, "%010u", number);
    while (payload->len < size)
        buf_add(payload, str_slice(S("................................"), 0,
                                   size - payload->len < 32 ? size - payload->len : 32));
    entry.payload = buf_str(payload);
    CHECK_INT(log_add(w->log, &entry), number);
    CHECK_OK(log_commit(w->log));
}

static void put_many(struct world *w, unsigned from, unsigned to, size_t size)
{
    for (unsigned i = from; i < to; i++)
        put(w, i, size);
}

static struct log_reader *reader_at(struct world *w, uint64_t seq)
{
    struct log_reader *reader;

    CHECK_OK(log_reader_open(w->log, seq, LOG_PLAIN, &reader));
    return reader;
}

static bool is_number(const struct log_record *record, uint64_t number)
{
    char text[16];

    snprintf(text, sizeof text, "%010u", (unsigned)number);
    return record->seq == number && record->node == 1 + number % 5 &&
           str_equals(record->clear, S("clear")) &&
           str_equals(str_slice(record->payload, 0, 10), str_of(text));
}

static struct log_stats stats_of(struct world *w)
{
    struct log_stats stats;

    log_stats_read(w->log, &stats);
    return stats;
}

/* Reads all there is; returns how many records. */
static uint64_t read_up(struct log_reader *reader, uint64_t from)
{
    struct log_record record;
    uint64_t seq = from;
    enum err err;

    while ((err = log_reader_next(reader, &record)) == OK)
        CHECK(is_number(&record, seq++));
    CHECK_INT(err, ERR_ABSENT);
    return seq - from;
}

TEST(log_keeps_in_memory_what_the_leading_reader_has_not_read)
{
    struct world w = new_world(0, 64 << 10);
    struct log_reader *reader = reader_at(&w, 1);

    put_many(&w, 1, 11, 1000);
    log_reader_lead(reader);
    CHECK_INT(read_up(reader, 1), 10);
    put_many(&w, 11, 101, 1000); /* more than is kept for others */
    CHECK(stats_of(&w).recent_bytes > 64 << 10);
    CHECK(stats_of(&w).recent_seq <= 11);
    CHECK_INT(read_up(reader, 11), 90);
    put_many(&w, 101, 102, 1000);
    CHECK(stats_of(&w).recent_bytes < 32 << 10); /* what it has read goes sooner */
    CHECK(stats_of(&w).recent_seq <= 101);
    log_reader_close(reader);
    put_many(&w, 102, 300, 1000); /* nobody leads any more */
    CHECK(stats_of(&w).recent_bytes <= 64 << 10);
    reader = reader_at(&w, 1);
    CHECK_INT(read_up(reader, 1), 299);
    log_reader_close(reader);
    world_done(&w);
}

TEST(log_does_not_wait_for_ever_for_a_reader_that_rests)
{
    struct world w = new_world(0, 64 << 10);
    struct log_reader *reader = reader_at(&w, 1);

    log_reader_lead(reader);
    CHECK_INT(read_up(reader, 1), 0);
    for (unsigned i = 1; i < 400; i++) {
        if (i % 50 == 0)
            log_pace(w.log);
        put(&w, i, 1000);
    }
    CHECK(stats_of(&w).recent_bytes <= 3 * (64 << 10)); /* memory is bounded all the same */
    CHECK_INT(read_up(reader, 1), 399);
    log_reader_close(reader);
    world_done(&w);
}

TEST(log_gives_memory_to_groups_of_any_size)
{
    static const size_t sizes[] = {1, 3 << 20, 100, 11 << 20, 9 << 20, 15 << 20, 5};
    struct world w = new_world(64 << 20, 40 << 20);
    struct log_reader *close = reader_at(&w, 1);
    uint64_t read = 0;
    unsigned number = 1;

    for (unsigned round = 0; round < 3; round++)
        EACH_CASE(size, sizes)
        {
            put(&w, number++, *size);
            if (number % 2)
                read += read_up(close, read + 1);
        }
    log_reader_close(close);
    close = reader_at(&w, 1);
    CHECK_INT(read_up(close, 1), number - 1);
    log_reader_close(close);
    world_done(&w);
}

struct followed {
    struct log_reader *reader;
    uint64_t until;
    bool is_in_order;
};

static void follow(void *argument)
{
    struct followed *followed = argument;
    struct log_record record;

    followed->is_in_order = true;
    for (uint64_t seq = 1; seq < followed->until;) {
        if (log_reader_next(followed->reader, &record))
            log_reader_wait(followed->reader, 100);
        else
            followed->is_in_order = is_number(&record, seq++) && followed->is_in_order;
    }
}

/* Between what the writer waits for and what is dropped, so that nothing is read from the disk of
 * this world, which only one thread may use. */
TEST(log_is_written_and_followed_by_threads_at_once)
{
    struct world w = new_world(64 << 20, 1 << 20);
    struct followed followed = {.reader = reader_at(&w, 1), .until = 2400};
    struct thread *thread;

    log_reader_lead(followed.reader);
    CHECK_INT(read_up(followed.reader, 1), 0);
    CHECK_OK(thread_start("reader", follow, &followed, &thread));
    for (unsigned i = 1; i < followed.until; i++) {
        log_pace(w.log);
        put(&w, i, 1000);
    }
    thread_join(thread);
    CHECK(followed.is_in_order);
    log_reader_close(followed.reader);
    world_done(&w);
}
