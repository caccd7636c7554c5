/* test_strays.c - what is known of moved rows, after joins, undos, deletions and combining.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/strays.h"

#include "base/mem.h"
#include "measure/combine.h"
#include "measure/history.h"
#include "support/test.h"
#include "sys/sys.h"
#include "sys/thread.h"
#include "unit/measure/random_world.h"

#include <stdio.h>

/* A world of two: what stands where, told as text. */

static const char *const before[] = {
    "{\"event\":\"A\",\"anonymousId\":\"d1\",\"timestamp\":\"2026-01-01T01:00:00Z\"}",
    "{\"event\":\"B\",\"anonymousId\":\"d2\",\"timestamp\":\"2026-01-01T02:00:00Z\"}",
    "{\"event\":\"A\",\"anonymousId\":\"d1\",\"timestamp\":\"2026-01-01T03:00:00Z\"}",
    "{\"event\":\"A\",\"anonymousId\":\"d2\",\"timestamp\":\"2026-01-01T03:00:00Z\"}",
    "{\"event\":\"B\",\"anonymousId\":\"d3\",\"timestamp\":\"2026-01-01T04:00:00Z\"}",
};

#define JOIN(device)                                                                               \
    "{\"event\":\"C\",\"anonymousId\":\"" device "\",\"userId\":\"u\","                            \
    "\"timestamp\":\"2026-01-01T05:00:00Z\"}"
#define FUNNEL "{\"kind\":\"funnel\",\"steps\":[\"A\",\"B\",\"A\",\"C\"],\"window\":\"3d\"}"

static void open_world(struct fold *fold)
{
    CHECK_OK(fold_open(fold));
    EACH_CASE(message, before)
    CHECK_OK(fold_take(fold, str_of(*message)));
    CHECK_OK(fold_settle(fold));
}

/* The runs of a file: "PERSON<CLUSTER:ROWS ..." */
static str tell(struct fold *fold, size_t file)
{
    const struct strays_rows *rows;
    struct source source;
    struct buf out = {0};
    str text;

    events_begin(fold->events, &source);
    CHECK_OK(history_strays(source.history, file, &source, &rows));
    for (size_t i = 0; i < rows->count; i++)
        buf_print(&out, "%s%u<%u:%u%s", i ? " " : "", rows->runs[i].person, rows->runs[i].cluster,
                  rows->runs[i].end - rows->runs[i].first, rows->runs[i].is_part ? "part" : "");
    events_end(fold->events);
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text;
}

/* How many reached each step. */
static str ask(struct fold *fold, str question)
{
    struct answer_options options = {.sys = sys_real(), .workers = 1};
    struct buf out = {0};
    str text;

    CHECK_OK(fold_ask(fold, &options, question, &out));
    text = arena_dup(test_mem, buf_str(&out));
    for (size_t i = 0; i + 7 < text.len; i++)
        if (str_equals(str_slice(text, i, i + 7), S("\"meta\":")))
            text.len = i;
    buf_done(&out);
    return text;
}

static void undo(struct fold *fold, node_id a, node_id b)
{
    struct record_undo undo = {0};
    struct log_record record = {.kind = RECORD_UNDO};
    struct buf clear = {0};

    for (uint64_t seq = 1; seq < fold->next_seq && !undo.join_seq; seq++) {
        node_id left, right;

        if (identity_ends(fold->identity, seq, &left, &right) && left == a && right == b)
            undo.join_seq = seq;
    }
    CHECK(undo.join_seq);
    record_write_undo(&clear, &undo);
    record.clear = buf_str(&clear);
    CHECK_OK(fold_record(fold, &record));
    buf_done(&clear);
}

TEST(a_join_after_a_question_moves_rows_for_the_next)
{
    struct fold fold;
    str alone, joined;

    open_world(&fold);
    CHECK_STR(tell(&fold, 0), "");
    alone = ask(&fold, S(FUNNEL));
    CHECK_OK(fold_take(&fold, S(JOIN("d1")))); /* node 4; it names nobody */
    CHECK_STR(tell(&fold, 0), "");             /* her rows stand where they should */
    CHECK_OK(fold_take(&fold, S(JOIN("d2"))));
    CHECK_STR(tell(&fold, 0), "1<1:2 1<2:2");
    joined = ask(&fold, S(FUNNEL));
    CHECK(!str_equals(alone, joined));
    CHECK_OK(fold_take(&fold, S(JOIN("d3"))));
    CHECK_STR(tell(&fold, 0), "1<1:2 1<2:2 1<3:1");
    fold_done(&fold);
}

