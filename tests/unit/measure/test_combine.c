/* test_combine.c - column files become one: answers stay, whatever happens on the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/combine.h"

#include "base/mem.h"
#include "base/random.h"
#include "measure/history.h"
#include "store/columns_writer.h"
#include "support/test.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/thread.h"
#include "unit/measure/random_world.h"

#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Questions */

static const char *const questions[] = {
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"day\",\"by\":\"plan\"}",
    "{\"kind\":\"trend\",\"event\":\"Order\",\"interval\":\"all\",\"measure\":\"people\",\"by\":"
    "\"person.country\"}",
    "{\"kind\":\"trend\",\"event\":\"Order\",\"interval\":\"week\",\"measure\":{\"median\":"
    "\"revenue\"},\"by\":\"products.sku\"}",
    "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"all\",\"measure\":{\"sum\":\"rare3\"},"
    "\"where\":{\"each\":\"products\",\"all\":[{\"prop\":\"price\",\"op\":\"gt\",\"value\":2}]}}",
    "{\"kind\":\"people\",\"segment\":{\"sequence\":[\"View\",\"Order\",\"page\"]},\"limit\":50}",
    "{\"kind\":\"people\",\"segment\":{\"prop\":\"country\",\"op\":\"is\",\"value\":\"AT\"},"
    "\"limit\":50}",
    "{\"kind\":\"timeline\",\"person\":\"u1\"}",
    "{\"kind\":\"timeline\",\"person\":\"a7\"}",
    "{\"kind\":\"funnel\",\"steps\":[\"View\",\"Order\",\"*\"],\"window\":\"3d\",\"by\":\"plan\"}",
    "{\"kind\":\"retention\",\"start\":\"identify\",\"return\":\"Order\",\"interval\":\"day\"}",
    "{\"kind\":\"retention\",\"start\":\"*\",\"return\":\"*\",\"interval\":\"day\"}",
    "{\"kind\":\"retention\",\"start\":\"*\",\"return\":\"*\",\"interval\":\"day\",\"audience\":"
    "{\"any\":[]}}",
    "{\"kind\":\"retention\",\"start\":\"*\",\"return\":\"*\",\"interval\":\"week\",\"from\":"
    "\"2026-01-02\",\"to\":\"2026-01-08T12:00:00Z\",\"audience\":{\"prop\":\"country\",\"op\":\"is_"
    "not\","
    "\"value\":\"DE\"}}",
    "{\"kind\":\"retention\",\"start\":\"Order\",\"return\":\"Order\",\"interval\":\"day\",\"as_"
    "of\":"
    "\"2026-01-06\",\"audience\":{\"any\":[{\"prop\":\"country\",\"op\":\"set\"},{\"not\":{\"did\":"
    "\"View\",\"within\":\"3d\"}}]}}",
    "{\"kind\":\"people\",\"as_of\":\"2026-01-07\",\"limit\":50,\"segment\":{\"all\":[{\"not\":{"
    "\"all\":["
    "{\"prop\":\"country\",\"op\":\"is\",\"value\":\"AT\"},{\"did\":\"Order\",\"count\":{\"gte\":2}"
    ","
    "\"within\":\"5d\"}]}},{\"prop\":\"country\",\"op\":\"in\",\"value\":[\"AT\",\"DE\"]}]}}",
    "{\"kind\":\"people\",\"limit\":50,\"segment\":{\"all\":[{\"did\":\"View\",\"within\":\"2d\","
    "\"count\":"
    "{\"gt\":0.5}},{\"prop\":\"country\",\"op\":\"not_set\"}]}}",
    "{\"kind\":\"paths\",\"after\":\"View\",\"steps\":3}",
    "{\"kind\":\"visits\",\"interval\":\"day\"}",
    "{\"kind\":\"attribution\",\"conversion\":\"Order\",\"touches\":[\"page\"],\"lookback\":\"2d\","
    "\"model\":\"linear\",\"by\":\"plan\",\"value\":\"revenue\"}",
};

