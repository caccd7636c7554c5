/* test_columns_damage.c - faults while a columns file is written, and damage done to it later.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns.h"

#include "base/mem.h"
#include "columns_world.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <stdio.h>

static const char path[] = "a.columns";

static const struct table_shape small = {
    .persons = 40, .most_rows = 6, .properties = 8, .values = 12};
static const struct table_shape large = {
    .persons = 5000, .most_rows = 40, .properties = 8, .values = 500};

static enum err read_back(const struct table *table, struct sys *sys)
{
    struct columns_cache *cache;
    struct columns *columns = NULL;
    enum err err;

    TRY(columns_cache_open(1 << 20, &cache));
    err = columns_open(sys, path, world_workspace, cache, &columns);
    if (!err)
        err = table_read(table, columns);
    columns_close(columns);
    columns_cache_close(cache);
    return err;
}

static void count_report(void *argument, const char *sentence)
{
    CHECK(str_of(sentence).len > 0);
    ++*(unsigned *)argument;
}

static enum err check_file(struct sys *sys, unsigned *out_reports)
{
    *out_reports = 0;
    return columns_check(sys, path, world_workspace, count_report, out_reports);
}

static size_t names_in(struct sys *sys, str *out_last)
{
    size_t count;
    str *names;

    CHECK_OK(folder_list(sys, ".", test_mem, &names, &count));
    if (count)
        *out_last = names[count - 1];
    return count;
}

TEST(columns_check_passes_what_was_written)
{
    const struct table_shape *shapes[] = {&small, &large};

    EACH_CASE(shape, shapes)
    {
        struct table table = table_make(3, *shape);
        struct sys *sys = sim_open(3);
        unsigned reports;

        CHECK_OK(table_write(&table, sys, path));
        CHECK_OK(check_file(sys, &reports));
        CHECK_INT(reports, 0);
        sim_close(sys);
    }
}

TEST(columns_leave_a_whole_file_or_none_when_power_goes_while_one_is_written)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};
    struct table table = table_make(4, &large);
    struct sys *sys = sim_open(4);
    uint64_t operations;

    CHECK_OK(table_write(&table, sys, path));
    operations = sim_operations(sys);
    sim_close(sys);
    CHECK(operations > 10); /* with the file of what waits */
    EACH_CASE(loss, losses)
    for (uint64_t stop = 1; stop <= operations; stop++) {
        enum err err;

        sys = sim_open(stop);
        sim_stop_at(sys, stop);
        CHECK_ERR(ERR_IO, table_write(&table, sys, path));
        sim_stop_at(sys, 0);
        sim_lose_power(sys, *loss, stop);
        err = read_back(&table, sys);
        CHECK(err == OK || err == ERR_ABSENT);
        CHECK_OK(table_write(&table, sys, path)); /* over what is left */
        CHECK_OK(read_back(&table, sys));
        sim_close(sys);
    }
}

TEST(columns_survive_power_loss_once_they_are_finished)
{
    struct table table = table_make(5, &small);
    struct sys *sys = sim_open(5);

    CHECK_OK(table_write(&table, sys, path));
    sim_lose_power(sys, SIM_CLEAN, 5);
    CHECK_OK(read_back(&table, sys));
    sim_close(sys);
}

TEST(columns_leave_nothing_behind_on_a_full_disk_or_a_failing_one)
{
    static const struct {
        enum sim_fault fault;
        enum err want;
    } cases[] = {{SIM_ENOSPC, ERR_FULL}, {SIM_EIO, ERR_IO}};
    struct table table = table_make(6, &large);
    struct sys *sys = sim_open(6);
    uint64_t operations;

    CHECK_OK(table_write(&table, sys, path));
    operations = sim_operations(sys);
    sim_close(sys);
    EACH_CASE(c, cases)
    for (uint64_t at = 1; at <= operations; at++) {
        str last = S("");
        enum err err;

        sys = sim_open(at);
        sim_fail_at(sys, at, c->fault);
        err = table_write(&table, sys, path);
        sim_fail_at(sys, 0, c->fault);
        CHECK(err == OK || err == c->want);
        if (names_in(sys, &last) > 0) /* then it is whole: only making it last went wrong */
            CHECK_STR(last, path);
        if (last.len)
            CHECK_OK(read_back(&table, sys));
        sim_close(sys);
    }
}

