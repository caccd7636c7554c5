/* answer.c - shares the persons out among workers, merges what they found, writes the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/answer.h"

#include "base/mem.h"
#include "measure/dictionary.h"
#include "measure/machines.h"
#include "measure/operator.h"
#include "measure/scan.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <string.h>

enum { MOST_WORKERS = 64, EVENTS_BETWEEN_LOOKS = 8192, SENTENCE = 512 };

/* Persons differ a thousandfold in their events, so there are many more morsels than workers, and
 * whoever is ready takes the next. */
enum { EVENTS_A_WORKER = 100000 };
enum { MORSELS_EACH = 64, SMALLEST_MORSEL = 16, LARGEST_MORSEL = 2048 };

#define DEFAULT_BYTES ((size_t)256 << 20)

struct run {
    const struct answer_options *options;
    struct operator_shared shared;
    struct arena *mem; /* of what is compiled */
    int64_t started_ns;
    node_id morsel;   /* node ids in one */
    atomic_uint next; /* first node of the next morsel */
    atomic_bool is_over;
};

struct worker {
    struct run *run;
    struct operator_worker own;
    void *state;
    uint64_t looked_at; /* events read when the question was last asked whether it goes on */
    struct thread *thread;
    enum err err;
    char sentence[SENTENCE]; /* of a failure: sentences belong to threads */
};

static fallible look_whether_over(struct worker *worker)
{
    const struct answer_options *options = worker->run->options;
    uint64_t events_read = scan_events_read(worker->own.scanner);

    if (atomic_load_explicit(&worker->run->is_over, memory_order_relaxed))
        return fail(ERR_EXPIRED, "another worker has given up");
    if (events_read - worker->looked_at < EVENTS_BETWEEN_LOOKS || !options->is_cancelled)
        return OK;
    worker->looked_at = events_read;
    return options->is_cancelled(options->argument)
               ? fail(ERR_EXPIRED, "the question was given up before it was answered")
               : OK;
}

/* A scan_taker. */
static enum err take_batch(void *argument, const struct scan_batch *batch)
{
    struct worker *worker = argument;

    TRY(look_whether_over(worker));
    return worker->run->shared.query->kind->step(&worker->own, worker->state, batch);
}

static fallible visit(struct worker *worker, node_id from, node_id to)
{
    TRY(scan_range(worker->own.scanner, from, to, take_batch, worker));
    return look_whether_over(worker);
}

static fallible visit_morsels(struct worker *worker)
{
    node_id end = source_end(worker->run->shared.source);
    node_id morsel = worker->run->morsel;

    for (;;) {
        node_id from = atomic_fetch_add_explicit(&worker->run->next, morsel, memory_order_relaxed);

        if (from >= end)
            return OK;
        TRY(visit(worker, from, end - from < morsel ? end : from + morsel));
    }
}

static void work(void *argument)
{
    struct worker *worker = argument;

    worker->err = visit_morsels(worker);
    if (worker->err) {
        str sentence = str_slice(str_of(err_text()), 0, SENTENCE - 1);

        memcpy(worker->sentence, sentence.data, sentence.len);
        worker->sentence[sentence.len] = '\0';
        atomic_store(&worker->run->is_over, true);
    }
}

static fallible worker_open(struct run *run, size_t bytes, struct worker *out_worker)
{
    struct worker *worker = out_worker;

    worker->run = run;
    worker->own.shared = &run->shared;
    worker->own.mem = arena_open(bytes);
    if (!worker->own.mem)
        return mem_exhausted();
    TRY(scan_open(run->shared.plan, &worker->own.scanner));
    return run->shared.query->kind->begin(&worker->own, &worker->state);
}

static void worker_close(struct worker *worker)
{
    scan_close(worker->own.scanner);
    arena_close(worker->own.mem);
}

