/* import_columns.c - names sorted into fields and leaves, leaves into steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_columns.h"

#include <stdlib.h>

enum { DEEPEST_PATH = 16, VALUE_BYTES = 40, STEP_BYTES = 4 };

enum { CONSTANT = -1, PRODUCTS = -2 }; /* instead of a column */

static const char *const GROUP_NAMES[IMPORT_GROUPS] = {"properties", "traits", "context"};
static const char *const FIELD_NAMES[IMPORT_FIELDS] = {
    "type", "event", "userId", "anonymousId", "messageId", "timestamp", "previousId", "groupId",
};

/* Names of Segment's "Spec: V2 Ecommerce Events", Order Completed. */
static const char *const ITEM_NAMES[] = {
    "product_id", "sku",      "category", "name",      "brand", "variant",
    "price",      "quantity", "position", "image_url", "url",
};
static const char *const ORDER_NAMES[] = {
    "order_id", "checkout_id", "affiliation", "subtotal", "total",
    "revenue",  "shipping",    "tax",         "discount", "currency",
};
static const char *const NUMBER_NAMES[] = {
    "price", "quantity", "subtotal", "total", "revenue", "shipping", "tax", "discount",
};

/* A value that goes into properties, traits or context. */
struct leaf {
    enum import_group group;
    str path[DEEPEST_PATH];
    uint32_t depth;
    uint32_t order;
    int64_t column; /* or CONSTANT, PRODUCTS */
    str json;
};

struct plan {
    enum import_table_kind kind;
    const struct import_map *map;
    struct arena *mem;
    struct import_columns *out;
    struct leaf *leaves;
    uint32_t leaf_count;
};

static bool is_field(enum import_table_kind kind, enum import_field field)
{
    if (kind == IMPORT_EVENTS)
        return true;
    /* A person's type is a trait; an order's a property, but its event says what it is. */
    return field >= (kind == IMPORT_ORDERS ? IMPORT_EVENT : IMPORT_USER) &&
           field <= IMPORT_TIMESTAMP;
}

static bool is_among(str name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equals(name, str_of(names[i])))
            return true;
    return false;
}

#define IS_AMONG(name, names) is_among(name, names, sizeof(names) / sizeof *(names))

static str without(str prefix, str name)
{
    return str_starts(name, prefix) ? str_slice(name, prefix.len, name.len) : name;
}

static int find_field(enum import_table_kind kind, str name)
{
    for (int field = 0; field < IMPORT_FIELDS; field++)
        if (is_field(kind, (enum import_field)field) &&
            str_equals(name, str_of(FIELD_NAMES[field])))
            return field;
    return -1;
}

static enum import_group group_of(enum import_table_kind kind, str name)
{
    if (str_starts(name, S("context.")))
        return IMPORT_CONTEXT;
    if (str_starts(name, S("traits.")) || kind == IMPORT_PEOPLE)
        return IMPORT_TRAITS;
    return IMPORT_PROPERTIES;
}

static fallible add_leaf(struct plan *plan, str name, int64_t column, str json)
{
    struct leaf *leaf = &plan->leaves[plan->leaf_count];
    str prefix, rest = name;

    *leaf = (struct leaf){.group = group_of(plan->kind, name),
                          .order = plan->leaf_count++,
                          .column = column,
                          .json = json};
    prefix = str_of(GROUP_NAMES[leaf->group]);
    if (leaf->group != IMPORT_PROPERTIES && str_starts(name, prefix))
        if (str_starts(str_slice(name, prefix.len, name.len), S(".")))
            rest = str_slice(name, prefix.len + 1, name.len);
    if (leaf->group == IMPORT_PROPERTIES) {
        /* Dots are part of it: a path reads it all the same. */
        leaf->path[leaf->depth++] = without(S("properties."), name);
        return OK;
    }
    while (rest.data) {
        if (leaf->depth == DEEPEST_PATH)
            return fail(ERR_INVALID, "the column \"%.*s\" nests too deeply", STR_ARG(name));
        leaf->path[leaf->depth++] = str_cut(&rest, '.');
        if (!leaf->path[leaf->depth - 1].len)
            return fail(ERR_INVALID, "the column \"%.*s\" has an empty name between its dots",
                        STR_ARG(name));
    }
    return OK;
}

/* Columns and constants */

static fallible make_key(struct arena *mem, str name, str *out_key)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_key(&w, name);
    *out_key = buf_is_broken(&text) ? (str){NULL, 0} : arena_dup(mem, buf_str(&text));
    buf_done(&text);
    return out_key->data ? OK : arena_exhausted();
}

