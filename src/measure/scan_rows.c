/* scan_rows.c - carries out a plan row by row, over any source.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/scan_met.h"
#include "measure/scan_piece.h"

struct scan_rows {
    const struct scan_plan *plan;
    struct matcher_scope *scope;
    struct scan_met *met;
    struct source_room room;
    uint64_t events_read;
    struct scan_piece piece;
    const struct source_event **events; /* of the hits of the person in hand */
    size_t event_room;
};

void scan_rows_close(struct scan_rows *rows)
{
    if (!rows)
        return;
    scan_piece_done(&rows->piece);
    mem_free(rows->events);
    source_room_done(&rows->room);
    mem_free(rows);
}

static fallible make_room(struct scan_rows *rows, size_t hits)
{
    const struct source_event **larger;

    TRY(scan_piece_reserve(&rows->piece, 1, hits));
    if (hits <= rows->event_room)
        return OK;
    larger = mem_grow(rows->events, hits * 2 * sizeof *larger);
    if (!larger)
        return mem_exhausted();
    rows->events = larger;
    rows->event_room = hits * 2;
    return OK;
}

fallible scan_rows_open(const struct scan_plan *plan, struct matcher_scope *scope,
                        struct scan_met *met, struct scan_rows **out_rows)
{
    struct scan_rows *rows = mem_alloc(sizeof *rows);

    if (!rows)
        return mem_exhausted();
    *rows = (struct scan_rows){.plan = plan, .scope = scope, .met = met};
    scan_piece_init(&rows->piece, plan);
    *out_rows = rows;
    return OK;
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
    struct scan_piece *piece = &rows->piece;
    uint32_t base = piece->hits;

    TRY(make_room(rows, person->count));
    for (size_t i = 0; i < person->count; i++) {
        const struct source_event *event = &person->events[i];
        scan_marks marks = marks_of(rows, event);
        uint32_t hit = piece->hits;

        if (!marks)
            continue;
        rows->events[hit - base] = event;
        piece->times[hit] = event->time;
        piece->marks[hit] = marks;
        if (piece->has_names)
            piece->names[hit] = event->name;
        if (piece->has_seqs)
            piece->seqs[hit] = event->seq;
        if (piece->has_devices)
            piece->devices[hit] = source_device(rows->plan->source, event);
        piece->hits++;
    }
    return OK;
}

static fallible fill_slot(struct scan_rows *rows, uint32_t slot, uint32_t base)
{
    struct scan_piece *piece = &rows->piece;
    const struct scan_slot *wanted = &rows->plan->slots[slot];

    for (uint32_t hit = base; hit < piece->hits; hit++) {
        struct value value = {.type = VALUE_NULL};

        if (piece->marks[hit] & wanted->of)
            matcher_value(rows->scope, &wanted->property, rows->events[hit - base], &value);
        TRY(scan_met_number(rows->met, slot, &value, &piece->slots[slot][hit]));
    }
    return OK;
}

static fallible give(struct scan_rows *rows, scan_taker taker, void *argument)
{
    struct scan_piece *piece = &rows->piece;
    struct scan_batch batch;

    if (!piece->persons)
        return OK;
    scan_piece_batch(piece, scan_met_values(rows->met), &batch);
    scan_piece_clear(piece);
    return taker(argument, &batch);
}

static fallible add_person(struct scan_rows *rows, const struct source_person *person)
{
    struct scan_piece *piece = &rows->piece;
    uint32_t base = piece->hits;

    matcher_enter(rows->scope, person->id);
    rows->events_read += person->count;
    TRY(find_hits(rows, person));
    if (piece->hits == base && !rows->plan->gives_everyone)
        return OK;
    for (uint32_t slot = 0; slot < piece->slot_count; slot++)
        TRY(fill_slot(rows, slot, base));
    piece->ids[piece->persons] = person->id;
    piece->first[piece->persons] = base;
    piece->end[piece->persons++] = piece->hits;
    return OK;
}

fallible scan_rows_range(struct scan_rows *rows, node_id from, node_id to, scan_taker taker,
                         void *argument)
{
    const struct scan_plan *plan = rows->plan;
    struct scan_piece *piece = &rows->piece;

    scan_piece_clear(piece);
    for (node_id id = from; id < to; id++) {
        struct source_person person;
        enum err err = source_person(plan->source, &rows->room, id, plan->bounds.as_of, &person);

        if (err == ERR_ABSENT)
            continue;
        TRY(err);
        if (piece->persons == SCAN_BATCH_HITS || piece->hits + person.count > SCAN_BATCH_HITS)
            TRY(give(rows, taker, argument));
        TRY(add_person(rows, &person));
    }
    return give(rows, taker, argument);
}
