/* op_retention.c - of the people who started in a period, how many came back in those after it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/buckets.h"
#include "measure/hit_bits.h"
#include "measure/operator.h"

#include "base/json.h"

#include <string.h>

enum { START, RETURN, INTERVAL, PERIODS, PARAMS };
enum { USUAL_PERIODS = 12, MOST_PERIODS = 366, MANY = 32 /* hits a period */ };

static const char *const intervals[] = {"day", "week", "month", NULL};

static const struct query_param params[PARAMS] = {
    [START] = {.name = "start",
               .type = PARAM_EVENT,
               .is_required = true,
               .help = "the event that puts a person into a cohort"},
    [RETURN] = {.name = "return",
                .type = PARAM_EVENT,
                .is_required = true,
                .help = "the event that counts as coming back"},
    [INTERVAL] = {.name = "interval",
                  .type = PARAM_INTERVAL,
                  .is_required = true,
                  .help = "one of day, week, month",
                  .choices = intervals},
    [PERIODS] = {.name = "periods",
                 .type = PARAM_NUMBER,
                 .help = "how many periods behind the first one to follow",
                 .most = MOST_PERIODS},
};

struct retention {
    scan_marks start;
    scan_marks back;
    uint32_t periods;
    uint32_t over; /* periods that are over at "to": the first so many */
    struct buckets buckets;
};

struct retention_cohort {
    uint64_t people;
    uint64_t *returned; /* [period after], as far as there are periods; NULL without people */
};

struct retention_state {
    struct hit_bits start;
    struct hit_bits back;
    struct hit_bits firsts; /* of a batch with periods: where persons begin, */
    uint64_t *changes;      /* and where persons or periods do */
    uint32_t words;         /* there is room for */
    uint32_t *tally; /* [cohort][period, or the count of periods: her start] of such batches */
    struct retention_cohort *cohorts; /* one a bucket */
};

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    const struct query_argument *given = query->arguments;
    const struct scan_bounds *bounds = &shared->bounds;
    struct retention *retention = arena_take(mem, sizeof *retention);
    struct buckets *buckets;

    if (!retention)
        return operator_exhausted();
    TRY(scan_plan_mark(shared->plan, given[START].events, 1, SCAN_IN_RANGE | SCAN_WHERE,
                       &retention->start));
    /* What comes after a start is in range where it is before the end. */
    TRY(scan_plan_mark(shared->plan, given[RETURN].events, 1, SCAN_IN_RANGE, &retention->back));
    buckets = &retention->buckets;
    TRY(buckets_make(query, bounds->from, bounds->to, mem, buckets));
    scan_plan_kinds(shared->plan);
    scan_plan_periods(shared->plan, buckets->starts, buckets->count);
    retention->periods = given[PERIODS].is_given ? (uint32_t)given[PERIODS].number : USUAL_PERIODS;
    retention->over = buckets->count;
    if (buckets->count &&
        zone_next(query->zone, buckets->starts[buckets->count - 1], query->interval) > bounds->to)
        retention->over--;
    shared->compiled = retention;
    return OK;
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    const struct retention *retention = worker->shared->compiled;
    struct retention_state *state = arena_take(worker->mem, sizeof *state);

    if (!state)
        return operator_exhausted();
    state->cohorts =
        arena_array(worker->mem, (size_t)retention->buckets.count + 1, sizeof *state->cohorts);
    if (!state->cohorts)
        return operator_exhausted();
    *out_state = state;
    return OK;
}

/* How many periods from its own on a cohort can be seen in. */
static uint32_t seen_periods(const struct retention *retention, uint32_t cohort)
{
    uint32_t left = retention->buckets.count - cohort;

    return left < retention->periods + 1 ? left : retention->periods + 1;
}

static fallible make_returned(const struct retention *retention, struct arena *mem,
                              struct retention_state *state, uint32_t number)
{
    struct retention_cohort *cohort = &state->cohorts[number];

    if (!cohort->returned)
        cohort->returned =
            arena_array(mem, seen_periods(retention, number), sizeof *cohort->returned);
    return cohort->returned ? OK : operator_exhausted();
}

/* Periods looked for: at most 64, a bit each. */
struct window {
    uint32_t first, length;
};

static uint64_t bit_of(const struct window *window, uint32_t period)
{
    period -= window->first;
    return (uint64_t)(period < window->length) << period % 64;
}

/* The periods of the times [from, to). */
static uint64_t find_each(const struct retention *retention, const struct window *window,
                          const millis *times, uint32_t from, uint32_t to)
{
    const struct buckets buckets = retention->buckets;
    uint64_t seen = 0;

    if (buckets.factor && buckets.count <= 64) {
        for (uint32_t i = from; i < to; i++)
            seen |= UINT64_C(1) << buckets_find_even(&buckets, times[i]);
        return seen >> window->first & ~UINT64_C(0) >> (64 - window->length);
    }
    for (uint32_t i = from; i < to; i++)
        seen |= bit_of(window, buckets_find(&buckets, times[i]));
    return seen;
}

