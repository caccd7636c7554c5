/* source.c - passes each question on to whatever stores the events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/source.h"

#include "base/mem.h"

void source_room_done(struct source_room *room)
{
    mem_free(room->events);
    *room = (struct source_room){0};
}

struct source_span source_span(const struct source *source)
{
    return source->calls->span(source->store);
}

node_id source_end(const struct source *source)
{
    return source->calls->end(source->store);
}

text_code source_find_text(const struct source *source, str text)
{
    return source->calls->find_text(source->store, text);
}

str source_text(const struct source *source, text_code code)
{
    return source->calls->text(source->store, code);
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

void source_value(const struct source *source, const struct source_event *event,
                  property_id property, struct value *out_value)
{
    source->calls->value(source->store, event->row, property, out_value);
}

void source_device(const struct source *source, const struct source_event *event,
                   struct value *out_value)
{
    source->calls->device(source->store, event->row, out_value);
}

void source_element(const struct source *source, const struct value *list, uint32_t index,
                    struct value *out_value)
{
    source->calls->element(source->store, list->code, index, out_value);
}

void source_member(const struct source *source, const struct value *object, property_id property,
                   struct value *out_value)
{
    source->calls->member(source->store, object->code, property, out_value);
}

void source_trait(const struct source *source, node_id person, property_id name, millis as_of,
                  struct value *out_value)
{
    source->calls->trait(source->store, person, name, as_of, out_value);
}

str source_identifier(const struct source *source, node_id person)
{
    return source->calls->identifier(source->store, person);
}

size_t source_named(const struct source *source, str identifier, node_id out_persons[2])
{
    return source->calls->named(source->store, identifier, out_persons);
}

fallible source_write_traits(const struct source *source, node_id person, millis as_of,
                             struct json_writer *out)
{
    return source->calls->write_traits(source->store, person, as_of, out);
}

fallible source_message(const struct source *source, uint64_t seq, struct buf *out_json)
{
    return source->calls->message(source->store, seq, out_json);
}
