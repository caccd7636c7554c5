/* op_timeline.c - what one person did, in order, as the messages that told it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A person goes by any of her identifiers. Looks at everything up to as_of: "from", "to" and
 * "where" do not narrow it. Pages go by (time, sequence number).
 */
#include "base/json.h"
#include "measure/operator.h"

#include <string.h>

enum { PERSON, CURSOR };

static const struct query_param params[] = {
    [PERSON] = {.name = "person",
                .type = PARAM_TEXT,
                .is_required = true,
                .help = "any identifier of hers"},
    [CURSOR] = {.name = "cursor", .type = PARAM_CURSOR, .help = "where the page before ended"},
};

struct timeline {
    scan_marks tracks; /* what is called as any track event is; all else has its type's name */
    millis after_time;
    uint64_t after_seq;
    size_t limit;
};

struct told {
    millis time;
    uint64_t seq;
    str type;
};

struct timeline_state {
    struct told *found; /* in order; one more than the page holds */
    size_t length;
};

static fallible read_cursor(str cursor, struct timeline *timeline)
{
    str time = str_cut(&cursor, ':');

    if (!str_to_i64(time, &timeline->after_time) || !str_to_u64(cursor, &timeline->after_seq))
        return fail(ERR_INVALID, "\"cursor\" must be one that an answer gave");
    return OK;
}

static fallible compile(struct operator_shared *shared, struct arena *mem)
{
    const struct query *query = shared->query;
    str cursor = query->arguments[CURSOR].text;
    struct timeline *timeline = arena_take(mem, sizeof *timeline);
    scan_marks all;

    if (!timeline)
        return operator_exhausted();
    timeline->limit = query->has_limit ? (size_t)query->limit : QUERY_PAGE;
    timeline->after_time = INT64_MIN;
    if (cursor.data)
        TRY(read_cursor(cursor, timeline));
    TRY(scan_plan_mark(shared->plan, NULL, 0, 0, &all));
    TRY(scan_plan_mark(shared->plan, NULL, 0, SCAN_TRACKS, &timeline->tracks));
    scan_plan_seqs(shared->plan);
    scan_plan_names(shared->plan);
    shared->compiled = timeline;
    return OK;
}

static size_t select_persons(const struct operator_shared *shared, node_id out_persons[2])
{
    return source_named(shared->source, shared->query->arguments[PERSON].text, out_persons);
}

static fallible begin(const struct operator_worker *worker, void **out_state)
{
    *out_state = arena_take(worker->mem, sizeof(struct timeline_state));
    return *out_state ? OK : operator_exhausted();
}

static bool is_before(millis time, uint64_t seq, millis other_time, uint64_t other_seq)
{
    return time != other_time ? time < other_time : seq < other_seq;
}

/* Merges two runs of events that are in order, up to one more than the page holds. */
static fallible take_in(const struct operator_worker *worker, struct timeline_state *state,
                        const struct told *events, size_t count)
{
    const struct timeline *timeline = worker->shared->compiled;
    size_t most = state->length + count;
    struct told *both;
    size_t a = 0, b = 0, length = 0;

    if (most > timeline->limit + 1)
        most = timeline->limit + 1;
    both = arena_array(worker->mem, most + 1, sizeof *both);
    if (!both)
        return operator_exhausted();
    while (length < most && (a < state->length || b < count)) {
        bool is_ours =
            b == count || (a < state->length && is_before(state->found[a].time, state->found[a].seq,
                                                          events[b].time, events[b].seq));

        both[length++] = is_ours ? state->found[a++] : events[b++];
    }
    *state = (struct timeline_state){both, length};
    return OK;
}

static fallible take_person(const struct operator_worker *worker, struct timeline_state *state,
                            const struct scan_batch *batch, size_t person)
{
    const struct timeline *timeline = worker->shared->compiled;
    uint32_t first = batch->first[person], end = batch->first[person + 1];
    struct told *events;
    size_t count = 0;

    while (first < end && !is_before(timeline->after_time, timeline->after_seq, batch->times[first],
                                     batch->seqs[first]))
        first++;
    if (end - first > timeline->limit)
        end = first + (uint32_t)timeline->limit + 1;
    events = arena_array(worker->mem, end - first + (size_t)1, sizeof *events);
    if (!events)
        return operator_exhausted();
    for (; first < end; first++)
        events[count++] =
            (struct told){batch->times[first], batch->seqs[first],
                          batch->marks[first] & timeline->tracks
                              ? S("track")
                              : source_text(worker->shared->source, batch->names[first])};
    return take_in(worker, state, events, count);
}

