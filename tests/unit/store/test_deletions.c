/* test_deletions.c - deletions through a log: written in parts, folded again, half-written ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/deletions.h"

#include "numbers.h"
#include "store/log_format.h"
#include "support/test.h"

enum { SMALL = 1000, LARGE = 1500000 };

static struct deletions *new_deletions(void)
{
    struct deletions *deletions;

    CHECK_OK(deletions_open(0, &deletions));
    return deletions;
}

/* Every third event up to `end`: no two touch. */
static struct deleted *every_third(uint64_t end)
{
    struct deleted *found;

    CHECK_OK(deleted_open(&found));
    for (uint64_t seq = 3; seq < end; seq += 3)
        CHECK_OK(deleted_add(found, seq, seq + 1));
    return found;
}

/* What the log says, up to the record that `left_out` records come behind. */
static struct deletions *fold(struct world *w, unsigned left_out, unsigned *out_records)
{
    struct deletions *deletions = new_deletions();
    struct log_reader *reader;
    struct log_record record;
    unsigned records = 0, wanted = *out_records - left_out;

    CHECK_OK(log_reader_open(w->log, 1, LOG_CLEAR, &reader));
    while (log_reader_next(reader, &record) == OK)
        if (record.kind == RECORD_DELETION && records++ < wanted)
            CHECK_OK(deletions_apply(deletions, &record));
    log_reader_close(reader);
    *out_records = records;
    return deletions;
}

static void check_thirds(struct deletions *deletions, uint64_t end)
{
    CHECK_INT(deletions_count(deletions, 0, UINT64_MAX), (end - 1) / 3);
    for (uint64_t seq = 0; seq < end + 9; seq += 1 + seq / 100)
        CHECK_INT(deletions_has(deletions, seq), seq && seq < end && seq % 3 == 0);
}

TEST(a_deletion_is_folded_from_the_log_whole_or_not_at_all)
{
    static const struct {
        uint64_t end;
        unsigned parts;
    } cases[] = {{SMALL, 1}, {3 * LARGE, 3}};

    EACH_CASE(c, cases)
    {
        struct world w = numbers_log((uint32_t)c->end);
        struct deletions *deletions = new_deletions(), *again;
        struct deleted *found = every_third(c->end);
        unsigned records = UINT32_MAX;
        uint64_t count;

        CHECK_OK(deletions_write(deletions, w.log, 5, found, &count));
        CHECK_INT(count, (c->end - 1) / 3);
        CHECK_INT(deleted_count(found, 0, UINT64_MAX), 0);
        check_thirds(deletions, c->end);
        deletions_close(deletions);
        world_shut(&w);
        CHECK_OK(world_open_log(&w));
        again = fold(&w, 0, &records);
        CHECK(c->parts == 1 ? records == 1 : records >= c->parts);
        check_thirds(again, c->end);
        deletions_close(again);
        again = fold(&w, 1, &records);
        CHECK_INT(deletions_count(again, 0, UINT64_MAX), 0);
        deletions_close(again);
        deleted_close(found);
        world_done(&w);
    }
}

TEST(a_deletion_counts_what_was_not_deleted_before)
{
    struct world w = numbers_log(SMALL);
    struct deletions *deletions = new_deletions();
    struct deleted *found = every_third(SMALL);
    uint64_t count;

    CHECK_OK(deletions_write(deletions, w.log, 5, found, &count));
    CHECK_OK(deleted_add(found, 1, 31));
    CHECK_OK(deletions_write(deletions, w.log, 6, found, &count));
    CHECK_INT(count, 20);
    CHECK_INT(deletions_count(deletions, 1, 31), 30);
    deleted_close(found);
    deletions_close(deletions);
    world_done(&w);
}

TEST(without_deletions_nothing_was_deleted)
{
    CHECK(!deletions_has(NULL, 7));
    CHECK_INT(deletions_count(NULL, 0, 9), 0);
}
