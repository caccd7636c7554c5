/* query_segment.c - reads segments: trees over traits and over what people did.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/query_int.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *name;
    enum query_bound_test test;
} bound_tests[] = {
    {"gte", BOUND_GTE}, {"lte", BOUND_LTE}, {"gt", BOUND_GT}, {"lt", BOUND_LT}, {"eq", BOUND_EQ},
};

static fallible read_span(struct query_reader *reader, uint32_t at, const char *label,
                          const char *name, millis *out)
{
    str text;

    if (at == JSON_ABSENT)
        return OK;
    TRY(query_condition_read_text(reader, at, label, name, &text));
    if (time_parse_span(text, out))
        return fail(ERR_INVALID, "\"%s\" of \"%s\" must be a span such as 90s, 5m, 36h, 14d or 2w",
                    name, label);
    return OK;
}

static fallible read_number(struct query_reader *reader, uint32_t at, const char *label,
                            decimal *out)
{
    if (json_type_of(reader->doc, at) != JSON_NUMBER)
        return fail(ERR_INVALID, "a bound of \"count\" in \"%s\" must be a number", label);
    return decimal_parse(json_raw(reader->doc, at), out);
}

static fallible read_between(struct query_reader *reader, uint32_t at, const char *label,
                             struct query_segment *out, struct query_bound *bounds)
{
    decimal ends[2];
    size_t count = 0;

    if (json_type_of(reader->doc, at) == JSON_ARRAY) {
        EACH_ELEMENT(reader->doc, at, element)
        {
            if (count == 2) {
                count++;
                break;
            }
            TRY(read_number(reader, element, label, &ends[count++]));
        }
    }
    if (count != 2)
        return fail(ERR_INVALID, "\"between\" in \"%s\" must be a list of two numbers", label);
    bounds[out->bound_count++] = (struct query_bound){BOUND_GTE, ends[0]};
    bounds[out->bound_count++] = (struct query_bound){BOUND_LTE, ends[1]};
    return OK;
}

static fallible read_bounds(struct query_reader *reader, uint32_t at, const char *label,
                            struct query_segment *out)
{
    const struct json *doc = reader->doc;
    bool is_given = at != JSON_ABSENT && json_type_of(doc, at) == JSON_OBJECT;
    struct query_bound *bounds =
        arena_array(reader->mem, (is_given ? doc->nodes[at].next - at : 0) + 2u, sizeof *bounds);

    if (!bounds)
        return arena_exhausted();
    out->bounds = bounds;
    if (at != JSON_ABSENT && !is_given)
        return fail(ERR_INVALID, "\"count\" in \"%s\" must be an object such as {\"gte\":3}",
                    label);
    if (!is_given || doc->nodes[at].next == at + 1) {
        bounds[out->bound_count++] = (struct query_bound){BOUND_GTE, {.digits = 1}};
        return OK;
    }
    EACH_MEMBER(doc, at, key, value)
    {
        size_t i = 0;

        while (i < COUNT(bound_tests) && !json_is_string(doc, key, str_of(bound_tests[i].name)))
            i++;
        if (json_is_string(doc, key, S("between"))) {
            TRY(read_between(reader, value, label, out, bounds));
            continue;
        }
        if (i == COUNT(bound_tests))
            return fail(ERR_INVALID,
                        "\"count\" in \"%s\" may have gte, lte, gt, lt, eq and between", label);
        bounds[out->bound_count].test = bound_tests[i].test;
        TRY(read_number(reader, value, label, &bounds[out->bound_count++].number));
    }
    return OK;
}

static fallible read_did(struct query_reader *reader, uint32_t at, const char *label,
                         struct query_segment *out)
{
    static const char *const names[] = {"did", "count", "sum", "within"};
    const struct json *doc = reader->doc;
    struct query_event *event = arena_take(reader->mem, sizeof *event);
    uint32_t sum = json_find(doc, at, S("sum"));

    if (!event)
        return arena_exhausted();
    out->kind = SEGMENT_DID;
    out->events = event;
    out->event_count = 1;
    TRY(query_condition_refuse_others(reader, at, label, names, COUNT(names)));
    TRY(query_condition_read_event(reader, json_find(doc, at, S("did")), "did", event));
    if (sum != JSON_ABSENT)
        TRY(query_condition_read_text(reader, sum, label, "sum", &out->sum));
    TRY(read_bounds(reader, json_find(doc, at, S("count")), label, out));
    return read_span(reader, json_find(doc, at, S("within")), label, "within", &out->within);
}

static fallible read_sequence(struct query_reader *reader, uint32_t at, const char *label,
                              struct query_segment *out)
{
    static const char *const names[] = {"sequence", "window", "within"};
    const struct json *doc = reader->doc;
    uint32_t list = json_find(doc, at, S("sequence"));
    struct query_event *steps = arena_array(reader->mem, QUERY_STEPS, sizeof *steps);

    if (!steps)
        return arena_exhausted();
    out->kind = SEGMENT_SEQUENCE;
    out->events = steps;
    out->window = 36500 * MILLIS_DAY;
    TRY(query_condition_refuse_others(reader, at, label, names, COUNT(names)));
    if (json_type_of(doc, list) == JSON_ARRAY) {
        EACH_ELEMENT(doc, list, step)
        {
            if (out->event_count == QUERY_STEPS)
                return fail(ERR_LIMIT, "a \"sequence\" may have at most %d events", QUERY_STEPS);
            TRY(query_condition_read_event(reader, step, "sequence", &steps[out->event_count++]));
        }
    }
    if (!out->event_count)
        return fail(ERR_INVALID, "\"sequence\" in \"%s\" must be a list of events", label);
    TRY(read_span(reader, json_find(doc, at, S("window")), label, "window", &out->window));
    return read_span(reader, json_find(doc, at, S("within")), label, "within", &out->within);
}

static fallible read_trait(struct query_reader *reader, uint32_t at, const char *label,
                           struct query_segment *out)
{
    struct query_condition *trait = arena_take(reader->mem, sizeof *trait);

    if (!trait)
        return arena_exhausted();
    out->kind = SEGMENT_TRAIT;
    out->trait = trait;
    TRY(query_condition_read_test(reader, at, label, trait));
    if (str_starts(trait->property, S("person.")))
        trait->property = str_slice(trait->property, 7, trait->property.len);
    return OK;
}

static fallible read_tree(struct query_reader *reader, uint32_t at, const char *label,
                          struct query_segment *out);

static fallible read_combined(struct query_reader *reader, uint32_t at, const char *label,
                              const char *name, struct query_segment *out)
{
    const struct json *doc = reader->doc;
    uint32_t inner = json_find(doc, at, str_of(name));
    bool is_not = out->kind == SEGMENT_NOT;
    struct query_segment *children;
    size_t count = is_not;

    TRY(query_condition_refuse_others(reader, at, label, &name, 1));
    if (!is_not && json_type_of(doc, inner) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"%s\" in \"%s\" must be a list of segments", name, label);
    if (!is_not)
        EACH_ELEMENT(doc, inner, child)
    count++;
    children = arena_array(reader->mem, count + 1, sizeof *children);
    if (!children)
        return arena_exhausted();
    out->children = children;
    out->child_count = count;
    if (is_not)
        return read_tree(reader, inner, label, children);
    EACH_ELEMENT(doc, inner, child)
    TRY(read_tree(reader, child, label, children++));
    return OK;
}

/* Recursion follows the nesting of the JSON text, which query_parse bounds. */
static fallible read_tree(struct query_reader *reader, uint32_t at, const char *label,
                          struct query_segment *out)
{
    const struct json *doc = reader->doc;

