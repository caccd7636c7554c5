/* plan.c - draws a workload.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/plan.h"

#include "base/random.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA = 256 << 20, MOST_ASKS = 4, MOST_EVENTS = 12, USERS = 24 };

#define ID_START "{\"messageId\":\"m"

struct drawing {
    struct plan *plan;
    random_state chance;
    struct plan_ask *merges[USERS];
    unsigned merge_count;
};

static void *take(struct drawing *d, size_t count, size_t size)
{
    void *room = arena_array(d->plan->mem, count, size);

    if (!room)
        abort();
    return room;
}

static unsigned below(struct drawing *d, unsigned bound)
{
    return (unsigned)random_below(&d->chance, bound);
}

str plan_name(unsigned name, char room[16])
{
    int len = snprintf(room, 16, "%c%u", name % 2 ? 'd' : 'u', name / 2);

    return str_from(room, (size_t)len);
}

unsigned plan_name_of(str text)
{
    uint64_t number;

    if (text.len < 2 || !str_to_u64(str_slice(text, 1, text.len), &number) || number >= USERS * 2)
        return 0;
    if (text.data[0] == 'u')
        return (unsigned)number * 2;
    return text.data[0] == 'd' ? (unsigned)number * 2 + 1 : 0;
}

unsigned plan_id_of(str text)
{
    str rest = str_slice(text, S(ID_START).len, text.len);
    uint64_t id;

    if (!str_starts(text, S(ID_START)) || !str_to_u64(str_cut(&rest, '"'), &id))
        return UINT_MAX;
    return (unsigned)id;
}

unsigned plan_part_of(const struct plan_event *event)
{
    return event->id % PLAN_PARTS;
}

static unsigned draw_user(struct drawing *d)
{
    return 2 * (1 + below(d, USERS - 1));
}

static unsigned draw_device(struct drawing *d)
{
    return 2 * (1 + below(d, USERS - 1)) + 1;
}

static void draw_people(struct drawing *d, struct plan_event *event)
{
    unsigned who = below(d, 10);

    event->user = who < 7 ? draw_user(d) : 0;
    event->device = who >= 5 ? draw_device(d) : 0;
    if (event->type == EVENT_ALIAS) {
        event->user = event->user ? event->user : draw_user(d);
        event->previous = below(d, 2) ? draw_user(d) : draw_device(d);
    }
}

static str write_text(struct drawing *d, const struct plan_event *event)
{
    static const char *const types[] = {[EVENT_TRACK] = "track",
                                        [EVENT_PAGE] = "page",
                                        [EVENT_IDENTIFY] = "identify",
                                        [EVENT_ALIAS] = "alias"};
    struct {
        const char *key;
        unsigned name;
    } fields[] = {
        {"userId", event->user}, {"anonymousId", event->device}, {"previousId", event->previous}};
    struct buf text = {0};
    str copy;

    buf_print(&text, ID_START "%u\",\"type\":\"%s\"", event->id, types[event->type]);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char room[16];

        if (fields[i].name)
            buf_print(&text, ",\"%s\":\"%.*s\"", fields[i].key,
                      STR_ARG(plan_name(fields[i].name, room)));
    }
    if (!event->is_misfit) /* a track without a name is unfit */
        buf_add(&text, S(",\"event\":\"Seen\""));
    buf_print(&text, ",\"properties\":{\"variant\":%u,\"part\":%u,\"pad\":\"", event->variant,
              plan_part_of(event));
    for (unsigned pad = below(d, below(d, 20) ? 300 : 5000); pad > 0; pad--)
        buf_add_byte(&text, (char)('a' + pad % 26));
    buf_add(&text, S("\"}}"));
    copy = arena_dup(d->plan->mem, buf_str(&text));
    if (buf_is_broken(&text) || !copy.data)
        abort();
    buf_done(&text);
    return copy;
}

static struct plan_event *draw_new(struct drawing *d)
{
    struct plan_event *event = take(d, 1, sizeof *event);
    unsigned kind = below(d, 20);

