/* scan_rows.c - carries out a plan row by row, over any source.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_int.h"

#include "base/mem.h"

struct scan_rows {
    const struct scan_plan *plan;
    struct matcher_scope *scope;
    struct source_room room;
    uint64_t events_read;
    size_t persons;
    uint32_t hits;
    uint32_t hit_room;
    const struct source_event **events; /* of the hits of the person in hand */
    node_id *ids;
    uint32_t *first;
    millis *times;
    scan_marks *marks;
    text_code *names;
    uint64_t *seqs;
    struct value *slots[SCAN_MOST_SLOTS];
};

void scan_rows_close(struct scan_rows *rows)
{
    if (!rows)
        return;
    for (size_t i = 0; i < SCAN_MOST_SLOTS; i++)
        mem_free(rows->slots[i]);
    mem_free(rows->seqs);
    mem_free(rows->names);
    mem_free(rows->marks);
    mem_free(rows->times);
    mem_free(rows->first);
    mem_free(rows->ids);
    mem_free(rows->events);
    source_room_done(&rows->room);
    mem_free(rows);
}

#define GROW(array, count) grow((void **)&(array), (count), sizeof *(array))

static bool grow(void **array, size_t count, size_t size)
{
    void *larger = mem_grow(*array, count * size);

    if (larger)
        *array = larger;
    return larger;
}

static fallible make_room(struct scan_rows *rows, size_t hits)
{
    size_t room = rows->hit_room;
    bool has_room;

    if (hits <= room)
        return OK;
    while (room < hits)
        room = room ? room * 2 : SCAN_BATCH_HITS;
    if (room > UINT32_MAX)
        return fail(ERR_LIMIT, "a person has over four thousand million events");
    has_room = GROW(rows->events, room) && GROW(rows->times, room) && GROW(rows->marks, room) &&
               (!rows->plan->gives_names || GROW(rows->names, room)) &&
               (!rows->plan->gives_seqs || GROW(rows->seqs, room));
    for (uint32_t i = 0; has_room && i < rows->plan->slot_count; i++)
        has_room = GROW(rows->slots[i], room);
    if (!has_room)
        return mem_exhausted();
    rows->hit_room = (uint32_t)room;
    return OK;
}

fallible scan_rows_open(const struct scan_plan *plan, struct matcher_scope *scope,
                        struct scan_rows **out_rows)
{
    struct scan_rows *rows = mem_alloc(sizeof *rows);
    enum err err;

    if (!rows)
        return mem_exhausted();
    rows->plan = plan;
    rows->scope = scope;
    rows->ids = mem_alloc(SCAN_BATCH_HITS * sizeof *rows->ids);
    rows->first = mem_alloc((SCAN_BATCH_HITS + 1) * sizeof *rows->first);
    err = rows->ids && rows->first ? make_room(rows, SCAN_BATCH_HITS) : mem_exhausted();
    if (err)
        scan_rows_close(rows);
    else
        *out_rows = rows;
    return err;
}

uint64_t scan_rows_read(const struct scan_rows *rows)
{
    return rows->events_read;
}

/* Does one of the matchers, with its condition, take the event? */
static bool is_wished(const struct scan_rows *rows, const struct scan_wish *wish,
                      const struct source_event *event)
{
    for (size_t i = 0; i < wish->count; i++)
        if (matcher_matches(rows->scope, &wish->events[i], event))
            return true;
    return false;
}

static scan_marks marks_of(const struct scan_rows *rows, const struct source_event *event)
{
    const struct scan_plan *plan = rows->plan;
    struct scan_candidates named = scan_plan_candidates(plan, event->name);
    const struct scan_candidates *typed = &plan->types[event->type];
    scan_marks sure = named.sure | typed->sure;
    scan_marks maybe = named.maybe | typed->maybe;
    scan_marks forbidden;

    if (!(sure | maybe))
        return 0;
    forbidden = scan_plan_forbidden_by_type(plan, event->type) |
                scan_plan_forbidden_by_time(plan, event->time);
    if ((sure | maybe) & ~forbidden & plan->where_marks &&
        !matcher_passes(rows->scope, plan->where, event))
        forbidden |= plan->where_marks;
    sure &= ~forbidden;
    for (maybe &= ~(forbidden | sure); maybe; maybe &= maybe - 1)
        if (is_wished(rows, &plan->wishes[__builtin_ctzll(maybe)], event))
            sure |= maybe & -maybe;
    return sure;
}