/* Without "meta", whose elapsed_ms differs. */
static str figures(str answer)
{
    for (size_t i = 0; i + 7 < answer.len; i++)
        if (str_equals(str_slice(answer, i, i + 7), S("\"meta\":")))
            return str_slice(answer, 0, i);
    return answer;
}

static bool is_same(struct fold *a, struct fold *b)
{
    bool is_same = true;

    EACH_CASE(question, questions)
    {
        struct answer_options options = {.sys = sys_real(), .workers = 1};
        struct buf left = {0}, right = {0};

        CHECK_OK(fold_ask(a, &options, str_of(*question), &left));
        CHECK_OK(fold_ask(b, &options, str_of(*question), &right));
        is_same = is_same && str_equals(figures(buf_str(&left)), figures(buf_str(&right)));
        buf_done(&left);
        buf_done(&right);
    }
    return is_same;
}

static uint64_t rows_of(const struct fold *fold)
{
    uint64_t rows = 0;

    for (size_t i = 0; i < history_count(fold->history); i++)
        rows += columns_about(history_file(fold->history, i))->rows;
    return rows;
}

static void fail_on(void *argument, const char *sentence)
{
    (void)argument;
    fail_msg("%s", sentence);
}

/* All files are sound, and nothing else lies beside them. */
static void check_files(const struct fold *fold)
{
    struct buf list = {0};
    size_t lines = 0;

    CHECK_OK(history_check(fold->sys, "columns", history_workspace(fold->history), fail_on, NULL));
    sim_list(fold->sys, &list);
    for (size_t i = 0; i < list.len; i++)
        lines += list.data[i] == '\n';
    CHECK_INT(lines, history_count(fold->history) + 2); /* the list and the roster */
    buf_done(&list);
}

TEST(combined_files_answer_as_the_events_themselves_do)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct random_world *world = random_world_of(seed), *twin = random_world_of(seed);
        random_state random = {seed};
        struct fold fold, plain;

        CHECK_OK(fold_open(&fold));
        CHECK_OK(fold_open(&plain));
        for (int round = 0; round < 8; round++) {
            unsigned count = 1 + (unsigned)random_below(&random, 120);
            size_t files, at;

            random_world_take(world, &fold, count);
            random_world_take(twin, &plain, count);
            CHECK_OK(fold_settle(&fold));
            files = history_count(fold.history);
            at = files ? random_below(&random, files) : 0;
            if (files && random_chance(&random, 0.7))
                CHECK_OK(fold_combine(&fold, at, 1 + random_below(&random, files - at)));
            CHECK(is_same(&fold, &plain));
            check_files(&fold);
        }
        CHECK(rows_of(&fold) > 0);
        fold_done(&fold);
        fold_done(&plain);
    }
}

TEST(equal_values_of_combined_files_have_one_code)
{
    struct fold fold;
    const struct columns_value *values;
    struct columns *columns;
    uint32_t count;

    CHECK_OK(fold_open(&fold));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(fold_take(&fold, S("{\"event\":\"A\",\"userId\":\"u\",\"timestamp\":"
                                    "\"2026-01-01T00:00:00Z\",\"properties\":{\"p\":\"x\"}}")));
        CHECK_OK(fold_take(&fold, S("{\"event\":\"A\",\"userId\":\"u\",\"timestamp\":"
                                    "\"2026-01-01T00:00:00Z\",\"properties\":{\"p\":1.50}}")));
        CHECK_OK(fold_take(&fold, S("{\"event\":\"A\",\"userId\":\"v\",\"timestamp\":\"2026-01-"
                                    "01T00:00:00Z\",\"properties\":{\"p\":[{\"a\":1,\"b\":2}]}}")));
        CHECK_OK(fold_settle(&fold));
    }
    CHECK_OK(fold_combine(&fold, 0, 3));
    CHECK_INT(history_count(fold.history), 1);
    columns = history_file(fold.history, 0);
    CHECK_INT(columns_about(columns)->kinds, 1);
    CHECK_INT(columns_about(columns)->rows, 9);
    CHECK_INT(columns_about(columns)->persons, 2);
    CHECK_OK(columns_dictionary(columns, columns_find(columns, S("p")), &values, &count));
    CHECK_INT(count, 3);
    fold_done(&fold);
}

