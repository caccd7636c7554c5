/* import_table.c - cells to JSON by the steps that import_columns.h planned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_table.h"

#include "base/mem.h"
#include "collect/import_table_int.h"
#include "collect/import_text.h"

enum { TABLE_MEMORY = 64 << 20, DEEPEST_OPEN = 20, ALL_GROUPS = (1 << IMPORT_GROUPS) - 1 };

#define ORDER S("Order Completed")

/* Opening */

static fallible read_header(struct import_table *table, str head, bool is_whole, str **out_names,
                            uint32_t *out_count)
{
    struct csv_row *row = &table->row;
    str *names;

    if (!csv_next(table->map->delimiter, head, is_whole, row) || row->defect)
        return fail(ERR_INVALID, "its first line is no list of columns: %s",
                    row->defect ? row->defect : "it does not end");
    names = arena_array(table->mem, row->count, sizeof *names);
    if (!names)
        return arena_exhausted();
    for (uint32_t i = 0; i < row->count; i++) {
        struct csv_cell *cell = &row->cells[i];
        char *text = arena_take(table->mem, cell->len + 1);
        str name;

        if (!text)
            return arena_exhausted();
        name = str_trim(str_from(text, csv_unquote(cell, text)));
        names[i] = name;
        if (!import_text_is_utf8(name))
            return fail(ERR_INVALID, "its first line is no list of columns in UTF-8");
    }
    *out_names = names;
    *out_count = row->count;
    return OK;
}

static fallible start(struct import_table *table, str head, bool is_whole)
{
    const struct import_map *map = table->map;
    str *names = map->columns;
    uint32_t count = (uint32_t)map->column_count;

    table->row.room = CSV_MOST_CELLS;
    table->row.cells = arena_array(table->mem, CSV_MOST_CELLS, sizeof *table->row.cells);
    if (!table->row.cells)
        return arena_exhausted();
    if (!names)
        TRY(read_header(table, head, is_whole, &names, &count));
    if (count > CSV_MOST_CELLS)
        return fail(ERR_INVALID, "it has more than 4,096 columns");
    TRY(import_columns_plan(table->kind, map, names, count, table->mem, &table->plan));
    table->is_header_ahead = map->has_header;
    table->guessing = arena_array(table->mem, count, sizeof *table->guessing);
    if (!table->guessing)
        return arena_exhausted();
    for (uint32_t i = 0; i < count; i++)
        if (table->plan.columns[i].is_value && table->plan.columns[i].type == IMPORT_GUESSED)
            table->guessing[table->guessing_count++] = i;
    return OK;
}

fallible import_table_open(enum import_table_kind kind, const struct import_map *map, str head,
                           bool is_whole, struct import_table **out_table)
{
    struct import_table *table = mem_alloc(sizeof *table);
    enum err err;

    if (!table)
        return mem_exhausted();
    table->kind = kind;
    table->map = map;
    table->mem = arena_open(TABLE_MEMORY);
    err = table->mem ? start(table, head, is_whole) : mem_exhausted();
    if (err) {
        import_table_close(table);
        return err;
    }
    *out_table = table;
    return OK;
}

void import_table_close(struct import_table *table)
{
    if (!table)
        return;
    arena_close(table->mem);
    mem_free(table);
}

static bool next_row(void *state, str *rest, bool is_last, struct import_row *out_row)
{
    struct import_table *table = state;

    if (!csv_next(table->map->delimiter, *rest, is_last, &table->row))
        return false;
    *rest = str_slice(*rest, table->row.len, rest->len);
    *out_row = (struct import_row){table->row.text, table->row.lines, 1, 0};
    if (table->is_header_ahead)
        out_row->text = (str){NULL, 0};
    table->is_header_ahead = false;
    return true;
}

/* Types */

static bool is_readable(const struct import_table *table)
{
    return !table->row.defect && table->row.count == table->plan.count;
}

