/* op_trend.c - how many events, people, or how much of a property, over time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/operator.h"
#include "measure/trend_series.h"

#include <stdlib.h>

enum { MOST_COLUMNS = 100000 };

static const struct query_param params[] = {
    {"event", PARAM_EVENT, true, "the event to count: a name, \"*\" or {\"event\",\"where\"}"},
    {"measure", PARAM_MEASURE, false,
     "events, people, per_person, or {\"sum\"|\"mean\"|\"min\"|\"max\"|\"median\": property}"},
    {"interval", PARAM_INTERVAL, true, "one of minute, hour, day, week, month, all"},
};

struct trend {
    struct matcher_event event;
    struct matcher_property measured;
    struct matcher_property by;
    struct matcher_property currency;
    bool checks_currency;
    millis *columns; /* starts, ascending */
    uint32_t column_count;
};

struct trend_state {
    struct trend_table table;
    uint32_t column; /* of the event before: most come in the same */
    bool has_currency;
    text_code money_code; /* the one currency seen */
};

/* Compiling. */

static fallible add_column(struct trend *trend, struct arena *mem, millis start, size_t *room)
{
    if (trend->column_count == MOST_COLUMNS)
        return fail(ERR_LIMIT, "over %d columns: ask for a shorter range or a longer \"interval\"",
                    MOST_COLUMNS);
    if (trend->column_count == *room) {
        size_t more = *room ? *room * 2 : 64;
        millis *columns = arena_array(mem, more, sizeof *columns);

        if (!columns)
            return operator_exhausted();
        for (uint32_t i = 0; i < trend->column_count; i++)
            columns[i] = trend->columns[i];
        trend->columns = columns;
        *room = more;
    }
    trend->columns[trend->column_count++] = start;
    return OK;
}

static fallible make_columns(const struct operator_shared *shared, struct arena *mem,
                             struct trend *trend)
{
    const struct query *query = shared->query;
    size_t room = 0;

    if (query->is_all_time)
        return add_column(trend, mem, shared->from, &room);
    for (millis at = zone_period(query->zone, shared->from, query->interval); at < shared->to;
         at = zone_next(query->zone, at, query->interval))
        TRY(add_column(trend, mem, at, &room));
    return OK;
}

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    struct trend *trend = arena_take(mem, sizeof *trend);

    if (!trend)
        return operator_exhausted();
    TRY(matcher_event(shared->plan, &query->event, &trend->event));
    if (query->measured.data)
        TRY(matcher_property(shared->plan, query->measured, &trend->measured));
    if (query->by.data)
        TRY(matcher_property(shared->plan, query->by, &trend->by));
    trend->checks_currency = query->measure == MEASURE_SUM && !str_equals(query->by, S("currency"));
    TRY(matcher_property(shared->plan, S("currency"), &trend->currency));
    TRY(make_columns(shared, mem, trend));
    shared->compiled = trend;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    struct trend_state *state = arena_take(worker->mem, sizeof *state);

    if (!state)
        return operator_exhausted();
    trend_series_init(&state->table, worker->mem, worker->shared->query->measure);
    *out_state = state;
    return OK;
}

/* Counting. */

static uint32_t column_of(const struct trend *trend, struct trend_state *state, millis time)
{
    uint32_t low = 0, count = trend->column_count;
    uint32_t known = state->column;

    if (trend->columns[known] <= time &&
        (known + 1 == trend->column_count || time < trend->columns[known + 1]))
        return known;
    while (count > 1) {
        uint32_t half = count / 2;

        if (trend->columns[low + half] <= time) {
            low += half;
            count -= half;
        } else {
            count = half;
        }
    }
    state->column = low;
    return low;
}

static fallible several_currencies(void)
{
    return fail(ERR_INVALID, "this sum would add amounts in several currencies: ask with "
                             "\"by\":\"currency\", or for one of them in \"where\"");
}

static fallible see_currency(struct trend_state *state, text_code code)
{
    if (state->has_currency && state->money_code != code)
        return several_currencies();
    state->has_currency = true;
    state->money_code = code;
    return OK;
}