TEST(what_is_followed_step_by_step_is_what_is_found_at_once)
{
    struct fold fold;
    str asked;

    open_world(&fold);
    CHECK_OK(fold_take(&fold, S(JOIN("d1"))));
    CHECK_OK(fold_take(&fold, S(JOIN("d2"))));
    CHECK_STR(tell(&fold, 0), "1<1:2 1<2:2");
    undo(&fold, 1, 4);
    CHECK_STR(tell(&fold, 0), ""); /* node 2 has node 4 for herself */
    undo(&fold, 2, 4);
    CHECK_OK(fold_take(&fold, S(JOIN("d3"))));
    CHECK_STR(tell(&fold, 0), "");
    asked = ask(&fold, S(FUNNEL));
    CHECK_OK(fold_again(&fold, true));
    CHECK_STR(tell(&fold, 0), "");
    CHECK(str_equals(asked, ask(&fold, S(FUNNEL))));
    fold_done(&fold);
}

TEST(an_undo_splits_a_cluster_that_was_written_as_one)
{
    struct fold fold;

    open_world(&fold);
    CHECK_OK(fold_take(&fold, S(JOIN("d1"))));
    CHECK_OK(fold_take(&fold, S(JOIN("d2"))));
    CHECK_OK(fold_settle(&fold));
    CHECK_OK(fold_combine(&fold, 0, 2));
    CHECK_STR(tell(&fold, 0), "");
    undo(&fold, 2, 4);
    CHECK_STR(tell(&fold, 0), "1<1:1part 1<1:1part 1<1:2part 2<1:1part 2<1:1part");
    CHECK_OK(fold_combine(&fold, 0, 1));
    CHECK_STR(tell(&fold, 0), "");
    fold_done(&fold);
}

TEST(strays_do_not_depend_on_what_is_deleted)
{
    struct fold fold;
    uint64_t count;
    str joined, deleted;

    open_world(&fold);
    CHECK_OK(fold_take(&fold, S(JOIN("d1"))));
    CHECK_OK(fold_take(&fold, S(JOIN("d2"))));
    joined = ask(&fold, S(FUNNEL));
    CHECK_OK(fold_delete(&fold, S("{\"event\":\"B\"}"), 8, &count));
    CHECK_INT(count, 2);
    CHECK_STR(tell(&fold, 0), "1<1:2 1<2:2");
    deleted = ask(&fold, S(FUNNEL));
    CHECK(!str_equals(joined, deleted));
    CHECK_OK(fold_combine(&fold, 0, 1));
    CHECK_STR(tell(&fold, 0), "");
    CHECK(str_equals(deleted, ask(&fold, S(FUNNEL))));
    fold_done(&fold);
}

/* Any world */

struct judged {
    const struct source *source;
    struct columns *columns;
    const struct strays_rows *rows;
    uint64_t found;
};

/* Whose runs hold the row; 0: nobody's. */
static node_id holder_of(const struct judged *judged, uint32_t stripe, uint32_t row)
{
    node_id holder = 0;

    for (size_t i = 0; i < judged->rows->count; i++) {
        const struct strays_run *run = &judged->rows->runs[i];

        if (run->stripe != stripe || row < run->first || row >= run->end)
            continue;
        CHECK(!holder); /* by one run alone */
        holder = run->person;
    }
    return holder;
}

static bool is_stray(const struct judged *judged, node_id person)
{
    size_t at = strays_find(judged->rows, person);

    return at < judged->rows->count && judged->rows->runs[at].person == person;
}

static void judge_cluster(struct judged *judged, uint32_t stripe, node_id cluster, uint32_t from,
                          uint32_t to, const node_id *nodes)
{
    const uint64_t *moved = judged->rows->moved;
    bool is_moved = moved && moved[cluster / 64] >> cluster % 64 & 1;

    for (uint32_t row = from; row < to; row++) {
        node_id person = identity_person(judged->source->identity, nodes[row]);
        node_id holder = holder_of(judged, stripe, row);

        CHECK_INT(holder, is_moved ? person : 0);
        CHECK(is_moved || (person == cluster && !is_stray(judged, person)));
        judged->found += holder != 0;
    }
}

