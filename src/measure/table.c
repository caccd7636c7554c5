/* table.c - messages and people as rows of flat columns, for files that know no nesting.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A column is known by the part of the message it is from and its path there: the dictionary's
 * texts are the part's letter and the path.
 */
#include "measure/table.h"

#include "base/json.h"
#include "base/mem.h"
#include "measure/dictionary.h"

#include <stdlib.h>

enum { LINE_MEMORY = 64 << 20, NAMES_MEMORY = 64 << 20 };

/* In the order in which they stand in a row. */
enum part { PART_FIXED = 'a', PART_CONTEXT, PART_TRAITS, PART_PROPERTIES };

static const char *const EVENT_COLUMNS[] = {
    "seq",        "timestamp",   "type",      "event",
    "userId",     "anonymousId", "messageId", /* up to here in every table */
    "previousId", "groupId"};
static const char *const PEOPLE_COLUMNS[] = {"id"};

enum { EVENT_FIXED = sizeof EVENT_COLUMNS / sizeof *EVENT_COLUMNS, EVENT_ALWAYS = 7 };

struct place {
    uint64_t row; /* of the cell: it is the latest line's when this is the table's */
    struct table_cell cell;
};

struct table {
    enum table_subject subject;
    struct dictionary paths;                                       /* its codes are the handles */
    struct table_column columns[TABLE_MOST_COLUMNS + EVENT_FIXED]; /* by handle */
    struct place places[TABLE_MOST_COLUMNS + EVENT_FIXED];
    struct table_column *sorted; /* once settled */
    struct json_reader *reader;
    struct arena *mem; /* of one line */
    struct arena *names;
    struct buf path; /* of the value under way */
    uint64_t row;
    uint64_t left_out;
    bool is_settled;
};

static bool is_known(str name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equals(name, str_of(list[i])))
            return true;
    return false;
}

static fallible add_fixed(struct table *table)
{
    bool is_people = table->subject == TABLE_PEOPLE;
    const char *const *names = is_people ? PEOPLE_COLUMNS : EVENT_COLUMNS;
    size_t count = is_people ? 1 : EVENT_FIXED;

    for (size_t i = 0; i < count; i++) {
        uint32_t handle;

        buf_clear(&table->path);
        buf_add_byte(&table->path, PART_FIXED);
        buf_add(&table->path, str_of(names[i]));
        TRY(dictionary_add(&table->paths, buf_str(&table->path), &handle));
        table->columns[handle].is_fixed = true;
        if (i < EVENT_ALWAYS)
            table->columns[handle].kinds =
                str_equals(str_of(names[i]), S("seq")) ? TABLE_NUMBER : TABLE_TEXT;
    }
    return OK;
}

fallible table_open(enum table_subject subject, struct table **out_table)
{
    struct table *table = mem_alloc(sizeof *table);
    enum err err;

    if (!table)
        return mem_exhausted();
    table->subject = subject;
    dictionary_init(&table->paths, 0);
    table->reader = json_reader_open();
    table->mem = arena_open(LINE_MEMORY);
    table->names = arena_open(NAMES_MEMORY);
    err = table->reader && table->mem && table->names ? add_fixed(table) : mem_exhausted();
    if (err) {
        table_close(table);
        return err;
    }
    *out_table = table;
    return OK;
}

void table_close(struct table *table)
{
    if (!table)
        return;
    dictionary_done(&table->paths);
    json_reader_close(table->reader);
    arena_close(table->mem);
    arena_close(table->names);
    buf_done(&table->path);
    mem_free(table);
}

uint64_t table_left_out(const struct table *table)
{
    return table->left_out;
}

void table_leave_out(struct table *table)
{
    table->left_out++;
}

const struct table_cell *table_cell(const struct table *table, uint32_t handle)
{
    const struct place *place = &table->places[handle];

    return place->row == table->row ? &place->cell : NULL;
}

/* Values */

static fallible find_column(struct table *table, uint32_t *out_handle)
{
    str path = buf_str(&table->path);

    if (buf_is_broken(&table->path))
        return mem_exhausted();
    *out_handle = dictionary_find(&table->paths, path);
    if (*out_handle != DICTIONARY_NONE || table->is_settled || path.len > TABLE_LONGEST_PATH ||
        table->paths.count >= TABLE_MOST_COLUMNS + EVENT_FIXED)
        return OK;
    return dictionary_add(&table->paths, path, out_handle);
}

