/* op_people.c - the people of a segment, page by page.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looks at everything up to as_of: "from", "to" and "where" do not narrow a segment, whose parts
 * say their own windows. Pages go by person id, so that a page stays valid while people are added.
 */
#include "base/mem.h"
#include "measure/operator.h"
#include "measure/traits.h"

#include <string.h>

enum { SEGMENT, CURSOR };

static const struct query_param params[] = {
    [SEGMENT] = {.name = "segment",
                 .type = PARAM_SEGMENT,
                 .is_required = true,
                 .help = "a segment's name or tree"},
    [CURSOR] = {.name = "cursor", .type = PARAM_CURSOR, .help = "where the page before ended"},
};

struct people {
    uint64_t after; /* persons up to this id were on earlier pages */
    size_t limit;
};

struct people_state {
    uint64_t count;
    node_id *found; /* ascending; one more than the page holds, to know that there is one */
    size_t length;
    size_t room;
};

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    str cursor = query->arguments[CURSOR].text;
    struct people *people = arena_take(mem, sizeof *people);

    if (!people)
        return operator_exhausted();
    people->limit = query->has_limit ? (size_t)query->limit : QUERY_PAGE;
    if (cursor.data && !str_to_u64(cursor, &people->after))
        return fail(ERR_INVALID, "\"cursor\" must be one that an answer gave");
    TRY(scan_plan_audience(shared->plan, query->arguments[SEGMENT].segment));
    scan_plan_everyone(shared->plan);
    shared->compiled = people;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    *out_state = arena_take(worker->mem, sizeof(struct people_state));
    return *out_state ? OK : operator_exhausted();
}

static fallible make_room(const struct operator_worker *worker, struct people_state *state)
{
    size_t room = state->room ? state->room * 2 : 64;
    node_id *found;

    if (state->length < state->room)
        return OK;
    found = arena_array(worker->mem, room, sizeof *found);
    if (!found)
        return operator_exhausted();
    if (state->length)
        memcpy(found, state->found, state->length * sizeof *found);
    state->found = found;
    state->room = room;
    return OK;
}

/* A worker sees persons in ascending order, so the first ones it finds are its smallest. */
static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    const struct people *people = worker->shared->compiled;
    struct people_state *own = state;

    for (size_t i = 0; i < batch->persons; i++) {
        own->count++;
        if (batch->ids[i] <= people->after || own->length > people->limit)
            continue;
        TRY(make_room(worker, own));
        own->found[own->length++] = batch->ids[i];
    }
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    const struct people *people = worker->shared->compiled;
    struct people_state *into = state;
    const struct people_state *from = other;
    struct people_state both = {.count = into->count + from->count};
    size_t a = 0, b = 0;

    while (both.length <= people->limit && (a < into->length || b < from->length)) {
        bool is_ours = b == from->length || (a < into->length && into->found[a] < from->found[b]);

        TRY(make_room(worker, &both));
        both.found[both.length++] = is_ours ? into->found[a++] : from->found[b++];
    }
    *into = both;
    return OK;
}

static fallible write_person(const struct operator_shared *shared, struct traits *traits,
                             node_id person, struct json_writer *out)
{
    struct buf id = {0};
    enum err err = source_identifier(shared->source, person, &id);

    json_open(out, '{');
    json_key(out, S("id"));
    if (!err && !buf_is_broken(&id))
        json_text(out, buf_str(&id));
    else
        json_null(out);
    if (buf_is_broken(&id))
        err = mem_exhausted();
    buf_done(&id);
    if (err && err != ERR_ABSENT)
        return err;
    json_key(out, S("traits"));
    TRY(traits_write(traits, person, out));
    json_shut(out, '}');
    return operator_check_answer(shared, out);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct operator_shared *shared = worker->shared;
    const struct people *people = shared->compiled;
    const struct people_state *own = state;
    size_t length = own->length < people->limit ? own->length : people->limit;
    struct buf cursor = {0};
    struct traits *traits;
    enum err err = OK;

    TRY(traits_open(worker->mem, shared->source, shared->bounds.as_of, &traits));
    json_key(out, S("count"));
    json_u64(out, own->count);
    json_key(out, S("people"));
    json_open(out, '[');
    for (size_t i = 0; i < length && !err; i++)
        err = write_person(shared, traits, own->found[i], out);
    traits_close(traits);
    TRY(err);
    json_shut(out, ']');
    json_key(out, S("cursor"));
    if (own->length > length && length) {
        buf_add_u64(&cursor, own->found[length - 1]);
        json_text(out, buf_str(&cursor));
        buf_done(&cursor);
    } else {
        json_null(out);
    }
    out_totals->dropped = 0;
    return OK;
}

const struct operator op_people = {
    .kind = "people",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .compile = compile,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
