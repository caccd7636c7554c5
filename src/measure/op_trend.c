/* op_trend.c - how many events, people, or how much of a property, over time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/buckets.h"
#include "measure/hit_bits.h"
#include "measure/operator.h"
#include "measure/trend_series.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT, MEASURE, INTERVAL };
enum { FIRST_KNOWN = 64, TALLY_ROWS = 512, TALLY_COLUMNS = 512 };

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

/* What a question that only counts has counted of a key, narrow enough to stay at hand: columns,
 * and the total behind them. */
struct trend_tally {
    uint64_t events; /* not of who asks for people alone */
    uint64_t people; /* in the upper half; below, the last of them */
};

struct trend_state {
    struct trend_table table;
    struct hit_bits bits;                 /* of a batch of kinds: its hits, */
    struct hit_bits firsts;               /* and where persons begin */
    struct trend_tally *rows[TALLY_ROWS]; /* of the table; NULL: none yet */
    struct trend_tally **known;           /* [number of a key's value] the same */
    uint32_t known_room;
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
    scan_plan_kinds(shared->plan);
    scan_plan_periods(shared->plan, trend->buckets.starts, trend->buckets.count);
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

/* Tallies. */

/* Where the events of a row are counted, but for those with numbers; NULL: in figures. */
static fallible find_tally(const struct trend *trend, struct trend_state *state, uint32_t row,
                           struct trend_tally **out_tally)
{
    *out_tally = NULL;
    if (trend->has_measured || row >= TALLY_ROWS || trend->buckets.count > TALLY_COLUMNS)
        return OK;
    if (!state->rows[row])
        state->rows[row] =
            arena_array(state->table.mem, trend->buckets.count + (size_t)1, sizeof **out_tally);
    *out_tally = state->rows[row];
    return *out_tally ? OK : operator_exhausted();
}

static inline void count_person(struct trend_tally *tally, node_id person)
{
    uint64_t is_another = (node_id)tally->people != person;

    tally->people = ((tally->people >> 32) + is_another) << 32 | person;
}

/* Counts what the measure asks for. */
static inline void count_hit(enum query_measure measure, struct trend_tally *row, uint32_t column,
                             uint32_t total, node_id person)
{
    if (measure != MEASURE_PEOPLE)
        row[column].events++;
    if (measure == MEASURE_EVENTS)
        return;
    count_person(&row[column], person);
    count_person(&row[total], person);
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
    trend_series_add(table->series[row].total, number->number);
    return OK;
}

/* What one event is about to add, to the series of each of its keys. */
struct addition {
    node_id person;
    uint32_t column;
    struct value measured;
};

static fallible add_to(const struct operator_shared *shared, struct trend_state *state,
                       const struct addition *addition, uint32_t row)
{
    const struct trend *trend = shared->compiled;
    struct trend_table *table = &state->table;
    struct trend_tally *tally;
    struct trend_figure *figure;
    struct value element;

    TRY(find_tally(trend, state, row, &tally));
    if (tally) {
        count_hit(trend->measure, tally, addition->column, trend->buckets.count, addition->person);
        return OK;
    }
    TRY(trend_series_cell(table, row, addition->column, &figure));
    trend_series_count(figure, addition->person);
    trend_series_count(table->series[row].total, addition->person);
    if (addition->measured.type != VALUE_LIST)
        return add_number(table, row, addition->column, figure, &addition->measured);
    for (uint32_t i = 0; i < addition->measured.count; i++) {
        source_element(shared->source, &addition->measured, i, &element);
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

/* Keys whose rows are known. */

static fallible make_known(const struct trend *trend, struct trend_state *state,
                           const struct scan_batch *batch, uint32_t number)
{
    uint32_t room = FIRST_KNOWN + (trend->has_key ? batch->values[trend->key].filed_count : 0);
    struct trend_tally **known;

    if (number < state->known_room)
        return OK;
    while (room <= number)
        room *= 2;
    known = arena_array(state->table.mem, room, sizeof *known);
    if (!known)
        return operator_exhausted();
    if (state->known_room)
        memcpy(known, state->known, state->known_room * sizeof *known);
    state->known = known;
    state->known_room = room;
    return OK;
}

/* Remembers the tally of a value of the key, if it counts for one row alone. */
static fallible remember(const struct trend *trend, struct trend_state *state,
                         const struct scan_batch *batch, uint32_t hit, uint32_t row)
{
    uint32_t number = trend->has_key ? scan_number(batch, trend->key, hit) : 0;
    struct trend_tally *tally;

    if (trend->has_key && scan_value(batch, trend->key, hit)->type == VALUE_LIST)
        return OK;
    TRY(find_tally(trend, state, row, &tally));
    if (!tally)
        return OK;
    TRY(make_known(trend, state, batch, number));
    state->known[number] = tally;
    return OK;
}

/* Moves the tallies into the figures of the table, which are none without events. */
static fallible settle(const struct trend *trend, struct trend_state *state)
{
    struct trend_table *table = &state->table;
    uint32_t columns = trend->buckets.count;

    for (uint32_t row = 0; row < table->count && row < TALLY_ROWS; row++) {
        const struct trend_tally *tally = state->rows[row];
        struct trend_figure *total = table->series[row].total, *figure;

        for (uint32_t column = 0; tally && column < columns; column++) {
            uint64_t people = tally[column].people >> 32;
            uint64_t events = trend->measure == MEASURE_PEOPLE ? people : tally[column].events;

            if (!events)
                continue;
            TRY(trend_series_cell(table, row, column, &figure));
            figure->events += events;
            figure->people += people;
            total->events += events;
        }
        if (tally)
            total->people += tally[columns].people >> 32;
        state->rows[row] = NULL;
    }
    return OK;
}

static inline uint32_t column_of(const struct trend *trend, const struct scan_batch *batch,
                                 uint32_t hit)
{
    return batch->periods ? batch->periods[hit - batch->row]
                          : buckets_find(&trend->buckets, batch->times[hit]);
}

__attribute__((noinline)) static fallible add_hit(const struct operator_shared *shared,
                                                  struct trend_state *state,
                                                  const struct scan_batch *batch, uint32_t hit,
                                                  node_id person)
{
    static const struct value none = {.type = VALUE_NULL};
    const struct trend *trend = shared->compiled;
    struct addition addition = {.person = person};
    const uint32_t *rows;
    uint32_t count;

    addition.column = column_of(trend, batch, hit);
    if (trend->has_measured)
        addition.measured = *scan_value(batch, trend->measured, hit);
    if (trend->checks_currency && scan_value(batch, trend->currency, hit)->type == VALUE_TEXT &&
        has_number(shared->source, &addition.measured))
        TRY(see_currency(state, scan_value(batch, trend->currency, hit)->code));
    TRY(keys_of(&state->table.keys, shared->source,
                trend->has_key ? scan_value(batch, trend->key, hit) : &none, &rows, &count));
    TRY(trend_series_cover(&state->table));
    TRY(remember(trend, state, batch, hit, *rows));
    for (uint32_t i = 0; i < count; i++)
        TRY(add_to(shared, state, &addition, rows[i]));
    return OK;
}

/* Hits in a row, of one person if the measure asks for persons. */
struct run {
    const uint32_t *numbers; /* of the keys' values; NULL: there is no key */
    const millis *times;
    const scan_marks *marks;
    uint32_t at, end;
    node_id person;
};

/* Counts hits as long as they have keys that are known. Every hit has the mark, but for those that
 * only an audience wants. */
static void count_known(const struct trend *trend, const struct trend_state *state, struct run *run)
{
    const struct buckets buckets = trend->buckets;
    struct trend_tally *const *known = state->known;
    bool has_persons = trend->measure != MEASURE_EVENTS;
    uint32_t room = state->known_room, at = run->at;

    for (; at < run->end; at++) {
        uint32_t number = run->numbers ? run->numbers[at] : 0, column;

        if (!(run->marks[at] & trend->mark))
            continue;
        if (number >= room || !known[number])
            break;
        column = buckets_find(&buckets, run->times[at]);
        if (has_persons)
            count_hit(trend->measure, known[number], column, buckets.count, run->person);
        else
            known[number][column].events++;
    }
    run->at = at;
}

static fallible step_marks(const struct operator_worker *worker, struct trend_state *state,
                           const struct scan_batch *batch)
{
    const struct trend *trend = worker->shared->compiled;
    bool has_persons = trend->measure != MEASURE_EVENTS;

    for (size_t person = 0; person < batch->persons; person++) {
        struct run run = {.numbers = trend->has_key ? batch->slots[trend->key] : NULL,
                          .times = batch->times,
                          .marks = batch->marks,
                          .at = batch->first[person],
                          .person = batch->ids[person]};

        while (!has_persons && person + 1 < batch->persons &&
               batch->first[person + 1] == batch->end[person])
            person++;
        run.end = batch->end[person];
        for (;;) {
            count_known(trend, state, &run);
            if (run.at == run.end)
                break;
            TRY(add_hit(worker->shared, state, batch, run.at++, run.person));
        }
    }
    return OK;
}

/* As they lie in a file. */

/* The hits [at, end) of a batch with periods, seen from its first. */
struct stretch {
    const struct scan_batch *batch;
    struct columns_block codes; /* of the key, in width 0 where no hit has one */
    uint32_t base;
    uint32_t at, end;
    uint32_t word; /* of bits; in those before it, so many persons begin */
    uint32_t persons;
};

enum { CODES_AHEAD = 2048 };

static inline void fetch_codes(const struct columns_block *codes, uint32_t row)
{
    const char *from = (const char *)codes->data + row * (size_t)codes->width + CODES_AHEAD;

    for (uint32_t line = 0; line < codes->width; line++)
        __builtin_prefetch(from + line * 64);
}

static inline uint64_t word_of(const struct hit_bits *bits, const struct stretch *stretch,
                               uint32_t word)
{
    uint64_t left = bits->words[word];

    return word == stretch->at / 64 ? left & ~UINT64_C(0) << stretch->at % 64 : left;
}

/* Counts hits as long as they have keys that are known. Inlined for what is asked. */
__attribute__((always_inline)) static inline void
count_stretch(const struct trend *trend, const struct trend_state *state, struct stretch *stretch,
              uint8_t width, enum query_measure measure)
{
    const struct scan_batch *batch = stretch->batch;
    const struct columns_block codes = {.data = stretch->codes.data, .width = width};
    struct trend_tally *const *known = state->known;
    uint32_t columns = trend->buckets.count, room = state->known_room;
    uint32_t word = stretch->word, persons = stretch->persons;

    for (; word * 64 < stretch->end; word++) {
        uint64_t firsts = measure == MEASURE_EVENTS ? 0 : state->firsts.words[word];

        fetch_codes(&codes, batch->row + word * 64);
        for (uint64_t left = word_of(&state->bits, stretch, word); left; left &= left - 1) {
            uint32_t hit = word * 64 + (uint32_t)__builtin_ctzll(left);
            uint32_t code = width ? columns_item(&codes, batch->row + hit) : 0;
            uint32_t number = code ? stretch->base + code : 0, person = 0;

            if (number >= room || !known[number]) {
                stretch->at = hit;
                stretch->word = word;
                stretch->persons = persons;
                return;
            }
            if (measure != MEASURE_EVENTS) /* of those that begin up to the hit, the last */
                person = batch->ids[persons - 1 +
                                    (uint32_t)__builtin_popcountll(firsts & (left ^ (left - 1)))];
            count_hit(measure, known[number], batch->periods[hit], columns, person);
        }
        persons += (uint32_t)__builtin_popcountll(firsts);
    }
    stretch->at = stretch->end;
}

__attribute__((always_inline)) static inline void count_wide(const struct trend *trend,
                                                             const struct trend_state *state,
                                                             struct stretch *stretch,
                                                             enum query_measure measure)
{
    if (stretch->codes.width == 0)
        count_stretch(trend, state, stretch, 0, measure);
    else if (stretch->codes.width == 1)
        count_stretch(trend, state, stretch, 1, measure);
    else if (stretch->codes.width == 2)
        count_stretch(trend, state, stretch, 2, measure);
    else
        count_stretch(trend, state, stretch, 4, measure);
}

static void count_more(const struct trend *trend, const struct trend_state *state,
                       struct stretch *stretch)
{
    for (; stretch->word < stretch->at / 64; stretch->word++)
        stretch->persons += (uint32_t)__builtin_popcountll(state->firsts.words[stretch->word]);
    if (trend->measure == MEASURE_EVENTS)
        count_wide(trend, state, stretch, MEASURE_EVENTS);
    else if (trend->measure == MEASURE_PEOPLE)
        count_wide(trend, state, stretch, MEASURE_PEOPLE);
    else
        count_wide(trend, state, stretch, MEASURE_PER_PERSON);
}

/* Whose hit it is that the stretch has come to, if the measure asks for persons. */
static node_id person_at(const struct trend *trend, const struct trend_state *state,
                         const struct stretch *stretch)
{
    uint64_t firsts, upto = UINT64_C(2) << stretch->at % 64;

    if (trend->measure == MEASURE_EVENTS)
        return 0;
    firsts = state->firsts.words[stretch->word];
    return stretch->batch
        ->ids[stretch->persons - 1 + (uint32_t)__builtin_popcountll(firsts & (upto - 1))];
}

static fallible step_periods(const struct operator_worker *worker, struct trend_state *state,
                             const struct scan_batch *batch, uint32_t hits)
{
    const struct trend *trend = worker->shared->compiled;
    struct stretch stretch = {.batch = batch, .end = hits};

    TRY(hit_bits_firsts(&state->firsts, worker->mem, batch, batch->row, batch->row + hits));
    if (trend->has_key) {
        const struct scan_filed *filed = &batch->filed[trend->key];

        stretch.codes = filed->block;
        stretch.base = filed->base;
        stretch.codes.width = filed->block.data ? filed->block.width : 0;
    }
    for (;;) {
        count_more(trend, state, &stretch);
        if (stretch.at == hits)
            return OK;
        TRY(add_hit(worker->shared, state, batch, batch->row + stretch.at,
                    person_at(trend, state, &stretch)));
        stretch.at++;
    }
}

/* One by one. */
static fallible step_kinds(const struct operator_worker *worker, struct trend_state *state,
                           const struct scan_batch *batch)
{
    for (size_t person = 0; person < batch->persons; person++) {
        uint32_t at = batch->since[person], end = batch->end[person];

        while ((at = hit_bits_next(&state->bits, at, end)) < end)
            TRY(add_hit(worker->shared, state, batch, at++, batch->ids[person]));
    }
    return OK;
}

static fallible step(const struct operator_worker *worker, void *argument,
                     const struct scan_batch *batch)
{
    const struct trend *trend = worker->shared->compiled;
    struct trend_state *state = argument;
    uint32_t from, to;

    if (!batch->kinds_of)
        return step_marks(worker, state, batch);
    hit_bits_span(batch, &from, &to);
    TRY(hit_bits_find(&state->bits, worker->mem, batch, trend->mark, from, to));
    if (!batch->periods || trend->has_measured ||
        (trend->has_key && batch->filed[trend->key].block.bits))
        return step_kinds(worker, state, batch);
    return step_periods(worker, state, batch, to - from);
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    const struct trend *trend = worker->shared->compiled;
    struct trend_state *into = state, *from = other;

    if (from->has_currency)
        TRY(see_currency(into, from->money_code));
    TRY(settle(trend, from));
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

        *total = (struct total){.numbers = series->total->numbers, .measure = table->measure};
        total->is_null = !figure_number(series->total, table->measure, &total->number);
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
        write_figure(out, table->series[row].total, table->measure);
    json_shut(out, '}');
    return operator_check_answer(worker->shared, out);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    static const struct value none = {.type = VALUE_NULL};
    const struct operator_shared *shared = worker->shared;
    const struct trend *trend = shared->compiled;
    struct trend_state *own = state;
    struct trend_table *table = &own->table;
    uint64_t limit = shared->query->has_limit ? shared->query->limit : QUERY_LIMIT;
    struct total *totals;
    uint32_t *order;
    uint32_t row;

    TRY(settle(trend, own));
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
