/* op_funnel.c - how many people went how far through a row of steps, and how fast.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/chain.h"
#include "measure/keys.h"
#include "measure/operator.h"
#include "measure/samples.h"

#include "base/json.h"

#include <string.h>

enum { STEPS, WINDOW, PARAMS };
enum { WARM_AHEAD = 8 };

static const struct query_param params[PARAMS] = {
    [STEPS] = {.name = "steps",
               .type = PARAM_EVENTS,
               .is_required = true,
               .help = "the events of the steps, in order"},
    [WINDOW] = {.name = "window",
                .type = PARAM_SPAN,
                .is_required = true,
                .help = "the longest time from the first step to the last"},
};

struct funnel {
    struct chain_rule rule;
    bool has_by;
    bool is_wide; /* a chain may take over UINT32_MAX ms */
    uint32_t by;  /* slot */
};

struct funnel_row {
    uint64_t people;       /* with a first step */
    struct samples *later; /* [step - 1]: how long it took them; NULL until someone gets there */
};

struct funnel_state {
    struct keys keys;
    struct chain_finder finder;
    struct funnel_row *rows; /* by row of the keys */
    uint32_t room;
};

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    const struct query_argument *steps = &query->arguments[STEPS];
    struct funnel *funnel = arena_take(mem, sizeof *funnel);
    scan_marks mark;

    if (!funnel)
        return operator_exhausted();
    funnel->rule.window = query->arguments[WINDOW].span;
    funnel->is_wide =
        funnel->rule.window > UINT32_MAX && shared->bounds.to - shared->bounds.from > UINT32_MAX;
    for (size_t i = 0; i < steps->event_count; i++) {
        TRY(scan_plan_mark(shared->plan, &steps->events[i], 1, SCAN_IN_RANGE | SCAN_WHERE, &mark));
        chain_rule_add(&funnel->rule, mark);
    }
    scan_plan_kinds(shared->plan);
    funnel->has_by = query->by.data != NULL;
    if (funnel->has_by)
        TRY(scan_plan_slot(shared->plan, query->by, funnel->rule.marks[0], &funnel->by));
    shared->compiled = funnel;
    return OK;
}

/* Sees to it that every key has its row. */
static fallible make_rows(struct funnel_state *state)
{
    uint32_t room = state->room ? state->room : 16;
    struct funnel_row *rows;

    if (state->keys.count <= state->room)
        return OK;
    while (room < state->keys.count)
        room *= 2;
    rows = arena_array(state->keys.mem, room, sizeof *rows);
    if (!rows)
        return operator_exhausted();
    if (state->room)
        memcpy(rows, state->rows, state->room * sizeof *rows);
    state->rows = rows;
    state->room = room;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    const struct funnel *funnel = worker->shared->compiled;
    struct funnel_state *state = arena_take(worker->mem, sizeof *state);
    struct value none = {.type = VALUE_NULL};
    uint32_t row;

    if (!state)
        return operator_exhausted();
    keys_init(&state->keys, worker->mem);
    state->finder.rule = &funnel->rule;
    state->finder.mem = worker->mem;
    /* Without "by" there is one row, whoever comes. */
    if (!funnel->has_by)
        TRY(keys_get(&state->keys, &none, &row));
    TRY(make_rows(state));
    *out_state = state;
    return OK;
}

static fallible make_later(const struct funnel *funnel, struct arena *mem, struct funnel_row *row)
{
    if (row->later)
        return OK;
    row->later = arena_array(mem, funnel->rule.step_count - 1, sizeof *row->later);
    if (!row->later)
        return operator_exhausted();
    for (uint32_t i = 0; i + 1 < funnel->rule.step_count; i++)
        row->later[i].is_wide = funnel->is_wide;
    return OK;
}

