/* events_settle.c - the rows in memory, person by person, as the rows of a column file.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Codes of the memory (of texts, of paths) become codes of the file (of a property's values) by one
 * look-up in a hash table a cell. Texts and small numbers are told apart by their codes; what has a
 * run of its own by a keyed hash of its content.
 */
#include "measure/events_settle.h"

#include "base/mem.h"
#include "measure/events_int.h"
#include "measure/known.h"
#include "store/columns_writer.h"

#include <stdlib.h>
#include <string.h>

enum { SCRATCH_BYTES = 64 << 20, CONTENT = 0x7f };

struct settle_row {
    millis time;
    uint64_t seq;
    uint32_t row;
    uint32_t traits; /* run, or EVENTS_NO_ROW */
    node_id node;
};

struct settle {
    const struct events *events;
    struct columns_writer *writer;
    struct arena *mem;    /* of one value */
    uint32_t *properties; /* by path code: of the file, or COLUMNS_NONE */
    uint32_t *traits;
    uint32_t *kinds; /* by code of the name, of track events */
    uint32_t other_kinds[EVENT_ALIAS + 1];
    struct known known;      /* values: a cell that says all, or the hash of its content */
    struct settle_row *rows; /* of one person */
    size_t row_room;
    size_t row_count;
    struct columns_cell *cells; /* of one row */
    size_t cell_room;
    struct buf text;
    hash_key key;
};

/* Values. */

/* Recursion follows the nesting of the message, which flatten.c bounds. */
static fallible build(struct settle *settle, struct cell cell, struct columns_value *out);

static fallible build_list(struct settle *settle, uint32_t run, struct columns_value *out)
{
    uint32_t count;
    const struct cell *cells = cells_get(&settle->events->cells, run, &count);
    struct columns_value *items = arena_array(settle->mem, count + 1u, sizeof *items);

    if (!items)
        return arena_exhausted();
    for (uint32_t i = 0; i < count; i++)
        TRY(build(settle, cells[i], &items[i]));
    *out = (struct columns_value){.type = COLUMNS_LIST, .count = count, .items = items};
    return OK;
}

static int by_path(const void *a, const void *b)
{
    return str_compare(((const struct columns_member *)a)->path,
                       ((const struct columns_member *)b)->path);
}

static fallible build_object(struct settle *settle, uint32_t run, struct columns_value *out)
{
    uint32_t count;
    const struct cell *cells = cells_get(&settle->events->cells, run, &count);
    struct columns_member *members = arena_array(settle->mem, count + 1u, sizeof *members);

    if (!members)
        return arena_exhausted();
    for (uint32_t i = 0; i < count; i++) {
        members[i].path = dictionary_text(&settle->events->paths, cells[i].property);
        TRY(build(settle, cells[i], &members[i].value));
    }
    if (count)
        qsort(members, count, sizeof *members, by_path);
    *out = (struct columns_value){.type = COLUMNS_OBJECT, .count = count, .members = members};
    return OK;
}

static fallible build(struct settle *settle, struct cell cell, struct columns_value *out)
{
    struct value value;

    if (cell.type == CELL_LIST)
        return build_list(settle, cell.data, out);
    if (cell.type == CELL_OBJECT)
        return build_object(settle, cell.data, out);
    cells_value(&settle->events->cells, cell, &value);
    *out = (struct columns_value){.type = COLUMNS_NULL};
    if (value.type == VALUE_BOOL)
        out->type = value.code ? COLUMNS_TRUE : COLUMNS_FALSE;
    if (value.type == VALUE_NUMBER) {
        out->type = COLUMNS_NUMBER;
        out->number = value.number;
    }
    if (value.type == VALUE_TEXT) {
        out->type = COLUMNS_TEXT;
        out->text = dictionary_text(&settle->events->texts, value.code);
    }
    return OK;
}

static void spell(struct buf *out, const void *bytes, size_t len)
{
    buf_add(out, str_from(bytes, len));
}

