/* events_source.c - the fold as a source: gathers a person's events from her nodes' chains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/events_int.h"
#include "measure/source_page.h"

#include "base/mem.h"
#include "store/deletions.h"

#include <stdlib.h>

static struct source_span span(const void *store)
{
    const struct events *events = store;

    if (events->row_count == events->dropped)
        return (struct source_span){0};
    return (struct source_span){events->row_count - events->dropped, events->first, events->last};
}

static struct source_span span_of_humans(const void *store)
{
    return ((const struct events *)store)->humans;
}

static node_id end(const void *store)
{
    return ((const struct events *)store)->node_count;
}

static text_code find_text(const void *store, str text)
{
    return dictionary_find(&((const struct events *)store)->texts, text);
}

static str text(const void *store, text_code code)
{
    return dictionary_text(&((const struct events *)store)->texts, code);
}

static property_id find_property(const void *store, str path)
{
    return dictionary_find(&((const struct events *)store)->paths, path);
}

static bool is_before(const struct source_event *a, const struct source_event *b)
{
    return a->time != b->time ? a->time < b->time : a->seq < b->seq;
}

static int by_order(const void *a, const void *b)
{
    return is_before(a, b) ? -1 : is_before(b, a);
}

/* Events mostly come in order, so a chain read backwards mostly is sorted already. */
static void put_in_order(struct source_event *events, size_t count)
{
    bool is_sorted = true;

    for (size_t i = 0; i < count / 2; i++) {
        struct source_event event = events[i];

        events[i] = events[count - 1 - i];
        events[count - 1 - i] = event;
    }
    for (size_t i = 1; i < count && is_sorted; i++)
        is_sorted = is_before(&events[i - 1], &events[i]);
    if (!is_sorted)
        qsort(events, count, sizeof *events, by_order);
}

/* Which rows a question wants. */
struct wanted {
    millis as_of;
    bool is_human; /* only a human's */
};

static bool is_wanted(const struct wanted *wanted, const struct events_row *row)
{
    return row->time <= wanted->as_of && !(wanted->is_human && row->is_machine);
}

static fallible gather_node(const struct events *events, node_id node, const struct wanted *wanted,
                            struct source_room *room, size_t *count)
{
    for (uint32_t at = events->nodes[node].newest_row; at != EVENTS_NO_ROW;) {
        const struct events_row *row = events_row_at(events, at);

        if (room->most && *count == room->most)
            return ERR_BUSY;
        if (*count == room->room) {
            size_t more = room->room ? room->room * 2 : 64;
            struct source_event *larger = mem_grow(room->events, more * sizeof *larger);

            if (!larger)
                return mem_exhausted();
            room->events = larger;
            room->room = more;
        }
        if (is_wanted(wanted, row))
            room->events[(*count)++] = (struct source_event){row->time, row->seq, at, row->name,
                                                             (enum event_type)row->type};
        at = row->older;
    }
    return OK;
}

static fallible find_person(const void *store, struct source_room *room, node_id id,
                            const struct wanted *wanted, struct source_person *out_person)
{
    const struct events *events = store;
    size_t count = 0;
    node_id node = id;

    if (identity_person(events->identity, id) != id)
        return ERR_ABSENT;
    do {
        TRY(gather_node(events, node, wanted, room, &count));
        node = identity_next(events->identity, node);
    } while (node != id);
    if (!count)
        return ERR_ABSENT;
    put_in_order(room->events, count);
    *out_person = (struct source_person){id, room->events, count};
    return OK;
}

static fallible person(const void *store, struct source_room *room, node_id id, millis as_of,
                       struct source_person *out_person)
{
    return find_person(store, room, id, &(struct wanted){.as_of = as_of}, out_person);
}

static fallible person_as_human(const void *store, struct source_room *room, node_id id,
                                millis as_of, struct source_person *out_person)
{
    return find_person(store, room, id, &(struct wanted){as_of, true}, out_person);
}

static void warm(const void *store, const node_id *ids, size_t count)
{
    const struct events *events = store;

    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&events->nodes[ids[i]]);
    for (size_t i = 0; i < count; i++)
        if (events->nodes[ids[i]].newest_row != EVENTS_NO_ROW)
            __builtin_prefetch(events_row_at(events, events->nodes[ids[i]].newest_row));
}

static void cell_value(const struct events *events, const struct cell *cell,
                       struct value *out_value)
{
    if (cell)
        cells_value(&events->cells, *cell, out_value);
    else
        *out_value = (struct value){.type = VALUE_NULL};
}

