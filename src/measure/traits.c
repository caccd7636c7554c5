/* traits.c - finds a person's identify calls by a scan of her alone and lays them over each other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/traits.h"

#include "base/json.h"
#include "base/mem.h"
#include "measure/scan.h"
#include "measure/source_page.h"

#include <stdlib.h>

enum { MESSAGES_BYTES = 64 << 20 };

struct trait {
    str path;
    str raw;
    size_t order; /* of the call */
    bool is_null;
};

struct traits {
    const struct source *source;
    struct scanner *scanner;
    struct json_reader *reader;
    struct arena *mem; /* of one person */
    struct trait *items;
    size_t count;
    size_t room;
    size_t order;
};

fallible traits_open(struct arena *mem, const struct source *source, millis as_of,
                     struct traits **out_traits)
{
    static const struct query_event identify = {.name = {"identify", 8}};
    struct traits *traits = arena_take(mem, sizeof *traits);
    struct scan_bounds bounds = {.to = INT64_MAX, .as_of = as_of};
    struct scan_plan *plan;
    scan_marks mark;
    enum err err;

    if (!traits)
        return arena_exhausted();
    traits->source = source;
    TRY(scan_plan_open(mem, source, bounds, NULL, &plan));
    TRY(scan_plan_mark(plan, &identify, 1, 0, &mark));
    scan_plan_seqs(plan);
    TRY(scan_plan_ready(plan));
    traits->mem = arena_open(MESSAGES_BYTES);
    traits->reader = json_reader_open();
    err = traits->mem && traits->reader ? scan_open(plan, &traits->scanner) : mem_exhausted();
    if (err)
        traits_close(traits);
    else
        *out_traits = traits;
    return err;
}

void traits_close(struct traits *traits)
{
    if (!traits)
        return;
    scan_close(traits->scanner);
    json_reader_close(traits->reader);
    arena_close(traits->mem);
}

static fallible add(struct traits *traits, str path, str raw, bool is_null)
{
    if (traits->count == traits->room) {
        size_t room = traits->room ? traits->room * 2 : 64;
        struct trait *items = arena_array(traits->mem, room, sizeof *items);

        if (!items)
            return arena_exhausted();
        for (size_t i = 0; i < traits->count; i++)
            items[i] = traits->items[i];
        traits->items = items;
        traits->room = room;
    }
    traits->items[traits->count++] = (struct trait){path, raw, traits->order, is_null};
    return OK;
}

/* Recursion follows the nesting of the message, which the JSON reader bounds. */
static fallible add_object(struct traits *traits, const struct json *message, uint32_t object,
                           str before)
{
    EACH_MEMBER(message, object, key, value)
    {
        str name = json_string(message, key, traits->mem);
        str path = arena_print(traits->mem, "%.*s%.*s", STR_ARG(before), STR_ARG(name));

        if (!name.data || !path.data)
            return arena_exhausted();
        if (json_type_of(message, value) == JSON_OBJECT) {
            path = arena_print(traits->mem, "%.*s.", STR_ARG(path));
            if (!path.data)
                return arena_exhausted();
            TRY(add_object(traits, message, value, path));
        } else {
            TRY(add(traits, path, json_raw(message, value),
                    json_type_of(message, value) == JSON_NULL));
        }
    }
    return OK;
}

static fallible add_message(struct traits *traits, uint64_t seq)
{
    struct buf text = {0};
    struct json message;
    uint32_t at;
    struct source_text at_all;
    struct source_page page = {.seqs = &seq,
                               .count = 1,
                               .may_wait = true,
                               .mem = traits->mem,
                               .text = &text,
                               .texts = &at_all};
    enum err err = source_messages(traits->source, &page);

    if (!err)
        err = json_parse_copy(traits->reader, traits->mem, buf_str(&text), &message);
    buf_done(&text);
    if (err)
        return err == ERR_ABSENT ? OK : err; /* erased: it gives no traits any more */
    at = json_find(&message, 0, S("traits"));
    if (at == JSON_ABSENT || json_type_of(&message, at) != JSON_OBJECT)
        return OK;
    traits->order++;
    return add_object(traits, &message, at, S(""));
}

/* A scan_taker. */
static enum err take(void *argument, const struct scan_batch *batch)
{
    for (size_t i = 0; i < batch->persons; i++)
        for (uint32_t hit = batch->first[i]; hit < batch->end[i]; hit++)
            TRY(add_message(argument, batch->seqs[hit]));
    return OK;
}

static int by_path_and_age(const void *a, const void *b)
{
    const struct trait *left = a;
    const struct trait *right = b;
    int order = str_compare(left->path, right->path);

    if (order)
        return order;
    return left->order < right->order ? -1 : left->order > right->order;
}

fallible traits_write(struct traits *traits, node_id person, struct json_writer *out)
{
    arena_reset(traits->mem);
    traits->items = NULL;
    traits->count = traits->room = traits->order = 0;
    TRY(scan_range(traits->scanner, person, person + 1, take, traits));
    if (traits->count)
        qsort(traits->items, traits->count, sizeof *traits->items, by_path_and_age);
    json_open(out, '{');
    for (size_t i = 0; i < traits->count; i++) {
        const struct trait *item = &traits->items[i];

        if (item->is_null || (i + 1 < traits->count && str_equals(item->path, item[1].path)))
            continue;
        json_key(out, item->path);
        json_verbatim(out, item->raw);
    }
    json_shut(out, '}');
    return OK;
}
