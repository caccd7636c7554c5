/* events_tally.c - counts the rows in memory, cell by cell.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * While it counts, a value is told apart by its cell, where that says all; at the end by the hash
 * that the same value has in a file.
 */
#include "measure/events_tally.h"

#include "base/mem.h"
#include "measure/events_int.h"

enum { FIRST_SLOTS = 1 << 10 };

struct slot {
    uint64_t key; /* 0: free */
    uint32_t event;
    uint32_t property; /* of the event; UINT32_MAX: the event itself */
};

struct counting {
    const struct events *events;
    struct tally *tally;
    struct slot *slots;
    uint32_t room; /* a power of two */
    uint32_t used;
};

static struct slot *find_slot(const struct counting *counting, uint64_t key)
{
    uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 32) & (counting->room - 1);

    while (counting->slots[at].key && counting->slots[at].key != key)
        at = (at + 1) & (counting->room - 1);
    return &counting->slots[at];
}

static fallible make_room(struct counting *counting)
{
    struct slot *old = counting->slots;
    uint32_t old_room = counting->room;

    if (old && counting->used < old_room / 2)
        return OK;
    counting->room = old_room ? old_room * 2 : FIRST_SLOTS;
    counting->slots = mem_alloc(counting->room * sizeof *old);
    if (!counting->slots) {
        counting->slots = old;
        counting->room = old_room;
        return mem_exhausted();
    }
    for (uint32_t i = 0; i < old_room; i++)
        if (old[i].key)
            *find_slot(counting, old[i].key) = old[i];
    mem_free(old);
    return OK;
}

static fallible find_event(struct counting *counting, const struct events_row *row,
                           uint32_t *out_event)
{
    uint64_t key = ((uint64_t)row->type << 32 | row->name) + 1;
    struct tally_event *event;
    struct slot *slot;

    TRY(make_room(counting));
    slot = find_slot(counting, key);
    if (!slot->key) {
        TRY(tally_add_event(counting->tally, &event));
        event->type = (enum event_type)row->type;
        if (row->type == EVENT_TRACK)
            event->name = dictionary_text(&counting->events->texts, row->name);
        *slot = (struct slot){key, counting->tally->count - 1, UINT32_MAX};
        counting->used++;
    }
    *out_event = slot->event;
    return OK;
}

static fallible find_property(struct counting *counting, uint32_t event, uint32_t path,
                              bool is_trait, struct tally_property **out_property)
{
    uint64_t key = TALLY_MARK | (uint64_t)event << 32 | (uint64_t)is_trait << 31 | path;
    struct tally_event *of = &counting->tally->events[event];
    struct tally_property *property;
    struct slot *slot;

    TRY(make_room(counting));
    slot = find_slot(counting, key);
    if (!slot->key) {
        TRY(tally_add_property(of, &property));
        property->is_trait = is_trait;
        property->name = dictionary_text(&counting->events->paths, path);
        *slot = (struct slot){key, event, of->property_count - 1};
        counting->used++;
    }
    *out_property = &of->properties[slot->property];
    return OK;
}

static enum tally_type type_of(const struct cell *cell)
{
    switch (cell->type) {
    case CELL_NULL:
        return TALLY_NULL;
    case CELL_FALSE:
    case CELL_TRUE:
        return TALLY_BOOLEAN;
    case CELL_TEXT:
        return TALLY_TEXT;
    case CELL_LIST:
        return TALLY_LIST;
    case CELL_OBJECT:
        return TALLY_OBJECT;
    default:
        return TALLY_NUMBER;
    }
}