static void value(const void *store, uint64_t row, property_id property, struct value *out_value)
{
    const struct events *events = store;

    cell_value(events,
               cells_find(&events->cells, events_row_at(events, (uint32_t)row)->run, property),
               out_value);
}

static node_id device(const void *store, uint64_t row)
{
    return events_row_at(store, (uint32_t)row)->device;
}

static void element(const void *store, uint32_t list, uint32_t index, struct value *out_value)
{
    const struct events *events = store;
    uint32_t count;
    const struct cell *cells = cells_get(&events->cells, list, &count);

    cell_value(events, index < count ? &cells[index] : NULL, out_value);
}

static void member(const void *store, uint32_t object, property_id property,
                   struct value *out_value)
{
    const struct events *events = store;

    cell_value(events, cells_find(&events->cells, object, property), out_value);
}

static void find_trait(const void *store, node_id person_id, property_id name,
                       const struct wanted *wanted, struct source_trait *out_trait)
{
    const struct events *events = store;
    const struct events_row *newest = NULL;
    const struct cell *found = NULL;
    node_id node = person_id;

    do {
        for (uint32_t at = events->nodes[node].newest_traits; at != EVENTS_NO_ROW;
             at = events->traits[at].older) {
            const struct events_row *row = events_row_at(events, events->traits[at].row);
            const struct cell *cell;

            if (!is_wanted(wanted, row) || (newest && row->time < newest->time) ||
                (newest && row->time == newest->time && row->seq < newest->seq))
                continue;
            cell = cells_find(&events->cells, events->traits[at].run, name);
            if (cell) {
                newest = row;
                found = cell;
            }
        }
        node = identity_next(events->identity, node);
    } while (node != person_id);
    *out_trait = (struct source_trait){.is_found = found, .time = newest ? newest->time : 0};
    cell_value(events, found, &out_trait->value);
}

static void trait(const void *store, node_id person_id, property_id name, millis as_of,
                  struct source_trait *out_trait)
{
    find_trait(store, person_id, name, &(struct wanted){.as_of = as_of}, out_trait);
}

static void trait_of_human(const void *store, node_id person_id, property_id name, millis as_of,
                           struct source_trait *out_trait)
{
    find_trait(store, person_id, name, &(struct wanted){as_of, true}, out_trait);
}

static fallible identifier(const void *store, node_id person_id, struct buf *out_text)
{
    const struct events *events = store;
    uint64_t place = events->nodes[person_id].place;

    return place ? roster_text(events->config.roster, place, person_id, out_text)
                 : fail(ERR_ABSENT, "node %u has no identifier any more", person_id);
}

static size_t named(const void *store, str wanted, node_id out_persons[2])
{
    static const enum node_kind kinds[] = {NODE_USER, NODE_ANONYMOUS};
    const struct events *events = store;
    size_t count = 0;

    /* A user and a device may share a text, but no two of one kind do. */
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        hash128 hash = events->config.hash(events->config.argument, kinds[i], wanted);
        node_id node = identity_find(events->identity, kinds[i], hash), found;

        if (!node)
            continue;
        found = identity_person(events->identity, node);
        if (!count || out_persons[0] != found)
            out_persons[count++] = found;
    }
    return count;
}

static enum err messages(const void *store, const struct source_page *page)
{
    const struct events *events = store;

    for (size_t i = 0; i < page->count; i++)
        if (deletions_has(events->deletions, page->seqs[i]))
            return fail(ERR_ABSENT, "event %llu was deleted", (unsigned long long)page->seqs[i]);
    return events->config.read_events(events->config.argument, page);
}

const struct source_calls events_source = {
    .span = span,
    .end = end,
    .find_text = find_text,
    .text = text,
    .find_property = find_property,
    .person = person,
    .warm = warm,
    .value = value,
    .device = device,
    .element = element,
    .member = member,
    .trait = trait,
    .identifier = identifier,
    .named = named,
    .messages = messages,
};

const struct source_calls events_source_human = {
    .span = span_of_humans,
    .end = end,
    .find_text = find_text,
    .text = text,
    .find_property = find_property,
    .person = person_as_human,
    .warm = warm,
    .value = value,
    .device = device,
    .element = element,
    .member = member,
    .trait = trait_of_human,
    .identifier = identifier,
    .named = named,
    .messages = messages,
};