static fallible add_chain(const struct funnel *funnel, struct arena *mem, struct funnel_row *row,
                          const struct chain *chain, const millis *times)
{
    millis start = times[chain->hits[0]];

    row->people++;
    if (chain->depth == 1)
        return OK;
    TRY(make_later(funnel, mem, row));
    for (uint32_t i = 1; i < chain->depth; i++)
        TRY(samples_add(&row->later[i - 1], mem, (uint64_t)(times[chain->hits[i]] - start)));
    return OK;
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    static const uint32_t only_row[] = {0};
    const struct funnel *funnel = worker->shared->compiled;
    struct funnel_state *own = state;
    struct chain chain;

    TRY(chain_begin(&own->finder, batch));
    for (size_t person = 0; person < batch->persons; person++) {
        const uint32_t *rows = only_row;
        uint32_t count = 1;

        chain_warm(&own->finder, person + WARM_AHEAD);
        chain_find(&own->finder, person, &chain);
        if (!chain.depth)
            continue;
        if (funnel->has_by) {
            struct keys_hit start = {batch, funnel->by, chain.hits[0]};

            TRY(keys_of_hit(&own->keys, worker->shared->source, &start, &rows, &count));
            TRY(make_rows(own));
        }
        for (uint32_t i = 0; i < count; i++)
            TRY(add_chain(funnel, worker->mem, &own->rows[rows[i]], &chain, batch->times));
    }
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    const struct funnel *funnel = worker->shared->compiled;
    struct funnel_state *own = state;
    const struct funnel_state *from = other;
    uint32_t row;

    for (uint32_t i = 0; i < from->keys.count; i++) {
        const struct funnel_row *theirs = &from->rows[i];

        TRY(keys_get(&own->keys, &from->keys.values[i], &row));
        TRY(make_rows(own));
        own->rows[row].people += theirs->people;
        if (!theirs->later)
            continue;
        TRY(make_later(funnel, worker->mem, &own->rows[row]));
        for (uint32_t k = 0; k + 1 < funnel->rule.step_count; k++)
            TRY(samples_merge(&own->rows[row].later[k], worker->mem, &theirs->later[k]));
    }
    return OK;
}

static int compare_people(const void *totals, uint32_t row_a, uint32_t row_b)
{
    const struct funnel_row *rows = totals;

    return (rows[row_a].people > rows[row_b].people) - (rows[row_a].people < rows[row_b].people);
}

static void write_median(struct json_writer *out, const struct samples *samples)
{
    uint64_t low, high;

    samples_middle(samples, &low, &high);
    if ((high - low) % 2 == 0)
        json_u64(out, low + (high - low) / 2);
    else
        json_double(out, ((double)low + (double)high) / 2);
}

static fallible write_row(const struct operator_worker *worker, const struct funnel_state *state,
                          uint32_t number, struct json_writer *out)
{
    const struct operator_shared *shared = worker->shared;
    const struct query_argument *steps = &shared->query->arguments[STEPS];
    const struct funnel_row *row = &state->rows[number];

    json_open(out, '{');
    json_key(out, S("key"));
    keys_write(&state->keys, number, shared->source, out);
    json_key(out, S("steps"));
    json_open(out, '[');
    for (size_t i = 0; i < steps->event_count; i++) {
        const struct samples *samples = i && row->later ? &row->later[i - 1] : NULL;
        uint64_t people = i ? samples ? samples->count : 0 : row->people;

        json_open(out, '{');
        json_key(out, S("event"));
        json_text(out, steps->events[i].name);
        json_key(out, S("people"));
        json_u64(out, people);
        json_key(out, S("median_ms"));
        if (!people)
            json_null(out);
        else if (samples)
            write_median(out, samples);
        else
            json_u64(out, 0); /* from the first step to itself */
        json_shut(out, '}');
    }
    json_shut(out, ']');
    json_shut(out, '}');
    return operator_check_answer(shared, out);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct operator_shared *shared = worker->shared;
    const struct funnel_state *own = state;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : QUERY_LIMIT;
    uint32_t *order;

    TRY(keys_rank(&own->keys, shared->source, worker->mem, compare_people, own->rows, &order));
    json_key(out, S("series"));
    json_open(out, '[');
    for (uint32_t i = 0; i < own->keys.count && i < limit; i++)
        TRY(write_row(worker, own, order[i], out));
    json_shut(out, ']');
    out_totals->dropped = own->keys.count > limit ? own->keys.count - limit : 0;
    return OK;
}

const struct operator op_funnel = {
    .kind = "funnel",
    .params = params,
    .param_count = PARAMS,
    .compile = compile,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
