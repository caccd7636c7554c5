/* op_world.c - questions without answer_query, people without events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit/measure/op_world.h"

#include "support/test.h"

enum { MOST_HITS = 20, KEYS = 5 };

void op_world_open(struct op_world *world, const char *query, millis from, millis to)
{
    struct scan_bounds bounds = {from, to, to};

    *world = (struct op_world){.reader = json_reader_open()};
    CHECK_OK(fold_open(&world->fold));
    events_begin(world->fold.events, &world->source);
    CHECK_OK(query_parse(world->reader, test_mem, str_of(query), &world->query));
    world->shared = (struct operator_shared){.query = &world->query,
                                             .source = &world->source,
                                             .bounds = bounds,
                                             .answer_bytes = 1 << 20};
    CHECK_OK(
        scan_plan_open(test_mem, &world->source, bounds, world->query.where, &world->shared.plan));
    CHECK_OK(world->query.kind->compile(&world->shared, test_mem));
    world->worker = (struct operator_worker){.shared = &world->shared, .mem = test_mem};
}

void op_world_done(struct op_world *world)
{
    query_done(&world->query);
    events_end(world->fold.events);
    fold_done(&world->fold);
    json_reader_close(world->reader);
}

scan_marks op_world_mark(struct op_world *world, const char *name, unsigned flags)
{
    struct query_event *event = arena_take(test_mem, sizeof *event); /* outlives the plan */
    scan_marks mark = 0;

    event->name = str_of(name);
    CHECK_OK(scan_plan_mark(world->shared.plan, event, 1, flags, &mark));
    return mark;
}

struct scan_batch op_world_people(random_state *random, const struct op_people *people)
{
    size_t most = people->count * MOST_HITS;
    uint32_t *first = arena_array(test_mem, people->count + 1, sizeof *first);
    millis *times = arena_array(test_mem, most, sizeof *times);
    scan_marks *marks = arena_array(test_mem, most, sizeof *marks);
    struct value *values = arena_array(test_mem, most, sizeof *values);
    struct value **slots = arena_array(test_mem, SCAN_MOST_SLOTS, sizeof(struct value *));
    uint32_t hit = 0;

    for (size_t person = 0; person < people->count; person++) {
        uint32_t end = hit + (uint32_t)random_below(random, MOST_HITS + 1);
        millis time = people->from;

        for (; hit < end; hit++) {
            time += (millis)random_below(random, (uint64_t)people->pace + 1);
            times[hit] = time;
            do
                marks[hit] |= people->marks[random_below(random, people->mark_count)];
            while (random_chance(random, 0.2));
            values[hit].type = random_chance(random, 0.2) ? VALUE_NULL : VALUE_NUMBER;
            values[hit].number.digits = (int64_t)random_below(random, KEYS - 1);
        }
        first[person + 1] = hit;
    }
    for (size_t i = 0; i < SCAN_MOST_SLOTS; i++)
        slots[i] = values;
    return (struct scan_batch){
        .persons = people->count, .first = first, .times = times, .marks = marks, .slots = slots};
}

struct scan_batch op_world_part(const struct scan_batch *batch, size_t from, size_t to)
{
    struct scan_batch part = *batch;

    part.first += from;
    part.persons = to - from;
    return part;
}

void *op_world_begin(struct op_world *world)
{
    void *state = NULL;

    CHECK_OK(world->query.kind->begin(&world->worker, &state));
    return state;
}

str op_world_finish(struct op_world *world, void *state)
{
    struct buf text = {0};
    struct json_writer out = {.out = &text};
    struct operator_totals totals = {0};
    str answer;

    json_open(&out, '{');
    CHECK_OK(world->query.kind->finish(&world->worker, state, &out, &totals));
    json_key(&out, S("dropped"));
    json_u64(&out, totals.dropped);
    json_shut(&out, '}');
    answer = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return answer;
}

str op_world_whole(struct op_world *world, const struct scan_batch *batch)
{
    void *state = op_world_begin(world);

    CHECK_OK(world->query.kind->step(&world->worker, state, batch));
    return op_world_finish(world, state);
}

str op_world_thirds(struct op_world *world, const struct scan_batch *batch)
{
    const struct operator* kind = world->query.kind;
    size_t third = batch->persons / 3;
    void *states[3];

    for (size_t i = 0; i < 3; i++) {
        struct scan_batch part =
            op_world_part(batch, i * third, i == 2 ? batch->persons : (i + 1) * third);

        states[i] = op_world_begin(world);
        CHECK_OK(kind->step(&world->worker, states[i], &part));
    }
    CHECK_OK(kind->merge(&world->worker, states[1], states[2]));
    CHECK_OK(kind->merge(&world->worker, states[1], states[0]));
    return op_world_finish(world, states[1]);
}