    *out = (struct query_segment){.kind = SEGMENT_ALL, .within = -1};
    TRY(query_condition_count(reader));
    if (json_type_of(doc, at) == JSON_STRING)
        return fail(ERR_ABSENT, "\"%s\" names the segment %.*s, which does not exist", label,
                    STR_ARG(str_slice(json_raw(doc, at), 0, 100)));
    if (json_type_of(doc, at) == JSON_OBJECT) {
        if (json_find(doc, at, S("all")) != JSON_ABSENT)
            return read_combined(reader, at, label, "all", out);
        if (json_find(doc, at, S("any")) != JSON_ABSENT) {
            out->kind = SEGMENT_ANY;
            return read_combined(reader, at, label, "any", out);
        }
        if (json_find(doc, at, S("not")) != JSON_ABSENT) {
            out->kind = SEGMENT_NOT;
            return read_combined(reader, at, label, "not", out);
        }
        if (json_find(doc, at, S("prop")) != JSON_ABSENT)
            return read_trait(reader, at, label, out);
        if (json_find(doc, at, S("did")) != JSON_ABSENT)
            return read_did(reader, at, label, out);
        if (json_find(doc, at, S("sequence")) != JSON_ABSENT)
            return read_sequence(reader, at, label, out);
    }
    return fail(ERR_INVALID,
                "\"%s\" must be a segment: a name or an object with one of all, any, not, prop, "
                "did, sequence",
                label);
}

fallible query_segment_read(struct query_reader *reader, uint32_t at, const char *label,
                            const struct query_segment **out)
{
    struct query_segment *tree = arena_take(reader->mem, sizeof *tree);

    if (!tree)
        return arena_exhausted();
    TRY(read_tree(reader, at, label, tree));
    *out = tree;
    return OK;
}
