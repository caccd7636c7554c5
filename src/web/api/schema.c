/* schema.c - GET /api/schema: which events and properties there are, and what the plan says of
 * them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event has "declared", null without a plan: {"mode","checked","broken","unseen":[PATH...]}, and
 * so has a property, null where the plan does not name it: {"types":[...],"required"}. Planned
 * events that nobody has sent stand behind the others.
 */
#include "measure/schema.h"

#include "base/mem.h"
#include "collect/intake.h"
#include "collect/plan_book.h"
#include "web/api/api.h"
#include "web/web.h"

/* What was seen is laid beside what is planned. */
struct beside {
    struct plan_look look;
    bool *is_met;                    /* by place of look.entries: somebody sends it */
    const struct plan_entry *entry;  /* of the event that is written, or NULL */
    bool is_seen[PLAN_SCHEMA_NODES]; /* by node of its schema */
};

static void begin_event(void *argument, str event)
{
    struct beside *beside = argument;

    beside->entry = plan_book_find(&beside->look, event);
    for (size_t i = 0; i < PLAN_SCHEMA_NODES; i++)
        beside->is_seen[i] = false;
    for (size_t i = 0; i < beside->look.count; i++)
        beside->is_met[i] |= beside->look.entries[i] == beside->entry;
}

static bool is_within(str path, str name)
{
    return str_starts(name, path) &&
           (name.len == path.len || (name.len > path.len && name.data[path.len] == '.'));
}

static void write_types(struct json_writer *w, unsigned types)
{
    struct buf names = {0};
    str rest;

    plan_schema_write_types(&names, types);
    rest = buf_str(&names);
    json_open(w, '[');
    while (rest.len) {
        json_text(w, str_cut(&rest, ','));
        rest = str_trim(rest);
    }
    json_shut(w, ']');
    buf_done(&names);
}

static void write_property(void *argument, str name, struct json_writer *w)
{
    struct beside *beside = argument;
    const struct plan_schema *schema = beside->entry ? beside->entry->schema : NULL;
    const struct plan_node *found = NULL;

    if (str_starts(name, S("person.")))
        name = str_slice(name, S("person.").len, name.len);
    for (uint32_t i = 1; schema && i < schema->node_count; i++) {
        const struct plan_node *node = schema->nodes[i];

        beside->is_seen[i] |= is_within(node->path, name);
        if (!found && str_equals(node->path, name))
            found = node;
    }
    json_key(w, S("declared"));
    if (!found) {
        json_null(w);
        return;
    }
    json_open(w, '{');
    json_key(w, S("types"));
    write_types(w, found->types);
    json_key(w, S("required"));
    json_bool(w, found->is_required);
    json_shut(w, '}');
}

/* An element of a list has the list's path, which was told. */
static void write_unseen(struct json_writer *w, const struct beside *beside)
{
    const struct plan_schema *schema = beside->entry->schema;

    json_open(w, '[');
    for (uint32_t i = 1; i < schema->node_count; i++)
        if (!beside->is_seen[i] && !schema->nodes[i]->is_element)
            json_text(w, schema->nodes[i]->path);
    json_shut(w, ']');
}

static void end_event(void *argument, struct json_writer *w)
{
    struct beside *beside = argument;
    struct plan_entry *entry = (struct plan_entry *)beside->entry;

    json_key(w, S("declared"));
    if (!entry) {
        json_null(w);
        return;
    }
    json_open(w, '{');
    json_key(w, S("mode"));
    json_text(w, str_of(plan_book_mode_name(entry->mode)));
    json_key(w, S("checked"));
    json_u64(w, atomic_load(&entry->checked));
    json_key(w, S("broken"));
    json_u64(w, atomic_load(&entry->broken));
    json_key(w, S("unseen"));
    write_unseen(w, beside);
    json_shut(w, '}');
}

static void write_rest(void *argument, struct json_writer *w)
{
    static const str calls[] = {{"page", 4}, {"screen", 6}, {"identify", 8}, {"group", 5}};
    struct beside *beside = argument;

    for (size_t i = 0; i < beside->look.count; i++) {
        str name = beside->look.entries[i]->name, type = S("track");

        if (beside->is_met[i])
            continue;
        for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++)
            if (str_equals(name, calls[k]))
                type = name;
        begin_event(beside, name);
        json_open(w, '{');
        json_key(w, S("name"));
        json_text(w, name);
        json_key(w, S("type"));
        json_text(w, type);
        json_key(w, S("count"));
        json_u64(w, 0);
        json_key(w, S("first"));
        json_null(w);
        json_key(w, S("last"));
        json_null(w);
        json_key(w, S("properties"));
        json_open(w, '[');
        json_shut(w, ']');
        end_event(beside, w);
        json_shut(w, '}');
    }
}

static fallible write_schema(const struct web_config *config, struct arena *mem, struct buf *out)
{
    struct plan_book *book = intake_plans(config->intake);
    struct beside *beside = arena_take(mem, sizeof *beside);
    struct schema_more more = {begin_event, write_property, end_event, write_rest, beside};
    enum err err = OK;

    if (!beside)
        return arena_exhausted();
    beside->look = plan_book_begin(book);
    beside->is_met = arena_array(mem, beside->look.count + 1, sizeof *beside->is_met);
    err = beside->is_met ? schema_write(config->events, &more, mem, out) : arena_exhausted();
    plan_book_end(book);
    return err;
}

void schema_show(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    struct arena *mem;
    struct buf out = {0};
    enum err err;

    if (!web_is_ready(web_of(x))) {
        exchange_add_header(x, S("Retry-After"), S("1"));
        exchange_answer_problem(x, 503,
                                S("not all events are in memory yet: ask again in a moment"));
        return;
    }
    mem = arena_open(config->query_memory);
    err = mem ? write_schema(config, mem, &out) : mem_exhausted();
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &out);
    arena_close(mem);
    buf_done(&out);
}