/* Two files; of 300 values three are in more rows than the others. */
static void open_many_values(struct fold *fold)
{
    CHECK_OK(fold_open(fold));
    for (int i = 0; i < 2 * 300; i++) {
        for (int times = i % 100 == 77 ? 3 : 1; times; times--)
            CHECK_OK(
                fold_take(fold, arena_print(test_mem,
                                            "{\"event\":\"A\",\"userId\":\"u%d\",\"timestamp\":"
                                            "\"2026-01-01T00:00:00Z\",\"properties\":{\"p\":%d}}",
                                            i % 11, i % 300)));
        if (i % 300 == 299)
            CHECK_OK(fold_settle(fold));
    }
}

static void check_values(const struct fold *fold, uint32_t wanted)
{
    struct columns *columns = history_file(fold->history, 0);
    const struct columns_value *values;
    uint32_t count;

    CHECK_INT(history_count(fold->history), 1);
    CHECK_OK(columns_dictionary(columns, columns_find(columns, S("p")), &values, &count));
    CHECK_INT(count, wanted);
    for (uint32_t i = 0; i < count; i++)
        CHECK((i < 3) == (values[i].number.digits % 100 == 77));
}

TEST(of_many_values_the_frequent_ones_come_first)
{
    struct fold fold;

    open_many_values(&fold);
    CHECK_OK(fold_combine(&fold, 0, 2));
    check_values(&fold, 300);
    check_files(&fold);
    fold_done(&fold);
}

TEST(of_many_values_those_of_deleted_events_are_left_behind)
{
    struct fold fold;
    uint64_t count;

    open_many_values(&fold);
    CHECK_OK(fold_delete(&fold, S("{\"where\":{\"prop\":\"p\",\"op\":\"gte\",\"value\":280}}"), 100,
                         &count));
    CHECK_INT(count, 2 * 20);
    CHECK_OK(fold_combine(&fold, 0, 2));
    check_values(&fold, 280);
    check_files(&fold);
    fold_done(&fold);
}

TEST(combining_many_values_survives_failing_allocations)
{
    struct fold fold;
    enum err err = ERR_LIMIT;

    open_many_values(&fold);
    for (long k = 1; err; k += 1 + k / 16) {
        mem_fail_after(k);
        err = fold_combine(&fold, 0, 2);
        mem_fail_after(0);
        CHECK(!err || err == ERR_LIMIT);
    }
    check_values(&fold, 300);
    fold_done(&fold);
}

/* What arrives while files are being combined. */

struct arriving {
    struct random_world *world;
    struct random_world *twin;
    struct fold *fold;
    struct fold *plain;
    int calls;
};

static bool arrive(void *argument)
{
    struct arriving *arriving = argument;

    if (arriving->calls++)
        return true;
    random_world_take(arriving->world, arriving->fold, 60);
    random_world_take(arriving->twin, arriving->plain, 60);
    CHECK_OK(fold_settle(arriving->fold));
    random_world_take(arriving->world, arriving->fold, 60);
    random_world_take(arriving->twin, arriving->plain, 60);
    return true;
}

TEST(joins_that_come_while_files_are_combined_count_too)
{
    for (uint64_t seed = 20; seed < 32; seed++) {
        struct fold fold, plain;
        struct arriving arriving = {random_world_of(seed), random_world_of(seed), &fold, &plain, 0};

        CHECK_OK(fold_open(&fold));
        CHECK_OK(fold_open(&plain));
        for (int i = 0; i < 3; i++) {
            random_world_take(arriving.world, &fold, 50);
            random_world_take(arriving.twin, &plain, 50);
            CHECK_OK(fold_settle(&fold));
        }
        CHECK_OK(combine_run(fold.events, fold.sys, seed % 2, 2, arrive, &arriving));
        CHECK(arriving.calls > 0);
        CHECK_INT(history_count(fold.history), 3);
        CHECK(is_same(&fold, &plain));
        CHECK_OK(fold_combine(&fold, 0, 3));
        CHECK(is_same(&fold, &plain));
        fold_done(&fold);
        fold_done(&plain);
    }
}

