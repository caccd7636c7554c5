/* op_attribution.c - which touches brought the conversions: credit shared out by a model.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A conversion's touches are a window over the person's touches, and as conversions come in order
 * both ends of the window only move forward. So the conversions that a touch serves are a window
 * too, and no model looks at every pair: see "Windows" below.
 */
#include "base/json.h"
#include "measure/hit_bits.h"
#include "measure/keys.h"
#include "measure/operator.h"

#include <math.h>
#include <string.h>

enum { CONVERSION, VALUE, TOUCHES, LOOKBACK, MODEL };
enum { FIRST_ROOM = 256 };
enum model { MODEL_LAST, MODEL_FIRST, MODEL_LINEAR, MODEL_POSITION, MODEL_DECAY };

static const double HALF_LIFE_MS = 7 * 86400000.0;

static const char *const models[] = {"last", "first", "linear", "position", "decay", NULL};

static const struct query_param params[] = {
    [CONVERSION] = {.name = "conversion",
                    .type = PARAM_EVENT,
                    .is_required = true,
                    .help = "the event to explain: a name, \"*\" or {\"event\",\"where\"}"},
    [VALUE] = {.name = "value",
               .type = PARAM_PROPERTY,
               .help = "the property that says what a conversion is worth"},
    [TOUCHES] = {.name = "touches",
                 .type = PARAM_EVENTS,
                 .is_required = true,
                 .help = "the events that may have brought a conversion about"},
    [LOOKBACK] = {.name = "lookback",
                  .type = PARAM_SPAN,
                  .is_required = true,
                  .help = "how long before a conversion a touch may lie, such as 30d"},
    [MODEL] = {.name = "model",
               .type = PARAM_CHOICE,
               .is_required = true,
               .help = "one of last, first, linear, position, decay",
               .choices = models},
};

struct attribution {
    scan_marks conversion;
    scan_marks touch;
    uint32_t key_slot;
    uint32_t value_slot;
    bool has_value;
    enum model model;
    millis lookback;
};

/* A sum that carries along what rounding took (Neumaier), so that the order of its addends, and so
 * the number of workers, does not show. */
struct total {
    double sum;
    double rest;
};

struct row {
    struct total conversions;
    struct total value;
};

struct touch {
    uint32_t hit;
    double conversions; /* its shares */
    double value;
};

struct conversion {
    uint32_t hit;
    uint32_t from, to; /* its touches */
    double value;
    double weight; /* what its newest touch gets, where shares go by age */
};

/* Shares as of an instant: they halve with every week between it and what they go to. */
struct part {
    double conversions;
    double value;
    millis time;
};

struct attribution_state {
    struct keys keys;
    struct row *rows; /* by row of the keys */
    uint32_t row_room;
    uint64_t lost; /* conversions without a touch */
    struct total lost_value;
    struct hit_bits converts; /* hits that are conversions */
    struct hit_bits touched;  /* and those that are touches */
    /* Of one person. */
    struct touch *touches;
    struct conversion *conversions;
    struct part *parts; /* of a window */
    struct part *sums;
    size_t room;
    uint32_t touch_count;
    uint32_t conversion_count;
};

/* Compiling. */

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    const struct query_argument *arguments = query->arguments;
    struct attribution *compiled = arena_take(mem, sizeof *compiled);

    if (!compiled)
        return operator_exhausted();
    if (!query->by.data)
        return fail(ERR_INVALID, "an attribution question needs \"by\": the property of touches "
                                 "that gets the credit, such as utm_source");
    if (!arguments[TOUCHES].event_count)
        return fail(ERR_INVALID, "an attribution question needs \"touches\": %s",
                    params[TOUCHES].help);
    compiled->model = (enum model)arguments[MODEL].choice;
    compiled->lookback = arguments[LOOKBACK].span;
    compiled->has_value = arguments[VALUE].text.data != NULL;
    TRY(scan_plan_mark(shared->plan, arguments[CONVERSION].events, 1, SCAN_IN_RANGE | SCAN_WHERE,
                       &compiled->conversion));
    /* No touch of a conversion lies behind the range's end, though it may lie before its start. */
    TRY(scan_plan_mark(shared->plan, arguments[TOUCHES].events, arguments[TOUCHES].event_count,
                       SCAN_BEFORE_END, &compiled->touch));
    TRY(scan_plan_slot(shared->plan, query->by, compiled->touch, &compiled->key_slot));
    if (compiled->has_value)
        TRY(scan_plan_slot(shared->plan, arguments[VALUE].text, compiled->conversion,
                           &compiled->value_slot));
    scan_plan_kinds(shared->plan);
    shared->compiled = compiled;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    struct attribution_state *state = arena_take(worker->mem, sizeof *state);

    if (!state)
        return operator_exhausted();
    keys_init(&state->keys, worker->mem);
    *out_state = state;
    return OK;
}

