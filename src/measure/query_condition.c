/* query_condition.c - reads conditions and event matchers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/query_int.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *name;
    enum query_test test;
    bool is_negated;
} tests[] = {
    {"is", TEST_IS, false},
    {"is_not", TEST_IS, true},
    {"in", TEST_IN, false},
    {"not_in", TEST_IN, true},
    {"contains", TEST_CONTAINS, false},
    {"not_contains", TEST_CONTAINS, true},
    {"starts", TEST_STARTS, false},
    {"gt", TEST_GT, false},
    {"gte", TEST_GTE, false},
    {"lt", TEST_LT, false},
    {"lte", TEST_LTE, false},
    {"set", TEST_SET, false},
    {"not_set", TEST_SET, true},
};

fallible query_condition_count(struct query_reader *reader)
{
    if (++reader->nodes > QUERY_NODES)
        return fail(ERR_LIMIT, "a question may have at most %d conditions and events", QUERY_NODES);
    return OK;
}

fallible query_condition_refuse_others(struct query_reader *reader, uint32_t at, const char *label,
                                       const char *const *names, size_t count)
{
    EACH_MEMBER(reader->doc, at, key, value)
    {
        size_t i = 0;
        str raw = json_raw(reader->doc, key);

        while (i < count && !json_is_string(reader->doc, key, str_of(names[i])))
            i++;
        if (i == count)
            return fail(ERR_INVALID, "%.*s is not known beside \"%s\" in \"%s\": leave it out",
                        STR_ARG(str_slice(raw, 0, 80)), names[0], label);
    }
    return OK;
}

fallible query_condition_read_text(struct query_reader *reader, uint32_t at, const char *label,
                                   const char *name, str *out)
{
    str text;

    if (at == JSON_ABSENT || json_type_of(reader->doc, at) != JSON_STRING)
        return fail(ERR_INVALID, "\"%s\" of \"%s\" must be text", name, label);
    text = json_string(reader->doc, at, reader->mem);
    if (!text.data)
        return arena_exhausted();
    if (!text.len)
        return fail(ERR_INVALID, "\"%s\" of \"%s\" must not be empty", name, label);
    text = arena_dup(reader->mem, text);
    if (!text.data)
        return arena_exhausted();
    *out = text;
    return OK;
}

static fallible read_scalar(struct query_reader *reader, uint32_t at, const char *label,
                            struct query_value *out)
{
    *out = (struct query_value){.type = QUERY_NULL};
    switch (json_type_of(reader->doc, at)) {
    case JSON_NULL:
        return OK;
    case JSON_FALSE:
    case JSON_TRUE:
        out->type = QUERY_BOOL;
        out->boolean = json_type_of(reader->doc, at) == JSON_TRUE;
        return OK;
    case JSON_NUMBER:
        out->type = QUERY_NUMBER;
        return decimal_parse(json_raw(reader->doc, at), &out->number);
    case JSON_STRING:
        out->type = QUERY_TEXT;
        out->text = json_string(reader->doc, at, reader->mem);
        if (out->text.data)
            out->text = arena_dup(reader->mem, out->text);
        return out->text.data ? OK : arena_exhausted();
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return fail(ERR_INVALID,
                "\"value\" in \"%s\" must be text, a number, true, false or null, or with the "
                "\"op\" in or not_in a list of those",
                label);
}

static uint32_t length_of(const struct json *doc, uint32_t list)
{
    uint32_t length = 0;

    EACH_ELEMENT(doc, list, at)
    length++;
    return length;
}

static fallible read_wanted(struct query_reader *reader, uint32_t at, const char *label,
                            struct query_condition *out)
{
    bool is_list = at != JSON_ABSENT && json_type_of(reader->doc, at) == JSON_ARRAY;
    struct query_value *values;
    size_t count = 0;

    if (out->test == TEST_SET)
        return OK;
    if (at == JSON_ABSENT)
        return fail(ERR_INVALID, "a condition in \"%s\" needs a \"value\" to compare with", label);
    if (out->test == TEST_IN && !is_list)
        return fail(ERR_INVALID, "\"value\" in \"%s\" must be a list for the \"op\" in or not_in",
                    label);
    values =
        arena_array(reader->mem, is_list ? length_of(reader->doc, at) + 1u : 1u, sizeof *values);
    if (!values)
        return arena_exhausted();
    if (out->test == TEST_IN) {
        EACH_ELEMENT(reader->doc, at, element)
        TRY(read_scalar(reader, element, label, &values[count++]));
    } else {
        TRY(read_scalar(reader, at, label, &values[count++]));
    }
    if ((out->test == TEST_CONTAINS || out->test == TEST_STARTS) && values[0].type != QUERY_TEXT)
        return fail(ERR_INVALID,
                    "\"value\" in \"%s\" must be text for the \"op\" contains, not_contains or "
                    "starts",
                    label);
    out->values = values;
    out->value_count = count;
    return OK;
}

fallible query_condition_read_test(struct query_reader *reader, uint32_t at, const char *label,
                                   struct query_condition *out)
{
    static const char *const names[] = {"prop", "op", "value"};
    uint32_t op = json_find(reader->doc, at, S("op"));
    size_t i = 0;

    *out = (struct query_condition){.kind = CONDITION_TEST};
    TRY(query_condition_refuse_others(reader, at, label, names, COUNT(names)));
    TRY(query_condition_read_text(reader, json_find(reader->doc, at, S("prop")), label, "prop",
                                  &out->property));
    while (i < COUNT(tests) &&
           (op == JSON_ABSENT || !json_is_string(reader->doc, op, str_of(tests[i].name))))
        i++;
    if (i == COUNT(tests))
        return fail(ERR_INVALID,
                    "\"op\" in \"%s\" must be one of is, is_not, in, not_in, contains, "
                    "not_contains, starts, gt, gte, lt, lte, set, not_set",
                    label);
    out->test = tests[i].test;
    out->is_negated = tests[i].is_negated;
    return read_wanted(reader, json_find(reader->doc, at, S("value")), label, out);
}

static fallible read_one(struct query_reader *reader, uint32_t at, const char *label,
                         struct query_condition *out);

static fallible read_children(struct query_reader *reader, uint32_t list, const char *label,
                              struct query_condition *out)
{
    struct query_condition *children =
        arena_array(reader->mem, length_of(reader->doc, list) + 1u, sizeof *children);

    if (!children)
        return arena_exhausted();
    EACH_ELEMENT(reader->doc, list, at)
    TRY(read_one(reader, at, label, &children[out->child_count++]));
    out->children = children;
    return OK;
}

static fallible read_child(struct query_reader *reader, uint32_t at, const char *label,
                           struct query_condition *out)
{
    struct query_condition *child = arena_take(reader->mem, sizeof *child);

    if (!child)
        return arena_exhausted();
    out->children = child;
    out->child_count = 1;
    return read_one(reader, at, label, child);
}

static fallible read_each(struct query_reader *reader, uint32_t at, const char *label,
                          struct query_condition *out)
{
    static const char *const names[] = {"each", "all"};
    uint32_t all = json_find(reader->doc, at, S("all"));

    out->kind = CONDITION_EACH;
    TRY(query_condition_refuse_others(reader, at, label, names, COUNT(names)));
    TRY(query_condition_read_text(reader, json_find(reader->doc, at, S("each")), label, "each",
                                  &out->property));
    if (all == JSON_ABSENT)
        return fail(ERR_INVALID, "\"each\" in \"%s\" needs \"all\", a list of conditions", label);
    return read_child(reader, all, label, out);
}

static fallible read_combined(struct query_reader *reader, uint32_t at, const char *label,
                              const char *name, struct query_condition *out)
{
    uint32_t inner = json_find(reader->doc, at, str_of(name));

    TRY(query_condition_refuse_others(reader, at, label, &name, 1));
    if (out->kind == CONDITION_NOT)
        return read_child(reader, inner, label, out);
    if (json_type_of(reader->doc, inner) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"%s\" in \"%s\" must be a list of conditions", name, label);
    return read_children(reader, inner, label, out);
}

/* Recursion follows the nesting of the JSON text, which query_parse bounds. */
static fallible read_one(struct query_reader *reader, uint32_t at, const char *label,
                         struct query_condition *out)
{
    const struct json *doc = reader->doc;

