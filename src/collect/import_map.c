/* import_map.c - a map read member by member; what is not known is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_map.h"

#include "base/mem.h"
#include "base/zone.h"
#include "proto/csv.h"
#include "proto/time_format.h"

struct reading {
    const struct json *doc;
    struct arena *mem;
    struct import_map *map;
    bool has_header_said;
};

static const struct {
    const char *name;
    enum import_type type;
} TYPES[] = {
    {"integer", IMPORT_INTEGER}, {"decimal", IMPORT_DECIMAL}, {"boolean", IMPORT_BOOLEAN},
    {"time", IMPORT_TIME},       {"text", IMPORT_TEXT},
};

void import_map_default(struct import_map *map)
{
    *map = (struct import_map){.delimiter = ',', .has_header = true};
}

void import_map_done(struct import_map *map)
{
    zone_close(map->zone);
    map->zone = NULL;
}

/* A string's value; absent when it is none. */
static str string_at(const struct reading *reading, uint32_t at)
{
    str text = json_string(reading->doc, at, reading->mem);

    return text.data ? arena_dup(reading->mem, text) : text;
}

static uint32_t count_children(const struct json *doc, uint32_t at)
{
    uint32_t count = 0;

    EACH_ELEMENT(doc, at, child)
    {
        (void)child;
        count++;
    }
    return count;
}

static fallible read_delimiter(struct reading *reading, uint32_t at)
{
    str text = string_at(reading, at);

    if (str_equals(text, S("spaces")))
        reading->map->delimiter = CSV_SPACES;
    else if (text.len == 1 && str_contains(S(",\t;|"), text))
        reading->map->delimiter = text.data[0];
    else
        return fail(ERR_INVALID,
                    "\"delimiter\" must be \",\", \";\", \"|\", \"\\t\" or \"spaces\"");
    return OK;
}

static fallible read_header(struct reading *reading, uint32_t at)
{
    enum json_type type = json_type_of(reading->doc, at);

    if (type != JSON_TRUE && type != JSON_FALSE)
        return fail(ERR_INVALID, "\"header\" must be true or false");
    reading->map->has_header = type == JSON_TRUE;
    reading->has_header_said = true;
    return OK;
}

static fallible read_columns(struct reading *reading, uint32_t at)
{
    struct import_map *map = reading->map;

    if (json_type_of(reading->doc, at) != JSON_ARRAY ||
        (map->column_count = count_children(reading->doc, at)) == 0)
        return fail(ERR_INVALID, "\"columns\" must be a list of names");
    map->columns = arena_array(reading->mem, map->column_count, sizeof *map->columns);
    if (!map->columns)
        return arena_exhausted();
    map->column_count = 0;
    EACH_ELEMENT(reading->doc, at, element)
    {
        str name = string_at(reading, element);

        if (json_type_of(reading->doc, element) != JSON_NULL && !name.len)
            return fail(ERR_INVALID, "\"columns\" must hold names, or null for one to leave out");
        map->columns[map->column_count++] = name;
    }
    return OK;
}

static fallible find_rule(struct reading *reading, str column, struct import_map_rule **out_rule)
{
    struct import_map *map = reading->map;

    if (!column.data)
        return arena_exhausted();
    for (size_t i = 0; i < map->rule_count; i++)
        if (str_equals(map->rules[i].column, column)) {
            *out_rule = &map->rules[i];
            return OK;
        }
    *out_rule = &map->rules[map->rule_count++];
    (*out_rule)->column = column;
    return OK;
}

