/* op_timeline.c - what one person did, in order, as the messages that told it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A person goes by any of her identifiers. Looks at everything up to as_of: "from", "to" and
 * "where" do not narrow it. Pages go by (time, sequence number).
 */
#include "base/json.h"
#include "measure/machines.h"
#include "measure/operator.h"
#include "measure/trail.h"
#include "measure/source_page.h"

#include <string.h>

enum { PERSON, CURSOR };
enum { AT_ONCE = 128 }; /* messages that are read at once */

static const struct query_param params[] = {
    [PERSON] = {.name = "person",
                .type = PARAM_TEXT,
                .is_required = true,
                .help = "any identifier of hers"},
    [CURSOR] = {.name = "cursor", .type = PARAM_CURSOR, .help = "where the page before ended"},
};

struct timeline {
    millis after_time;
    uint64_t after_seq;
    size_t limit;
};

struct timeline_state {
    struct trail_event *found; /* in order; one more than the page holds */
    size_t length;
};

static size_t page_of(const struct query *query)
{
    return query->has_limit ? (size_t)query->limit : QUERY_PAGE;
}

static fallible read_cursor(str cursor, millis *out_time, uint64_t *out_seq)
{
    str time = str_cut(&cursor, ':');

    if (!str_to_i64(time, out_time) || !str_to_u64(cursor, out_seq))
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
    timeline->limit = page_of(query);
    timeline->after_time = INT64_MIN;
    if (cursor.data)
        TRY(read_cursor(cursor, &timeline->after_time, &timeline->after_seq));
    TRY(scan_plan_mark(shared->plan, NULL, 0, 0, &all));
    scan_plan_seqs(shared->plan);
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

/* Merges two runs of events that are in order, up to one more than the page holds. */
static fallible take_in(const struct operator_worker *worker, struct timeline_state *state,
                        const struct trail_event *events, size_t count)
{
    const struct timeline *timeline = worker->shared->compiled;
    size_t most = state->length + count;
    struct trail_event *both;
    size_t a = 0, b = 0, length = 0;

    if (most > timeline->limit + 1)
        most = timeline->limit + 1;
    both = arena_array(worker->mem, most + 1, sizeof *both);
    if (!both)
        return operator_exhausted();
    while (length < most && (a < state->length || b < count)) {
        bool is_ours = b == count || (a < state->length &&
                                      trail_is_before(state->found[a].time, state->found[a].seq,
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
    uint32_t first = batch->first[person], end = batch->end[person];
    struct trail_event *events;
    size_t count = 0;

    while (first < end && !trail_is_before(timeline->after_time, timeline->after_seq,
                                           batch->times[first], batch->seqs[first]))
        first++;
    if (end - first > timeline->limit)
        end = first + (uint32_t)timeline->limit + 1;
    events = arena_array(worker->mem, end - first + (size_t)1, sizeof *events);
    if (!events)
        return operator_exhausted();
    for (; first < end; first++)
        events[count++] = (struct trail_event){batch->times[first], batch->seqs[first]};
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

/* The message as it was sent, but for what the log knows better and for the sender's key, and with
 * the verdict as it was revised. */
static bool is_copied(str name)
{
    static const struct {
        size_t len;
        const char *text;
    } left_out[] = {{4, "type"}, {9, "timestamp"}, {3, "seq"}, {6, "sentAt"}, {8, "writeKey"}};

    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (name.len == left_out[i].len && memcmp(name.data, left_out[i].text, name.len) == 0)
            return false;
    return true;
}

/* Of members with equal names the last one counts. */
static bool is_last(const struct json *message, uint32_t value, str name)
{
    for (uint32_t key = message->nodes[value].next; key < message->nodes[0].next;
         key = message->nodes[key + 1].next) {
        const struct json_node *node = &message->nodes[key];

        if ((node->is_escaped || node->end - 1 - node->start == name.len) &&
            json_is_string(message, key, name))
            return false;
    }
    return true;
}

static fallible write_members(const struct json *message, struct arena *mem, enum verdict revised,
                              struct json_writer *out)
{
    if (json_type_of(message, 0) != JSON_OBJECT)
        return fail(ERR_CORRUPT, "an event in the log is no JSON object");
    EACH_MEMBER(message, 0, key, value)
    {
        str name = json_string(message, key, mem);

        if (!name.data)
            return operator_exhausted();
        if (!is_copied(name) || !is_last(message, value, name) ||
            (revised != VERDICT_UNREVISED && str_equals(name, S("context"))))
            continue;
        json_key(out, name);
        json_verbatim(out, json_raw(message, value));
    }
    if (revised != VERDICT_UNREVISED) {
        json_key(out, S("context"));
        machines_write_context(out, message, revised);
    }
    return OK;
}

/* What the log says of an event. */
struct message {
    uint64_t seq;
    millis time;
    enum event_type type;
    str text; /* JSON_PADDING follows */
};

static fallible write_event(const struct operator_shared *shared, struct json_reader *reader,
                            struct arena *mem, const struct message *told, struct json_writer *out)
{
    struct json message;
    enum err err = json_parse(reader, mem, told->text, &message);

    if (err == ERR_INVALID)
        return fail(ERR_CORRUPT, "an event in the log is not JSON");
    TRY(err);
    json_open(out, '{');
    json_key(out, S("seq"));
    json_u64(out, told->seq);
    json_key(out, S("type"));
    json_text(out, told->type == EVENT_TRACK ? S("track") : source_type_name(told->type));
    json_key(out, S("timestamp"));
    operator_write_time(shared, out, told->time);
    TRY(write_members(&message, mem, verdicts_look(shared->source->without.verdicts, told->seq),
                      out));
    json_shut(out, '}');
    return operator_check_answer(shared, out);
}

/* As many as AT_ONCE of them, whose times are told. */
static fallible write_some(const struct operator_shared *shared,
                           const struct operator_reading *reading, struct trail_event *events,
                           size_t count, struct json_writer *out)
{
    uint64_t seqs[AT_ONCE];
    struct source_text texts[AT_ONCE];
    struct buf text = {0};
    struct source_page page = {.seqs = seqs,
                               .count = count,
                               .may_wait = reading->may_wait,
                               .mem = reading->mem,
                               .text = &text,
                               .texts = texts};
    enum err err;

    for (size_t i = 0; i < count; i++)
        seqs[i] = events[i].seq;
    err = source_messages(shared->source, &page);
    if (!err && !buf_reserve(&text, JSON_PADDING))
        err = operator_exhausted();
    for (size_t i = 0; !err && i < count; i++) {
        struct message told = {seqs[i], texts[i].time, texts[i].type,
                               str_from(text.data + texts[i].from, texts[i].len)};

        events[i].time = told.time;
        err = write_event(shared, reading->reader, reading->mem, &told, out);
    }
    buf_done(&text);
    return err;
}

static fallible write_events(const struct operator_shared *shared,
                             const struct operator_reading *reading, struct trail_event *events,
                             size_t count, struct json_writer *out)
{
    for (size_t at = 0; at < count; at += AT_ONCE)
        TRY(write_some(shared, reading, events + at, count - at < AT_ONCE ? count - at : AT_ONCE,
                       out));
    return OK;
}

static void write_cursor(const struct trail_event *last, struct json_writer *out)
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

/* Of events in order, of which there may be one more than the page holds. */
static fallible write_page(const struct operator_shared *shared,
                           const struct operator_reading *reading, struct trail_event *events,
                           size_t count, struct json_writer *out)
{
    size_t limit = page_of(shared->query);
    size_t length = count < limit ? count : limit;

    json_key(out, S("events"));
    json_open(out, '[');
    TRY(write_events(shared, reading, events, length, out));
    json_shut(out, ']');
    json_key(out, S("cursor"));
    if (count > length && length)
        write_cursor(&events[length - 1], out);
    else
        json_null(out);
    return OK;
}

static fallible finish(const struct operator_worker *worker, void *state, struct json_writer *out,
                       struct operator_totals *out_totals)
{
    const struct timeline_state *own = state;
    struct operator_reading reading = {
        .mem = worker->mem, .reader = json_reader_open(), .may_wait = true};
    enum err err = reading.reader
                       ? write_page(worker->shared, &reading, own->found, own->length, out)
                       : operator_exhausted();

    json_reader_close(reading.reader);
    out_totals->dropped = 0;
    return err;
}

static fallible read_trail(const struct operator_shared *shared,
                           const struct operator_reading *reading, struct trail *out_trail)
{
    const struct query *query = shared->query;
    struct trail_wish wish = {.after_time = INT64_MIN,
                              .as_of = shared->bounds.as_of,
                              .most = page_of(query) + 1,
                              .may_wait = reading->may_wait};
    node_id persons[2];
    size_t count = select_persons(shared, persons);

    wish.is_alone = count == 1;
    if (query->arguments[CURSOR].text.data)
        TRY(read_cursor(query->arguments[CURSOR].text, &wish.after_time, &wish.after_seq));
    for (size_t i = 0; i < count; i++) {
        struct trail trail;

        wish.person = persons[i];
        TRY(trail_read(shared->source, &wish, reading->mem, &trail));
        TRY(trail_join(out_trail, &trail, wish.most, reading->mem));
    }
    return OK;
}

static fallible read_page(const struct operator_shared *shared,
                          const struct operator_reading *reading, struct json_writer *out,
                          uint64_t *out_events_read)
{
    struct trail trail = {0};

    if (!reading->may_wait && page_of(shared->query) > AT_ONCE)
        return ERR_BUSY;
    TRY(read_trail(shared, reading, &trail));
    *out_events_read = trail.events_read;
    return write_page(shared, reading, trail.events, trail.count, out);
}

const struct operator op_timeline = {
    .kind = "timeline",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .compile = compile,
    .select = select_persons,
    .read = read_page,
    .begin = begin,
    .step = step,
    .merge = merge,
    .finish = finish,
};
