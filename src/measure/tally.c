/* tally.c - lists of events and properties, and small sets of hashes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/tally.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { FIRST_SLOTS = 16 };

void tally_values_done(struct tally_values *values)
{
    mem_free(values->slots);
    *values = (struct tally_values){0};
}

void tally_done(struct tally *tally)
{
    for (uint32_t i = 0; i < tally->count; i++) {
        for (uint32_t k = 0; k < tally->events[i].property_count; k++)
            tally_values_done(&tally->events[i].properties[k].values);
        mem_free(tally->events[i].properties);
    }
    mem_free(tally->events);
    *tally = (struct tally){0};
}

fallible tally_add_event(struct tally *tally, struct tally_event **out_event)
{
    if (tally->count == tally->room) {
        uint32_t room = tally->room ? tally->room * 2 : 64;
        struct tally_event *events = mem_grow(tally->events, room * sizeof *events);

        if (!events)
            return mem_exhausted();
        tally->events = events;
        tally->room = room;
    }
    tally->events[tally->count] = (struct tally_event){0};
    *out_event = &tally->events[tally->count++];
    return OK;
}

fallible tally_add_property(struct tally_event *event, struct tally_property **out_property)
{
    if (event->property_count == event->property_room) {
        uint32_t room = event->property_room ? event->property_room * 2 : 16;
        struct tally_property *properties = mem_grow(event->properties, room * sizeof *properties);

        if (!properties)
            return mem_exhausted();
        event->properties = properties;
        event->property_room = room;
    }
    event->properties[event->property_count] = (struct tally_property){0};
    *out_property = &event->properties[event->property_count++];
    return OK;
}

void tally_see(struct tally_event *event, millis time)
{
    if (!event->count || time < event->first)
        event->first = time;
    if (!event->count || time > event->last)
        event->last = time;
    event->count++;
}

/* Values */

static uint64_t *find_slot(const struct tally_values *values, uint64_t hash)
{
    uint32_t at = (uint32_t)(hash ^ hash >> 32) & (values->room - 1);

    while (values->slots[at] && values->slots[at] != hash)
        at = (at + 1) & (values->room - 1);
    return &values->slots[at];
}

static fallible grow(struct tally_values *values)
{
    struct tally_values larger = {.room = values->room ? values->room * 2 : FIRST_SLOTS};

    larger.slots = mem_alloc(larger.room * sizeof *larger.slots);
    if (!larger.slots)
        return mem_exhausted();
    for (uint32_t i = 0; i < values->room; i++)
        if (values->slots[i])
            *find_slot(&larger, values->slots[i]) = values->slots[i];
    mem_free(values->slots);
    values->slots = larger.slots;
    values->room = larger.room;
    return OK;
}

void tally_values_overflow(struct tally_values *values, uint64_t count)
{
    mem_free(values->slots);
    values->slots = NULL;
    values->room = 0;
    if (count > values->count)
        values->count = count;
    values->is_over = true;
}

fallible tally_values_add(struct tally_values *values, uint64_t hash)
{
    uint64_t *slot;

    if (values->is_over)
        return OK;
    if (values->count >= values->room / 2)
        TRY(grow(values));
    hash += !hash;
    slot = find_slot(values, hash);
    if (*slot)
        return OK;
    *slot = hash;
    if (++values->count > TALLY_VALUES)
        tally_values_overflow(values, values->count);
    return OK;
}

fallible tally_values_merge(struct tally_values *values, const struct tally_values *other)
{
    if (other->is_over)
        tally_values_overflow(values, other->count);
    else if (values->is_over)
        tally_values_overflow(values, other->count);
    for (uint32_t i = 0; i < other->room; i++)
        if (other->slots[i])
            TRY(tally_values_add(values, other->slots[i]));
    return OK;
}

/* Hashes */

uint64_t tally_hash_atom(enum tally_type type, const void *bytes, size_t len)
{
    return hash_checksum_seeded(bytes, len, (uint64_t)type + 1) | TALLY_MARK;
}

uint64_t tally_hash_item(uint64_t list, uint64_t item)
{
    uint64_t both[] = {list, item};

    return tally_hash_atom(TALLY_LIST, both, sizeof both);
}

uint64_t tally_hash_member(uint64_t object, str path, uint64_t value)
{
    uint64_t both[] = {tally_hash_atom(TALLY_TEXT, path.data, path.len), value};

    return TALLY_MARK |
           (object + tally_hash_atom(TALLY_OBJECT, both, sizeof both)); /* in any order */
}