/* The numbers that an event adds: one, or those in a list. */
static fallible add_number(struct trend_state *state, struct trend_series *series,
                           struct trend_figure *figure, uint32_t column, const struct value *number)
{
    if (number->type != VALUE_NUMBER)
        return OK;
    if (state->table.measure == MEASURE_MEDIAN)
        return trend_series_sample(&state->table, series, column, number->number);
    trend_series_add(figure, number->number);
    trend_series_add(&series->total, number->number);
    return OK;
}

/* What one event is about to add, to the series of each of its keys. */
struct addition {
    const struct source_event *event;
    node_id person;
    uint32_t column;
    struct value measured;
};

static fallible add_to(struct trend_state *state, const struct source *source,
                       const struct addition *addition, const struct value *key)
{
    struct trend_series *series;
    struct trend_figure *figure;
    struct value element;

    if (key->type == VALUE_LIST || key->type == VALUE_OBJECT)
        return OK;
    TRY(trend_series_get(&state->table, key, &series));
    if (series->last_row == addition->event->row + 1)
        return OK;
    series->last_row = addition->event->row + 1;
    TRY(trend_series_cell(&state->table, series, addition->column, &figure));
    trend_series_count(figure, addition->person);
    trend_series_count(&series->total, addition->person);
    if (addition->measured.type != VALUE_LIST)
        return add_number(state, series, figure, addition->column, &addition->measured);
    for (uint32_t i = 0; i < addition->measured.count; i++) {
        source_element(source, &addition->measured, i, &element);
        TRY(add_number(state, series, figure, addition->column, &element));
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

/* Lists and objects inside a list are no keys; a list without keys counts as none. */
static bool has_key(const struct source *source, const struct value *list)
{
    struct value element;

    for (uint32_t i = 0; i < list->count; i++) {
        source_element(source, list, i, &element);
        if (element.type != VALUE_LIST && element.type != VALUE_OBJECT)
            return true;
    }
    return false;
}

static fallible add_event(const struct operator_worker *worker, struct trend_state *state,
                          const struct source_event *event, node_id person)
{
    const struct operator_shared *shared = worker->shared;
    const struct trend *trend = shared->compiled;
    struct addition addition = {event, person, column_of(trend, state, event->time), {0}};
    struct value key = {.type = VALUE_NULL};
    struct value element;

    if (shared->query->measured.data)
        matcher_value(worker->scope, &trend->measured, event, &addition.measured);
    if (trend->checks_currency && has_number(shared->source, &addition.measured)) {
        matcher_value(worker->scope, &trend->currency, event, &element);
        if (element.type == VALUE_TEXT)
            TRY(see_currency(state, element.code));
    }
    if (shared->query->by.data)
        matcher_value(worker->scope, &trend->by, event, &key);
    if (key.type == VALUE_OBJECT || (key.type == VALUE_LIST && !has_key(shared->source, &key)))
        key = (struct value){.type = VALUE_NULL};
    if (key.type != VALUE_LIST)
        return add_to(state, shared->source, &addition, &key);
    for (uint32_t i = 0; i < key.count; i++) {
        source_element(shared->source, &key, i, &element);
        TRY(add_to(state, shared->source, &addition, &element));
    }
    return OK;
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct source_person *person)
{
    const struct operator_shared *shared = worker->shared;
    const struct trend *trend = shared->compiled;

    for (size_t i = 0; i < person->count; i++) {
        const struct source_event *event = &person->events[i];

        if (event->time >= shared->from && event->time < shared->to &&
            matcher_matches(worker->scope, &trend->event, event) &&
            matcher_passes(worker->scope, shared->where, event))
            TRY(add_event(worker, state, event, person->id));
    }
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

struct ranked {
    struct trend_series *series;
    enum query_measure measure;
    bool is_null;
    double number; /* the total, where it is no sum, least or most */
    str text;      /* bytes of the key */
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

static const struct trend_numbers *numbers_of(const struct ranked *rank)
{
    return rank->series->total.numbers;
}

static int compare_decimals(const struct ranked *a, const struct ranked *b)
{
    bool is_least = a->measure == MEASURE_MIN;
    decimal none = {0};
    decimal left = a->is_null ? none : is_least ? numbers_of(a)->least : numbers_of(a)->most;
    decimal right = b->is_null ? none : is_least ? numbers_of(b)->least : numbers_of(b)->most;

    return decimal_compare(left, right);
}

/* The largest totals first, null as 0; ties by the bytes of the key, then by its type. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    int order;

    if (left->measure == MEASURE_SUM)
        order = decimal_sum_compare(&numbers_of(right)->sum, &numbers_of(left)->sum);
    else if (left->measure == MEASURE_MIN || left->measure == MEASURE_MAX)
        order = compare_decimals(right, left);
    else
        order = (left->number < right->number) - (left->number > right->number);
    if (!order)
        order = str_compare(left->text, right->text);
    return order ? order : (int)left->series->key.type - (int)right->series->key.type;
}

static fallible key_text(const struct operator_worker *worker, const struct value *key, str *out)
{
    struct buf text = {0};

    *out = S("");
    if (key->type == VALUE_BOOL)
        *out = key->code ? S("true") : S("false");
    if (key->type == VALUE_TEXT)
        *out = source_text(worker->shared->source, key->code);
    if (key->type != VALUE_NUMBER)
        return OK;
    decimal_write(&text, key->number);
    *out = arena_dup(worker->mem, buf_str(&text));
    buf_done(&text);
    return out->data ? OK : operator_exhausted();
}

static fallible rank(const struct operator_worker *worker, struct trend_table *table,
                     struct ranked **out_ranks)
{
    struct ranked *ranks = arena_array(worker->mem, table->count + 1, sizeof *ranks);

    if (!ranks)
        return operator_exhausted();
    for (size_t i = 0; i < table->count; i++) {
        struct trend_series *series = table->series[i];

        ranks[i] = (struct ranked){.series = series, .measure = table->measure};
        ranks[i].is_null = !figure_number(&series->total, table->measure, &ranks[i].number);
        if (series->sample_count) {
            qsort(series->samples, series->sample_count, sizeof *series->samples, by_number);
            ranks[i].is_null = false;
            ranks[i].number = median_of(series->samples, series->sample_count);
        }
        TRY(key_text(worker, &series->key, &ranks[i].text));
    }
    if (table->count)
        qsort(ranks, table->count, sizeof *ranks, by_rank);
    *out_ranks = ranks;
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

static void write_key(const struct operator_worker *worker, const struct value *key,
                      struct json_writer *out)
{
    if (key->type == VALUE_TEXT)
        json_text(out, source_text(worker->shared->source, key->code));
    else if (key->type == VALUE_BOOL)
        json_bool(out, key->code);
    else if (key->type == VALUE_NUMBER)
        operator_write_number(out, key->number);
    else
        json_null(out);
}

static fallible write_series(const struct operator_worker *worker, const struct trend_table *table,
                             const struct ranked *rank, struct json_writer *out)
{
    const struct trend *trend = worker->shared->compiled;

    json_open(out, '{');
    json_key(out, S("key"));
    write_key(worker, &rank->series->key, out);
    json_key(out, S("values"));
    json_open(out, '[');
    if (table->measure == MEASURE_MEDIAN)
        write_medians(out, rank->series, trend->column_count);
    for (uint32_t i = 0; table->measure != MEASURE_MEDIAN && i < trend->column_count; i++)
        write_figure(out, trend_series_find(table, rank->series, i), table->measure);
    json_shut(out, ']');
    json_key(out, S("total"));
    if (table->measure == MEASURE_MEDIAN && !rank->is_null)
        json_double(out, rank->number);
    else
        write_figure(out, &rank->series->total, table->measure);
    json_shut(out, '}');
    return operator_check_answer(worker->shared, out);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct operator_shared *shared = worker->shared;
    const struct trend *trend = shared->compiled;
    struct trend_table *table = &((struct trend_state *)state)->table;
    struct value no_key = {.type = VALUE_NULL};
    struct trend_series *series;
    struct ranked *ranks;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : QUERY_LIMIT;

    if (!table->count && !shared->query->by.data)
        TRY(trend_series_get(table, &no_key, &series));
    TRY(rank(worker, table, &ranks));
    json_key(out, S("columns"));
    json_open(out, '[');
    for (uint32_t i = 0; i < trend->column_count; i++)
        operator_write_time(shared, out, trend->columns[i]);
    json_shut(out, ']');
    json_key(out, S("series"));
    json_open(out, '[');
    for (size_t i = 0; i < table->count && i < limit; i++)
        TRY(write_series(worker, table, &ranks[i], out));
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
