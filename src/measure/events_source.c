/* events_source.c - the fold as a source: gathers a person's events from her nodes' chains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/events_int.h"

#include "base/mem.h"

#include <stdlib.h>

static struct source_span span(const void *store)
{
    const struct events *events = store;

    return (struct source_span){events->row_count, events->first, events->last};
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

static fallible gather_node(const struct events *events, node_id node, millis as_of,
                            struct source_room *room, size_t *count)
{
    for (uint32_t at = events->nodes[node].newest_row; at != EVENTS_NO_ROW;) {
        const struct events_row *row = events_row_at(events, at);

        if (*count == room->room) {
            size_t more = room->room ? room->room * 2 : 64;
            struct source_event *larger = mem_grow(room->events, more * sizeof *larger);

            if (!larger)
                return mem_exhausted();
            room->events = larger;
            room->room = more;
        }
        if (row->time <= as_of)
            room->events[(*count)++] = (struct source_event){row->time, row->seq, at, row->name,
                                                             (enum event_type)row->type};
        at = row->older;
    }
    return OK;
}

static fallible person(const void *store, struct source_room *room, node_id id, millis as_of,
                       struct source_person *out_person)
{
    const struct events *events = store;
    size_t count = 0;
    node_id node = id;

    if (identity_person(events->identity, id) != id)
        return ERR_ABSENT;
    do {
        TRY(gather_node(events, node, as_of, room, &count));
        node = identity_next(events->identity, node);
    } while (node != id);
    if (!count)
        return ERR_ABSENT;
    put_in_order(room->events, count);
    *out_person = (struct source_person){id, room->events, count};
    return OK;
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

static void device(const void *store, uint64_t row, struct value *out_value)
{
    const struct events *events = store;
    node_id node = events_row_at(events, (uint32_t)row)->device;
    text_code code = node ? events->nodes[node].identifier : SOURCE_UNKNOWN;

    *out_value = (struct value){.type = VALUE_NULL};
    if (code != SOURCE_UNKNOWN)
        *out_value = (struct value){.type = VALUE_TEXT, .code = code};
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

static void trait(const void *store, node_id person_id, property_id name, millis as_of,
                  struct value *out_value)
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

            if (row->time > as_of || (newest && row->time < newest->time) ||
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
    cell_value(events, found, out_value);
}

static str identifier(const void *store, node_id person_id)
{
    const struct events *events = store;
    text_code code = events->nodes[person_id].identifier;

    return code == SOURCE_UNKNOWN ? (str){NULL, 0} : dictionary_text(&events->texts, code);
}

static size_t named(const void *store, str wanted, node_id out_persons[2])
{
    const struct events *events = store;
    text_code code = dictionary_find(&events->texts, wanted);
    size_t count = 0;

    if (code == SOURCE_UNKNOWN)
        return 0;
    /* A user and a device may share a text, but no two of one kind do. */
    for (node_id node = 1; node < events->node_count && count < 2; node++) {
        node_id found;

        if (events->nodes[node].identifier != code)
            continue;
        found = identity_person(events->identity, node);
        if (!count || out_persons[0] != found)
            out_persons[count++] = found;
    }
    return count;
}

/* Traits for people to read. */

struct newest_trait {
    struct cell cell;
    millis time;
    uint64_t seq;
    str name;
};

struct trait_list {
    struct newest_trait *items;
    size_t count;
    size_t room;
};

static fallible add_traits(const struct events *events, const struct events_traits *traits,
                           const struct events_row *row, struct trait_list *list)
{
    uint32_t count;
    const struct cell *cells = cells_get(&events->cells, traits->run, &count);

    for (uint32_t i = 0; i < count; i++) {
        if (cells[i].is_derived)
            continue;
        if (list->count == list->room) {
            size_t room = list->room ? list->room * 2 : 32;
            struct newest_trait *items = mem_grow(list->items, room * sizeof *items);

            if (!items)
                return mem_exhausted();
            list->items = items;
            list->room = room;
        }
        list->items[list->count++] = (struct newest_trait){
            cells[i], row->time, row->seq, dictionary_text(&events->paths, cells[i].property)};
    }
    return OK;
}

