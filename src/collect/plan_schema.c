/* plan_schema.c - a schema read into nodes, keyword by keyword.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading goes as deep as PLAN_SCHEMA_DEPTH and no deeper.
 */
#include "collect/plan_schema.h"

#include "base/hash.h"
#include "base/mem.h"
#include "collect/plan_format.h"
#include "collect/plan_pattern.h"

#include <stdio.h>

struct reading {
    struct plan_schema *schema;
    const struct json *doc;
    unsigned depth; /* of the node that is read */
    str keyword;
    const struct plan_node *node; /* what is read */
};

static const char *const RULE_NAMES[PLAN_RULES] = {
    [PLAN_RULE_TYPE] = "type",
    [PLAN_RULE_REQUIRED] = "required",
    [PLAN_RULE_ADDITIONAL] = "additionalProperties",
    [PLAN_RULE_ENUM] = "enum",
    [PLAN_RULE_CONST] = "const",
    [PLAN_RULE_MINIMUM] = "minimum",
    [PLAN_RULE_MAXIMUM] = "maximum",
    [PLAN_RULE_ABOVE] = "exclusiveMinimum",
    [PLAN_RULE_BELOW] = "exclusiveMaximum",
    [PLAN_RULE_MIN_LENGTH] = "minLength",
    [PLAN_RULE_MAX_LENGTH] = "maxLength",
    [PLAN_RULE_PATTERN] = "pattern",
    [PLAN_RULE_FORMAT] = "format",
    [PLAN_RULE_MIN_ITEMS] = "minItems",
    [PLAN_RULE_MAX_ITEMS] = "maxItems",
    [PLAN_RULE_SIZE] = "size",
};

static const struct {
    const char *name;
    enum plan_type type;
} TYPES[] = {
    {"string", PLAN_STRING},   {"number", PLAN_NUMBER}, {"integer", PLAN_INTEGER},
    {"boolean", PLAN_BOOLEAN}, {"array", PLAN_ARRAY},   {"object", PLAN_OBJECT},
    {"null", PLAN_NULL},
};

const char *plan_schema_rule_name(enum plan_rule rule)
{
    return RULE_NAMES[rule];
}

void plan_schema_write_types(struct buf *out, unsigned types)
{
    bool is_first = true;

    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (types & TYPES[i].type) {
            if (!is_first)
                buf_add(out, S(", "));
            buf_add(out, str_of(TYPES[i].name));
            is_first = false;
        }
}

/* Failures name keyword and place: `"revenue": "minimum" must be a number`. */
static enum err refuse(const struct reading *reading, const char *what)
{
    return fail(ERR_INVALID, "schema%s%.*s%s: \"%.*s\" %s", reading->node->path.len ? " of \"" : "",
                STR_ARG(reading->node->path), reading->node->path.len ? "\"" : "",
                STR_ARG(reading->keyword), what);
}

/* Nodes */

static fallible add_node(struct reading *reading, str path, struct plan_node **out_node)
{
    struct plan_schema *schema = reading->schema;
    struct plan_node *node;

    if (schema->node_count == PLAN_SCHEMA_NODES)
        return fail(ERR_LIMIT, "a schema may name %d properties at the most", PLAN_SCHEMA_NODES);
    if (path.len > PLAN_SCHEMA_PATH)
        return fail(ERR_LIMIT, "the path of a property may have %d bytes at the most",
                    PLAN_SCHEMA_PATH);
    node = arena_take(schema->mem, sizeof *node);
    if (!node)
        return arena_exhausted();
    node->path = path;
    node->allows_more = true;
    schema->nodes[schema->node_count++] = node;
    *out_node = node;
    return OK;
}

static fallible path_below(struct arena *mem, str path, str name, str *out_path)
{
    *out_path = path.len ? arena_print(mem, "%.*s.%.*s", STR_ARG(path), STR_ARG(name))
                         : arena_dup(mem, name);
    return out_path->data ? OK : arena_exhausted();
}

static size_t first_slot(const struct plan_node *node, str name)
{
    return hash_checksum(name.data, name.len) & node->slot_mask;
}

const struct plan_member *plan_schema_member(const struct plan_node *node, str name)
{
    if (!node->slots)
        return NULL;
    for (size_t slot = first_slot(node, name); node->slots[slot];
         slot = (slot + 1) & node->slot_mask)
        if (str_equals(node->members[node->slots[slot] - 1].name, name))
            return &node->members[node->slots[slot] - 1];
    return NULL;
}