/* Lets the workers run, the first one on this thread, and merges all into the first. */
static fallible run_workers(struct worker *workers, unsigned count)
{
    const struct operator* kind = workers->run->shared.query->kind;
    enum err err = OK;

    for (unsigned i = 1; i < count && !err; i++)
        err = thread_start("measure", work, &workers[i], &workers[i].thread);
    if (err)
        atomic_store(&workers->run->is_over, true);
    else
        work(&workers[0]);
    for (unsigned i = 1; i < count; i++)
        thread_join(workers[i].thread);
    if (err)
        return err;
    /* Of several that failed, one gave the reason and the others only stopped. */
    for (unsigned i = 0; i < count; i++)
        if (workers[i].err && (!err || err == ERR_EXPIRED))
            err = fail(workers[i].err, "%s", workers[i].sentence);
    for (unsigned i = 1; i < count && !err; i++)
        err = kind->merge(&workers[0].own, workers[0].state, workers[i].state);
    return err;
}

static fallible run_selected(struct worker *worker)
{
    node_id persons[2];
    size_t count = worker->run->shared.query->kind->select(&worker->run->shared, persons);

    for (size_t i = 0; i < count; i++)
        TRY(visit(worker, persons[i], persons[i] + 1));
    return OK;
}

/* As milliseconds with three decimals. */
static void write_elapsed(struct json_writer *out, int64_t nanoseconds)
{
    struct buf text = {0};
    long long micros = nanoseconds / 1000;

    buf_print(&text, "%lld.%03lld", micros / 1000, micros % 1000);
    json_verbatim(out, buf_is_broken(&text) ? S("0") : buf_str(&text));
    buf_done(&text);
}

static fallible write_meta(const struct run *run, struct json_writer *writer, uint64_t events_read,
                           uint64_t dropped)
{
    const struct operator_shared *shared = &run->shared;

    json_key(writer, S("meta"));
    json_open(writer, '{');
    json_key(writer, S("events_read"));
    json_u64(writer, events_read);
    json_key(writer, S("elapsed_ms"));
    write_elapsed(writer, clock_mono_ns(run->options->sys) - run->started_ns);
    json_key(writer, S("as_of"));
    operator_write_time(shared, writer, shared->bounds.as_of);
    json_key(writer, S("dropped"));
    json_u64(writer, dropped);
    json_shut(writer, '}');
    json_shut(writer, '}');
    return operator_check_answer(shared, writer);
}

static fallible write_answer(struct worker *worker, uint64_t events_read, struct buf *out)
{
    const struct operator_shared *shared = &worker->run->shared;
    struct json_writer writer = {.out = out};
    struct operator_totals totals = {0};

    json_open(&writer, '{');
    TRY(shared->query->kind->finish(&worker->own, worker->state, &writer, &totals));
    return write_meta(worker->run, &writer, events_read, totals.dropped);
}

static millis as_of(const struct run *run)
{
    const struct query *query = run->shared.query;

    return query->has_as_of ? query->as_of : clock_now(run->options->sys);
}

static fallible compile(struct run *run)
{
    struct operator_shared *shared = &run->shared;
    const struct query *query = shared->query;
    struct source_span span;

    TRY(source_span(shared->source, &span));
    shared->bounds = (struct scan_bounds){
        .from = query->has_from ? query->from : span.first,
        .to = query->has_to ? query->to
              : span.events ? span.last + 1
                            : 0,
        .as_of = as_of(run),
    };
    TRY(scan_plan_open(run->mem, shared->source, shared->bounds, query->where, &shared->plan));
    TRY(scan_plan_audience(shared->plan, query->audience));
    TRY(query->kind->compile(shared, run->mem));
    return scan_plan_ready(shared->plan);
}

static node_id morsel_of(node_id end, unsigned workers)
{
    node_id morsel = end / (workers * MORSELS_EACH);

    return morsel < SMALLEST_MORSEL  ? SMALLEST_MORSEL
           : morsel > LARGEST_MORSEL ? LARGEST_MORSEL
                                     : morsel;
}