static int by_name_and_age(const void *a, const void *b)
{
    const struct newest_trait *left = a;
    const struct newest_trait *right = b;
    int order = str_compare(left->name, right->name);

    if (order)
        return order;
    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static fallible gather_traits(const struct events *events, node_id person_id, millis as_of,
                              struct trait_list *list)
{
    node_id node = person_id;

    do {
        for (uint32_t at = events->nodes[node].newest_traits; at != EVENTS_NO_ROW;
             at = events->traits[at].older) {
            const struct events_row *row = events_row_at(events, events->traits[at].row);

            if (row->time <= as_of)
                TRY(add_traits(events, &events->traits[at], row, list));
        }
        node = identity_next(events->identity, node);
    } while (node != person_id);
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, by_name_and_age);
    return OK;
}

static fallible write_cell(const struct events *events, struct cell cell, struct json_writer *out);

static fallible write_run(const struct events *events, uint32_t run, bool is_object,
                          struct json_writer *out)
{
    uint32_t count;
    const struct cell *cells = cells_get(&events->cells, run, &count);

    json_open(out, is_object ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        if (is_object && cells[i].is_derived)
            continue;
        if (is_object)
            json_key(out, dictionary_text(&events->paths, cells[i].property));
        TRY(write_cell(events, cells[i], out));
    }
    json_shut(out, is_object ? '}' : ']');
    return OK;
}

/* Recursion follows the nesting of the message, which flatten.c bounds. */
static fallible write_cell(const struct events *events, struct cell cell, struct json_writer *out)
{
    struct value found;
    struct buf number = {0};

    cells_value(&events->cells, cell, &found);
    switch (found.type) {
    case VALUE_NULL:
        json_null(out);
        break;
    case VALUE_BOOL:
        json_bool(out, found.code);
        break;
    case VALUE_NUMBER:
        decimal_write(&number, found.number);
        if (buf_is_broken(&number)) {
            buf_done(&number);
            return mem_exhausted();
        }
        json_verbatim(out, buf_str(&number));
        buf_done(&number);
        break;
    case VALUE_TEXT:
        json_text(out, dictionary_text(&events->texts, found.code));
        break;
    case VALUE_LIST:
        return write_run(events, found.code, false, out);
    case VALUE_OBJECT:
        return write_run(events, found.code, true, out);
    }
    return OK;
}

static fallible write_traits(const void *store, node_id person_id, millis as_of,
                             struct json_writer *out)
{
    const struct events *events = store;
    struct trait_list list = {0};
    enum err err = gather_traits(events, person_id, as_of, &list);

    if (!err)
        json_open(out, '{');
    for (size_t i = 0; !err && i < list.count; i++) {
        const struct newest_trait *item = &list.items[i];

        /* The last of a name is the newest; a null takes the trait away. */
        if ((i + 1 < list.count && str_equals(item->name, item[1].name)) ||
            item->cell.type == CELL_NULL)
            continue;
        json_key(out, item->name);
        err = write_cell(events, item->cell, out);
    }
    if (!err)
        json_shut(out, '}');
    mem_free(list.items);
    return err;
}

static fallible message(const void *store, uint64_t seq, struct buf *out_json)
{
    const struct events *events = store;

    return events->config.read_event(events->config.argument, seq, out_json);
}

const struct source_calls events_source = {
    .span = span,
    .end = end,
    .find_text = find_text,
    .text = text,
    .find_property = find_property,
    .person = person,
    .value = value,
    .device = device,
    .element = element,
    .member = member,
    .trait = trait,
    .identifier = identifier,
    .named = named,
    .write_traits = write_traits,
    .message = message,
};
