/* op_visits.c - visits to a site or app: how many, by whom, how long.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A visit belongs to a device (without one, to the person), and few devices are used by more than
 * one person. So visits are counted person by person as if every device were hers alone, while a
 * table notes who used which. In the end the persons who share a device are scanned once more:
 * what was counted of them is taken back, and their visits are joined across persons and counted
 * anew. Joining needs no events: within a visit of one person no gap is too long, so two visits on
 * a device are one where the later begins soon enough after the other's end.
 */
#include "base/json.h"
#include "measure/buckets.h"
#include "measure/keys.h"
#include "measure/operator.h"
#include "measure/visit_table.h"

#include <stdlib.h>
#include <string.h>

enum { INTERVAL };
enum { LONGEST_GAP_MS = 30 * 60000, NO_VISIT = 0, FIRST_DEVICES = 256, FIRST_ROOM = 64 };

static const struct query_param params[] = {
    [INTERVAL] = {.name = "interval",
                  .type = PARAM_INTERVAL,
                  .is_required = true,
                  .help = "one of minute, hour, day, week, month, all"},
};

struct visits {
    scan_marks views;
    scan_marks events; /* all that visits are made of */
    scan_marks passed; /* of those, what passes "where" */
    uint32_t engaged_slot;
    uint32_t key_slot;
    bool has_key;
    struct buckets buckets;
};

/* A visit, as far as one person made it. */
struct visit {
    struct visit_sums sums;
    millis start;
    millis last;
    uint64_t seq;   /* of its first event */
    uint32_t first; /* that event in the batch */
    text_code device;
    bool has_device;
    bool has_passed;
    const uint32_t *rows; /* of the key; set when it is kept */
    uint32_t row_count;
};

struct device {
    text_code code;
    node_id person; /* who used it last; 0: the slot is free */
    uint32_t visit; /* her latest visit on it, + 1, while she is looked at; or NO_VISIT */
};

struct visits_state {
    struct keys keys;
    struct visit_table table;
    struct device *devices; /* by hash of the code; a power of two */
    size_t device_room;
    size_t device_count;
    node_id *sharing; /* persons who share a device, in no order, some more than once */
    size_t sharing_count;
    size_t sharing_room;
    struct visit *visits; /* of one person */
    size_t visit_count;
    size_t visit_room;
};

/* Compiling. */

static fallible mark_events(struct operator_shared *shared, unsigned flags, scan_marks *out_views,
                            scan_marks *out_events)
{
    static const struct query_condition has_time = {
        .kind = CONDITION_TEST, .test = TEST_SET, .property = {"engaged_ms", 10}};
    static const struct query_event timed[] = {{{"*", 1}, &has_time},
                                               {{"identify", 8}, &has_time},
                                               {{"group", 5}, &has_time},
                                               {{"alias", 5}, &has_time}};
    scan_marks views, events;

    TRY(scan_plan_mark(shared->plan, NULL, 0, SCAN_IN_RANGE | SCAN_VIEWS | flags, &views));
    TRY(scan_plan_mark(shared->plan, timed, sizeof timed / sizeof *timed, SCAN_IN_RANGE | flags,
                       &events));
    *out_views = views;
    *out_events = views | events;
    return OK;
}

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    struct visits *visits = arena_take(mem, sizeof *visits);
    scan_marks views;

    if (!visits)
        return operator_exhausted();
    TRY(mark_events(shared, 0, &visits->views, &visits->events));
    visits->passed = visits->events;
    if (query->where)
        TRY(mark_events(shared, SCAN_WHERE, &views, &visits->passed));
    scan_plan_devices(shared->plan);
    TRY(scan_plan_slot(shared->plan, S("engaged_ms"), visits->events, &visits->engaged_slot));
    visits->has_key = query->by.data != NULL;
    if (visits->has_key)
        TRY(scan_plan_slot(shared->plan, query->by, visits->events, &visits->key_slot));
    scan_plan_seqs(shared->plan);
    TRY(buckets_make(query, shared->bounds.from, shared->bounds.to, mem, &visits->buckets));
    shared->compiled = visits;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    struct visits_state *state = arena_take(worker->mem, sizeof *state);

    if (state)
        state->devices = arena_array(worker->mem, FIRST_DEVICES, sizeof *state->devices);
    if (!state || !state->devices)
        return operator_exhausted();
    state->device_room = FIRST_DEVICES;
    keys_init(&state->keys, worker->mem);
    visit_table_init(&state->table, worker->mem);
    *out_state = state;
    return OK;
}