TEST(columns_come_through_every_failed_allocation)
{
    struct table table = table_make(7, &small);
    struct sys *sys = sim_open(7);
    unsigned reports;
    long calls;

    calls = mem_calls();
    CHECK_OK(table_write(&table, sys, path));
    CHECK_OK(read_back(&table, sys));
    CHECK_OK(check_file(sys, &reports));
    calls = mem_calls() - calls;
    for (long k = 1; k <= calls; k++) {
        enum err err;

        mem_fail_after(k);
        err = table_write(&table, sys, path);
        if (!err)
            err = read_back(&table, sys);
        if (!err)
            err = check_file(sys, &reports);
        mem_fail_after(0);
        CHECK(err == OK || err == ERR_LIMIT || err == ERR_IO);
    }
    CHECK_OK(table_write(&table, sys, path));
    CHECK_OK(read_back(&table, sys));
    sim_close(sys);
}

static uint64_t size_of(struct sys *sys)
{
    struct file *file;
    uint64_t size;

    CHECK_OK(file_open(sys, path, FILE_READ, &file));
    CHECK_OK(file_size(file, &size));
    file_close(file);
    return size;
}

TEST(columns_check_finds_every_flipped_bit)
{
    struct table table = table_make(8, &small);
    struct sys *sys = sim_open(8);
    uint64_t size;

    CHECK_OK(table_write(&table, sys, path));
    size = size_of(sys);
    for (uint64_t at = 0; at < size; at++) {
        unsigned reports;
        enum err err;

        CHECK_OK(sim_flip(sys, path, at, at % 8));
        CHECK_ERR(ERR_CORRUPT, check_file(sys, &reports));
        CHECK(reports > 0);
        err = read_back(&table, sys); /* which fails where the answer were another */
        CHECK(err == OK || err == ERR_CORRUPT);
        CHECK_OK(sim_flip(sys, path, at, at % 8));
    }
    CHECK_OK(read_back(&table, sys));
    sim_close(sys);
}

TEST(columns_say_what_is_wrong_with_a_file)
{
    struct table table = table_make(9, &small);
    struct sys *sys = sim_open(9);
    struct columns_cache *cache;
    struct columns *columns;
    struct file *file;
    uint64_t size;

    CHECK_OK(columns_cache_open(0, &cache));
    CHECK_ERR(ERR_ABSENT, columns_open(sys, path, world_workspace, cache, &columns));
    CHECK_OK(table_write(&table, sys, path));
    CHECK_ERR(ERR_CONFLICT,
              columns_open(sys, path, (const unsigned char *)"another one's id", cache, &columns));
    CHECK_STR(str_of(err_text()), "a.columns belongs to another workspace");
    size = size_of(sys);
    CHECK_OK(file_open(sys, path, FILE_READ | FILE_WRITE, &file));
    CHECK_OK(file_truncate(file, size - 1));
    CHECK_ERR(ERR_CORRUPT, columns_open(sys, path, world_workspace, cache, &columns));
    CHECK_STR(str_of(err_text()),
              arena_print(test_mem, "a.columns is damaged: it has %u bytes instead of %u",
                          (unsigned)size - 1, (unsigned)size)
                  .data);
    CHECK_OK(file_truncate(file, 100));
    CHECK_ERR(ERR_CORRUPT, columns_open(sys, path, world_workspace, cache, &columns));
    CHECK_STR(str_of(err_text()), "a.columns is damaged: it is shorter than its head");
    CHECK_OK(file_write(file, 0, "PAR1", 4));
    CHECK_OK(file_truncate(file, 1000));
    CHECK_ERR(ERR_CORRUPT, columns_open(sys, path, world_workspace, cache, &columns));
    CHECK_STR(str_of(err_text()), "a.columns is no columns file");
    file_close(file);
    columns_cache_close(cache);
    sim_close(sys);
}

