/* test_events.c - the fold: records in, rows out; what is erased, repeated, too many or undone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/events.h"

#include "base/mem.h"
#include "unit/measure/fold.h"
#include "support/test.h"
#include "sys/sys.h"
#include "sys/thread.h"

static str ask(struct fold *fold, const char *query)
{
    struct answer_options options = {.sys = sys_real()};
    struct buf out = {0};
    str answer;

    CHECK_OK(fold_ask(fold, &options, str_of(query), &out));
    answer = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return answer;
}

#define CHECK_SAYS(fold, query, part) CHECK(str_contains(ask(fold, query), S(part)))
#define COUNT_ALL "{\"kind\":\"trend\",\"event\":\"*\",\"interval\":\"all\"}"
#define COUNT_PEOPLE                                                                               \
    "{\"kind\":\"trend\",\"event\":\"*\",\"measure\":\"people\",\"interval\":\"all\"}"

/* Folds one record of `count` events of node 1; the `failing`-th allocation on the way fails, 0:
 * none. */
static enum err fold_events(struct fold *fold, struct log_record *record, unsigned count,
                            const char *json, long failing)
{
    struct buf clear = {0}, payload = {0};
    struct record_event event = {.type = EVENT_TRACK, .json = str_of(json)};
    enum err err;

    record_start_events(&clear, 0);
    for (unsigned i = 0; i < count; i++) {
        event.time = 1000 * i;
        record_write_event(&clear, &payload, &event);
    }
    record->kind = RECORD_EVENTS;
    record->node = 1;
    record->count = count;
    record->clear = buf_str(&clear);
    record->payload = record->is_erased ? (str){NULL, 0} : buf_str(&payload);
    mem_fail_after(failing);
    err = record->seq ? events_apply(fold->events, record) : fold_record(fold, record);
    mem_fail_after(0);
    buf_done(&clear);
    buf_done(&payload);
    return err;
}

static void take(struct fold *fold, const char *message)
{
    CHECK_OK(fold_take(fold, str_of(message)));
}

#define EVENT(ids, rest) "{\"timestamp\":\"2026-01-01T00:00:00Z\"," ids "," rest "}"
#define TRACK(ids) EVENT(ids, "\"event\":\"A\"")

TEST(a_record_of_several_events_gives_each_its_own_number)
{
    struct fold fold;
    struct log_record record = {0};
    struct events_stats stats;

    CHECK_OK(fold_open(&fold));
    take(&fold, TRACK("\"userId\":\"u\""));
    CHECK_OK(fold_events(&fold, &record, 3, "{\"event\":\"A\"}", 0));
    events_stats_read(fold.events, &stats);
    CHECK_INT(stats.events, 4);
    CHECK_INT(stats.next_seq, record.seq + 3);
    CHECK_SAYS(&fold, COUNT_ALL, "\"total\":4");
    fold_done(&fold);
}

TEST(a_record_that_was_folded_already_changes_nothing)
{
    struct fold fold;
    struct log_record record = {0};

    CHECK_OK(fold_open(&fold));
    take(&fold, TRACK("\"userId\":\"u\""));
    CHECK_OK(fold_events(&fold, &record, 3, "{\"event\":\"A\"}", 0));
    CHECK_OK(fold_events(&fold, &record, 3, "{\"event\":\"A\"}", 0));
    CHECK_SAYS(&fold, COUNT_ALL, "\"total\":4");
    fold_done(&fold);
}

TEST(erased_events_leave_nothing)
{
    struct fold fold;
    struct log_record record = {.is_erased = true};

    CHECK_OK(fold_open(&fold));
    take(&fold, TRACK("\"userId\":\"u\""));
    CHECK_OK(fold_events(&fold, &record, 3, "{\"event\":\"A\"}", 0));
    CHECK_SAYS(&fold, COUNT_ALL, "\"total\":1");
    fold_done(&fold);
}

TEST(quarantined_events_are_not_counted)
{
    struct fold fold;
    struct log_record record = {.kind = RECORD_QUARANTINE, .clear = S("x"), .payload = S("y")};
    struct events_stats stats;

    CHECK_OK(fold_open(&fold));
    CHECK_OK(fold_record(&fold, &record));
    events_stats_read(fold.events, &stats);
    CHECK_INT(stats.events, 0);
    CHECK_INT(stats.next_seq, 2);
    fold_done(&fold);
}

TEST(events_of_a_node_that_the_log_does_not_know_are_corrupt)
{
    struct fold fold;
    struct log_record record = {0};

    CHECK_OK(fold_open(&fold));
    CHECK_ERR(ERR_CORRUPT, fold_events(&fold, &record, 1, "{\"event\":\"A\"}", 0));
    fold_done(&fold);
}

TEST(undoing_a_join_parts_the_people_again)
{
    struct fold fold;
    struct record_undo undo = {.join_seq = 3};
    struct log_record record = {.kind = RECORD_UNDO};
    struct buf clear = {0};

    CHECK_OK(fold_open(&fold));
    take(&fold, TRACK("\"userId\":\"u\",\"anonymousId\":\"a\"")); /* nodes 1 and 2, join 3 */
    take(&fold, TRACK("\"anonymousId\":\"a\""));
    CHECK_SAYS(&fold, COUNT_PEOPLE, "\"total\":1");
    record_write_undo(&clear, &undo);
    record.clear = buf_str(&clear);
    CHECK_OK(fold_record(&fold, &record));
    CHECK_SAYS(&fold, COUNT_PEOPLE, "\"total\":2");
    buf_done(&clear);
    fold_done(&fold);
}