/* Room for one more; what there was is left to the arena. */
static fallible make_room(struct arena *mem, void **items, size_t count, size_t *room,
                          size_t item_bytes)
{
    size_t more = *room ? *room * 2 : FIRST_ROOM;
    void *moved;

    if (count < *room)
        return OK;
    moved = arena_array(mem, more, item_bytes);
    if (!moved)
        return operator_exhausted();
    if (count)
        memcpy(moved, *items, count * item_bytes);
    *items = moved;
    *room = more;
    return OK;
}

/* Devices. */

static fallible add_sharing(const struct operator_worker *worker, struct visits_state *state,
                            node_id person)
{
    void *items = state->sharing;

    if (state->sharing_count && state->sharing[state->sharing_count - 1] == person)
        return OK;
    TRY(make_room(worker->mem, &items, state->sharing_count, &state->sharing_room,
                  sizeof *state->sharing));
    state->sharing = items;
    state->sharing[state->sharing_count++] = person;
    return OK;
}

static struct device *slot_of(struct device *devices, size_t room, text_code code)
{
    uint64_t hash = code * 0x9e3779b97f4a7c15u;
    size_t at = (hash ^ hash >> 32) & (room - 1);

    while (devices[at].person && devices[at].code != code)
        at = (at + 1) & (room - 1);
    return &devices[at];
}

static fallible grow_devices(const struct operator_worker *worker, struct visits_state *state)
{
    size_t room = state->device_room * 2;
    struct device *devices = arena_array(worker->mem, room, sizeof *devices);

    if (!devices)
        return operator_exhausted();
    for (size_t i = 0; i < state->device_room; i++)
        if (state->devices[i].person)
            *slot_of(devices, room, state->devices[i].code) = state->devices[i];
    state->devices = devices;
    state->device_room = room;
    return OK;
}

/* The device as hers; it stays in place until the next call. */
static fallible use_device(const struct operator_worker *worker, struct visits_state *state,
                           text_code code, node_id person, struct device **out_device)
{
    struct device *device;

    if (state->device_count * 4 >= state->device_room * 3)
        TRY(grow_devices(worker, state));
    device = slot_of(state->devices, state->device_room, code);
    if (device->person != person) {
        if (device->person) {
            TRY(add_sharing(worker, state, device->person));
            TRY(add_sharing(worker, state, person));
        }
        state->device_count += !device->person;
        *device = (struct device){code, person, NO_VISIT};
    }
    *out_device = device;
    return OK;
}

/* The visits of one person. */

static fallible add_visit(const struct operator_worker *worker, struct visits_state *state,
                          const struct visit *visit, struct device *device)
{
    void *items = state->visits;

    TRY(make_room(worker->mem, &items, state->visit_count, &state->visit_room,
                  sizeof *state->visits));
    state->visits = items;
    state->visits[state->visit_count++] = *visit;
    device->visit = (uint32_t)state->visit_count;
    return OK;
}

static fallible add_hit(const struct operator_worker *worker, struct visits_state *state,
                        const struct scan_batch *batch, uint32_t hit, struct device *device)
{
    const struct visits *visits = worker->shared->compiled;
    const struct value *engaged = scan_value(batch, visits->engaged_slot, hit);
    millis time = batch->times[hit];
    struct visit *visit = device->visit == NO_VISIT ? NULL : &state->visits[device->visit - 1];

    if (!visit || time - visit->last > LONGEST_GAP_MS) {
        struct visit new = {.sums.person = device->person,
                            .start = time,
                            .seq = batch->seqs[hit],
                            .first = hit,
                            .device = batch->devices[hit],
                            .has_device = batch->devices[hit] != 0};

        TRY(add_visit(worker, state, &new, device));
        visit = &state->visits[device->visit - 1];
    }
    visit->last = time;
    visit->has_passed |= (batch->marks[hit] & visits->passed) != 0;
    visit->sums.views += (batch->marks[hit] & visits->views) != 0;
    if (engaged->type == VALUE_NUMBER)
        visit_table_time_add(&visit->sums.engaged, engaged->number);
    return OK;
}

