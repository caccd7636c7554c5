/* op_trend.c - how many events, people, or how much of a property, over time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/buckets.h"
#include "measure/operator.h"
#include "measure/trend_series.h"

#include <stdlib.h>

enum { EVENT, MEASURE, INTERVAL };

static const struct query_param params[] = {
    [EVENT] = {.name = "event",
               .type = PARAM_EVENT,
               .is_required = true,
               .help = "the event to count: a name, \"*\" or {\"event\",\"where\"}"},
    [MEASURE] = {.name = "measure",
                 .type = PARAM_MEASURE,
                 .help = "events, people, per_person, or "
                         "{\"sum\"|\"mean\"|\"min\"|\"max\"|\"median\": property}"},
    [INTERVAL] = {.name = "interval",
                  .type = PARAM_INTERVAL,
                  .is_required = true,
                  .help = "one of minute, hour, day, week, month, all"},
};

struct trend {
    enum query_measure measure;
    scan_marks mark;
    bool has_key, has_measured, checks_currency;
    uint32_t key, measured, currency; /* slots */
    struct buckets buckets;
};

struct trend_state {
    struct trend_table table;
    uint32_t bucket; /* of the event before: most come in the same */
    bool has_currency;
    text_code money_code; /* the one currency seen */
};

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    const struct query_argument *event = &query->arguments[EVENT];
    str measured = query->arguments[MEASURE].text;
    struct trend *trend = arena_take(mem, sizeof *trend);

    if (!trend)
        return operator_exhausted();
    trend->measure = (enum query_measure)query->arguments[MEASURE].choice;
    trend->has_key = query->by.data;
    trend->has_measured = measured.data;
    trend->checks_currency = trend->measure == MEASURE_SUM && !str_equals(query->by, S("currency"));
    TRY(scan_plan_mark(shared->plan, event->events, event->event_count, SCAN_IN_RANGE | SCAN_WHERE,
                       &trend->mark));
    if (trend->has_key)
        TRY(scan_plan_slot(shared->plan, query->by, trend->mark, &trend->key));
    if (trend->has_measured)
        TRY(scan_plan_slot(shared->plan, measured, trend->mark, &trend->measured));
    if (trend->checks_currency)
        TRY(scan_plan_slot(shared->plan, S("currency"), trend->mark, &trend->currency));
    TRY(buckets_make(query, shared->bounds.from, shared->bounds.to, mem, &trend->buckets));
    shared->compiled = trend;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    const struct trend *trend = worker->shared->compiled;
    struct trend_state *state = arena_take(worker->mem, sizeof *state);

    if (!state)
        return operator_exhausted();
    trend_series_init(&state->table, worker->mem, trend->measure, trend->buckets.count);
    *out_state = state;
    return OK;
}

/* Counting. */

static fallible see_currency(struct trend_state *state, text_code code)
{
    if (state->has_currency && state->money_code != code)
        return fail(ERR_INVALID, "this sum would add amounts in several currencies: ask with "
                                 "\"by\":\"currency\", or for one of them in \"where\"");
    state->has_currency = true;
    state->money_code = code;
    return OK;
}

/* The numbers that an event adds: one, or those in a list. */
static fallible add_number(struct trend_table *table, uint32_t row, uint32_t column,
                           struct trend_figure *figure, const struct value *number)
{
    if (number->type != VALUE_NUMBER)
        return OK;
    if (table->measure == MEASURE_MEDIAN)
        return trend_series_sample(table, row, column, number->number);
    trend_series_add(figure, number->number);
    trend_series_add(&table->series[row].total, number->number);
    return OK;
}

/* What one event is about to add, to the series of each of its keys. */
struct addition {
    node_id person;
    uint32_t column;
    struct value measured;
};

static fallible add_to(struct trend_table *table, const struct source *source,
                       const struct addition *addition, uint32_t row)
{
    struct trend_figure *figure;
    struct value element;

    TRY(trend_series_cell(table, row, addition->column, &figure));
    trend_series_count(figure, addition->person);
    trend_series_count(&table->series[row].total, addition->person);
    if (addition->measured.type != VALUE_LIST)
        return add_number(table, row, addition->column, figure, &addition->measured);
    for (uint32_t i = 0; i < addition->measured.count; i++) {
        source_element(source, &addition->measured, i, &element);
        TRY(add_number(table, row, addition->column, figure, &element));
    }
    return OK;
}

static bool has_number(const struct source *source, const struct value *value)
{
    struct value element;

    if (value->type != VALUE_LIST)
        return value->type == VALUE_NUMBER;
    for (uint32_t i = 0; i < value->count; i++) {
        source_element(source, value, i, &element);
        if (element.type == VALUE_NUMBER)
            return true;
    }
    return false;
}

