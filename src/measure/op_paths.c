/* op_paths.c - what people do next: the events that follow an event, as paths with their counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A path is a fixed number of names, so a person is walked once: the names she may take part with
 * are laid out in order, and every "after" event is a place in that row.
 */
#include "base/json.h"
#include "measure/operator.h"

#include <stdlib.h>
#include <string.h>

enum { AFTER, STEPS, AMONG };
enum { DEFAULT_STEPS = 3, DEFAULT_LIMIT = 20, FIRST_SLOTS = 256 };

static const struct query_param params[] = {
    [AFTER] = {.name = "after",
               .type = PARAM_EVENT,
               .is_required = true,
               .help = "the event that paths begin behind: a name, \"*\" or {\"event\",\"where\"}"},
    [STEPS] = {.name = "steps",
               .type = PARAM_NUMBER,
               .help = "how many events a path has, 3 unless told",
               .least = 1,
               .most = QUERY_STEPS},
    [AMONG] = {.name = "among",
               .type = PARAM_EVENTS,
               .help = "the events that paths are made of; \"*\" unless told"},
};

struct paths {
    scan_marks after;
    scan_marks among;
    size_t steps;
};

struct path {
    uint64_t count;
    uint32_t people;
    node_id last_person; /* persons come one after the other: a new one is not the last */
    text_code names[];
};

struct path_slot {
    uint64_t hash;
    struct path *path; /* NULL: free */
};

struct paths_state {
    struct path_slot *slots; /* a power of two */
    size_t slot_count;
    size_t count;
    /* Of one person. */
    text_code *names; /* of her events that paths are made of */
    uint32_t *starts; /* where in them the paths begin */
    uint64_t *hashes; /* of the paths that begin there */
    size_t room;
};

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    static const struct query_event any = {.name = {"*", 1}};
    const struct query_argument *arguments = shared->query->arguments;
    const struct query_argument *among = &arguments[AMONG];
    struct paths *paths = arena_take(mem, sizeof *paths);

    if (!paths)
        return operator_exhausted();
    paths->steps = arguments[STEPS].is_given ? (size_t)arguments[STEPS].number : DEFAULT_STEPS;
    scan_plan_names(shared->plan);
    TRY(scan_plan_mark(shared->plan, arguments[AFTER].events, 1, SCAN_IN_RANGE | SCAN_WHERE,
                       &paths->after));
    TRY(scan_plan_mark(shared->plan, among->event_count ? among->events : &any,
                       among->event_count ? among->event_count : 1, SCAN_BEFORE_END,
                       &paths->among));
    shared->compiled = paths;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    struct paths_state *state = arena_take(worker->mem, sizeof *state);

    if (state)
        state->slots = arena_array(worker->mem, FIRST_SLOTS, sizeof *state->slots);
    if (!state || !state->slots)
        return operator_exhausted();
    state->slot_count = FIRST_SLOTS;
    *out_state = state;
    return OK;
}

/* The table of paths. */

