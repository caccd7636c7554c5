/* op_retention.c - of the people who started in a period, how many came back in those after it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/buckets.h"
#include "measure/operator.h"

#include "base/json.h"

enum { START, RETURN, INTERVAL, PERIODS, PARAMS };
enum { USUAL_PERIODS = 12, MOST_PERIODS = 366 };

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

struct history {
    const millis *times;
    const scan_marks *marks;
    uint32_t count;
};

/* Counts her returns, once each period: 64 periods at a time, a bit each. */
static void count_returns(const struct retention *retention, uint32_t cohort, uint64_t *returned,
                          const struct history *later)
{
    const struct buckets buckets = retention->buckets;
    uint32_t end = cohort + seen_periods(retention, cohort);

    for (uint32_t from = cohort; from < end; from += 64) {
        uint32_t length = end - from < 64 ? end - from : 64;
        uint64_t seen = 0;

        for (uint32_t i = 0; i < later->count; i++) {
            bool is_back = (later->marks[i] & retention->back) != 0;
            uint32_t period = is_back ? buckets_find(&buckets, later->times[i]) - from : length;

            seen |= (uint64_t)(period < length) << period % 64;
        }
        for (; seen; seen &= seen - 1)
            returned[from - cohort + (uint32_t)__builtin_ctzll(seen)]++;
    }
}

static fallible add_person(const struct operator_worker *worker, struct retention_state *state,
                           const struct history *history)
{
    const struct retention *retention = worker->shared->compiled;
    uint32_t at = 0;
    struct history later;
    uint32_t cohort;

    while (at < history->count && !(history->marks[at] & retention->start))
        at++;
    if (at == history->count)
        return OK;
    cohort = buckets_find(&retention->buckets, history->times[at]);
    TRY(make_returned(retention, worker->mem, state, cohort));
    state->cohorts[cohort].people++;
    at++;
    later = (struct history){history->times + at, history->marks + at, history->count - at};
    count_returns(retention, cohort, state->cohorts[cohort].returned, &later);
    return OK;
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    for (size_t person = 0; person < batch->persons; person++) {
        uint32_t first = batch->first[person];
        struct history history = {batch->times + first, batch->marks + first,
                                  batch->end[person] - first};

        TRY(add_person(worker, state, &history));
    }
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    const struct retention *retention = worker->shared->compiled;
    struct retention_state *own = state;
    const struct retention_state *from = other;

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
    const struct retention_state *own = state;

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