/* `name` is the schema's own. */
static fallible add_member(struct reading *reading, struct plan_node *node, str name,
                           struct plan_node **out_member)
{
    const struct plan_member *found = plan_schema_member(node, name);
    size_t slot;
    str path;

    if (found) {
        *out_member = found->node;
        return OK;
    }
    TRY(path_below(reading->schema->mem, node->path, name, &path));
    TRY(add_node(reading, path, out_member));
    slot = first_slot(node, name);
    while (node->slots[slot])
        slot = (slot + 1) & node->slot_mask;
    node->members[node->member_count] = (struct plan_member){name, *out_member};
    node->slots[slot] = ++node->member_count;
    return OK;
}

/* Values */

static fallible read_text(struct reading *reading, uint32_t at, str *out)
{
    str text = json_string(reading->doc, at, reading->schema->mem);

    *out = text.data ? arena_dup(reading->schema->mem, text) : text;
    return out->data ? OK : arena_exhausted();
}

static fallible read_number(struct reading *reading, uint32_t at, struct plan_bound *out)
{
    if (json_type_of(reading->doc, at) != JSON_NUMBER ||
        decimal_parse(json_raw(reading->doc, at), &out->number) != OK)
        return refuse(reading, "must be a number");
    out->is_set = true;
    return OK;
}

static fallible read_size(struct reading *reading, uint32_t at, struct plan_size *out)
{
    int64_t count;

    if (!json_to_i64(reading->doc, at, &count) || count < 0)
        return refuse(reading, "must be a whole number, 0 or more");
    *out = (struct plan_size){true, (uint64_t)count};
    return OK;
}

static fallible read_value(struct reading *reading, uint32_t at, struct plan_value *out)
{
    struct plan_bound number;

    out->type = json_type_of(reading->doc, at);
    switch (out->type) {
    case JSON_STRING:
        return read_text(reading, at, &out->text);
    case JSON_NUMBER:
        TRY(read_number(reading, at, &number));
        out->number = number.number;
        return OK;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        return OK;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return refuse(reading, "can have texts, numbers, booleans and null, no lists or objects");
}

static fallible read_enum(struct reading *reading, uint32_t at, struct plan_node *node)
{
    struct plan_value *values;
    uint32_t count = 0;

    if (json_type_of(reading->doc, at) != JSON_ARRAY)
        return refuse(reading, "must be a list of the values that are allowed");
    EACH_ELEMENT(reading->doc, at, element)
    {
        (void)element;
        count++;
    }
    if (!count || count > PLAN_SCHEMA_VALUES)
        return refuse(reading, "must have 1 to 500 values");
    values = arena_array(reading->schema->mem, count, sizeof *values);
    if (!values)
        return arena_exhausted();
    node->values = values;
    EACH_ELEMENT(reading->doc, at, element)
    TRY(read_value(reading, element, &values[node->value_count++]));
    return OK;
}

static fallible read_const(struct reading *reading, uint32_t at, struct plan_node *node)
{
    struct plan_value *value = arena_take(reading->schema->mem, sizeof *value);

    if (!value)
        return arena_exhausted();
    node->constant = value;
    return read_value(reading, at, value);
}

static fallible add_type(struct reading *reading, uint32_t at, struct plan_node *node)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (json_is_string(reading->doc, at, str_of(TYPES[i].name))) {
            node->types |= TYPES[i].type;
            return OK;
        }
    return refuse(reading, "must be string, number, integer, boolean, array, object or null, or a "
                           "list of these");
}

static fallible read_type(struct reading *reading, uint32_t at, struct plan_node *node)
{
    if (json_type_of(reading->doc, at) != JSON_ARRAY)
        return add_type(reading, at, node);
    EACH_ELEMENT(reading->doc, at, element)
    TRY(add_type(reading, element, node));
    return node->types ? OK : refuse(reading, "must name a type");
}

static fallible read_pattern(struct reading *reading, uint32_t at, struct plan_node *node)
{
    struct plan_schema *schema = reading->schema;
    char reason[256];
    enum err err;

    if (json_type_of(reading->doc, at) != JSON_STRING)
        return refuse(reading, "must be a regular expression, a string");
    TRY(read_text(reading, at, &node->pattern_text));
    if (node->pattern_text.len > PLAN_SCHEMA_PATTERN)
        return refuse(reading, "may have 256 bytes at the most");
    if (schema->pattern_count == PLAN_SCHEMA_PATTERNS)
        return refuse(reading, "may stand 100 times in a schema at the most");
    err = plan_pattern_open(node->pattern_text, &node->pattern);
    if (!err)
        schema->pattern_count++;
    if (err != ERR_INVALID)
        return err;
    snprintf(reason, sizeof reason, "%s", err_text());
    return refuse(reading, reason);
}