static fallible run_query(struct run *run, size_t bytes, struct buf *out)
{
    const struct operator* kind = run->shared.query->kind;
    unsigned count = run->options->workers;
    uint64_t events_read = 0;
    struct worker *workers;
    enum err err;

    if (count < 1 || kind->select)
        count = 1;
    if (count > MOST_WORKERS)
        count = MOST_WORKERS;
    workers = mem_alloc(count * sizeof *workers);
    if (!workers)
        return mem_exhausted();
    run->morsel = morsel_of(source_end(run->shared.source), count);
    err = compile(run);
    for (unsigned i = 0; i < count && !err; i++)
        err = worker_open(run, i ? bytes / count : bytes, &workers[i]);
    if (!err)
        err = kind->select ? run_selected(workers) : run_workers(workers, count);
    for (unsigned i = 0; i < count && !err; i++)
        events_read += scan_events_read(workers[i].own.scanner);
    if (!err)
        err = write_answer(workers, events_read, out);
    for (unsigned i = 0; i < count; i++)
        worker_close(&workers[i]);
    mem_free(workers);
    return err;
}

unsigned answer_workers(const struct source *source, unsigned most)
{
    struct source_span span = {0};
    uint64_t worth;

    if (source_span(source, &span) != OK)
        return 1; /* the question itself will say why */
    worth = 1 + span.events / EVENTS_A_WORKER;
    return worth < most ? (unsigned)worth : most;
}

/* By a scan: texts that memory does not know get codes of their own. */
static fallible scan(struct run *run, const struct source *source, size_t bytes, struct buf *out)
{
    struct source own = *source;
    struct dictionary more;
    uint64_t seed;
    enum err err;

    entropy_fill(run->options->sys, &seed, sizeof seed);
    dictionary_init(&more, seed);
    own.more = &more;
    own.more_bytes = bytes;
    run->shared.source = &own;
    err = run_query(run, bytes, out);
    dictionary_done(&more);
    return err;
}

static bool is_read(const struct query *query)
{
    return query->kind->read && !query->audience && !query->where;
}

static fallible read_answer(struct run *run, struct json_reader *reader, bool may_wait,
                            struct buf *out)
{
    struct operator_reading reading = {.mem = run->mem, .reader = reader, .may_wait = may_wait};
    struct json_writer writer = {.out = out};
    uint64_t events_read = 0;

    run->shared.bounds.as_of = as_of(run);
    json_open(&writer, '{');
    TRY(run->shared.query->kind->read(&run->shared, &reading, &writer, &events_read));
    return write_meta(run, &writer, events_read, 0);
}

static fallible answer(const struct source *source, const struct answer_options *options, str text,
                       bool may_wait, struct buf *out)
{
    size_t bytes = options->memory_bytes ? options->memory_bytes : DEFAULT_BYTES;
    size_t len = out->len;
    struct query query = {0};
    struct source view = *source;
    struct run run = {.options = options,
                      .mem = arena_open(bytes),
                      .started_ns = clock_mono_ns(options->sys),
                      .next = 1};
    struct json_reader *reader = json_reader_open();
    enum err err;

    run.shared =
        (struct operator_shared){.query = &query, .source = &view, .answer_bytes = len + bytes};
    err = run.mem && reader ? query_parse(reader, run.mem, text, &query) : mem_exhausted();
    if (!err && !query.is_raw)
        machines_leave(&view);
    if (!err && is_read(&query))
        err = read_answer(&run, reader, may_wait, out);
    else if (!err)
        err = may_wait ? scan(&run, &view, bytes, out) : ERR_BUSY;
    if (err)
        out->len = len;
    query_done(&query);
    json_reader_close(reader);
    arena_close(run.mem);
    return err;
}

fallible answer_query(const struct source *source, const struct answer_options *options, str text,
                      struct buf *out)
{
    return answer(source, options, text, true, out);
}

fallible answer_at_once(const struct source *source, const struct answer_options *options, str text,
                        struct buf *out)
{
    return answer(source, options, text, false, out);
}
