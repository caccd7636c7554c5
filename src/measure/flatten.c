/* flatten.c - walks a message and gathers (property, cell) entries on a stack.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each object or list pushes its entries on top of the stack, turns them into a run and leaves the
 * stack as it found it. Recursion follows the nesting of the message; what lies deeper than
 * JSON_DEPTH is left out, so it is bounded.
 */
#include "measure/flatten.h"

#include "base/mem.h"
#include "measure/events.h"
#include "measure/machines.h"

#include <stdlib.h>
#include <string.h>

enum { FEW_MEMBERS = 12, WARM_TEXTS = 64 };

struct flatten_entry {
    struct cell cell;
    uint32_t order;  /* place on the stack when pushed: of equal properties the last wins */
    uint32_t source; /* node of the value, where it is no list or object */
};

void flatten_done(struct flatten *state)
{
    mem_free(state->entries);
    state->entries = NULL;
    state->count = 0;
    state->room = 0;
}

static fallible push(struct flatten *state, struct cell cell, uint32_t source)
{
    if (state->count == state->room) {
        uint32_t room = state->room ? state->room * 2 : 256;
        struct flatten_entry *entries = mem_grow(state->entries, room * sizeof *entries);

        if (!entries)
            return mem_exhausted();
        state->entries = entries;
        state->room = room;
    }
    state->entries[state->count] =
        (struct flatten_entry){.cell = cell, .order = state->count, .source = source};
    state->count++;
    return OK;
}