static uint64_t hash_of(const text_code *names, size_t steps)
{
    uint64_t hash = steps;

    for (size_t i = 0; i < steps; i++) {
        hash = (hash ^ names[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static fallible grow(const struct operator_worker *worker, struct paths_state *state)
{
    size_t count = state->slot_count * 2;
    struct path_slot *slots = arena_array(worker->mem, count, sizeof *slots);

    if (!slots)
        return operator_exhausted();
    for (size_t i = 0; i < state->slot_count; i++) {
        size_t at = state->slots[i].hash & (count - 1);

        if (!state->slots[i].path)
            continue;
        while (slots[at].path)
            at = (at + 1) & (count - 1);
        slots[at] = state->slots[i];
    }
    state->slots = slots;
    state->slot_count = count;
    return OK;
}

static bool is_same(const text_code *a, const text_code *b, size_t steps)
{
    size_t i = 0;

    while (i < steps && a[i] == b[i])
        i++;
    return i == steps;
}

/* The path of these names, made if need be. */
static fallible get_path(const struct operator_worker *worker, struct paths_state *state,
                         const text_code *names, uint64_t hash, struct path **out_path)
{
    const struct paths *paths = worker->shared->compiled;
    size_t bytes = paths->steps * sizeof *names;
    struct path_slot *slot;

    if (state->count * 4 >= state->slot_count * 3)
        TRY(grow(worker, state));
    slot = &state->slots[hash & (state->slot_count - 1)];
    while (slot->path && (slot->hash != hash || !is_same(slot->path->names, names, paths->steps)))
        slot = slot + 1 < state->slots + state->slot_count ? slot + 1 : state->slots;
    if (!slot->path) {
        slot->path = arena_take(worker->mem, sizeof *slot->path + bytes);
        if (!slot->path)
            return operator_exhausted();
        slot->hash = hash;
        memcpy(slot->path->names, names, bytes);
        state->count++;
    }
    *out_path = slot->path;
    return OK;
}

/* Counting. */

static fallible make_room(const struct operator_worker *worker, struct paths_state *state,
                          size_t hits)
{
    size_t room = hits > SCAN_BATCH_HITS ? hits * 2 : SCAN_BATCH_HITS;

    if (hits <= state->room)
        return OK;
    state->names = arena_array(worker->mem, room, sizeof *state->names);
    state->starts = arena_array(worker->mem, room, sizeof *state->starts);
    state->hashes = arena_array(worker->mem, room, sizeof *state->hashes);
    state->room = state->names && state->starts && state->hashes ? room : 0;
    return state->room ? OK : operator_exhausted();
}

static fallible add_person(const struct operator_worker *worker, struct paths_state *state,
                           const struct scan_batch *batch, size_t person)
{
    const struct paths *paths = worker->shared->compiled;
    uint32_t first = batch->first[person], end = batch->end[person];
    uint32_t length = 0, starts = 0, found = 0;
    struct path *path;

    TRY(make_room(worker, state, end - first));
    for (uint32_t i = first; i < end; i++) {
        state->names[length] = batch->names[i];
        length += (batch->marks[i] & paths->among) != 0;
        /* Behind itself, should it be one of them. */
        state->starts[starts] = length;
        starts += (batch->marks[i] & paths->after) != 0;
    }
    for (; found < starts && state->starts[found] + paths->steps <= length; found++) {
        uint64_t hash = hash_of(state->names + state->starts[found], paths->steps);

        state->hashes[found] = hash;
        __builtin_prefetch(&state->slots[hash & (state->slot_count - 1)]);
    }
    for (uint32_t i = 0; i < found; i++) {
        TRY(get_path(worker, state, state->names + state->starts[i], state->hashes[i], &path));
        path->count++;
        path->people += path->last_person != batch->ids[person];
        path->last_person = batch->ids[person];
    }
    return OK;
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    for (size_t i = 0; i < batch->persons; i++)
        TRY(add_person(worker, state, batch, i));
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    const struct paths_state *from = other;
    struct path *path;

    for (size_t i = 0; i < from->slot_count; i++) {
        const struct path_slot *slot = &from->slots[i];

        if (!slot->path)
            continue;
        TRY(get_path(worker, state, slot->path->names, slot->hash, &path));
        path->count += slot->path->count;
        path->people += slot->path->people;
    }
    return OK;
}

/* Finishing. */

struct ranked {
    uint64_t count;
    const struct path *path;
    const struct operator_shared *shared;
};

/* The largest counts first, ties by the bytes of the first names that differ. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    const struct paths *paths = left->shared->compiled;
    size_t i = 0;

    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    while (i + 1 < paths->steps && left->path->names[i] == right->path->names[i])
        i++;
    return str_compare(source_text(left->shared->source, left->path->names[i]),
                       source_text(right->shared->source, right->path->names[i]));
}

static fallible write_path(const struct operator_shared *shared, const struct path *path,
                           struct json_writer *out)
{
    const struct paths *paths = shared->compiled;

    json_open(out, '{');
    json_key(out, S("events"));
    json_open(out, '[');
    for (size_t i = 0; i < paths->steps; i++)
        json_text(out, source_text(shared->source, path->names[i]));
    json_shut(out, ']');
    json_key(out, S("people"));
    json_u64(out, path->people);
    json_key(out, S("count"));
    json_u64(out, path->count);
    json_shut(out, '}');
    return operator_check_answer(shared, out);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct operator_shared *shared = worker->shared;
    const struct paths_state *own = state;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : DEFAULT_LIMIT;
    struct ranked *ranks = arena_array(worker->mem, own->count + 1, sizeof *ranks);
    size_t count = 0;

    if (!ranks)
        return operator_exhausted();
    for (size_t i = 0; i < own->slot_count; i++)
        if (own->slots[i].path)
            ranks[count++] = (struct ranked){own->slots[i].path->count, own->slots[i].path, shared};
    if (count)
        qsort(ranks, count, sizeof *ranks, by_rank);
    json_key(out, S("paths"));
    json_open(out, '[');
    for (size_t i = 0; i < count && i < limit; i++)
        TRY(write_path(shared, ranks[i].path, out));
    json_shut(out, ']');
    out_totals->dropped = count > limit ? count - limit : 0;
    return OK;
}

const struct operator op_paths = {
    .kind = "paths",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .compile = compile,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
