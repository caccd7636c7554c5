/* judge_answers.c - folds a file of messages and answers the questions on standard input.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   judge_answers EVENTS.jsonl [WORKERS] < QUERIES.jsonl
 *
 * Makes log records in memory as collection does: the nodes a message needs, the join it causes,
 * the event. Of one messageId the first counts. Each question line gives one answer line; a
 * refused question gives {"error":CODE,"text":SENTENCE}. With MEASURE_TIMES set, says on standard
 * error how long folding and each question took.
 */
#include "base/json.h"
#include "base/mem.h"
#include "measure/answer.h"
#include "measure/events.h"
#include "people/identity.h"
#include "store/log.h"
#include "sys/clock.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct events *events;
    struct identity *identity;
    struct json_reader *reader;
    struct arena *mem;
    uint64_t next_seq;
    struct buf lines;
    struct span {
        size_t from, to;
    } * by_seq; /* where in `lines` the event of a sequence number stands */
    size_t seq_room;
    hash128 *seen;
    size_t seen_count;
    size_t seen_room;
    int64_t fold_ns;
};

static void die(const char *what)
{
    fprintf(stderr, "judge_answers: %s: %s\n", what, err_text());
    exit(1);
}

static hash128 hash_of(unsigned kind, str text)
{
    static const hash_key key = {{7}};
    struct buf bytes = {0};
    hash128 hash;

    buf_add_byte(&bytes, (char)kind);
    buf_add(&bytes, text);
    hash = hash_keyed(&key, buf_str(&bytes));
    buf_done(&bytes);
    return hash;
}

static void apply(struct world *world, enum record_kind kind, node_id node, str clear, str payload)
{
    struct log_record record = {
        .seq = world->next_seq++,
        .count = 1,
        .kind = kind,
        .node = node,
        .clear = clear,
        .payload = payload,
    };
    int64_t began = clock_mono_ns(sys_real());

    if (events_apply(world->events, &record))
        die("events_apply");
    world->fold_ns += clock_mono_ns(sys_real()) - began;
    if (identity_apply(world->identity, &record))
        die("identity_apply");
}

static node_id node_of(struct world *world, enum node_kind kind, str text)
{
    struct record_node node = {.kind = kind, .hash = hash_of(kind, text)};
    node_id found = identity_find(world->identity, kind, node.hash);
    struct buf clear = {0};

    if (found != NODE_NONE)
        return found;
    record_write_node(&clear, &node);
    apply(world, RECORD_NODE, identity_count(world->identity) + 1, buf_str(&clear), text);
    buf_done(&clear);
    return identity_find(world->identity, kind, node.hash);
}

static void join(struct world *world, node_id a, node_id b, enum join_cause cause, millis at)
{
    struct record_join record = {.a = a, .b = b, .cause = cause, .at = at};
    struct buf clear = {0};

    record_write_join(&clear, &record);
    apply(world, RECORD_JOIN, 0, buf_str(&clear), (str){NULL, 0});
    buf_done(&clear);
}

/* An identifier's text, absent when there is none; numbers count as their text. */
static str identifier(const struct world *world, const struct json *message, str name)
{
    uint32_t at = json_find(message, 0, name);
    str text = {NULL, 0};

    if (at == JSON_ABSENT)
        return text;
    if (json_type_of(message, at) == JSON_NUMBER)
        return json_raw(message, at);
    text = json_string(message, at, world->mem);
    return text.len ? text : (str){NULL, 0};
}

static enum event_type type_of(const struct json *message)
{
    static const char *const names[] = {"track", "page", "screen", "identify", "group", "alias"};
    uint32_t at = json_find(message, 0, S("type"));

    for (unsigned i = 0; at != JSON_ABSENT && i < sizeof names / sizeof *names; i++)
        if (json_is_string(message, at, str_of(names[i])))
            return EVENT_TRACK + i;
    return EVENT_TRACK;
}

static bool is_repeat(struct world *world, const struct json *message)
{
    str id = identifier(world, message, S("messageId"));
    hash128 hash = hash_of(0, id);

    if (!id.data)
        return false;
    for (size_t i = 0; i < world->seen_count; i++)
        if (hash_equals(world->seen[i], hash))
            return true;
    if (world->seen_count == world->seen_room) {
        world->seen_room = world->seen_room ? world->seen_room * 2 : 64;
        world->seen = mem_grow(world->seen, world->seen_room * sizeof *world->seen);
    }
    world->seen[world->seen_count++] = hash;
    return false;
}

/* Of nodes that are new with one message the device (or the previous id) is the older. */
static node_id nodes_of(struct world *world, const struct json *message, enum event_type type,
                        millis at, node_id *out_anonymous)
{
    str user_text = identifier(world, message, S("userId"));
    str anonymous_text = identifier(world, message, S("anonymousId"));
    str previous_text = identifier(world, message, S("previousId"));
    node_id user = NODE_NONE, anonymous = NODE_NONE, previous = NODE_NONE;

    if (anonymous_text.data)
        anonymous = node_of(world, NODE_ANONYMOUS, anonymous_text);
    if (type == EVENT_ALIAS) {
        previous = identity_find(world->identity, NODE_USER, hash_of(NODE_USER, previous_text));
        if (previous == NODE_NONE && !str_equals(previous_text, user_text))
            previous = node_of(world, NODE_ANONYMOUS, previous_text);
    }
    if (user_text.data)
        user = node_of(world, NODE_USER, user_text);
    if (type == EVENT_ALIAS && previous == NODE_NONE)
        previous = user;
    if (type == EVENT_ALIAS && previous != user &&
        (identity_kind(world->identity, previous) == NODE_USER ||
         identity_can_claim(world->identity, previous, user)))
        join(world, previous, user, JOIN_ALIAS, at);
    else if (type != EVENT_ALIAS && user && anonymous &&
             identity_can_claim(world->identity, anonymous, user))
        join(world, anonymous, user, JOIN_IDENTIFY, at);
    *out_anonymous = anonymous;
    return user ? user : anonymous;
}