/* Totals. */

static void total_add(struct total *total, double number)
{
    double sum = total->sum + number;

    total->rest += fabs(total->sum) >= fabs(number) ? (total->sum - sum) + number
                                                    : (number - sum) + total->sum;
    total->sum = sum;
}

static void total_merge(struct total *total, const struct total *other)
{
    total_add(total, other->sum);
    total->rest += other->rest;
}

static double total_number(const struct total *total)
{
    return isfinite(total->rest) ? total->sum + total->rest : total->sum;
}

static fallible row_of(const struct operator_worker *worker, struct attribution_state *state,
                       uint32_t index, struct row **out_row)
{
    uint32_t room = state->row_room ? state->row_room : 64;
    struct row *rows;

    while (room <= index)
        room *= 2;
    if (room != state->row_room) {
        rows = arena_array(worker->mem, room, sizeof *rows);
        if (!rows)
            return operator_exhausted();
        if (state->row_room)
            memcpy(rows, state->rows, state->row_room * sizeof *rows);
        state->rows = rows;
        state->row_room = room;
    }
    *out_row = &state->rows[index];
    return OK;
}

/* Windows: sums of parts[from .. to) while both ends move forward. What lies before `middle` is
 * summed up from there backwards, what came later as it came. So every part is added twice and
 * none is ever subtracted: nothing is lost to rounding, however different the parts are. */

struct window {
    const struct part *parts;
    struct part *sums; /* [i]: of parts [i, middle) */
    struct part tail;  /* of parts [middle, to) */
    uint32_t from, middle, to;
    bool is_decaying;
    bool is_of_newest; /* sums are as of the newest part's instant; otherwise of the oldest's */
};

static double fade(millis span)
{
    return exp2(-(double)span / HALF_LIFE_MS);
}

static struct part join(const struct window *window, struct part older, struct part newer)
{
    double factor = window->is_decaying ? fade(newer.time - older.time) : 1;
    struct part *kept = window->is_of_newest ? &newer : &older;
    const struct part *faded = window->is_of_newest ? &older : &newer;

    kept->conversions += faded->conversions * factor;
    kept->value += faded->value * factor;
    return *kept;
}

static void window_take(struct window *window)
{
    const struct part *part = &window->parts[window->to];

    window->tail = window->to == window->middle ? *part : join(window, window->tail, *part);
    window->to++;
}

/* Of at least one part. */
static struct part window_sum(struct window *window)
{
    if (window->from >= window->middle) {
        window->middle = window->to;
        window->sums[window->to - 1] = window->parts[window->to - 1];
        for (uint32_t i = window->to - 1; i-- > window->from;)
            window->sums[i] = join(window, window->parts[i], window->sums[i + 1]);
    }
    if (window->to == window->middle)
        return window->sums[window->from];
    return join(window, window->sums[window->from], window->tail);
}

/* Sharing out. */

/* The first touch behind `i` that more or fewer conversions have in their windows. */
static uint32_t next_change(const struct attribution_state *state, const struct window *window,
                            uint32_t edge, uint32_t end)
{
    const struct conversion *conversions = state->conversions;

    if (window->to < state->conversion_count && conversions[window->to].from + edge < end)
        end = conversions[window->to].from + edge;
    if (window->from < window->to && conversions[window->from].to - edge < end)
        end = conversions[window->from].to - edge;
    return end;
}

static inline void add_part(struct touch *touch, const struct part *sum, double factor)
{
    touch->conversions += sum->conversions * factor;
    touch->value += sum->value * factor;
}

/* Gives every touch the parts of the conversions that have it in their windows, but for the
 * `edge` first and last touches of a window. */
