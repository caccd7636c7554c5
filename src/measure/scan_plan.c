/* scan_plan.c - compiles what a question wants to know of events into marks and slots.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Recursion follows the nesting of the question, which query_parse bounds.
 */
#include "measure/history.h"
#include "measure/scan_files.h"
#include "measure/scan_periods.h"

enum { FIRST_NAMES = 16 };

fallible scan_plan_open(struct arena *mem, const struct source *source, struct scan_bounds bounds,
                        const struct query_condition *where, struct scan_plan **out_plan)
{
    struct scan_plan *plan = arena_take(mem, sizeof *plan);

    if (!plan)
        return arena_exhausted();
    plan->mem = mem;
    plan->source = source;
    plan->bounds = bounds;
    plan->where_tree = where;
    plan->since = INT64_MAX;
    TRY(matcher_plan_open(mem, source, bounds.as_of, &plan->matchers));
    TRY(matcher_condition(plan->matchers, where, &plan->where));
    *out_plan = plan;
    return OK;
}

/* Equal wishes. */

static bool same_value(const struct query_value *a, const struct query_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case QUERY_NULL:
        return true;
    case QUERY_BOOL:
        return a->boolean == b->boolean;
    case QUERY_NUMBER:
        return decimal_compare(a->number, b->number) == 0;
    case QUERY_TEXT:
        return str_equals(a->text, b->text);
    }
    return false;
}

static bool same_condition(const struct query_condition *a, const struct query_condition *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || a->test != b->test || a->is_negated != b->is_negated ||
        !str_equals(a->property, b->property) || a->value_count != b->value_count ||
        a->child_count != b->child_count)
        return false;
    for (size_t i = 0; i < a->value_count; i++)
        if (!same_value(&a->values[i], &b->values[i]))
            return false;
    for (size_t i = 0; i < a->child_count; i++)
        if (!same_condition(&a->children[i], &b->children[i]))
            return false;
    return true;
}

static bool same_wish(const struct scan_wish *wish, const struct query_event *events, size_t count,
                      unsigned flags)
{
    if (wish->flags != flags || wish->count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!str_equals(wish->trees[i].name, events[i].name) ||
            !same_condition(wish->trees[i].where, events[i].where))
            return false;
    return true;
}

/* From names to marks. */

static struct scan_name *name_at(const struct scan_plan *plan, text_code code)
{
    uint32_t mask = plan->name_room - 1;
    uint32_t at = (code * 0x9e3779b1u >> 7) & mask;

    while ((plan->names[at].marks.sure | plan->names[at].marks.maybe) &&
           plan->names[at].code != code)
        at = (at + 1) & mask;
    return &plan->names[at];
}

static fallible make_name_room(struct scan_plan *plan)
{
    struct scan_plan old = *plan;
    uint32_t room = old.name_room ? old.name_room * 2 : FIRST_NAMES;
    struct scan_name *names;

    if (plan->name_count * 2 < plan->name_room)
        return OK;
    names = arena_array(plan->mem, room, sizeof *names);
    if (!names)
        return arena_exhausted();
    plan->names = names;
    plan->name_room = room;
    for (uint32_t i = 0; i < old.name_room; i++)
        if (old.names[i].marks.sure | old.names[i].marks.maybe)
            *name_at(plan, old.names[i].code) = old.names[i];
    return OK;
}

static void add_candidate(struct scan_candidates *marks, bool is_sure, scan_marks mark)
{
    if (is_sure)
        marks->sure |= mark;
    else
        marks->maybe |= mark;
}

static fallible add_event(struct scan_plan *plan, const struct matcher_event *event,
                          scan_marks mark)
{
    struct scan_name *name;

    if (event->is_any) {
        for (unsigned type = EVENT_TRACK; type <= EVENT_SCREEN; type++)
            add_candidate(&plan->types[type], !event->where, mark);
        return OK;
    }
    if (event->name == SOURCE_UNKNOWN)
        return OK;
    TRY(make_name_room(plan));
    name = name_at(plan, event->name);
    plan->name_count += !(name->marks.sure | name->marks.maybe);
    name->code = event->name;
    add_candidate(&name->marks, !event->where, mark);
    return OK;
}

static fallible add_wish(struct scan_plan *plan, const struct query_event *trees, size_t count,
                         unsigned flags, scan_marks mark)
{
    struct matcher_event *events = arena_array(plan->mem, count + 1, sizeof *events);

    if (!events)
        return arena_exhausted();
    for (size_t i = 0; i < count; i++) {
        TRY(matcher_event(plan->matchers, &trees[i], &events[i]));
        TRY(add_event(plan, &events[i], mark));
    }
    for (unsigned type = EVENT_TRACK; type <= EVENT_ALIAS && !count; type++)
        plan->types[type].sure |= mark;
    plan->in_range |= flags & SCAN_IN_RANGE ? mark : 0;
    plan->before_end |= flags & SCAN_BEFORE_END ? mark : 0;
    plan->where_marks |= flags & SCAN_WHERE ? mark : 0;
    plan->views |= flags & SCAN_VIEWS ? mark : 0;
    plan->tracks |= flags & SCAN_TRACKS ? mark : 0;
    plan->wishes[plan->mark_count] = (struct scan_wish){trees, events, count, flags};
    return OK;
}

