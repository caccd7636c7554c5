/* source.c - passes each question on to whatever stores the events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/source.h"

#include "base/mem.h"
#include "measure/dictionary.h"
#include "measure/history.h"

void source_room_done(struct source_room *room)
{
    mem_free(room->events);
    *room = (struct source_room){0};
}

str source_type_name(enum event_type type)
{
    static const str names[] = {[EVENT_TRACK] = {"", 0},        [EVENT_PAGE] = {"page", 4},
                                [EVENT_SCREEN] = {"screen", 6}, [EVENT_IDENTIFY] = {"identify", 8},
                                [EVENT_GROUP] = {"group", 5},   [EVENT_ALIAS] = {"alias", 5}};

    return names[type];
}

static void widen(struct source_span *span, const struct mask_rows *rows)
{
    if (!rows->rows)
        return;
    if (!span->events || rows->first_time < span->first)
        span->first = rows->first_time;
    if (!span->events || rows->last_time > span->last)
        span->last = rows->last_time;
    span->events += rows->rows;
}

fallible source_span(const struct source *source, struct source_span *out_span)
{
    struct source_span span = source->calls->span(source->store);

    for (size_t i = 0; source->history && i < history_count(source->history); i++) {
        const struct mask_rows *rows;

        TRY(history_mask(source->history, i, source, &rows));
        widen(&span, rows);
    }
    *out_span = span;
    return OK;
}

node_id source_end(const struct source *source)
{
    return source->calls->end(source->store);
}

/* Codes from SOURCE_MORE on are those of the question's own texts. */
#define SOURCE_MORE (UINT32_MAX / 2)

text_code source_find_text(const struct source *source, str text)
{
    text_code code = source->calls->find_text(source->store, text);

    if (code == SOURCE_UNKNOWN && source->more)
        code = dictionary_find(source->more, text);
    else
        return code;
    return code == DICTIONARY_NONE ? SOURCE_UNKNOWN : code + SOURCE_MORE;
}

fallible source_add_text(const struct source *source, str text, text_code *out_code)
{
    text_code code = source->calls->find_text(source->store, text);

    if (code == SOURCE_UNKNOWN && source->more) {
        if (source->more->bytes > source->more_bytes)
            return fail(ERR_LIMIT,
                        "the values asked for take more than %zu MiB: ask for a property "
                        "with fewer values",
                        source->more_bytes >> 20);
        TRY(dictionary_add(source->more, text, &code));
        code += SOURCE_MORE;
    }
    *out_code = code;
    return OK;
}

str source_text(const struct source *source, text_code code)
{
    return code >= SOURCE_MORE && code != SOURCE_UNKNOWN
               ? dictionary_text(source->more, code - SOURCE_MORE)
               : source->calls->text(source->store, code);
}

property_id source_find_property(const struct source *source, str path)
{
    return source->calls->find_property(source->store, path);
}

fallible source_person(const struct source *source, struct source_room *room, node_id id,
                       millis as_of, struct source_person *out_person)
{
    return source->calls->person(source->store, room, id, as_of, out_person);
}

void source_warm(const struct source *source, const node_id *ids, size_t count)
{
    source->calls->warm(source->store, ids, count);
}

void source_value(const struct source *source, const struct source_event *event,
                  property_id property, struct value *out_value)
{
    source->calls->value(source->store, event->row, property, out_value);
}

node_id source_device(const struct source *source, const struct source_event *event)
{
    return source->calls->device(source->store, event->row);
}

void source_element(const struct source *source, const struct value *list, uint32_t index,
                    struct value *out_value)
{
    if (list->elements)
        *out_value = list->elements[index];
    else
        source->calls->element(source->store, list->code, index, out_value);
}

void source_member(const struct source *source, const struct value *object, property_id property,
                   struct value *out_value)
{
    source->calls->member(source->store, object->code, property, out_value);
}

void source_trait(const struct source *source, node_id person, property_id name, millis as_of,
                  struct source_trait *out_trait)
{
    source->calls->trait(source->store, person, name, as_of, out_trait);
}

fallible source_identifier(const struct source *source, node_id person, struct buf *out_text)
{
    return source->calls->identifier(source->store, person, out_text);
}

size_t source_named(const struct source *source, str identifier, node_id out_persons[2])
{
    return source->calls->named(source->store, identifier, out_persons);
}

fallible source_messages(const struct source *source, const struct source_page *page)
{
    return source->calls->messages(source->store, page);
}