static int by_property(const void *a, const void *b)
{
    const struct flatten_entry *left = a;
    const struct flatten_entry *right = b;

    if (left->cell.property != right->cell.property)
        return left->cell.property < right->cell.property ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

static void sort_entries(struct flatten_entry *entries, uint32_t count)
{
    if (count > 32) {
        qsort(entries, count, sizeof *entries, by_property);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        struct flatten_entry entry = entries[i];
        uint32_t at = i;

        /* Equal ones stay in the order in which they were pushed. */
        for (; at && entry.cell.property < entries[at - 1].cell.property; at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

/* The traced run that became the cells' `run`; runs that hold another come after it. */
static uint32_t traced_run(const struct flatten_trace *trace, uint32_t run)
{
    uint32_t at = trace->run_count;

    while (at && trace->runs[at - 1].run != run)
        at--;
    return at ? at - 1 : 0;
}

/* The node that the value in a run came from. */
static uint32_t source_in(const struct flatten *state, uint32_t run, uint32_t item)
{
    const struct flatten_trace *trace = state->trace;

    if (!trace || trace->is_incomplete)
        return 0;
    return trace->items[trace->runs[traced_run(trace, run)].first + item].source;
}

static void trace_run(struct flatten_trace *trace, const struct flatten_entry *entries,
                      uint32_t count, uint32_t run)
{
    if (trace->run_count == FLATTEN_TRACED_RUNS || count > FLATTEN_TRACED_ITEMS - trace->item_count)
        trace->is_incomplete = true;
    if (trace->is_incomplete)
        return;
    trace->runs[trace->run_count].run = run;
    trace->runs[trace->run_count].first = trace->item_count;
    trace->runs[trace->run_count].count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct cell cell = entries[i].cell;
        bool is_run = cell.type == CELL_LIST || cell.type == CELL_OBJECT;

        trace->items[trace->item_count++] = (struct flatten_item){
            .property = cell.property,
            .type = cell.type,
            .is_derived = cell.is_derived,
            .source = is_run ? traced_run(trace, cell.data) : entries[i].source};
    }
    trace->run_count++;
}

/* Turns the entries from `base` up into a run; an object's are sorted, the last of each property
 * stays. Pops them in any case. */
static fallible put_run(struct flatten *state, uint32_t base, bool is_object, uint32_t *out_run)
{
    uint32_t count = state->count - base;
    struct flatten_entry *entries = state->entries + base;
    struct cell *run = arena_array(state->mem, count + 1u, sizeof *run);
    uint32_t used = 0;

    state->count = base;
    if (!run)
        return arena_exhausted();
    if (is_object && count)
        sort_entries(entries, count);
    for (uint32_t i = 0; i < count; i++) {
        if (is_object && i + 1 < count && entries[i].cell.property == entries[i + 1].cell.property)
            continue;
        entries[used] = entries[i];
        run[used++] = entries[i].cell;
    }
    if (used > CELLS_LONGEST_RUN) {
        *state->refused += used - CELLS_LONGEST_RUN;
        used = CELLS_LONGEST_RUN;
    }
    TRY(cells_put(state->cells, run, used, out_run));
    if (state->trace)
        trace_run(state->trace, entries, used, *out_run);
    return OK;
}

static fallible look_up_path(struct flatten *state, str path, uint32_t *out_id)
{
    *out_id = DICTIONARY_NONE;
    if (path.len <= EVENTS_LONGEST_PATH) {
        if (state->paths->count < EVENTS_MOST_PROPERTIES || str_equals(path, S(MACHINES_PATH)))
            return dictionary_add(state->paths, path, out_id);
        *out_id = dictionary_find(state->paths, path);
    }
    if (*out_id == DICTIONARY_NONE)
        ++*state->refused;
    return OK;
}

/* The id of a path, or DICTIONARY_NONE (and counted) where it may not become a property. Messages
 * are alike: most often the path is the one that followed the one before it last time. */
static fallible path_id(struct flatten *state, str path, uint32_t *out_id)
{
    uint32_t *follow = &state->follow[state->path % FLATTEN_FOLLOW];

    if (*follow < state->paths->count && str_equals(dictionary_text(state->paths, *follow), path)) {
        *out_id = *follow;
    } else {
        TRY(look_up_path(state, path, out_id));
        *follow = *out_id;
    }
    state->path = *out_id;
    return OK;
}

static fallible flatten_value(struct flatten *state, const struct json *doc, uint32_t at,
                              unsigned depth, struct cell *out_cell);
static fallible flatten_object(struct flatten *state, const struct json *doc, uint32_t object,
                               struct buf *path, unsigned depth);

/* Groups the entries from `base` up by property into lists and leaves those lists in their place:
 * what the objects of a list have under one path. */
static fallible derive_lists(struct flatten *state, uint32_t base)
{
    uint32_t count = state->count - base;
    struct flatten_entry *found = arena_array(state->mem, count + 1u, sizeof *found);

    if (!found)
        return arena_exhausted();
    if (count)
        memcpy(found, state->entries + base, count * sizeof *found);
    state->count = base;
    sort_entries(found, count);
    for (uint32_t i = 0; i < count;) {
        struct cell list = {.property = found[i].cell.property, .type = CELL_LIST, .is_derived = 1};
        uint32_t inner = state->count;
        uint32_t run;

        for (; i < count && found[i].cell.property == list.property; i++)
            TRY(push(state, found[i].cell, found[i].source));
        TRY(put_run(state, inner, false, &run));
        list.data = run;
        TRY(push(state, list, 0));
    }
    return OK;
}

/* Pushes what the objects of the list cell `list` have, under path.sub each. */
static fallible flatten_derived(struct flatten *state, struct cell list, struct buf *path)
{
    uint32_t base = state->count;
    size_t path_len = path->len;
    uint32_t length;
    const struct cell *elements = cells_get(state->cells, list.data, &length);

    for (uint32_t i = 0; i < length; i++) {
        uint32_t members;
        const struct cell *member;

        if (elements[i].type != CELL_OBJECT)
            continue;
        member = cells_get(state->cells, elements[i].data, &members);
        for (uint32_t k = 0; k < members; k++) {
            struct cell leaf = member[k];
            uint32_t id;

            buf_add_byte(path, '.');
            buf_add(path, dictionary_text(state->paths, member[k].property));
            if (buf_is_broken(path))
                return mem_exhausted();
            TRY(path_id(state, buf_str(path), &id));
            path->len = path_len;
            if (id == DICTIONARY_NONE)
                continue;
            leaf.property = id & 0xffffff;
            TRY(push(state, leaf, source_in(state, elements[i].data, k)));
        }
    }
    return derive_lists(state, base);
}

static fallible flatten_list(struct flatten *state, const struct json *doc, uint32_t list,
                             unsigned depth, struct cell *out_cell)
{
    uint32_t base = state->count;
    uint32_t run;

    EACH_ELEMENT(doc, list, at)
    {
        struct cell cell;

        if (depth >= JSON_DEPTH)
            break;
        TRY(flatten_value(state, doc, at, depth + 1, &cell));
        TRY(push(state, cell, at));
    }
    TRY(put_run(state, base, false, &run));
    *out_cell = (struct cell){.type = CELL_LIST, .data = run};
    return OK;
}

/* Any value as a cell without a property. An object stands alone here, as in a list. */
static fallible flatten_value(struct flatten *state, const struct json *doc, uint32_t at,
                              unsigned depth, struct cell *out_cell)
{
    struct cell cell = {.type = CELL_NULL};
    struct buf path = {0};
    uint32_t base = state->count;
    uint32_t code;
    decimal number;
    enum err err;

    switch (json_type_of(doc, at)) {
    case JSON_NULL:
        break;
    case JSON_FALSE:
        cell.type = CELL_FALSE;
        break;
    case JSON_TRUE:
        cell.type = CELL_TRUE;
        break;
    case JSON_NUMBER:
        TRY(decimal_parse(json_raw(doc, at), &number));
        TRY(cells_put_number(state->cells, number, &cell));
        break;
    case JSON_STRING: {
        str text = json_string(doc, at, state->mem);

        if (!text.data)
            return arena_exhausted();
        TRY(dictionary_add(state->texts, text, &code));
        cell.type = CELL_TEXT;
        cell.data = code;
        break;
    }
    case JSON_ARRAY:
        return flatten_list(state, doc, at, depth, out_cell);
    case JSON_OBJECT:
        err = flatten_object(state, doc, at, &path, depth + 1);
        buf_done(&path);
        if (!err)
            err = put_run(state, base, true, &code);
        if (err)
            return err;
        cell.type = CELL_OBJECT;
        cell.data = code;
        break;
    }
    *out_cell = cell;
    return OK;
}

/* Of equal keys only the last counts. For every member of a large object a search from the back
 * would take quadratic time, so those are sorted first. */
struct member {
    str key;
    uint32_t value;
};

static int by_key(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    int order = str_compare(left->key, right->key);

    if (order)
        return order;
    return left->value < right->value ? -1 : left->value > right->value;
}

static int by_place(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;

    return left->value < right->value ? -1 : left->value > right->value;
}

static uint32_t drop_repeated_few(struct member *members, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = i + 1;

        while (k < count && !str_equals(members[i].key, members[k].key))
            k++;
        if (k == count)
            members[kept++] = members[i];
    }
    return kept;
}

static uint32_t drop_repeated(struct member *members, uint32_t count)
{
    uint32_t kept = 0;

    if (count <= FEW_MEMBERS)
        return drop_repeated_few(members, count);
    qsort(members, count, sizeof *members, by_key);
    for (uint32_t i = 0; i < count; i++)
        if (i + 1 == count || !str_equals(members[i].key, members[i + 1].key))
            members[kept++] = members[i];
    qsort(members, kept, sizeof *members, by_place);
    return kept;
}

static fallible read_members(struct flatten *state, const struct json *doc, uint32_t object,
                             struct member **out_members, uint32_t *out_count)
{
    struct member *members;
    uint32_t count = 0;

    EACH_MEMBER(doc, object, key, value)
    count++;
    members = arena_array(state->mem, count + 1u, sizeof *members);
    if (!members)
        return arena_exhausted();
    count = 0;
    EACH_MEMBER(doc, object, key, value)
    {
        members[count] = (struct member){json_string(doc, key, state->mem), value};
        if (!members[count++].key.data)
            return arena_exhausted();
    }
    *out_members = members;
    *out_count = drop_repeated(members, count);
    return OK;
}

static fallible flatten_member(struct flatten *state, const struct json *doc, uint32_t at,
                               struct buf *path, unsigned depth)
{
    struct cell cell;
    uint32_t id;

    if (json_type_of(doc, at) == JSON_OBJECT) {
        buf_add_byte(path, '.');
        return depth < JSON_DEPTH ? flatten_object(state, doc, at, path, depth + 1) : OK;
    }
    TRY(path_id(state, buf_str(path), &id));
    if (id == DICTIONARY_NONE)
        return OK;
    TRY(flatten_value(state, doc, at, depth, &cell));
    cell.property = id & 0xffffff;
    TRY(push(state, cell, at));
    return cell.type == CELL_LIST ? flatten_derived(state, cell, path) : OK;
}

/* Pushes the members of `object` under what stands in `path`, which stays as it was. */
static fallible flatten_object(struct flatten *state, const struct json *doc, uint32_t object,
                               struct buf *path, unsigned depth)
{
    size_t path_len = path->len;
    struct member *members;
    uint32_t count;

    TRY(read_members(state, doc, object, &members, &count));
    for (uint32_t i = 0; i < count; i++) {
        buf_add(path, members[i].key);
        if (buf_is_broken(path))
            return mem_exhausted();
        TRY(flatten_member(state, doc, members[i].value, path, depth));
        path->len = path_len;
    }
    return OK;
}

/* null, false, 0, "", [] and {} count as missing, where one thing stands in for another. */
static bool is_filled(const struct json *doc, uint32_t at)
{
    double number;

    if (at == JSON_ABSENT)
        return false;
    switch (json_type_of(doc, at)) {
    case JSON_NULL:
    case JSON_FALSE:
        return false;
    case JSON_TRUE:
        return true;
    case JSON_NUMBER:
        return !json_to_double(doc, at, &number) || number < 0 || number > 0;
    case JSON_STRING:
        return doc->nodes[at].end > doc->nodes[at].start + 1; /* `end` is behind the quote */
    case JSON_ARRAY:
    case JSON_OBJECT:
        return doc->nodes[at].next > at + 1;
    }
    return false;
}

static fallible flatten_part(struct flatten *state, const struct json *doc, uint32_t at, str prefix)
{
    struct buf path = {0};
    enum err err;

    if (at == JSON_ABSENT || json_type_of(doc, at) != JSON_OBJECT)
        return OK;
    buf_add(&path, prefix);
    err = buf_is_broken(&path) ? mem_exhausted() : flatten_object(state, doc, at, &path, 1);
    buf_done(&path);
    return err;
}

/* Has the dictionary fetch what the first texts of the message will need: waiting for memory is
 * most of what folding costs. */
static void warm_texts(const struct flatten *state, const struct json *message)
{
    str texts[WARM_TEXTS];
    uint32_t count = 0;

    for (uint32_t at = 1; at < message->count && count < WARM_TEXTS; at++) {
        const struct json_node *node = &message->nodes[at];

        if (node->type == JSON_STRING && node->depth > 1 && !node->is_escaped &&
            message->text.data[node->end] != ':') /* a key, unless someone spaced it out */
            texts[count++] = str_slice(message->text, node->start, node->end - 1);
    }
    dictionary_warm(state->texts, texts, count);
}

fallible flatten_message(struct flatten *state, const struct json *message, bool is_view,
                         uint32_t *out_run)
{
    uint32_t properties = json_find(message, 0, S("properties"));
    uint32_t name = json_find(message, 0, S("name"));

    state->count = 0;
    warm_texts(state, message);
    if (!is_filled(message, properties))
        properties = json_find(message, 0, S("traits"));
    TRY(flatten_part(state, message, properties, S("")));
    if (is_view && is_filled(message, name)) {
        struct cell cell;
        uint32_t id;

        TRY(path_id(state, S("name"), &id));
        TRY(flatten_value(state, message, name, 1, &cell));
        cell.property = id & 0xffffff;
        if (id != DICTIONARY_NONE)
            TRY(push(state, cell, name));
    }
    TRY(flatten_part(state, message, json_find(message, 0, S("context")), S("context.")));
    return put_run(state, 0, true, out_run);
}

fallible flatten_traits(struct flatten *state, const struct json *message, uint32_t *out_run)
{
    state->count = 0;
    TRY(flatten_part(state, message, json_find(message, 0, S("traits")), S("")));
    return put_run(state, 0, true, out_run);
}