/* Cuts her events into state->visits. */
static fallible find_visits(const struct operator_worker *worker, struct visits_state *state,
                            const struct scan_batch *batch, size_t person)
{
    const struct visits *visits = worker->shared->compiled;
    struct device none = {.person = batch->ids[person], .visit = NO_VISIT};
    struct device *device = NULL;

    state->visit_count = 0;
    for (uint32_t i = batch->first[person]; i < batch->end[person]; i++) {
        if (!(batch->marks[i] & visits->events))
            continue;
        if (!batch->devices[i]) {
            TRY(add_hit(worker, state, batch, i, &none));
            continue;
        }
        if (!device || device->code != batch->devices[i])
            TRY(use_device(worker, state, batch->devices[i], none.person, &device));
        TRY(add_hit(worker, state, batch, i, device));
    }
    return OK;
}

/* Finds the bucket of a visit, and its rows: borrowed until the next call. */
static fallible place_visit(const struct operator_worker *worker, struct visits_state *state,
                            const struct scan_batch *batch, struct visit *visit)
{
    static const struct value none = {.type = VALUE_NULL};
    const struct visits *visits = worker->shared->compiled;
    const struct value *key =
        visits->has_key ? scan_value(batch, visits->key_slot, visit->first) : &none;

    visit->sums.bucket = VISIT_TABLE_TOTAL;
    if (visits->buckets.count > 1)
        visit->sums.bucket = buckets_find(&visits->buckets, visit->start);
    return keys_of(&state->keys, worker->shared->source, key, &visit->rows, &visit->row_count);
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    struct visits_state *own = state;

    for (size_t i = 0; i < batch->persons; i++) {
        TRY(find_visits(worker, own, batch, i));
        for (size_t k = 0; k < own->visit_count; k++) {
            struct visit *visit = &own->visits[k];

            if (!visit->has_passed)
                continue;
            TRY(place_visit(worker, own, batch, visit));
            TRY(visit_table_add(&own->table, visit->rows, visit->row_count, &visit->sums, false));
        }
    }
    return OK;
}

static fallible merge_devices(const struct operator_worker *worker, struct visits_state *into,
                              const struct visits_state *from)
{
    struct device *device;

    for (size_t i = 0; i < from->device_room; i++)
        if (from->devices[i].person)
            TRY(use_device(worker, into, from->devices[i].code, from->devices[i].person, &device));
    for (size_t i = 0; i < from->sharing_count; i++)
        TRY(add_sharing(worker, into, from->sharing[i]));
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    struct visits_state *into = state;
    const struct visits_state *from = other;
    uint32_t *rows = arena_array(worker->mem, (size_t)from->keys.count + 1, sizeof *rows);

    if (!rows)
        return operator_exhausted();
    for (uint32_t i = 0; i < from->keys.count; i++)
        TRY(keys_get(&into->keys, &from->keys.values[i], &rows[i]));
    TRY(merge_devices(worker, into, from));
    return visit_table_merge(&into->table, &from->table, rows);
}

/* Settling: the visits of persons who share devices. */

struct kept {
    const struct operator_worker *worker;
    struct visits_state *state;
    struct visit *visits;
    size_t count;
    size_t room;
};

static fallible keep(struct kept *kept, const struct visit *visit)
{
    struct arena *mem = kept->worker->mem;
    uint32_t *rows = arena_array(mem, (size_t)visit->row_count + 1, sizeof *rows);
    void *items = kept->visits;

    if (!rows)
        return operator_exhausted();
    memcpy(rows, visit->rows, visit->row_count * sizeof *rows);
    TRY(make_room(mem, &items, kept->count, &kept->room, sizeof *kept->visits));
    kept->visits = items;
    kept->visits[kept->count] = *visit;
    kept->visits[kept->count++].rows = rows;
    return OK;
}

