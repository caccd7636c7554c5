/* strays.c - looks only at the clusters that joins and undos can have touched.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A join or an undo has its ends, on whichever side they were left, in the rings of all whom it
 * touched. So a cluster whose rows belong to others than before is either named by a node of such
 * a ring, or was a stray's already, of a person in one.
 */
#include "measure/strays.h"

#include "base/mem.h"
#include "measure/source.h"
#include "people/identity.h"
#include "store/columns.h"
#include "sys/thread.h"

#include <stdlib.h>

enum { MOST_RUNS = 4 << 20, FIRST_ROOM = 256 };

struct strays {
    struct mutex *lock;
    bool is_begun;
    uint64_t next_seq; /* changes below it have been followed */
    struct strays_run *runs;
    uint64_t *moved;
    struct strays_rows rows;
};

struct update {
    struct columns *columns;
    const struct source *source;
    bool is_grown;     /* persons have only become larger: a cluster has one owner */
    uint64_t *touched; /* by node: the cluster of that name is looked at */
    struct strays_run *runs;
    size_t count, room;
};

/* The stripe that is looked at. */
struct place {
    uint32_t stripe;
    struct columns_block persons, first, nodes;
};

static bool has(const uint64_t *bits, node_id node)
{
    return bits[node / 64] >> node % 64 & 1;
}

static void set(uint64_t *bits, node_id node)
{
    bits[node / 64] |= UINT64_C(1) << node % 64;
}

struct strays *strays_open(void)
{
    struct strays *strays = mem_alloc(sizeof *strays);

    if (!strays)
        return NULL;
    strays->lock = mutex_open();
    if (strays->lock)
        return strays;
    mem_free(strays);
    return NULL;
}

void strays_close(struct strays *strays)
{
    if (!strays)
        return;
    mem_free(strays->runs);
    mem_free(strays->moved);
    mutex_close(strays->lock);
    mem_free(strays);
}

/* Which clusters */

static void touch_person(struct update *update, node_id node)
{
    while (!has(update->touched, node)) {
        set(update->touched, node);
        node = identity_next(update->source->identity, node);
    }
}

static void touch(struct update *update, const struct strays *strays, size_t from)
{
    const struct source *source = update->source;

    for (size_t i = from; i < source->change_count; i++) {
        touch_person(update, source->changes[i].a);
        touch_person(update, source->changes[i].b);
    }
    for (size_t i = 0; i < strays->rows.count; i++)
        if (has(update->touched, strays->runs[i].person))
            set(update->touched, strays->runs[i].cluster);
}

/* Where both ends of every change are one person's, nobody was parted who still is. */
static bool are_one(const struct source *source, size_t from)
{
    for (size_t i = from; i < source->change_count; i++)
        if (identity_person(source->identity, source->changes[i].a) !=
            identity_person(source->identity, source->changes[i].b))
            return false;
    return true;
}

/* Whose their rows are */

static fallible add_run(struct update *update, const struct strays_run *run)
{
    if (update->count == update->room) {
        size_t room = update->room ? update->room * 2 : FIRST_ROOM;
        struct strays_run *runs =
            room > MOST_RUNS ? NULL : mem_grow(update->runs, room * sizeof *runs);

        if (room > MOST_RUNS)
            return fail(ERR_LIMIT, "too many persons were joined lately: ask again when their "
                                   "events have been put together");
        if (!runs)
            return mem_exhausted();
        update->runs = runs;
        update->room = room;
    }
    update->runs[update->count++] = *run;
    return OK;
}

static fallible hold_rows(const struct update *update, struct place *place)
{
    if (!place->first.data)
        TRY(columns_hold(update->columns, place->stripe, COLUMNS_FIRST, &place->first));
    if (!update->is_grown && !place->nodes.data)
        TRY(columns_hold(update->columns, place->stripe, COLUMNS_NODES, &place->nodes));
    return OK;
}

static fallible add_cluster(struct update *update, struct place *place, uint32_t at)
{
    const struct identity *identity = update->source->identity;
    node_id cluster = ((const node_id *)place->persons.data)[at], last = cluster;
    struct strays_run run = {.cluster = cluster, .stripe = place->stripe};
    const node_id *nodes;
    uint32_t first, end;

    TRY(hold_rows(update, place));
    first = ((const uint32_t *)place->first.data)[at];
    end = ((const uint32_t *)place->first.data)[at + 1];
    nodes = place->nodes.data;
    run.person = identity_person(identity, cluster);
    run.first = first;
    for (uint32_t row = first; nodes && row < end; row++) {
        node_id person = nodes[row] == last ? run.person : identity_person(identity, nodes[row]);

        last = nodes[row];
        if (person == run.person)
            continue;
        run.is_part = true;
        run.end = row & INT32_MAX;
        if (row > run.first)
            TRY(add_run(update, &run));
        run.person = person;
        run.first = row;
    }
    run.is_part = run.first > first;
    run.end = end & INT32_MAX;
    return add_run(update, &run);
}

static void release(const struct update *update, struct place *place)
{
    columns_release(update->columns, &place->persons);
    columns_release(update->columns, &place->first);
    columns_release(update->columns, &place->nodes);
}