/* As tally_file.c has it of the same value; recursion follows what flatten.c bounds. */
static uint64_t hash_of(const struct events *events, struct cell cell)
{
    enum tally_type type = type_of(&cell);
    uint64_t hash = TALLY_MARK;
    struct value value;
    char truth = cell.type == CELL_TRUE;
    uint32_t count;
    const struct cell *run;
    str text;

    if (type == TALLY_LIST || type == TALLY_OBJECT) {
        run = cells_get(&events->cells, cell.data, &count);
        for (uint32_t i = 0; i < count; i++)
            hash = type == TALLY_LIST
                       ? tally_hash_item(hash, hash_of(events, run[i]))
                       : tally_hash_member(hash, dictionary_text(&events->paths, run[i].property),
                                           hash_of(events, run[i]));
        return type == TALLY_LIST ? tally_hash_item(hash, count) : hash;
    }
    if (type == TALLY_TEXT) {
        text = dictionary_text(&events->texts, cell.data);
        return tally_hash_atom(type, text.data, text.len);
    }
    if (type == TALLY_NUMBER) {
        cells_value(&events->cells, cell, &value);
        return tally_hash_atom(type, &value.number, sizeof value.number);
    }
    return tally_hash_atom(type, &truth, type == TALLY_BOOLEAN);
}

static bool is_whole(unsigned type)
{
    return type < CELL_LIST || type >= CELL_SCALED;
}

static fallible count_cell(struct counting *counting, uint32_t event, const struct cell *cell,
                           bool is_trait)
{
    struct tally_property *property;

    TRY(find_property(counting, event, cell->property, is_trait, &property));
    property->types[type_of(cell)]++;
    if (property->values.is_over)
        return OK;
    if (!is_whole(cell->type))
        return tally_values_add(&property->values, hash_of(counting->events, *cell));
    return tally_values_add(&property->values, (uint64_t)cell->type << 32 | cell->data);
}

static fallible count_run(struct counting *counting, uint32_t event, uint32_t run, bool is_trait)
{
    uint32_t count;
    const struct cell *cells = cells_get(&counting->events->cells, run, &count);

    for (uint32_t i = 0; i < count; i++)
        TRY(count_cell(counting, event, &cells[i], is_trait));
    return OK;
}

static fallible count_node(struct counting *counting, node_id node)
{
    const struct events *events = counting->events;
    uint32_t traits = events->nodes[node].newest_traits, event;

    for (uint32_t at = events->nodes[node].newest_row; at != EVENTS_NO_ROW;) {
        const struct events_row *row = events_row_at(events, at);

        TRY(find_event(counting, row, &event));
        tally_see(&counting->tally->events[event], row->time);
        TRY(count_run(counting, event, row->run, false));
        if (traits != EVENTS_NO_ROW && events->traits[traits].row == at) {
            TRY(count_run(counting, event, events->traits[traits].run, true));
            traits = events->traits[traits].older;
        }
        at = row->older;
    }
    return OK;
}

/* Cells become the hashes of what they say. */
static fallible translate(const struct events *events, struct tally_values *values)
{
    struct tally_values translated = {0};
    enum err err = OK;

    if (values->is_over)
        return OK;
    for (uint32_t i = 0; !err && i < values->room; i++) {
        struct cell cell = {.type = values->slots[i] >> 32 & 0x7f,
                            .data = (uint32_t)values->slots[i]};

        if (!values->slots[i])
            continue;
        err = tally_values_add(&translated, values->slots[i] & TALLY_MARK ? values->slots[i]
                                                                          : hash_of(events, cell));
    }
    tally_values_done(err ? &translated : values);
    if (!err)
        *values = translated;
    return err;
}

fallible events_tally(const struct events *events, struct tally *tally)
{
    struct counting counting = {.events = events, .tally = tally};
    enum err err = OK;

    for (uint32_t i = 0; !err && i < events->active_count; i++)
        err = count_node(&counting, events->active[i]);
    for (uint32_t i = 0; !err && i < tally->count; i++)
        for (uint32_t k = 0; !err && k < tally->events[i].property_count; k++)
            err = translate(events, &tally->events[i].properties[k].values);
    mem_free(counting.slots);
    return err;
}
