/* trail.c - a person's events gathered from her clusters in the files and from memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/trail.h"

#include "base/arena.h"
#include "measure/events.h"
#include "measure/history.h"
#include "measure/machines.h"
#include "people/identity.h"
#include "store/columns_seqs.h"

#include <stdlib.h>

/* What a person may have who is answered without waiting. */
enum { AT_ONCE_NODES = 64, AT_ONCE_EVENTS = 2048 };

struct gathering {
    const struct source *source;
    const struct trail_wish *wish;
    struct arena *mem;
    struct trail trail;
    node_id *names; /* ascending */
    size_t name_count;
    bool is_alone; /* all her rows stand together: times are left out where nothing else asks */
    bool is_mixed; /* under these names there are rows of others, too */
};

/* What is held of a stripe. */
struct hand {
    struct columns *columns;
    size_t file;
    const struct mask_rows *mask; /* NULL: not looked for yet */
    uint32_t stripe;
    bool is_held;
    bool is_kept;             /* in the narrow form, of which nothing is held */
    struct columns_seqs kept; /* else only persons and first rows, of the blocks */
    struct columns_block persons, first, times, seqs, nodes;
};

/* The rows under one name, which may be none. */
struct cluster {
    uint32_t from;
    uint32_t to;
};

bool trail_is_before(millis time, uint64_t seq, millis other_time, uint64_t other_seq)
{
    return time != other_time ? time < other_time : seq < other_seq;
}

static bool is_before(const struct trail_event *a, const struct trail_event *b)
{
    return trail_is_before(a->time, a->seq, b->time, b->seq);
}

fallible trail_join(struct trail *trail, const struct trail *other, size_t most, struct arena *mem)
{
    size_t room = trail->count + other->count, a = 0, b = 0, count = 0;
    struct trail_event *both;

    trail->events_read += other->events_read;
    if (!other->count)
        return OK;
    room = room < most ? room : most;
    both = trail->count ? arena_array(mem, room + 1, sizeof *both) : NULL;
    if (trail->count && !both)
        return arena_exhausted();
    for (; both && count < room; count++) {
        bool is_ours = b == other->count ||
                       (a < trail->count && is_before(&trail->events[a], &other->events[b]));

        both[count] = is_ours ? trail->events[a++] : other->events[b++];
    }
    trail->events = both ? both : other->events;
    trail->count = both ? count : other->count;
    return OK;
}

/* Names */

static fallible add_name(struct gathering *it, size_t *room, node_id node)
{
    if (!it->wish->may_wait && it->name_count == AT_ONCE_NODES)
        return ERR_BUSY;
    if (it->name_count == *room) {
        size_t larger = *room ? *room * 2 : 16;
        node_id *names = arena_array(it->mem, larger, sizeof *names);

        if (!names)
            return arena_exhausted();
        for (size_t i = 0; i < it->name_count; i++)
            names[i] = it->names[i];
        it->names = names;
        *room = larger;
    }
    it->names[it->name_count++] = node;
    return OK;
}

static bool has_name(const struct gathering *it, node_id node)
{
    for (size_t i = 0; i < it->name_count; i++)
        if (it->names[i] == node)
            return true;
    return false;
}

static fallible add_nodes(struct gathering *it, size_t *room, node_id person)
{
    node_id node = person;

    do {
        TRY(add_name(it, room, node));
        node = identity_next(it->source->identity, node);
    } while (node != person);
    return OK;
}

/* Those who were one with the person of `node` until a join was undone. */
static fallible add_parted(struct gathering *it, size_t *room, node_id node)
{
    const struct identity *identity = it->source->identity;
    struct identity_join_info *joins;
    size_t count;

    TRY(identity_joins(identity, node, it->mem, &joins, &count));
    for (size_t i = 0; i < count; i++) {
        node_id ends[] = {identity_person(identity, joins[i].join.a),
                          identity_person(identity, joins[i].join.b)};

        for (size_t k = 0; joins[i].is_undone && k < 2; k++)
            if (!has_name(it, ends[k])) {
                it->is_mixed = true;
                TRY(add_nodes(it, room, ends[k]));
            }
    }
    return OK;
}

static int by_number(const void *a, const void *b)
{
    node_id left = *(const node_id *)a, right = *(const node_id *)b;

    return (left > right) - (left < right);
}

static fallible find_names(struct gathering *it)
{
    const struct identity *identity = it->source->identity;
    size_t room = 0;

    TRY(add_nodes(it, &room, it->wish->person));
    /* Persons stand with their oldest node first; each one's joins are looked at once. */
    for (size_t i = 0; i < it->name_count; i++)
        if (identity_person(identity, it->names[i]) == it->names[i])
            TRY(add_parted(it, &room, it->names[i]));
    qsort(it->names, it->name_count, sizeof *it->names, by_number);
    return OK;
}