/* Two rows of one person, with a property of one value. */
static enum err write_two(struct sys *sys, const struct columns_row *rows,
                          struct columns_about *about)
{
    struct columns_value value = {.type = COLUMNS_TRUE};
    struct columns_kind kind = {EVENT_SCREEN, S("")};
    struct columns_writer *writer;
    uint32_t number;
    enum err err;

    CHECK_OK(columns_writer_open(sys, path, world_workspace, 0, &writer));
    CHECK_OK(columns_writer_kind(writer, &kind, &number));
    CHECK_OK(columns_writer_property(writer, S("is_there"), &number));
    CHECK_OK(columns_writer_value(writer, number, &value, &number));
    CHECK_OK(columns_writer_person(writer, 5));
    CHECK_OK(columns_writer_row(writer, &rows[0]));
    CHECK_OK(columns_writer_row(writer, &rows[1]));
    err = columns_writer_finish(writer, about);
    columns_writer_close(writer);
    return err;
}

static void keep_report(void *argument, const char *sentence)
{
    *(str *)argument = arena_print(test_mem, "%s", sentence);
}

TEST(columns_check_compares_what_parts_say_of_each_other)
{
    static const struct {
        millis times[2];
        uint64_t seqs[2];
        const char *want; /* NULL: all is well */
    } cases[] = {
        {{10, 20}, {3, 4}, NULL},
        {{10, 10}, {3, 4}, NULL},
        {{10, 20}, {4, 3}, NULL},
        {{10, 20}, {1, 4}, "a sequence number lies outside of the file's span"},
        {{10, 20}, {3, 9}, "a sequence number lies outside of the file's span"},
    };

    EACH_CASE(c, cases)
    {
        struct columns_about about = {.first_seq = 2, .next_seq = 9};
        struct columns_row rows[2] = {{.time = c->times[0], .seq = c->seqs[0], .node = 5},
                                      {.time = c->times[1], .seq = c->seqs[1], .node = 5}};
        struct sys *sys = sim_open(1);
        str told = S("");

        CHECK_OK(write_two(sys, rows, &about));
        CHECK_ERR(c->want ? ERR_CORRUPT : OK,
                  columns_check(sys, path, world_workspace, keep_report, &told));
        if (c->want)
            CHECK_STR(told,
                      arena_print(test_mem, "a.columns is damaged in stripe 0: %s", c->want).data);
        sim_close(sys);
    }
}

TEST(columns_refuse_rows_out_of_order)
{
    static const struct {
        millis times[2];
        uint64_t seqs[2];
    } cases[] = {{{20, 10}, {3, 4}}, {{10, 10}, {4, 3}}, {{10, 10}, {3, 3}}, {{1, 2}, {3, 3}}};

    EACH_CASE(c, cases)
    {
        struct columns_about about = {.first_seq = 2, .next_seq = 9};
        struct columns_row rows[2] = {{.time = c->times[0], .seq = c->seqs[0], .node = 5},
                                      {.time = c->times[1], .seq = c->seqs[1], .node = 5}};
        struct sys *sys = sim_open(1);

        CHECK_ERR(ERR_INVALID, write_two(sys, rows, &about));
        sim_close(sys);
    }
}

TEST(columns_refuse_codes_and_kinds_that_were_never_added)
{
    struct columns_cell cell = {0, 1};
    struct columns_row rows[2] = {{.time = 1, .seq = 2, .node = 5},
                                  {.time = 2, .seq = 3, .node = 5}};
    struct columns_about about = {.first_seq = 2, .next_seq = 9};
    struct sys *sys = sim_open(1);
    str name = S("");

    rows[1].kind = 1;
    CHECK_ERR(ERR_INVALID, write_two(sys, rows, &about));
    rows[1].kind = 0;
    rows[1].cells = &cell;
    rows[1].cell_count = 1;
    CHECK_ERR(ERR_INVALID, write_two(sys, rows, &about));
    CHECK_INT(names_in(sys, &name), 0);
    sim_close(sys);
}
