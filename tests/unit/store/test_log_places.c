/* test_log_places.c - places of records are known, kept, made anew, and never believed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/log_places.h"

#include "base/random.h"
#include "crash/world.h"
#include "store/log_int.h"
#include "store/log_pick.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENT = 64 << 10, GROUPS = 300, ALL = 1 << 30 };

static str path_of(unsigned index)
{
    return arena_print(test_mem, WORLD_LOG "/%08u.places", index);
}

/* Groups of some records, of which some take several numbers; some groups are taken back. */
static void put_groups(struct world *w, random_state *random, unsigned count)
{
    char text[600];

    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < count; i++) {
        size_t records = 1 + random_below(random, 12);

        CHECK_OK(log_begin(w->log, records * (sizeof text + 5), records, 8));
        for (size_t k = 0; k < records; k++)
            log_add(w->log, &(struct log_entry){
                                .kind = RECORD_EVENTS,
                                .node = 1 + (node_id)random_below(random, 6),
                                .count = 1 + (uint32_t)random_below(random, 3),
                                .clear = S("clear"),
                                .payload = str_from(text, 1 + random_below(random, sizeof text))});
        if (random_chance(random, 0.1))
            log_abandon(w->log);
        else
            CHECK_OK(log_commit(w->log));
    }
}

static struct world new_world(random_state *random)
{
    struct world w = {.sys = sim_open(3), .segment_bytes = SEGMENT, .recent_bytes = 1};

    CHECK_OK(world_create(&w));
    CHECK_OK(world_open_log(&w));
    put_groups(&w, random, GROUPS);
    return w;
}

static uint32_t segments_of(const struct world *w)
{
    struct log_stats stats;

    log_stats_read(w->log, &stats);
    return (uint32_t)stats.segments;
}

/* Every record is at the place that is told, or a few behind it. Returns how many are told. */
static unsigned follow_all(struct world *w)
{
    unsigned told = 0;

    for (uint32_t index = 1; index <= segments_of(w); index++) {
        struct log_segment segment;
        uint64_t from, to;

        CHECK_OK(log_segment_load(&w->log->config, index, FILE_READ, &segment));
        for (uint64_t seq = segment.head.first_seq; seq < log_durable_seq(w->log); seq++) {
            struct log_record_head head;

            if (!log_places_find(&w->log->places, index, seq, &from, &to))
                continue;
            memcpy(&head, segment.bytes + from, sizeof head);
            CHECK(log_record_is_sound(str_from(segment.bytes + from, segment.size - from), head.seq,
                                      &head));
            CHECK(head.seq <= seq && seq < head.seq + head.count + LOG_PLACES_EVERY);
            CHECK(to == 0 || to >= from);
            told++;
        }
        log_segment_unload(&segment);
    }
    return told;
}

static enum err take(void *argument, size_t which, const struct log_record *record)
{
    const uint64_t *seqs = argument;

    CHECK(record->seq <= seqs[which] && seqs[which] < record->seq + record->count);
    return OK;
}

static void pick_all(struct world *w)
{
    struct log_picker *picker;

    CHECK_OK(log_picker_open(w->log, &picker));
    for (uint64_t seq = 1; seq < log_durable_seq(w->log); seq++) {
        struct log_picks picks = {
            .seqs = &seq, .count = 1, .may_wait = true, .take = take, .argument = &seq};

        CHECK_OK(log_pick(picker, &picks, test_mem));
    }
    log_picker_close(picker);
}

TEST(log_places_are_known_of_all_that_was_written)
{
    random_state random = {1};
    struct world w = new_world(&random);
    uint64_t numbers = log_durable_seq(w.log) - 1;

    CHECK(segments_of(&w) > 4);
    CHECK_INT(follow_all(&w), numbers);
    pick_all(&w);
    world_shut(&w);
    for (unsigned i = 1; i <= 3; i++)
        CHECK(file_exists(w.sys, path_of(i).data));
    CHECK_OK(world_open_log(&w)); /* of the last segment they are read from its groups */
    CHECK(follow_all(&w) > 0);
    for (uint32_t i = 1; i < segments_of(&w); i++)
        CHECK(log_places_load(w.log, i, true));
    CHECK_INT(follow_all(&w), numbers);
    put_groups(&w, &random, 50);
    CHECK_INT(follow_all(&w), log_durable_seq(w.log) - 1);
    world_done(&w);
}

static str content_of(struct world *w, unsigned index)
{
    str content;

    CHECK_OK(file_load(w->sys, path_of(index).data, SEGMENT, test_mem, &content));
    return content;
}

static void flip(struct world *w, unsigned index, uint64_t at)
{
    char *content = arena_take(test_mem, SEGMENT);
    str old = content_of(w, index);

    memcpy(content, old.data, old.len);
    content[at % old.len] = (char)(content[at % old.len] ^ 4);
    CHECK_OK(file_replace(w->sys, path_of(index).data, str_from(content, old.len)));
}

TEST(log_places_that_are_missing_or_damaged_are_made_anew)
{
    random_state random = {2};
    struct world w = new_world(&random);
    uint64_t numbers = log_durable_seq(w.log) - 1;
    uint32_t index, damaged = 0;
    str second, third;

    world_shut(&w);
    second = content_of(&w, 2);
    third = content_of(&w, 3);
    CHECK_OK(file_remove(w.sys, path_of(2).data));
    flip(&w, 3, 77);
    CHECK_OK(world_open_log(&w));
    pick_all(&w);
    CHECK(follow_all(&w) < numbers);
    while (log_tend(w.log, ALL, &index))
        damaged += index == 3;
    CHECK_INT(damaged, 1);
    CHECK_INT(follow_all(&w), numbers);
    CHECK(str_equals(content_of(&w, 2), second));
    CHECK(str_equals(content_of(&w, 3), third));
    world_done(&w);
}

TEST(log_places_that_lead_astray_do_no_harm)
{
    random_state random = {3};
    struct world w = new_world(&random);

    for (int round = 0; round < 4; round++) {
        struct log_places *places = &w.log->places;

        for (size_t i = 0; i < places->count; i++)
            for (size_t k = 0; k < places->lists[i].count; k++)
                places->lists[i].places[k] = (uint32_t)random_below(&random, SEGMENT / LOG_ALIGN);
        pick_all(&w);
    }
    world_done(&w);
}

static void count(void *argument, const char *sentence)
{
    unsigned *told = argument;

    CHECK(str_contains(str_of(sentence), S("log segment 00000002")));
    ++*told;
}

TEST(log_places_are_checked_and_go_where_they_are_damaged)
{
    random_state random = {4};
    struct world w = new_world(&random);
    size_t len;

    world_shut(&w);
    len = content_of(&w, 2).len;
    for (uint64_t at = 0; at < len; at += 1 + random_below(&random, 40)) {
        struct log_config config;
        struct log_check check;
        unsigned told = 0;

        flip(&w, 2, at);
        CHECK_OK(vault_open(w.sys, WORLD_KEYS, false, &w.vault));
        config = world_log_config(&w);
        CHECK_OK(log_check(&config, false, count, &told, &check));
        CHECK_INT(told, 1);
        CHECK_INT(check.damages, 1);
        if (at > len / 2) { /* once */
            CHECK_OK(log_check(&config, true, count, &told, &check));
            CHECK(!file_exists(w.sys, path_of(2).data));
            CHECK_OK(log_check(&config, true, count, &told, &check));
            CHECK_INT(check.damages, 0);
            at = len;
        } else {
            flip(&w, 2, at);
        }
        vault_close(w.vault);
        w.vault = NULL;
    }
    world_done(&w);
}