/* Every row is told once, as hers whose it is; who has strays has all in them. */
static uint64_t judge_file(const struct source *source, size_t file)
{
    struct judged judged = {.source = source, .columns = history_file(source->history, file)};

    CHECK_OK(history_strays(source->history, file, source, &judged.rows));
    for (uint32_t stripe = 0; stripe < columns_about(judged.columns)->stripes; stripe++) {
        struct columns_block persons, first, nodes;

        CHECK_OK(columns_hold(judged.columns, stripe, COLUMNS_PERSONS, &persons));
        CHECK_OK(columns_hold(judged.columns, stripe, COLUMNS_FIRST, &first));
        CHECK_OK(columns_hold(judged.columns, stripe, COLUMNS_NODES, &nodes));
        for (uint32_t i = 0; i < columns_stripe(judged.columns, stripe)->persons; i++)
            judge_cluster(&judged, stripe, ((const node_id *)persons.data)[i],
                          ((const uint32_t *)first.data)[i], ((const uint32_t *)first.data)[i + 1],
                          nodes.data);
        columns_release(judged.columns, &persons);
        columns_release(judged.columns, &first);
        columns_release(judged.columns, &nodes);
    }
    CHECK_INT(judged.found, judged.rows->rows);
    return judged.found;
}

TEST(every_row_of_any_world_is_told_once_as_hers_whose_it_is)
{
    uint64_t found = 0;

    for (uint64_t seed = 1; seed < 24; seed += 2) {
        struct random_world *world = random_world_of(seed);
        random_state random = {seed};
        struct fold fold;

        CHECK_OK(fold_open(&fold));
        for (int round = 0; round < 40; round++) {
            struct source source;
            size_t files;

            random_world_take(world, &fold, 1 + (unsigned)random_below(&random, 20));
            if (random_chance(&random, 0.2))
                CHECK_OK(fold_settle(&fold));
            files = history_count(fold.history);
            if (files && random_chance(&random, 0.05))
                CHECK_OK(fold_combine(&fold, random_below(&random, files), 1));
            if (random_chance(&random, 0.1))
                CHECK_OK(fold_again(&fold, true));
            events_begin(fold.events, &source);
            for (size_t i = 0; i < history_count(fold.history); i++)
                if (random_chance(&random, 0.7))
                    found += judge_file(&source, i);
            events_end(fold.events);
        }
        fold_done(&fold);
    }
    CHECK(found > 10000);
}

TEST(without_memory_strays_are_found_by_the_next_who_asks)
{
    struct fold fold;
    struct source source;
    enum err err = ERR_LIMIT;
    int refused = 0;

    open_world(&fold);
    CHECK_OK(fold_take(&fold, S(JOIN("d1"))));
    CHECK_OK(fold_take(&fold, S(JOIN("d2"))));
    events_begin(fold.events, &source);
    for (long k = 1; err; k++) {
        const struct strays_rows *rows;

        mem_fail_after(k);
        err = history_strays(fold.history, 0, &source, &rows);
        mem_fail_after(0);
        CHECK(!err || err == ERR_LIMIT);
        refused += err != OK;
    }
    events_end(fold.events);
    CHECK(refused > 3);
    CHECK_STR(tell(&fold, 0), "1<1:2 1<2:2");
    fold_done(&fold);
}

/* Threads */

enum { ASKERS = 4 };

struct asker {
    struct fold *fold;
    const struct source *source;
    const struct strays_rows *rows;
    enum err err;
};

static void ask_once(void *argument)
{
    struct asker *asker = argument;

    asker->err = history_strays(asker->fold->history, 0, asker->source, &asker->rows);
}

TEST(strays_that_several_threads_ask_for_are_found_once)
{
    struct fold fold;

    open_world(&fold);
    for (int round = 0; round < 40; round++) {
        struct asker askers[ASKERS];
        struct thread *threads[ASKERS];
        struct source source;
        char message[160];

        snprintf(message, sizeof message,
                 "{\"event\":\"C\",\"anonymousId\":\"d%d\",\"userId\":\"v%d\","
                 "\"timestamp\":\"2026-01-01T05:00:00Z\"}",
                 round % 3 + 1, round);
        CHECK_OK(fold_take(&fold, str_of(message)));
        events_begin(fold.events, &source);
        for (int i = 0; i < ASKERS; i++) {
            askers[i] = (struct asker){.fold = &fold, .source = &source};
            CHECK_OK(thread_start("ask", ask_once, &askers[i], &threads[i]));
        }
        for (int i = 0; i < ASKERS; i++) {
            thread_join(threads[i]);
            CHECK_OK(askers[i].err);
            CHECK(askers[i].rows == askers[0].rows);
        }
        events_end(fold.events);
    }
    fold_done(&fold);
}