static const struct import_map_rule *find_rule(const struct import_map *map, str name)
{
    for (size_t i = 0; i < map->rule_count; i++)
        if (str_equals(map->rules[i].column, name))
            return &map->rules[i];
    return NULL;
}

static bool is_constant(const struct import_map *map, str name)
{
    for (size_t i = 0; i < map->constant_count; i++)
        if (str_equals(map->constants[i].name, name))
            return true;
    return false;
}

static void note_column(struct import_columns *out, str name, uint32_t index)
{
    const struct {
        const char *name;
        int32_t *place;
    } known[] = {
        {"order_id", &out->order_id}, {"revenue", &out->revenue},   {"currency", &out->currency},
        {"price", &out->price},       {"quantity", &out->quantity},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_equals(name, str_of(known[i].name)))
            *known[i].place = (int32_t)index;
}

/* Beside products.NAME the column NAME is the order's. */
static fallible keep_apart(struct import_columns *out, uint32_t index, str name)
{
    struct import_column *column = &out->columns[index];

    for (uint32_t i = 0; i < index; i++) {
        struct import_column *other = &out->columns[i];

        if (!str_equals(other->key, column->key))
            continue;
        if (other->is_item && column->is_item)
            return fail(ERR_INVALID, "two columns are both \"%.*s\"", STR_ARG(name));
        other->may_be = column->may_be = false;
    }
    return OK;
}

/* A line item's member, or the order's property. */
static fallible add_order_column(struct plan *plan, str name, uint32_t index)
{
    struct import_column *column = &plan->out->columns[index];
    bool is_said = str_starts(name, S("products.")) || str_starts(name, S("properties."));
    str bare = without(S("products."), without(S("properties."), name));

    if (str_equals(bare, S("products")) || !bare.len)
        return fail(ERR_INVALID,
                    "the column \"%.*s\" of line items needs a name of its own such as "
                    "\"products.price\"",
                    STR_ARG(name));
    column->is_item = is_said ? str_starts(name, S("products.")) : IS_AMONG(name, ITEM_NAMES);
    column->may_be = !is_said && !column->is_item && !IS_AMONG(name, ORDER_NAMES);
    if (column->type == IMPORT_GUESSED && IS_AMONG(bare, NUMBER_NAMES))
        column->type = IMPORT_DECIMAL;
    if (column->is_item == IS_AMONG(bare, ITEM_NAMES))
        note_column(plan->out, bare, index);
    if (column->is_item || column->may_be) {
        TRY(make_key(plan->mem, bare, &column->key));
        plan->out->overhead += column->key.len + VALUE_BYTES;
        TRY(keep_apart(plan->out, index, bare));
    }
    return column->is_item ? OK : add_leaf(plan, name, index, (str){NULL, 0});
}

static fallible add_value(struct plan *plan, str name, uint32_t index)
{
    plan->out->columns[index].is_value = true;
    if (plan->kind == IMPORT_ORDERS && group_of(plan->kind, name) == IMPORT_PROPERTIES)
        return add_order_column(plan, name, index);
    return add_leaf(plan, name, index, (str){NULL, 0});
}

/* Of our own export: the log numbers anew. */
static bool is_left_out(enum import_table_kind kind, str name)
{
    return kind == IMPORT_EVENTS && str_equals(name, S("seq"));
}

static fallible add_column(struct plan *plan, str name, uint32_t index)
{
    struct import_column *column = &plan->out->columns[index];
    const struct import_map_rule *rule = find_rule(plan->map, name);
    int field = find_field(plan->kind, name);

    column->clock.zone = plan->map->zone;
    if (!name.len || is_constant(plan->map, name))
        return OK;
    column->name = name;
    if (is_left_out(plan->kind, name))
        return OK;
    column->type = rule ? rule->type : IMPORT_GUESSED;
    column->maybe = IMPORT_MAYBE_NUMBER | IMPORT_MAYBE_BOOLEAN;
    if (rule && rule->format.data) {
        if (rule->type != IMPORT_GUESSED && rule->type != IMPORT_TIME)
            return fail(ERR_INVALID, "\"%.*s\" has a format, so it must be a time", STR_ARG(name));
        column->type = IMPORT_TIME;
        column->clock.format = rule->format;
    }
    if (field < 0)
        return add_value(plan, name, index);
    plan->out->fields[field] = (int32_t)index;
    if (field == IMPORT_TIMESTAMP)
        plan->out->clock = column->clock;
    return OK;
}

