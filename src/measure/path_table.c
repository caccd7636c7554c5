/* path_table.c - an array of paths, or a hash table of them, in an arena.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/path_table.h"

#include "measure/operator.h"

#include <string.h>

enum { FIRST_ROOM = 16, FIRST_BITS = 2, PLACE_BITS = 15, CODE_BITS = 64 };

struct path_slot {
    uint64_t code;
    struct path *path; /* NULL: free */
};

void path_table_init(struct path_table *table, struct arena *mem, uint32_t steps)
{
    *table = (struct path_table){.mem = mem,
                                 .steps = steps,
                                 .bits = FIRST_BITS,
                                 .is_exact = steps * FIRST_BITS <= CODE_BITS};
}

static uint64_t mix(uint64_t bits)
{
    bits *= 0x9e3779b97f4a7c15u;
    return bits ^ bits >> 32;
}

static uint64_t code_of(const struct path_table *table, const uint32_t *numbers)
{
    uint64_t code = 0;

    for (uint32_t i = 0; i < table->steps; i++)
        code =
            table->is_exact ? code << table->bits % CODE_BITS | numbers[i] : mix(code ^ numbers[i]);
    return code;
}

/* Where the path stands or would stand. */
static struct path_slot *slot_of(const struct path_table *table, uint64_t code,
                                 const uint32_t *numbers)
{
    size_t mask = table->slot_count - 1, at = mix(code) & mask;

    for (;; at = (at + 1) & mask) {
        struct path_slot *slot = &table->slots[at];

        if (!slot->path || (slot->code == code && memcmp(slot->path->numbers, numbers,
                                                         table->steps * sizeof *numbers) == 0))
            return slot;
    }
}

static void put(struct path_table *table, struct path *path)
{
    uint64_t code = code_of(table, path->numbers);

    if (table->places)
        table->places[code] = path;
    else
        *slot_of(table, code, path->numbers) = (struct path_slot){code, path};
}

/* Makes places for all codes or slots for all paths there is room for, and puts the paths there. */
static fallible lay_out(struct path_table *table)
{
    uint32_t bits = table->steps * table->bits;

    table->places = NULL;
    table->slots = NULL;
    table->slot_count = table->room * 2;
    table->is_exact = bits <= CODE_BITS;
    if (bits <= PLACE_BITS)
        table->places = arena_array(table->mem, (size_t)1 << bits, sizeof(struct path *));
    else
        table->slots = arena_array(table->mem, table->slot_count, sizeof *table->slots);
    if (!table->places && !table->slots)
        return operator_exhausted();
    for (size_t i = 0; i < table->count; i++)
        put(table, table->paths[i]);
    return OK;
}

/* Names. */

static uint32_t *number_of(const struct path_table *table, text_code name)
{
    uint32_t mask = table->name_room * 2 - 1, at = (uint32_t)mix(name) & mask;

    while (table->numbers[at] && table->names[table->numbers[at] - 1] != name)
        at = (at + 1) & mask;
    return &table->numbers[at];
}

static fallible make_name_room(struct path_table *table)
{
    uint32_t room = table->name_room ? table->name_room * 2 : FIRST_ROOM;
    text_code *names;
    uint32_t *numbers;

    if (table->name_count < table->name_room)
        return OK;
    names = arena_array(table->mem, room, sizeof *names);
    numbers = arena_array(table->mem, (size_t)room * 2, sizeof *numbers);
    if (!names || !numbers || room > UINT32_MAX / 4)
        return operator_exhausted();
    if (table->name_count)
        memcpy(names, table->names, table->name_count * sizeof *names);
    table->names = names;
    table->numbers = numbers;
    table->name_room = room;
    for (uint32_t i = 0; i < table->name_count; i++)
        *number_of(table, names[i]) = i + 1;
    return OK;
}

fallible path_table_number(struct path_table *table, text_code name, uint32_t *out_number)
{
    uint32_t *number;

    TRY(make_name_room(table));
    number = number_of(table, name);
    if (!*number) {
        table->names[table->name_count] = name;
        *number = ++table->name_count;
        if (table->name_count > UINT64_C(1) << table->bits) {
            table->bits++;
            if (table->count)
                TRY(lay_out(table));
        }
    }
    *out_number = *number - 1;
    return OK;
}

/* Paths. */

static fallible make_room(struct path_table *table)
{
    size_t room = table->room ? table->room * 2 : FIRST_ROOM;
    struct path **paths;

    if (table->count < table->room)
        return OK;
    paths = arena_array(table->mem, room, sizeof(struct path *));
    if (!paths)
        return operator_exhausted();
    if (table->count)
        memcpy(paths, table->paths, table->count * sizeof(struct path *));
    table->paths = paths;
    table->room = room;
    return table->places ? OK : lay_out(table);
}

fallible path_table_get(struct path_table *table, const uint32_t *numbers, struct path **out_path)
{
    size_t bytes = table->steps * sizeof *numbers;
    struct path *path = NULL;

    TRY(make_room(table));
    path = table->places ? table->places[code_of(table, numbers)]
                         : slot_of(table, code_of(table, numbers), numbers)->path;
    if (!path) {
        path = arena_take(table->mem, sizeof *path + bytes);
        if (!path)
            return operator_exhausted();
        memcpy(path->numbers, numbers, bytes);
        table->paths[table->count++] = path;
        put(table, path);
    }
    *out_path = path;
    return OK;
}

fallible path_table_merge(struct path_table *table, const struct path_table *other)
{
    uint32_t *numbers = arena_array(table->mem, other->name_count + (size_t)1, sizeof *numbers);
    uint32_t *own = arena_array(table->mem, table->steps, sizeof *own);

    if (!numbers || !own)
        return operator_exhausted();
    for (uint32_t i = 0; i < other->name_count; i++)
        TRY(path_table_number(table, other->names[i], &numbers[i]));
    for (size_t i = 0; i < other->count; i++) {
        const struct path *theirs = other->paths[i];
        struct path *path;

        for (uint32_t k = 0; k < table->steps; k++)
            own[k] = numbers[theirs->numbers[k]];
        TRY(path_table_get(table, own, &path));
        path->count += theirs->count;
        path->people += theirs->people;
    }
    return OK;
}