/* Files */

static fallible hold(const struct gathering *it, struct hand *hand, int column,
                     struct columns_block *out_block)
{
    if (columns_hold_ready(hand->columns, hand->stripe, column, out_block))
        return OK;
    return it->wish->may_wait ? columns_hold(hand->columns, hand->stripe, column, out_block)
                              : ERR_BUSY;
}

static void release(struct hand *hand)
{
    if (!hand->is_held)
        return;
    columns_release(hand->columns, &hand->persons);
    columns_release(hand->columns, &hand->first);
    columns_release(hand->columns, &hand->times);
    columns_release(hand->columns, &hand->seqs);
    columns_release(hand->columns, &hand->nodes);
    hand->is_held = false;
}

static uint64_t seq_of(const struct hand *hand, uint32_t row)
{
    return hand->is_kept ? hand->kept.base + hand->kept.above[row]
                         : ((const uint64_t *)hand->seqs.data)[row];
}

/* The first of the rows that is wanted, by their times. */
static uint32_t find_row(const struct gathering *it, const struct hand *hand,
                         struct cluster cluster)
{
    const millis *times = hand->times.data;

    while (cluster.from < cluster.to) {
        uint32_t middle = cluster.from + (cluster.to - cluster.from) / 2;

        if (trail_is_before(it->wish->after_time, it->wish->after_seq, times[middle],
                            seq_of(hand, middle)))
            cluster.to = middle;
        else
            cluster.from = middle + 1;
    }
    return cluster.from;
}

/* The same without times: the row that the page before ended with tells. */
static bool find_row_behind(const struct gathering *it, const struct hand *hand,
                            struct cluster cluster, uint32_t *out_row)
{
    uint32_t row = cluster.from;

    if (it->wish->after_time == INT64_MIN) {
        *out_row = row;
        return true;
    }
    while (row < cluster.to && seq_of(hand, row) != it->wish->after_seq)
        row++;
    *out_row = row + 1;
    return row < cluster.to;
}

static fallible find_mask(const struct gathering *it, struct hand *hand)
{
    const struct source *source = it->source;

    if (hand->mask || history_mask_ready(source->history, hand->file, source, &hand->mask))
        return OK;
    return it->wish->may_wait ? history_mask(source->history, hand->file, source, &hand->mask)
                              : ERR_BUSY;
}

/* The rows of the stripe that do not count; NULL: all do. */
static const uint64_t *masked(const struct hand *hand)
{
    return hand->mask->masked ? hand->mask->stripes[hand->stripe] : NULL;
}

/* Hers, and does it count? */
static bool is_hers(const struct gathering *it, const struct hand *hand, uint32_t row)
{
    if (mask_has(masked(hand), row))
        return false;
    return !it->is_mixed ||
           identity_person(it->source->identity, ((const node_id *)hand->nodes.data)[row]) ==
               it->wish->person;
}

/* From `row` on; `times` is NULL where all of them are wanted and nobody asks when. */
static fallible take_from(struct gathering *it, const struct hand *hand, struct cluster cluster,
                          uint32_t row, const millis *times)
{
    const struct trail_wish *wish = it->wish;
    struct trail found = {0};
    size_t most = cluster.to - row < wish->most ? cluster.to - row : wish->most;

    found.events = arena_array(it->mem, most + 1, sizeof *found.events);
    if (!found.events)
        return arena_exhausted();
    if (!times || times[cluster.from] <= wish->as_of)
        found.events_read =
            cluster.to - cluster.from - mask_count(masked(hand), cluster.from, cluster.to);
    for (; row < cluster.to && found.count < most && (!times || times[row] <= wish->as_of); row++)
        if (is_hers(it, hand, row))
            found.events[found.count++] =
                (struct trail_event){times ? times[row] : TRAIL_UNTOLD, seq_of(hand, row)};
    return trail_join(&it->trail, &found, wish->most, it->mem);
}

static fallible take_rows(struct gathering *it, struct hand *hand, struct cluster cluster)
{
    uint32_t row;

    TRY(find_mask(it, hand));
    if (!hand->is_kept && !hand->seqs.data)
        TRY(hold(it, hand, COLUMNS_SEQS, &hand->seqs));
    if (it->is_mixed && !hand->nodes.data)
        TRY(hold(it, hand, COLUMNS_NODES, &hand->nodes));
    if (it->is_alone && columns_stripe(hand->columns, hand->stripe)->last_time <= it->wish->as_of &&
        find_row_behind(it, hand, cluster, &row))
        return take_from(it, hand, cluster, row, NULL);
    if (!hand->times.data)
        TRY(hold(it, hand, COLUMNS_TIMES, &hand->times));
    return take_from(it, hand, cluster, find_row(it, hand, cluster), hand->times.data);
}