/* The same where there are many: each period is looked for where its times should lie if they came
 * evenly, and searched for only if none lies there. */
static uint64_t find_many(const struct retention *retention, const struct window *window,
                          const millis *times, uint32_t from, uint32_t to)
{
    const millis *starts = retention->buckets.starts;
    millis first = times[from], span = times[to - 1] - first;
    double each = span ? (double)(to - 1 - from) / (double)span : 0;
    uint32_t period = buckets_find(&retention->buckets, first);
    uint32_t last = buckets_find(&retention->buckets, times[to - 1]);
    uint64_t seen = 0;

    if (period < window->first)
        period = window->first;
    for (; period <= last && period - window->first < window->length; period++) {
        millis middle = starts[period] / 2 + starts[period + 1] / 2 - first;
        millis at = middle < 0 ? 0 : middle < span ? middle : span;
        uint32_t row = from + (uint32_t)((double)at * each);

        if (times[row] < starts[period] || times[row] >= starts[period + 1])
            row = time_find(times, from, to, starts[period]);
        if (row < to && times[row] < starts[period + 1])
            seen |= bit_of(window, period);
    }
    return seen;
}

/* The periods in which the hits [from, end) come back. */
static uint64_t find_periods(const struct retention *retention, const struct window *window,
                             const struct hit_bits *back, const millis *times,
                             const uint32_t range[2])
{
    uint64_t seen = 0;
    uint32_t at = range[0], end = range[1];

    while ((at = hit_bits_next(back, at, end)) < end) {
        uint32_t to = hit_bits_run(back, at, end);

        seen |= to - at > MANY * window->length ? find_many(retention, window, times, at, to)
                                                : find_each(retention, window, times, at, to);
        at = to;
    }
    return seen;
}

/* Counts her returns, once each period. */
static fallible add_person(const struct operator_worker *worker, struct retention_state *state,
                           const struct scan_batch *batch, size_t person)
{
    const struct retention *retention = worker->shared->compiled;
    uint32_t first = batch->kinds_of ? batch->since[person] : batch->first[person];
    uint32_t end = batch->end[person], at = hit_bits_next(&state->start, first, end);
    struct retention_cohort *cohort;
    uint32_t number, periods;

    scan_fetch_times(batch, first, end);
    if (at == end)
        return OK;
    number = buckets_find(&retention->buckets, batch->times[at]);
    periods = seen_periods(retention, number);
    TRY(make_returned(retention, worker->mem, state, number));
    cohort = &state->cohorts[number];
    cohort->people++;
    for (uint32_t from = 0; from < periods; from += 64) {
        struct window window = {number + from, periods - from < 64 ? periods - from : 64};
        uint64_t seen = find_periods(retention, &window, &state->back, batch->times,
                                     (const uint32_t[]){at + 1, end});

        for (; seen; seen &= seen - 1)
            cohort->returned[from + (uint32_t)__builtin_ctzll(seen)]++;
    }
    return OK;
}

/* Where periods are told of hits: 64 hits at once. */

static fallible make_room(const struct operator_worker *worker, struct retention_state *state,
                          uint32_t words)
{
    const struct retention *retention = worker->shared->compiled;
    size_t count = retention->buckets.count;

    if (!state->tally)
        state->tally = arena_array(worker->mem, count * (count + 1), sizeof *state->tally);
    if (words > state->words) {
        state->words = 0;
        state->changes = arena_array(worker->mem, words * (size_t)2, sizeof *state->changes);
    }
    if (!state->tally || !state->changes)
        return operator_exhausted();
    if (words > state->words)
        state->words = words * 2;
    return OK;
}

/* Of each stretch of bits, one for each of `begins`, the first one that is set. What is carried on
 * from one word to the next looks for one, and begins as false. */
static inline uint64_t first_of_each(uint64_t bits, uint64_t begins, bool *looks)
{
    uint64_t none = ~bits, sum;
    bool over = __builtin_add_overflow(none, begins & none, &sum);

    *looks = __builtin_add_overflow(sum, (uint64_t)*looks, &sum) | over;
    return (sum | begins) & bits;
}

/* The bits from one of `from` on up to the next one of `to`, which take turns. */
static inline uint64_t between(uint64_t from, uint64_t to, bool *is_in)
{
    uint64_t bits;
    bool below = __builtin_sub_overflow(to, from, &bits);

    *is_in = __builtin_sub_overflow(bits, (uint64_t)*is_in, &bits) | below;
    return bits;
}