static fallible step(const struct operator_worker *worker, void *state,
                     const struct scan_batch *batch)
{
    for (size_t person = 0; person < batch->persons; person++)
        TRY(take_person(worker, state, batch, person));
    return OK;
}

static fallible merge(const struct operator_worker *worker, void *state, void *other)
{
    const struct timeline_state *from = other;

    return take_in(worker, state, from->found, from->length);
}

/* The message as it was sent, but for what the log knows better and for the sender's key. */
static bool is_copied(const struct json *message, uint32_t key)
{
    static const char *const left_out[] = {"type", "timestamp", "seq", "sentAt", "writeKey"};

    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (json_is_string(message, key, str_of(left_out[i])))
            return false;
    return true;
}

static fallible write_members(const struct json *message, struct arena *mem,
                              struct json_writer *out)
{
    if (json_type_of(message, 0) != JSON_OBJECT)
        return fail(ERR_CORRUPT, "an event in the log is no JSON object");
    EACH_MEMBER(message, 0, key, value)
    {
        str name = json_string(message, key, mem);

        if (!name.data)
            return operator_exhausted();
        if (!is_copied(message, key) || json_find(message, 0, name) != value)
            continue;
        json_key(out, name);
        json_verbatim(out, json_raw(message, value));
    }
    return OK;
}

static fallible write_event(const struct operator_worker *worker, struct json_reader *reader,
                            struct buf *text, const struct told *event, struct json_writer *out)
{
    struct json message;
    enum err err;

    buf_clear(text);
    TRY(source_message(worker->shared->source, event->seq, text));
    if (buf_is_broken(text))
        return operator_exhausted();
    err = json_parse_copy(reader, worker->mem, buf_str(text), &message);
    if (err == ERR_INVALID)
        return fail(ERR_CORRUPT, "an event in the log is not JSON");
    TRY(err);
    json_open(out, '{');
    json_key(out, S("seq"));
    json_u64(out, event->seq);
    json_key(out, S("type"));
    json_text(out, event->type);
    json_key(out, S("timestamp"));
    operator_write_time(worker->shared, out, event->time);
    TRY(write_members(&message, worker->mem, out));
    json_shut(out, '}');
    return operator_check_answer(worker->shared, out);
}

static fallible write_events(const struct operator_worker *worker,
                             const struct timeline_state *state, size_t length,
                             struct json_writer *out)
{
    struct json_reader *reader = json_reader_open();
    struct buf text = {0};
    enum err err = reader ? OK : operator_exhausted();

    for (size_t i = 0; !err && i < length; i++)
        err = write_event(worker, reader, &text, &state->found[i], out);
    buf_done(&text);
    json_reader_close(reader);
    return err;
}

static void write_cursor(const struct told *last, struct json_writer *out)
{
    struct buf cursor = {0};

    buf_add_i64(&cursor, last->time);
    buf_add_byte(&cursor, ':');
    buf_add_u64(&cursor, last->seq);
    if (buf_is_broken(&cursor))
        out->out->broken = true;
    json_text(out, buf_str(&cursor));
    buf_done(&cursor);
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct timeline *timeline = worker->shared->compiled;
    const struct timeline_state *own = state;
    size_t length = own->length < timeline->limit ? own->length : timeline->limit;

    json_key(out, S("events"));
    json_open(out, '[');
    TRY(write_events(worker, own, length, out));
    json_shut(out, ']');
    json_key(out, S("cursor"));
    if (own->length > length && length)
        write_cursor(&own->found[length - 1], out);
    else
        json_null(out);
    out_totals->dropped = 0;
    return OK;
}

const struct operator op_timeline = {
    .kind = "timeline",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .compile = compile,
    .select = select_persons,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