static fallible keep_visits(void *argument, const struct scan_batch *batch)
{
    struct kept *kept = argument;
    struct visits_state *state = kept->state;

    for (size_t i = 0; i < batch->persons; i++) {
        TRY(find_visits(kept->worker, state, batch, i));
        for (size_t k = 0; k < state->visit_count; k++) {
            TRY(place_visit(kept->worker, state, batch, &state->visits[k]));
            TRY(keep(kept, &state->visits[k]));
        }
    }
    return OK;
}

static int by_id(const void *a, const void *b)
{
    node_id left = *(const node_id *)a;
    node_id right = *(const node_id *)b;

    return (left > right) - (left < right);
}

static int compare_owners(const struct visit *a, const struct visit *b)
{
    uint32_t left = a->has_device ? a->device : a->sums.person;
    uint32_t right = b->has_device ? b->device : b->sums.person;

    if (a->has_device != b->has_device)
        return a->has_device ? 1 : -1;
    return (left > right) - (left < right);
}

static int by_owner_and_start(const void *a, const void *b)
{
    const struct visit *left = a;
    const struct visit *right = b;
    int order = compare_owners(left, right);

    if (order)
        return order;
    if (left->start != right->start)
        return left->start < right->start ? -1 : 1;
    return (left->seq > right->seq) - (left->seq < right->seq);
}

static int by_person(const void *a, const void *b)
{
    return by_id(&((const struct visit *)a)->sums.person, &((const struct visit *)b)->sums.person);
}

/* Joins what is one visit across persons: it is the one's who began it. */
static void join_visits(struct kept *kept)
{
    size_t count = 0;

    qsort(kept->visits, kept->count, sizeof *kept->visits, by_owner_and_start);
    for (size_t i = 0; i < kept->count; i++) {
        const struct visit *next = &kept->visits[i];
        struct visit *visit = count ? &kept->visits[count - 1] : NULL;

        if (!visit || compare_owners(visit, next) || next->start - visit->last > LONGEST_GAP_MS) {
            kept->visits[count++] = *next;
            continue;
        }
        visit->last = next->last > visit->last ? next->last : visit->last;
        visit->has_passed |= next->has_passed;
        visit->sums.views += next->sums.views;
        visit_table_time_merge(&visit->sums.engaged, &next->sums.engaged);
    }
    kept->count = count;
    qsort(kept->visits, kept->count, sizeof *kept->visits, by_person);
}

static fallible count_kept(const struct kept *kept, bool is_taken_back)
{
    struct visit_table *table = &kept->state->table;

    visit_table_begin(table);
    for (size_t i = 0; i < kept->count; i++) {
        const struct visit *visit = &kept->visits[i];

        if (visit->has_passed)
            TRY(visit_table_add(table, visit->rows, visit->row_count, &visit->sums, is_taken_back));
    }
    return OK;
}

static fallible settle(const struct operator_worker *worker, struct visits_state *state)
{
    struct kept kept = {.worker = worker, .state = state};
    size_t count = state->sharing_count;
    node_id *persons = state->sharing;

    if (!count)
        return OK;
    /* They are scanned as if for the first time, and found sharing once more: that is put by. */
    memset(state->devices, 0, state->device_room * sizeof *state->devices);
    state->device_count = 0;
    state->sharing = NULL;
    state->sharing_count = 0;
    state->sharing_room = 0;
    qsort(persons, count, sizeof *persons, by_id);
    for (size_t i = 0; i < count; i++)
        if (!i || persons[i] != persons[i - 1])
            TRY(scan_range(worker->scanner, persons[i], persons[i] + 1, keep_visits, &kept));
    TRY(count_kept(&kept, true));
    if (kept.count)
        join_visits(&kept);
    return count_kept(&kept, false);
}

/* Finishing. */

