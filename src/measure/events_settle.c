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

enum {
    SCRATCH_BYTES = 64 << 20,
    CONTENT = 0x7f,
    FAR = 24, /* rows ahead of the one that is taken, fetched meanwhile */
    NEAR = 8, /* rows ahead of it whose cells are */
};

struct settle_row {
    millis time;
    uint64_t seq;
    uint32_t row;
    uint32_t traits; /* run, or EVENTS_NO_ROW */
    node_id node;
};

/* What a text is for the property that has it first: mostly no other has. */
struct settle_text {
    uint32_t property; /* or COLUMNS_NONE */
    uint32_t code;
};

/* The values of a row that are being looked for. */
struct settle_cell {
    struct cell cell;
    uint32_t property;
    struct known_thing thing;
};

struct settle_wanted {
    struct settle_cell *cells;
    size_t count;
    size_t room;
};

struct settle {
    const struct events *events;
    struct columns_writer *writer;
    struct arena *mem;    /* of one value */
    uint32_t *properties; /* by path code: of the file, or COLUMNS_NONE */
    uint32_t *traits;
    uint32_t *kinds; /* by code of the name, of track events */
    uint32_t other_kinds[EVENT_ALIAS + 1];
    struct settle_text *texts;  /* by text code */
    struct known *known;        /* other values: a cell that says all, or the hash of its content */
    const node_id *persons;     /* by row */
    uint32_t row_count;         /* of those that are somebody's */
    uint32_t *ends;             /* by person: of her rows in the order */
    uint32_t *order;            /* all rows, person by person; of one as they came */
    struct settle_row *rows;    /* of one person; room for all */
    struct columns_cell *cells; /* of one row */
    size_t cell_room;
    struct settle_wanted wanted[2]; /* of that row and of the next */
    struct settle_row latest;       /* whose cells are looked for; it is written next */
    node_id latest_person;          /* 0: there is none */
    node_id person;                 /* told to the writer last */
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

static fallible look_for(struct settle *settle, uint32_t property, struct cell cell,
                         struct known_thing *out_wanted)
{
    struct known_thing wanted = {.place = (uint64_t)property << 32 | (uint64_t)cell.type << 8 | 1,
                                 .content = {.low = cell.data}};