static fallible add_hit(const struct operator_shared *shared, struct trend_state *state,
                        const struct scan_batch *batch, uint32_t hit, node_id person)
{
    static const struct value none = {.type = VALUE_NULL};
    const struct trend *trend = shared->compiled;
    struct addition addition = {.person = person};
    const uint32_t *rows;
    uint32_t count;

    state->bucket = buckets_find(&trend->buckets, batch->times[hit], state->bucket);
    addition.column = state->bucket;
    if (trend->has_measured)
        addition.measured = batch->slots[trend->measured][hit];
    if (trend->checks_currency && batch->slots[trend->currency][hit].type == VALUE_TEXT &&
        has_number(shared->source, &addition.measured))
        TRY(see_currency(state, batch->slots[trend->currency][hit].code));
    TRY(keys_of(&state->table.keys, shared->source,
                trend->has_key ? &batch->slots[trend->key][hit] : &none, &rows, &count));
    TRY(trend_series_cover(&state->table));
    for (uint32_t i = 0; i < count; i++)
        TRY(add_to(&state->table, shared->source, &addition, rows[i]));
    return OK;
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    const struct trend *trend = worker->shared->compiled;

    for (size_t person = 0; person < batch->persons; person++)
        for (uint32_t hit = batch->first[person]; hit < batch->first[person + 1]; hit++)
            if (batch->marks[hit] & trend->mark)
                TRY(add_hit(worker->shared, state, batch, hit, batch->ids[person]));
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    struct trend_state *into = state;
    const struct trend_state *from = other;

    (void)worker;
    if (from->has_currency)
        TRY(see_currency(into, from->money_code));
    return trend_series_merge(&into->table, &from->table);
}

/* Finishing: totals, rank, columns. */

struct total {
    const struct trend_numbers *numbers; /* of sums, least and most */
    enum query_measure measure;
    bool is_null;
    double number; /* otherwise */
};

static int by_number(const void *a, const void *b)
{
    return decimal_compare(((const struct trend_sample *)a)->number,
                           ((const struct trend_sample *)b)->number);
}

static int by_column(const void *a, const void *b)
{
    const struct trend_sample *left = a;
    const struct trend_sample *right = b;

    if (left->column != right->column)
        return left->column < right->column ? -1 : 1;
    return decimal_compare(left->number, right->number);
}

/* Of sorted samples; the mean of the middle two, rounded once. */
static double median_of(const struct trend_sample *samples, size_t count)
{
    decimal_sum middle = {0};

    decimal_sum_add(&middle, samples[(count - 1) / 2].number);
    decimal_sum_add(&middle, samples[count / 2].number);
    return decimal_sum_mean(&middle, 2);
}

/* A figure as a double; false where it is null. Sums are told by their text instead. */
static bool figure_number(const struct trend_figure *figure, enum query_measure measure,
                          double *out)
{
    const struct trend_numbers *numbers = figure ? figure->numbers : NULL;

    switch (measure) {
    case MEASURE_EVENTS:
        *out = figure ? (double)figure->events : 0;
        return true;
    case MEASURE_PEOPLE:
        *out = figure ? (double)figure->people : 0;
        return true;
    case MEASURE_PER_PERSON:
        if (!figure || !figure->people)
            return false;
        *out = (double)figure->events / (double)figure->people;
        return true;
    case MEASURE_SUM:
    case MEASURE_MEDIAN:
        return false;
    case MEASURE_MEAN:
    case MEASURE_MIN:
    case MEASURE_MAX:
        break;
    }
    if (!numbers || !numbers->count)
        return false;
    if (measure == MEASURE_MEAN)
        *out = decimal_sum_mean(&numbers->sum, numbers->count);
    else
        *out = decimal_to_double(measure == MEASURE_MIN ? numbers->least : numbers->most);
    return true;
}

static int compare_decimals(const struct total *a, const struct total *b)
{
    bool is_least = a->measure == MEASURE_MIN;
    decimal none = {0};
    decimal left = a->is_null ? none : is_least ? a->numbers->least : a->numbers->most;
    decimal right = b->is_null ? none : is_least ? b->numbers->least : b->numbers->most;

    return decimal_compare(left, right);
}

/* Null counts as 0. */
static int compare_totals(const void *totals, uint32_t row_a, uint32_t row_b)
{
    const struct total *left = (const struct total *)totals + row_a;
    const struct total *right = (const struct total *)totals + row_b;

    if (left->measure == MEASURE_SUM)
        return decimal_sum_compare(&left->numbers->sum, &right->numbers->sum);
    if (left->measure == MEASURE_MIN || left->measure == MEASURE_MAX)
        return compare_decimals(left, right);
    return (left->number > right->number) - (left->number < right->number);
}