static void remember(struct world *world, size_t from, size_t to)
{
    if (world->next_seq >= world->seq_room) {
        world->seq_room = world->next_seq * 2;
        world->by_seq = mem_grow(world->by_seq, world->seq_room * sizeof *world->by_seq);
    }
    world->by_seq[world->next_seq] = (struct span){from, to};
}

static void take(struct world *world, size_t from, size_t to)
{
    str line = str_slice(buf_str(&world->lines), from, to);
    struct record_event event = {.json = line};
    struct buf clear = {0}, payload = {0};
    struct json message;
    node_id node;

    arena_reset(world->mem);
    if (json_parse_copy(world->reader, world->mem, line, &message))
        die("json_parse_copy");
    if (is_repeat(world, &message))
        return;
    event.type = type_of(&message);
    if (time_parse(identifier(world, &message, S("timestamp")), &event.time))
        die("timestamp");
    node = nodes_of(world, &message, event.type, event.time, &event.anonymous);
    record_start_events(&clear, event.time);
    record_write_event(&clear, &payload, &event);
    remember(world, from, to);
    apply(world, RECORD_EVENTS, node, buf_str(&clear), buf_str(&payload));
    buf_done(&clear);
    buf_done(&payload);
}

static enum err read_event(void *argument, uint64_t seq, struct buf *out_json)
{
    const struct world *world = argument;

    buf_add(out_json,
            str_slice(buf_str(&world->lines), world->by_seq[seq].from, world->by_seq[seq].to));
    return OK;
}

static void read_all(FILE *file, struct buf *out)
{
    char block[65536];
    size_t got;

    while ((got = fread(block, 1, sizeof block, file)) > 0)
        buf_add_bytes(out, block, got);
}

static void answer(struct world *world, str query, unsigned workers)
{
    struct answer_options options = {.sys = sys_real(), .workers = workers};
    struct json_writer writer = {0};
    struct source source;
    struct buf out = {0};
    int64_t began = clock_mono_ns(options.sys);
    enum err err;

    events_begin(world->events, &source);
    err = answer_query(&source, &options, query, &out);
    events_end(world->events);
    if (err) {
        writer.out = &out;
        json_open(&writer, '{');
        json_key(&writer, S("error"));
        json_text(&writer, str_of(err_name(err)));
        json_key(&writer, S("text"));
        json_text(&writer, str_of(err_text()));
        json_shut(&writer, '}');
    }
    buf_add_byte(&out, '\n');
    fwrite(out.data, 1, out.len, stdout);
    if (getenv("MEASURE_TIMES"))
        fprintf(stderr, "%10.3f ms  %.*s\n", (double)(clock_mono_ns(options.sys) - began) / 1e6,
                STR_ARG(query));
    buf_done(&out);
}

static void fold_file(struct world *world, const char *name)
{
    struct events_stats stats;
    FILE *file = fopen(name, "rb");
    size_t from = 0;

    if (!file)
        die(name);
    read_all(file, &world->lines);
    fclose(file);
    for (size_t at = 0; at < world->lines.len; at++)
        if (world->lines.data[at] == '\n') {
            if (at > from)
                take(world, from, at);
            from = at + 1;
        }
    events_stats_read(world->events, &stats);
    if (getenv("MEASURE_TIMES"))
        fprintf(stderr, "%llu events, %.0f ns each to fold, %.1f bytes each in memory\n",
                (unsigned long long)stats.events,
                (double)world->fold_ns / (double)(stats.events ? stats.events : 1),
                (double)stats.bytes / (double)(stats.events ? stats.events : 1));
}

int main(int argc, char **argv)
{
    struct world world = {.next_seq = 1};
    struct events_config config = {.read_event = read_event, .argument = &world, .hash_seed = 1};
    struct buf queries = {0};
    unsigned workers = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
    str rest;

    if (argc < 2) {
        fprintf(stderr, "usage: judge_answers EVENTS.jsonl [WORKERS] < QUERIES.jsonl\n");
        return 2;
    }
    world.reader = json_reader_open();
    world.mem = arena_open(64 << 20);
    if (events_open(&config, &world.events) || identity_open(&world.identity))
        die("open");
    fold_file(&world, argv[1]);
    read_all(stdin, &queries);
    rest = buf_str(&queries);
    while (rest.len) {
        str query = str_cut(&rest, '\n');

        if (query.len)
            answer(&world, query, workers);
    }
    events_close(world.events);
    identity_close(world.identity);
    json_reader_close(world.reader);
    arena_close(world.mem);
    mem_free(world.by_seq);
    mem_free(world.seen);
    buf_done(&world.lines);
    buf_done(&queries);
    return 0;
}