void import_table_scan(struct import_table *table)
{
    if (!is_readable(table))
        return;
    for (uint32_t i = 0; i < table->guessing_count;) {
        struct import_column *column = &table->plan.columns[table->guessing[i]];
        const struct csv_cell *cell = &table->row.cells[table->guessing[i]];
        str text = str_from(cell->data, cell->len);

        i++;
        if (!str_trim(text).len)
            continue;
        column->is_found = true;
        column->maybe &= cell->is_doubled ? 0 : import_value_guess(text);
        if (!column->maybe) {
            column->type = IMPORT_TEXT;
            table->guessing[--i] = table->guessing[--table->guessing_count];
        }
    }
}

void import_table_decide(struct import_table *table)
{
    for (uint32_t i = 0; i < table->guessing_count; i++) {
        struct import_column *column = &table->plan.columns[table->guessing[i]];

        if (!column->is_found)
            column->type = IMPORT_TEXT;
        else
            column->type = column->maybe & IMPORT_MAYBE_NUMBER ? IMPORT_NUMBER : IMPORT_BOOLEAN;
    }
    table->guessing_count = 0;
    table->is_header_ahead = table->map->has_header;
}

void import_table_describe(const struct import_table *table, struct json_writer *w)
{
    json_open(w, '[');
    for (uint32_t i = 0; i < table->plan.count; i++) {
        const struct import_column *column = &table->plan.columns[i];
        static const char *const types[] = {"text",    "text", "integer", "decimal",
                                            "boolean", "time", "number"};

        json_open(w, '{');
        json_key(w, S("name"));
        json_text(w, column->name);
        json_key(w, S("as"));
        json_text(w, str_of(import_columns_role(table->kind, &table->plan, i)));
        if (column->is_value) {
            json_key(w, S("type"));
            json_text(w, str_of(types[column->type]));
        }
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

/* Rows */

str import_table_cell(const struct csv_cell *cell, char **at)
{
    str text = str_from(cell->data, cell->len);

    if (cell->is_doubled) {
        text = str_from(*at, csv_unquote(cell, *at));
        *at += text.len;
    }
    return text;
}

/* A field's text, which stays; absent when it is empty. */
static str field_text(const struct import_table *table, enum import_field field, char **at)
{
    int32_t column = table->plan.fields[field];
    str text = table->plan.constants[field];

    if (column < 0)
        return text;
    text = import_table_cell(&table->row.cells[column], at);
    if (!text.len)
        return (str){NULL, 0};
    *at = import_text_keep(*at, &text);
    return text;
}

static enum event_type type_of(str name)
{
    static const struct {
        const char *name;
        enum event_type type;
    } types[] = {
        {"track", EVENT_TRACK},       {"page", EVENT_PAGE},   {"screen", EVENT_SCREEN},
        {"identify", EVENT_IDENTIFY}, {"group", EVENT_GROUP}, {"alias", EVENT_ALIAS},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_equals(name, str_of(types[i].name)))
            return types[i].type;
    return 0;
}

static fallible check_identifier(const char *name, str text)
{
    if (text.len > MESSAGE_MOST_IDENTIFIER)
        return fail(ERR_INVALID, "\"%s\" is longer than %d bytes", name, MESSAGE_MOST_IDENTIFIER);
    return OK;
}

static fallible read_time(const struct import_table *table, char **at,
                          struct import_table_fields *fields)
{
    char *unused = *at; /* the time is written anew: its text need not stay */
    str text = str_trim(field_text(table, IMPORT_TIMESTAMP, &unused));

    fields->has_time = text.len > 0;
    if (!fields->has_time || import_value_time(&table->plan.clock, text, &fields->time))
        return OK;
    if (table->plan.clock.format.data)
        return fail(ERR_INVALID, "\"timestamp\" is \"%.*s\", not a time written as \"%.*s\"",
                    STR_ARG(str_slice(text, 0, 40)), STR_ARG(table->plan.clock.format));
    return fail(ERR_INVALID, "\"timestamp\" must be a time such as 2026-11-21T09:30:00.125Z");
}

static fallible settle_type(const struct import_table *table, struct import_table_fields *fields)
{
    if (table->kind == IMPORT_ORDERS) {
        if (fields->event.len && !str_equals(fields->event, ORDER))
            return fail(ERR_INVALID,
                        "\"event\" is \"%.*s\", but an order's is Order Completed: "
                        "import others as events",
                        STR_ARG(str_slice(fields->event, 0, 40)));
        fields->event = ORDER;
    }
    if (table->kind == IMPORT_PEOPLE)
        fields->type = S("identify");
    else if (!fields->type.len && fields->event.len)
        fields->type = S("track");
    if (!fields->type.len)
        return fail(ERR_INVALID, "\"event\" is empty: give the event a name");
    fields->kind = type_of(fields->type);
    if (!fields->kind)
        return fail(ERR_INVALID,
                    "\"type\" must be one of track, page, screen, identify, group, alias");
    if (fields->kind == EVENT_TRACK && !fields->event.len)
        return fail(ERR_INVALID, "\"event\" is empty: give the event a name");
    if (fields->event.len > MESSAGE_MOST_NAME)
        return fail(ERR_INVALID, "\"event\" is longer than 1,024 bytes");
    return OK;
}

fallible import_table_read_fields(const struct import_table *table, char **at,
                                  struct import_table_fields *fields)
{
    fields->type = field_text(table, IMPORT_TYPE, at);
    fields->event = field_text(table, IMPORT_EVENT, at);
    fields->user = field_text(table, IMPORT_USER, at);
    fields->anonymous = field_text(table, IMPORT_ANONYMOUS, at);
    fields->message_id = field_text(table, IMPORT_MESSAGE_ID, at);
    fields->previous = field_text(table, IMPORT_PREVIOUS, at);
    fields->group = field_text(table, IMPORT_GROUP, at);
    TRY(check_identifier("userId", fields->user));
    TRY(check_identifier("anonymousId", fields->anonymous));
    TRY(check_identifier("messageId", fields->message_id));
    TRY(check_identifier("previousId", fields->previous));
    TRY(settle_type(table, fields));
    if (!fields->user.data && !fields->anonymous.data)
        return fail(ERR_INVALID, "needs a \"userId\" or an \"anonymousId\"");
    if (fields->kind == EVENT_ALIAS && (!fields->user.data || !fields->previous.data))
        return fail(ERR_INVALID, "an alias needs a \"userId\" and a \"previousId\"");
    return read_time(table, at, fields);
}

static char *add_text(char *at, str key, str text)
{
    return import_text_quoted(import_text_add(at, key), text);
}

static char *add_fields(char *at, struct import_table_fields *fields, const struct import_out *out)
{
    at = add_text(at, S("{\"type\":"), fields->type);
    if (fields->kind == EVENT_TRACK)
        at = add_text(at, S(",\"event\":"), fields->event);
    else if (fields->event.len)
        at = add_text(at, S(",\"name\":"), fields->event);
    if (fields->user.data)
        at = add_text(at, S(",\"userId\":"), fields->user);
    if (fields->anonymous.data)
        at = add_text(at, S(",\"anonymousId\":"), fields->anonymous);
    if (fields->previous.data)
        at = add_text(at, S(",\"previousId\":"), fields->previous);
    if (fields->group.data)
        at = add_text(at, S(",\"groupId\":"), fields->group);
    at = import_text_add(at, S(",\"messageId\":"));
    at = fields->message_id.data ? import_text_quoted(at, fields->message_id)
                                 : import_text_id(at, out->file_id, out->line, &fields->message_id);
    if (fields->has_time) {
        at = import_text_add(at, S(",\"timestamp\":\""));
        at = import_text_time(at, fields->time);
        *at++ = '"';
    }
    return at;
}

char *import_table_add_cell(const struct import_column *column, const struct csv_cell *cell,
                            str key, char *at)
{
    str text = str_from(cell->data, cell->len);

    if (!text.len || !str_trim(text).len)
        return at;
    at = import_text_add(import_text_comma(at), key);
    if (cell->is_doubled) {
        /* Unquoted behind where its JSON ends at the most, so that neither runs into the other. */
        char *behind = at + 6 * (size_t)cell->len + 2;

        text = str_from(behind, csv_unquote(cell, behind));
    }
    return import_value_write(at, column->type, &column->clock, text);
}

fallible import_table_not_its_type(const struct import_column *column, const struct csv_cell *cell)
{
    return fail(ERR_INVALID, "\"%.*s\" is \"%.*s\", not %s", STR_ARG(column->name),
                STR_ARG(str_slice(str_from(cell->data, cell->len), 0, 40)),
                import_value_name(column->type));
}

static char *add_products(const struct import_table_products *products, str key, char *at)
{
    if (products->revenue.data) {
        at = import_text_add(import_text_comma(at), S("\"revenue\":"));
        at = import_text_add(at, products->revenue);
    }
    at = import_text_add(import_text_comma(at), key);
    *at++ = '[';
    at = import_text_add(at, products->json);
    *at++ = ']';
    return at;
}

static fallible add_step_cell(const struct import_table *table, const struct import_step *step,
                              char **at)
{
    const struct import_column *column = &table->plan.columns[step->column];
    const struct csv_cell *cell = &table->row.cells[step->column];
    char *behind = column->is_item ? *at : import_table_add_cell(column, cell, step->key, *at);

    if (!behind)
        return import_table_not_its_type(column, cell);
    *at = behind;
    return OK;
}

/* Properties, traits and context; an object that would be empty is not written. */
static fallible add_values(const struct import_table *table, unsigned groups, char **at)
{
    const struct import_columns *plan = &table->plan;
    char *opened[DEEPEST_OPEN], *to = *at;
    size_t depth = 0;

    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct import_step *step = &plan->steps[i];

        if (!(groups & 1u << step->group))
            continue;
        switch (step->kind) {
        case IMPORT_OPEN:
            opened[depth++] = to;
            to = import_text_add(import_text_comma(to), step->key);
            *to++ = '{';
            break;
        case IMPORT_SHUT:
            depth--;
            if (to[-1] == '{')
                to = opened[depth];
            else
                *to++ = '}';
            break;
        case IMPORT_CELL:
            TRY(add_step_cell(table, step, &to));
            break;
        case IMPORT_CONSTANT:
            to = import_text_add(import_text_comma(to), step->key);
            to = import_text_add(to, step->json);
            break;
        case IMPORT_PRODUCTS:
            to = add_products(table->products, step->key, to);
            break;
        }
    }
    *at = to;
    return OK;
}

fallible import_table_check_row(const struct import_table *table)
{
    if (table->row.defect)
        return fail(ERR_INVALID, "%s", table->row.defect);
    if (table->row.count != table->plan.count)
        return fail(ERR_INVALID, "it has %u cells where there are %u columns", table->row.count,
                    table->plan.count);
    if (!import_text_is_utf8(table->row.text))
        return fail(ERR_INVALID, "it is not UTF-8");
    return OK;
}

fallible import_table_write(const struct import_table *table, struct import_table_fields *fields,
                            unsigned groups, const struct import_out *out, char **at,
                            struct message *out_message)
{
    char *start = *at, *end = add_fields(start, fields, out);

    TRY(add_values(table, groups, &end));
    *end++ = '}';
    if (end - start > MESSAGE_MOST_BYTES)
        return fail(ERR_INVALID, "the event is larger than 32 KB");
    *out_message = (struct message){
        .type = fields->kind,
        .flags = fields->has_time ? 0 : EVENT_TIME_ABSENT,
        .time = fields->has_time ? fields->time : out->received,
        .user = fields->user,
        .anonymous = fields->anonymous,
        .previous = fields->previous,
        .message_id = fields->message_id,
        .json = str_from(start, (size_t)(end - start)),
    };
    *at = end;
    return OK;
}

static fallible read_row(void *state, const struct import_row *row, struct import_out *out)
{
    struct import_table *table = state;
    struct import_table_fields fields = {0};
    char *at = out->at;

    (void)row;
    TRY(import_table_check_row(table));
    TRY(import_table_read_fields(table, &at, &fields));
    if (!fields.message_id.data && !out->file_id.data)
        return fail(ERR_ABSENT, "the row needs an id");
    TRY(import_table_write(table, &fields, ALL_GROUPS, out, &at, out->message));
    out->at = at;
    return OK;
}

struct import_codec import_table_codec(struct import_table *table)
{
    return (struct import_codec){table, next_row, read_row, NULL, table->plan.overhead};
}
