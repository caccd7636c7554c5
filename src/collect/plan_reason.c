/* plan_reason.c - what an event breaks, said so that whoever sends it can mend it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nothing of the event's values is told: equal breaches give equal reasons, and a reason may be
 * shown to whom a value may not.
 */
#include "collect/plan_check.h"

#include "collect/plan_format.h"

enum { VALUES_SHOWN = 5, VALUE_BYTES = 40, NAME_BYTES = 100 };

static void write_name(struct buf *out, str name)
{
    struct json_writer w = {.out = out};

    json_text(&w, str_slice(name, 0, NAME_BYTES));
}

static void write_subject(struct buf *out, const struct plan_node *node)
{
    if (node->path.len)
        write_name(out, node->path);
    else
        buf_add(out, S("the event's properties"));
}

static const char *type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",        [JSON_FALSE] = "a boolean", [JSON_TRUE] = "a boolean",
        [JSON_NUMBER] = "a number",  [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
        [JSON_OBJECT] = "an object",
    };

    return names[type];
}

static void write_value(struct buf *out, const struct plan_value *value)
{
    switch (value->type) {
    case JSON_STRING:
        write_name(out, str_slice(value->text, 0, VALUE_BYTES));
        break;
    case JSON_NUMBER:
        decimal_write(out, value->number);
        break;
    case JSON_FALSE:
        buf_add(out, S("false"));
        break;
    case JSON_TRUE:
        buf_add(out, S("true"));
        break;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        buf_add(out, S("null"));
        break;
    }
}

static void write_values(struct buf *out, const struct plan_node *node)
{
    for (uint32_t i = 0; i < node->value_count && i < VALUES_SHOWN; i++) {
        if (i)
            buf_add(out, S(", "));
        write_value(out, &node->values[i]);
    }
    if (node->value_count > VALUES_SHOWN)
        buf_print(out, " or another of the %u in the plan", (unsigned)node->value_count);
}

static void write_type(struct buf *out, const struct plan_finding *finding)
{
    buf_print(out, " is %s, must be ", type_name(finding->got));
    plan_schema_write_types(out, finding->node->types);
    buf_add(out, S(" (rule type): send it as "));
    plan_schema_write_types(out, finding->node->types);
}

static void write_bound(struct buf *out, const char *is, const char *rule, const char *fix,
                        decimal bound)
{
    buf_print(out, " is %s ", is);
    decimal_write(out, bound);
    buf_print(out, " (rule %s): send %s ", rule, fix);
    decimal_write(out, bound);
}

static void write_size(struct buf *out, const char *is, const char *rule, const char *fix,
                       uint64_t count)
{
    buf_print(out, " %s %llu (rule %s): %s", is, (unsigned long long)count, rule, fix);
}

static void write_value_rule(struct buf *out, const struct plan_finding *finding)
{
    const struct plan_node *node = finding->node;

    if (finding->rule == PLAN_RULE_ENUM) {
        buf_add(out, S(" is none of the values that are allowed (rule enum): send "));
        write_values(out, node);
    } else if (finding->rule == PLAN_RULE_CONST) {
        buf_add(out, S(" is not the one value that is allowed (rule const): send "));
        write_value(out, node->constant);
    } else if (finding->rule == PLAN_RULE_MINIMUM) {
        write_bound(out, "below", "minimum", "at least", node->minimum.number);
    } else if (finding->rule == PLAN_RULE_MAXIMUM) {
        write_bound(out, "above", "maximum", "at most", node->maximum.number);
    } else if (finding->rule == PLAN_RULE_ABOVE) {
        write_bound(out, "not above", "exclusiveMinimum", "more than", node->above.number);
    } else {
        write_bound(out, "not below", "exclusiveMaximum", "less than", node->below.number);
    }
}

static void write_text_rule(struct buf *out, const struct plan_finding *finding)
{
    const struct plan_node *node = finding->node;

    if (finding->rule == PLAN_RULE_PATTERN) {
        buf_add(out, S(" does not match "));
        write_name(out, node->pattern_text);
        buf_add(out, S(" (rule pattern): send a text that does"));
    } else if (finding->rule == PLAN_RULE_FORMAT) {
        buf_print(out, " is no %s (rule format): send one such as %s", node->format->name,
                  node->format->example);
    } else if (finding->rule == PLAN_RULE_MIN_LENGTH) {
        write_size(out, "has fewer characters than", "minLength", "send more of it",
                   node->min_length.count);
    } else {
        write_size(out, "has more characters than", "maxLength", "send less of it",
                   node->max_length.count);
    }
}

static void write_list_rule(struct buf *out, const struct plan_finding *finding)
{
    if (finding->rule == PLAN_RULE_MIN_ITEMS)
        write_size(out, "has fewer elements than", "minItems", "send more of them",
                   finding->node->min_items.count);
    else
        write_size(out, "has more elements than", "maxItems", "send fewer of them",
                   finding->node->max_items.count);
}

static void write_rule(struct buf *out, const struct plan_finding *finding)
{
    switch (finding->rule) {
    case PLAN_RULE_TYPE:
        write_type(out, finding);
        break;
    case PLAN_RULE_REQUIRED:
        buf_add(out, S(" is missing (rule required): send it"));
        break;
    case PLAN_RULE_ADDITIONAL:
        buf_add(out, S(" is not in the plan (rule additionalProperties): leave it out or plan it"));
        break;
    case PLAN_RULE_ENUM:
    case PLAN_RULE_CONST:
    case PLAN_RULE_MINIMUM:
    case PLAN_RULE_MAXIMUM:
    case PLAN_RULE_ABOVE:
    case PLAN_RULE_BELOW:
        write_value_rule(out, finding);
        break;
    case PLAN_RULE_MIN_LENGTH:
    case PLAN_RULE_MAX_LENGTH:
    case PLAN_RULE_PATTERN:
    case PLAN_RULE_FORMAT:
        write_text_rule(out, finding);
        break;
    case PLAN_RULE_MIN_ITEMS:
    case PLAN_RULE_MAX_ITEMS:
        write_list_rule(out, finding);
        break;
    case PLAN_RULE_SIZE:
    case PLAN_RULES:
        buf_add(out, S(" would take too long to check (rule size): send less, or plan a simpler "
                       "pattern"));
        break;
    }
}

void plan_check_write(struct buf *out, const struct plan_finding *finding)
{
    if (finding->rule == PLAN_RULE_ADDITIONAL) {
        write_name(out, finding->name);
        buf_add(out, S(" of "));
    }
    write_subject(out, finding->node);
    write_rule(out, finding);
}