static bool is_property(enum import_table_kind kind, str name)
{
    return find_field(kind, name) < 0 && !is_left_out(kind, name) &&
           group_of(kind, name) == IMPORT_PROPERTIES;
}

/* NAME and properties.NAME are one property, unless NAME is a line item's. */
static bool is_same(enum import_table_kind kind, str a, str b)
{
    str prefix = S("properties.");

    if (str_equals(a, b))
        return true;
    if (kind == IMPORT_ORDERS && IS_AMONG(without(prefix, a), ITEM_NAMES))
        return false;
    return (str_starts(a, prefix) || str_starts(b, prefix)) &&
           str_equals(without(prefix, a), without(prefix, b)) && is_property(kind, a) &&
           is_property(kind, b);
}

static fallible add_columns(struct plan *plan, const str *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; names[i].len && j < i; j++)
            if (is_same(plan->kind, names[i], names[j]))
                return fail(ERR_INVALID, "two columns are named \"%.*s\"", STR_ARG(names[i]));
        TRY(add_column(plan, names[i], i));
    }
    for (size_t i = 0; i < plan->map->rule_count; i++) {
        bool is_there = false;

        for (uint32_t j = 0; j < count && !is_there; j++)
            is_there = str_equals(names[j], plan->map->rules[i].column);
        if (!is_there)
            return fail(ERR_INVALID, "the map names \"%.*s\", but there is no such column",
                        STR_ARG(plan->map->rules[i].column));
    }
    return OK;
}

static fallible add_constants(struct plan *plan)
{
    for (size_t i = 0; i < plan->map->constant_count; i++) {
        const struct import_map_constant *constant = &plan->map->constants[i];
        int field = find_field(plan->kind, constant->name);

        if (plan->kind == IMPORT_ORDERS && (str_starts(constant->name, S("products.")) ||
                                            str_equals(constant->name, S("products"))))
            return fail(ERR_INVALID, "\"%.*s\" cannot be set: only what is the order's can",
                        STR_ARG(constant->name));
        if (field < 0) {
            TRY(add_leaf(plan, constant->name, CONSTANT, constant->json));
            plan->out->has_revenue |= str_equals(constant->name, S("revenue"));
            continue;
        }
        if (!constant->text.len || field == IMPORT_MESSAGE_ID)
            return fail(ERR_INVALID, "\"%.*s\" cannot be set to that", STR_ARG(constant->name));
        plan->out->constants[field] = constant->text;
        plan->out->overhead += 2 * constant->text.len;
    }
    return OK;
}

static bool has_field(const struct import_columns *columns, enum import_field field)
{
    return columns->fields[field] >= 0 || columns->constants[field].data;
}

static fallible check_fields(enum import_table_kind kind, const struct import_columns *columns)
{
    if (!has_field(columns, IMPORT_USER) && !has_field(columns, IMPORT_ANONYMOUS))
        return fail(ERR_INVALID, "no column is named userId or anonymousId: a map (--map FILE) can "
                                 "name the columns");
    if (kind == IMPORT_ORDERS && columns->order_id < 0)
        return fail(ERR_INVALID, "no column is named order_id: a map (--map FILE) can name the "
                                 "columns");
    if (kind == IMPORT_EVENTS && !has_field(columns, IMPORT_EVENT) &&
        !has_field(columns, IMPORT_TYPE))
        return fail(ERR_INVALID, "no column is named event or type: a map (--map FILE) can set the "
                                 "event, \"set\":{\"event\":\"Order Completed\"}");
    return OK;
}

/* Steps */

