/* test_verdicts.c - revisions through a log: written in parts, folded again, half-written ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/verdicts.h"

#include "base/mem.h"
#include "numbers.h"
#include "store/log_format.h"
#include "support/test.h"

enum { END = 1000, AREA = 1 << 16 };

static struct verdicts *new_verdicts(size_t part_bytes)
{
    struct verdicts *verdicts;

    CHECK_OK(verdicts_open(part_bytes, &verdicts));
    return verdicts;
}

static struct deleted *each(uint64_t from, uint64_t to, uint64_t step)
{
    struct deleted *found;

    CHECK_OK(deleted_open(&found));
    for (; from < to; from += step)
        CHECK_OK(deleted_add(found, from, from + 1));
    return found;
}

static void revise(struct verdicts *verdicts, struct world *w, enum verdict verdict,
                   struct deleted *found)
{
    CHECK_OK(verdicts_write(verdicts, w->log,
                            &(struct verdicts_revision){.at = 5, .verdict = verdict}, found));
    CHECK_INT(deleted_count(found, 0, UINT64_MAX), 0);
    deleted_close(found);
}

/* What the first `most` such records of the log say. */
static struct verdicts *fold(struct world *w, unsigned most, unsigned *out_records)
{
    struct verdicts *verdicts = new_verdicts(0);
    struct log_reader *reader;
    struct log_record record;

    *out_records = 0;
    CHECK_OK(log_reader_open(w->log, 1, LOG_CLEAR, &reader));
    while (log_reader_next(reader, &record) == OK)
        if (record.kind == RECORD_VERDICTS && (*out_records)++ < most)
            CHECK_OK(verdicts_apply(verdicts, &record));
    log_reader_close(reader);
    return verdicts;
}

/* Every third is a machine's, but every sixth a human's after all. */
static enum verdict wanted(uint64_t seq)
{
    if (!seq || seq >= END || seq % 3)
        return VERDICT_UNREVISED;
    return seq % 6 ? VERDICT_MACHINE : VERDICT_HUMAN;
}

static void check_wanted(struct verdicts *verdicts)
{
    for (uint64_t seq = 0; seq < END + 9; seq++)
        CHECK_INT(verdicts_find(verdicts, seq), wanted(seq));
}

TEST(the_latest_revision_counts_also_when_it_is_folded_again)
{
    static const size_t parts[] = {0, 8, 64};

    EACH_CASE(part, parts)
    {
        struct world w = numbers_log(END);
        struct verdicts *verdicts = new_verdicts(*part);
        unsigned records;

        revise(verdicts, &w, VERDICT_MACHINE, each(3, END, 3));
        revise(verdicts, &w, VERDICT_HUMAN, each(6, END, 6));
        check_wanted(verdicts);
        verdicts_close(verdicts);
        world_shut(&w);
        CHECK_OK(world_open_log(&w));
        verdicts = fold(&w, UINT32_MAX, &records);
        CHECK(*part ? records > 2 : records == 2);
        check_wanted(verdicts);
        verdicts_close(verdicts);
        world_done(&w);
    }
}

TEST(a_revision_without_its_last_part_changes_nothing)
{
    struct world w = numbers_log(END);
    struct verdicts *verdicts = new_verdicts(8), *again;
    unsigned records;

    revise(verdicts, &w, VERDICT_MACHINE, each(3, END, 3));
    again = fold(&w, UINT32_MAX, &records);
    verdicts_close(again);
    again = fold(&w, records - 1, &records);
    for (uint64_t seq = 0; seq < END; seq++)
        CHECK_INT(verdicts_find(again, seq), VERDICT_UNREVISED);
    CHECK_INT(verdicts_version(again, 0, UINT64_MAX), 0);
    verdicts_close(again);
    verdicts_close(verdicts);
    world_done(&w);
}

TEST(whole_areas_change_their_verdict_and_parts_of_them_do)
{
    struct world w = numbers_log(4 * AREA);
    struct verdicts *verdicts = new_verdicts(0);
    struct deleted *found;

    CHECK_OK(deleted_open(&found));
    CHECK_OK(deleted_add(found, 1, 3 * AREA));
    revise(verdicts, &w, VERDICT_MACHINE, found);
    revise(verdicts, &w, VERDICT_HUMAN, each(AREA + 5, AREA + 6, 1));
    CHECK_OK(deleted_open(&found));
    CHECK_OK(deleted_add(found, 2 * AREA, 3 * AREA));
    revise(verdicts, &w, VERDICT_HUMAN, found);
    for (uint64_t seq = 0; seq < 4 * AREA; seq += seq % 7 + 1) {
        bool is_human = seq == AREA + 5 || (seq >= 2 * AREA && seq < 3 * AREA);
        bool is_machine = seq && seq < 3 * AREA && !is_human;

        CHECK_INT(verdicts_find(verdicts, seq), is_human     ? VERDICT_HUMAN
                                                : is_machine ? VERDICT_MACHINE
                                                             : VERDICT_UNREVISED);
    }
    CHECK(verdicts_has(verdicts, AREA, AREA + 1));
    CHECK(!verdicts_has(verdicts, 3 * AREA, 4 * AREA));
    verdicts_close(verdicts);
    world_done(&w);
}

TEST(only_what_a_revision_touches_has_another_version)
{
    struct world w = numbers_log(4 * AREA);
    struct verdicts *verdicts = new_verdicts(0);
    uint64_t before;

    revise(verdicts, &w, VERDICT_MACHINE, each(7, 8, 1));
    before = verdicts_version(verdicts, 0, AREA);
    CHECK(before > 0);
    CHECK_INT(verdicts_version(verdicts, AREA, 4 * AREA), 0);
    revise(verdicts, &w, VERDICT_MACHINE, each(2 * AREA, 2 * AREA + 1, 1));
    CHECK_INT(verdicts_version(verdicts, 0, 2 * AREA), before);
    CHECK(verdicts_version(verdicts, 0, 3 * AREA) > before);
    revise(verdicts, &w, VERDICT_HUMAN, each(7, 8, 1));
    CHECK(verdicts_version(verdicts, 0, AREA) > before);
    verdicts_close(verdicts);
    world_done(&w);
}

TEST(a_revision_without_memory_changes_nothing)
{
    struct world w = numbers_log(END);
    struct verdicts *verdicts = new_verdicts(0);
    struct verdicts_revision revision = {.at = 1, .verdict = VERDICT_MACHINE};
    struct deleted *found = each(3, 40, 3);
    uint64_t end = log_next_seq(w.log);

    mem_fail_after(1);
    CHECK_ERR(ERR_LIMIT, verdicts_write(verdicts, w.log, &revision, found));
    mem_fail_after(0);
    CHECK_INT(log_next_seq(w.log), end);
    CHECK_INT(verdicts_find(verdicts, 3), VERDICT_UNREVISED);
    revise(verdicts, &w, VERDICT_MACHINE, found);
    CHECK_INT(verdicts_find(verdicts, 3), VERDICT_MACHINE);
    verdicts_close(verdicts);
    world_done(&w);
}

TEST(without_verdicts_nothing_was_revised)
{
    CHECK_INT(verdicts_find(NULL, 7), VERDICT_UNREVISED);
    CHECK_INT(verdicts_look(NULL, 7), VERDICT_UNREVISED);
    CHECK(!verdicts_has(NULL, 0, UINT64_MAX));
    CHECK_INT(verdicts_version(NULL, 0, UINT64_MAX), 0);
}
