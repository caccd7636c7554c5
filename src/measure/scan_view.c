/* scan_view.c - compiles a plan's names, conditions and slots for one column file.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Recursion follows the nesting of the question, which query_parse bounds, or of a value, which
 * flatten.c bounds.
 */
#include "measure/scan_view.h"

#include "base/pick.h"
#include "measure/matcher_plain.h"
#include "measure/events_settle.h"

#include <string.h>

enum { MOST_BLOCKS = 4096 };

struct maker {
    const struct scan_plan *plan;
    struct scan_view *view;
    struct view_filed *filed; /* [slot] */
};

static void *take(const struct maker *maker, size_t count, size_t size)
{
    return arena_array(maker->plan->mem, count + 1, size);
}

/* The block of a property among those that rows need. */
static fallible block_of(const struct maker *maker, str path, uint32_t *out_block)
{
    struct scan_view *view = maker->view;
    uint32_t property = columns_find(view->columns, path);
    uint32_t at = 0;

    *out_block = COLUMNS_NONE;
    if (property == COLUMNS_NONE)
        return OK;
    while (at < view->property_count && view->properties[at] != property)
        at++;
    if (at == MOST_BLOCKS)
        return fail(ERR_LIMIT, "a question may ask for at most %d different properties",
                    MOST_BLOCKS);
    view->properties[at] = property;
    view->property_count += at == view->property_count;
    *out_block = at;
    return OK;
}

/* Conditions. */

static size_t count_person_tests(const struct query_condition *tree)
{
    size_t count = tree->kind == CONDITION_TEST && str_starts(tree->property, S("person."));

    for (size_t i = 0; i < tree->child_count; i++)
        count += count_person_tests(&tree->children[i]);
    return count;
}

static fallible add_person_tests(const struct maker *maker, const struct query_condition *tree,
                                 struct view_person_test *tests, size_t *count)
{
    if (tree->kind == CONDITION_TEST && str_starts(tree->property, S("person."))) {
        struct view_person_test *test = &tests[(*count)++];

        test->tree = tree;
        return matcher_condition(maker->plan->matchers, tree, &test->compiled);
    }
    for (size_t i = 0; i < tree->child_count; i++)
        TRY(add_person_tests(maker, &tree->children[i], tests, count));
    return OK;
}

static fallible compile_person_tests(const struct maker *maker, struct view_node *out)
{
    struct view_person_test *tests = take(maker, count_person_tests(out->test), sizeof *tests);

    if (!tests)
        return arena_exhausted();
    TRY(add_person_tests(maker, out->test, tests, &out->person_test_count));
    out->person_tests = tests;
    return OK;
}

static fallible decide(const struct maker *maker, struct view_node *out)
{
    const struct columns_value *values;
    uint32_t count;
    uint8_t *passes;
    bool is_each = out->kind == CONDITION_EACH;

    if (out->block == COLUMNS_NONE) {
        passes = take(maker, 1, 1);
        if (!passes)
            return arena_exhausted();
        passes[0] = !is_each && matcher_plain_test(out->test, NULL);
        out->passes = passes;
        return OK;
    }
    TRY(columns_dictionary(maker->view->columns, maker->view->properties[out->block], &values,
                           &count));
    if (is_each && matcher_plain_asks_person(out->test)) {
        out->values = values;
        return compile_person_tests(maker, out);
    }
    passes = take(maker, count + 1u, 1);
    if (!passes)
        return arena_exhausted();
    passes[0] = !is_each && matcher_plain_test(out->test, NULL);
    for (uint32_t i = 0; i < count; i++)
        passes[i + 1] = is_each ? matcher_plain_each(out->test, &values[i], NULL)
                                : matcher_plain_test(out->test, &values[i]);
    out->passes = passes;
    return OK;
}

static fallible compile(const struct maker *maker, const struct query_condition *tree,
                        struct view_node *out)
{
    struct view_node *children = take(maker, tree->child_count, sizeof *children);

    if (!children)
        return arena_exhausted();
    *out = (struct view_node){.kind = tree->kind, .block = COLUMNS_NONE, .test = tree};
    if (tree->kind == CONDITION_TEST && str_starts(tree->property, S("person.")))
        return matcher_condition(maker->plan->matchers, tree, &out->of_person);
    if (tree->kind == CONDITION_TEST || tree->kind == CONDITION_EACH) {
        str path = tree->kind == CONDITION_TEST ? matcher_path(tree->property) : tree->property;

        TRY(block_of(maker, path, &out->block));
        return decide(maker, out);
    }
    out->children = children;
    out->child_count = tree->child_count;
    for (size_t i = 0; i < tree->child_count; i++)
        TRY(compile(maker, &tree->children[i], &children[i]));
    return OK;
}

static fallible compile_where(const struct maker *maker, const struct query_condition *tree,
                              const struct view_node **out)
{
    struct view_node *node;

    *out = NULL;
    if (!tree)
        return OK;
    node = take(maker, 1, sizeof *node);
    if (!node)
        return arena_exhausted();
    TRY(compile(maker, tree, node));
    *out = node;
    return OK;
}