static bool never(void *argument)
{
    (void)argument;
    return false;
}

/* Three files, and a few joins that they do not know of. */
static void open_three(struct fold *fold, struct fold *plain)
{
    struct random_world *world = random_world_of(99), *twin = random_world_of(99);

    CHECK_OK(fold_open(fold));
    CHECK_OK(folder_sync(fold->sys, ".")); /* the folder itself lasts */
    if (plain)
        CHECK_OK(fold_open(plain));
    for (int i = 0; i < 3; i++) {
        random_world_take(world, fold, 60);
        CHECK_OK(fold_settle(fold));
    }
    random_world_take(world, fold, 20);
    if (plain)
        random_world_take(twin, plain, 200);
}

TEST(a_combining_that_is_stopped_leaves_no_half_file)
{
    struct fold fold;

    open_three(&fold, NULL);
    CHECK_ERR(ERR_EXPIRED, combine_run(fold.events, fold.sys, 0, 3, never, NULL));
    CHECK_INT(history_count(fold.history), 3);
    check_files(&fold);
    fold_done(&fold);
}

TEST(a_full_disk_loses_nothing_and_combining_succeeds_later)
{
    struct fold fold, plain;
    int refused = 0;
    enum err err = ERR_FULL;

    open_three(&fold, &plain);
    for (uint64_t room = 1 << 10; err; room += 1 << 10) {
        sim_set_room(fold.sys, room);
        err = fold_combine(&fold, 0, 3);
        sim_set_room(fold.sys, 0);
        CHECK_INT(history_count(fold.history), err ? 3 : 1);
        check_files(&fold);
        CHECK(!err || err == ERR_FULL);
        refused += err != OK;
    }
    CHECK(refused > 10);
    CHECK(is_same(&fold, &plain));
    fold_done(&fold);
    fold_done(&plain);
}

TEST(combining_leaves_room_for_events_that_arrive)
{
    struct fold fold;

    open_three(&fold, NULL);
    CHECK_OK(combine_room(fold.events, fold.sys, 0, 3));
    sim_set_room(fold.sys, 200 << 20);
    CHECK_ERR(ERR_FULL, combine_room(fold.events, fold.sys, 0, 3));
    sim_set_room(fold.sys, 300 << 20);
    CHECK_OK(combine_room(fold.events, fold.sys, 0, 3));
    fold_done(&fold);
}

TEST(combining_survives_every_failing_allocation)
{
    struct fold fold, plain;
    enum err err = ERR_LIMIT;

    open_three(&fold, &plain);
    for (long k = 1; err; k++) {
        mem_fail_after(k);
        err = fold_combine(&fold, 0, 3);
        mem_fail_after(0);
        CHECK(!err || err == ERR_LIMIT);
        CHECK_INT(history_count(fold.history), err ? 3 : 1);
        CHECK(k < 100000);
    }
    CHECK(is_same(&fold, &plain));
    fold_done(&fold);
    fold_done(&plain);
}

TEST(damage_in_a_file_is_told_and_the_files_stay)
{
    struct fold fold;
    uint64_t told = 0;

    open_three(&fold, NULL);
    for (uint64_t at = 150; at < columns_about(history_file(fold.history, 1))->bytes; at += 41) {
        enum err err;

        CHECK_OK(sim_flip(fold.sys, "columns/00000002.col", at, 3));
        err = fold_combine(&fold, 0, 3);
        CHECK_OK(sim_flip(fold.sys, "columns/00000002.col", at, 3));
        if (!err)
            break; /* it was in what only a check reads */
        CHECK_INT(err, ERR_CORRUPT);
        CHECK(str_contains(str_of(err_text()), S("columns/00000002.col")));
        CHECK_INT(history_count(fold.history), 3);
        told++;
    }
    CHECK(told > 20);
    fold_done(&fold);
}

/* Power goes at each operation in turn. Then there are either the old files or the new one, and
 * they answer as ever. */
