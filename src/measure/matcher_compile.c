/* matcher_compile.c - turns the trees of a question into compiled ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Recursion follows the nesting of the question, which query_parse bounds.
 */
#include "measure/matcher_int.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    str name;
    str path;
} short_names[] = {
    {{"utm_source", 10}, {"context.campaign.source", 23}},
    {{"utm_medium", 10}, {"context.campaign.medium", 23}},
    {{"utm_campaign", 12}, {"context.campaign.name", 21}},
    {{"utm_term", 8}, {"context.campaign.term", 21}},
    {{"utm_content", 11}, {"context.campaign.content", 24}},
};

fallible matcher_plan_open(struct arena *mem, const struct source *source, millis as_of,
                           struct matcher_plan **out_plan)
{
    struct matcher_plan *plan = arena_take(mem, sizeof *plan);

    if (!plan)
        return arena_exhausted();
    *plan = (struct matcher_plan){.mem = mem, .source = source, .as_of = as_of};
    *out_plan = plan;
    return OK;
}

static fallible trait_slot(struct matcher_plan *plan, str name, struct matcher_property *out)
{
    uint32_t slot = plan->trait_count;
    struct matcher_trait *trait = plan->traits;

    for (; trait; trait = trait->next) {
        slot--;
        if (str_equals(trait->path, name)) {
            *out = (struct matcher_property){.is_trait = true, .trait = slot};
            return OK;
        }
    }
    trait = arena_take(plan->mem, sizeof *trait);
    if (!trait)
        return arena_exhausted();
    *trait = (struct matcher_trait){
        .path = name, .name = source_find_property(plan->source, name), .next = plan->traits};
    plan->traits = trait;
    *out = (struct matcher_property){.is_trait = true, .trait = plan->trait_count++};
    return OK;
}

uint32_t matcher_trait_count(const struct matcher_plan *plan)
{
    return plan->trait_count;
}

str matcher_trait_path(const struct matcher_plan *plan, uint32_t slot)
{
    const struct matcher_trait *trait = plan->traits;

    for (uint32_t at = plan->trait_count - 1; at > slot; at--)
        trait = trait->next;
    return trait->path;
}

uint32_t matcher_trait_slot(const struct matcher_condition *test)
{
    return test->property.trait;
}

str matcher_path(str path)
{
    for (size_t i = 0; i < COUNT(short_names); i++)
        if (str_equals(path, short_names[i].name))
            return short_names[i].path;
    return path;
}

fallible matcher_property(struct matcher_plan *plan, str path, struct matcher_property *out)
{
    if (str_starts(path, S("person.")))
        return trait_slot(plan, str_slice(path, 7, path.len), out);
    *out = (struct matcher_property){.id = source_find_property(plan->source, matcher_path(path))};
    return OK;
}

static fallible compile_wanted(struct matcher_plan *plan, const struct query_condition *tree,
                               struct matcher_condition *out)
{
    struct matcher_wanted *wanted = arena_array(plan->mem, tree->value_count + 1, sizeof *wanted);

    if (!wanted)
        return arena_exhausted();
    for (size_t i = 0; i < tree->value_count; i++) {
        const struct query_value *value = &tree->values[i];

        switch (value->type) {
        case QUERY_NULL:
            wanted[i].type = VALUE_NULL;
            break;
        case QUERY_BOOL:
            wanted[i].type = VALUE_BOOL;
            wanted[i].code = value->boolean;
            break;
        case QUERY_NUMBER:
            wanted[i].type = VALUE_NUMBER;
            wanted[i].number = value->number;
            break;
        case QUERY_TEXT:
            wanted[i].type = VALUE_TEXT;
            wanted[i].text = value->text;
            TRY(source_add_text(plan->source, value->text, &wanted[i].code));
            break;
        }
    }
    out->wanted = wanted;
    out->wanted_count = tree->value_count;
    return OK;
}

static fallible compile(struct matcher_plan *plan, const struct query_condition *tree,
                        struct matcher_condition *out)
{
    struct matcher_condition *children =
        arena_array(plan->mem, tree->child_count + 1, sizeof *children);

    if (!children)
        return arena_exhausted();
    *out = (struct matcher_condition){.kind = tree->kind,
                                      .test = tree->test,
                                      .is_negated = tree->is_negated,
                                      .children = children,
                                      .child_count = tree->child_count};
    if (tree->kind == CONDITION_EACH)
        out->property.id = source_find_property(plan->source, tree->property);
    if (tree->kind == CONDITION_TEST) {
        TRY(matcher_property(plan, tree->property, &out->property));
        TRY(compile_wanted(plan, tree, out));
    }
    for (size_t i = 0; i < tree->child_count; i++)
        TRY(compile(plan, &tree->children[i], &children[i]));
    return OK;
}

fallible matcher_condition(struct matcher_plan *plan, const struct query_condition *tree,
                           const struct matcher_condition **out)
{
    struct matcher_condition *condition;

    *out = NULL;
    if (!tree)
        return OK;
    condition = arena_take(plan->mem, sizeof *condition);
    if (!condition)
        return arena_exhausted();
    TRY(compile(plan, tree, condition));
    *out = condition;
    return OK;
}

fallible matcher_event(struct matcher_plan *plan, const struct query_event *tree,
                       struct matcher_event *out)
{
    *out = (struct matcher_event){.name = source_find_text(plan->source, tree->name),
                                  .is_any = str_equals(tree->name, S("*"))};
    return matcher_condition(plan, tree->where, &out->where);
}

fallible matcher_trait(struct matcher_plan *plan, const struct query_condition *test,
                       const struct matcher_condition **out)
{
    struct matcher_condition *condition = arena_take(plan->mem, sizeof *condition);

    if (!condition)
        return arena_exhausted();
    TRY(compile(plan, test, condition));
    TRY(trait_slot(plan, test->property, &condition->property));
    *out = condition;
    return OK;
}

fallible matcher_scope_open(struct arena *mem, const struct matcher_plan *plan,
                            struct matcher_scope **out_scope)
{
    struct matcher_scope *scope = arena_take(mem, sizeof *scope);
    struct matcher_slot *slots = arena_array(mem, plan->trait_count + 1u, sizeof *slots);
    const struct matcher_trait *trait = plan->traits;

    if (!scope || !slots)
        return arena_exhausted();
    for (uint32_t slot = plan->trait_count; slot-- > 0; trait = trait->next)
        slots[slot].name = trait->name;
    *scope = (struct matcher_scope){.plan = plan, .source = plan->source, .slots = slots};
    *out_scope = scope;
    return OK;
}