static fallible find_hits(struct scan_rows *rows, const struct source_person *person)
{
    uint32_t base = rows->hits;

    TRY(make_room(rows, base + person->count));
    for (size_t i = 0; i < person->count; i++) {
        const struct source_event *event = &person->events[i];
        scan_marks marks = marks_of(rows, event);
        uint32_t hit = rows->hits;

        if (!marks)
            continue;
        rows->events[hit - base] = event;
        rows->times[hit] = event->time;
        rows->marks[hit] = marks;
        if (rows->names)
            rows->names[hit] = event->name;
        if (rows->seqs)
            rows->seqs[hit] = event->seq;
        rows->hits++;
    }
    return OK;
}

static struct value device_value(node_id device)
{
    return device
               ? (struct value){.type = VALUE_NUMBER, .code = device, .number = {.digits = device}}
               : (struct value){.type = VALUE_NULL};
}

static void fill_slots(struct scan_rows *rows, uint32_t base)
{
    const struct scan_plan *plan = rows->plan;

    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct scan_slot *slot = &plan->slots[i];

        for (uint32_t hit = base; hit < rows->hits; hit++) {
            struct value *value = &rows->slots[i][hit];
            const struct source_event *event = rows->events[hit - base];

            if (!(rows->marks[hit] & slot->of))
                *value = (struct value){.type = VALUE_NULL};
            else if (slot->path.data)
                matcher_value(rows->scope, &slot->property, event, value);
            else
                *value = device_value(source_device(plan->source, event));
        }
    }
}

static struct scan_batch batch_of(const struct scan_rows *rows)
{
    return (struct scan_batch){.persons = rows->persons,
                               .ids = rows->ids,
                               .first = rows->first,
                               .times = rows->times,
                               .marks = rows->marks,
                               .names = rows->names,
                               .seqs = rows->seqs,
                               .slots = rows->slots};
}

static fallible give(struct scan_rows *rows, scan_taker taker, void *argument)
{
    struct scan_batch batch = batch_of(rows);

    if (!rows->persons)
        return OK;
    rows->persons = 0;
    rows->hits = 0;
    return taker(argument, &batch);
}

static fallible add_person(struct scan_rows *rows, const struct source_person *person)
{
    uint32_t base = rows->hits;

    matcher_enter(rows->scope, person->id);
    rows->events_read += person->count;
    TRY(find_hits(rows, person));
    rows->ids[rows->persons] = person->id;
    rows->first[rows->persons] = base;
    rows->first[rows->persons + 1] = rows->hits;
    if (rows->hits == base && !rows->plan->gives_everyone)
        return OK;
    fill_slots(rows, base);
    rows->persons++;
    return OK;
}

fallible scan_rows_range(struct scan_rows *rows, node_id from, node_id to, scan_taker taker,
                         void *argument)
{
    const struct scan_plan *plan = rows->plan;

    rows->persons = 0;
    rows->hits = 0;
    for (node_id id = from; id < to; id++) {
        struct source_person person;
        enum err err = source_person(plan->source, &rows->room, id, plan->bounds.as_of, &person);

        if (err == ERR_ABSENT)
            continue;
        TRY(err);
        if (rows->persons == SCAN_BATCH_HITS || rows->hits + person.count > SCAN_BATCH_HITS)
            TRY(give(rows, taker, argument));
        TRY(add_person(rows, &person));
    }
    return give(rows, taker, argument);
}
