/* op_paths.c - what people do next: the events that follow an event, as paths with their counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A path is a fixed number of names: whoever has an "after" event takes the next events that paths
 * are made of, which mostly stand right behind it.
 */
#include "base/json.h"
#include "measure/hit_bits.h"
#include "measure/operator.h"
#include "measure/path_table.h"

#include <stdlib.h>

enum { AFTER, STEPS, AMONG };
enum { DEFAULT_STEPS = 3, DEFAULT_LIMIT = 20 };

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
    uint32_t steps;
};

struct paths_state {
    struct path_table table;
    struct hit_bits after;
    struct hit_bits among;
    const struct scan_kinds *kinds; /* whose numbers these are; NULL: nobody's yet */
    uint32_t numbers[SCAN_KINDS];   /* of the names of kinds that paths are made of */
    uint32_t hits[QUERY_STEPS];     /* of one path */
};

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    static const struct query_event any = {.name = {"*", 1}};
    const struct query_argument *arguments = shared->query->arguments;
    const struct query_argument *among = &arguments[AMONG];
    struct paths *paths = arena_take(mem, sizeof *paths);

    if (!paths)
        return operator_exhausted();
    paths->steps = arguments[STEPS].is_given ? (uint32_t)arguments[STEPS].number : DEFAULT_STEPS;
    scan_plan_names(shared->plan);
    scan_plan_kinds(shared->plan);
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
    const struct paths *paths = worker->shared->compiled;
    struct paths_state *state = arena_take(worker->mem, sizeof *state);

    if (!state)
        return operator_exhausted();
    path_table_init(&state->table, worker->mem, paths->steps);
    *out_state = state;
    return OK;
}

/* Counting. */

/* Looks up the numbers of the kinds that paths are made of. */
static fallible take_kinds(const struct paths *paths, struct paths_state *state,
                           const struct scan_kinds *kinds)
{
    for (uint32_t i = 0; i < kinds->count; i++)
        if (kinds->marks[i] & paths->among)
            TRY(path_table_number(&state->table, kinds->names[i], &state->numbers[i]));
    state->kinds = kinds;
    return OK;
}

/* Finds the hits of the path behind the hit `after`; false: it has too few. */
static inline bool find_hits(const struct paths_state *state, uint32_t after, uint32_t end,
                             uint32_t *hits)
{
    uint32_t steps = state->table.steps, hit = after;

    for (uint32_t i = 0; i < steps; i++) {
        hit = hit_bits_next(&state->among, hit + 1, end);
        if (hit == end)
            return false;
        hits[i] = hit;
    }
    return true;
}

static fallible get_path(struct paths_state *state, const struct scan_batch *batch,
                         struct path **out_path)
{
    uint32_t numbers[QUERY_STEPS];

    for (uint32_t i = 0; i < state->table.steps; i++)
        if (batch->kinds_of)
            numbers[i] = state->numbers[batch->kinds[state->hits[i]]];
        else
            TRY(path_table_number(&state->table, batch->names[state->hits[i]], &numbers[i]));
    return path_table_get(&state->table, numbers, out_path);
}

/* The path of the kinds from `hit` on, if it has a place of its own. */
static inline struct path *find_place(const struct paths_state *state, const uint8_t *kinds)
{
    const struct path_table *table = &state->table;
    uint32_t bits = table->bits, code = 0;

    for (uint32_t i = 0; i < table->steps; i++)
        code = code << bits | state->numbers[kinds[i]];
    return table->places[code];
}

static inline void count(struct path *path, node_id person)
{
    path->count++;
    path->people += path->last_person != person;
    path->last_person = person;
}

static fallible add_person(struct paths_state *state, const struct scan_batch *batch, size_t person)
{
    uint32_t end = batch->end[person], steps = state->table.steps;
    uint32_t hit = batch->kinds_of ? batch->since[person] : batch->first[person];
    node_id id = batch->ids[person];

    for (; (hit = hit_bits_next(&state->after, hit, end)) + steps < end; hit++) {
        struct path *path = NULL;

        if (batch->kinds_of && state->table.places && hit_bits_all(&state->among, hit + 1, steps))
            path = find_place(state, batch->kinds + hit + 1);
        if (!path) {
            if (!find_hits(state, hit, end, state->hits))
                break; /* later ones have even fewer */
            TRY(get_path(state, batch, &path));
        }
        count(path, id);
    }
    return OK;
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    const struct paths *paths = worker->shared->compiled;
    struct paths_state *own = state;
    uint32_t from, to;

    hit_bits_span(batch, &from, &to);
    TRY(hit_bits_find(&own->after, worker->mem, batch, paths->after, from, to));
    TRY(hit_bits_find(&own->among, worker->mem, batch, paths->among, from, to));
    if (batch->kinds_of && batch->kinds_of != own->kinds)
        TRY(take_kinds(paths, own, batch->kinds_of));
    for (size_t i = 0; i < batch->persons; i++)
        TRY(add_person(own, batch, i));
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    struct paths_state *into = state;
    const struct paths_state *from = other;

    (void)worker;
    return path_table_merge(&into->table, &from->table);
}

/* Finishing. */

struct ranked {
    uint64_t count;
    const struct path *path;
    const struct path_table *table;
    const struct source *source;
};

static str name_at(const struct source *source, const struct path_table *table,
                   const struct path *path, size_t step)
{
    return source_text(source, table->names[path->numbers[step]]);
}

/* The largest counts first, ties by the bytes of the first names that differ. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    size_t i = 0;

    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    while (i + 1 < left->table->steps && left->path->numbers[i] == right->path->numbers[i])
        i++;
    return str_compare(name_at(left->source, left->table, left->path, i),
                       name_at(right->source, right->table, right->path, i));
}

static fallible write_path(const struct operator_shared *shared, const struct path_table *table,
                           const struct path *path, struct json_writer *out)
{
    json_open(out, '{');
    json_key(out, S("events"));
    json_open(out, '[');
    for (size_t i = 0; i < table->steps; i++)
        json_text(out, name_at(shared->source, table, path, i));
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
    const struct path_table *table = &((const struct paths_state *)state)->table;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : DEFAULT_LIMIT;
    struct ranked *ranks = arena_array(worker->mem, table->count + 1, sizeof *ranks);
    size_t count = table->count;

    if (!ranks)
        return operator_exhausted();
    for (size_t i = 0; i < count; i++)
        ranks[i] = (struct ranked){table->paths[i]->count, table->paths[i], table, shared->source};
    if (count)
        qsort(ranks, count, sizeof *ranks, by_rank);
    json_key(out, S("paths"));
    json_open(out, '[');
    for (size_t i = 0; i < count && i < limit; i++)
        TRY(write_path(shared, table, ranks[i].path, out));
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