static fallible add_up(const struct operator_worker *worker, struct trend_table *table,
                       struct total **out_totals)
{
    struct total *totals = arena_array(worker->mem, table->count + (size_t)1, sizeof *totals);

    if (!totals)
        return operator_exhausted();
    for (uint32_t row = 0; row < table->count; row++) {
        struct trend_series *series = &table->series[row];
        struct total *total = &totals[row];

        *total = (struct total){.numbers = series->total.numbers, .measure = table->measure};
        total->is_null = !figure_number(&series->total, table->measure, &total->number);
        if (series->sample_count) {
            qsort(series->samples, series->sample_count, sizeof *series->samples, by_number);
            total->is_null = false;
            total->number = median_of(series->samples, series->sample_count);
        }
    }
    *out_totals = totals;
    return OK;
}

static void write_figure(struct json_writer *out, const struct trend_figure *figure,
                         enum query_measure measure)
{
    struct buf text = {0};
    double number;

    if (measure == MEASURE_EVENTS || measure == MEASURE_PEOPLE) {
        json_u64(out, !figure ? 0 : measure == MEASURE_EVENTS ? figure->events : figure->people);
    } else if (measure == MEASURE_SUM) {
        if (figure)
            decimal_sum_write(&text, &figure->numbers->sum);
        else
            buf_add_byte(&text, '0');
        if (buf_is_broken(&text))
            out->out->broken = true;
        json_text(out, buf_str(&text));
        buf_done(&text);
    } else if (figure_number(figure, measure, &number)) {
        json_double(out, number);
    } else {
        json_null(out);
    }
}

static void write_medians(struct json_writer *out, struct trend_series *series, uint32_t columns)
{
    const struct trend_sample *samples = series->samples;
    size_t count = series->sample_count;

    if (count)
        qsort(series->samples, count, sizeof *samples, by_column);
    for (uint32_t column = 0; column < columns; column++) {
        size_t length = 0;

        while (length < count && samples[length].column == column)
            length++;
        if (length)
            json_double(out, median_of(samples, length));
        else
            json_null(out);
        samples += length;
        count -= length;
    }
}

static fallible write_series(const struct operator_worker *worker, const struct trend_table *table,
                             uint32_t row, const struct total *total, struct json_writer *out)
{
    const struct trend *trend = worker->shared->compiled;
    bool is_median = table->measure == MEASURE_MEDIAN;

    json_open(out, '{');
    json_key(out, S("key"));
    keys_write(&table->keys, row, worker->shared->source, out);
    json_key(out, S("values"));
    json_open(out, '[');
    if (is_median)
        write_medians(out, &table->series[row], trend->buckets.count);
    for (uint32_t i = 0; !is_median && i < trend->buckets.count; i++)
        write_figure(out, trend_series_find(table, row, i), table->measure);
    json_shut(out, ']');
    json_key(out, S("total"));
    if (is_median && !total->is_null)
        json_double(out, total->number);
    else
        write_figure(out, &table->series[row].total, table->measure);
    json_shut(out, '}');
    return operator_check_answer(worker->shared, out);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    static const struct value none = {.type = VALUE_NULL};
    const struct operator_shared *shared = worker->shared;
    const struct trend *trend = shared->compiled;
    struct trend_table *table = &((struct trend_state *)state)->table;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : QUERY_LIMIT;
    struct total *totals;
    uint32_t *order;
    uint32_t row;

    if (!table->count && !trend->has_key) {
        TRY(keys_get(&table->keys, &none, &row));
        TRY(trend_series_cover(table));
    }
    TRY(add_up(worker, table, &totals));
    TRY(keys_rank(&table->keys, shared->source, worker->mem, compare_totals, totals, &order));
    json_key(out, S("columns"));
    json_open(out, '[');
    for (uint32_t i = 0; i < trend->buckets.count; i++)
        operator_write_time(shared, out, trend->buckets.starts[i]);
    json_shut(out, ']');
    json_key(out, S("series"));
    json_open(out, '[');
    for (uint32_t i = 0; i < table->count && i < limit; i++)
        TRY(write_series(worker, table, order[i], &totals[order[i]], out));
    json_shut(out, ']');
    out_totals->dropped = table->count > limit ? table->count - limit : 0;
    return OK;
}

const struct operator op_trend = {
    .kind = "trend",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .compile = compile,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