    if (cell.type == CELL_TEXT) {
        __builtin_prefetch(&settle->texts[cell.data]);
        *out_wanted = wanted;
        return OK;
    }
    if (cell.type >= CELL_LIST && cell.type < CELL_SCALED) {
        buf_clear(&settle->text);
        spell_cell(settle, cell, &settle->text);
        if (buf_is_broken(&settle->text))
            return mem_exhausted();
        wanted.place = (uint64_t)property << 32 | CONTENT << 8 | 1;
        wanted.content = hash_keyed(&settle->key, buf_str(&settle->text));
    }
    known_warm(settle->known, &wanted);
    *out_wanted = wanted;
    return OK;
}

static fallible add_value(struct settle *settle, uint32_t property, struct cell cell,
                          uint32_t *out_code)
{
    struct columns_value value;

    arena_reset(settle->mem);
    TRY(build(settle, cell, &value));
    return columns_writer_value(settle->writer, property, &value, out_code);
}

static fallible code_of(struct settle *settle, uint32_t property, struct cell cell,
                        const struct known_thing *wanted, uint32_t *out_code)
{
    struct settle_text *text = cell.type == CELL_TEXT ? &settle->texts[cell.data] : NULL;
    struct known_thing *slot;
    uint32_t code;

    if (text && text->property == COLUMNS_NONE) {
        TRY(add_value(settle, property, cell, &text->code));
        text->property = property;
    }
    if (text && text->property == property) {
        *out_code = text->code;
        return OK;
    }
    TRY(known_find(settle->known, wanted, &slot));
    if (!slot->place) {
        TRY(add_value(settle, property, cell, &code));
        *slot = *wanted;
        slot->code = code;
        known_added(settle->known);
    }
    *out_code = slot->code;
    return OK;
}

/* Rows. */

static fallible property_of(struct settle *settle, uint32_t path, bool is_trait,
                            uint32_t *out_property)
{
    uint32_t *known = is_trait ? &settle->traits[path] : &settle->properties[path];

    if (*known == COLUMNS_NONE) {
        str name = dictionary_text(&settle->events->paths, path);

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

static fallible make_wanted_room(struct settle_wanted *wanted, size_t need)
{
    struct settle_cell *cells;

    if (need <= wanted->room)
        return OK;
    cells = mem_grow(wanted->cells, need * 2 * sizeof *cells);
    if (!cells)
        return mem_exhausted();
    wanted->cells = cells;
    wanted->room = need * 2;
    return OK;
}

static fallible look_for_run(struct settle *settle, uint32_t run, bool is_trait,
                             struct settle_wanted *wanted)
{
    uint32_t count;
    const struct cell *cells = cells_get(&settle->events->cells, run, &count);

    TRY(make_wanted_room(wanted, wanted->count + count));
    for (uint32_t i = 0; i < count; i++) {
        struct settle_cell *out = &wanted->cells[wanted->count++];

        out->cell = cells[i];
        TRY(property_of(settle, cells[i].property, is_trait, &out->property));
        TRY(look_for(settle, out->property, cells[i], &out->thing));
    }
    return OK;
}

static fallible look_for_row(struct settle *settle, const struct settle_row *at,
                             struct settle_wanted *wanted)
{
    wanted->count = 0;
    TRY(look_for_run(settle, events_row_at(settle->events, at->row)->run, false, wanted));
    return at->traits == EVENTS_NO_ROW ? OK : look_for_run(settle, at->traits, true, wanted);
}

static fallible make_cell_room(struct settle *settle, size_t need)
{
    struct columns_cell *cells;

    if (need <= settle->cell_room)
        return OK;
    cells = mem_grow(settle->cells, need * 2 * sizeof *cells);
    if (!cells)
        return mem_exhausted();
    settle->cells = cells;
    settle->cell_room = need * 2;
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

static fallible write_row(struct settle *settle, const struct settle_row *at,
                          const struct settle_wanted *wanted)
{
    const struct events_row *row = events_row_at(settle->events, at->row);
    struct columns_row out = {
        .time = row->time, .seq = row->seq, .node = at->node, .device = row->device};

    TRY(kind_of(settle, row, &out.kind));
    TRY(make_cell_room(settle, wanted->count));
    for (size_t i = 0; i < wanted->count; i++) {
        const struct settle_cell *cell = &wanted->cells[i];

        settle->cells[i].property = cell->property;
        TRY(code_of(settle, cell->property, cell->cell, &cell->thing, &settle->cells[i].code));
    }
    out.cells = settle->cells;
    out.cell_count = (uint32_t)wanted->count;
    return columns_writer_row(settle->writer, &out);
}

static fallible write_latest(struct settle *settle)
{
    if (!settle->latest_person)
        return OK;
    if (settle->latest_person != settle->person)
        TRY(columns_writer_person(settle->writer, settle->latest_person));
    settle->person = settle->latest_person;
    return write_row(settle, &settle->latest, &settle->wanted[0]);
}

/* A row is written when its successor is looked for, so that nothing waits for memory. */
static fallible add_row(struct settle *settle, node_id person, const struct settle_row *row)
{
    struct settle_wanted free;

    TRY(look_for_row(settle, row, &settle->wanted[1]));
    TRY(write_latest(settle));
    free = settle->wanted[0];
    settle->wanted[0] = settle->wanted[1];
    settle->wanted[1] = free;
    settle->latest = *row;
    settle->latest_person = person;
    return OK;
}

fallible events_settle_persons(const struct events *events, node_id **out_persons)
{
    node_id *persons = mem_grow(NULL, events->row_count * sizeof *persons);

    if (!persons)
        return mem_exhausted();
    for (uint32_t row = 0; row < events->row_count; row++) {
        node_id node = events->row_nodes[row];

        persons[row] = node ? identity_person(events->identity, node) : 0;
    }
    *out_persons = persons;
    return OK;
}

/* Puts the rows of each person together, by counting. A walk along the chains of her nodes would
 * wait for one row after the other. */
static fallible order_rows(struct settle *settle)
{
    const struct events *events = settle->events;
    uint32_t count = events->row_count, before = 0;
    uint32_t *starts = mem_alloc(events->node_count * sizeof *starts);

    settle->ends = starts; /* when each row has its place, where one's rows begin is their end */
    settle->order = mem_grow(NULL, count * sizeof *settle->order);
    settle->rows = mem_grow(NULL, count * sizeof *settle->rows);
    if (!starts || !settle->order || !settle->rows)
        return mem_exhausted();
    for (uint32_t row = 0; row < count; row++)
        starts[settle->persons[row]]++;
    starts[0] = 0;
    for (node_id node = 0; node < events->node_count; node++) {
        uint32_t rows = starts[node];

        starts[node] = before;
        before += rows;
    }
    for (uint32_t row = 0; row < count; row++)
        if (settle->persons[row])
            settle->order[starts[settle->persons[row]]++] = row;
    settle->row_count = before;
    return OK;
}

static void warm(const struct settle *settle, uint32_t at)
{
    const struct events *events = settle->events;

    if (at + FAR < settle->row_count) {
        __builtin_prefetch(events_row_at(events, settle->order[at + FAR]));
        __builtin_prefetch(&events->row_nodes[settle->order[at + FAR]]);
    }
    if (at + NEAR < settle->row_count)
        cells_warm(&events->cells, events_row_at(events, settle->order[at + NEAR])->run);
}

/* The traits that came with a row: in the order of the rows. */
static uint32_t traits_of(const struct events *events, uint32_t row)
{
    uint32_t low = 0, high = events->trait_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (events->traits[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < events->trait_count && events->traits[low].row == row ? events->traits[low].run
                                                                       : EVENTS_NO_ROW;
}

/* Takes the person's rows, whose first is `at` in the order; returns how many. */
static uint32_t gather(struct settle *settle, node_id person, uint32_t at)
{
    const struct events *events = settle->events;
    uint32_t count = 0;

    for (; at < settle->ends[person]; at++) {
        uint32_t place = settle->order[at];
        const struct events_row *row = events_row_at(events, place);

        warm(settle, at);
        settle->rows[count++] = (struct settle_row){
            row->time, row->seq, place,
            row->type == EVENT_IDENTIFY ? traits_of(events, place) : EVENTS_NO_ROW,
            events->row_nodes[place]};
    }
    return count;
}

static int by_order(const void *a, const void *b)
{
    const struct settle_row *left = a;
    const struct settle_row *right = b;

    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

/* Mostly they came in order. */
static void sort(struct settle_row *rows, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (by_order(&rows[i - 1], &rows[i]) > 0) {
            qsort(rows, count, sizeof *rows, by_order);
            return;
        }
}

static fallible write_persons(struct settle *settle)
{
    uint32_t count;

    TRY(order_rows(settle));
    for (uint32_t at = 0; at < settle->row_count; at += count) {
        node_id person = settle->persons[settle->order[at]];

        count = gather(settle, person, at);
        sort(settle->rows, count);
        for (uint32_t i = 0; i < count; i++)
            TRY(add_row(settle, person, &settle->rows[i]));
    }
    return write_latest(settle);
}

static fallible write_all(struct settle *settle, struct columns_about *about)
{
    const struct events *events = settle->events;

    TRY(write_persons(settle));
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

fallible events_settle_write(struct events *events, struct sys *sys, const char *path,
                             const unsigned char workspace[COLUMNS_WORKSPACE],
                             struct columns_about *out_about)
{
    struct settle settle = {.events = events, .persons = events->persons, .known = &events->values};
    node_id *persons = NULL;
    struct columns_about about;
    enum err err = known_clear(&events->values);

    memcpy(settle.key.bytes, &events->config.hash_seed, sizeof events->config.hash_seed);
    memset(settle.other_kinds, 0xff, sizeof settle.other_kinds);
    settle.mem = arena_open(SCRATCH_BYTES);
    settle.properties = new_map(events->paths.count);
    settle.traits = new_map(events->paths.count);
    settle.kinds = new_map(events->texts.count);
    settle.texts = mem_grow(NULL, (events->texts.count + 1u) * sizeof *settle.texts);
    if (settle.texts)
        memset(settle.texts, 0xff, (events->texts.count + 1u) * sizeof *settle.texts);
    if (!err && !settle.persons) {
        err = events_settle_persons(events, &persons);
        settle.persons = persons;
    }
    if (!err)
        err = settle.mem && settle.properties && settle.traits && settle.kinds && settle.texts
                  ? columns_writer_open(sys, path, workspace, 0, &settle.writer)
                  : mem_exhausted();
    if (!err)
        err = write_all(&settle, &about);
    columns_writer_close(settle.writer);
    buf_done(&settle.text);
    mem_free(settle.cells);
    mem_free(settle.wanted[0].cells);
    mem_free(settle.wanted[1].cells);
    mem_free(settle.rows);
    mem_free(settle.order);
    mem_free(settle.ends);
    mem_free(persons);
    mem_free(settle.texts);
    mem_free(settle.kinds);
    mem_free(settle.traits);
    mem_free(settle.properties);
    arena_close(settle.mem);
    if (!err)
        *out_about = about;
    return err;
}