static fallible turn_to(const struct gathering *it, struct hand *hand, uint32_t stripe)
{
    release(hand);
    hand->stripe = stripe;
    hand->is_held = true;
    hand->is_kept = columns_seqs_find(hand->columns, stripe, &hand->kept);
    if (hand->is_kept)
        return OK;
    TRY(hold(it, hand, COLUMNS_PERSONS, &hand->persons));
    TRY(hold(it, hand, COLUMNS_FIRST, &hand->first));
    hand->kept = (struct columns_seqs){.persons = hand->persons.data, .first = hand->first.data};
    return OK;
}

static fallible find_cluster(const struct gathering *it, struct hand *hand, node_id name,
                             struct cluster *out_cluster)
{
    uint32_t stripe = columns_find_stripe(hand->columns, name), count, at;

    *out_cluster = (struct cluster){0, 0};
    if (stripe == columns_about(hand->columns)->stripes ||
        columns_stripe(hand->columns, stripe)->first_person > name)
        return OK;
    if (!hand->is_held || hand->stripe != stripe)
        TRY(turn_to(it, hand, stripe));
    count = columns_stripe(hand->columns, stripe)->persons;
    at = columns_find_person(hand->kept.persons, count, name);
    if (at < count && hand->kept.persons[at] == name)
        *out_cluster = (struct cluster){hand->kept.first[at], hand->kept.first[at + 1]};
    return OK;
}

/* Counts clusters with rows, and takes them unless that is all. */
static fallible go_through(struct gathering *it, size_t file, size_t *clusters)
{
    struct hand hand = {.columns = history_file(it->source->history, file), .file = file};
    enum err err = OK;

    for (size_t i = 0; !err && i < it->name_count; i++) {
        struct cluster cluster;

        err = find_cluster(it, &hand, it->names[i], &cluster);
        if (err || cluster.from == cluster.to)
            continue;
        if (clusters)
            ++*clusters;
        else
            err = take_rows(it, &hand, cluster);
    }
    release(&hand);
    return err;
}

static fallible take_files(struct gathering *it)
{
    const struct history *history = it->source->history;
    size_t clusters = 0;

    TRY(find_names(it));
    if (it->wish->is_alone && !it->trail.count) {
        for (size_t i = 0; i < history_count(history); i++)
            TRY(go_through(it, i, &clusters));
        it->is_alone = clusters == 1;
    }
    for (size_t i = 0; i < history_count(history); i++)
        TRY(go_through(it, i, NULL));
    return OK;
}

/* Memory */

static fallible take_memory(struct gathering *it)
{
    const struct trail_wish *wish = it->wish;
    struct source_room room = {.most = wish->may_wait ? 0 : AT_ONCE_EVENTS};
    struct source_person person;
    struct trail found = {0};
    enum err err = source_person(it->source, &room, wish->person, wish->as_of, &person);
    size_t at = 0, most;

    if (!err) {
        while (at < person.count && !trail_is_before(wish->after_time, wish->after_seq,
                                                     person.events[at].time, person.events[at].seq))
            at++;
        most = person.count - at < wish->most ? person.count - at : wish->most;
        found.events_read = person.count;
        found.events = arena_array(it->mem, most + 1, sizeof *found.events);
        err = found.events ? OK : arena_exhausted();
        for (; !err && found.count < most; at++)
            found.events[found.count++] =
                (struct trail_event){person.events[at].time, person.events[at].seq};
        if (!err)
            err = trail_join(&it->trail, &found, wish->most, it->mem);
    }
    source_room_done(&room);
    return err == ERR_ABSENT ? OK : err;
}

fallible trail_read(const struct source *source, const struct trail_wish *wish, struct arena *mem,
                    struct trail *out_trail)
{
    struct gathering it = {.source = source, .wish = wish, .mem = mem};

    TRY(take_memory(&it));
    if (source->history && history_count(source->history))
        TRY(take_files(&it));
    *out_trail = it.trail;
    return OK;
}

/* The mask that most questions want. What is damaged is told by who needs it. */
static bool prepare_mask(const struct source *source, size_t file)
{
    const struct mask_rows *rows;

    return !history_mask_ready(source->history, file, source, &rows) &&
           history_mask(source->history, file, source, &rows) == OK;
}

bool trail_prepare(struct events *events)
{
    struct source source;
    bool goes_on = false;

    events_begin(events, &source);
    machines_leave(&source);
    for (size_t i = 0; source.history && !goes_on && i < history_count(source.history); i++)
        goes_on = columns_seqs_step(history_file(source.history, i)) || prepare_mask(&source, i);
    events_end(events);
    return goes_on;
}
