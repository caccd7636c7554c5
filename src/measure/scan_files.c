/* scan_files.c - makes ready for a question what its scanners share: views, strays, who is where.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_files.h"

#include "measure/history.h"
#include "people/identity.h"

#include <stdlib.h>
#include <string.h>

struct maker {
    struct scan_files *files;
    struct arena *mem;
    const struct source *source;
    uint64_t *dirty;
    struct scan_stray *strays;
    size_t stray_room;
};

static uint64_t *new_bits(const struct maker *maker)
{
    return arena_array(maker->mem, maker->files->end / 64 + 1u, sizeof(uint64_t));
}

static void set(uint64_t *bits, node_id node)
{
    bits[node / 64] |= UINT64_C(1) << node % 64;
}

/* The persons of the nodes that have events in memory. */
static fallible find_in_memory(struct maker *maker)
{
    const struct source *source = maker->source;
    uint64_t *bits = new_bits(maker);

    if (!bits)
        return arena_exhausted();
    for (size_t i = 0; i < source->active_count; i++)
        set(bits, identity_person(source->identity, source->active[i]));
    maker->files->in_memory = bits;
    return OK;
}

static void set_person(struct maker *maker, node_id node)
{
    node_id at = node;

    do {
        set(maker->dirty, at);
        at = identity_next(maker->source->identity, at);
    } while (at != node && !scan_files_has(maker->dirty, at));
}

/* Whoever was joined or parted since some file was written, on both sides: wherever a file has put
 * her rows, its cluster is named by one of these nodes. */
static fallible find_dirty(struct maker *maker)
{
    const struct source *source = maker->source;
    uint64_t since = history_identity_seq(source->history);

    for (size_t i = 0; i < source->change_count; i++) {
        if (source->changes[i].seq < since)
            continue;
        if (!maker->dirty)
            maker->dirty = new_bits(maker);
        if (!maker->dirty)
            return arena_exhausted();
        set_person(maker, source->changes[i].a);
        set_person(maker, source->changes[i].b);
    }
    maker->files->dirty = maker->dirty;
    return OK;
}

/* Strays. */

struct cluster {
    struct columns *columns;
    uint32_t file;
    uint32_t stripe;
    const uint64_t *deleted; /* rows; NULL: none */
    struct columns_block persons, first, nodes, times, seqs;
};

static void release(struct cluster *cluster)
{
    columns_release(cluster->columns, &cluster->persons);
    columns_release(cluster->columns, &cluster->first);
    columns_release(cluster->columns, &cluster->nodes);
    columns_release(cluster->columns, &cluster->times);
    columns_release(cluster->columns, &cluster->seqs);
}

static fallible hold(struct cluster *cluster)
{
    struct columns *columns = cluster->columns;

    TRY(columns_hold(columns, cluster->stripe, COLUMNS_PERSONS, &cluster->persons));
    TRY(columns_hold(columns, cluster->stripe, COLUMNS_FIRST, &cluster->first));
    TRY(columns_hold(columns, cluster->stripe, COLUMNS_NODES, &cluster->nodes));
    TRY(columns_hold(columns, cluster->stripe, COLUMNS_TIMES, &cluster->times));
    return columns_hold(columns, cluster->stripe, COLUMNS_SEQS, &cluster->seqs);
}

static fallible add_stray(struct maker *maker, const struct scan_stray *stray)
{
    struct scan_files *files = maker->files;

    if (files->stray_count == maker->stray_room) {
        size_t room = maker->stray_room ? maker->stray_room * 2 : 1024;
        struct scan_stray *strays = arena_array(maker->mem, room, sizeof *strays);

        if (!strays)
            return fail(ERR_LIMIT, "too many persons were joined lately for the memory of a "
                                   "question: ask again when their events have been put together");
        if (files->stray_count)
            memcpy(strays, maker->strays, files->stray_count * sizeof *strays);
        maker->strays = strays;
        maker->stray_room = room;
    }
    maker->strays[files->stray_count++] = *stray;
    return OK;
}

static fallible add_cluster(struct maker *maker, const struct cluster *cluster, uint32_t person)
{
    const uint32_t *first = cluster->first.data;
    const node_id *nodes = cluster->nodes.data;
    const millis *times = cluster->times.data;
    const uint64_t *seqs = cluster->seqs.data;

    for (uint32_t row = first[person]; row < first[person + 1]; row++) {
        struct scan_stray stray = {
            times[row],    seqs[row],       identity_person(maker->source->identity, nodes[row]),
            cluster->file, cluster->stripe, row};

        if (!mask_has(cluster->deleted, row) && stray.time <= maker->files->plan->bounds.as_of)
            TRY(add_stray(maker, &stray));
    }
    return OK;
}