/* Properties as the columns stand, the others so that what nests together stands together. */
static int compare_leaves(const void *a, const void *b)
{
    const struct leaf *left = a, *right = b;

    if (left->group != right->group)
        return left->group < right->group ? -1 : 1;
    for (uint32_t i = 0; left->group != IMPORT_PROPERTIES && i < left->depth && i < right->depth;
         i++) {
        int order = str_compare(left->path[i], right->path[i]);

        if (order)
            return order;
    }
    if (left->group != IMPORT_PROPERTIES && left->depth != right->depth)
        return left->depth < right->depth ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

static uint32_t common_depth(const struct leaf *a, const struct leaf *b)
{
    uint32_t depth = 0;

    while (depth < a->depth && depth < b->depth && str_equals(a->path[depth], b->path[depth]))
        depth++;
    return depth;
}

static fallible add_step(struct plan *plan, struct import_step step, str name)
{
    struct import_columns *out = plan->out;

    if (name.data)
        TRY(make_key(plan->mem, name, &step.key));
    out->overhead += step.key.len + step.json.len + VALUE_BYTES + STEP_BYTES;
    out->steps[out->step_count++] = step;
    return OK;
}

static fallible add_leaf_step(struct plan *plan, const struct leaf *leaf)
{
    struct import_step step = {.kind = leaf->column < 0 ? IMPORT_CONSTANT : IMPORT_CELL,
                               .group = leaf->group,
                               .column = leaf->column < 0 ? 0 : (uint32_t)leaf->column,
                               .json = leaf->json};

    if (leaf->column == PRODUCTS)
        step.kind = IMPORT_PRODUCTS;
    return add_step(plan, step, leaf->path[leaf->depth - 1]);
}

static fallible add_shuts(struct plan *plan, const struct leaf *leaf, uint32_t count)
{
    struct import_step shut = {.kind = IMPORT_SHUT, .group = leaf->group};

    for (; count; count--)
        TRY(add_step(plan, shut, (str){NULL, 0}));
    return OK;
}

/* From leaf to leaf: out of what they do not share, into what comes. */
static fallible add_steps(struct plan *plan)
{
    const struct leaf *before = NULL;

    for (uint32_t i = 0; i < plan->leaf_count; i++) {
        const struct leaf *leaf = &plan->leaves[i];
        bool is_first = !before || before->group != leaf->group;
        uint32_t common = is_first ? 0 : common_depth(before, leaf);
        struct import_step open = {.kind = IMPORT_OPEN, .group = leaf->group};

        if (!is_first && (common == before->depth || common == leaf->depth))
            return fail(ERR_INVALID, "two columns are both \"%.*s\"",
                        STR_ARG(before->path[before->depth - 1]));
        if (before)
            TRY(add_shuts(plan, before, before->depth - 1 - (is_first ? 0 : common) + is_first));
        if (is_first)
            TRY(add_step(plan, open, str_of(GROUP_NAMES[leaf->group])));
        for (uint32_t depth = common; depth + 1 < leaf->depth; depth++)
            TRY(add_step(plan, open, leaf->path[depth]));
        TRY(add_leaf_step(plan, leaf));
        before = leaf;
    }
    return before ? add_shuts(plan, before, before->depth) : OK;
}

fallible import_columns_plan(enum import_table_kind kind, const struct import_map *map,
                             const str *names, uint32_t count, struct arena *mem,
                             struct import_columns *out_columns)
{
    struct plan plan = {.kind = kind, .map = map, .mem = mem, .out = out_columns};
    size_t leaves = count + map->constant_count + 1;

    *out_columns = (struct import_columns){.count = count,
                                           .clock.zone = map->zone,
                                           .order_id = -1,
                                           .revenue = -1,
                                           .currency = -1,
                                           .price = -1,
                                           .quantity = -1};
    for (int field = 0; field < IMPORT_FIELDS; field++)
        out_columns->fields[field] = -1;
    out_columns->columns = arena_array(mem, count, sizeof *out_columns->columns);
    plan.leaves = arena_array(mem, leaves, sizeof *plan.leaves);
    out_columns->steps =
        arena_array(mem, leaves * (2 * DEEPEST_PATH + 3), sizeof *out_columns->steps);
    if (!out_columns->columns || !plan.leaves || !out_columns->steps)
        return arena_exhausted();
    TRY(add_columns(&plan, names, count));
    TRY(add_constants(&plan));
    if (kind == IMPORT_ORDERS)
        TRY(add_leaf(&plan, S("products"), PRODUCTS, (str){NULL, 0}));
    TRY(check_fields(kind, out_columns));
    if (plan.leaf_count)
        qsort(plan.leaves, plan.leaf_count, sizeof *plan.leaves, compare_leaves);
    return add_steps(&plan);
}

const char *import_columns_role(enum import_table_kind kind, const struct import_columns *columns,
                                uint32_t column)
{
    static const char *const names[IMPORT_GROUPS] = {"property", "trait", "context"};

    for (int field = 0; field < IMPORT_FIELDS; field++)
        if (columns->fields[field] == (int32_t)column)
            return FIELD_NAMES[field];
    if (!columns->columns[column].is_value)
        return "nothing";
    if (columns->columns[column].is_item)
        return "product";
    return names[group_of(kind, columns->columns[column].name)];
}