static int32_t digits_of(int64_t number)
{
    int32_t count = 0;

    for (; number; number /= 10)
        count++;
    return count;
}

static void learn(struct table_column *column, const struct table_cell *cell)
{
    int32_t whole = digits_of(cell->number.digits) - cell->number.scale;

    column->kinds |= cell->kind;
    if (cell->kind != TABLE_NUMBER)
        return;
    if (cell->number.is_double) {
        column->has_inexact = true;
        return;
    }
    if (whole > column->whole_digits)
        column->whole_digits = whole;
    if (cell->number.scale > column->scale)
        column->scale = cell->number.scale;
}

/* Into the column that `path` says. Of several in one column the last stays. */
static fallible put(struct table *table, const struct table_cell *cell)
{
    uint32_t handle;

    TRY(find_column(table, &handle));
    if (handle == DICTIONARY_NONE ||
        (table->is_settled && !(table->columns[handle].kinds & cell->kind))) {
        table->left_out += table->is_settled;
        return OK;
    }
    if (!table->is_settled)
        learn(&table->columns[handle], cell);
    table->places[handle] = (struct place){table->row, *cell};
    return OK;
}

static fallible put_text(struct table *table, str text)
{
    if (!text.data)
        return arena_exhausted();
    return text.len ? put(table, &(struct table_cell){.kind = TABLE_TEXT, .text = text}) : OK;
}

static fallible put_number(struct table *table, str text)
{
    struct table_cell cell = {.kind = TABLE_NUMBER, .text = text};

    TRY(decimal_parse(text, &cell.number));
    return put(table, &cell);
}

static fallible put_boolean(struct table *table, bool yes)
{
    return put(table, &(struct table_cell){.kind = TABLE_BOOLEAN,
                                           .text = yes ? S("true") : S("false"),
                                           .is_true = yes});
}

static fallible put_object(struct table *table, const struct json *doc, uint32_t object,
                           unsigned depth);

/* The value at `at` under what stands in `path`. */
static fallible put_value(struct table *table, const struct json *doc, uint32_t at, unsigned depth)
{
    switch (json_type_of(doc, at)) {
    case JSON_NULL:
        return OK;
    case JSON_FALSE:
    case JSON_TRUE:
        return put_boolean(table, json_type_of(doc, at) == JSON_TRUE);
    case JSON_NUMBER:
        return put_number(table, json_raw(doc, at));
    case JSON_STRING:
        return put_text(table, json_string(doc, at, table->mem));
    case JSON_ARRAY:
        return put(table, &(struct table_cell){.kind = TABLE_LIST, .text = json_raw(doc, at)});
    case JSON_OBJECT:
        buf_add_byte(&table->path, '.');
        return put_object(table, doc, at, depth);
    }
    return OK;
}

/* Puts the members under `path` each, which stays as it was but for a dot. */
static fallible put_object(struct table *table, const struct json *doc, uint32_t object,
                           unsigned depth)
{
    size_t len = table->path.len;

    if (depth > JSON_DEPTH)
        return fail(ERR_INVALID, "a line is nested deeper than %d", JSON_DEPTH);
    EACH_MEMBER(doc, object, key, value)
    {
        str name = json_string(doc, key, table->mem);

        if (!name.data)
            return arena_exhausted();
        if (json_find(doc, object, name) != value)
            continue; /* of equal keys the last counts */
        buf_add(&table->path, name);
        TRY(put_value(table, doc, value, depth + 1));
        table->path.len = len;
    }
    return OK;
}

static void begin_path(struct table *table, enum part part)
{
    buf_clear(&table->path);
    buf_add_byte(&table->path, (char)part);
}

static fallible put_part(struct table *table, const struct json *doc, enum part part, str member)
{
    uint32_t at = json_find(doc, 0, member);

    if (at == JSON_ABSENT || json_type_of(doc, at) != JSON_OBJECT)
        return OK;
    begin_path(table, part);
    return put_object(table, doc, at, 1);
}

/* Lines */

/* Texts, and numbers as they were written: identifiers may be either. */
static fallible put_fixed(struct table *table, const struct json *doc, str column, str member)
{
    uint32_t at = json_find(doc, 0, member);

    if (at == JSON_ABSENT)
        return OK;
    begin_path(table, PART_FIXED);
    buf_add(&table->path, column);
    if (json_type_of(doc, at) == JSON_STRING)
        return put_text(table, json_string(doc, at, table->mem));
    if (json_type_of(doc, at) != JSON_NUMBER)
        return OK;
    return str_equals(column, S("seq")) ? put_number(table, json_raw(doc, at))
                                        : put_text(table, json_raw(doc, at));
}