static fallible read_format(struct reading *reading, uint32_t at, struct plan_node *node)
{
    node->format = plan_format_find(json_string(reading->doc, at, reading->schema->mem));
    return node->format ? OK
                        : refuse(reading, "must be one of date-time, date, email, uri, uuid, "
                                          "hostname, ipv4");
}

/* Nodes within nodes */

static fallible read_node(struct reading *reading, uint32_t at, struct plan_node *node);

/* `true` is a schema that allows anything. */
static fallible read_inner(struct reading *reading, uint32_t at, struct plan_node *node)
{
    struct reading inner = {
        .schema = reading->schema, .doc = reading->doc, .depth = reading->depth + 1, .node = node};

    if (json_type_of(reading->doc, at) == JSON_TRUE)
        return OK;
    if (json_type_of(reading->doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "schema of \"%.*s\": must be an object or true",
                    STR_ARG(node->path));
    if (inner.depth > PLAN_SCHEMA_DEPTH)
        return fail(ERR_LIMIT, "schema of \"%.*s\": is nested deeper than %d levels",
                    STR_ARG(node->path), PLAN_SCHEMA_DEPTH);
    return read_node(&inner, at, node);
}

static fallible read_properties(struct reading *reading, uint32_t at, struct plan_node *node)
{
    if (json_type_of(reading->doc, at) != JSON_OBJECT)
        return refuse(reading, "must be an object: a schema for each name");
    EACH_MEMBER(reading->doc, at, key, value)
    {
        struct plan_node *member;
        str name;

        TRY(read_text(reading, key, &name));
        if (value != json_find(reading->doc, at, name))
            continue; /* of equal keys the last counts */
        TRY(add_member(reading, node, name, &member));
        TRY(read_inner(reading, value, member));
    }
    return OK;
}

static fallible read_required(struct reading *reading, uint32_t at, struct plan_node *node)
{
    if (json_type_of(reading->doc, at) != JSON_ARRAY)
        return refuse(reading, "must be a list of names");
    EACH_ELEMENT(reading->doc, at, element)
    {
        struct plan_node *member;
        str name;

        if (json_type_of(reading->doc, element) != JSON_STRING)
            return refuse(reading, "must be a list of names");
        TRY(read_text(reading, element, &name));
        TRY(add_member(reading, node, name, &member));
        member->is_required = true;
    }
    return OK;
}

static fallible read_additional(struct reading *reading, uint32_t at, struct plan_node *node)
{
    str path;

    if (json_type_of(reading->doc, at) == JSON_FALSE) {
        node->allows_more = false;
        return OK;
    }
    if (json_type_of(reading->doc, at) == JSON_TRUE)
        return OK;
    TRY(path_below(reading->schema->mem, node->path, S("*"), &path));
    TRY(add_node(reading, path, &node->more));
    node->more->is_element = true;
    return read_inner(reading, at, node->more);
}

/* A list's elements stand under its own path, as in questions. */
static fallible read_items(struct reading *reading, uint32_t at, struct plan_node *node)
{
    TRY(add_node(reading, node->path, &node->items));
    node->items->is_element = true;
    return read_inner(reading, at, node->items);
}

/* Keywords */

static fallible read_bound(struct reading *reading, uint32_t at, struct plan_node *node)
{
    if (str_equals(reading->keyword, S("minimum")))
        return read_number(reading, at, &node->minimum);
    if (str_equals(reading->keyword, S("maximum")))
        return read_number(reading, at, &node->maximum);
    if (str_equals(reading->keyword, S("exclusiveMinimum")))
        return read_number(reading, at, &node->above);
    return read_number(reading, at, &node->below);
}

static fallible read_count(struct reading *reading, uint32_t at, struct plan_node *node)
{
    if (str_equals(reading->keyword, S("minLength")))
        return read_size(reading, at, &node->min_length);
    if (str_equals(reading->keyword, S("maxLength")))
        return read_size(reading, at, &node->max_length);
    if (str_equals(reading->keyword, S("minItems")))
        return read_size(reading, at, &node->min_items);
    return read_size(reading, at, &node->max_items);
}

static fallible read_dialect(struct reading *reading, uint32_t at, struct plan_node *node)
{
    static const char *const known[] = {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-07/schema#",
    };

    (void)node;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (json_is_string(reading->doc, at, str_of(known[i])))
            return OK;
    return refuse(reading, "must be https://json-schema.org/draft/2020-12/schema");
}

/* For people: says nothing about values. */
static fallible read_note(struct reading *reading, uint32_t at, struct plan_node *node)
{
    (void)reading;
    (void)at;
    (void)node;
    return OK;
}

static const struct {
    const char *name;
    fallible (*read)(struct reading *reading, uint32_t at, struct plan_node *node);
} KEYWORDS[] = {
    {"type", read_type},
    {"enum", read_enum},
    {"const", read_const},
    {"required", read_required},
    {"properties", read_properties},
    {"additionalProperties", read_additional},
    {"items", read_items},
    {"minimum", read_bound},
    {"maximum", read_bound},
    {"exclusiveMinimum", read_bound},
    {"exclusiveMaximum", read_bound},
    {"minLength", read_count},
    {"maxLength", read_count},
    {"minItems", read_count},
    {"maxItems", read_count},
    {"pattern", read_pattern},
    {"format", read_format},
    {"$schema", read_dialect},
    {"$id", read_note},
    {"$comment", read_note},
    {"title", read_note},
    {"description", read_note},
    {"default", read_note},
    {"examples", read_note},
    {"deprecated", read_note},
};

static fallible read_keyword(struct reading *reading, uint32_t at, struct plan_node *node)
{
    for (size_t i = 0; i < sizeof KEYWORDS / sizeof KEYWORDS[0]; i++)
        if (str_equals(reading->keyword, str_of(KEYWORDS[i].name)))
            return KEYWORDS[i].read(reading, at, node);
    return refuse(reading, "is a keyword that is not supported: it would not be checked");
}

static size_t count_names(const struct json *doc, uint32_t object, str key)
{
    uint32_t at = json_find(doc, object, key);
    size_t count = 0;

    if (at == JSON_ABSENT)
        return 0;
    for (uint32_t child = at + 1; child < doc->nodes[at].next; child = doc->nodes[child].next)
        count++;
    return count;
}

static fallible make_room(struct reading *reading, uint32_t at, struct plan_node *node)
{
    size_t names = count_names(reading->doc, at, S("properties")) +
                   count_names(reading->doc, at, S("required"));
    size_t slots = 4;

    if (!names)
        return OK;
    while (slots < 2 * names)
        slots *= 2;
    node->members = arena_array(reading->schema->mem, names, sizeof *node->members);
    node->slots = arena_array(reading->schema->mem, slots, sizeof *node->slots);
    node->slot_mask = (uint32_t)slots - 1;
    return node->members && node->slots ? OK : arena_exhausted();
}

static fallible read_node(struct reading *reading, uint32_t at, struct plan_node *node)
{
    TRY(make_room(reading, at, node));
    EACH_MEMBER(reading->doc, at, key, value)
    {
        reading->keyword = json_string(reading->doc, key, reading->schema->mem);
        if (!reading->keyword.data)
            return arena_exhausted();
        if (value == json_find(reading->doc, at, reading->keyword))
            TRY(read_keyword(reading, value, node));
    }
    return OK;
}

static fallible read_schema(struct plan_schema *schema, const struct json *doc, uint32_t at)
{
    struct reading reading = {.schema = schema, .doc = doc};

    schema->nodes = arena_array(schema->mem, PLAN_SCHEMA_NODES, sizeof *schema->nodes);
    if (!schema->nodes)
        return arena_exhausted();
    TRY(add_node(&reading, S(""), &schema->root));
    reading.node = schema->root;
    if (json_type_of(doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"schema\" must be a JSON Schema, an object");
    TRY(read_node(&reading, at, schema->root));
    if (schema->root->types & ~(unsigned)PLAN_OBJECT)
        return fail(ERR_INVALID, "schema: \"type\" of an event's properties can only be object");
    schema->root->types = PLAN_OBJECT;
    return OK;
}

fallible plan_schema_open(const struct json *doc, uint32_t at, struct plan_schema **out_schema)
{
    struct arena *mem = arena_open(PLAN_SCHEMA_MEMORY);
    struct plan_schema *schema = mem ? arena_take(mem, sizeof *schema) : NULL;
    enum err err;

    if (!schema) {
        arena_close(mem);
        return mem_exhausted();
    }
    schema->mem = mem;
    err = read_schema(schema, doc, at);
    if (err)
        plan_schema_close(schema);
    else
        *out_schema = schema;
    return err;
}

void plan_schema_close(struct plan_schema *schema)
{
    if (!schema)
        return;
    for (uint32_t i = 0; i < schema->node_count; i++)
        plan_pattern_close(schema->nodes[i]->pattern);
    arena_close(schema->mem);
}
