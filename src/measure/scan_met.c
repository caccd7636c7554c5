/* scan_met.c - a table of values for each slot.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/scan_met.h"

#include "base/mem.h"
#include "measure/scan_files.h"

enum { FIRST_ROOM = 64 };

struct table {
    struct value *values;
    uint32_t *places; /* index + 1, by hash; twice the room */
    uint32_t count;
    uint32_t room; /* a power of two */
};

struct scan_met {
    uint32_t slot_count;
    struct scan_values values[SCAN_MOST_SLOTS];
    struct table tables[SCAN_MOST_SLOTS];
};

fallible scan_met_open(const struct scan_plan *plan, struct scan_met **out_met)
{
    static const struct value none = {.type = VALUE_NULL};
    struct scan_met *met = mem_alloc(sizeof *met);

    if (!met)
        return mem_exhausted();
    *met = (struct scan_met){.slot_count = plan->slot_count};
    for (uint32_t i = 0; i < plan->slot_count; i++)
        met->values[i] = plan->files
                             ? (struct scan_values){.filed = plan->files->values[i].values,
                                                    .filed_count = plan->files->values[i].count}
                             : (struct scan_values){.filed = &none, .filed_count = 1};
    *out_met = met;
    return OK;
}

void scan_met_close(struct scan_met *met)
{
    if (!met)
        return;
    for (uint32_t i = 0; i < met->slot_count; i++) {
        mem_free(met->tables[i].values);
        mem_free(met->tables[i].places);
    }
    mem_free(met);
}

const struct scan_values *scan_met_values(const struct scan_met *met)
{
    return met->values;
}

static uint64_t hash_of_value(const struct value *value)
{
    uint64_t bits = (uint64_t)value->type << 32 | value->code;

    if (value->type == VALUE_NUMBER)
        bits = (uint64_t)value->number.digits * 31 + (uint16_t)value->number.scale;
    else if (value->type == VALUE_LIST)
        bits ^= (uintptr_t)value->elements;
    bits *= 0xff51afd7ed558ccdu;
    return bits ^ bits >> 32;
}

/* As stored: equal values may differ. */
static bool is_same(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == VALUE_NUMBER)
        return a->number.digits == b->number.digits && a->number.scale == b->number.scale;
    return a->code == b->code && (a->type != VALUE_LIST || a->elements == b->elements);
}

static uint32_t *place_of(const struct table *table, const struct value *value)
{
    uint32_t mask = table->room * 2 - 1;
    uint32_t at = (uint32_t)hash_of_value(value) & mask;

    while (table->places[at] && !is_same(&table->values[table->places[at] - 1], value))
        at = (at + 1) & mask;
    return &table->places[at];
}

static fallible make_room(struct table *table)
{
    uint32_t room = table->room ? table->room * 2 : FIRST_ROOM;
    struct value *values;
    uint32_t *places;

    if (table->count < table->room)
        return OK;
    if (room > UINT32_MAX / 8)
        return fail(ERR_LIMIT, "too many different values for one question");
    values = mem_grow(table->values, room * sizeof *values);
    if (!values)
        return mem_exhausted();
    table->values = values;
    places = mem_alloc(room * 2 * sizeof *places);
    if (!places)
        return mem_exhausted();
    mem_free(table->places);
    table->places = places;
    table->room = room;
    for (uint32_t i = 0; i < table->count; i++)
        *place_of(table, &values[i]) = i + 1;
    return OK;
}

fallible scan_met_number(struct scan_met *met, uint32_t slot, const struct value *value,
                         uint32_t *out_number)
{
    struct table *table = &met->tables[slot];
    uint32_t *place;

    *out_number = 0;
    if (value->type == VALUE_NULL)
        return OK;
    TRY(make_room(table));
    place = place_of(table, value);
    if (!*place) {
        table->values[table->count++] = *value;
        *place = table->count;
    }
    met->values[slot].met = table->values;
    *out_number = met->values[slot].filed_count + *place - 1;
    return OK;
}