TEST(losing_power_while_combining_leaves_the_old_files_or_the_new_one)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};
    struct fold plain;
    size_t olds = 0, news = 0;
    bool went_through = false;

    open_three(&plain, NULL);
    for (uint64_t operation = 1; !went_through; operation++) {
        struct fold fold, again;
        struct sys *sim;
        size_t count;

        open_three(&fold, NULL);
        sim = fold.sim;
        sim_stop_at(sim, sim_operations(sim) + operation);
        went_through = fold_combine(&fold, 0, 3) == OK;
        fold.sim = NULL; /* the disk outlives the process */
        fold_done(&fold);
        sim_lose_power(sim, losses[operation % 4], operation);
        CHECK_OK(fold_open_at(&again, sim, "columns"));
        random_world_take(random_world_of(99), &again, 200);
        count = history_count(again.history);
        CHECK(count == 3 || count == 1);
        olds += count == 3;
        news += count == 1;
        check_files(&again);
        CHECK(is_same(&again, &plain));
        again.sim = sim;
        fold_done(&again);
    }
    CHECK(olds > 10 && news > 0);
    fold_done(&plain);
}

/* Which files */

TEST(files_of_similar_size_are_chosen)
{
    static const struct {
        const char *rows; /* of each file, in thousands */
        bool is_busy;
        int at, count; /* none: 0, 0 */
    } cases[] = {
        {"", true, 0, 0},
        {"1000", true, 0, 0},
        {"1000 1000 1000 1000 1000 1000 1000", true, 0, 0},
        {"1000 1000 1000 1000 1000 1000 1000 1000", true, 0, 8},
        {"1010 1000 1001 1000 1000 1002 1003 1000", true, 0, 8},
        {"8000 1000 1000 1000 1000 1000 1000 1000", true, 0, 0},
        {"8000 1000 1000 1000 1000 1000 1000 1000 1000", true, 1, 8},
        {"4000 4000 4000 1000 1000 1000 1000 1000 1000 1000 1000", true, 3, 8},
        {"1000 3000 1000 3000 1000 3000 1000 3000", true, 0, 8},
        {"9000 16 4 4 4", false, 0, 0},
        {"9000 16 4 4 4 4", false, 2, 4},
        {"9000 16 4 4 4 4", true, 0, 0},
    };

    EACH_CASE(c, cases)
    {
        struct combine_file files[16] = {0};
        size_t count = 0, at = 0, found = 0;
        str rest = str_of(c->rows);

        while (rest.len) {
            CHECK(str_to_u64(str_cut(&rest, ' '), &files[count].rows));
            files[count++].rows *= 1000;
        }
        CHECK_INT(combine_choose(files, count, c->is_busy, UINT64_MAX, &at, &found), c->count > 0);
        CHECK_INT(at, c->at);
        CHECK_INT(found, c->count);
    }
}

TEST(a_file_with_many_strays_is_written_anew_by_itself)
{
    static const struct {
        uint64_t changes, strays;
        bool is_chosen;
    } cases[] = {
        {0, 0, false},          {3000, 60000, false}, {3000, 65000, true},
        {2000000, 65000, true}, {2000000, 0, false},  {3000000, 0, true},
    };

    EACH_CASE(c, cases)
    {
        struct combine_file files[2] = {
            {.rows = 1000000, .changes = c->changes, .strays = c->strays},
            {.rows = 1000000},
        };
        size_t at, count;

        CHECK_INT(combine_choose(files, 2, true, UINT64_MAX, &at, &count), c->is_chosen);
        if (c->is_chosen)
            CHECK(at == 0 && count == 1);
    }
}

TEST(combine_makes_all_files_one_while_few_events_arrive)
{
    static const struct {
        const char *name;
        uint64_t rows[3];
        size_t count;
        bool is_chosen;
    } cases[] = {
        {"one file", {100}, 1, false},
        {"two alike", {100, 100}, 2, true},
        {"little behind much", {100, 12, 0}, 3, true},
        {"less behind it", {100, 5, 6}, 3, false},
        {"much behind little", {5, 6, 100}, 3, false},
    };

    EACH_CASE(c, cases)
    {
        struct combine_file files[3] = {0};
        size_t at = 9, count = 9;

        for (size_t i = 0; i < c->count; i++)
            files[i].rows = c->rows[i];
        CHECK_INT(combine_choose(files, c->count, false, UINT64_MAX, &at, &count), c->is_chosen);
        CHECK(!c->is_chosen || (at == 0 && count == c->count));
        CHECK(!combine_choose(files, c->count, true, UINT64_MAX, &at, &count));
    }
}

