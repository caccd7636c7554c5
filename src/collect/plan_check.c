/* plan_check.c - a schema's nodes laid over a document's, each value looked at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/plan_check.h"

#include "base/number.h"
#include "base/utf8.h"
#include "collect/plan_format.h"
#include "collect/plan_pattern.h"

struct check {
    const struct plan_instance *instance;
    const struct json *doc;
    struct arena *mem;
    struct plan_search *search;
    uint32_t steps; /* left */
    struct plan_findings *out;
};

static bool is_over(const struct check *check)
{
    return !check->steps || check->out->count == PLAN_CHECK_FINDINGS;
}

static void spend(struct check *check, uint64_t steps)
{
    check->steps -= steps < check->steps ? (uint32_t)steps : check->steps;
}

static void find_named(struct check *check, const struct plan_node *node, enum plan_rule rule,
                       enum json_type got, str name)
{
    struct plan_findings *out = check->out;

    for (size_t i = 0; i < out->count; i++)
        if (out->list[i].node == node && out->list[i].rule == rule)
            return;
    if (out->count < PLAN_CHECK_FINDINGS)
        out->list[out->count++] = (struct plan_finding){node, rule, got, name};
}

static void find(struct check *check, const struct plan_node *node, enum plan_rule rule,
                 enum json_type got)
{
    find_named(check, node, rule, got, (str){NULL, 0});
}

/* Values */

static unsigned types_of(const struct json *doc, uint32_t at)
{
    struct number number;

    switch (json_type_of(doc, at)) {
    case JSON_NULL:
        return PLAN_NULL;
    case JSON_FALSE:
    case JSON_TRUE:
        return PLAN_BOOLEAN;
    case JSON_STRING:
        return PLAN_STRING;
    case JSON_ARRAY:
        return PLAN_ARRAY;
    case JSON_OBJECT:
        return PLAN_OBJECT;
    case JSON_NUMBER:
        break;
    }
    /* 1.0 and 1e3 are whole, too; so is what is too large for a double to have a fraction. */
    return number_split(json_raw(doc, at), &number) && number.exponent >= 0
               ? PLAN_NUMBER | PLAN_INTEGER
               : PLAN_NUMBER;
}

static bool is_value(const struct check *check, uint32_t at, const decimal *number,
                     const struct plan_value *value)
{
    if (json_type_of(check->doc, at) != value->type)
        return false;
    if (value->type == JSON_NUMBER)
        return decimal_compare(*number, value->number) == 0;
    return value->type != JSON_STRING || json_is_string(check->doc, at, value->text);
}

static bool is_among(struct check *check, uint32_t at, const decimal *number,
                     const struct plan_node *node)
{
    for (uint32_t i = 0; i < node->value_count; i++)
        if (is_value(check, at, number, &node->values[i]))
            return true;
    return false;
}

static void check_values(struct check *check, uint32_t at, const decimal *number,
                         const struct plan_node *node)
{
    enum json_type type = json_type_of(check->doc, at);

    spend(check, node->value_count);
    if (node->values && !is_among(check, at, number, node))
        find(check, node, PLAN_RULE_ENUM, type);
    if (node->constant && !is_value(check, at, number, node->constant))
        find(check, node, PLAN_RULE_CONST, type);
}

static void check_bounds(struct check *check, decimal number, const struct plan_node *node)
{
    if (node->minimum.is_set && decimal_compare(number, node->minimum.number) < 0)
        find(check, node, PLAN_RULE_MINIMUM, JSON_NUMBER);
    if (node->maximum.is_set && decimal_compare(number, node->maximum.number) > 0)
        find(check, node, PLAN_RULE_MAXIMUM, JSON_NUMBER);
    if (node->above.is_set && decimal_compare(number, node->above.number) <= 0)
        find(check, node, PLAN_RULE_ABOVE, JSON_NUMBER);
    if (node->below.is_set && decimal_compare(number, node->below.number) >= 0)
        find(check, node, PLAN_RULE_BELOW, JSON_NUMBER);
}

static uint64_t count_characters(str text)
{
    const char *at = text.data, *end = text.len ? at + text.len : at;
    uint64_t count = 0;
    bool is_valid;

    for (; at < end; count++)
        at += utf8_step(at, end, &is_valid);
    return count;
}

static fallible check_pattern(struct check *check, str text, const struct plan_node *node)
{
    enum plan_pattern_answer answer;

    TRY(plan_pattern_find(node->pattern, text, &check->search, &check->steps, &answer));
    if (answer == PLAN_PATTERN_NONE)
        find(check, node, PLAN_RULE_PATTERN, JSON_STRING);
    if (answer == PLAN_PATTERN_UNDECIDED)
        find(check, node, PLAN_RULE_SIZE, JSON_STRING);
    return OK;
}

static fallible check_text(struct check *check, uint32_t at, const struct plan_node *node)
{
    bool has_length = node->min_length.is_set || node->max_length.is_set;
    str text;
    uint64_t length;

    if (!has_length && !node->pattern && !node->format)
        return OK;
    text = json_string(check->doc, at, check->mem);
    if (!text.data)
        return arena_exhausted();
    spend(check, text.len / 16);
    length = has_length ? count_characters(text) : 0;
    if (node->min_length.is_set && length < node->min_length.count)
        find(check, node, PLAN_RULE_MIN_LENGTH, JSON_STRING);
    if (node->max_length.is_set && length > node->max_length.count)
        find(check, node, PLAN_RULE_MAX_LENGTH, JSON_STRING);
    if (node->format && !node->format->fits(text))
        find(check, node, PLAN_RULE_FORMAT, JSON_STRING);
    return node->pattern ? check_pattern(check, text, node) : OK;
}