static fallible add_stripe(struct maker *maker, struct cluster *cluster)
{
    const struct columns_stripe *stripe = columns_stripe(cluster->columns, cluster->stripe);
    bool is_held = false;
    enum err err = OK;

    for (node_id word = stripe->first_person / 64; !is_held && word <= stripe->last_person / 64;
         word++)
        is_held = maker->dirty[word] != 0;
    if (!is_held)
        return OK;
    err = hold(cluster);
    for (uint32_t i = 0; !err && i < stripe->persons; i++)
        if (scan_files_has(maker->dirty, ((const node_id *)cluster->persons.data)[i]))
            err = add_cluster(maker, cluster, i);
    release(cluster);
    return err;
}

static int by_order(const void *a, const void *b)
{
    const struct scan_stray *left = a;
    const struct scan_stray *right = b;

    if (left->person != right->person)
        return left->person < right->person ? -1 : 1;
    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static fallible find_strays(struct maker *maker)
{
    struct scan_files *files = maker->files;

    if (!maker->dirty)
        return OK;
    for (uint32_t i = 0; i < files->count; i++) {
        struct columns *columns = files->views[i].columns;

        for (uint32_t k = 0; k < columns_about(columns)->stripes; k++) {
            struct cluster cluster = {.columns = columns,
                                      .file = i,
                                      .stripe = k,
                                      .deleted = scan_files_deleted(files, i, k)};

            TRY(add_stripe(maker, &cluster));
        }
    }
    if (files->stray_count)
        qsort(maker->strays, files->stray_count, sizeof *maker->strays, by_order);
    files->strays = maker->strays;
    return OK;
}

/* Room for what the dictionaries of all files have of each slot. */
static fallible make_values(struct maker *maker)
{
    struct scan_files *files = maker->files;
    const struct scan_plan *plan = files->plan;

    files->values = arena_array(maker->mem, plan->slot_count + 1u, sizeof *files->values);
    if (!files->values)
        return arena_exhausted();
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct scan_slot *slot = &plan->slots[i];
        size_t room = 1;

        for (uint32_t k = 0; k < files->count && !slot->property.is_trait; k++) {
            struct columns *columns = history_file(maker->source->history, k);
            uint32_t property = columns_find(columns, matcher_path(slot->path));
            const struct columns_value *values;
            uint32_t count = 0;

            if (property != COLUMNS_NONE)
                TRY(columns_dictionary(columns, property, &values, &count));
            room += count;
        }
        if (room > UINT32_MAX / 2)
            return fail(ERR_LIMIT, "a property has too many different values for one question");
        files->values[i].values = arena_array(maker->mem, room, sizeof *files->values[i].values);
        if (!files->values[i].values)
            return arena_exhausted();
        files->values[i].count = 1; /* null */
    }
    return OK;
}

fallible scan_files_prepare(const struct scan_plan *plan, const struct scan_files **out_files)
{
    const struct source *source = plan->source;
    struct scan_files *files = arena_take(plan->mem, sizeof *files);
    struct maker maker = {.files = files, .mem = plan->mem, .source = source};

    if (!files)
        return arena_exhausted();
    *files = (struct scan_files){
        .plan = plan, .count = (uint32_t)history_count(source->history), .end = source_end(source)};
    if (files->count > SCAN_MOST_FILES)
        return fail(ERR_LIMIT, "over %d column files: they are being put together, ask again",
                    SCAN_MOST_FILES);
    files->views = arena_array(plan->mem, files->count + 1u, sizeof *files->views);
    files->masks = arena_array(plan->mem, files->count + 1u, sizeof *files->masks);
    if (!files->views || !files->masks)
        return arena_exhausted();
    TRY(make_values(&maker));
    for (uint32_t i = 0; i < files->count; i++) {
        TRY(scan_view_make(plan, history_file(source->history, i), files->values,
                           &files->views[i]));
        TRY(history_mask(source->history, i, source->deleted, &files->masks[i]));
    }
    TRY(find_in_memory(&maker));
    TRY(find_dirty(&maker));
    TRY(find_strays(&maker));
    *out_files = files;
    return OK;
}