static void spread(struct attribution_state *state, const millis *times, uint32_t edge,
                   bool is_decaying)
{
    const struct conversion *conversions = state->conversions;
    struct window window = {.parts = state->parts, .sums = state->sums, .is_decaying = is_decaying};
    uint32_t end = conversions[state->conversion_count - 1].to, next;

    for (uint32_t i = conversions[0].from; i < end; i = next) {
        struct touch *touches = state->touches;
        struct part sum;

        while (window.to < state->conversion_count && conversions[window.to].from + edge <= i)
            window_take(&window);
        while (window.from < window.to && conversions[window.from].to - edge <= i)
            window.from++;
        next = next_change(state, &window, edge, end);
        if (window.from == window.to)
            continue;
        sum = window_sum(&window);
        for (uint32_t k = i; !is_decaying && k < next; k++)
            add_part(&touches[k], &sum, 1);
        for (uint32_t k = i; is_decaying && k < next; k++)
            add_part(&touches[k], &sum, fade(sum.time - times[touches[k].hit]));
    }
}

static void give(struct touch *touch, double share, double value)
{
    touch->conversions += share;
    touch->value += share * value;
}

static void share_evenly(struct attribution_state *state, const millis *times)
{
    for (uint32_t i = 0; i < state->conversion_count; i++) {
        const struct conversion *conversion = &state->conversions[i];
        double share = 1.0 / (conversion->to - conversion->from);

        state->parts[i] = (struct part){.conversions = share, .value = share * conversion->value};
    }
    spread(state, times, 0, false);
}

static void share_by_position(struct attribution_state *state, const millis *times)
{
    for (uint32_t i = 0; i < state->conversion_count; i++) {
        const struct conversion *conversion = &state->conversions[i];
        uint32_t count = conversion->to - conversion->from;
        double edge = count == 1 ? 1 : count == 2 ? 0.5 : 0.4;
        double share = count < 3 ? 0 : 0.2 / (count - 2);

        give(&state->touches[conversion->from], edge, conversion->value);
        if (count > 1)
            give(&state->touches[conversion->to - 1], edge, conversion->value);
        state->parts[i] = (struct part){.conversions = share, .value = share * conversion->value};
    }
    spread(state, times, 1, false);
}

static void share_by_age(struct attribution_state *state, const millis *times)
{
    struct window window = {
        .parts = state->parts, .sums = state->sums, .is_decaying = true, .is_of_newest = true};

    for (uint32_t i = 0; i < state->touch_count; i++)
        state->parts[i] = (struct part){.conversions = 1, .time = times[state->touches[i].hit]};
    for (uint32_t i = 0; i < state->conversion_count; i++) {
        struct conversion *conversion = &state->conversions[i];

        while (window.to < conversion->to)
            window_take(&window);
        window.from = conversion->from;
        conversion->weight = 1 / window_sum(&window).conversions;
    }
    for (uint32_t i = 0; i < state->conversion_count; i++) {
        const struct conversion *conversion = &state->conversions[i];

        state->parts[i] = (struct part){.conversions = conversion->weight,
                                        .value = conversion->weight * conversion->value,
                                        .time = times[state->touches[conversion->to - 1].hit]};
    }
    spread(state, times, 0, true);
}

static void share_out(struct attribution_state *state, enum model model, const millis *times)
{
    switch (model) {
    case MODEL_LAST:
        for (uint32_t i = 0; i < state->conversion_count; i++)
            give(&state->touches[state->conversions[i].to - 1], 1, state->conversions[i].value);
        break;
    case MODEL_FIRST:
        for (uint32_t i = 0; i < state->conversion_count; i++)
            give(&state->touches[state->conversions[i].from], 1, state->conversions[i].value);
        break;
    case MODEL_LINEAR:
        share_evenly(state, times);
        break;
    case MODEL_POSITION:
        share_by_position(state, times);
        break;
    case MODEL_DECAY:
        share_by_age(state, times);
        break;
    }
}

/* Counting. */

static fallible make_room(const struct operator_worker *worker, struct attribution_state *state,
                          size_t count)
{
    size_t room = state->room ? state->room : FIRST_ROOM;

    if (count <= state->room)
        return OK;
    while (room < count)
        room *= 2;
    state->touches = arena_array(worker->mem, room, sizeof *state->touches);
    state->conversions = arena_array(worker->mem, room, sizeof *state->conversions);
    state->parts = arena_array(worker->mem, room, sizeof *state->parts);
    state->sums = arena_array(worker->mem, room, sizeof *state->sums);
    if (!state->touches || !state->conversions || !state->parts || !state->sums)
        return operator_exhausted();
    state->room = room;
    return OK;
}