static fallible find_mark(struct scan_plan *plan, const struct query_event *events, size_t count,
                          unsigned flags, scan_marks *out_mark)
{
    if (!plan->where)
        flags &= ~(unsigned)SCAN_WHERE;
    for (uint32_t i = 0; i < plan->mark_count; i++)
        if (same_wish(&plan->wishes[i], events, count, flags)) {
            *out_mark = UINT64_C(1) << i;
            return OK;
        }
    if (plan->mark_count == SCAN_MOST_MARKS)
        return fail(ERR_LIMIT, "a question may ask for at most %d different kinds of events",
                    SCAN_MOST_MARKS);
    TRY(add_wish(plan, events, count, flags, UINT64_C(1) << plan->mark_count));
    *out_mark = UINT64_C(1) << plan->mark_count++;
    return OK;
}

fallible scan_plan_mark_since(struct scan_plan *plan, const struct query_event *events,
                              size_t count, millis since, scan_marks *out_mark)
{
    if (since < plan->since)
        plan->since = since;
    return find_mark(plan, events, count, 0, out_mark);
}

fallible scan_plan_mark(struct scan_plan *plan, const struct query_event *events, size_t count,
                        unsigned flags, scan_marks *out_mark)
{
    millis since = flags & SCAN_IN_RANGE ? plan->bounds.from : INT64_MIN;

    if (since < plan->since)
        plan->since = since;
    return find_mark(plan, events, count, flags, out_mark);
}

fallible scan_plan_slot(struct scan_plan *plan, str path, scan_marks of, uint32_t *out_slot)
{
    struct scan_slot *slot = plan->slots;

    while (slot < plan->slots + plan->slot_count &&
           (slot->of != of || !str_equals(slot->path, path)))
        slot++;
    if (slot == plan->slots + SCAN_MOST_SLOTS)
        return fail(ERR_LIMIT, "a question may ask for at most %d different properties",
                    SCAN_MOST_SLOTS);
    if (slot == plan->slots + plan->slot_count) {
        *slot = (struct scan_slot){.path = path, .of = of};
        TRY(matcher_property(plan->matchers, path, &slot->property));
        plan->slot_count++;
    }
    *out_slot = (uint32_t)(slot - plan->slots);
    return OK;
}

void scan_plan_devices(struct scan_plan *plan)
{
    plan->gives_devices = true;
}

void scan_plan_names(struct scan_plan *plan)
{
    plan->gives_names = true;
}

void scan_plan_seqs(struct scan_plan *plan)
{
    plan->gives_seqs = true;
}

void scan_plan_kinds(struct scan_plan *plan)
{
    plan->takes_kinds = true;
}

void scan_plan_periods(struct scan_plan *plan, const millis *starts, uint32_t count)
{
    plan->periods = starts;
    plan->period_count = count <= SCAN_MOST_PERIODS ? count : 0;
}

void scan_plan_everyone(struct scan_plan *plan)
{
    plan->gives_everyone = true;
}

fallible scan_plan_audience(struct scan_plan *plan, const struct query_segment *tree)
{
    struct scan_segment *parts;

    if (!tree)
        return OK;
    parts = arena_array(plan->mem, 3, sizeof *parts);
    if (!parts)
        return arena_exhausted();
    TRY(scan_segment_compile(plan, tree, &parts[1]));
    if (plan->audience)
        parts[2] = *plan->audience;
    parts[0] = (struct scan_segment){
        .kind = SEGMENT_ALL, .children = &parts[1], .child_count = plan->audience ? 2 : 1};
    plan->audience = parts;
    return OK;
}

/* Carrying out. */

struct scan_candidates scan_plan_candidates(const struct scan_plan *plan, text_code name)
{
    return plan->name_room ? name_at(plan, name)->marks : (struct scan_candidates){0};
}

scan_marks scan_plan_forbidden_by_type(const struct scan_plan *plan, enum event_type type)
{
    scan_marks forbidden = 0;

    if (type != EVENT_PAGE && type != EVENT_SCREEN)
        forbidden |= plan->views;
    if (type != EVENT_TRACK)
        forbidden |= plan->tracks;
    return forbidden;
}

scan_marks scan_plan_forbidden_by_time(const struct scan_plan *plan, millis time)
{
    if (time >= plan->bounds.to)
        return plan->in_range | plan->before_end;
    return time < plan->bounds.from ? plan->in_range : 0;
}

fallible scan_plan_ready(struct scan_plan *plan)
{
    const struct history *history = plan->source->history;

    return history && history_count(history) ? scan_files_prepare(plan, &plan->files) : OK;
}