/* Names. */

static bool is_called(const struct columns_kind *kind, str name)
{
    if (str_equals(name, S("*")))
        return kind->type <= EVENT_SCREEN;
    return str_equals(kind->type == EVENT_TRACK ? kind->name : source_type_name(kind->type), name);
}

static fallible compile_event(const struct maker *maker, const struct query_event *tree,
                              struct view_event *out)
{
    uint32_t count = columns_about(maker->view->columns)->kinds;
    bool *kinds = take(maker, count, sizeof *kinds);

    if (!kinds)
        return arena_exhausted();
    for (uint32_t i = 0; i < count; i++)
        kinds[i] = is_called(columns_kind(maker->view->columns, i), tree->name);
    out->kinds = kinds;
    return compile_where(maker, tree->where, &out->where);
}

static fallible compile_wish(const struct maker *maker, const struct scan_wish *wish,
                             struct view_wish *out)
{
    struct view_event *events = take(maker, wish->count, sizeof *events);

    if (!events)
        return arena_exhausted();
    for (size_t i = 0; i < wish->count; i++)
        TRY(compile_event(maker, &wish->trees[i], &events[i]));
    *out = (struct view_wish){events, wish->count};
    return OK;
}

static void add_candidates(const struct view_wish *wish, uint32_t kind, scan_marks mark,
                           struct scan_candidates *marks)
{
    if (!wish->count)
        marks->sure |= mark;
    for (size_t i = 0; i < wish->count; i++) {
        if (!wish->events[i].kinds[kind])
            continue;
        if (wish->events[i].where)
            marks->maybe |= mark;
        else
            marks->sure |= mark;
    }
}

/* What may be found of each kind. */
static fallible compile_wanted(const struct maker *maker, uint32_t count,
                               const struct scan_candidates *kinds)
{
    const struct scan_plan *plan = maker->plan;
    struct scan_view *view = maker->view;
    uint32_t room = count > PICK_KINDS ? count : PICK_KINDS;
    uint8_t *wanted = take(maker, room, 1), *ranged = take(maker, room, 1);
    uint8_t *ended = take(maker, room, 1);

    if (!wanted || !ranged || !ended)
        return arena_exhausted();
    view->is_even = view->is_all_ranged = view->is_all_ended = true;
    for (uint32_t i = 0; i < count; i++) {
        scan_marks marks = kinds[i].sure | kinds[i].maybe;

        wanted[i] = marks != 0;
        ranged[i] = marks && !(marks & ~plan->in_range);
        ended[i] = marks && !(marks & ~(plan->in_range | plan->before_end));
        view->is_all_ranged &= wanted[i] == ranged[i];
        view->is_all_ended &= wanted[i] == ended[i];
        view->is_even &= !marks || kinds[i].sure == view->all_sure;
    }
    view->wanted = wanted;
    view->ranged = ranged;
    view->ended = ended;
    return OK;
}

static fallible compile_kinds(const struct maker *maker, const struct view_wish *wishes)
{
    const struct scan_plan *plan = maker->plan;
    struct columns *columns = maker->view->columns;
    uint32_t count = columns_about(columns)->kinds;
    struct scan_candidates *kinds = take(maker, count, sizeof *kinds);
    text_code *names = take(maker, count, sizeof *names);

    if (!kinds || !names)
        return arena_exhausted();
    for (uint32_t i = 0; i < count; i++) {
        const struct columns_kind *kind = columns_kind(columns, i);
        scan_marks forbidden = scan_plan_forbidden_by_type(plan, kind->type);

        for (uint32_t mark = 0; mark < plan->mark_count; mark++)
            add_candidates(&wishes[mark], i, UINT64_C(1) << mark, &kinds[i]);
        kinds[i].sure &= ~forbidden;
        kinds[i].maybe &= ~forbidden & ~kinds[i].sure;
        if (!(kinds[i].sure | kinds[i].maybe))
            continue; /* no hit is called so */
        TRY(source_add_text(plan->source,
                            kind->type == EVENT_TRACK ? kind->name : source_type_name(kind->type),
                            &names[i]));
    }
    for (uint32_t i = 0; i < count; i++) {
        maker->view->all_sure |= kinds[i].sure;
        if (kinds[i].maybe || kinds[i].sure & plan->where_marks)
            maker->view->is_sure = false;
    }
    maker->view->kinds = kinds;
    maker->view->names = names;
    return compile_wanted(maker, count, kinds);
}

/* Values. */

static fallible convert(const struct maker *maker, const struct columns_value *from,
                        struct value *out)
{
    struct value *elements;