/* Finds her conversions, the first of which is given, and the touches before them. What is both is
 * no touch of its own. */
static void gather(struct attribution_state *state, const millis *times, uint32_t first,
                   uint32_t conversion, uint32_t end)
{
    uint32_t touches = 0, conversions = 0, hit = first;

    while (conversion < end) {
        while ((hit = hit_bits_next(&state->touched, hit, conversion)) < conversion) {
            __builtin_prefetch(&times[hit]);
            state->touches[touches++] = (struct touch){.hit = hit++};
        }
        state->conversions[conversions++] = (struct conversion){.hit = conversion, .to = touches};
        conversion = hit_bits_next(&state->converts, conversion + 1, end);
    }
    state->touch_count = touches;
    state->conversion_count = conversions;
}

/* Cuts the windows of the conversions and puts aside those that no touch explains. */
static void cut_windows(const struct attribution *compiled, struct attribution_state *state,
                        const struct scan_batch *batch)
{
    uint32_t kept = 0, from = 0;

    for (uint32_t i = 0; i < state->conversion_count; i++) {
        struct conversion conversion = state->conversions[i];
        millis time = batch->times[conversion.hit];

        if (compiled->has_value) {
            const struct value *value = scan_value(batch, compiled->value_slot, conversion.hit);

            if (value->type == VALUE_NUMBER)
                conversion.value = decimal_to_double(value->number);
        }
        while (from < conversion.to &&
               time - batch->times[state->touches[from].hit] > compiled->lookback)
            from++;
        conversion.from = from;
        if (from < conversion.to) {
            state->conversions[kept++] = conversion;
        } else {
            state->lost++;
            total_add(&state->lost_value, conversion.value);
        }
    }
    state->conversion_count = kept;
}

static inline void credit_row(struct row *row, const struct touch *touch, uint32_t of)
{
    total_add(&row->conversions, touch->conversions / of);
    total_add(&row->value, touch->value / of);
}

static fallible credit_rows(const struct operator_worker *worker, struct attribution_state *state,
                            const struct scan_batch *batch, const struct touch *touch)
{
    const struct attribution *compiled = worker->shared->compiled;
    struct keys_hit at = {batch, compiled->key_slot, touch->hit};
    const uint32_t *indexes;
    uint32_t count;
    struct row *row;

    TRY(keys_of_hit(&state->keys, worker->shared->source, &at, &indexes, &count));
    for (uint32_t i = 0; i < count; i++) {
        TRY(row_of(worker, state, indexes[i], &row));
        credit_row(row, touch, count);
    }
    return OK;
}

/* Credits the touches [from, to), each of which has a row even if the model gives it nothing. */
static fallible credit(const struct operator_worker *worker, struct attribution_state *state,
                       const struct scan_batch *batch, uint32_t from, uint32_t to)
{
    uint32_t slot = ((const struct attribution *)worker->shared->compiled)->key_slot;

    for (uint32_t i = from; i < to; i++) {
        const struct touch *touch = &state->touches[i];
        uint32_t row = keys_known(&state->keys, scan_number(batch, slot, touch->hit));

        if (row == UINT32_MAX)
            TRY(credit_rows(worker, state, batch, touch));
        else if (touch->conversions > 0)
            credit_row(&state->rows[row], touch, 1);
    }
    return OK;
}

static fallible add_person(const struct operator_worker *worker, struct attribution_state *state,
                           const struct scan_batch *batch, size_t person)
{
    const struct attribution *compiled = worker->shared->compiled;
    uint32_t first = batch->first[person], end = batch->end[person], next = 0;
    uint32_t conversion =
        hit_bits_next(&state->converts, batch->kinds_of ? batch->since[person] : first, end);

    if (conversion == end)
        return OK;
    TRY(make_room(worker, state,
                  hit_bits_most(&state->touched, first, end) +
                      (size_t)hit_bits_most(&state->converts, first, end)));
    gather(state, batch->times, first, conversion, end);
    cut_windows(compiled, state, batch);
    if (!state->conversion_count)
        return OK;
    share_out(state, compiled->model, batch->times);
    for (uint32_t i = 0; i < state->conversion_count; i++) {
        next = next > state->conversions[i].from ? next : state->conversions[i].from;
        TRY(credit(worker, state, batch, next, state->conversions[i].to));
        next = state->conversions[i].to;
    }
    return OK;
}

