/* schema.c - puts the tallies of files and memory together, name by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/schema.h"

#include "base/json.h"
#include "base/mem.h"
#include "measure/events.h"
#include "measure/events_tally.h"
#include "measure/history.h"

#include <stdlib.h>

struct schema {
    struct arena *mem;
    const struct schema_more *more; /* or NULL */
    const struct tally_event **events;
    size_t event_count;
    const struct tally_property **properties; /* of one event */
    struct json_writer w;
};

static str name_of(const struct tally_event *event)
{
    return event->type == EVENT_TRACK ? event->name : source_type_name(event->type);
}

static int by_name(const void *a, const void *b)
{
    const struct tally_event *left = *(const struct tally_event *const *)a;
    const struct tally_event *right = *(const struct tally_event *const *)b;
    int order = str_compare(name_of(left), name_of(right));

    return order ? order : left->type < right->type ? -1 : left->type > right->type;
}

/* Traits stand where "person." puts them: behind all properties of the same event. */
static int by_path(const void *a, const void *b)
{
    const struct tally_property *left = *(const struct tally_property *const *)a;
    const struct tally_property *right = *(const struct tally_property *const *)b;

    if (left->is_trait != right->is_trait)
        return left->is_trait ? 1 : -1;
    return str_compare(left->name, right->name);
}

/* Properties [from, to) are one. */
static fallible write_property(struct schema *schema, size_t from, size_t to)
{
    static const str names[TALLY_TYPES] = {{"text", 4}, {"number", 6}, {"boolean", 7},
                                           {"null", 4}, {"list", 4},   {"object", 6}};
    const struct tally_property *first = schema->properties[from];
    struct tally_values values = {0};
    uint64_t types[TALLY_TYPES] = {0}, count = 0;
    str name = first->name;
    enum err err = OK;

    for (size_t i = from; i < to && !err; i++) {
        for (int type = 0; type < TALLY_TYPES; type++) {
            types[type] += schema->properties[i]->types[type];
            count += schema->properties[i]->types[type];
        }
        err = tally_values_merge(&values, &schema->properties[i]->values);
    }
    if (!err && first->is_trait) {
        name = arena_print(schema->mem, "person.%.*s", STR_ARG(name));
        err = name.data ? OK : arena_exhausted();
    }
    if (!err) {
        struct json_writer *w = &schema->w;

        json_open(w, '{');
        json_key(w, S("name"));
        json_text(w, name);
        json_key(w, S("count"));
        json_u64(w, count);
        json_key(w, S("types"));
        json_open(w, '{');
        for (int type = 0; type < TALLY_TYPES; type++)
            if (types[type]) {
                json_key(w, names[type]);
                json_u64(w, types[type]);
            }
        json_shut(w, '}');
        json_key(w, S("values"));
        json_u64(w, values.count);
        json_key(w, S("values_exact"));
        json_bool(w, !values.is_over);
        if (schema->more)
            schema->more->property(schema->more->argument, name, w);
        json_shut(w, '}');
    }
    tally_values_done(&values);
    return err;
}

static fallible write_properties(struct schema *schema, size_t from, size_t to)
{
    size_t count = 0, all = 0;

    for (size_t i = from; i < to; i++)
        all += schema->events[i]->property_count;
    schema->properties = arena_array(schema->mem, all + 1, sizeof *schema->properties);
    if (!schema->properties)
        return arena_exhausted();
    for (size_t i = from; i < to; i++)
        for (uint32_t k = 0; k < schema->events[i]->property_count; k++)
            schema->properties[count++] = &schema->events[i]->properties[k];
    if (count)
        qsort(schema->properties, count, sizeof *schema->properties, by_path);
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count; end++)
            if (by_path(&schema->properties[at], &schema->properties[end]))
                break;
        TRY(write_property(schema, at, end));
    }
    return OK;
}

/* Events [from, to) are one. */
static fallible write_event(struct schema *schema, size_t from, size_t to)
{
    struct tally_event all = *schema->events[from];
    struct json_writer *w = &schema->w;

    for (size_t i = from + 1; i < to; i++) {
        const struct tally_event *event = schema->events[i];

        all.count += event->count;
        all.first = event->first < all.first ? event->first : all.first;
        all.last = event->last > all.last ? event->last : all.last;
    }
    json_open(w, '{');
    json_key(w, S("name"));
    json_text(w, name_of(&all));
    json_key(w, S("type"));
    json_text(w, all.type == EVENT_TRACK ? S("track") : name_of(&all));
    json_key(w, S("count"));
    json_u64(w, all.count);
    json_key(w, S("first"));
    json_time(w, all.first);
    json_key(w, S("last"));
    json_time(w, all.last);
    json_key(w, S("properties"));
    json_open(w, '[');
    if (schema->more)
        schema->more->begin(schema->more->argument, name_of(&all));
    TRY(write_properties(schema, from, to));
    json_shut(w, ']');
    if (schema->more)
        schema->more->end(schema->more->argument, w);
    json_shut(w, '}');
    return OK;
}

static fallible write_all(struct schema *schema)
{
    if (schema->event_count)
        qsort(schema->events, schema->event_count, sizeof *schema->events, by_name);
    json_open(&schema->w, '{');
    json_key(&schema->w, S("events"));
    json_open(&schema->w, '[');
    for (size_t at = 0, end; at < schema->event_count; at = end) {
        for (end = at + 1; end < schema->event_count; end++)
            if (by_name(&schema->events[at], &schema->events[end]))
                break;
        TRY(write_event(schema, at, end));
    }
    if (schema->more)
        schema->more->rest(schema->more->argument, &schema->w);
    json_shut(&schema->w, ']');
    json_shut(&schema->w, '}');
    return buf_is_broken(schema->w.out) ? mem_exhausted() : OK;
}

/* Those of which something is left. */
static fallible gather(struct schema *schema, const struct tally *const *tallies, size_t count)
{
    size_t all = 0;

    for (size_t i = 0; i < count; i++)
        all += tallies[i]->count;
    schema->events = arena_array(schema->mem, all + 1, sizeof *schema->events);
    if (!schema->events)
        return arena_exhausted();
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < tallies[i]->count; k++)
            if (tallies[i]->events[k].count)
                schema->events[schema->event_count++] = &tallies[i]->events[k];
    return OK;
}

static fallible write_source(struct events *events, const struct source *source,
                             struct schema *schema, struct tally *memory)
{
    size_t files = source->history ? history_count(source->history) : 0;
    const struct tally **tallies = arena_array(schema->mem, files + 1, sizeof(struct tally *));

    if (!tallies)
        return arena_exhausted();
    for (size_t i = 0; i < files; i++) {
        const struct mask_rows *rows;

        TRY(history_mask(source->history, i, source, &rows));
        TRY(history_tally(source->history, i, rows, &tallies[i]));
    }
    TRY(events_tally(events, memory));
    tallies[files] = memory;
    TRY(gather(schema, tallies, files + 1));
    return write_all(schema);
}

fallible schema_write(struct events *events, const struct schema_more *more, struct arena *mem,
                      struct buf *out)
{
    struct schema schema = {.mem = mem, .more = more, .w = {.out = out}};
    struct tally memory = {0};
    struct source source;
    enum err err;

    events_begin(events, &source);
    err = write_source(events, &source, &schema, &memory);
    events_end(events);
    tally_done(&memory);
    return err;
}