/* Appends bytes that are the same for equal values and no others. */
static void spell_cell(const struct settle *settle, struct cell cell, struct buf *out)
{
    const struct cells *cells = &settle->events->cells;
    uint32_t count;
    const struct cell *run;

    buf_add_byte(out, (char)cell.type);
    if (cell.type < CELL_LIST || cell.type >= CELL_SCALED) {
        spell(out, &cell.data, sizeof cell.data);
        return;
    }
    run = cells_get(cells, cell.data, &count);
    if (cell.type == CELL_NUMBER) {
        spell(out, run, count * sizeof *run);
        return;
    }
    spell(out, &count, sizeof count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t property = run[i].property;

        if (cell.type == CELL_OBJECT)
            spell(out, &property, sizeof property);
        spell_cell(settle, run[i], out);
    }
}

static fallible code_of(struct settle *settle, uint32_t property, struct cell cell,
                        uint32_t *out_code)
{
    struct known_thing wanted = {.place = (uint64_t)property << 32 | (uint64_t)cell.type << 8 | 1,
                                 .content = {.low = cell.data}};
    struct columns_value value;
    struct known_thing *slot;

    if (cell.type >= CELL_LIST && cell.type < CELL_SCALED) {
        buf_clear(&settle->text);
        spell_cell(settle, cell, &settle->text);
        if (buf_is_broken(&settle->text))
            return mem_exhausted();
        wanted.place = (uint64_t)property << 32 | CONTENT << 8 | 1;
        wanted.content = hash_keyed(&settle->key, buf_str(&settle->text));
    }
    TRY(known_find(&settle->known, &wanted, &slot));
    if (!slot->place) {
        arena_reset(settle->mem);
        TRY(build(settle, cell, &value));
        TRY(columns_writer_value(settle->writer, property, &value, &wanted.code));
        *slot = wanted;
        known_added(&settle->known);
    }
    *out_code = slot->code;
    return OK;
}

/* Rows. */

static fallible property_of(struct settle *settle, uint32_t path, bool is_trait,
                            uint32_t *out_property)
{
    uint32_t *known = is_trait ? &settle->traits[path] : &settle->properties[path];
    str name = dictionary_text(&settle->events->paths, path);

    if (*known == COLUMNS_NONE) {
        buf_clear(&settle->text);
        if (is_trait)
            buf_add(&settle->text, S(EVENTS_SETTLE_TRAIT));
        buf_add(&settle->text, name);
        if (buf_is_broken(&settle->text))
            return mem_exhausted();
        TRY(columns_writer_property(settle->writer, buf_str(&settle->text), known));
    }
    *out_property = *known;
    return OK;
}

static fallible add_cells(struct settle *settle, uint32_t run, bool is_trait, size_t *used)
{
    uint32_t count;
    const struct cell *cells = cells_get(&settle->events->cells, run, &count);

    if (*used + count > settle->cell_room) {
        size_t room = (*used + count) * 2;
        struct columns_cell *grown = mem_grow(settle->cells, room * sizeof *grown);

        if (!grown)
            return mem_exhausted();
        settle->cells = grown;
        settle->cell_room = room;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct columns_cell *out = &settle->cells[(*used)++];

        TRY(property_of(settle, cells[i].property, is_trait, &out->property));
        TRY(code_of(settle, out->property, cells[i], &out->code));
    }
    return OK;
}

static fallible kind_of(struct settle *settle, const struct events_row *row, uint32_t *out_kind)
{
    uint32_t *known =
        row->type == EVENT_TRACK ? &settle->kinds[row->name] : &settle->other_kinds[row->type];
    struct columns_kind kind = {.type = (enum event_type)row->type};

    if (row->type == EVENT_TRACK)
        kind.name = dictionary_text(&settle->events->texts, row->name);
    if (*known == COLUMNS_NONE)
        TRY(columns_writer_kind(settle->writer, &kind, known));
    *out_kind = *known;
    return OK;
}