    event->id = d->plan->id_count++;
    event->type = kind < 2 ? EVENT_ALIAS : kind < 5 ? EVENT_IDENTIFY : EVENT_TRACK;
    if (kind == 19)
        event->type = EVENT_PAGE;
    event->is_misfit = kind == 18;
    draw_people(d, event);
    event->text = write_text(d, event);
    d->plan->events[event->id] = event;
    return event;
}

/* The same id again, sometimes with another text. */
static struct plan_event *draw_repeat(struct drawing *d)
{
    struct plan_event *before = d->plan->events[below(d, d->plan->id_count)];
    struct plan_event *event;

    if (before->is_misfit || before->variant || below(d, 3))
        return before;
    event = take(d, 1, sizeof *event);
    *event = *before;
    event->variant = 1;
    event->other = before;
    event->text = write_text(d, event);
    d->plan->events[event->id] = event;
    return event;
}

static void draw_events(struct drawing *d, struct plan_ask *ask)
{
    ask->kind = PLAN_EVENTS;
    ask->count = 1 + below(d, below(d, 30) ? MOST_EVENTS : 120);
    ask->events = take(d, ask->count, sizeof(struct plan_event *));
    for (size_t i = 0; i < ask->count; i++)
        ask->events[i] = d->plan->id_count && below(d, 12) == 0 ? draw_repeat(d) : draw_new(d);
}

static void draw_ask(struct drawing *d, struct plan_ask *ask)
{
    unsigned kind = below(d, 17);

    ask->number = d->plan->ask_count++;
    if (kind == 0 && d->merge_count < USERS) {
        ask->kind = PLAN_MERGE;
        ask->a = draw_user(d);
        do
            ask->b = draw_user(d);
        while (ask->b == ask->a);
        d->merges[d->merge_count++] = ask;
    } else if (kind == 1 && d->merge_count) {
        ask->kind = PLAN_UNDO;
        ask->undone = d->merges[below(d, d->merge_count)];
    } else if (kind == 2) {
        ask->kind = PLAN_DELETE;
        ask->part = below(d, PLAN_PARTS);
    } else if (kind == 3) {
        ask->kind = PLAN_REVISE;
        ask->part = below(d, PLAN_PARTS);
        ask->is_machine = below(d, 3) > 0;
    } else {
        draw_events(d, ask);
    }
}

static void draw_step(struct drawing *d, struct plan_step *step, bool is_middle)
{
    unsigned kind = below(d, 24);

    if (is_middle) {
        step->move = PLAN_REOPEN;
    } else if (kind == 0) {
        step->move = PLAN_PREPARE;
    } else if (kind == 1) {
        step->move = PLAN_SLEEP;
        step->span = (1 + below(d, 10)) * MILLIS_HOUR;
    } else {
        step->move = PLAN_SEND;
        step->count = 1 + below(d, MOST_ASKS);
        step->asks = take(d, step->count, sizeof *step->asks);
        for (size_t i = 0; i < step->count; i++)
            draw_ask(d, &step->asks[i]);
    }
}

uint64_t plan_strangers_seed(uint64_t seed)
{
    return seed + (8 - seed % 5) % 5;
}

struct plan *plan_open(uint64_t seed, size_t steps)
{
    struct arena *mem = arena_open(ARENA);
    struct plan *plan = mem ? arena_take(mem, sizeof *plan) : NULL;
    struct drawing d = {.plan = plan, .chance = {seed}};

    if (!plan)
        abort();
    plan->mem = mem;
    plan->seed = seed;
    plan->has_strangers = plan_strangers_seed(seed) == seed;
    plan->step_count = steps;
    plan->steps = take(&d, steps, sizeof *plan->steps);
    plan->events = take(&d, steps * MOST_ASKS * 120, sizeof *plan->events);
    for (size_t i = 0; i < steps; i++)
        draw_step(&d, &plan->steps[i], i == steps / 2);
    return plan;
}

void plan_close(struct plan *plan)
{
    if (plan)
        arena_close(plan->mem);
}