enum figure { VISITORS, VISITS, VIEWS, BOUNCE_RATE, ENGAGED, FIGURES };

static const char *const figure_names[FIGURES] = {
    [VISITORS] = "visitors",       [VISITS] = "visits",      [VIEWS] = "views",
    [BOUNCE_RATE] = "bounce_rate", [ENGAGED] = "engaged_ms",
};

static void write_time(struct json_writer *out, const struct visit_time *time)
{
    struct buf text = {0};

    visit_table_time_write(&text, time);
    if (buf_is_broken(&text))
        out->out->broken = true;
    json_verbatim(out, buf_str(&text));
    buf_done(&text);
}

static void write_figure(struct json_writer *out, const struct visit_figures *figures,
                         enum figure figure)
{
    static const struct visit_figures no_figures;

    if (!figures)
        figures = &no_figures;
    switch (figure) {
    case VISITORS:
        json_u64(out, figures->visitors);
        break;
    case VISITS:
        json_u64(out, figures->visits);
        break;
    case VIEWS:
        json_u64(out, figures->views);
        break;
    case BOUNCE_RATE:
        if (figures->visits)
            json_double(out, (double)figures->bounces / (double)figures->visits);
        else
            json_null(out);
        break;
    case ENGAGED:
        write_time(out, &figures->engaged);
        break;
    case FIGURES:
        break;
    }
}

static fallible write_row(const struct operator_worker *worker, const struct visits_state *state,
                          uint32_t row, struct json_writer *out)
{
    const struct visits *visits = worker->shared->compiled;
    const struct visit_figures *total = visit_table_find(&state->table, row, VISIT_TABLE_TOTAL);

    json_open(out, '{');
    json_key(out, S("key"));
    keys_write(&state->keys, row, worker->shared->source, out);
    for (enum figure figure = 0; figure < FIGURES; figure++) {
        json_key(out, str_of(figure_names[figure]));
        json_open(out, '[');
        for (uint32_t i = 0; i < visits->buckets.count; i++)
            write_figure(
                out, visits->buckets.count == 1 ? total : visit_table_find(&state->table, row, i),
                figure);
        json_shut(out, ']');
        TRY(operator_check_answer(worker->shared, out));
    }
    json_key(out, S("total"));
    json_open(out, '{');
    for (enum figure figure = 0; figure < FIGURES; figure++) {
        json_key(out, str_of(figure_names[figure]));
        write_figure(out, total, figure);
    }
    json_shut(out, '}');
    json_shut(out, '}');
    return operator_check_answer(worker->shared, out);
}

/* 0 for a row whose visits turned out to belong to others. */
static uint64_t visits_of(const struct visit_table *table, uint32_t row)
{
    const struct visit_figures *total = visit_table_find(table, row, VISIT_TABLE_TOTAL);

    return total ? total->visits : 0;
}

static int compare_visits(const void *totals, uint32_t row_a, uint32_t row_b)
{
    uint64_t left = visits_of(totals, row_a);
    uint64_t right = visits_of(totals, row_b);

    return (left > right) - (left < right);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct operator_shared *shared = worker->shared;
    const struct visits *visits = shared->compiled;
    struct visits_state *own = state;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : QUERY_LIMIT;
    uint32_t count = 0;
    uint32_t *order;

    TRY(settle(worker, own));
    TRY(keys_rank(&own->keys, shared->source, worker->mem, compare_visits, &own->table, &order));
    while (count < own->keys.count && visits_of(&own->table, order[count]))
        count++;
    json_key(out, S("columns"));
    json_open(out, '[');
    for (uint32_t i = 0; i < visits->buckets.count; i++)
        operator_write_time(shared, out, visits->buckets.starts[i]);
    json_shut(out, ']');
    json_key(out, S("series"));
    json_open(out, '[');
    for (uint32_t i = 0; i < count && i < limit; i++)
        TRY(write_row(worker, own, order[i], out));
    json_shut(out, ']');
    out_totals->dropped = count > limit ? count - limit : 0;
    return OK;
}

const struct operator op_visits = {
    .kind = "visits",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .compile = compile,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