static fallible read_types(struct reading *reading, uint32_t at)
{
    if (json_type_of(reading->doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"types\" must be an object of columns and their types");
    EACH_MEMBER(reading->doc, at, key, value)
    {
        struct import_map_rule *rule;

        TRY(find_rule(reading, string_at(reading, key), &rule));
        rule->type = IMPORT_GUESSED;
        for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
            if (json_is_string(reading->doc, value, str_of(TYPES[i].name)))
                rule->type = TYPES[i].type;
        if (rule->type == IMPORT_GUESSED)
            return fail(ERR_INVALID,
                        "the type of \"%.*s\" must be integer, decimal, boolean, time or text",
                        STR_ARG(rule->column));
    }
    return OK;
}

static fallible read_formats(struct reading *reading, uint32_t at)
{
    if (json_type_of(reading->doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"formats\" must be an object of columns and their formats");
    EACH_MEMBER(reading->doc, at, key, value)
    {
        struct import_map_rule *rule;

        TRY(find_rule(reading, string_at(reading, key), &rule));
        rule->format = string_at(reading, value);
        if (!rule->format.data)
            return fail(ERR_INVALID, "the format of \"%.*s\" must be a text such as \"%%Y%%m%%d\"",
                        STR_ARG(rule->column));
        TRY(time_format_check(rule->format));
    }
    return OK;
}

static fallible read_timezone(struct reading *reading, uint32_t at)
{
    str name = string_at(reading, at);

    if (!name.data)
        return fail(ERR_INVALID, "\"timezone\" must be a name such as \"Europe/Berlin\"");
    zone_close(reading->map->zone); /* of equal members the last wins */
    reading->map->zone = NULL;
    return zone_open(name, &reading->map->zone);
}

static fallible read_set(struct reading *reading, uint32_t at)
{
    struct import_map *map = reading->map;

    if (json_type_of(reading->doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"set\" must be an object of names and values");
    map->constants =
        arena_array(reading->mem, count_children(reading->doc, at), sizeof *map->constants);
    if (!map->constants)
        return arena_exhausted();
    map->constant_count = 0;
    EACH_MEMBER(reading->doc, at, key, value)
    {
        struct import_map_constant *constant = &map->constants[map->constant_count++];
        enum json_type type = json_type_of(reading->doc, value);

        constant->name = string_at(reading, key);
        constant->json = arena_dup(reading->mem, json_raw(reading->doc, value));
        if (type == JSON_STRING)
            constant->text = string_at(reading, value);
        else if (type == JSON_NUMBER)
            constant->text = constant->json;
        if (!constant->name.len)
            return fail(ERR_INVALID, "\"set\" holds a value without a name");
    }
    return OK;
}

static const struct {
    const char *name;
    enum err (*read)(struct reading *reading, uint32_t at);
} MEMBERS[] = {
    {"delimiter", read_delimiter},
    {"header", read_header},
    {"columns", read_columns},
    {"types", read_types},
    {"formats", read_formats},
    {"timezone", read_timezone},
    {"set", read_set},
};

static fallible read_member(struct reading *reading, uint32_t key, uint32_t value)
{
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++)
        if (json_is_string(reading->doc, key, str_of(MEMBERS[i].name)))
            return MEMBERS[i].read(reading, value);
    return fail(ERR_INVALID,
                "a map has no member %.*s: it may have delimiter, header, columns, types, formats, "
                "timezone and set",
                STR_ARG(str_slice(json_raw(reading->doc, key), 0, 60)));
}

static fallible read_document(struct reading *reading)
{
    const struct json *doc = reading->doc;
    struct import_map *map = reading->map;

    if (json_type_of(doc, 0) != JSON_OBJECT || doc->defect_count)
        return fail(ERR_INVALID, "a map must be a JSON object");
    /* Room for a rule a member of `types` and of `formats`: there are fewer than nodes. */
    map->rules = arena_array(reading->mem, doc->count, sizeof *map->rules);
    if (!map->rules)
        return arena_exhausted();
    EACH_MEMBER(doc, 0, key, value)
    TRY(read_member(reading, key, value));
    if (map->columns && !reading->has_header_said)
        map->has_header = false;
    if (!map->columns && !map->has_header)
        return fail(ERR_INVALID, "without a header the map must name the columns");
    return OK;
}

fallible import_map_read(struct arena *mem, str text, struct import_map *out_map)
{
    struct json_reader *reader = json_reader_open();
    struct import_map map;
    struct json doc;
    struct reading reading = {&doc, mem, &map, false};
    enum err err;

    if (!reader)
        return mem_exhausted();
    import_map_default(&map);
    err = json_parse_copy(reader, mem, text, &doc);
    if (!err)
        err = read_document(&reading);
    json_reader_close(reader);
    if (err) {
        import_map_done(&map);
        return err;
    }
    *out_map = map;
    return OK;
}