/* null, false, 0, "", [] and {} are no name, as in questions. */
static fallible put_own_name(struct table *table, const struct json *doc)
{
    uint32_t type = json_find(doc, 0, S("type")), at = json_find(doc, 0, S("name"));
    double number;

    if (at == JSON_ABSENT || type == JSON_ABSENT ||
        !(json_is_string(doc, type, S("page")) || json_is_string(doc, type, S("screen"))))
        return OK;
    if (json_type_of(doc, at) == JSON_FALSE || str_equals(json_raw(doc, at), S("[]")) ||
        (json_to_double(doc, at, &number) && !(number < 0 || number > 0)))
        return OK;
    begin_path(table, PART_PROPERTIES);
    buf_add(&table->path, S("name"));
    return put_value(table, doc, at, 1);
}

static fallible take_event(struct table *table, const struct json *doc)
{
    if (json_find(doc, 0, S("userId")) == JSON_ABSENT)
        TRY(put_fixed(table, doc, S("userId"), S("user_id"))); /* of older senders */
    for (size_t i = 0; i < EVENT_FIXED; i++)
        TRY(put_fixed(table, doc, str_of(EVENT_COLUMNS[i]), str_of(EVENT_COLUMNS[i])));
    TRY(put_part(table, doc, PART_CONTEXT, S("context")));
    TRY(put_part(table, doc, PART_TRAITS, S("traits")));
    TRY(put_part(table, doc, PART_PROPERTIES, S("properties")));
    return put_own_name(table, doc);
}

fallible table_take(struct table *table, str line)
{
    struct json doc;

    table->row++;
    arena_reset(table->mem);
    TRY(json_parse_copy(table->reader, table->mem, line, &doc));
    if (json_type_of(&doc, 0) != JSON_OBJECT)
        return fail(ERR_INVALID, "a line is no JSON object");
    if (table->subject == TABLE_EVENTS)
        return take_event(table, &doc);
    TRY(put_fixed(table, &doc, S("id"), S("id")));
    return put_part(table, &doc, PART_TRAITS, S("traits"));
}

/* Settling */

static str name_of(struct table *table, str path)
{
    str rest = str_slice(path, 1, path.len);

    switch ((enum part)path.data[0]) {
    case PART_FIXED:
        break;
    case PART_CONTEXT:
        return arena_print(table->names, "context.%.*s", STR_ARG(rest));
    case PART_TRAITS:
        return arena_print(table->names, "traits.%.*s", STR_ARG(rest));
    case PART_PROPERTIES:
        if (!rest.len || is_known(rest, EVENT_COLUMNS, EVENT_FIXED) ||
            str_starts(rest, S("context.")) || str_starts(rest, S("traits.")) ||
            str_starts(rest, S("properties.")))
            return arena_print(table->names, "properties.%.*s", STR_ARG(rest));
        break;
    }
    return arena_dup(table->names, rest);
}

static int by_part_and_path(const void *left, const void *right, void *argument)
{
    const struct table_column *a = left, *b = right;
    const struct table *table = argument;

    if (a->is_fixed && b->is_fixed)
        return a->handle < b->handle ? -1 : 1;
    return str_compare(dictionary_text(&table->paths, a->handle),
                       dictionary_text(&table->paths, b->handle));
}

fallible table_settle(struct table *table, const struct table_column **out_columns,
                      size_t *out_count)
{
    uint32_t count = 0;

    table->sorted = arena_array(table->names, table->paths.count + 1, sizeof *table->sorted);
    if (!table->sorted)
        return arena_exhausted();
    for (uint32_t i = 0; i < table->paths.count; i++) {
        if (!table->columns[i].kinds)
            continue;
        table->columns[i].handle = i;
        table->columns[i].name = name_of(table, dictionary_text(&table->paths, i));
        if (!table->columns[i].name.data)
            return arena_exhausted();
        table->sorted[count++] = table->columns[i];
    }
    qsort_r(table->sorted, count, sizeof *table->sorted, by_part_and_path, table);
    table->is_settled = true;
    *out_columns = table->sorted;
    *out_count = count;
    return OK;
}