    *out = (struct value){.type = VALUE_NULL};
    switch (from->type) {
    case COLUMNS_NULL:
        return OK;
    case COLUMNS_FALSE:
    case COLUMNS_TRUE:
        out->type = VALUE_BOOL;
        out->code = from->type == COLUMNS_TRUE;
        return OK;
    case COLUMNS_NUMBER:
        out->type = VALUE_NUMBER;
        out->number = from->number;
        return OK;
    case COLUMNS_TEXT:
        out->type = VALUE_TEXT;
        return source_add_text(maker->plan->source, from->text, &out->code);
    case COLUMNS_OBJECT:
        out->type = VALUE_OBJECT;
        return OK;
    case COLUMNS_LIST:
        break;
    }
    elements = take(maker, from->count, sizeof *elements);
    if (!elements)
        return arena_exhausted();
    for (uint32_t i = 0; i < from->count; i++)
        TRY(convert(maker, &from->items[i], &elements[i]));
    *out = (struct value){.type = VALUE_LIST, .count = from->count, .elements = elements};
    return OK;
}

/* Finds the property's block and values; COLUMNS_NONE and none where the file has no such. */
static fallible find_values(const struct maker *maker, str path, uint32_t *out_block,
                            const struct columns_value **out_values, uint32_t *out_count)
{
    *out_count = 0;
    TRY(block_of(maker, path, out_block));
    return *out_block == COLUMNS_NONE
               ? OK
               : columns_dictionary(maker->view->columns, maker->view->properties[*out_block],
                                    out_values, out_count);
}

static fallible compile_slots(const struct maker *maker)
{
    const struct scan_plan *plan = maker->plan;
    struct view_slot *slots = take(maker, plan->slot_count, sizeof *slots);

    if (!slots)
        return arena_exhausted();
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct scan_slot *slot = &plan->slots[i];

        struct view_filed *filed = &maker->filed[i];
        const struct columns_value *values;
        uint32_t count;

        slots[i].block = COLUMNS_NONE;
        if (slot->property.is_trait)
            continue;
        TRY(find_values(maker, matcher_path(slot->path), &slots[i].block, &values, &count));
        slots[i].base = filed->count - 1;
        for (uint32_t k = 0; k < count; k++)
            TRY(convert(maker, &values[k], &filed->values[filed->count++]));
    }
    maker->view->slots = slots;
    return OK;
}

static fallible compile_trait(const struct maker *maker, str path, struct view_trait *out)
{
    const struct columns_value *values;
    struct value *converted;
    uint32_t count;

    TRY(find_values(maker, path, &out->block, &values, &count));
    converted = take(maker, count + 1u, sizeof *converted);
    if (!converted)
        return arena_exhausted();
    for (uint32_t i = 0; i < count; i++)
        TRY(convert(maker, &values[i], &converted[i + 1]));
    out->values = converted;
    out->count = count + 1;
    return OK;
}

static fallible compile_traits(const struct maker *maker)
{
    const struct matcher_plan *matchers = maker->plan->matchers;
    uint32_t count = matcher_trait_count(matchers);
    struct view_trait *traits = take(maker, count, sizeof *traits);

    if (!traits)
        return arena_exhausted();
    for (uint32_t i = 0; i < count; i++) {
        str path = arena_print(maker->plan->mem, EVENTS_SETTLE_TRAIT "%.*s",
                               STR_ARG(matcher_trait_path(matchers, i)));

        if (!path.data)
            return arena_exhausted();
        TRY(compile_trait(maker, path, &traits[i]));
    }
    maker->view->traits = traits;
    return OK;
}

static bool passes(const struct scan_plan *plan, uint32_t test, const struct value *value)
{
    return matcher_trait_passes(plan->matchers, plan->traits[test], value);
}

static fallible compile_trait_tests(const struct maker *maker)
{
    const struct scan_plan *plan = maker->plan;
    struct view_trait_test *tests = take(maker, plan->trait_count, sizeof *tests);

    if (!tests)
        return arena_exhausted();
    for (uint32_t i = 0; i < plan->trait_count; i++) {
        const struct view_trait *trait = &maker->view->traits[matcher_trait_slot(plan->traits[i])];
        uint8_t *is_odd = take(maker, trait->count, sizeof *is_odd);

        if (!is_odd)
            return arena_exhausted();
        for (uint32_t code = 0; code < trait->count; code++)
            is_odd[code] = passes(plan, i, &trait->values[code]) != passes(plan, i, trait->values);
        tests[i] = (struct view_trait_test){trait->block, is_odd};
    }
    maker->view->trait_tests = tests;
    return OK;
}

fallible scan_view_make(const struct scan_plan *plan, struct columns *columns,
                        struct view_filed *filed, struct scan_view *out_view)
{
    struct scan_view view = {.columns = columns, .is_sure = true};
    struct maker maker = {plan, &view, filed};
    struct view_wish *wishes = take(&maker, plan->mark_count, sizeof *wishes);

    view.properties = take(&maker, MOST_BLOCKS, sizeof *view.properties);
    if (!wishes || !view.properties)
        return arena_exhausted();
    for (uint32_t i = 0; i < plan->mark_count; i++)
        TRY(compile_wish(&maker, &plan->wishes[i], &wishes[i]));
    view.wishes = wishes;
    TRY(compile_kinds(&maker, wishes));
    TRY(compile_where(&maker, plan->where_tree, &view.where));
    TRY(compile_slots(&maker));
    TRY(compile_traits(&maker));
    TRY(compile_trait_tests(&maker));
    *out_view = view;
    return OK;
}
