/* dialect_cloudevents.c - CloudEvents 1.0 over HTTP: POST /cloudevents.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: "HTTP Protocol Binding for CloudEvents" 1.0.2, its structured, batched and binary modes,
 * and "JSON Event Format". `type` is the event, "page" a view; `subject` the visitor; `data` the
 * properties; source and id together tell one event from another. Extensions are not kept.
 */
#include "collect/dialect.h"
#include "proto/form.h"

#include <sodium.h>

static str essence_of(str media)
{
    return str_trim(str_cut(&media, ';'));
}

static bool media_starts(str media, str start)
{
    return str_equals_nocase(str_slice(media, 0, start.len), start);
}

static bool media_ends(str media, str end)
{
    return media.len >= end.len &&
           str_equals_nocase(str_slice(media, media.len - end.len, media.len), end);
}

/* Source is a URI and holds no space, so no two events have the same. */
static void add_event(struct dialect_out *out, struct dialect_event *event, str source, str id)
{
    bool is_page = str_equals(event->name, S("page"));

    event->type = is_page ? S("page") : S("track");
    if (is_page)
        event->name = (str){NULL, 0};
    if (source.data && id.data)
        event->message_id = arena_print(out->mem, "%.*s %.*s", STR_ARG(source), STR_ARG(id));
    dialect_add(out, event);
}

/* An object is the properties; anything else becomes one of them. Of a page it may tell which. */
static void take_data(struct dialect_out *out, const struct json *doc, uint32_t data,
                      struct dialect_event *event)
{
    if (data == JSON_ABSENT || json_type_of(doc, data) == JSON_NULL)
        return;
    event->properties = json_raw(doc, data);
    if (json_type_of(doc, data) != JSON_OBJECT) {
        event->properties = arena_print(out->mem, "{\"data\":%.*s}", STR_ARG(json_raw(doc, data)));
    } else if (str_equals(event->name, S("page"))) {
        event->url = dialect_text(out, doc, data, "url");
        event->title = dialect_text(out, doc, data, "title");
        event->referrer = dialect_text(out, doc, data, "referrer");
    }
}

static str text_property(const struct dialect_out *out, str name, str value)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    json_key(&w, name);
    json_text(&w, value);
    json_shut(&w, '}');
    return dialect_keep(out, &text);
}

static void read_one(struct dialect_out *out, const struct json *doc, uint32_t at)
{
    struct dialect_event event = {
        .name = dialect_text(out, doc, at, "type"),
        .anonymous = dialect_text(out, doc, at, "subject"),
        .timestamp = dialect_text(out, doc, at, "time"),
    };
    str packed = dialect_text(out, doc, at, "data_base64");

    if (json_type_of(doc, at) != JSON_OBJECT) {
        dialect_add_json(out, json_raw(doc, at));
        return;
    }
    take_data(out, doc, json_find(doc, at, S("data")), &event);
    if (!event.properties.data && packed.data)
        event.properties = text_property(out, S("data_base64"), packed);
    add_event(out, &event, dialect_text(out, doc, at, "source"), dialect_text(out, doc, at, "id"));
}

/* Attributes of the binary mode are percent-encoded. */
static str attribute(const struct dialect_out *out, str name)
{
    str value = out->request->header(out->request->owner, name);

    value = value.data ? form_decode(out->mem, value, false) : value;
    return value.len ? value : (str){NULL, 0};
}

static str base64_property(const struct dialect_out *out, str bytes)
{
    size_t room = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_take(out->mem, room);

    if (!text)
        return (str){NULL, 0};
    sodium_bin2base64(text, room, (const unsigned char *)bytes.data, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL);
    return text_property(out, S("data_base64"), str_from(text, room - 1));
}

static fallible read_binary(struct dialect_out *out, str media)
{
    struct dialect_event event = {
        .name = attribute(out, S("ce-type")),
        .anonymous = attribute(out, S("ce-subject")),
        .timestamp = attribute(out, S("ce-time")),
    };
    str body = out->request->body;
    struct json doc;

    if (!body.len) {
        /* An event without data. */
    } else if (!media.len || media_ends(media, S("/json")) || media_ends(media, S("+json"))) {
        TRY(json_parse(out->reader, out->mem, body, &doc));
        take_data(out, &doc, 0, &event);
    } else if (media_starts(media, S("text/"))) {
        event.properties = text_property(out, S("data"), body);
    } else {
        event.properties = base64_property(out, body);
    }
    add_event(out, &event, attribute(out, S("ce-source")), attribute(out, S("ce-id")));
    return OK;
}

static fallible read_request(struct dialect_out *out)
{
    str media = essence_of(out->request->media);
    bool is_batch = media_starts(media, S("application/cloudevents-batch"));
    struct json doc;

    out->needs_key = true;
    out->status = 204;
    if (!is_batch && !media_starts(media, S("application/cloudevents"))) {
        if (!attribute(out, S("ce-specversion")).data)
            return fail(ERR_INVALID, "neither the media type nor a \"ce-specversion\" header says "
                                     "that this is a CloudEvent");
        return read_binary(out, media);
    }
    if (!media_ends(media, S("+json")))
        return fail(ERR_INVALID, "of the formats of CloudEvents only JSON is read here");
    if (!is_batch) {
        TRY(dialect_parse(out, out->request->body, &doc));
        read_one(out, &doc, 0);
        return OK;
    }
    TRY(json_parse(out->reader, out->mem, out->request->body, &doc));
    if (json_type_of(&doc, 0) != JSON_ARRAY)
        return fail(ERR_INVALID, "a batch of CloudEvents must be an array");
    EACH_ELEMENT(&doc, 0, element)
    read_one(out, &doc, element);
    return OK;
}

const struct dialect dialect_cloudevents = {.name = "cloudevents", .read = read_request};