static fallible write_row(struct settle *settle, const struct settle_row *at)
{
    const struct events_row *row = events_row_at(settle->events, at->row);
    struct columns_row out = {
        .time = row->time, .seq = row->seq, .node = at->node, .device = row->device};
    size_t used = 0;

    TRY(kind_of(settle, row, &out.kind));
    TRY(add_cells(settle, row->run, false, &used));
    if (at->traits != EVENTS_NO_ROW)
        TRY(add_cells(settle, at->traits, true, &used));
    out.cells = settle->cells;
    out.cell_count = (uint32_t)used;
    return columns_writer_row(settle->writer, &out);
}

static fallible gather(struct settle *settle, node_id node)
{
    const struct events *events = settle->events;
    uint32_t traits = events->nodes[node].newest_traits;

    for (uint32_t at = events->nodes[node].newest_row; at != EVENTS_NO_ROW;) {
        const struct events_row *row = events_row_at(events, at);
        struct settle_row *out;

        if (settle->row_count == settle->row_room) {
            size_t room = settle->row_room ? settle->row_room * 2 : 256;
            struct settle_row *rows = mem_grow(settle->rows, room * sizeof *rows);

            if (!rows)
                return mem_exhausted();
            settle->rows = rows;
            settle->row_room = room;
        }
        out = &settle->rows[settle->row_count++];
        *out = (struct settle_row){row->time, row->seq, at, EVENTS_NO_ROW, node};
        if (traits != EVENTS_NO_ROW && events->traits[traits].row == at) {
            out->traits = events->traits[traits].run;
            traits = events->traits[traits].older;
        }
        at = row->older;
    }
    return OK;
}

static int by_order(const void *a, const void *b)
{
    const struct settle_row *left = a;
    const struct settle_row *right = b;

    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static fallible write_person(struct settle *settle, node_id person)
{
    const struct identity *identity = settle->events->identity;
    node_id node = person;

    settle->row_count = 0;
    do {
        TRY(gather(settle, node));
        node = identity_next(identity, node);
    } while (node != person);
    if (!settle->row_count)
        return OK;
    qsort(settle->rows, settle->row_count, sizeof *settle->rows, by_order);
    TRY(columns_writer_person(settle->writer, person));
    for (size_t i = 0; i < settle->row_count; i++)
        TRY(write_row(settle, &settle->rows[i]));
    return OK;
}

static fallible write_all(struct settle *settle, struct columns_about *about)
{
    const struct events *events = settle->events;

    for (node_id node = 1; node < events->node_count; node++)
        if (identity_person(events->identity, node) == node)
            TRY(write_person(settle, node));
    *about = (struct columns_about){.first_seq = events->settled_seq,
                                    .next_seq = events->next_seq,
                                    .identity_seq = events->next_seq};
    return columns_writer_finish(settle->writer, about);
}

static uint32_t *new_map(uint32_t count)
{
    uint32_t *map = mem_grow(NULL, (count + 1u) * sizeof *map);

    if (map)
        memset(map, 0xff, (count + 1u) * sizeof *map);
    return map;
}

fallible events_settle_write(const struct events *events, struct sys *sys, const char *path,
                             const unsigned char workspace[COLUMNS_WORKSPACE],
                             struct columns_about *out_about)
{
    struct settle settle = {.events = events};
    struct columns_about about;
    enum err err = known_init(&settle.known);

    memcpy(settle.key.bytes, &events->config.hash_seed, sizeof events->config.hash_seed);
    memset(settle.other_kinds, 0xff, sizeof settle.other_kinds);
    settle.mem = arena_open(SCRATCH_BYTES);
    settle.properties = new_map(events->paths.count);
    settle.traits = new_map(events->paths.count);
    settle.kinds = new_map(events->texts.count);
    if (!err)
        err = settle.mem && settle.properties && settle.traits && settle.kinds
                  ? columns_writer_open(sys, path, workspace, &settle.writer)
                  : mem_exhausted();
    if (!err)
        err = write_all(&settle, &about);
    columns_writer_close(settle.writer);
    buf_done(&settle.text);
    mem_free(settle.cells);
    mem_free(settle.rows);
    known_done(&settle.known);
    mem_free(settle.kinds);
    mem_free(settle.traits);
    mem_free(settle.properties);
    arena_close(settle.mem);
    if (!err)
        *out_about = about;
    return err;
}