TEST(files_that_do_not_fit_into_memory_together_are_not_combined)
{
    static const struct {
        const char *name;
        bool is_busy;
        uint64_t rows[9];
        size_t count, at, found; /* found: 0 for none */
    } cases[] = {
        {"the first two of three", false, {100, 100, 100}, 3, 0, 2},
        {"the most that fit", false, {100, 100, 60, 30, 20, 10}, 6, 2, 4},
        {"none that are not worth it", false, {190, 15, 190}, 3, 0, 0},
        {"two large ones do not fit", false, {150, 150}, 2, 0, 0},
        {"small ones behind a large one", true, {200, 20, 20, 20, 20, 20, 20, 20, 20}, 9, 1, 8},
        {"busy, too many", true, {30, 30, 30, 30, 30, 30, 30, 30}, 8, 0, 0},
    };

    EACH_CASE(c, cases)
    {
        struct combine_file files[9] = {0};
        size_t at = 99, found = 99;

        for (size_t i = 0; i < c->count; i++) {
            files[i].rows = c->rows[i];
            files[i].held = c->rows[i];
        }
        CHECK_INT(combine_choose(files, c->count, c->is_busy, 200, &at, &found), c->found > 0);
        CHECK(!c->found || (at == c->at && found == c->found));
    }
}

TEST(files_stay_few_and_events_are_seldom_written_again)
{
    static const struct {
        int settles;
        uint64_t spread; /* of the sizes, in percent */
        size_t most_files;
        double most_written; /* times, on average */
    } cases[] = {{50, 0, 13, 1.5}, {50, 90, 16, 2}, {1000, 0, 22, 3}, {1000, 90, 26, 4}};

    EACH_CASE(c, cases)
    {
        struct combine_file files[64];
        random_state random = {7};
        size_t count = 0, most = 0, at, found;
        uint64_t taken = 0, written = 0;

        for (int i = 0; i < c->settles; i++) {
            files[count] = (struct combine_file){0};
            files[count].rows =
                1000000 + (c->spread ? random_below(&random, c->spread) : 0) * 10000;
            taken += files[count++].rows;
            while (combine_choose(files, count, true, UINT64_MAX, &at, &found)) {
                struct combine_file one = {0};

                for (size_t k = at; k < at + found; k++)
                    one.rows += files[k].rows;
                written += one.rows;
                files[at] = one;
                for (size_t k = at + found; k < count; k++)
                    files[k - found + 1] = files[k];
                count -= found - 1;
            }
            most = count > most ? count : most;
            CHECK(count < 60);
        }
        CHECK(most <= c->most_files);
        CHECK((double)written / (double)taken <= c->most_written);
    }
}

TEST(nothing_is_combined_while_the_log_is_still_read)
{
    struct fold fold, again;
    struct sys *sim;
    size_t at, count;

    open_three(&fold, NULL);
    CHECK_OK(fold_take(&fold, S("{\"type\":\"track\",\"event\":\"a\",\"userId\":\"new\","
                                "\"timestamp\":\"2024-05-01T10:00:00Z\"}")));
    CHECK_OK(fold_combine(&fold, 0, 2)); /* knows more of persons than the files cover of events */
    sim = fold.sim;
    fold.sim = NULL;
    fold_done(&fold);
    CHECK_OK(fold_open_at(&again, sim, "columns"));
    CHECK(!combine_find(again.events, false, &at, &count));
    CHECK_ERR(ERR_BUSY, fold_combine(&again, 0, 2));
    again.sim = sim;
    fold_done(&again);
}