/* Nodes within nodes: as deep as the schema is */

static fallible check_node(struct check *check, uint32_t at, const struct plan_node *node);

static fallible check_list(struct check *check, uint32_t at, const struct plan_node *node)
{
    uint64_t count = 0;

    EACH_ELEMENT(check->doc, at, element)
    {
        if (is_over(check))
            return OK;
        spend(check, 1);
        count++;
        if (node->items)
            TRY(check_node(check, element, node->items));
    }
    if (node->min_items.is_set && count < node->min_items.count)
        find(check, node, PLAN_RULE_MIN_ITEMS, JSON_ARRAY);
    if (node->max_items.is_set && count > node->max_items.count)
        find(check, node, PLAN_RULE_MAX_ITEMS, JSON_ARRAY);
    return OK;
}

/* A member that has no row of its own. */
static fallible check_more(struct check *check, uint32_t value, str name,
                           const struct plan_node *node)
{
    if (node->more)
        return check_node(check, value, node->more);
    if (!node->allows_more)
        find_named(check, node, PLAN_RULE_ADDITIONAL, json_type_of(check->doc, value), name);
    return OK;
}

/* Fills in the place of each member that the schema names: of equal keys the last counts. */
static fallible check_members(struct check *check, uint32_t at, const struct plan_node *node,
                              uint32_t *places)
{
    EACH_MEMBER(check->doc, at, key, value)
    {
        const struct plan_member *member;
        str name = json_string(check->doc, key, check->mem);

        if (!name.data)
            return arena_exhausted();
        if (is_over(check))
            return OK;
        spend(check, 1);
        member = plan_schema_member(node, name);
        if (member)
            places[member - node->members] = value + 1;
        else
            TRY(check_more(check, value, name, node));
    }
    return OK;
}

static void add_extra(const struct check *check, const struct plan_node *node, uint32_t *places)
{
    const struct plan_instance *instance = check->instance;
    const struct plan_member *member;

    if (instance->extra == JSON_ABSENT)
        return;
    member = plan_schema_member(node, instance->extra_name);
    if (member && !places[member - node->members])
        places[member - node->members] = instance->extra + 1;
}

static fallible check_object(struct check *check, uint32_t at, const struct plan_node *node,
                             bool is_root)
{
    uint32_t *places;

    if (!node->member_count && node->allows_more && !node->more)
        return OK;
    places = arena_array(check->mem, node->member_count + 1, sizeof *places);
    if (!places)
        return arena_exhausted();
    spend(check, node->member_count);
    if (at != JSON_ABSENT)
        TRY(check_members(check, at, node, places));
    if (is_root)
        add_extra(check, node, places);
    for (uint32_t i = 0; i < node->member_count && !is_over(check); i++) {
        const struct plan_node *member = node->members[i].node;

        if (places[i])
            TRY(check_node(check, places[i] - 1, member));
        else if (member->is_required)
            find(check, member, PLAN_RULE_REQUIRED, JSON_NULL);
    }
    return OK;
}

static fallible check_node(struct check *check, uint32_t at, const struct plan_node *node)
{
    enum json_type type = json_type_of(check->doc, at);
    decimal number = {0};

    spend(check, 1);
    if (type == JSON_NUMBER)
        TRY(decimal_parse(json_raw(check->doc, at), &number));
    if (node->types && !(node->types & types_of(check->doc, at))) {
        find(check, node, PLAN_RULE_TYPE, type);
        return OK; /* the other rules are about values of that type */
    }
    check_values(check, at, &number, node);
    if (type == JSON_NUMBER)
        check_bounds(check, number, node);
    else if (type == JSON_STRING)
        return check_text(check, at, node);
    else if (type == JSON_ARRAY)
        return check_list(check, at, node);
    else if (type == JSON_OBJECT)
        return check_object(check, at, node, false);
    return OK;
}

static fallible check_root(struct check *check, uint32_t at, const struct plan_node *root)
{
    bool is_absent = at == JSON_ABSENT || json_type_of(check->doc, at) == JSON_NULL;

    if (!is_absent && json_type_of(check->doc, at) != JSON_OBJECT) {
        find(check, root, PLAN_RULE_TYPE, json_type_of(check->doc, at));
        return OK;
    }
    return check_object(check, is_absent ? JSON_ABSENT : at, root, true);
}

fallible plan_check(const struct plan_schema *schema, const struct plan_instance *instance,
                    struct arena *mem, struct plan_findings *out_findings)
{
    struct plan_findings findings = {.count = 0};
    struct check check = {.instance = instance,
                          .doc = instance->doc,
                          .mem = mem,
                          .steps = PLAN_CHECK_STEPS,
                          .out = &findings};
    enum err err = check_root(&check, instance->at, schema->root);

    plan_pattern_close_search(check.search);
    if (err)
        return err;
    if (!check.steps)
        find(&check, schema->root, PLAN_RULE_SIZE, JSON_OBJECT);
    *out_findings = findings;
    return OK;
}

void plan_check_count(const struct plan_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        atomic_fetch_add_explicit(
            &((struct plan_node *)findings->list[i].node)->counts[findings->list[i].rule], 1,
            memory_order_relaxed);
}