TEST(property_names_over_the_bound_are_counted_and_left_out)
{
    struct fold fold;
    struct events_stats stats;
    struct buf text = {0};

    CHECK_OK(fold_open(&fold));
    take(&fold, EVENT("\"userId\":\"u\"", "\"event\":\"A\",\"properties\":{\"early\":5}"));
    for (int i = 0; i < EVENTS_MOST_PROPERTIES + 100; i++) {
        buf_clear(&text);
        buf_print(&text, EVENT("\"userId\":\"u\"", "\"event\":\"A\",\"properties\":{\"p%d\":1}"),
                  i);
        CHECK_OK(fold_take(&fold, buf_str(&text)));
    }
    take(&fold, EVENT("\"userId\":\"u\"", "\"event\":\"A\",\"properties\":{\"early\":2}"));
    events_stats_read(fold.events, &stats);
    CHECK_INT(stats.properties, EVENTS_MOST_PROPERTIES);
    CHECK_INT(stats.properties_refused, 101);
    CHECK_INT(stats.events, EVENTS_MOST_PROPERTIES + 102);
    CHECK_SAYS(&fold,
               "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"all\",\"measure\":{\"sum\":"
               "\"early\"}}",
               "\"total\":\"7\"");
    buf_done(&text);
    fold_done(&fold);
}

TEST(deep_and_wide_messages_are_folded_within_bounds)
{
    struct fold fold;
    struct buf text = {0};

    CHECK_OK(fold_open(&fold));
    buf_add(&text, S("{\"timestamp\":\"2026-01-01T00:00:00Z\",\"userId\":\"u\",\"event\":\"A\","
                     "\"properties\":{\"n\":1,\"l\":"));
    for (int i = 0; i < 60; i++)
        buf_add(&text, S("[{\"a\":1,\"b\":"));
    buf_add(&text, S("1"));
    for (int i = 0; i < 60; i++)
        buf_add(&text, S("}]"));
    buf_add(&text, S(",\"w\":[0"));
    for (int i = 0; i < 100000; i++)
        buf_add(&text, S(",1"));
    buf_add(&text, S("]}}"));
    CHECK_OK(fold_take(&fold, buf_str(&text)));
    CHECK_SAYS(&fold,
               "{\"kind\":\"trend\",\"event\":\"A\",\"interval\":\"all\",\"measure\":{\"sum\":"
               "\"n\"}}",
               "\"total\":\"1\"");
    buf_done(&text);
    fold_done(&fold);
}

TEST(a_record_that_failed_for_memory_can_be_given_again)
{
    static const char json[] = "{\"event\":\"B\",\"properties\":{\"price\":1.5,\"products\":[{"
                               "\"price\":12345678901.5,\"sku\":\"s\"}]}}";
    int unharmed = 0;

    for (long k = 1; unharmed < 5; k++) {
        struct fold fold;
        struct log_record record = {0};
        enum err err;

        CHECK_OK(fold_open(&fold));
        take(&fold, TRACK("\"userId\":\"u\""));
        err = fold_events(&fold, &record, 3, json, k);
        if (err) {
            CHECK_INT(err, ERR_LIMIT);
            CHECK_OK(fold_events(&fold, &record, 3, json, 0));
        }
        CHECK_SAYS(&fold, COUNT_ALL, "\"total\":4");
        CHECK_SAYS(&fold,
                   "{\"kind\":\"trend\",\"event\":\"B\",\"interval\":\"all\",\"measure\":{\"sum\":"
                   "\"products.price\"}}",
                   "\"total\":\"37037036704.5\"");
        fold_done(&fold);
        unharmed = err ? 0 : unharmed + 1;
    }
}

TEST(the_fold_stops_at_its_bound_of_memory)
{
    struct events_config config = {.hash = fold_hash, .memory_bytes = 1 << 20};
    struct fold fold;
    enum err err = OK;
    struct buf text = {0};

    CHECK_OK(fold_open(&fold));
    events_close(fold.events);
    config.roster = fold.roster;
    CHECK_OK(events_open(&config, &fold.events));
    for (int i = 0; i < 200000 && !err; i++) {
        buf_clear(&text);
        buf_print(&text, EVENT("\"userId\":\"u\"", "\"event\":\"event number %d\""), i);
        err = fold_take(&fold, buf_str(&text));
    }
    CHECK_INT(err, ERR_LIMIT);
    CHECK(str_contains(str_of(err_text()), S("bound of 1 MiB")));
    buf_done(&text);
    fold_done(&fold);
}

/* Threads. */

struct asking {
    struct fold *fold;
    bool went_back; /* a later answer counted fewer events */
};

static void ask_often(void *argument)
{
    struct asking *asking = argument;
    uint64_t last = 0;

    for (int i = 0; i < 200; i++) {
        struct source source;
        struct source_span span = {0};

        events_begin(asking->fold->events, &source);
        asking->went_back |= source_span(&source, &span) != OK || span.events < last;
        events_end(asking->fold->events);
        last = span.events;
    }
}

TEST(events_are_read_by_threads_while_they_are_folded)
{
    struct fold fold;
    struct asking asking[2] = {{.fold = &fold}, {.fold = &fold}};
    struct thread *threads[2];

    CHECK_OK(fold_open(&fold));
    take(&fold, TRACK("\"userId\":\"u\""));
    for (int i = 0; i < 2; i++)
        CHECK_OK(thread_start("asking", ask_often, &asking[i], &threads[i]));
    for (int i = 0; i < 500; i++)
        take(&fold, EVENT("\"userId\":\"u\"", "\"event\":\"A\",\"properties\":{\"x\":1}"));
    for (int i = 0; i < 2; i++)
        thread_join(threads[i]);
    CHECK(!asking[0].went_back && !asking[1].went_back);
    CHECK_SAYS(&fold, COUNT_ALL, "\"total\":501");
    fold_done(&fold);
}