TEST(a_small_worn_file_is_not_written_anew_while_many_events_arrive)
{
    struct fold fold;
    size_t at, count;

    CHECK_OK(fold_open(&fold));
    for (unsigned i = 0; i < 34000; i++) {
        char message[160];

        /* Devices first; then whom two each belong to: the file knows of none of these joins. */
        snprintf(message, sizeof message,
                 "{\"type\":\"track\",\"event\":\"a\",\"anonymousId\":\"d%u\",%s%u\","
                 "\"timestamp\":\"2024-05-01T10:00:00Z\"}",
                 i % 17000, i < 17000 ? "\"nobody\":\"" : "\"userId\":\"u", i / 2);
        arena_reset(fold.mem);
        CHECK_OK(fold_take(&fold, str_of(message)));
        if (i + 1 == 17000)
            CHECK_OK(fold_settle(&fold));
    }
    CHECK(!combine_find(fold.events, true, &at, &count));
    CHECK(combine_find(fold.events, false, &at, &count));
    CHECK_INT(at, 0);
    CHECK_INT(count, 1);
    CHECK_OK(fold_combine(&fold, at, count));
    CHECK(!combine_find(fold.events, false, &at, &count));
    fold_done(&fold);
}

/* Threads */

struct combiner {
    struct fold *fold;
    atomic_bool ends;
    enum err err;
    int done;
};

static void combine_often(void *argument)
{
    struct combiner *combiner = argument;

    while (!combiner->err && !atomic_load(&combiner->ends)) {
        struct source source;
        size_t count;

        events_begin(combiner->fold->events, &source);
        count = history_count(source.history);
        events_end(combiner->fold->events);
        if (count < 2)
            continue;
        combiner->err = fold_combine(combiner->fold, count % 2, count - count % 2);
        combiner->done++;
    }
}

struct asker {
    struct fold *fold;
    atomic_bool ends;
    int wrong;
};

static void ask_often(void *argument)
{
    struct asker *asker = argument;

    while (!atomic_load(&asker->ends))
        EACH_CASE(question, questions)
        {
            struct answer_options options = {.sys = sys_real(), .workers = 1};
            struct buf out = {0};

            /* Others read messages: the log of a test has no lock. */
            if (!str_contains(str_of(*question), S("\"person\"")) &&
                !str_contains(str_of(*question), S("\"segment\"")))
                asker->wrong += fold_ask(asker->fold, &options, str_of(*question), &out) != OK;
            buf_done(&out);
        }
}

TEST(files_are_combined_by_threads_of_their_own)
{
    const char *base = getenv("TMPDIR"), *folder;
    struct sys *sys = sys_real();
    struct fold fold, plain;
    struct random_world *world = random_world_of(5), *twin = random_world_of(5);
    struct combiner combiner = {.fold = &fold};
    struct asker asker = {.fold = &fold};
    struct thread *threads[2];
    uint64_t id;
    size_t count;
    str *names;

    entropy_fill(sys, &id, sizeof id);
    folder = arena_print(test_mem, "%s/myriad-combine-%016llx", base ? base : "/tmp",
                         (unsigned long long)id)
                 .data;
    CHECK_OK(fold_open_at(&fold, sys, folder));
    CHECK_OK(fold_open(&plain));
    CHECK_OK(thread_start("combine", combine_often, &combiner, &threads[0]));
    CHECK_OK(thread_start("ask", ask_often, &asker, &threads[1]));
    for (int i = 0; i < 60; i++) {
        random_world_take(world, &fold, 40);
        random_world_take(twin, &plain, 40);
        CHECK_OK(fold_settle(&fold));
    }
    atomic_store(&combiner.ends, true);
    atomic_store(&asker.ends, true);
    thread_join(threads[0]);
    thread_join(threads[1]);
    CHECK_OK(combiner.err);
    CHECK(combiner.done > 0);
    CHECK_INT(asker.wrong, 0);
    CHECK(is_same(&fold, &plain));
    fold_done(&fold);
    fold_done(&plain);
    CHECK_OK(folder_list(sys, folder, test_mem, &names, &count));
    for (size_t i = 0; i < count; i++)
        CHECK_OK(
            file_remove(sys, arena_print(test_mem, "%s/%.*s", folder, STR_ARG(names[i])).data));
    CHECK_OK(folder_remove(sys, folder));
}