/* Has the times and values of all conversions fetched: they lie far apart. */
static void warm(const struct attribution *compiled, const struct attribution_state *state,
                 const struct scan_batch *batch, uint32_t from, uint32_t to)
{
    for (uint32_t hit = from; (hit = hit_bits_next(&state->converts, hit, to)) < to; hit++) {
        __builtin_prefetch(&batch->times[hit]);
        if (compiled->has_value)
            __builtin_prefetch(scan_value(batch, compiled->value_slot, hit));
    }
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    const struct attribution *compiled = worker->shared->compiled;
    struct attribution_state *own = state;
    uint32_t from, to;

    hit_bits_span(batch, &from, &to);
    TRY(hit_bits_find(&own->converts, worker->mem, batch, compiled->conversion, from, to));
    TRY(hit_bits_find(&own->touched, worker->mem, batch, compiled->touch, from, to));
    warm(compiled, own, batch, from, to);
    for (size_t i = 0; i < batch->persons; i++)
        TRY(add_person(worker, own, batch, i));
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    struct attribution_state *into = state;
    const struct attribution_state *from = other;
    struct row *row;
    uint32_t index;

    for (uint32_t i = 0; i < from->keys.count; i++) {
        TRY(keys_get(&into->keys, &from->keys.values[i], &index));
        TRY(row_of(worker, into, index, &row));
        total_merge(&row->conversions, &from->rows[i].conversions);
        total_merge(&row->value, &from->rows[i].value);
    }
    into->lost += from->lost;
    total_merge(&into->lost_value, &from->lost_value);
    return OK;
}

/* Finishing. */

/* To 40 bits, so that rows which tie but for rounding tie. */
static double rounded(double number)
{
    int exponent;
    double mantissa = frexp(number, &exponent);

    return ldexp(nearbyint(ldexp(mantissa, 40)), exponent - 40);
}

static int compare_credit(const void *totals, uint32_t row_a, uint32_t row_b)
{
    const double *numbers = totals;

    return (numbers[row_a] > numbers[row_b]) - (numbers[row_a] < numbers[row_b]);
}

static fallible rank(const struct operator_worker *worker, const struct attribution_state *state,
                     uint32_t **out_order)
{
    double *numbers = arena_array(worker->mem, (size_t)state->keys.count + 1, sizeof *numbers);

    if (!numbers)
        return operator_exhausted();
    for (uint32_t i = 0; i < state->keys.count; i++)
        numbers[i] = rounded(total_number(&state->rows[i].conversions));
    return keys_rank(&state->keys, worker->shared->source, worker->mem, compare_credit, numbers,
                     out_order);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct operator_shared *shared = worker->shared;
    const struct attribution_state *own = state;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : QUERY_LIMIT;
    uint32_t *order;

    TRY(rank(worker, own, &order));
    json_key(out, S("rows"));
    json_open(out, '[');
    for (uint32_t i = 0; i < own->keys.count && i < limit; i++) {
        const struct row *row = &own->rows[order[i]];

        json_open(out, '{');
        json_key(out, S("key"));
        keys_write(&own->keys, order[i], shared->source, out);
        json_key(out, S("conversions"));
        json_double(out, total_number(&row->conversions));
        json_key(out, S("value"));
        json_double(out, total_number(&row->value));
        json_shut(out, '}');
        TRY(operator_check_answer(shared, out));
    }
    json_shut(out, ']');
    json_key(out, S("unattributed"));
    json_open(out, '{');
    json_key(out, S("conversions"));
    json_u64(out, own->lost);
    json_key(out, S("value"));
    json_double(out, total_number(&own->lost_value));
    json_shut(out, '}');
    out_totals->dropped = own->keys.count > limit ? own->keys.count - limit : 0;
    return OK;
}

const struct operator op_attribution = {
    .kind = "attribution",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .compile = compile,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