/* Counts those who start, and each period that one of them comes back in. */
static void count_words(struct retention_state *state, const struct scan_batch *batch,
                        uint32_t words, uint32_t periods)
{
    bool looks_for_start = false, looks_for_end = false, has_started = false,
         looks_for_back = false;
    uint64_t before = 0;
    uint32_t *cohort = state->tally;

    for (uint32_t word = 0; word < words; word++) {
        uint64_t firsts = state->firsts.words[word];
        uint64_t starts = first_of_each(state->start.words[word], firsts, &looks_for_start);
        uint64_t ends = first_of_each(firsts, starts << 1 | before, &looks_for_end);
        uint64_t later = between(starts, ends, &has_started) & ~starts;
        uint64_t backs = first_of_each(state->back.words[word] & later,
                                       state->changes[word] | firsts, &looks_for_back);

        before = starts >> 63;
        for (uint64_t left = starts | backs; left; left &= left - 1) {
            unsigned at = (unsigned)__builtin_ctzll(left);
            uint32_t period = batch->periods[word * 64 + at];
            bool is_start = starts >> at & 1;

            cohort = is_start ? state->tally + (size_t)period * (periods + 1) : cohort;
            cohort[is_start ? periods : period]++;
        }
    }
}

static fallible step_periods(const struct operator_worker *worker, struct retention_state *state,
                             const struct scan_batch *batch, uint32_t rows)
{
    const struct retention *retention = worker->shared->compiled;

    TRY(make_room(worker, state, pick_words(rows)));
    TRY(hit_bits_firsts(&state->firsts, worker->mem, batch, batch->row, batch->row + rows));
    pick_best()->changes(batch->periods, rows, state->changes);
    count_words(state, batch, pick_words(rows), retention->buckets.count);
    return OK;
}

/* Moves what was tallied to the cohorts. */
static fallible settle(const struct operator_worker *worker, struct retention_state *state)
{
    const struct retention *retention = worker->shared->compiled;
    uint32_t periods = retention->buckets.count;

    for (uint32_t number = 0; state->tally && number < periods; number++) {
        const uint32_t *tally = state->tally + (size_t)number * (periods + 1);
        struct retention_cohort *cohort = &state->cohorts[number];

        if (!tally[periods])
            continue;
        TRY(make_returned(retention, worker->mem, state, number));
        cohort->people += tally[periods];
        for (uint32_t k = 0; k < seen_periods(retention, number); k++)
            cohort->returned[k] += tally[number + k];
    }
    state->tally = NULL;
    return OK;
}

static fallible step(const struct operator_worker *worker, void *argument,
                     const struct scan_batch *batch)
{
    const struct retention *retention = worker->shared->compiled;
    struct retention_state *state = argument;
    uint32_t from, to;

    hit_bits_span(batch, &from, &to);
    TRY(hit_bits_find(&state->back, worker->mem, batch, retention->back, from, to));
    if (retention->start == retention->back)
        state->start = state->back;
    else
        TRY(hit_bits_find(&state->start, worker->mem, batch, retention->start, from, to));
    if (batch->periods)
        return step_periods(worker, state, batch, to - from);
    for (size_t person = 0; person < batch->persons; person++)
        TRY(add_person(worker, state, batch, person));
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    const struct retention *retention = worker->shared->compiled;
    struct retention_state *own = state;
    struct retention_state *from = other;

    TRY(settle(worker, from));
    for (uint32_t cohort = 0; cohort < retention->buckets.count; cohort++) {
        const struct retention_cohort *theirs = &from->cohorts[cohort];

        if (!theirs->people)
            continue;
        TRY(make_returned(retention, worker->mem, own, cohort));
        own->cohorts[cohort].people += theirs->people;
        for (uint32_t k = 0; k < seen_periods(retention, cohort); k++)
            own->cohorts[cohort].returned[k] += theirs->returned[k];
    }
    return OK;
}

static fallible write_cohort(const struct operator_shared *shared,
                             const struct retention_cohort *cohort, uint32_t number,
                             struct json_writer *out)
{
    const struct retention *retention = shared->compiled;

    json_open(out, '{');
    json_key(out, S("start"));
    operator_write_time(shared, out, retention->buckets.starts[number]);
    json_key(out, S("people"));
    json_u64(out, cohort->people);
    json_key(out, S("returned"));
    json_open(out, '[');
    for (uint32_t k = 0; k <= retention->periods; k++) {
        if (number + k < retention->over)
            json_u64(out, cohort->returned[k]);
        else
            json_null(out);
    }
    json_shut(out, ']');
    json_shut(out, '}');
    return operator_check_answer(shared, out);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct operator_shared *shared = worker->shared;
    const struct retention *retention = shared->compiled;
    struct retention_state *own = state;

    TRY(settle(worker, own));
    json_key(out, S("cohorts"));
    json_open(out, '[');
    for (uint32_t i = 0; i < retention->buckets.count; i++)
        if (own->cohorts[i].people)
            TRY(write_cohort(shared, &own->cohorts[i], i, out));
    json_shut(out, ']');
    out_totals->dropped = 0;
    return OK;
}

const struct operator op_retention = {
    .kind = "retention",
    .params = params,
    .param_count = PARAMS,
    .compile = compile,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
