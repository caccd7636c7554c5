/* trail.c - a person's events gathered from her clusters in the files and from memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/trail.h"

#include "base/arena.h"
#include "measure/history.h"
#include "people/identity.h"
#include "store/deleted.h"

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
    bool is_mixed;    /* under these names there are rows of others, too */
    bool has_deleted; /* some events are */
};

/* What is held of a file. */
struct hand {
    struct columns *columns;
    uint32_t stripe;
    bool is_held;
    struct columns_block persons, first, kinds, times, seqs, nodes;
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
    columns_release(hand->columns, &hand->kinds);
    columns_release(hand->columns, &hand->times);
    columns_release(hand->columns, &hand->seqs);
    columns_release(hand->columns, &hand->nodes);
    hand->is_held = false;
}

/* The first of the rows [from, to) that is wanted. */
static uint32_t find_row(const struct gathering *it, const struct hand *hand, uint32_t from,
                         uint32_t to)
{
    const millis *times = hand->times.data;
    const uint64_t *seqs = hand->seqs.data;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;

        if (trail_is_before(it->wish->after_time, it->wish->after_seq, times[middle], seqs[middle]))
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

static bool is_deleted(const struct gathering *it, const struct hand *hand, uint32_t row)
{
    return it->has_deleted &&
           deleted_has(it->source->deleted, ((const uint64_t *)hand->seqs.data)[row]);
}

static uint64_t count_left(const struct gathering *it, const struct hand *hand, uint32_t from,
                           uint32_t to)
{
    uint64_t count = to - from;

    for (uint32_t row = from; it->has_deleted && row < to; row++)
        count -= is_deleted(it, hand, row);
    return count;
}

/* Hers, and not deleted? */
static bool is_hers(const struct gathering *it, const struct hand *hand, uint32_t row)
{
    if (is_deleted(it, hand, row))
        return false;
    return !it->is_mixed ||
           identity_person(it->source->identity, ((const node_id *)hand->nodes.data)[row]) ==
               it->wish->person;
}

static fallible take_rows(struct gathering *it, const struct hand *hand, uint32_t from, uint32_t to)
{
    const millis *times = hand->times.data;
    const uint64_t *seqs = hand->seqs.data;
    struct trail found = {0};
    uint32_t row = find_row(it, hand, from, to);
    size_t most = to - row < it->wish->most ? to - row : it->wish->most;

    found.events = arena_array(it->mem, most + 1, sizeof *found.events);
    if (!found.events)
        return arena_exhausted();
    found.events_read = times[from] <= it->wish->as_of ? count_left(it, hand, from, to) : 0;
    for (; row < to && found.count < most && times[row] <= it->wish->as_of; row++)
        if (is_hers(it, hand, row))
            found.events[found.count++] = (struct trail_event){
                times[row], seqs[row],
                columns_kind(hand->columns, columns_item(&hand->kinds, row))->type};
    return trail_join(&it->trail, &found, it->wish->most, it->mem);
}

/* The rows under one name. */
static fallible take_cluster(struct gathering *it, struct hand *hand, node_id name)
{
    uint32_t stripe = columns_find_stripe(hand->columns, name), count, at;
    const uint32_t *first;

    if (stripe == columns_about(hand->columns)->stripes ||
        columns_stripe(hand->columns, stripe)->first_person > name)
        return OK;
    if (!hand->is_held || hand->stripe != stripe) {
        release(hand);
        hand->stripe = stripe;
        hand->is_held = true;
        TRY(hold(it, hand, COLUMNS_PERSONS, &hand->persons));
    }
    count = columns_stripe(hand->columns, stripe)->persons;
    at = columns_find_person(hand->persons.data, count, name);
    if (at == count || ((const node_id *)hand->persons.data)[at] != name)
        return OK;
    if (!hand->first.data) {
        TRY(hold(it, hand, COLUMNS_FIRST, &hand->first));
        TRY(hold(it, hand, COLUMNS_KINDS, &hand->kinds));
        TRY(hold(it, hand, COLUMNS_TIMES, &hand->times));
        TRY(hold(it, hand, COLUMNS_SEQS, &hand->seqs));
        if (it->is_mixed)
            TRY(hold(it, hand, COLUMNS_NODES, &hand->nodes));
    }
    first = hand->first.data;
    return take_rows(it, hand, first[at], first[at + 1]);
}

static fallible take_file(struct gathering *it, struct columns *columns)
{
    struct hand hand = {.columns = columns};
    enum err err = OK;

    for (size_t i = 0; !err && i < it->name_count; i++)
        err = take_cluster(it, &hand, it->names[i]);
    release(&hand);
    return err;
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
            found.events[found.count++] = (struct trail_event){
                person.events[at].time, person.events[at].seq, person.events[at].type};
        if (!err)
            err = trail_join(&it->trail, &found, wish->most, it->mem);
    }
    source_room_done(&room);
    return err == ERR_ABSENT ? OK : err;
}

fallible trail_read(const struct source *source, const struct trail_wish *wish, struct arena *mem,
                    struct trail *out_trail)
{
    struct gathering it = {.source = source,
                           .wish = wish,
                           .mem = mem,
                           .has_deleted = deleted_count(source->deleted, 0, UINT64_MAX) > 0};

    if (source->history && history_count(source->history)) {
        TRY(find_names(&it));
        for (size_t i = 0; i < history_count(source->history); i++)
            TRY(take_file(&it, history_file(source->history, i)));
    }
    TRY(take_memory(&it));
    *out_trail = it.trail;
    return OK;
}