    *out = (struct query_condition){.kind = CONDITION_ALL};
    TRY(query_condition_count(reader));
    if (json_type_of(doc, at) == JSON_NULL)
        return OK;
    if (json_type_of(doc, at) == JSON_ARRAY)
        return read_children(reader, at, label, out);
    if (json_type_of(doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID,
                    "a condition in \"%s\" must be an object such as "
                    "{\"prop\":\"plan\",\"op\":\"is\",\"value\":\"pro\"} or a list of them",
                    label);
    if (doc->nodes[at].next == at + 1)
        return OK;
    if (json_find(doc, at, S("each")) != JSON_ABSENT)
        return read_each(reader, at, label, out);
    if (json_find(doc, at, S("all")) != JSON_ABSENT)
        return read_combined(reader, at, label, "all", out);
    if (json_find(doc, at, S("any")) != JSON_ABSENT) {
        out->kind = CONDITION_ANY;
        return read_combined(reader, at, label, "any", out);
    }
    if (json_find(doc, at, S("not")) != JSON_ABSENT) {
        out->kind = CONDITION_NOT;
        return read_combined(reader, at, label, "not", out);
    }
    return query_condition_read_test(reader, at, label, out);
}

fallible query_condition_read(struct query_reader *reader, uint32_t at, const char *label,
                              const struct query_condition **out)
{
    struct query_condition *tree;

    *out = NULL;
    if (at == JSON_ABSENT || json_type_of(reader->doc, at) == JSON_NULL)
        return OK;
    tree = arena_take(reader->mem, sizeof *tree);
    if (!tree)
        return arena_exhausted();
    TRY(read_one(reader, at, label, tree));
    *out = tree;
    return OK;
}

fallible query_condition_read_event(struct query_reader *reader, uint32_t at, const char *label,
                                    struct query_event *out)
{
    static const char *const names[] = {"event", "where"};
    bool is_object = at != JSON_ABSENT && json_type_of(reader->doc, at) == JSON_OBJECT;

    *out = (struct query_event){0};
    TRY(query_condition_count(reader));
    if (!is_object && (at == JSON_ABSENT || json_type_of(reader->doc, at) != JSON_STRING))
        return fail(ERR_INVALID,
                    "\"%s\" must be an event's name, \"*\" for any, or "
                    "{\"event\":NAME,\"where\":[...]}",
                    label);
    if (!is_object)
        return query_condition_read_text(reader, at, label, "event", &out->name);
    TRY(query_condition_refuse_others(reader, at, label, names, COUNT(names)));
    TRY(query_condition_read_text(reader, json_find(reader->doc, at, S("event")), label, "event",
                                  &out->name));
    return query_condition_read(reader, json_find(reader->doc, at, S("where")), label, &out->where);
}