static fallible look_at_stripe(struct update *update, uint32_t number)
{
    const struct columns_stripe *stripe = columns_stripe(update->columns, number);
    struct place place = {.stripe = number};
    bool is_touched = false;
    enum err err;

    for (node_id word = stripe->first_person / 64; !is_touched && word <= stripe->last_person / 64;
         word++)
        is_touched = update->touched[word] != 0;
    if (!is_touched)
        return OK;
    err = columns_hold(update->columns, number, COLUMNS_PERSONS, &place.persons);
    for (uint32_t i = 0; !err && i < stripe->persons; i++)
        if (has(update->touched, ((const node_id *)place.persons.data)[i]))
            err = add_cluster(update, &place, i);
    release(update, &place);
    return err;
}

static int by_order(const void *a, const void *b)
{
    const struct strays_run *left = a;
    const struct strays_run *right = b;

    if (left->person != right->person)
        return left->person < right->person ? -1 : 1;
    if (left->stripe != right->stripe)
        return left->stripe < right->stripe ? -1 : 1;
    return left->first < right->first ? -1 : left->first > right->first;
}

/* The whole */

/* Runs of one person, the last of all so far: a cluster of hers that stands where it should, and
 * nothing else, is left to those who read the file as it stands. */
static size_t end_person(struct strays_run *runs, size_t first, size_t count)
{
    bool is_in_place =
        count == first + 1 && runs[first].cluster == runs[first].person && !runs[first].is_part;

    return is_in_place ? first : count;
}

/* What was known of other clusters, and what was found of these. */
static size_t merge(const struct strays *strays, const struct update *update,
                    struct strays_run *out)
{
    size_t old = 0, fresh = 0, count = 0, first = 0;

    for (;;) {
        const struct strays_run *next;

        while (old < strays->rows.count && has(update->touched, strays->runs[old].cluster))
            old++;
        if (old == strays->rows.count && fresh == update->count)
            return end_person(out, first, count);
        if (fresh == update->count ||
            (old < strays->rows.count && by_order(&strays->runs[old], &update->runs[fresh]) < 0))
            next = &strays->runs[old++];
        else
            next = &update->runs[fresh++];
        if (count > first && out[first].person != next->person)
            first = count = end_person(out, first, count);
        out[count++] = *next;
    }
}

static fallible take_in(struct strays *strays, const struct update *update)
{
    uint32_t stripes = columns_about(update->columns)->stripes;
    node_id last = columns_stripe(update->columns, stripes - 1)->last_person;
    struct strays_run *runs =
        mem_grow(NULL, (strays->rows.count + update->count + 1) * sizeof *runs);
    uint64_t *moved = mem_alloc((last / 64 + 1u) * sizeof *moved);
    struct strays_rows rows = {.moved = moved};
    struct strays_run *smaller;

    if (!runs || !moved) {
        mem_free(runs);
        mem_free(moved);
        return mem_exhausted();
    }
    rows.count = merge(strays, update, runs);
    smaller = mem_grow(runs, (rows.count + 1) * sizeof *runs);
    rows.runs = runs = smaller ? smaller : runs;
    for (size_t i = 0; i < rows.count; i++) {
        set(moved, runs[i].cluster);
        rows.rows += runs[i].end - runs[i].first;
    }
    if (!rows.count)
        rows.moved = NULL;
    mem_free(strays->runs);
    mem_free(strays->moved);
    strays->runs = runs;
    strays->moved = moved;
    strays->rows = rows;
    return OK;
}

static fallible follow(struct strays *strays, struct columns *columns, const struct source *source,
                       size_t from)
{
    struct update update = {.columns = columns, .source = source};
    uint32_t stripes = columns_about(columns)->stripes;
    enum err err = OK;

    if (!stripes)
        return OK;
    update.is_grown = !strays->rows.count && are_one(source, from);
    update.touched = mem_alloc((source_end(source) / 64 + 1u) * sizeof *update.touched);
    if (!update.touched)
        return mem_exhausted();
    touch(&update, strays, from);
    for (uint32_t i = 0; !err && i < stripes; i++)
        err = look_at_stripe(&update, i);
    if (!err && update.count)
        qsort(update.runs, update.count, sizeof *update.runs, by_order);
    if (!err)
        err = take_in(strays, &update);
    mem_free(update.runs);
    mem_free(update.touched);
    return err;
}

/* The first change that has not been followed. */
static size_t find_change(const struct source *source, uint64_t next_seq)
{
    size_t at = source->change_count;

    while (at && source->changes[at - 1].seq >= next_seq)
        at--;
    return at;
}

fallible strays_read(struct strays *strays, struct columns *columns, const struct source *source,
                     const struct strays_rows **out_rows)
{
    enum err err = OK;
    size_t from;

    mutex_lock(strays->lock);
    if (!strays->is_begun)
        strays->next_seq = columns_about(columns)->identity_seq;
    strays->is_begun = true;
    from = find_change(source, strays->next_seq);
    if (from < source->change_count) {
        err = follow(strays, columns, source, from);
        if (!err)
            strays->next_seq = source->changes[source->change_count - 1].seq + 1;
    }
    mutex_unlock(strays->lock);
    if (!err)
        *out_rows = &strays->rows;
    return err;
}

size_t strays_find(const struct strays_rows *rows, node_id person)
{
    size_t low = 0, count = rows->count;

    while (count) {
        size_t half = count / 2;

        if (rows->runs[low + half].person < person) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}
